"""Pairs become clusters: rows are put together as long as, taken over all their pairs, the evidence is for it.

Components of likely pairs are looked at as a whole: every pair inside is scored, also those that blocking did not
propose, and clusters are merged greedily by their mean log-odds (average linkage, correlation clustering's objective).
A chain of weak bridges so never makes one cluster of two.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

Scores = NDArray[np.float64]
Rows = NDArray[np.int32]
Score = Callable[[Rows, Rows], Scores]
"""Log-odds that each pair of rows is the same thing."""

LARGEST = 80
"""Rows of a component that is scored as a whole; a larger one is cut at its weakest bridges first."""
WHOLE = 1000
"""Rows of a component that is not scored as a whole even if it could not be cut."""
CLIP = 8.0
"""No single pair counts for more than this (log-odds)."""


class Graph:
    """Rows and the odds of the pairs inside each component of likely pairs.

    Attributes:
        left: Rows of the pairs.
        right: The other rows.
        odds: Their log-odds.
    """

    def __init__(
        self,
        left: Rows,
        right: Rows,
        odds: Scores,
        rows: int,
        score: Score,
        lowest: float = 0.0,
        forced: Callable[[Rows, Rows], Scores] | None = None,
    ) -> None:
        """Score what lies inside the components.

        Args:
            left: Rows of the candidate pairs.
            right: The other rows.
            odds: Their log-odds.
            rows: Number of rows.
            score: Gives the log-odds of any pairs.
            lowest: The lowest cut that will be asked for.
            forced: What people decided about pairs: positive for the same, negative for different, 0 for nothing.
        """
        self.rows, self.lowest = rows, lowest
        keep = odds > min(lowest, 0) - 2
        self.component = _components(left[keep], right[keep], odds[keep], rows)
        self.left, self.right = _inner_pairs(self.component)
        self.huge = np.bincount(self.component)[self.component] > WHOLE
        self.edges = left[keep], right[keep], odds[keep]
        self.odds = np.clip(score(self.left, self.right), -CLIP, CLIP) if len(self.left) else np.empty(0)
        if forced is not None and len(self.left):
            self.odds += forced(self.left, self.right)

    def clusters(self, cut: float) -> NDArray[np.int32]:
        """A cluster number for each row; two clusters are one where their mean log-odds are above ``cut``."""
        made = np.arange(self.rows, dtype=np.int32)
        label, which, inner = self.component, self.component[self.left], self.odds - cut
        worst, best = np.full(self.rows, np.inf), np.full(self.rows, -np.inf)
        np.minimum.at(worst, which, inner)
        np.maximum.at(best, which, inner)
        first = np.full(self.rows, self.rows, np.int32)
        np.minimum.at(first, label, made)
        whole = (worst[label] > 0) & np.isfinite(worst[label])
        made[whole] = first[label[whole]]
        torn = np.flatnonzero((worst[which] <= 0) & (best[which] > 0))
        if len(torn):
            order = torn[np.argsort(which[torn], kind="stable")]
            starts = np.flatnonzero(np.diff(which[order], prepend=-1))
            for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
                part = order[start:end]
                _merge(self.left[part], self.right[part], inner[part], made)
        self._join_huge(cut, made)
        return _renumbered(made)

    def _join_huge(self, cut: float, made: NDArray[np.int32]) -> None:
        """Components too large to be scored as a whole hold together where their candidate pairs do."""
        left, right, odds = self.edges
        some = np.flatnonzero(self.huge[left] & (self.component[left] == self.component[right]) & (odds > cut))
        if len(some):
            label = _connected(left[some], right[some], self.rows)
            first = np.full(self.rows, self.rows, np.int32)
            np.minimum.at(first, label, np.arange(self.rows, dtype=np.int32))
            made[self.huge] = first[label[self.huge]]


def _connected(left: Rows, right: Rows, rows: int) -> NDArray[np.int32]:
    graph = sparse.coo_matrix((np.ones(len(left), np.int8), (left, right)), (rows, rows))
    label: NDArray[np.int32] = connected_components(graph, directed=False)[1]
    return label


def _components(left: Rows, right: Rows, odds: Scores, rows: int) -> NDArray[np.int32]:
    """Connected components; those too large are cut where their links are weakest, until they are small."""
    label = _connected(left, right, rows)
    cut = 0.0
    while len(left):
        sizes = np.bincount(label)
        big = sizes[label[left]] > LARGEST
        if not big.any() or cut > 30:
            break
        keep = ~big | (odds > cut)
        left, right, odds = left[keep], right[keep], odds[keep]
        label = _connected(left, right, rows)
        cut += 1
    return label


def _inner_pairs(label: NDArray[np.int32]) -> tuple[Rows, Rows]:
    """Every pair of rows in one component."""
    order = np.argsort(label, kind="stable").astype(np.int32)
    sizes = np.bincount(label)[label[order]]
    order = order[(sizes > 1) & (sizes <= WHOLE)]
    left, right = [], []
    step = 1
    while len(order) > step:
        same = np.flatnonzero(label[order[step:]] == label[order[:-step]])
        if not len(same):
            break
        left.append(order[same])
        right.append(order[same + step])
        step += 1
    if not left:
        return order[:0], order[:0]
    return np.concatenate(left), np.concatenate(right)


def _merge(a: Rows, b: Rows, odds: Scores, made: NDArray[np.int32]) -> None:
    """Greedy average linkage in one component; ``made`` gets the lowest row of each cluster."""
    rows, places = np.unique(np.concatenate([a, b]), return_inverse=True)
    size = len(rows)
    total = np.full((size, size), 0.0)
    total[places[: len(a)], places[len(a) :]] = odds
    total += total.T
    np.fill_diagonal(total, -np.inf)
    weight, owner = np.ones(size), np.arange(size)
    while True:
        mean = total / np.outer(weight, weight)
        one, other = np.unravel_index(np.argmax(mean), mean.shape)
        if mean[one, other] <= 0:
            break
        total[one] += total[other]
        total[:, one] += total[:, other]
        total[other], total[:, other], total[one, one] = -np.inf, -np.inf, -np.inf
        weight[one] += weight[other]
        owner[owner == other] = one
    for cluster in np.unique(owner):
        members = rows[owner == cluster]
        made[members] = members.min()


def _renumbered(made: NDArray[np.int32]) -> NDArray[np.int32]:
    """Numbers 0, 1, 2 … in order of each cluster's first row."""
    return np.unique(made, return_inverse=True)[1].astype(np.int32)
