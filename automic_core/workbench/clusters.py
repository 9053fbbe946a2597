"""Clusters and pairs one by one: which rows they hold, why, and the row that would stand for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from automic_core import frames
from automic_core.errors import ConfigError
from automic_core.lake import Lakehouse
from automic_core.matching.explaining import explain
from automic_core.matching.explaining import percent as percent
from automic_core.transforms._merging import INTO, RANK, VALUES_FROM
from automic_core.workbench.matched import Matched
from automic_core.workbench.matching import found_for, inside_pairs
from automic_core.workbench.values import Rows, plain, rows_of

PAGE_CLUSTERS = 100
SHOWN_MEMBERS, SHOWN_PAIRS = 50, 200


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
    found = found_for(lake, table, data, changes, whole=whole)
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
    found = found_for(lake, table, data, changes)
    place = found.place(rid)
    with found.lock:
        groups = found.clusters(found.step.similarity_threshold)
        inside = inside_pairs(found, int(groups[place]))
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
    found = found_for(lake, table, data, changes)
    one, other = found.place(left), found.place(right)
    if one == other:
        raise ConfigError(f"Row {left} is one row.", "Choose two.")
    with found.lock:
        told = explain(found.matching, one, other)
    keys = ("start", "fields", "odds", "probability", "decided", "sentence")
    return PairView(left, right, **{name: told[name] for name in keys})


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
