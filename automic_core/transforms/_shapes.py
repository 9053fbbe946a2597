"""The shape of ordinary rows, learned so that strange ones do not bend it; plain lists of numbers.

- covariance: the minimum covariance determinant of up to 2,000 rows (Rousseeuw & Van Driessen, A fast algorithm for the
  minimum covariance determinant estimator, 1999); the score is the Mahalanobis distance.
- density: a histogram a column, on deviations squeezed by asinh; the score is the sum of -log of the shares
  (Goldstein & Dengel, Histogram-based outlier score, 2012).
"""

from __future__ import annotations

import warnings
from typing import TypedDict

import numpy as np

from automic_core.transforms._features import Matrix

_SAMPLE, _ROWS_A_COLUMN, _FEWEST_BINS = 2000, 5, 10


class Ellipsoid(TypedDict):
    """Centre and inverse covariance of ordinary rows."""

    centre: list[float]
    inverse: list[list[float]]


class Histogram(TypedDict):
    """Of one column: lower and upper end, and the share of rows a bin, smoothed."""

    low: float
    high: float
    shares: list[float]


def has_shape(rows: int, columns: int) -> bool:
    """Whether there are rows enough to learn how columns hang together."""
    return columns > 1 and rows >= _ROWS_A_COLUMN * columns


def learn_ellipsoid(rows: Matrix) -> Ellipsoid:
    """Centre and covariance of the half of the rows that lies closest together; the same rows give the same.

    Distances count in the directions in which that half varies. Where it is one point, a shrunk covariance of all rows
    takes its place (Ledoit & Wolf, A well-conditioned estimator for large-dimensional covariance matrices, 2004).
    """
    from sklearn.covariance import LedoitWolf, MinCovDet

    size = min(_SAMPLE, len(rows))
    picked = rows[np.sort(np.random.default_rng(0).choice(len(rows), size, replace=False))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of directions without any spread
        try:
            fitted = MinCovDet(random_state=0).fit(picked)
            point = not np.any(fitted.covariance_)
        except ValueError:  # the half holds one point only
            point = True
        if point:
            fitted = LedoitWolf().fit(picked)
    return {"centre": fitted.location_.tolist(), "inverse": fitted.get_precision().tolist()}


def distance(rows: Matrix, shape: Ellipsoid) -> Matrix:
    """Mahalanobis distance of each row."""
    off = rows - np.asarray(shape["centre"])
    return np.asarray(np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", off, np.asarray(shape["inverse"]), off), 0.0)))


def learn_histograms(rows: Matrix) -> list[Histogram]:
    """A histogram a column."""
    bins = max(_FEWEST_BINS, int(np.sqrt(len(rows))))
    found: list[Histogram] = []
    for column in np.arcsinh(rows).T:
        counts, edges = np.histogram(column, bins=bins)
        shares = np.convolve(counts / len(rows), [0.25, 0.5, 0.25], "same")
        found.append({"low": float(edges[0]), "high": float(edges[-1]), "shares": shares.tolist()})
    return found


def rarity(rows: Matrix, histograms: list[Histogram], size: int) -> Matrix:
    """How rare the values of each row are together.

    Args:
        rows: As at the fit.
        histograms: Of the fit.
        size: Rows in the fit.
    """
    total = np.zeros(len(rows))
    for column, known in zip(np.arcsinh(rows).T, histograms, strict=True):
        shares = np.asarray([*known["shares"], 0.0])
        width = (known["high"] - known["low"]) or 1.0
        place = np.floor((column - known["low"]) / width * (len(shares) - 1)).astype(np.int64)
        place = np.where(column == known["high"], len(shares) - 2, place)
        outside = (place < 0) | (place >= len(shares) - 1)
        total -= np.log(shares[np.where(outside, len(shares) - 1, place)] + 1 / size)
    return total
