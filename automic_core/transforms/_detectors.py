"""Detectors of strange rows over the features of a table, each a score that grows with strangeness, and their union.

- farthest: the largest deviation of a row. Finds a single value far out.
- altogether: the sum of log(1 + deviation). Finds many values a little out.
- neighbours: distance to the k-th nearest of up to 2,000 rows, k a twentieth of them; deviations beyond 10 count as
  10. Finds unusual combinations of usual values, and small crowds far from the rest.
- forest: isolation forest.

``auto`` chooses by the profile of the table. Each score is put on one scale, robust deviations above its median, and
squeezed by asinh so that none shouts down the others; their mean is the verdict.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

import numpy as np

from automic_core.transforms import _isolation
from automic_core.transforms._features import Matrix

Detector = Literal["farthest", "altogether", "neighbours", "forest"]
LIMIT = 3.5
"""Robust deviations above the median at which a row is an anomaly (Iglewicz & Hoaglin 1993)."""
_REFERENCES, _SHARE, _FEWEST_NEIGHBOURS, _CAP = 2000, 0.05, 10, 10.0
_FEW_ROWS, _MANY_COLUMNS = 30, 100


class Scale(TypedDict):
    """Median and spread of a detector's scores at the fit."""

    middle: float
    spread: float


class Model(TypedDict, total=False):
    """What the detectors learned: ``rows`` seen, a ``scale`` each, and the neighbours' or the forest's own."""

    rows: int
    scales: dict[str, Scale]
    references: list[list[float]]
    trees: list[_isolation.Tree]


def choose(deviations: Matrix) -> tuple[list[Detector], str]:
    """Detectors that suit a table, and why.

    One column has no combinations. In hundreds of columns all distances grow alike (Beyer et al. 1999), so random cuts
    replace neighbours; fewer than 30 rows have no neighbourhoods.
    """
    rows, columns = deviations.shape
    if columns <= 1:
        return ["farthest"], "one column: how far each value lies from the median"
    if rows < _FEW_ROWS:
        return ["farthest", "altogether"], f"{rows} rows are too few for neighbourhoods: values alone and in sum"
    if columns > _MANY_COLUMNS:
        return [
            "farthest",
            "altogether",
            "forest",
        ], f"{columns} columns: distances say little, random cuts replace them"
    return ["farthest", "altogether", "neighbours"], "values alone, values in sum, and the distance to similar rows"


def learn(deviations: Matrix, detectors: list[Detector]) -> Model:
    """Fit detectors on the rows of a table."""
    model: Model = {"rows": len(deviations), "scales": {}}
    if "neighbours" in detectors:
        draw = np.random.default_rng(0)
        size = min(_REFERENCES, len(deviations))
        picked = np.sort(draw.choice(len(deviations), size, replace=False))
        model["references"] = np.clip(deviations[picked], -_CAP, _CAP).tolist()
    if "forest" in detectors:
        model["trees"] = _isolation.learn(deviations)
    for detector in detectors:
        scores = score(deviations, detector, model)
        low, middle, high = np.percentile(scores, [25, 50, 75])
        spread = (high - low) / 1.349 or float(scores.std()) or 1.0
        model["scales"][detector] = {"middle": float(middle), "spread": float(spread)}
    return model


def score(deviations: Matrix, detector: Detector, model: Model) -> Matrix:
    """A detector's own score of each row."""
    away = np.abs(deviations)
    if detector == "farthest":
        return np.asarray(away.max(axis=1, initial=0.0))
    if detector == "altogether":
        return np.asarray(np.log1p(away).sum(axis=1))
    if detector == "forest":
        return _isolation.score(deviations, model["trees"], model["rows"])
    from sklearn.neighbors import NearestNeighbors

    references: Any = np.asarray(model["references"])
    nearest = max(_FEWEST_NEIGHBOURS, int(_SHARE * len(references))) + 1  # a row of the fit is its own neighbour
    index = NearestNeighbors(n_neighbors=min(nearest, len(references))).fit(references)
    distances, _ = index.kneighbors(np.clip(deviations, -_CAP, _CAP))
    return np.asarray(distances[:, -1])


def together(deviations: Matrix, model: Model, limit: float = LIMIT) -> Matrix:
    """The union of all detectors of a model over the limit: above 1 is an anomaly, and every step up is stranger."""
    if not len(deviations):
        return np.zeros(0)
    scaled = [
        np.arcsinh((score(deviations, detector, model) - scale["middle"]) / scale["spread"])  # type: ignore[arg-type]
        for detector, scale in model["scales"].items()
    ]
    return np.asarray(np.exp(np.mean(scaled, axis=0) - np.arcsinh(limit)))
