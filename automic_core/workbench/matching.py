"""What matching would do with a table: the pairs to compare, the threshold curve, the rows it would cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from automic_core import frames
from automic_core.events import RunReport, StepStats
from automic_core.lake import Lakehouse
from automic_core.matching.uncertain import threshold_curve
from automic_core.workbench.edits import Edit
from automic_core.workbench.matched import MOST_ROWS, Matched, MatchStep, match_step, matched

THRESHOLDS = (*(number / 20 for number in range(1, 20)), 0.97, 0.98, 0.99, 0.995, 0.999)
SURE, DOUBTFUL = 0.95, 5


@dataclass(frozen=True)
class MatchPoint:
    """What one threshold would do.

    Attributes:
        clusters: Groups of two rows or more.
        merged: Rows that would go into another one.
        largest: Rows of the largest cluster.
        sizes: (rows, clusters of so many rows).
    """

    threshold: float
    clusters: int
    merged: int
    largest: int
    sizes: list[tuple[int, int]]


@dataclass(frozen=True)
class MatchView:
    """Where the matching of a table stands.

    Attributes:
        step: The step of the draft, or the proposed one.
        rows: Rows that reach it.
        sample: Which rows were looked at, in words.
        compared: Column to what it holds ("name", "phone").
        left_out: Columns that only number the rows, or tell nothing.
        estimate: What rows must share to be compared, and the pairs that gives, most first.
        candidates: Different pairs that were compared.
        all_pairs: Pairs there are.
        curve: What each threshold would do.
        here: What the present one does.
        pairs: Decisions about pairs that count.
        inside: Pairs of rows that would be in one cluster; ``sure`` of them are the same by at least ``SURE``.
        doubtful: The least certain of them: row, other row, probability.
        report: The ledger of the step alone, as ``RunReport.to_dict`` gives it.
    """

    table: str
    step: MatchStep
    rows: int
    sample: str
    whole: bool
    total: int
    compared: dict[str, str]
    left_out: list[str]
    estimate: list[tuple[str, int]]
    candidates: int
    all_pairs: int
    curve: list[MatchPoint]
    here: MatchPoint
    pairs: int
    inside: int
    sure: int
    doubtful: list[tuple[int, int, float]]
    report: dict[str, Any]

    @property
    def threshold(self) -> float:
        """The probability from which rows are merged."""
        return self.here.threshold

    @property
    def settled(self) -> tuple[float, float]:
        """The thresholds around the present one between which nothing changes: the lowest and the highest."""
        alike = [point.sizes == self.here.sizes for point in self.curve]
        first = last = self.curve.index(self.here)
        while first > 0 and alike[first - 1]:
            first -= 1
        while last + 1 < len(alike) and alike[last + 1]:
            last += 1
        return self.curve[first].threshold, self.curve[last].threshold


def match_view(
    lake: Lakehouse,
    table: str,
    data: Mapping[str, Any],
    changes: Mapping[str, Any] | None = None,
    *,
    whole: bool = False,
) -> MatchView:
    """Estimate, curve and cost of matching a table.

    Args:
        lake: The lake.
        table: The table's name.
        data: The draft.
        changes: Options of the step that shall be others (``similarity_threshold``, ``golden``).
        whole: All rows, whatever time it takes; else the first ``MOST_ROWS``.

    Raises:
        AutomicError: A step before it cannot run, or there is nothing to compare.
    """
    step = match_step(data, changes)
    found = found_for(lake, table, data, changes, whole=whole)
    with found.lock:
        threshold = found.step.similarity_threshold
        points = sorted({*THRESHOLDS, threshold})
        curve = [_point(row) for row in threshold_curve(found.matching, points).iter_rows(named=True)]
        here = next(point for point in curve if point.threshold == threshold)
        estimate = list(found.matching.estimate().iter_rows())
        candidates = len(found.matching.pairs[0])
        inside = inside_pairs(found)
    kinds = {field.name: str(field.kind) for field in found.matching.fields}
    names = found.step.match_fields or frames.data_names(found.rows.schema)
    count = found.matching.rows
    return MatchView(
        table.rpartition(".")[2],
        step,
        count,
        found.about,
        found.whole,
        found.total,
        kinds,
        [name for name in names if name not in kinds],
        estimate,
        candidates,
        count * (count - 1) // 2,
        curve,
        here,
        found.pairs,
        len(inside),
        sum(chance >= SURE for _, _, chance in inside),
        [pair for pair in inside[:DOUBTFUL] if pair[2] < SURE],
        step_report(table, step.entry, count, here.merged),
    )


def match_edit(data: Mapping[str, Any], changes: Mapping[str, Any] | None = None) -> Edit:
    """The draft with the step, its options changed: one edit."""
    return match_step(data, changes).edit


def found_for(
    lake: Lakehouse, table: str, data: Mapping[str, Any], changes: Mapping[str, Any] | None, *, whole: bool = False
) -> Matched:
    """The matching with the options as they shall be; what does not change it is looked up, not computed again."""
    step = match_step(data, changes)
    quiet = {"similarity_threshold": None, "merge_strategy": None, "golden": None, "golden_columns": None}
    found = matched(lake, table, match_edit(data, {**(changes or {}), **quiet}).data, None if whole else MOST_ROWS)
    return found.with_options(step.options)


def inside_pairs(found: Matched, cluster: int | None = None) -> list[tuple[int, int, float]]:
    """Pairs inside clusters, or one of them, least certain first: row, other row, probability."""
    threshold = found.step.similarity_threshold
    left, right, chance = found.chances(threshold)
    if cluster is not None:
        mine = np.flatnonzero(found.clusters(threshold)[left] == cluster)
        left, right, chance = left[mine], right[mine], chance[mine]
    order = np.argsort(chance, kind="stable")
    ids = found.rows[frames.RID].to_numpy()
    return list(zip(ids[left[order]].tolist(), ids[right[order]].tolist(), chance[order].tolist(), strict=True))


def _point(row: Mapping[str, Any]) -> MatchPoint:
    sizes = [(each["size"], each["clusters"]) for each in row["sizes"]]
    return MatchPoint(row["threshold"], row["clusters"], row["merged"], row["largest"], sizes)


def step_report(table: str, entry: str, rows: int, merged: int) -> dict[str, Any]:
    """The ledger of one step."""
    own = table.rpartition(".")[2]
    removed = {frames.MERGED: merged} if merged else {}
    step = StepStats(entry, "dedup", rows, removed, rows_out=rows - merged)
    report = RunReport("match", f"match {own}", f"bronze.{own}", rows_in=rows, rows_out=rows - merged, steps=[step])
    return report.to_dict()
