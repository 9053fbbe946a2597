"""Anomaly detection that judges whole rows, columns of any kind."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import polars as pl

from automic_core import frames
from automic_core.contracts import Fitted
from automic_core.transforms import _detectors, _features, _outliers
from automic_core.transforms._features import Matrix

SCORE, FLAG, REASONS = "_anomaly_score", "_is_anomaly", "_anomaly_reasons"
FOREST_LIMIT = 0.6
"""Isolation score of a row that is set apart clearly sooner than ordinary ones, which have about 0.5."""
_TOLD, _WORTH_TELLING = 3, 2.0
_VERDICT = "_verdict"
_SIMPLE: tuple[_outliers.Method, ...] = ("statistical", "mad", "iqr")


class WholeRows(Fitted):
    """What isolation_forest, combined or auto learned; the state is JSON.

    Args:
        method: How to judge.
        threshold: The limit; None = that of the method.
        remove: Whether anomalies are removed.
        rows: The columns to learn from.
    """

    def __init__(
        self,
        method: Literal["isolation_forest", "combined", "auto"],
        threshold: float | None,
        remove: bool,
        rows: pl.DataFrame,
    ) -> None:
        self._columns, self._remove = rows.columns, remove
        self._features = _features.learn(rows)
        deviations = _features.matrix(rows, self._features)
        detectors, union, why = (["forest"], "mean", "") if method != "auto" else _detectors.choose(deviations)
        fits = bool(self._features) and rows.height > 0
        self._model = _detectors.learn(deviations, detectors, union) if fits else None  # type: ignore[arg-type]
        self._limit = threshold or (_detectors.LIMIT if method == "auto" else FOREST_LIMIT)
        self._method, self._why = method, why
        numbers = [name for name in rows.columns if rows.schema[name].is_numeric()] if method == "combined" else []
        self._spreads = {
            simple: {name: _outliers.learn(rows[name].cast(pl.Float64), simple) for name in numbers}
            for simple in _SIMPLE
        }
        state: dict[str, Any] = {"method": method, "limit": self._limit, "features": self._features}
        super().__init__({**state, "model": self._model, "spreads": self._spreads, "chosen": detectors})

    @property
    def note(self) -> str:
        """Which detectors were chosen, and why."""
        return f"anomalies are judged by {self._why}" if self._why else ""

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Score, flag and explain the living rows."""
        if self._model is None:
            frame = frame.with_columns(pl.when(frames.alive()).then(0.0).alias(SCORE))
            return self._flagged(frame, pl.lit(None, dtype=pl.List(pl.String)))
        dtype = pl.Struct({"score": pl.Float64, "reasons": pl.List(pl.String)})
        verdict = pl.struct(self._columns).map_batches(self._judge, return_dtype=dtype, is_elementwise=True)
        frame = frame.with_columns(verdict.alias(_VERDICT))
        frame = frame.with_columns(pl.when(frames.alive()).then(pl.col(_VERDICT).struct.field("score")).alias(SCORE))
        return self._flagged(frame, pl.col(_VERDICT).struct.field("reasons")).drop(_VERDICT)

    def _flagged(self, frame: pl.LazyFrame, reasons: pl.Expr) -> pl.LazyFrame:
        frame = frame.with_columns((pl.col(SCORE) > 1).alias(FLAG))
        frame = frame.with_columns(pl.when(pl.col(FLAG)).then(reasons).alias(REASONS))
        return frames.condemn(frame, pl.col(FLAG), f"{frames.FILTERED}:anomaly") if self._remove else frame

    def _judge(self, rows: pl.Series) -> pl.Series:
        batch = rows.struct.unnest()
        deviations = _features.matrix(batch, self._features)
        if self._method == "auto":
            scores = self._united(deviations)
        elif self._method == "isolation_forest":
            scores = self._isolated(deviations)
        else:
            scores = self._agreed(batch, deviations)
        reasons: list[list[str] | None] = [None] * batch.height
        for row in np.flatnonzero(scores > 1).tolist():
            reasons[row] = self._explain(batch.row(row, named=True), deviations[row])
        told = pl.Series("reasons", reasons, dtype=pl.List(pl.String))
        return pl.DataFrame({"score": scores, "reasons": told}).to_struct()

    def _united(self, deviations: Matrix) -> Matrix:
        assert self._model is not None
        return np.minimum(_detectors.together(deviations, self._model, self._limit), _outliers.FARTHEST)

    def _isolated(self, deviations: Matrix) -> Matrix:
        assert self._model is not None
        return _detectors.score(deviations, "forest", self._model) / self._limit

    def _agreed(self, batch: pl.DataFrame, deviations: Matrix) -> Matrix:
        """The second highest of four scores: above 1 where two methods agree."""
        each = [self._isolated(deviations)]
        for method, spreads in self._spreads.items():
            exprs = [
                _outliers.scaled(pl.col(name).cast(pl.Float64), method, spread, _outliers.DEFAULT_THRESHOLD[method])
                for name, spread in spreads.items()
            ]
            column = batch.select(pl.max_horizontal(*exprs, pl.lit(0.0)).alias("score"))["score"]
            each.append(column.to_numpy() if column.len() == batch.height else np.zeros(batch.height))
        return np.asarray(np.sort(np.column_stack(each), axis=1)[:, -2])

    def _explain(self, row: dict[str, Any], deviations: Matrix) -> list[str]:
        """The columns farthest out; where none is far, that it is their combination."""
        order = np.argsort(-np.abs(deviations), kind="stable")[:_TOLD]
        far = [int(place) for place in order if abs(deviations[place]) >= _WORTH_TELLING]
        if far:
            told = [self._features[place] for place in far]
            return [
                _features.explain(row[f["column"]], float(deviations[p]), f) for p, f in zip(far, told, strict=True)
            ]
        names = list(dict.fromkeys(self._features[int(place)]["column"] for place in order))
        return [f"no value is far out by itself; the combination is unusual, most in {', '.join(names)}"]
