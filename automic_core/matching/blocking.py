"""Which pairs of rows are worth comparing: rows that share a rare value, or two common ones."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from automic_core.matching.keys import Key

Pairs = NDArray[np.int64]
"""Each pair as one number: lower row times number of rows, plus higher row."""


@dataclass(frozen=True)
class Pass:
    """Rows that agree on all keys of a pass are compared, in groups of at most ``largest`` rows."""

    keys: tuple[Key, ...]
    largest: int

    @property
    def name(self) -> str:
        """The keys in words."""
        return " + ".join(key.name for key in self.keys)


def passes_of(keys: list[Key], rows: int, single: int = 12, double: int = 25) -> list[Pass]:
    """Every key alone and every two of different fields."""
    made = [Pass((key,), single) for key in keys]
    for one, other in combinations(keys, 2):
        if not one.fields & other.fields and min(len(one.entries), len(other.entries)) == 1:
            made.append(Pass((one, other), double))
    return made


def entries_of(one: Pass) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Combined key values and their rows, sorted by value; rows without a value left out."""
    values, rows = [], []
    first = one.keys[0].entries
    others = one.keys[1].entries if len(one.keys) > 1 else [None]
    for a in first:
        for b in others:
            there = a >= 0 if b is None else (a >= 0) & (b >= 0)
            row = np.flatnonzero(there).astype(np.int32)
            value = a[row].astype(np.int64)
            if b is not None:
                value = value << 32 | b[row]
            values.append(value)
            rows.append(row)
    value, row = np.concatenate(values), np.concatenate(rows)
    order = np.argsort(value, kind="stable" if len(first) > 1 else None)
    return value[order], row[order]


def pairs_of(one: Pass, side: NDArray[np.int8] | None, rows: int) -> Pairs:
    """Pairs of a pass; between the two sides only, where sides are given."""
    value, row = entries_of(one)
    if not len(value):
        return np.empty(0, np.int64)
    size, left_in = _groups(value)
    active = np.flatnonzero((size > 1) & (size <= one.largest))
    made = []
    for step in range(1, one.largest):
        active = active[left_in[active] >= step]
        if not len(active):
            break
        a, b = row[active], row[active + step]
        if side is not None:
            across = side[a] != side[b]
            a, b = a[across], b[across]
        low, high = np.minimum(a, b).astype(np.int64), np.maximum(a, b)
        made.append((low * rows + high)[low != high])
    return np.concatenate(made) if made else np.empty(0, np.int64)


def count_of(one: Pass, side: NDArray[np.int8] | None) -> int:
    """Pairs of a pass, without making them."""
    value, row = entries_of(one)
    if not len(value):
        return 0
    number = np.cumsum(np.concatenate([[False], value[1:] != value[:-1]]))
    sizes = np.bincount(number)
    if side is None:
        pairs = sizes * (sizes - 1) // 2
    else:
        right = np.bincount(number, side[row]).astype(np.int64)
        pairs = right * (sizes - right)
    return int(pairs[sizes <= one.largest].sum())


def distinct(found: list[Pairs]) -> Pairs:
    """Each pair once, in order."""
    if not found:
        return np.empty(0, np.int64)
    return np.unique(np.concatenate(found))


def _groups(value: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each sorted entry: size of its group, and entries of the group after it."""
    starts = np.flatnonzero(np.concatenate([[True], value[1:] != value[:-1]]))
    sizes = np.diff(np.append(starts, len(value)))
    return np.repeat(sizes, sizes), np.repeat(starts + sizes, sizes) - np.arange(len(value)) - 1
