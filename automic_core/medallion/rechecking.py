"""Re-check: what a promotion would do with a few bronze rows, computed on those rows alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import polars as pl

from automic_core import frames
from automic_core.contracts import DestinationAdapter, Fitted, Mode, ReadRequest, Rule, SourceAdapter, Transformer
from automic_core.medallion import quarantine
from automic_core.medallion.decisions import Decision, apply_decisions
from automic_core.medallion.silver import assembled
from automic_core.pipeline import Pipeline
from automic_core.planning import NamedStep
from automic_core.records import Schema

Outcome = Literal["passes", "fails", "leaves"]
EXACT_ALONE = ("join", "sort", "union")
"""Steps that look beyond the row, but not at other rows of this table: what they do to a row is the same here."""
_BEFORE = "_fate_before"


@dataclass(frozen=True)
class Verdict:
    """What would become of one row.

    Attributes:
        outcome: passes (it goes to silver), fails (quarantine; ``reasons``), leaves (a step takes it out; ``note``).
        reasons: step, rule, column, value, message.
        needs: Steps that only the whole table can decide, in words; empty = the outcome is exact.
    """

    rid: int
    outcome: Outcome
    reasons: list[dict[str, Any]]
    needs: tuple[str, ...] = ()
    note: str = ""


class ChosenRows(SourceAdapter):
    """Some bronze rows, with decisions applied."""

    kind = "bronze"
    tracked = True

    def __init__(self, name: str, rows: pl.DataFrame, decisions: Sequence[Decision]) -> None:
        self._name, self._rows, self.decisions = name, rows, list(decisions)

    @property
    def name(self) -> str:
        return f"bronze.{self._name}"

    def raw(self) -> pl.LazyFrame:
        """The rows as bronze has them."""
        return self._rows.lazy()

    def scan(self, request: ReadRequest = ReadRequest()) -> pl.LazyFrame:
        return apply_decisions(self.raw(), self.decisions) if self.decisions else self.raw()


class _Memory(DestinationAdapter):
    """Keeps what is loaded."""

    capabilities: ClassVar[frozenset[str]] = frozenset({"overwrite", "nested", "metadata"})

    def __init__(self) -> None:
        self.rows = pl.DataFrame(schema={frames.RID: pl.Int64})

    def load(self, frame: frames.Frame, mode: Mode = "overwrite", keys: Sequence[str] = ()) -> int:
        stream = frames.stream(frame)
        self.rows = pl.concat([pl.DataFrame(schema=stream.schema), *stream])
        return self.rows.height

    def origins(self) -> set[int]:
        """``_rid`` of the bronze rows behind the loaded ones."""
        name = frames.ORIGIN if frames.ORIGIN in self.rows.columns else frames.RID
        return set(self.rows[name].drop_nulls())


class _Undecided(Transformer):
    """A step that needs the whole table, tried on a few rows for the columns it adds; whom it removes stays."""

    def __init__(self, named: NamedStep) -> None:
        self.kind = named.label  # type: ignore[misc]
        self._named = named
        self._fitted: Fitted | None = None
        self.added: set[str] = set()
        self.decides = False

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        step = self._named.step
        if step.fits and self._fitted is None:
            self._fitted = step.fit(frame)
        before = frame.collect_schema()
        marked = frame.with_columns(pl.col(frames.FATE).alias(_BEFORE))
        after = self._named.run(marked, self._fitted)
        self.added = set(after.collect_schema().names()) - {*before.names(), _BEFORE}
        removes = self._fitted is None or self._fitted.keys is not None or step.rewrites
        self.decides = removes or not type(step).__module__.startswith("automic_core.")
        return after.with_columns(pl.col(_BEFORE).alias(frames.FATE)).drop(_BEFORE)


def verdicts(
    name: str,
    rows: pl.DataFrame,
    decisions: Sequence[Decision],
    keys: Sequence[str],
    schema: Schema,
    steps: Sequence[NamedStep],
    rules: Sequence[tuple[str, Rule]],
) -> list[Verdict]:
    """Run a promotion over some bronze rows without publishing anything.

    Steps and rules that look at one row at a time are exact. Of the others each verdict says that it needs them.

    Args:
        name: The table's own name.
        rows: The bronze rows as they are stored, with ``_rid``.
        decisions: In force, and those that are being tried.
        keys: The declared keys of the table.
        schema: The schema the table's promotion applies.
        steps: Its steps.
        rules: Its rules.
    """
    source = ChosenRows(name, rows, decisions)
    pipeline = assembled(name, source, keys, schema, steps, [each for each in rules if _removes(each[1])])
    tried = {named.id: _Undecided(named) for named in pipeline.steps if _needs_others(named)}
    pipeline.steps = [NamedStep(named.id, tried.get(named.id, named.step)) for named in pipeline.steps]
    kept = _Memory()
    token = frames.waivers_present.set(bool(source.decisions))
    try:
        pipeline.load(kept, metadata=True).run()
        aside = quarantine.describe(pipeline, source, list(keys))
        stopping = _stopping(kept.rows, rules)
    finally:
        frames.waivers_present.reset(token)
    needs = _needs(pipeline, tried, rules)
    reasons: dict[int, list[dict[str, Any]]] = {}
    for row in aside.iter_rows(named=True):
        reasons.setdefault(row["_rid"], []).extend(row["reasons"])
    for rid, reason in stopping:
        reasons.setdefault(rid, []).append(reason)
    gone = {
        row["_rid"]: f"{row['step']}: {row['reason']}"
        for row in pipeline.removed_sources().iter_rows(named=True)
        if not row["reason"].startswith(frames.QUARANTINED)
    }
    living = kept.origins()
    found = []
    for rid in rows[frames.RID]:
        if rid in reasons:
            found.append(Verdict(rid, "fails", _unique(reasons[rid]), needs))
        elif rid in gone and rid not in living:
            found.append(Verdict(rid, "leaves", [], needs, gone[rid]))
        else:
            found.append(Verdict(rid, "passes", [], needs))
    return found


def _removes(rule: Rule) -> bool:
    return rule.action in ("quarantine", "drop")


def _needs_others(named: NamedStep) -> bool:
    step = named.step
    return not step.segment and step.kind not in EXACT_ALONE and (step.fits or step.scope != "row")


def _needs(pipeline: Pipeline, tried: Mapping[str, _Undecided], rules: Sequence[tuple[str, Rule]]) -> tuple[str, ...]:
    """Steps and rules that ask about the rest of the table; not those that only add columns nobody asks for."""
    found = []
    for place, named in enumerate(pipeline.steps):
        step = tried.get(named.id)
        if named.step.segment and named.step.kind not in EXACT_ALONE and named.step.scope != "row":
            found.append(f"{named.id} ({named.label})")
        elif step is not None and named.id != "latest":
            later: list[Any] = [_own(each.step) for each in pipeline.steps[place + 1 :]]
            later += [rule for _, rule in rules]
            asked = any(column in repr(vars(part)) for column in step.added for part in later)
            if step.decides or asked:
                found.append(f"{named.id} ({named.label})")
    found += [f"{rule_id} ({rule.kind})" for rule_id, rule in rules if not rule.is_row_rule and rule.action == "fail"]
    return tuple(found)


def _own(step: Transformer) -> Transformer:
    return step._named.step if isinstance(step, _Undecided) else step


def _stopping(living: pl.DataFrame, rules: Sequence[tuple[str, Rule]]) -> list[tuple[int, dict[str, Any]]]:
    """Rows that pass every other check and break a rule that would stop the whole promotion."""
    found: list[tuple[int, dict[str, Any]]] = []
    name = frames.ORIGIN if frames.ORIGIN in living.columns else frames.RID
    for rule_id, rule in rules:
        if rule.action == "fail" and rule.is_row_rule and not rule.max_fail:
            broken = rule.failures(living.lazy()).collect()
            origins = living.select(frames.RID, pl.col(name).alias("_row"))
            for row in broken.join(origins, on=frames.RID).iter_rows(named=True):
                told = f"{row['message']}; this would stop the whole promotion"
                reason = {"step": "rules", "rule": rule_id, "column": row["column"], "value": row["value"]}
                found.append((row["_row"], {**reason, "message": told}))
    return found


def _unique(reasons: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({tuple(reason.values()): reason for reason in reasons}.values())
