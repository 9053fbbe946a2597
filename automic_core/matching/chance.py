"""How often two different things agree by chance, field by field."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automic_core.matching.comparing import EQUAL, Levels
from automic_core.matching.evidence import Comparer, Evidence
from automic_core.matching.fields import Field
from automic_core.matching.kinds import OWN, PLACE

SAMPLED = 200_000
GRADED = frozenset({"text", "address"})
"""Kinds whose levels are degrees of likeness: each is at most half as frequent by chance as the one below."""
Side = NDArray[np.int8] | None


def random_pairs(rows: int, side: Side, count: int, seed: int = 7) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Pairs of different rows drawn at random; across the sides where there are two."""
    draw = np.random.default_rng(seed)
    if side is None and rows * (rows - 1) // 2 <= SAMPLED:  # All of them: then their order says nothing.
        upper, lower = np.triu_indices(rows, 1)
        return upper.astype(np.int32), lower.astype(np.int32)
    if side is None:
        left = draw.integers(0, rows, count, dtype=np.int32)
        right = ((left + draw.integers(1, rows, count)) % rows).astype(np.int32)
        return left, right
    one, other = (np.flatnonzero(side == which).astype(np.int32) for which in (0, 1))
    if not len(one) or not len(other):
        return one[:0], other[:0]
    return draw.choice(one, count), draw.choice(other, count)


def chances(comparer: Comparer, rows: int, side: Side) -> list[NDArray[np.float64]]:
    """Probability of each level of each field for two rows that have nothing to do with each other.

    Equal values are counted over all pairs (the sum of squared shares), what lies between is measured on random
    pairs. Some of these are the same thing by luck; where levels are degrees of likeness they show, since among
    different things the more alike are the rarer. "Missing" has no chance of its own (0): it says nothing.
    """
    found = comparer.compare(*random_pairs(rows, side, min(SAMPLED, max(5000, rows * rows))))
    made = []
    for place, field in enumerate(comparer.fields):
        names = comparer.names[place]
        seen = np.bincount(found.levels[:, place], minlength=len(names)).astype(float)
        seen[0] = 0
        seen[1:] += 0.3
        if field.kind in GRADED:
            for level in range(len(seen) - 2, EQUAL, -1):
                seen[level] = min(seen[level], seen[level + 1] / 2)
        seen /= seen.sum()
        seen[EQUAL] = max(float((field.share**2).sum()), 1e-9)
        made.append(seen)
    for first, second in comparer.swaps:
        one, other = comparer.fields[first], comparer.fields[second]
        shares = dict(zip(other.values, other.share, strict=True))
        crossed = sum(share * shares.get(value, 0.0) for value, share in zip(one.values, one.share, strict=True))
        made[first][-1] = max(4 * crossed**2, 1e-9)
    return made


@dataclass
class Link:
    """A field that is not independent of others among different things: a postcode and its town, an address for
    mail and the name it is made of.

    Attributes:
        parents: Places in the list of the fields whose agreement changes the chance of this one.
        table: Probability of each level of this field where the parents agree, at least roughly.
        sample: Levels of pairs drawn among those that agree on the parents, to refine the table with;
            None once it is learned.
    """

    parents: tuple[int, ...]
    table: NDArray[np.float64]
    sample: Evidence | None

    def holds(self, levels: Levels, differs: list[int]) -> NDArray[np.bool_]:
        """Which pairs agree on the parents.

        Args:
            levels: Pairs x fields.
            differs: The level "different" of each field.
        """
        made = np.ones(len(levels), bool)
        for parent in self.parents:
            made &= (levels[:, parent] >= EQUAL) & (levels[:, parent] != differs[parent])
        return made


def dependences(comparer: Comparer, chance: list[NDArray[np.float64]], rows: int) -> dict[int, Link]:
    """For each field the one other field that tells most about it among pairs of different things.

    Only fields with many more agreeing pairs than rows can be parents: their agreeing pairs are mostly chance.
    """
    fields = comparer.fields
    pairs = [float((field.counts.astype(float) ** 2).sum()) / 2 for field in fields]
    order = sorted(range(len(fields)), key=lambda number: -pairs[number])
    found: dict[int, Link] = {}
    for place, parent in enumerate(order):
        if pairs[parent] < 2 * rows or fields[parent].kind in OWN:
            continue
        left, right = agreeing_pairs(fields[parent].codes, 20_000)
        if len(left) < 100:
            continue
        sample = comparer.compare(left, right)
        for child in order[place + 1 :]:
            if fields[child].kind in OWN:
                continue
            seen = np.bincount(sample.levels[:, child], minlength=len(chance[child])).astype(float)
            seen[0] = 0
            if seen.sum() < 100:
                continue
            seen = (seen + chance[child]) / (seen.sum() + 1)
            best = found[child].table[EQUAL] if child in found else 3 * chance[child][EQUAL]
            if seen[EQUAL] > best:
                found[child] = Link((parent,), seen, sample)
    return found | _of_names(comparer, chance, rows)


def _of_names(comparer: Comparer, chance: list[NDArray[np.float64]], rows: int) -> dict[int, Link]:
    """Mail addresses made of names: alike wherever both names agree, whoever has them."""
    found = {}
    for one, other in comparer.swaps:
        expected = rows * rows / 2 * chance[one][EQUAL] * chance[other][EQUAL]
        if expected < 0.02 * rows:
            continue
        a, b = (comparer.fields[number].codes for number in (one, other))
        both = np.where((a >= 0) & (b >= 0), a.astype(np.int64) << 32 | b, -1)
        codes = np.unique(both, return_inverse=True)[1] - int((both < 0).any())
        sample = comparer.compare(*agreeing_pairs(codes, 20_000))
        for child, field in enumerate(comparer.fields):
            if field.kind == "email":
                seen = np.bincount(sample.levels[:, child], minlength=len(chance[child])).astype(float)
                seen[[0, EQUAL]] = 0  # Equal ones are mostly the same person: left to chance, then refined.
                if seen.sum() >= 30:
                    found[child] = Link((one, other), (seen + chance[child]) / (seen.sum() + 1), sample)
    return found


def agreeing_pairs(
    codes: NDArray[np.integer], count: int, seed: int = 11
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Pairs of different rows drawn at random among those that hold the same code; -1 is none."""
    draw = np.random.default_rng(seed)
    order = np.argsort(codes, kind="stable").astype(np.int32)
    order = order[codes[order] >= 0]
    counts = np.bincount(codes[order])
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    weight = counts * (counts - 1.0)
    if not weight.sum():
        return order[:0], order[:0]
    chosen = draw.choice(len(counts), count, p=weight / weight.sum())
    first = draw.integers(0, counts[chosen])
    second = (first + draw.integers(1, counts[chosen])) % counts[chosen]
    return order[starts[chosen] + first], order[starts[chosen] + second]


def places(fields: list[Field], links: dict[int, Link]) -> list[bool]:
    """Which fields tell where something is: addresses, postcodes, and what mostly goes with one of them."""
    made = [field.kind in PLACE for field in fields]
    for child, link in links.items():
        if link.table[EQUAL] > 0.5 and (made[child] or made[link.parents[0]]):
            made[child] = made[link.parents[0]] = True
    return made
