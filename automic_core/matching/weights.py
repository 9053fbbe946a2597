"""How much each level of each field speaks for "the same": learned from the pairs themselves, without labels.

The model is Fellegi and Sunter's (1969), fitted by expectation maximisation over all pairs of rows: those that
blocking left out are taken for different. Beside "same" and "nothing in common" it knows two more kinds of pairs, so
that evidence which goes together is not counted twice: "related" pairs, of different things that share a place or a
phone (a household, a branch office), and "moved" ones, the same thing with all of its place changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automic_core.matching.chance import Link, places
from automic_core.matching.comparing import EQUAL, MISSING, Levels, level_names
from automic_core.matching.evidence import BINS, Comparer, Evidence, bins_of

SAME, MOVED, RELATED, OTHER = range(4)
ROUNDS = 40
STEP = 200_000
LABEL = 5.0
"""Pairs that one label counts for."""
_FLOOR = 1e-7


@dataclass
class Weights:
    """What the fit found.

    Attributes:
        tables: For each field, classes x levels: probability of the level in each class.
        prior: Share of all pairs in each class.
        links: Fields that depend on another among different things.
        shares: For each field, the chance that two values are equal.
        differs: For each field, the level "different".
        slope: What labels taught about the log-odds as a whole: they are stretched by this,
        shift: and moved by this.
    """

    tables: list[NDArray[np.float64]]
    prior: NDArray[np.float64]
    links: dict[int, Link]
    shares: list[float]
    differs: list[int]
    slope: float = 1.0
    shift: float = 0.0

    @classmethod
    def from_state(cls, state: Mapping[str, Any], names: list[str]) -> Weights:
        """Read ``state`` back, for the fields that are there.

        Raises:
            KeyError: A field was not learned.
        """
        known = [part["name"] for part in state["fields"]]
        order = [known.index(name) for name in names]
        links = {
            order.index(link["child"]): Link(tuple(map(order.index, link["parents"])), np.array(link["table"]), None)
            for link in state["links"]
            if {link["child"], *link["parents"]} <= set(order)
        }
        return cls(
            [np.array(state["tables"][number]) for number in order],
            np.array(state["prior"]),
            links,
            [state["shares"][number] for number in order],
            [state["differs"][number] for number in order],
            state["slope"],
            state["shift"],
        )

    def state(self) -> dict[str, Any]:
        """Everything as JSON."""
        return {
            "tables": [table.tolist() for table in self.tables],
            "prior": self.prior.tolist(),
            "links": [
                {"child": child, "parents": list(link.parents), "table": link.table.tolist()}
                for child, link in sorted(self.links.items())
            ],
            "shares": self.shares,
            "differs": self.differs,
            "slope": self.slope,
            "shift": self.shift,
        }

    def odds(self, evidence: Evidence) -> NDArray[np.float64]:
        """Log-odds of each pair being the same thing."""
        made = np.empty(len(evidence.levels))
        for start in range(0, len(made), STEP):
            part = slice(start, start + STEP)
            made[part] = self.odds_of(evidence.levels[part], evidence.agreed[part])
        return made

    def odds_of(self, levels: Levels, agreed: NDArray[np.floating]) -> NDArray[np.float64]:
        """Log-odds by levels and shares of agreed values."""
        logs = self.logs(levels, agreed)
        made = np.logaddexp(logs[:, SAME], logs[:, MOVED]) - np.logaddexp(logs[:, RELATED], logs[:, OTHER])
        return np.asarray(self.slope * made + self.shift)

    def logs(self, levels: Levels, agreed: NDArray[np.floating]) -> NDArray[np.float64]:
        """Pairs x classes: log of prior times likelihood."""
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
    return np.asarray(total / total.sum(1, keepdims=True))


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
    told: tuple[Evidence, NDArray[np.bool_]] | None = None,
    stands: NDArray[np.float64] | None = None,
) -> Weights:
    """Expectation maximisation over the patterns of levels.

    Args:
        comparer: The fields.
        evidence: Levels of the candidate pairs.
        chance: Probability of each level among different things.
        links: Fields that depend on others among different things.
        all_pairs: Number of pairs of rows.
        rows: Number of rows.
        told: Levels of labelled pairs, and whether each is the same thing.
        stands: Pairs that each candidate stands for, where they are a sample; None = each for itself.
    """
    place = places(comparer.fields, links)
    kinds = [field.kind for field in comparer.fields]
    levels, agreed, counts = _patterns(evidence, comparer, stands)
    guess = first_guess(comparer, chance, place)
    has_places = sum(place) > 0
    prior = np.array([0.1, 0.005 if sum(place) > 1 else 0, 0.05 if has_places else 0, 0]) * rows / all_pairs
    prior[OTHER] = 1 - prior.sum()
    shares = [float((field.share**2).sum()) for field in comparer.fields]
    differs = [len(level_names(kind)) - 1 for kind in kinds]
    made = Weights([table.copy() for table in guess], prior, links, shares, differs)
    for step in range(ROUNDS):
        owns = _normal(made.logs(levels, agreed)) * counts[:, None]
        levels_now, owned = levels, owns
        if told is not None:
            levels_now = np.concatenate([levels, told[0].levels])
            owned = np.concatenate([owns, _taught(made, told)])
        sums = owns.sum(0)
        sums[MOVED] = min(sums[MOVED], 0.3 * sums[SAME])
        made.prior[:OTHER] = sums[:OTHER] / all_pairs
        made.prior[OTHER] = 1 - made.prior[:OTHER].sum()
        strength = 10 + 0.05 * sums[SAME]
        for number, table in enumerate(made.tables):
            seen = np.stack([np.bincount(levels_now[:, number], owned[:, c], table.shape[1]) for c in range(OTHER)])
            seen[:, MISSING] = 0
            if place[number]:
                table[SAME] = _shares(seen[SAME] + strength * guess[number][SAME])
            else:
                table[SAME] = table[MOVED] = _shares(seen[SAME] + seen[MOVED] + strength * guess[number][SAME])
            if place[number] or kinds[number] in ("name", "phone"):
                table[RELATED] = _shares(seen[RELATED] + strength * guess[number][RELATED])
        if step % 10 == 9:
            _refine(made)
    if told is not None:
        made.slope, made.shift = _calibrated(made.odds(told[0]), told[1])
    return made


def _taught(weights: Weights, told: tuple[Evidence, NDArray[np.bool_]]) -> NDArray[np.float64]:
    """Classes of labelled pairs: each label rules out the classes it denies, and counts as several pairs."""
    logs = weights.logs(told[0].levels, told[0].agreed)
    logs[:, [SAME, MOVED]] = np.where(told[1][:, None], logs[:, [SAME, MOVED]], -np.inf)
    logs[:, [RELATED, OTHER]] = np.where(told[1][:, None], -np.inf, logs[:, [RELATED, OTHER]])
    return LABEL * _normal(logs)


def _calibrated(odds: NDArray[np.float64], same: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and shift of the log-odds by which the labels become most likely, held near 1 and 0 (Platt, 1999)."""
    from scipy.optimize import minimize

    odds = np.clip(odds, -12, 12)
    sign = np.where(same, 1.0, -1.0)

    def loss(found: NDArray[np.float64]) -> float:
        given = sign * (found[0] * odds + found[1])
        return float(np.logaddexp(0, -given).sum() + 5 * (found[0] - 1) ** 2 + 0.5 * found[1] ** 2)

    slope, shift = minimize(loss, np.array([1.0, 0.0])).x
    return max(0.2, float(slope)), float(shift)


def _refine(weights: Weights) -> None:
    """Measure dependences again on the pairs that are probably different things."""
    for child, link in weights.links.items():
        if link.sample is None:
            continue
        other = _normal(weights.logs(link.sample.levels, link.sample.agreed))[:, OTHER]
        seen = np.bincount(link.sample.levels[:, child], other, len(link.table))
        seen[MISSING] = 0
        link.table = _shares(seen + weights.tables[child][OTHER])


def _shares(seen: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(seen / seen.sum())


def _patterns(
    evidence: Evidence, comparer: Comparer, stands: NDArray[np.float64] | None
) -> tuple[Levels, NDArray[np.floating], NDArray[np.floating]]:
    """Distinct patterns of levels and rarities: levels, typical share of the agreed values, number of pairs."""
    key = np.zeros(len(evidence.levels), np.uint64)
    bins = np.zeros(evidence.levels.shape, np.int8)
    for number in range(len(comparer.fields)):
        equal = evidence.levels[:, number] == EQUAL
        bins[equal, number] = bins_of(evidence.agreed[equal, number])
        mixed = evidence.levels[:, number].astype(np.uint64) * np.uint64(BINS) + bins[:, number].astype(np.uint64)
        key = key * np.uint64(1_000_003) ^ mixed
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    return evidence.levels[first], 10.0 ** -(bins[first] + 0.5), np.bincount(inverse, stands).astype(float)
