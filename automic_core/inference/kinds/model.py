"""Boosted trees in plain arrays: scores for a class, and which figures they come from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SLICE = 256  # columns scored at once
_LEAF = -1
VERSION = 1


@dataclass(frozen=True)
class Forest:
    """Trees of all classes, their nodes one after another, each node before its children and its left child next.

    Attributes:
        origin: What the weights were learned from.
        classes: Names of the classes.
        inputs: Figures and terms the splits ask for, in the order of the columns of a matrix.
        base: Score of each class before any tree.
        heat: Scores are divided by this before they become probabilities; 1 = as learned.
        roots: First node of each tree; trees go round the classes.
        feature: Column each node asks for; -1 for a leaf.
        threshold: A value up to this goes left.
        blank: Whether a missing value goes left.
        right: Right child.
        value: Score of each node: mean of the leaves under it, weighted by the rows they were learned from.
    """

    origin: str
    classes: tuple[str, ...]
    inputs: tuple[str, ...]
    base: NDArray[np.float64]
    heat: float
    roots: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    blank: NDArray[np.bool_]
    right: NDArray[np.int64]
    value: NDArray[np.float64]

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Forest:
        """From the JSON that the training script writes.

        Raises:
            ValueError: The data is of another version.
        """
        if data.get("version") != VERSION:
            raise ValueError(f"Weights of version {data.get('version')!r}; this program reads version {VERSION}.")
        return cls(
            data["origin"],
            tuple(data["classes"]),
            tuple(data["inputs"]),
            np.array(data["base"], dtype=float),
            float(data["heat"]),
            np.array(data["roots"], dtype=np.int64),
            np.array(data["feature"], dtype=np.int64),
            np.array(data["threshold"], dtype=float),
            np.array(data["blank"], dtype=bool),
            np.array(data["right"], dtype=np.int64),
            np.array(data["value"], dtype=float) / data["unit"],
        )

    def matrix(self, figures: Sequence[Mapping[str, float]], known: Sequence[set[str]]) -> NDArray[np.float64]:
        """One row a column: its figures by name, and 1 for each term it has."""
        place = {name: i for i, name in enumerate(self.inputs)}
        matrix = np.zeros((len(figures), len(place)))
        for row, (named, terms) in enumerate(zip(figures, known, strict=True)):
            for name, figure in named.items():
                if (i := place.get(name)) is not None:
                    matrix[row, i] = figure
            for term in terms:
                if (i := place.get(term)) is not None:
                    matrix[row, i] = 1.0
        return matrix

    def scores(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Score of each class (columns) for each row."""
        parts = [self._paths(matrix[at : at + _SLICE])[0] for at in range(0, len(matrix), _SLICE)]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.classes)))

    def probabilities(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Calibrated probabilities from scores."""
        cooled = scores / self.heat
        raised = np.exp(cooled - cooled.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))

    def shares(self, matrix: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Scores, and how much of each score each input gave: rows x classes x inputs.

        A split gives its input the change of the score from the node to the child taken (A. Saabas, "Interpreting
        random forests", 2014); the shares of a row add up to its score less the roots and the base.
        """
        scores, parts = [], []
        for at in range(0, len(matrix), _SLICE):
            score, part = self._paths(matrix[at : at + _SLICE], explain=True)
            scores.append(score)
            parts.append(part)
        return np.concatenate(scores), np.concatenate(parts)

    def _paths(
        self, matrix: NDArray[np.float64], *, explain: bool = False
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        rows, classes = np.arange(len(matrix))[:, None], len(self.classes)
        told = np.arange(len(self.roots)) % classes
        shares = np.zeros((len(matrix), classes, len(self.inputs) if explain else 0))
        node = np.tile(self.roots, (len(matrix), 1))
        while True:
            asked = self.feature[node]
            inner = asked != _LEAF
            if not inner.any():
                break
            figure = matrix[rows, np.maximum(asked, 0)]
            left = np.where(np.isnan(figure), self.blank[node], figure <= self.threshold[node])
            child = np.where(inner, np.where(left, node + 1, self.right[node]), node)
            if explain:
                at, tree = np.nonzero(inner)
                change = self.value[child[at, tree]] - self.value[node[at, tree]]
                np.add.at(shares, (at, told[tree], asked[at, tree]), change)
            node = child
        leaves = self.value[node].reshape(len(matrix), -1, classes)
        return self.base + leaves.sum(axis=1), shares


@cache
def forest() -> Forest:
    """The forest that ships with the package."""
    text = files("automic_core.inference.kinds").joinpath("weights.json").read_text(encoding="utf-8")
    return Forest.read(json.loads(text))
