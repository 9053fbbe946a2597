"""Anomaly detection: mean ROC-AUC and average precision of auto beside single detectors.

    python benchmarks/anomalies.py FOLDER

FOLDER holds ``*.npz`` (X, y; 1 = anomaly), as ADBench has them, at any depth. Time series are in ``series.py``.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from scipy.stats import rankdata
from sklearn.covariance import EmpiricalCovariance, MinCovDet
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.svm import OneClassSVM

from automic_core import AnomalyDetector, frames

Scores = np.ndarray


def main() -> None:
    """Print the table."""
    _tables(sorted(Path(sys.argv[1]).rglob("*.npz")))


def _ours(method: str) -> Callable[[Scores], Scores]:
    def score(rows: Scores) -> Scores:
        data = pl.DataFrame(rows, schema=[f"x{i}" for i in range(rows.shape[1])])
        return _judged(data, method)["_anomaly_score"].to_numpy()

    return score


def _judged(rows: pl.DataFrame, method: str, **options: object) -> pl.DataFrame:
    return AnomalyDetector(method=method, **options).apply(frames.track(rows.lazy())).collect()  # type: ignore[arg-type]


def _standard(rows: Scores) -> Scores:
    spread = rows.std(0)
    return (rows - rows.mean(0)) / np.where(spread > 0, spread, 1)


def _ecod(rows: Scores) -> Scores:
    """Empirical tails, left, right and by skewness; the largest sum (Li et al. 2022)."""
    n = len(rows)
    left = -np.log(np.apply_along_axis(lambda c: rankdata(c, "max") / n, 0, rows))
    right = -np.log(np.apply_along_axis(lambda c: rankdata(-c, "max") / n, 0, rows))
    skew = ((rows - rows.mean(0)) ** 3).mean(0)
    return np.max([left.sum(1), right.sum(1), np.where(skew < 0, left, right).sum(1)], axis=0)


def _neighbours(rows: Scores) -> Scores:
    k = min(11, len(rows))
    return NearestNeighbors(n_neighbors=k).fit(_standard(rows)).kneighbors(_standard(rows))[0][:, -1]


def _histograms(rows: Scores, bins: int = 10) -> Scores:
    """Sum of -log shares a column (Goldstein & Dengel 2012)."""
    total = np.zeros(len(rows))
    for column in rows.T:
        counts, edges = np.histogram(column, bins=bins)
        total -= np.log(counts[np.digitize(column, edges[1:-1])] / len(rows))
    return total


def _boundary(rows: Scores) -> Scores:
    picked = np.random.default_rng(0).choice(len(rows), min(len(rows), 3000), replace=False)
    return -OneClassSVM(gamma="auto").fit(_standard(rows)[picked]).score_samples(_standard(rows))


SINGLE: dict[str, Callable[[Scores], Scores]] = {
    "z-score": lambda rows: np.abs(_standard(rows)).max(1),
    "mad": _ours("mad"),
    "iqr": _ours("iqr"),
    "knn (10)": _neighbours,
    "isolation forest": lambda rows: -IsolationForest(random_state=0).fit(rows).score_samples(rows),
    "mahalanobis": lambda rows: EmpiricalCovariance().fit(_standard(rows)).mahalanobis(_standard(rows)),
    "robust covariance": lambda rows: MinCovDet(random_state=0).fit(_standard(rows)).mahalanobis(_standard(rows)),
    "lof (20)": lambda rows: -LocalOutlierFactor(20).fit(_standard(rows)).negative_outlier_factor_,
    "histograms": _histograms,
    "one-class svm": _boundary,
    "ecod": _ecod,
}
OURS = {method: _ours(method) for method in ("statistical", "isolation_forest", "combined", "auto")}


def _tables(paths: list[Path]) -> None:
    print(
        f"{'ROC-AUC / average precision':<30}"
        + "".join(f"{path.stem[-12:]:>14}" for path in paths)
        + f"{'mean':>14}  s"
    )
    means = {}
    for name, detector in {**SINGLE, **{f"automic {key}": value for key, value in OURS.items()}}.items():
        began, figures = time.perf_counter(), []
        for path in paths:
            with np.load(path) as data, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                rows, wrong = data["X"].astype(float), data["y"]
                scores = detector(rows)
            figures.append((roc_auc_score(wrong, scores), average_precision_score(wrong, scores)))
        means[name] = np.mean(figures, axis=0)
        line = "".join(f"{roc:>8.3f}/{ap:.3f}" for roc, ap in [*figures, means[name]])
        print(f"{name:<30}{line} {time.perf_counter() - began:>5.1f}", flush=True)
    best = [max(SINGLE, key=lambda name: means[name][place]) for place in (0, 1)]
    gain = [means["automic auto"][place] - means[name][place] for place, name in enumerate(best)]
    print(f"auto beside the best single: {gain[0]:+.3f} ROC-AUC ({best[0]}), {gain[1]:+.3f} AP ({best[1]}); bar +.020")


if __name__ == "__main__":
    main()
