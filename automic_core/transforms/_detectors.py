"""Detectors of strange rows over the features of a table, each a score that grows with strangeness, and their union.

- farthest: the largest deviation of a row. Finds a single value far out.
- altogether: the sum of log(1 + deviation). Finds many values a little out.
- neighbours: distance to the k-th nearest of up to 2,000 rows, k a twentieth of them; deviations beyond 10 count as
  10. Finds unusual combinations of usual values, and small crowds far from the rest.
- forest: isolation forest, on deviations squeezed by asinh.
- covariance, bounded: distance from the ellipsoid of ordinary rows, without and with deviations beyond 10 cut to 10.
  Find rows that break how columns hang together.
- density: how rare the values are, by a histogram a column.

``auto`` chooses by the profile of the table. Each score is put on one scale, robust deviations above its median, and
squeezed by asinh so that none shouts down the others. Where tails are long, their mean is the verdict; elsewhere the
mean of the two that say most, since a kind of strangeness is seen by some of the detectors only.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

import numpy as np

from automic_core.transforms import _isolation, _shapes
from automic_core.transforms._features import Matrix

Detector = Literal["farthest", "altogether", "neighbours", "forest", "covariance", "bounded", "density"]
Union = Literal["mean", "strongest"]
LIMIT = 3.5
"""Robust deviations above the median at which a row is an anomaly (Iglewicz & Hoaglin 1993)."""
_REFERENCES, _SHARE, _FEWEST_NEIGHBOURS, _CAP = 2000, 0.05, 10, 10.0
_FEW_ROWS, _MANY_COLUMNS = 30, 100
_PICKED = 1.43
"""How much higher the two highest of five votes are by chance: with it clean tables have few anomalies either way."""
_FAR, _LONG_TAILS, _FEW_VALUES = 5.0, 0.05, 20
_VALUES: list[Detector] = ["farthest", "altogether", "neighbours"]
_WHOLE: list[Detector] = ["neighbours", "forest", "density"]


class Scale(TypedDict):
    """Median and spread of a detector's scores at the fit."""

    middle: float
    spread: float


class Model(TypedDict, total=False):
    """What the detectors learned: ``rows`` seen, a ``scale`` each, how they are joined, and each one's own."""

    rows: int
    scales: dict[str, Scale]
    union: Union
    references: list[list[float]]
    trees: list[_isolation.Tree]
    ellipsoids: dict[str, _shapes.Ellipsoid]
    histograms: list[_shapes.Histogram]


def choose(deviations: Matrix) -> tuple[list[Detector], Union, str]:
    """Detectors that suit a table, how they are joined, and why.

    One column has no combinations. In hundreds of columns all distances grow alike (Beyer et al. 1999), so random cuts
    replace neighbours; fewer than 30 rows have no neighbourhoods. Where many rows hold a value far out, values speak
    for themselves, and ellipsoids are no shape of the ordinary.
    """
    rows, columns = deviations.shape
    if columns <= 1:
        return ["farthest"], "mean", "one column: how far each value lies from the median"
    if rows < _FEW_ROWS:
        why = f"{rows} rows are too few for neighbourhoods: values alone and in sum"
        return ["farthest", "altogether"], "mean", why
    if columns > _MANY_COLUMNS:
        why = f"{columns} columns: distances say little, random cuts replace them"
        return ["farthest", "altogether", "forest"], "mean", why
    far = float(np.mean(np.abs(deviations).max(axis=1) > _FAR))
    discrete = float(np.mean([len(np.unique(column)) < _FEW_VALUES for column in deviations.T]))
    if far >= _LONG_TAILS and discrete < 0.5:
        why = f"{far:.0%} of the rows hold a value far out: values alone, in sum, and the distance to similar rows"
        return _VALUES, "mean", why
    if not _shapes.has_shape(rows, columns):
        return _WHOLE, "strongest", "similar rows, random cuts and rare values, the two that say most"
    why = "similar rows, random cuts, rare values and how columns hang together, the two that say most"
    return [*_WHOLE, "covariance", "bounded"], "strongest", why


def learn(deviations: Matrix, detectors: list[Detector], union: Union = "mean") -> Model:
    """Fit detectors on the rows of a table."""
    model: Model = {"rows": len(deviations), "scales": {}, "union": union, "ellipsoids": {}}
    if "neighbours" in detectors:
        draw = np.random.default_rng(0)
        size = min(_REFERENCES, len(deviations))
        picked = np.sort(draw.choice(len(deviations), size, replace=False))
        model["references"] = np.clip(deviations[picked], -_CAP, _CAP).tolist()
    if "forest" in detectors:
        model["trees"] = _isolation.learn(np.arcsinh(deviations))
    if "covariance" in detectors:
        model["ellipsoids"]["covariance"] = _shapes.learn_ellipsoid(deviations)
    if "bounded" in detectors:
        model["ellipsoids"]["bounded"] = _shapes.learn_ellipsoid(np.clip(deviations, -_CAP, _CAP))
    if "density" in detectors:
        model["histograms"] = _shapes.learn_histograms(deviations)
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
        return _isolation.score(np.arcsinh(deviations), model["trees"], model["rows"])
    if detector == "covariance":
        return _shapes.distance(deviations, model["ellipsoids"]["covariance"])
    if detector == "bounded":
        return _shapes.distance(np.clip(deviations, -_CAP, _CAP), model["ellipsoids"]["bounded"])
    if detector == "density":
        return _shapes.rarity(deviations, model["histograms"], model["rows"])
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
    votes = np.sort(scaled, axis=0)[-2:] if model["union"] == "strongest" else scaled
    reach = _PICKED * limit if model["union"] == "strongest" else limit
    return np.asarray(np.exp(np.mean(votes, axis=0) - np.arcsinh(reach)))
