"""What a setting costs in rows: now, and along each threshold or choice of columns it could have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from automic_core import frames, registry
from automic_core.assist.figures import figure
from automic_core.contracts import Rule, Transformer
from automic_core.errors import AutomicError
from automic_core.lake import Lakehouse
from automic_core.matching.uncertain import threshold_curve
from automic_core.transforms.dedup import Deduplicator
from automic_core.workbench.affected import affected, below_scores
from automic_core.workbench.edits import DraftEntry, listed
from automic_core.workbench.matching import THRESHOLDS
from automic_core.workbench.promotions import PromotionSpec
from automic_core.workbench.trials import SAMPLE, Base, Trial, base_of, conditions, parts_of, sentence
from automic_core.workbench.tuning import Knob, knobs_of, values_for
from automic_core.workbench.values import plain

WHOLE_ROWS = 1_000_000
"""Larger tables are counted on the sample only."""

_VERBS = {
    "quarantine": "quarantined",
    "drop": "dropped",
    "warn": "counted as a warning",
    "fail": "counted against the gate",
    "dedup": "merged",
    "anomaly": "flagged",
    "quality": "below the score",
    "nulls": "removed or filled",
    "aggregate": "absorbed into groups",
}


@dataclass(frozen=True)
class Cost:
    """Rows that an entry affects.

    Attributes:
        affected: Rows it removes, flags, or finds at fault; of a step that makes rows of its own, rows absorbed.
        of: Rows that reach it.
        verb: What happens to them ("quarantined").
        sample: Which rows were counted, in words.
        whole: Whether these are all rows of the table.
    """

    entry: str
    affected: int
    of: int
    verb: str
    sample: str
    whole: bool


@dataclass(frozen=True)
class Point:
    """One value an option could have, and the rows it would then affect."""

    value: Any
    affected: int

    @property
    def label(self) -> str:
        """The value in words."""
        if isinstance(self.value, list):
            return " + ".join(str(each) for each in self.value)
        number = isinstance(self.value, int | float) and not isinstance(self.value, bool)
        return figure(self.value) if number else str(self.value)


@dataclass(frozen=True)
class Curve:
    """Rows affected along one option.

    Attributes:
        option: Its name.
        ordered: Whether the values are numbers or dates in order; else choices of columns.
        points: Value and rows.
        current: The value now; None if it is not set.
    """

    entry: str
    option: str
    ordered: bool
    points: list[Point]
    current: Any
    of: int
    sample: str


def cost(
    lake: Lakehouse, table: str, data: Mapping[str, Any] | PromotionSpec, entry: str, *, whole: bool = False
) -> Cost | None:
    """Rows that one step or rule affects; None if it affects rows by changing cells only.

    Args:
        lake: The lake.
        table: The table's name.
        data: The draft.
        entry: Id of a step or rule.
        whole: Count on every row, as the promotion will; else on the sample.

    Raises:
        AutomicError: It cannot run.
    """
    base = base_of(lake, table, None if whole else SAMPLE)
    name = table.rpartition(".")[2]
    with conditions(lake, base):
        part, rows = _at(name, base, data, entry)
        return _cost(part, rows, entry, base, name, whole)


def row_costs(
    lake: Lakehouse, table: str, data: Mapping[str, Any], entry: str, *, whole: bool = False
) -> tuple[Cost | None, list[Curve]]:
    """The cost of an entry now, and along each option that is a threshold or a choice of columns.

    A value that the entry cannot take is left out; an entry that cannot run yet has no cost, but may have curves.

    Raises:
        AutomicError: A step before the entry cannot run.
    """
    item = next((each for each in listed(data) if each.id == entry), None)
    if item is None:
        return None, []
    base = base_of(lake, table, None if whole else SAMPLE)
    name = table.rpartition(".")[2]
    with conditions(lake, base):
        try:
            part, rows = _at(name, base, data, entry)
        except AutomicError:
            return None, _curves(item, None, _reaching(name, base, data, entry), sentence(base, name))
        return costs_at(item, part, rows, base, name, whole=whole)


def costs_at(
    item: DraftEntry, part: Transformer | Rule, rows: pl.DataFrame, base: Base, name: str, *, whole: bool = False
) -> tuple[Cost | None, list[Curve]]:
    """The same for rows that are there already; inside ``conditions``."""
    try:
        now = _cost(part, rows, item.id, base, name, whole)
    except AutomicError:
        now = None
    return now, _curves(item, part, rows, sentence(base, name))


def _curves(item: DraftEntry, part: Transformer | Rule | None, rows: pl.DataFrame, sample: str) -> list[Curve]:
    if isinstance(part, Deduplicator) and part.match_mode == "fuzzy":
        return [_by_likeness(part, item.id, rows, sample)]
    found = []
    for knob in knobs_of(item.group, item.kind):
        values = values_for(knob, item.options, rows)
        points = _along(item.group, item.kind, item.options, knob, values, item.id, rows)
        if len(points) > 1:
            current = plain(getattr(part, knob.option, None)) if part is not None else None
            found.append(Curve(item.id, knob.option, knob.ordered, points, current, rows.height, sample))
    return found


def _by_likeness(step: Deduplicator, entry: str, rows: pl.DataFrame, sample: str) -> Curve:
    """Rows merged along the threshold, from one matching; other columns to compare would take one each."""
    now = step.similarity_threshold
    curve = threshold_curve(step.matching(rows), sorted({*THRESHOLDS, now}))
    points = [Point(value, merged) for value, merged in curve.select("threshold", "merged").iter_rows()]
    return Curve(entry, "similarity_threshold", True, points, now, rows.height, sample)


def rows_of_bronze(lake: Lakehouse, table: str) -> int:
    """Rows of the bronze table that count."""
    return base_of(lake, table).total


def may_count_all(lake: Lakehouse, table: str) -> bool:
    """Whether the table is small enough to count on every row while a person waits."""
    return base_of(lake, table).total <= WHOLE_ROWS


def _at(
    name: str, base: Base, data: Mapping[str, Any] | PromotionSpec, entry: str
) -> tuple[Transformer | Rule, pl.DataFrame]:
    """The step or rule, and the living rows that reach it."""
    trial = Trial(name, base, parts_of(data, base.inferred))
    position = trial.position(entry)
    rows = trial.entering(position)
    return trial.rule(entry) or trial.steps[position].step, rows


def _cost(part: Transformer | Rule, rows: pl.DataFrame, entry: str, base: Base, name: str, whole: bool) -> Cost | None:
    count = affected(part, entry, rows)
    if count is None:
        return None
    return Cost(entry, count, rows.height, _verb(part), sentence(base, name), whole or base.size >= base.total)


def _reaching(name: str, base: Base, data: Mapping[str, Any], entry: str) -> pl.DataFrame:
    """Rows that reach an entry that cannot be made as it is."""
    steps = list(data.get("steps") or [])
    place = next((number for number, each in enumerate(steps) if each["id"] == entry), len(steps))
    trial = Trial(name, base, parts_of({**data, "steps": steps[:place], "rules": []}, base.inferred))
    return trial.entering(len(trial.steps))


def _along(
    group: str, kind: str, options: Mapping[str, Any], knob: Knob, values: Sequence[Any], entry: str, rows: pl.DataFrame
) -> list[Point]:
    if kind == "quality" and knob.option == "min_score":
        scorer = registry.build("step", kind, {**options, "filter_low_quality": False})
        return [Point(plain(value), count) for value, count in below_scores(scorer, rows, values)]
    points = []
    for value in values:
        try:
            part = registry.build(group, kind, {**options, knob.option: value})  # type: ignore[arg-type]
            count = affected(part, entry, rows)
        except AutomicError:
            continue
        if count is not None:
            points.append(Point(plain(value), count))
    return points


def _verb(part: Transformer | Rule) -> str:
    if isinstance(part, Rule):
        return _VERBS.get(part.action, part.action)
    if part.kind in ("anomaly", "quality") and part.rewrites:
        return frames.FILTERED
    return _VERBS.get(part.kind, "absorbed" if part.segment else "removed")
