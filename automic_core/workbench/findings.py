"""What a step did to the rows of a sample, row by row and cell by cell, in words."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from automic_core import frames
from automic_core.contracts import Rule
from automic_core.planning import NamedStep
from automic_core.running import Run
from automic_core.transforms.anomaly import FLAG
from automic_core.transforms.anomaly import REASONS as ANOMALY_REASONS
from automic_core.transforms.quality import REASONS as QUALITY_REASONS
from automic_core.transforms.quality import SCORE, QualityScorer
from automic_core.transforms.rules import Unique
from automic_core.transforms.table_rules import Depends

MOST_CHANGES = 5_000


@dataclass(frozen=True)
class Change:
    """A cell that a step gave another value.

    Attributes:
        row: Position in the sample.
        before, after: As text; None for no value.
    """

    row: int
    column: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Finding:
    """A row that a step removes or points at.

    Attributes:
        row: Position in the sample.
        rid: The row's id.
        fate: merged, filtered, quarantined or dropped; flagged or warned for rows that stay; stops for those that would
            stop the run.
        reason: In words.
        columns: Where to look.
    """

    row: int
    rid: int
    fate: str
    reason: str
    columns: tuple[str, ...] = ()

    @property
    def removed(self) -> bool:
        """Whether the row goes."""
        return self.fate in (frames.MERGED, frames.FILTERED, frames.QUARANTINED, frames.DROPPED)


def changes_between(before: pl.DataFrame, after: pl.DataFrame) -> tuple[list[Change], int]:
    """Cells that differ between two frames with the same rows in the same order; removed rows do not count."""
    found: list[Change] = []
    total = 0
    alive = after[frames.FATE].is_null() if frames.FATE in after.columns else pl.repeat(True, after.height, eager=True)
    for name in frames.data_names(before.columns):
        if name not in after.columns:
            continue
        left, right = before[name], after[name]
        if left.dtype == right.dtype and left.equals(right, null_equal=True):
            continue
        pair = before.select(frames.as_text(name, before.schema).alias("before")).with_columns(
            after.select(frames.as_text(name, after.schema)).to_series().alias("after")
        )
        same = left.dtype == right.dtype
        differs = (left.ne_missing(right) if same else pair["before"].ne_missing(pair["after"])) & alive
        places = differs.arg_true()
        total += places.len()
        shown = places.head(MOST_CHANGES - len(found)).to_list()
        found.extend(Change(row, name, *pair.row(row)) for row in shown)
    return found, total


def found_by_rule(entry: str, rule: Rule, entering: pl.DataFrame) -> list[Finding]:
    """Rows that break a rule, whatever other rules say.

    Raises:
        AutomicError: The rule cannot judge these columns.
    """
    from automic_core.transforms.rules import RuleSet

    RuleSet([(entry, rule)]).check(entering.schema)
    place = _places(entering)
    if isinstance(rule, Unique):
        return _repeats(rule, entering, place)
    if isinstance(rule, Depends):
        return _unlike(rule, entering, place)
    if not rule.is_row_rule:
        reason = entering.select(rule.aggregate(entering.schema)).item()
        return [Finding(-1, -1, _said(rule), str(reason))] if reason else []
    broken = rule.failures(entering.lazy()).collect()
    fate = {"quarantine": frames.QUARANTINED, "drop": frames.DROPPED}.get(rule.action, _said(rule))
    waived = _waived(entry, entering) if rule.action == "quarantine" else set()
    rows: dict[int, list[tuple[str, str]]] = {}
    for rid, column, message in broken.select(frames.RID, "column", "message").iter_rows():
        rows.setdefault(rid, []).append((column, message))
    return [
        Finding(
            place[rid],
            rid,
            "waived" if rid in waived else fate,
            "; ".join(dict.fromkeys(message for _, message in told)),
            tuple(part for column, _ in told for part in (column or "").split(", ") if part),
        )
        for rid, told in rows.items()
    ]


def found_by_step(named: NamedStep, entering: pl.DataFrame, after: pl.DataFrame | None, run: Run) -> list[Finding]:
    """Rows a step removes or flags."""
    place = _places(entering)
    gone = run.removed.filter(pl.col("step") == named.id)
    why = _reasons(named, entering) if gone.height and after is not None else {}
    marks = _marks(named, after) if after is not None else {}
    found = []
    for rid, reason, into in gone.select(frames.RID, "reason", "into").iter_rows():
        fate = reason.partition(":")[0]
        told, columns = why.get(rid) or marks.get(rid) or (_words(reason, into, place), ())
        found.append(Finding(place.get(rid, -1), rid, fate, told, columns))
    removed = {each.rid for each in found}
    found += [Finding(place[rid], rid, "flagged", *told) for rid, told in marks.items() if rid not in removed]
    return sorted(found, key=lambda each: each.row)


def _places(frame: pl.DataFrame) -> dict[int, int]:
    return {rid: row for row, rid in enumerate(frame[frames.RID].to_list())}


def _said(rule: Rule) -> str:
    return "stops" if rule.action == "fail" else "warned"


def _waived(entry: str, entering: pl.DataFrame) -> set[int]:
    if not frames.waivers_present.get() or frames.WAIVED not in entering.columns:
        return set()
    exempt = pl.col(frames.WAIVED).str.contains(f"|{entry}|", literal=True).fill_null(False)
    return set(entering.filter(exempt)[frames.RID].to_list())


def _repeats(rule: Unique, entering: pl.DataFrame, place: dict[int, int]) -> list[Finding]:
    """Rows that repeat an earlier one."""
    complete = entering.filter(pl.all_horizontal(pl.col(name).is_not_null() for name in rule.columns))
    first = complete.select(frames.RID, pl.col(frames.RID).first().over(rule.columns).alias("first"))
    again = first.filter(pl.col(frames.RID) != pl.col("first"))
    what = " + ".join(rule.columns)
    return [
        Finding(place[rid], rid, _said(rule), f"repeats the {what} of row {place[earlier] + 1}", tuple(rule.columns))
        for rid, earlier in again.iter_rows()
    ]


def _unlike(rule: Depends, entering: pl.DataFrame, place: dict[int, int]) -> list[Finding]:
    """Rows that differ from others of their group."""
    odd = rule.odd(entering)
    usual = odd.select(frames.RID, frames.as_text("_usual", odd.schema))
    what = f"in other rows of the same {' + '.join(rule.columns)}"
    columns = (rule.settles, *rule.columns)
    return [
        Finding(place[rid], rid, _said(rule), f"{rule.settles} is {value} {what}", columns)
        for rid, value in usual.iter_rows()
    ]


def _reasons(named: NamedStep, entering: pl.DataFrame) -> dict[int, tuple[str, tuple[str, ...]]]:
    """Every reason a quarantining step gives, by row."""
    part = named.step.failures(entering.lazy())
    if part is None:
        return {}
    found: dict[int, tuple[str, tuple[str, ...]]] = {}
    for rid, column, message in part.select(frames.RID, "column", "message").collect().iter_rows():
        told, columns = found.get(rid, ("", ()))
        found[rid] = (f"{told}; {message}" if told else message, (*columns, column))
    return found


def _marks(named: NamedStep, after: pl.DataFrame) -> dict[int, tuple[str, tuple[str, ...]]]:
    """Rows that a step only points at: anomalies, and rows below the score asked for."""
    if named.step.kind == "anomaly" and FLAG in after.columns:
        flagged, reasons = pl.col(FLAG), ANOMALY_REASONS
    elif isinstance(named.step, QualityScorer) and SCORE in after.columns:
        flagged, reasons = pl.col(SCORE) < named.step.min_score, QUALITY_REASONS
    else:
        return {}
    rows = after.filter(flagged.fill_null(False)).select(frames.RID, pl.col(reasons))
    known = frames.data_names(after.columns)
    return {rid: _told(told, known) for rid, told in rows.iter_rows()}


def _told(told: object, known: list[str]) -> tuple[str, tuple[str, ...]]:
    """Reasons as one sentence, and the columns they begin with."""
    texts = [str(each) for each in told] if isinstance(told, list) else [str(told or "")]
    columns = tuple(name for name in known if any(text.startswith(f"{name} ") for text in texts))
    return "; ".join(texts), columns


def _words(reason: str, into: int | None, place: dict[int, int]) -> str:
    """A fate in words."""
    category, _, detail = reason.partition(":")
    if category == frames.MERGED:
        other = f"row {place[into] + 1}" if into in place else "another row"
        return f"an older version of {other}" if detail == "version" else f"the same as {other}"
    known = {
        "nulls": "a value is missing",
        "filtered": "the condition is not true",
        "unknown": "the condition is unknown, since a value is missing",
        "no match": "no matching row in the other table",
        "match": "a matching row is in the other table",
        "limit": "beyond the number of rows kept",
        "quality": "the quality score is too low",
        "anomaly": "an unusual value",
        "malformed": "the record could not be read",
    }
    return known.get(detail or category, detail or category)
