"""Which passes are worth their pairs, where all of them together would compare too many.

Some pairs of every pass are drawn and compared. Each counts for as many pairs as it stands for (Horvitz and Thompson,
1952): it could have been drawn by every pass that brings it together. From this sample the weights are learned, and
passes are taken one by one: always the one that finds most pairs of the same thing, not found before, for each pair
that it adds.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automic_core.matching import blocking
from automic_core.matching.blocking import SINGLE, Pairs, Pass
from automic_core.matching.comparing import Rows
from automic_core.matching.keys import Key

BUDGET = 12
"""Pairs a row that are compared at most, where there are more than a few."""
FEW = 500_000
"""Pairs that need no choice."""
DRAWN = 500
"""Pairs drawn of each pass."""
LOOKED_AT = 50_000
"""Rows, about, in which the pairs of a pass are counted."""
LEAST = 1e-4
"""Pairs of the same thing that a pass must find among those it adds."""

Numbers = NDArray[np.float64]
Judge = Callable[[Rows, Rows, Numbers], Numbers]
"""Probability that each pair is the same, from rows and what each pair counts for."""


@dataclass(frozen=True)
class Survey:
    """What a part of the values of a pass shows.

    Attributes:
        count: Estimated pairs.
        small: Share of the rows with a value that are in groups small enough to be compared.
        drawn: Some of its pairs.
        rate: Chance of each pair to be drawn.
    """

    count: int
    small: float
    drawn: Pairs
    rate: float


def affordable(pairs: float, rows: int) -> bool:
    """Whether so many pairs can be compared."""
    return pairs <= max(FEW, BUDGET * rows)


def survey(passes: list[Pass], side: NDArray[np.int8] | None, rows: int) -> list[Survey]:
    """Look at a part of the values of each pass."""
    sampled = max(0, int(np.log2(max(1, rows) / LOOKED_AT)))

    def one(number: int) -> Survey:
        value, row = blocking.entries_of(passes[number], sampled)
        largest = passes[number].largest
        count, small = blocking.count_in(value, row, largest, side)
        found = blocking.pairs_in(value, row, largest, side, rows)
        if len(found) > DRAWN:
            found = np.random.default_rng(number).choice(found, DRAWN, replace=False)
        return Survey(count << sampled, small, found, len(found) / max(1, count) / (1 << sampled))

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, range(len(passes))))


@dataclass(frozen=True)
class Sample:
    """Drawn pairs.

    Attributes:
        left: Their rows.
        right: The other rows.
        weight: Number of pairs that each stands for.
        found: Passes x pairs: chance that the pass brings the pair together.
    """

    left: Rows
    right: Rows
    weight: Numbers
    found: NDArray[np.float32]


def sample(passes: list[Pass], surveys: list[Survey], rows: int) -> Sample:
    """The drawn pairs of all passes."""
    pairs = np.concatenate([one.drawn for one in surveys])
    own = np.repeat(np.arange(len(passes)), [len(one.drawn) for one in surveys])
    left, right = (part.astype(np.int32) for part in np.divmod(pairs, rows))
    keys = {id(key): key for one in passes for key in one.keys}
    agreed = {name: _agreed(key, left, right) for name, key in keys.items()}
    found = np.empty((len(passes), len(pairs)), np.float32)
    for number, (one, seen) in enumerate(zip(passes, surveys, strict=True)):
        equal, common = (np.stack(part) for part in zip(*(agreed[id(key)] for key in one.keys), strict=True))
        if len(one.keys) == 1:
            found[number] = equal[0] & ~common[0]
        else:
            found[number] = (equal & common).all(0) * np.float32(seen.small)
    found[own, np.arange(len(pairs))] = 1
    rates = np.array([seen.rate for seen in surveys], np.float32)
    return Sample(left, right, 1 / np.maximum(rates @ found, 1e-12).astype(float), found)


def _agreed(key: Key, left: Rows, right: Rows) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which pairs share a value of a key, and whether many rows do."""
    equal, common = np.zeros(len(left), bool), np.zeros(len(left), bool)
    entries = key.common(SINGLE)
    for mine, large in entries:
        for theirs, _ in entries:
            same = (mine[left] == theirs[right]) & (mine[left] >= 0)
            equal |= same
            common |= same & large[left]
    return equal, common


def chosen(drawn: Sample, same: Numbers, rows: int) -> list[int]:
    """Numbers of the passes to use, best first.

    Args:
        drawn: Pairs of all passes.
        same: Probability of each that it is the same thing.
        rows: Number of rows.
    """
    missed = drawn.weight.copy()
    left, taken, spent = np.ones(len(drawn.found), bool), [], 0.0
    while left.any():
        gain, cost = (drawn.found @ part.astype(np.float32) for part in (missed * same, missed))
        worth = np.where(left & (cost > 0), gain / np.maximum(cost, 1e-9), 0)
        best = int(np.argmax(worth))
        if worth[best] < LEAST:
            break
        left[best] = False
        if not affordable(spent + cost[best], rows):
            continue
        spent += cost[best]
        taken.append(best)
        missed *= 1 - drawn.found[best]
    return taken
