"""How much each level of each field speaks for "the same": learned from the pairs themselves, without labels.

The model is Fellegi and Sunter's (1969), fitted by expectation maximisation over all pairs of rows: those that
blocking left out are taken for different. Beside "same" and "nothing in common" it knows two more kinds of pairs, so
that evidence which goes together is not counted twice: "related" pairs, of different things that share a place or a phone
(a household, a branch office), and "moved" ones, the same thing with all of its place changed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automic_core.matching.chance import Link, places
from automic_core.matching.comparing import EQUAL, MISSING, Levels, level_names
from automic_core.matching.evidence import BINS, Comparer, Evidence, bins_of

SAME, MOVED, RELATED, OTHER = range(4)
ROUNDS = 40
_FLOOR = 1e-7


@dataclass
class Weights:
    """What the fit found.

    Attributes:
        tables: For each field, classes × levels: probability of the level in each class.
        prior: Share of all pairs in each class.
        links: Fields that depend on another among different things.
        shares: For each field, the chance that two values are equal.
        differs: For each field, the level "different".
    """

    tables: list[NDArray[np.float64]]
    prior: NDArray[np.float64]
    links: dict[int, Link]
    shares: list[float]
    differs: list[int]

    def classes(self, evidence: Evidence) -> NDArray[np.float64]:
        """Pairs × classes: probability of each class."""
        made = np.empty((len(evidence.levels), len(self.prior)))
        step = 200_000
        for start in range(0, len(made), step):
            part = slice(start, start + step)
            made[part] = _normal(self.logs(evidence.levels[part], evidence.agreed[part]))
        return made

    def logs(self, levels: Levels, agreed: NDArray[np.floating]) -> NDArray[np.float64]:
        """Pairs × classes: log of prior times likelihood."""
        total = np.log(np.maximum(self.prior, 1e-300)) + np.zeros((len(levels), 1))
        for number, table in enumerate(self.tables):
            level = levels[:, number]
            total += _logs(table)[:, level].T
            rare = np.where(level == EQUAL, np.log(agreed[:, number] / self.shares[number]), 0.0)
            link = self.links.get(number)
            if link is not None:
                given, alone = _logs(np.stack([link.table, table[OTHER]]))[:, level]
                rare = np.where(link.holds(levels, self.differs), given - alone, rare)
            total[:, OTHER] += rare
        return total


def _logs(table: NDArray[np.float64]) -> NDArray[np.float64]:
    made = np.log(np.maximum(table, _FLOOR))
    made[:, MISSING] = 0
    return made


def _normal(total: NDArray[np.float64]) -> NDArray[np.float64]:
    total = np.exp(total - total.max(1, keepdims=True))
    return total / total.sum(1, keepdims=True)


def first_guess(comparer: Comparer, chance: list[NDArray[np.float64]], place: list[bool]) -> list[NDArray[np.float64]]:
    """Tables to start from: the same thing mostly agrees; related things agree on the place."""
    tables = []
    for number, (field, other) in enumerate(zip(comparer.fields, chance, strict=True)):
        levels = len(other)
        same = np.zeros(levels)
        same[1:] = 0.12 / (levels - 1)
        same[EQUAL] += 0.78
        same[2] += 0.1
        alike = 0.95 if place[number] else 0.5 if field.kind == "phone" else 0.3 if field.kind == "name" else 0.01
        related = alike * same + (1 - alike) * other
        moved = 0.1 * same + 0.9 * other if place[number] else same
        tables.append(np.stack([same, moved, related, other]))
    return tables


def fit(
    comparer: Comparer,
    evidence: Evidence,
    chance: list[NDArray[np.float64]],
    links: dict[int, Link],
    all_pairs: float,
    rows: int,
) -> Weights:
    """Expectation maximisation over the patterns of levels."""
    place = places(comparer.fields, links)
    kinds = [field.kind for field in comparer.fields]
    levels, agreed, counts = _patterns(evidence, comparer)
    guess = first_guess(comparer, chance, place)
    has_places = sum(place) > 0
    prior = np.array([0.1, 0.005 if sum(place) > 1 else 0, 0.05 if has_places else 0, 0]) * rows / all_pairs
    prior[OTHER] = 1 - prior.sum()
    shares = [float((field.share**2).sum()) for field in comparer.fields]
    differs = [len(level_names(kind)) - 1 for kind in kinds]
    made = Weights([table.copy() for table in guess], prior, links, shares, differs)
    for step in range(ROUNDS):
        owns = _normal(made.logs(levels, agreed)) * counts[:, None]
        sums = owns.sum(0)
        sums[MOVED] = min(sums[MOVED], 0.3 * sums[SAME])
        made.prior[:OTHER] = sums[:OTHER] / all_pairs
        made.prior[OTHER] = 1 - made.prior[:OTHER].sum()
        strength = 10 + 0.05 * sums[SAME]
        for number, table in enumerate(made.tables):
            seen = np.stack([np.bincount(levels[:, number], owns[:, c], table.shape[1]) for c in range(OTHER)])
            seen[:, MISSING] = 0
            if place[number]:
                table[SAME] = _shares(seen[SAME] + strength * guess[number][SAME])
            else:
                table[SAME] = table[MOVED] = _shares(seen[SAME] + seen[MOVED] + strength * guess[number][SAME])
            if place[number] or kinds[number] in ("name", "phone"):
                table[RELATED] = _shares(seen[RELATED] + strength * guess[number][RELATED])
        if step % 10 == 9:
            _refine(made)
    return made


def _refine(weights: Weights) -> None:
    """Measure dependences again on the pairs that are probably different things."""
    for child, link in weights.links.items():
        other = _normal(weights.logs(link.sample.levels, link.sample.agreed))[:, OTHER]
        seen = np.bincount(link.sample.levels[:, child], other, len(link.table))
        seen[MISSING] = 0
        link.table = _shares(seen + weights.tables[child][OTHER])


def _shares(seen: NDArray[np.float64]) -> NDArray[np.float64]:
    return seen / seen.sum()


def _patterns(
    evidence: Evidence, comparer: Comparer
) -> tuple[Levels, NDArray[np.float64], NDArray[np.float64]]:
    """Distinct patterns of levels and rarities: levels, typical share of the agreed values, number of pairs."""
    key = np.zeros(len(evidence.levels), np.uint64)
    bins = np.zeros(evidence.levels.shape, np.int8)
    for number in range(len(comparer.fields)):
        equal = evidence.levels[:, number] == EQUAL
        bins[equal, number] = bins_of(evidence.agreed[equal, number])
        mixed = evidence.levels[:, number].astype(np.uint64) * np.uint64(BINS) + bins[:, number].astype(np.uint64)
        key = key * np.uint64(1_000_003) ^ mixed
    _, first, counts = np.unique(key, return_index=True, return_counts=True)
    return evidence.levels[first], 10.0 ** -(bins[first] + 0.5), counts.astype(float)
