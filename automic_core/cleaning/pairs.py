"""Two columns that together settle another: country and product settle the price, town and street the postcode.

Two columns make many small groups, and small groups agree by chance. So each pair is held against the same groups with
the values dealt anew within one of the two columns: only if both matter is it a pair that settles.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from automic_core.cleaning.dependencies import (
    FEWEST_GROUPS,
    FEWEST_ROWS,
    SMALLEST_GROUP,
    Dependency,
    agreement,
    measure,
    rate,
)
from automic_core.cleaning.table import MISSING, Numbers, Values

_TRUSTED = 0.5
"""Trust in one column that settles another from which no second one is looked for."""
_LEAST, _LEAST_GAIN, _SETTLED_ALONE = 0.7, 0.8, 0.98
_MOST_SCREENED = 50_000


def discover(table: Sequence[Values], known: Sequence[Dependency]) -> tuple[list[Values], list[Dependency]]:
    """Pairs of columns that settle a third which neither of them settles.

    Args:
        table: The columns.
        known: Dependencies on one column.

    Returns:
        The pairs as columns of their own, and their dependencies; ``left`` counts on from the end of the table.
    """
    pairs: list[Values] = []
    found: list[Dependency] = []
    settled = {each.right for each in known if each.trust >= _TRUSTED}
    tied = {(each.left, each.right) for each in known}
    rights = [n for n, values in enumerate(table) if n not in settled and _varies(values)]
    lefts = [n for n, values in enumerate(table) if 2 <= len(values.texts) <= values.filled / SMALLEST_GROUP]
    for one, other in itertools.combinations(lefts, 2):
        if (one, other) in tied or (other, one) in tied:
            continue
        wanted = [right for right in rights if right not in (one, other)]
        keys = _numbered(table[one], table[other]) if wanted else None
        if keys is None:
            continue
        passed = [right for right in wanted if _both_matter(table[one], table[other], keys, table[right])]
        pair = _joined(table, one, other) if passed else None
        for right in passed:
            assert pair is not None
            place = len(table) + len(pairs)
            dependency = measure(place, right, pair, table[right])
            if dependency is not None:
                found.append(dependency)
        if pair is not None and any(each.left == len(table) + len(pairs) for each in found):
            pairs.append(pair)
    return pairs, found


def _varies(values: Values) -> bool:
    """Whether enough rows hold another value than the most frequent one."""
    return len(values.texts) > 1 and values.filled - int(values.counts[0]) >= FEWEST_ROWS


def _numbered(one: Values, other: Values) -> Numbers | None:
    """A number for each pair of values in a row, -1 where one is missing; None if pairs hardly recur."""
    both = (one.codes != MISSING) & (other.codes != MISSING)
    keys = np.where(both, one.codes * len(other.texts) + other.codes, MISSING)
    _, counts = np.unique(keys[both], return_counts=True)
    big = counts[counts >= SMALLEST_GROUP]
    return keys if len(big) >= FEWEST_GROUPS and big.sum() >= max(0.2 * one.rows, FEWEST_ROWS) else None


def _both_matter(one: Values, other: Values, keys: Numbers, values: Values) -> bool:
    """Whether groups of both agree far better than if the values were dealt anew within the groups of either."""
    rows = np.flatnonzero((keys != MISSING) & (values.codes != MISSING))
    if len(rows) > _MOST_SCREENED:
        rows = _some_groups(keys, rows)
    kinds = len(values.texts)
    _, group = np.unique(keys[rows], return_inverse=True)
    codes = values.codes[rows]
    mine = rate(agreement(group, codes, kinds))
    if mine < _LEAST:
        return False
    for column in (one, other):
        alone = rate(agreement(column.codes[rows], codes, kinds))
        if alone >= _SETTLED_ALONE:
            return False
        dealt = rate(agreement(group, _dealt(column.codes[rows], codes), kinds))
        if (mine - dealt) < _LEAST_GAIN * (1 - dealt):
            return False
    return True


def _some_groups(keys: Numbers, rows: Numbers) -> Numbers:
    """Rows of some whole groups, chosen by chance."""
    distinct, inverse, counts = np.unique(keys[rows], return_inverse=True, return_counts=True)
    order = np.random.default_rng(0).permutation(len(distinct))
    chosen = np.zeros(len(distinct), dtype=bool)
    chosen[order[np.cumsum(counts[order]) <= _MOST_SCREENED]] = True
    return rows[chosen[inverse]]


def _dealt(groups: Numbers, codes: Numbers) -> npt.NDArray[np.int64]:
    """The values in another order within each group."""
    chance = np.random.default_rng(0).random(len(codes))
    found = np.empty_like(codes)
    found[np.argsort(groups, kind="stable")] = codes[np.lexsort((chance, groups))]
    return found


def _joined(table: Sequence[Values], one: int, other: int) -> Values:
    """Two columns as one, whose values are pairs."""
    left, right = table[one], table[other]
    both = (left.codes != MISSING) & (right.codes != MISSING)
    distinct, inverse, counts = np.unique(
        left.codes[both] * len(right.texts) + right.codes[both], return_inverse=True, return_counts=True
    )
    order = np.lexsort((distinct, -counts))
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    codes = np.full(left.rows, MISSING)
    codes[both] = place[inverse]
    parts = zip(
        (distinct[order] // len(right.texts)).tolist(), (distinct[order] % len(right.texts)).tolist(), strict=True
    )
    texts = [f"{left.told(a)} and {right.told(b)}" for a, b in parts]
    return Values(f"{left.name} and {right.name}", texts, counts[order], codes, (one, other))


def parts_of(table: Sequence[Values], left: int) -> tuple[int, ...]:
    """The columns behind a column: itself, or the two of a pair."""
    return table[left].parts or (left,)


def doubts(columns: Sequence[npt.NDArray[np.float64]], table: Sequence[Values]) -> Iterator[npt.NDArray[np.float64]]:
    """How probable each cell is wrong, for pairs too: a pair is as doubtful as the more doubtful of its parts."""
    for place in range(len(table)):
        yield np.maximum.reduce([columns[part] for part in parts_of(table, place)])
