"""The levels of many pairs at once, refined by how common an agreed value is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automic_core.matching.comparing import EQUAL, MISSING, Levels, Rows, compare, level_names, similarity
from automic_core.matching.fields import Field
from automic_core.matching.keys import swappable

BINS = 6
"""Equal values fall in bins by their share of rows: each bin is ten times rarer than the one before."""


@dataclass
class Evidence:
    """Levels of pairs: one column a field.

    Attributes:
        levels: Pairs x fields. Level numbers of a field as in ``comparing``, one more for "swapped".
        agreed: Pairs x fields: share of the rows that hold the agreed value; 1 where the two differ.
    """

    levels: Levels
    agreed: NDArray[np.float32]


class Comparer:
    """Compares rows of one table field by field."""

    def __init__(self, fields: list[Field]) -> None:
        self.fields = fields
        self.swaps = [(fields.index(a), fields.index(b)) for a, b in swappable(fields)]
        firsts = {first for first, _ in self.swaps}
        self.names = [level_names(f.kind) + (["swapped"] if i in firsts else []) for i, f in enumerate(fields)]

    def compare(self, left: Rows, right: Rows) -> Evidence:
        """Levels of each pair of rows."""
        levels = np.empty((len(left), len(self.fields)), np.int8)
        agreed = np.ones((len(left), len(self.fields)), np.float32)

        def one(place: int, field: Field) -> None:
            found = compare(field, left, right)
            equal = np.flatnonzero(found == EQUAL)
            levels[:, place] = found
            agreed[equal, place] = field.share[field.codes[left[equal]]]

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(one, range(len(self.fields)), self.fields))
        for first, second in self.swaps:
            self._swap(levels, first, second, left, right)
        return Evidence(levels, agreed)

    def _swap(self, levels: Levels, first: int, second: int, left: Rows, right: Rows) -> None:
        """Mark pairs whose two values stand in each other's column; the first field carries the evidence of both."""
        one, other = self.fields[first], self.fields[second]
        maybe = np.flatnonzero((levels[:, first] > EQUAL) & (levels[:, second] > EQUAL))
        a, b = left[maybe], right[maybe]
        alike = np.minimum(
            similarity(one.values[one.codes[a]], other.values[other.codes[b]]),
            similarity(other.values[other.codes[a]], one.values[one.codes[b]]),
        )
        swapped = maybe[alike >= 0.9]
        levels[swapped, first] = len(level_names(one.kind))
        levels[swapped, second] = MISSING


def bins_of(share: NDArray[np.floating]) -> NDArray[np.int64]:
    """Bin of each share: 0 = one in ten or more, then a bin a factor of ten."""
    return np.asarray(np.clip(np.floor(-np.log10(np.maximum(share, 1e-12))), 0, BINS - 1), np.int64)
