"""A promotion that reads only what bronze gained: the same silver as from all rows, by what the last one learned.

Each row goes through the steps by itself; new versions of a key take the place of old ones. What the last promotion
removed and set aside is taken on under the new run, so that the ledger, and whoever looks for a row, find all of them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from automic_core import frames
from automic_core.contracts import Fitted, Rule
from automic_core.errors import GateError, LedgerError
from automic_core.events import RunReport, StepStats
from automic_core.inference import DEFAULT_NULL_TOKENS, infer_exact
from automic_core.inference.casting import is_null_token
from automic_core.lakehouse import tables
from automic_core.medallion import quarantine, removals
from automic_core.medallion.context import LakeContext
from automic_core.medallion.recounting import recounted
from automic_core.medallion.separable import REMOVING, Given, Kept, MustBeWholeError, told
from automic_core.medallion.staged import StagedIncrement
from automic_core.medallion.taking_on import Base, Gained
from automic_core.medallion.versions import MERGED_VERSION, LatestVersion
from automic_core.pipeline import RULES, Pipeline
from automic_core.planning import NamedStep
from automic_core.records import FieldType, Schema
from automic_core.running import EXTRACT
from automic_core.transforms.rules import RuleSet

LATEST = "latest"
_FEW = 10  # rows; that all of fewer new ones were set aside is no alarm
_INTO, _KNOWN = "into", ["_rid", "step", "reason", "into"]
_GONE = {frames.RID: pl.Int64, _INTO: pl.Int64}


@dataclass
class Outcome:
    """What came of an increment, with what is taken on.

    Attributes:
        report: The ledger of all rows of bronze.
        removed: Rows removed in this run.
        quarantined: Rows set aside in this run, described.
        fitted: What the steps learned in this run.
        holding: Runs whose removed rows and rows set aside these are beside.
    """

    report: RunReport
    removed: pl.DataFrame
    quarantined: pl.DataFrame
    fitted: dict[str, Fitted] = field(default_factory=dict)
    holding: Sequence[str] = ()


def check_schema(base: Base, given: Given, rows: pl.LazyFrame, table: pl.LazyFrame) -> None:
    """Check that the new rows are such as prove the types that were inferred from those before.

    Args:
        base: What is taken on.
        given: What was accepted; other columns have inferred types.
        rows: The new rows as bronze has them.
        table: Silver.

    Raises:
        MustBeWholeError: All rows together may prove other types.
    """
    names = _inferred(base, given)
    data = rows.select(name for name in frames.data_columns(rows) if name in names)
    if (here := set(frames.data_columns(rows))) != {field.name for field in base.schema.fields} and given is None:
        raise MustBeWholeError(f"bronze has other columns: {', '.join(sorted(here - set(base.schema.names)))}")
    now = {field.name: field for field in infer_exact(data, null_tokens=DEFAULT_NULL_TOKENS).fields}
    types = data.collect_schema()
    filled = data.select(_has_values(name, types[name]).alias(name) for name in types).collect()
    for name in types:
        before, mine = base.schema.field_named(name), now[name]
        if not filled[name].any():
            continue
        if before is None:
            raise MustBeWholeError(f"bronze has the new column {name}")
        if before.type is FieldType.STRING:
            if mine.type is not FieldType.STRING and not _ever_filled(table, name):
                raise MustBeWholeError(f"{name} has its first values")
        elif told(replace(mine, precision=None)) != told(replace(before, precision=None)) or (
            (mine.precision or 0) > (before.precision or 0)
        ):
            raise MustBeWholeError(
                f"new values of {name} are not all {before.type} as before, and nobody accepted its type"
            )


def _inferred(base: Base, given: Given) -> set[str]:
    if isinstance(given, Schema):
        return set()
    accepted = given.columns if given is not None else {}
    return {field.name for field in base.schema.fields} - set(accepted)


def _has_values(name: str, dtype: Any) -> pl.Expr:
    column = pl.col(name)
    return (
        column.is_not_null() & ~is_null_token(column, DEFAULT_NULL_TOKENS)
        if dtype == pl.String
        else column.is_not_null()
    )


def _ever_filled(table: pl.LazyFrame, name: str) -> bool:
    if name not in table.collect_schema():
        return False
    return bool(table.select(pl.col(name).is_not_null().any()).collect().item())


def check_fit(base: Base, given: Given, pipeline: Pipeline) -> None:
    """Check that no value failed to fit a type that nobody accepted.

    Raises:
        MustBeWholeError: One did; with all rows the column would be text.
    """
    inferred = _inferred(base, given)
    if not inferred or not any("quarantined:cast" in line.removed for line in pipeline.report.steps):
        return
    odd = pipeline.quarantine().filter(pl.col("rule") == "cast", pl.col("column").is_in(inferred))["column"]
    if odd.len():
        raise MustBeWholeError(f"a value of {odd[0]} does not fit its type, which nobody accepted")


class TakingOn:
    """Puts an increment that has run together with what is there.

    Args:
        lake: The lake.
        name: The table's own name.
        base: What is taken on.
        gained: What was read.
        pipeline: The finished run over the new rows.
        staged: Where its rows were staged.
    """

    def __init__(
        self, lake: LakeContext, name: str, base: Base, gained: Gained, pipeline: Pipeline, staged: StagedIncrement
    ) -> None:
        self._lake, self._name, self._base, self._gained = lake, name, base, gained
        self._pipeline, self._staged = pipeline, staged
        self._before = removals.removed(lake, name, base.made).select(_KNOWN)
        report = base.report
        if self._before.height != sum(report.removed().values()):
            raise MustBeWholeError("what the last promotion removed is not on record")

    def run(
        self,
        keys: Sequence[str],
        old: pl.LazyFrame,
        new: pl.LazyFrame,
        aside: pl.DataFrame,
        rules: Sequence[tuple[str, Rule]],
    ) -> Outcome:
        """The ledger, what was removed and what was set aside, of old and new rows; old versions are taken out.

        Args:
            keys: Columns that identify a row; may be none.
            old: Rows of bronze that were promoted before, decisions applied.
            new: The rows that were read now.
            aside: Those of them that were set aside, described.
            rules: All rules.

        Raises:
            LedgerError: Rows are unaccounted for.
            GateError: A rule with action "fail" does not pass on all rows.
        """
        gone = self._superseded(keys, old, new) if keys else pl.DataFrame(schema=_GONE)
        taken_out = self._staged.supersede(gone) if gone.height else 0
        left = self._before.join(gone, on=frames.RID, how="anti")
        versions = gone.select(frames.RID, pl.lit(LATEST).alias("step"), pl.lit(MERGED_VERSION).alias("reason"), _INTO)
        mine = pl.concat([versions, self._pipeline.removed_sources().select(_KNOWN)])
        report = self._ledger(gone)
        if any(rule.action in REMOVING for _, rule in rules):
            self._count_broken(report, gone)
        self._judge(report, rules, gone[frames.RID])
        expected = (tables.row_count(self._base.table, self._base.snapshot) or 0) - taken_out
        if report.rows_out != expected + self._pipeline.report.rows_out:
            raise LedgerError(f"{report.rows_out:,} rows should be in {self._base.table.name()[-1]}, there are others.")
        report.check()
        holding = removals.runs(self._base.made)
        if len(holding) < removals.MOST:
            return Outcome(report, mine, aside, holding=holding)
        before = self._set_aside().select(quarantine.DESCRIBED)
        kept = before.join(gone, on=frames.RID, how="anti", nulls_equal=False)
        return Outcome(report, pl.concat([left, mine]), pl.concat([kept, aside]).sort(frames.RID, maintain_order=True))

    def _set_aside(self, *where: pl.Expr) -> pl.DataFrame:
        return removals.quarantined(self._lake, self._name, self._base.made, *where)

    def _superseded(self, keys: Sequence[str], old: pl.LazyFrame, new: pl.LazyFrame) -> pl.DataFrame:
        """Old rows of which a new version came, and which one that is."""
        dead = pl.concat([self._pipeline.removed.select("_rid", "step"), self._before.select("_rid", "step")])
        unread = dead.filter(pl.col("step") == EXTRACT).select(frames.RID)
        whole = new.select(frames.RID, *keys, *LatestVersion(keys).digest(new.collect_schema()))
        rows = whole.filter(pl.col("h1").is_not_null()).collect().join(unread, on=frames.RID, how="anti")
        newest = rows.group_by(keys).agg(pl.col(frames.RID).max().alias(_INTO))
        if not newest.height:
            return pl.DataFrame(schema=_GONE)
        found = old.filter(_among(newest, keys)).select(frames.RID, *keys)
        found = found.join(newest.lazy(), on=list(keys), how="inner")
        return found.select(frames.RID, _INTO).collect().join(unread, on=frames.RID, how="anti")

    def _ledger(self, gone: pl.DataFrame) -> RunReport:
        """Line by line: what was removed before and now; a row of which a newer version came ends where versions do."""
        old, new = self._base.report, self._pipeline.report
        fates = gone.join(self._before.select(frames.RID, "step", "reason"), on=frames.RID, how="left")
        moved = {(step, reason): rows for step, reason, rows in fates.group_by("step", "reason").len().iter_rows()}
        now = {line.id: line for line in new.steps}
        alive = old.rows_in + new.rows_in
        report = replace(new, rows_in=alive, steps=[], notes=list(new.notes), warnings=[])
        for line in old.steps:
            count = Counter(line.removed)
            count.update(now[line.id].removed if line.id in now else {})
            for (step, reason), rows in moved.items():
                if step == line.id:
                    count[reason] -= rows
            if line.id == LATEST:
                count[MERGED_VERSION] += gone.height
            removed = {reason: rows for reason, rows in count.items() if rows}
            report.steps.append(StepStats(line.id, line.kind, alive, removed, rows_out=alive - sum(removed.values())))
            alive = report.steps[-1].rows_out
        report.rows_out = alive
        of_new = new.warnings if new.rows_in >= _FEW else []
        report.warnings.extend(dict.fromkeys([*of_new, *report.losses()]))
        if report.rows_in != self._gained.total or new.rows_in != self._gained.rows:
            raise MustBeWholeError("bronze holds other rows than its snapshots say")
        return report

    def _count_broken(self, report: RunReport, gone: pl.DataFrame) -> None:
        """How many rows that are set aside broke each rule: those of before and of now, without old versions."""
        aside = pl.col("reason").str.starts_with(frames.QUARANTINED)
        lost = self._before.filter(aside).join(gone, on=frames.RID, how="semi")[frames.RID]
        total = Counter(_rules(self._base.report).broken)
        total.update(_rules(self._pipeline.report).broken)
        if lost.len():
            total.subtract(removals.broken(self._set_aside(pl.col(frames.RID).is_in(lost.implode()))))
        _rules(report).broken = {rule: rows for rule, rows in total.items() if rows}

    def _judge(self, report: RunReport, rules: Sequence[tuple[str, Rule]], gone: pl.Series) -> None:
        """The rules that only look, on the table as it will be."""
        if all(rule.action in REMOVING for _, rule in rules):
            return
        before = _rules(self._base.report).warned
        living = self._staged.staging.scan()
        known = recounted(rules, before, self._base, self._gained, gone, living)
        verdict = RuleSet(rules).verdicts(living, known)
        _rules(report).warned.update(verdict.warned)
        report.warnings.extend(verdict.messages)
        if verdict.failed:
            raise GateError("; ".join(verdict.failed), "Fix the data or the rule; nothing was published.")


def _rules(report: RunReport) -> StepStats:
    """The line of the rules."""
    return next(line for line in report.steps if line.id == RULES)


def _among(known: pl.DataFrame, keys: Sequence[str]) -> list[pl.Expr]:
    """Whether a row may have one of the known keys, by their bounds: parts of files that lie beyond stay unread."""
    values = [known[key] for key in keys]
    ordered = [
        each for each in values if each.dtype == pl.String or each.dtype.is_integer() or each.dtype.is_temporal()
    ]
    ends = {each.name: [pl.lit(end, each.dtype) for end in (each.min(), each.max())] for each in ordered}
    return [pl.col(name).is_between(first, last) for name, (first, last) in ends.items()]


def read(base: Base, gained: Gained, keys: Sequence[str], steps: Sequence[NamedStep]) -> str:
    """What was read, as a note."""
    also = f", and {' + '.join(keys)} of the others" if keys and gained.rows else ""
    kept = [named.id for named in steps if isinstance(named.step, Kept)]
    learned = f" What {', '.join(kept)} learned from all rows is kept until all are read again." if kept else ""
    return f"Read {gained.rows:,} of {gained.total:,} rows (incremental){also}.{learned}"


def definition(base: Base, report: RunReport) -> str:
    """What the promotion did, for the snapshot: as the last one, with as many versions as there are now."""
    told = base.definition
    for line in report.steps:
        if line.id == LATEST and LATEST in told["fitted"]:
            told["fitted"][LATEST] = {"superseded": line.removed.get(MERGED_VERSION, 0)}
    return json.dumps(told)
