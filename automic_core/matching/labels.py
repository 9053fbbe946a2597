"""What people said about pairs: the same, or different. Obeyed by clusters, and a lesson for the weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automic_core.errors import ConfigError

SURE = 1e6
"""Log-odds of a pair that a person decided."""


@dataclass(frozen=True)
class Labels:
    """Decided pairs of row numbers.

    Attributes:
        left: Lower row of each pair.
        right: Higher row.
        same: Whether they are the same thing.
    """

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    same: NDArray[np.bool_]

    def forced(self, left: NDArray[np.int32], right: NDArray[np.int32], rows: int) -> NDArray[np.float64]:
        """For each pair ``SURE``, ``-SURE`` or 0 as it was decided."""
        low, high = np.minimum(left, right).astype(np.int64), np.maximum(left, right)
        mine = self.left.astype(np.int64) * rows + self.right
        order = np.argsort(mine)
        place = np.minimum(np.searchsorted(mine[order], low * rows + high), len(mine) - 1)
        found = order[place]
        return np.where(mine[found] == low * rows + high, np.where(self.same[found], SURE, -SURE), 0.0)


def read_labels(told: Sequence[Sequence[object]], numbers: dict[object, int]) -> Labels | None:
    """Labels by row number from (one id, other id, same) triples; the last word on a pair holds.

    Args:
        told: The triples. Pairs of which a row is gone are left out.
        numbers: Row number of each id.

    Raises:
        ConfigError: A label is no triple of two different ids and true or false, or labels contradict each other.
    """
    last: dict[tuple[int, int], bool] = {}
    for label in told:
        if len(label) != 3 or not isinstance(label[2], bool | np.bool_) or label[0] == label[1]:
            raise ConfigError(
                f"A label must name two different rows and say true or false, not {list(label)!r}.",
                "Write for example [17, 42, true]: row 17 and row 42 are the same.",
            )
        if label[0] in numbers and label[1] in numbers:
            pair = sorted((numbers[label[0]], numbers[label[1]]))
            last[pair[0], pair[1]] = bool(label[2])
    if not last:
        return None
    _check(last, {number: name for name, number in numbers.items()})
    left, right = (np.array(part, np.int32) for part in zip(*last, strict=True))
    return Labels(left, right, np.array(list(last.values())))


def _check(last: dict[tuple[int, int], bool], names: dict[int, object]) -> None:
    """Refuse labels that cannot all hold: a chain of "same" between two rows that are "different"."""
    owner: dict[int, int] = {}

    def root(row: int) -> int:
        while owner.get(row, row) != row:
            row = owner[row]
        return row

    for (one, other), same in last.items():
        if same:
            owner[root(one)] = root(other)
    for (one, other), same in last.items():
        if not same and root(one) == root(other):
            raise ConfigError(
                f"The labels contradict each other: {names[one]!r} and {names[other]!r} are told to be different, and "
                "by other labels to be the same.",
                "Take one of these labels back.",
            )
