"""Anomaly detection: mean ROC-AUC and average precision of auto beside single detectors, and time series of NAB.

    python benchmarks/anomalies.py FOLDER

FOLDER holds ``adbench/*.npz`` (X, y; 1 = anomaly) and ``nab`` (data/*/*.csv, labels/combined_windows.json); either may
lack. A series is judged by value, its change, and its distance from the median of the two hundred values before it. A
window is found if an alarm falls into it; alarms outside all windows are false, counted a thousand points.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from scipy.stats import rankdata
from sklearn.covariance import EmpiricalCovariance
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.neighbors import NearestNeighbors

from automic_core import AnomalyDetector, frames

Scores = np.ndarray


def main() -> None:
    """Print both tables."""
    folder = Path(sys.argv[1])
    if sets := sorted(folder.rglob("*.npz")):
        _tables(sets)
    for windows in sorted(folder.rglob("combined_windows.json")):
        _series(windows.parent.parent)


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


SINGLE: dict[str, Callable[[Scores], Scores]] = {
    "z-score": lambda rows: np.abs(_standard(rows)).max(1),
    "mad": _ours("mad"),
    "iqr": _ours("iqr"),
    "knn (10)": _neighbours,
    "isolation forest": lambda rows: -IsolationForest(random_state=0).fit(rows).score_samples(rows),
    "mahalanobis": lambda rows: EmpiricalCovariance().fit(_standard(rows)).mahalanobis(_standard(rows)),
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
    best = np.max([means[name] for name in SINGLE], axis=0)
    gain = means["automic auto"] - best
    print(f"auto beside the best single detector: {gain[0]:+.3f} ROC-AUC, {gain[1]:+.3f} AP (bar +.020)")


def _series(folder: Path) -> None:
    windows = json.loads((folder / "labels" / "combined_windows.json").read_text(encoding="utf-8"))
    paths = sorted((folder / "data").rglob("*.csv"))
    print(
        f"\n{'NAB, ' + str(len(paths)) + ' series':<30}{'windows':>9}{'found':>8}{'recall':>8}{'false per 1,000':>17}"
    )
    for name, limit in (("z-score", 3.0), ("z-score", 4.0), ("mad", None), ("auto", None), ("auto", 8.0)):
        held = found = false = points = 0
        for path in paths:
            series = _features(pl.read_csv(path, try_parse_dates=True))
            spans = windows.get("/".join(path.parts[-2:]), [])
            times = series["timestamp"].cast(pl.Datetime("us"))
            inside = [times.is_between(*pl.Series(span).str.to_datetime(time_unit="us")) for span in spans]
            alarms = _alarms(series, name, limit)
            held, points = held + len(spans), points + series.height
            found += sum(bool((alarms & each).any()) for each in inside)
            outside = ~pl.Series(np.any([each.to_numpy() for each in inside], axis=0)) if inside else alarms | ~alarms
            false += int((alarms & outside).sum())
        title = f"{name} beyond {limit:g}" if limit else name
        print(f"{title:<30}{held:>9}{found:>8}{found / held:>8.2f}{1000 * false / points:>17.1f}", flush=True)


def _features(series: pl.DataFrame) -> pl.DataFrame:
    before = pl.col("value").shift(1).rolling_median(200, min_samples=10)
    return series.with_columns(change=pl.col("value").diff(), off=pl.col("value") - before)


def _alarms(series: pl.DataFrame, name: str, limit: float | None) -> pl.Series:
    value = series["value"]
    if name == "z-score":
        return ((value - value.mean()).abs() > limit * (value.std() or 1.0)).fill_null(False)
    columns = series.select("value") if name == "mad" else series.select("value", "change", "off")
    return _judged(columns, name, threshold=limit)["_is_anomaly"]


if __name__ == "__main__":
    main()
