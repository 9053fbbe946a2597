"""Labels where rows are compared exactly: rows told to be the same join, rows told to be different part."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from automic_core import frames
from automic_core.matching.labels import Labels, read_labels

GROUP = "group"
ORIGIN = "origin"  # digest column: the source row that an earlier step made this one of
_PLACE = "place"
Label = tuple[Any, Any, bool]


def told(labels: Sequence[Label], rows: pl.DataFrame) -> list[Label]:
    """Labels by the ``_rid`` the rows have here: one row that became several gives a label for each."""
    origin = next((name for name in (ORIGIN, frames.ORIGIN) if name in rows.columns), None)
    if origin is None or not labels:
        return list(labels)
    named = {each for one, other, _ in labels for each in (one, other)}
    known = pl.coalesce(origin, frames.RID)
    made: dict[Any, list[int]] = {}
    for origin, rid in rows.filter(known.is_in(list(named))).select(known, frames.RID).iter_rows():
        made.setdefault(origin, []).append(rid)
    return [(a, b, same) for one, other, same in labels for a in made.get(one, ()) for b in made.get(other, ())]


def grouped(rows: pl.DataFrame, group: Sequence[str], labels: Sequence[Label]) -> pl.DataFrame:
    """The rows with a number for their ``group``: equal rows have the same, unless labels say otherwise.

    Rows whose first group column is null are alone.

    Raises:
        ConfigError: Labels contradict each other.
    """
    place = pl.col(_PLACE).cast(pl.Int64)
    own = pl.when(pl.col(group[0]).is_null()).then(place).otherwise(place.first().over(group))
    numbered = rows.with_row_index(_PLACE).with_columns(own.alias(GROUP)).drop(_PLACE)
    known = read_labels(labels, {rid: number for number, rid in enumerate(rows[frames.RID].to_list())})
    if known is None:
        return numbered
    return numbered.with_columns(pl.Series(GROUP, _settled(numbered[GROUP].to_numpy().copy(), known)))


def _settled(groups: NDArray[np.int64], labels: Labels) -> NDArray[np.int64]:
    """Group numbers after the labels were heard."""
    left, right = labels.left.tolist(), labels.right.tolist()
    joined = [(a, b) for a, b, same in zip(left, right, labels.same.tolist(), strict=True) if same]
    parted = {frozenset((a, b)) for a, b, same in zip(left, right, labels.same.tolist(), strict=True) if not same}
    named = {int(groups[row]) for row in (*left, *right)}
    root = _roots(named, ((int(groups[a]), int(groups[b])) for a, b in joined))
    rows = np.flatnonzero(np.isin(groups, list(named))).tolist()
    block = _roots(rows, joined)
    parts: dict[int, list[list[int]]] = {}
    for row in rows:
        parts.setdefault(root[int(groups[row])], []).append([row])
    made = groups.copy()
    for members in parts.values():
        blocks: dict[int, list[int]] = {}
        for (row,) in members:
            blocks.setdefault(block[row], []).append(row)
        for cluster in _placed(list(blocks.values()), groups, parted):
            made[cluster] = min(cluster)
    return made


def _placed(blocks: list[list[int]], groups: NDArray[np.int64], parted: set[frozenset[int]]) -> list[list[int]]:
    """Blocks of rows that belong together, put with the first others that are equal to them and not told apart."""
    clusters: list[list[int]] = []
    for block in blocks:
        mine = {int(groups[row]) for row in block}
        for cluster in clusters:
            equal = mine & {int(groups[row]) for row in cluster}
            if equal and not any(frozenset((a, b)) in parted for a in block for b in cluster):
                cluster.extend(block)
                break
        else:
            clusters.append(list(block))
    return clusters


def _roots(numbers: Iterable[int], joined: Iterable[tuple[int, int]]) -> dict[int, int]:
    """For each number the one that stands for all it is joined with."""
    owner = {number: number for number in numbers}

    def root(number: int) -> int:
        while owner[number] != number:
            number = owner[number]
        return number

    for one, other in joined:
        owner[root(other)] = root(one)
    return {number: root(number) for number in owner}
