"""Which pairs of rows are worth comparing: rows that share a rare value, or two common ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from automic_core.matching.keys import Key

Pairs = NDArray[np.int64]
"""Each pair as one number: lower row times number of rows, plus higher row."""

SINGLE, DOUBLE = 12, 25
"""Rows that may share one key, or two, and still be compared with each other."""


CHAINED = 400
"""Largest group that may be one thing."""


@dataclass(frozen=True)
class Pass:
    """Rows that agree on all keys of a pass are compared, in groups of at most ``largest`` rows."""

    keys: tuple[Key, ...]
    largest: int

    @property
    def name(self) -> str:
        """The keys in words."""
        return " + ".join(key.name for key in self.keys)


def passes_of(keys: list[Key]) -> list[Pass]:
    """Every key alone and every two of different fields."""
    made = [Pass((key,), SINGLE) for key in keys]
    for one, other in combinations(keys, 2):
        if not one.fields & other.fields and min(len(one.entries), len(other.entries)) == 1:
            made.append(Pass((one, other), DOUBLE))
    return made


def entries_of(one: Pass, sampled: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Combined key values and their rows, sorted by value; rows without a value left out.

    Of two keys only values that are too common alone are combined: the others are compared by their key alone.

    Args:
        one: The pass.
        sampled: Keep one in two to this power of the values, chosen by their bits and not by their rows.
    """
    found = list(_combined(one, sampled))
    value, row = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.argsort(value, kind="stable" if len(found) > 1 else None)
    return value[order], row[order]


def _combined(one: Pass, sampled: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int32]]]:
    if len(one.keys) == 1:
        for codes, bits in zip(one.keys[0].entries, one.keys[0].bits(0), strict=True):
            row = _rows(codes >= 0, bits, sampled)
            yield codes[row].astype(np.int64), row
        return
    first, second = one.keys
    sides = [list(zip(key.common(SINGLE), key.bits(salt), strict=True)) for salt, key in enumerate((first, second))]
    for ((a, large), mine), ((b, also), theirs) in product(*sides):
        row = _rows(large & also, mine ^ theirs, sampled)
        yield a[row].astype(np.int64) << 32 | b[row], row


def _rows(there: NDArray[np.bool_], bits: NDArray[np.uint32], sampled: int) -> NDArray[np.int32]:
    if sampled:
        there = there & (bits < np.uint32(1 << (32 - sampled)))
    return np.flatnonzero(there).astype(np.int32)


def pairs_of(one: Pass, side: NDArray[np.int8] | None, rows: int) -> Pairs:
    """Pairs of a pass; between the two sides only, where sides are given."""
    value, row = entries_of(one)
    made = pairs_in(value, row, one.largest, side, rows)
    return made if side is not None else np.concatenate([made, _chained(one, value, row, rows)])


def _chained(one: Pass, value: NDArray[np.int64], row: NDArray[np.int32], rows: int) -> Pairs:
    """Each row with the next one in groups that are too large, but far larger than chance would make them.

    Many rows of one thing make such groups; linked in a row, they come together as a whole.
    """
    if len(one.keys) == 1 or not len(value):
        return np.empty(0, np.int64)
    size, left_in = _groups(value)
    some = np.flatnonzero((size > one.largest) & (size <= CHAINED) & (left_in > 0))
    first, second = (key.sizes for key in one.keys)
    a, b = value[some] >> 32, value[some] & 0xFFFFFFFF
    expected = first[a].astype(float) * second[b] / max(1, rows)
    some = some[size[some] > 10 * expected]
    low, high = np.minimum(row[some], row[some + 1]).astype(np.int64), np.maximum(row[some], row[some + 1])
    return np.asarray((low * rows + high)[low != high])


def twins_of(codes: list[NDArray[np.int32]], rows: int) -> Pairs:
    """Rows that are equal in all fields: each with the next one."""
    mixed = np.zeros(rows, np.uint64)
    for one in codes:
        mixed = (mixed ^ (one.astype(np.int64) + 2).view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    order = np.argsort(mixed, kind="stable")
    same = np.flatnonzero(mixed[order][1:] == mixed[order][:-1])
    return np.asarray(order[same] * rows + order[same + 1], np.int64)


def pairs_in(
    value: NDArray[np.int64], row: NDArray[np.int32], largest: int, side: NDArray[np.int8] | None, rows: int
) -> Pairs:
    """Pairs of rows with equal values; the values are sorted."""
    if not len(value):
        return np.empty(0, np.int64)
    size, left_in = _groups(value)
    active = np.flatnonzero((size > 1) & (size <= largest))
    made = []
    for step in range(1, largest):
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
    return count_in(*entries_of(one), one.largest, side)[0]


def count_in(
    value: NDArray[np.int64], row: NDArray[np.int32], largest: int, side: NDArray[np.int8] | None
) -> tuple[int, float]:
    """Pairs of rows with equal sorted values, and the share of the rows that are in groups small enough."""
    if not len(value):
        return 0, 0.0
    number = np.cumsum(np.concatenate([[False], value[1:] != value[:-1]]))
    sizes = np.bincount(number)
    if side is None:
        pairs = sizes * (sizes - 1) // 2
    else:
        right = np.bincount(number, side[row]).astype(np.int64)
        pairs = right * (sizes - right)
    small = sizes <= largest
    return int(pairs[small].sum()), float(sizes[small].sum() / len(value))


def distinct(found: list[Pairs]) -> Pairs:
    """Each pair once, in order."""
    if not found:
        return np.empty(0, np.int64)
    made = np.concatenate(found)
    made.sort()
    return made[np.concatenate([[True], made[1:] != made[:-1]])] if len(made) else made


def _groups(value: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each sorted entry: size of its group, and entries of the group after it."""
    starts = np.flatnonzero(np.concatenate([[True], value[1:] != value[:-1]]))
    sizes = np.diff(np.append(starts, len(value)))
    return np.repeat(sizes, sizes), np.repeat(starts + sizes, sizes) - np.arange(len(value)) - 1
