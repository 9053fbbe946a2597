"""Columns that settle another: a provider's number settles its name, in all rows but the wrong ones.

Real dependencies with errors and mere correlations look alike by their rate of agreement. What tells them apart is how
the disagreement spreads. Errors strike rows at random, so the share of groups without any is what a binomial gives for
that rate. In a correlation most groups agree altogether and the others disagree much.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binom

from automic_core.cleaning.table import MISSING, Numbers, Shares, Values

FEWEST_ROWS, FEWEST_GROUPS, SMALLEST_GROUP = 20, 5, 3
_COVERS = 0.2
_LEAST_AGREEMENT = (0.5, 0.97)
"""Agreement beyond chance asked of a column of 15 values or more alike in number, and of one that has hardly two."""
_MANY_VALUES = 15.0
_MOST_EXCESS, _MOST_OF_SEVERAL = 0.25, 0.2
UNLIKELY = 0.001
"""Excess of groups without any disagreement at which nothing is left of the trust in a dependency."""


@dataclass(frozen=True)
class Groups:
    """How the rows of each value of one column agree on another. One entry a group of at least two rows.

    Attributes:
        key: The value (its code) that makes the group.
        rows: Rows that have both values.
        usual: The most frequent value.
        agree: Rows that hold it.
        second: Rows that hold the next one.
    """

    key: Numbers
    rows: Numbers
    usual: Numbers
    agree: Numbers
    second: Numbers

    def where(self, kept: npt.NDArray[np.bool_]) -> Groups:
        """Some of the groups."""
        return Groups(self.key[kept], self.rows[kept], self.usual[kept], self.agree[kept], self.second[kept])


@dataclass(frozen=True)
class Dependency:
    """A column that settles another, errors apart.

    Attributes:
        left, right: The columns (their places in the table).
        trust: 0 to 1.
        wrong: Share of rows that disagree with their group.
        groups: Groups of three rows or more.
    """

    left: int
    right: int
    trust: float
    wrong: float
    groups: Groups


def discover(table: Sequence[Values]) -> Iterator[Dependency]:
    """All dependencies between two columns, in the order of the columns."""
    for left, keys in enumerate(table):
        repeated = int(keys.counts[keys.counts >= SMALLEST_GROUP].sum())
        if len(keys.texts) < 2 or repeated < max(_COVERS * keys.rows, FEWEST_ROWS):
            continue
        for right, values in enumerate(table):
            if right != left and len(values.texts) > 1:
                found = measure(left, right, keys, values)
                if found is not None:
                    yield found


def measure(left: int, right: int, keys: Values, values: Values) -> Dependency | None:
    """How well the column ``keys`` settles ``values``; None if it does not."""
    both = (keys.codes != MISSING) & (values.codes != MISSING)
    groups = agreement(keys.codes[both], values.codes[both], len(values.texts))
    big = groups.rows >= SMALLEST_GROUP
    if groups.rows.sum() < FEWEST_ROWS or big.sum() < FEWEST_GROUPS:
        return None
    if alike(values) >= _MANY_VALUES and rate(groups) < _LEAST_AGREEMENT[0]:
        return None  # agreement beyond chance is never more than agreement
    beyond, least = _beyond_chance(keys, values, both, groups.usual[big]), _least(values)
    if beyond < least:
        return None
    kept = _of_one_truth(groups.where(big))
    wrong = float(1 - kept.agree.sum() / kept.rows.sum())
    trust = spread_trust(kept, wrong) * min(1.0, 0.75 + (beyond - least))
    return Dependency(left, right, trust, wrong, kept) if trust > 0 else None


def _of_one_truth(groups: Groups) -> Groups:
    """The groups without those whose second value recurs more than errors do, if these are few: a code of two towns."""
    kept = groups
    for _ in range(2):
        odd, rows = int((kept.rows - kept.agree).sum()), int(kept.rows.sum())
        mine = np.isin(groups.key, kept.key)  # a group is held against the others: a large one would excuse itself
        others = np.maximum(rows - groups.rows * mine, 1)
        elsewhere = np.maximum(odd - (groups.rows - groups.agree) * mine, 0.5) / others
        several = (groups.second >= 2) & (binom.sf(groups.second - 1, groups.rows, elsewhere) < UNLIKELY)
        if several.mean() > _MOST_OF_SEVERAL:
            return groups
        kept = groups.where(~several)
    return kept


def _beyond_chance(keys: Values, values: Values, both: npt.NDArray[np.bool_], at_home: Numbers) -> float:
    """Agreement on a scale from chance (0) to perfect (1), of values that some group settles on.

    A value no group settles on is an error or an exception; counted, it would hide that a column of hardly two values
    depends on another.
    """
    settled = np.zeros(len(values.texts) + 1, dtype=bool)
    settled[at_home] = True
    known = both & settled[values.codes] if alike(values) < _MANY_VALUES else both
    if settled.sum() < 2 or known.sum() < _COVERS * keys.rows:
        return 0.0
    mine = rate(agreement(keys.codes[known], values.codes[known], len(values.texts)))
    shuffled = np.random.default_rng(0).permutation(values.codes[known])
    chance = rate(agreement(keys.codes[known], shuffled, len(values.texts)))
    return (mine - chance) / (1 - chance) if chance < 1 else 0.0


def agreement(keys: Numbers, values: Numbers, kinds: int) -> Groups:
    """Groups of at least two rows by ``keys``; ``values`` are below ``kinds``."""
    pairs, counts = np.unique(keys * kinds + values, return_counts=True)
    group = pairs // kinds
    order = np.lexsort((-counts, group))
    group, counts, value = group[order], counts[order], (pairs % kinds)[order]
    start = np.flatnonzero(np.r_[True, group[1:] != group[:-1]]) if len(group) else np.zeros(0, dtype=np.int64)
    rows = np.add.reduceat(counts, start) if len(start) else counts
    next_one = np.minimum(start + 1, max(len(group) - 1, 0))
    second = np.where(np.diff(np.r_[start, len(group)]) > 1, counts[next_one], 0)
    big = rows >= 2
    return Groups(group[start][big], rows[big], value[start][big], counts[start][big], second[big])


def spread_trust(groups: Groups, wrong: float) -> float:
    """How well the disagreement fits errors at random, 0 to 1: no more groups without any than such errors leave."""
    if not wrong:
        return 1.0
    whole = float((groups.agree == groups.rows).mean())
    expected = float(((1 - wrong) ** groups.rows).mean())
    majority = float((groups.agree * 2 > groups.rows).mean())
    excess = max(whole - expected - 0.05, 0.0)
    return max(0.0, 1 - excess / _MOST_EXCESS) * max(0.0, min(1.0, (majority - 0.5) / 0.25))


def rate(groups: Groups) -> float:
    """Share of the rows that hold the usual value of their group."""
    rows = int(groups.rows.sum())
    return float(groups.agree.sum()) / rows if rows else 1.0


def _least(values: Values) -> float:
    """Agreement beyond chance to ask for: much where a column has few values, as any two such columns are related."""
    few = min(max((_MANY_VALUES - alike(values)) / (_MANY_VALUES - 2), 0.0), 1.0)
    return _LEAST_AGREEMENT[0] + few * (_LEAST_AGREEMENT[1] - _LEAST_AGREEMENT[0])


def alike(values: Values) -> float:
    """How many values a column has in effect: as many of equal share are as concentrated (inverse Simpson index)."""
    shares: Shares = values.counts / max(values.filled, 1)
    return 1 / float((shares**2).sum()) if values.filled else 1.0
