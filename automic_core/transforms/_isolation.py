"""Isolation forest (Liu, Ting & Zhou 2008): rows that random cuts set apart quickly. Trees are plain lists of numbers.

scikit-learn grows the trees; they are kept as lists, so that a fitted step is JSON. The score is
2 ** (-mean path length / expected path length), between 0 and 1; about 0.5 for ordinary rows.
"""

from __future__ import annotations

import math
from typing import Any, TypedDict

import numpy as np

from automic_core.transforms._features import Matrix

TREES, SAMPLE = 100, 256
_EULER = 0.5772156649015329


class Tree(TypedDict):
    """Nodes of a tree; node 0 is the root.

    ``column`` cut at (negative in a leaf), ``cut`` (rows up to it go ``left``, others ``right``), ``depth``: the path
    length that ends in a leaf, with what a full tree would add for the rows that share it.
    """

    column: list[int]
    cut: list[float]
    left: list[int]
    right: list[int]
    depth: list[float]


def learn(rows: Matrix, seed: int = 0) -> list[Tree]:
    """Trees on random samples of 256 rows; the same rows give the same trees."""
    from sklearn.ensemble import IsolationForest

    size = min(SAMPLE, len(rows))
    forest = IsolationForest(n_estimators=TREES, max_samples=size, random_state=seed).fit(rows.astype(np.float32))
    return [_plain(estimator.tree_) for estimator in forest.estimators_]


def score(rows: Matrix, trees: list[Tree], size: int) -> Matrix:
    """Scores of rows.

    Args:
        rows: As at the fit.
        trees: Of the fit.
        size: Rows in the fit.
    """
    values = rows.astype(np.float32)  # as the trees were grown
    total = np.zeros(len(rows))
    for tree in trees:
        column, cut = np.asarray(tree["column"]), np.asarray(tree["cut"])
        left, right = np.asarray(tree["left"]), np.asarray(tree["right"])
        node = np.zeros(len(rows), dtype=np.int64)
        moving = np.arange(len(rows))
        while len(moving := moving[column[node[moving]] >= 0]):
            at = node[moving]
            node[moving] = np.where(values[moving, column[at]] <= cut[at], left[at], right[at])
        total += np.asarray(tree["depth"])[node]
    return np.asarray(2.0 ** (-total / len(trees) / max(_expected(min(SAMPLE, size)), 1e-9)))


def _plain(tree: Any) -> Tree:
    depth = np.zeros(tree.node_count)
    for node in range(tree.node_count):  # a parent comes before its children
        for child in (tree.children_left[node], tree.children_right[node]):
            if child >= 0:
                depth[child] = depth[node] + 1
    added = [_expected(int(rows)) for rows in tree.n_node_samples]
    return {
        "column": tree.feature.tolist(),
        "cut": tree.threshold.tolist(),
        "left": tree.children_left.tolist(),
        "right": tree.children_right.tolist(),
        "depth": (depth + added).tolist(),
    }


def _expected(rows: int) -> float:
    """Mean path length of an unsuccessful search in a binary tree of so many rows (equation 1 of the paper)."""
    if rows <= 1:
        return 0.0
    return 2 * (math.log(rows - 1) + _EULER) - 2 * (rows - 1) / rows if rows > 2 else 1.0
