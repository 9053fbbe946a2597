"""What matching would do with a table: pairs to compare, threshold curve, clusters, explanations, golden records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from automic_core import frames
from automic_core.errors import ConfigError
from automic_core.events import RunReport, StepStats
from automic_core.lake import Lakehouse
from automic_core.matching.explaining import explain
from automic_core.matching.uncertain import threshold_curve
from automic_core.transforms._merging import INTO, RANK, VALUES_FROM
from automic_core.workbench.edits import Edit
from automic_core.workbench.matched import MOST_ROWS, Matched, MatchStep, match_step, matched
from automic_core.workbench.values import Rows, plain, rows_of

THRESHOLDS = (*(number / 20 for number in range(1, 20)), 0.97, 0.98, 0.99, 0.995, 0.999)
PAGE_CLUSTERS = 100
SURE, DOUBTFUL = 0.95, 5
SHOWN_MEMBERS, SHOWN_PAIRS = 50, 200


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


@dataclass(frozen=True)
class ClusterLine:
    """One cluster in a list.

    Attributes:
        rid: The row that would survive.
        lowest: Probability of its least certain pair.
        name: Its survivor in a few words.
    """

    rid: int
    size: int
    lowest: float
    name: str


@dataclass(frozen=True)
class GoldenValue:
    """One value of the row that would survive: the row it is from, and how many other values its column has."""

    column: str
    value: Any
    rid: int
    own: bool
    others: int


@dataclass(frozen=True)
class ClusterDetail:
    """One cluster.

    Attributes:
        survivor: The row the others would go into.
        members: Its rows, the survivor first: ``_rid``, compared columns first.
        golden: The survivor as it would be in silver.
        pairs: (row, other row, probability), least certain first; at most ``SHOWN_PAIRS``.
    """

    survivor: int
    size: int
    members: Rows
    golden: list[GoldenValue]
    pairs: list[tuple[int, int, float]]


@dataclass(frozen=True)
class PairView:
    """Why two rows are the same, or not.

    Attributes:
        start: Log-odds of any two rows.
        fields: ``field``, ``left``, ``right``, ``level``, ``adds`` (log-odds).
        decided: What a person said; None = nothing.
    """

    left: int
    right: int
    start: float
    fields: list[dict[str, Any]]
    odds: float
    probability: float
    decided: bool | None
    sentence: str


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
    found = _found(lake, table, data, changes, whole=whole)
    with found.lock:
        threshold = found.step.similarity_threshold
        points = sorted({*THRESHOLDS, threshold})
        curve = [_point(row) for row in threshold_curve(found.matching, points).iter_rows(named=True)]
        here = next(point for point in curve if point.threshold == threshold)
        estimate = list(found.matching.estimate().iter_rows())
        candidates = len(found.matching.pairs[0])
        inside = _inside(found)
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


def match_clusters(
    lake: Lakehouse,
    table: str,
    data: Mapping[str, Any],
    changes: Mapping[str, Any] | None = None,
    order: str = "size",
    *,
    whole: bool = False,
) -> tuple[list[ClusterLine], int]:
    """The first ``PAGE_CLUSTERS`` clusters, and how many there are.

    Args:
        lake: The lake.
        table: The table's name.
        data: The draft.
        changes: Options of the step that shall be others.
        order: "size" (largest first) or "doubt" (least certain first).
        whole: All rows, whatever time it takes; else the first ``MOST_ROWS``.

    Raises:
        ConfigError: There is no such order.
    """
    if order not in ("size", "doubt"):
        raise ConfigError(f"Clusters have no order {order!r}.", "Orders: size, doubt.")
    found = _found(lake, table, data, changes, whole=whole)
    with found.lock:
        groups = found.clusters(found.step.similarity_threshold)
        left, _, chance = found.chances(found.step.similarity_threshold)
        members, _ = found.step.settled(found.rows, groups.tolist())
    sizes = np.bincount(groups)
    lowest = np.ones(len(sizes))
    np.minimum.at(lowest, groups[left], chance)
    survivors = members.filter(pl.col(RANK) == 0)[frames.RID].to_list()
    places = [found.places[rid] for rid in survivors]
    lines = [
        ClusterLine(rid, int(sizes[groups[place]]), float(lowest[groups[place]]), "")
        for rid, place in zip(survivors, places, strict=True)
    ]
    lines.sort(
        key=(lambda line: (-line.size, line.lowest)) if order == "size" else (lambda line: (line.lowest, -line.size))
    )
    shown = lines[:PAGE_CLUSTERS]
    names = _names(found, [line.rid for line in shown])
    return [ClusterLine(line.rid, line.size, line.lowest, names[line.rid]) for line in shown], len(lines)


def match_cluster(
    lake: Lakehouse, table: str, data: Mapping[str, Any], rid: int, changes: Mapping[str, Any] | None = None
) -> ClusterDetail:
    """The cluster a row is in.

    Raises:
        ConfigError: The row is not there, or in no cluster.
    """
    found = _found(lake, table, data, changes)
    place = found.place(rid)
    with found.lock:
        groups = found.clusters(found.step.similarity_threshold)
        inside = _inside(found, int(groups[place]))
    mine = np.flatnonzero(groups == groups[place])
    if len(mine) < 2:
        raise ConfigError(f"Row {rid} is like no other row at this threshold.", "Choose a cluster from the list.")
    rows = found.rows[mine.tolist()]
    members, golden = found.step.settled(rows, [0] * len(mine))
    ordered = members.sort(RANK).join(rows, on=frames.RID, how="left", maintain_order="left")
    survivor = int(ordered[INTO][0])
    names = [*_compared(found), *(n for n in frames.data_names(rows.schema) if n not in _compared(found))]
    shown = rows_of(ordered.select(frames.RID, *names).head(SHOWN_MEMBERS), len(mine))
    return ClusterDetail(survivor, len(mine), shown, _golden(ordered, golden, survivor, names), inside[:SHOWN_PAIRS])


def match_pair(
    lake: Lakehouse,
    table: str,
    data: Mapping[str, Any],
    left: int,
    right: int,
    changes: Mapping[str, Any] | None = None,
) -> PairView:
    """Why two rows are the same, or not: a waterfall of log-odds, and a sentence.

    Raises:
        ConfigError: A row is not there, or both are the same row.
    """
    found = _found(lake, table, data, changes)
    one, other = found.place(left), found.place(right)
    if one == other:
        raise ConfigError(f"Row {left} is one row.", "Choose two.")
    with found.lock:
        told = explain(found.matching, one, other)
    keys = ("start", "fields", "odds", "probability", "decided", "sentence")
    return PairView(left, right, **{name: told[name] for name in keys})


def _found(
    lake: Lakehouse, table: str, data: Mapping[str, Any], changes: Mapping[str, Any] | None, *, whole: bool = False
) -> Matched:
    """The matching with the options as they shall be; what does not change it is looked up, not computed again."""
    step = match_step(data, changes)
    quiet = {"similarity_threshold": None, "merge_strategy": None, "golden": None, "golden_columns": None}
    found = matched(lake, table, match_edit(data, {**(changes or {}), **quiet}).data, None if whole else MOST_ROWS)
    return found.with_options(step.options)


def _inside(found: Matched, cluster: int | None = None) -> list[tuple[int, int, float]]:
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


def _compared(found: Matched) -> list[str]:
    return [field.name for field in found.matching.fields if field.name in found.rows.columns]


def _names(found: Matched, rids: Sequence[int]) -> dict[int, str]:
    """Rows in a few words: their first compared values."""
    texts = found.rows.filter(pl.col(frames.RID).is_in(list(rids))).select(
        frames.RID, *(frames.as_text(name, found.rows.schema).alias(name) for name in _compared(found)[:5])
    )
    return {row[0]: ", ".join(value for value in row[1:] if value)[:80] for row in texts.iter_rows()}


def _golden(
    ordered: pl.DataFrame, golden: pl.DataFrame | None, survivor: int, names: Sequence[str]
) -> list[GoldenValue]:
    changed = golden.to_dicts()[0] if golden is not None and golden.height else {}
    taken = {each["column"]: each["rid"] for each in changed.get(VALUES_FROM) or []}
    own = ordered.row(0, named=True)
    return [
        GoldenValue(
            name,
            plain(changed[name] if name in taken else own[name]),
            taken.get(name, survivor),
            name not in taken,
            max(0, ordered[name].drop_nulls().n_unique() - 1),
        )
        for name in names
    ]
