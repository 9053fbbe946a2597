"""Unusual numbers: flagged with a score and a reason, or filtered."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import polars as pl
from pydantic import Field

from automic_core import frames
from automic_core.contracts import Fitted, Scope, Transformer, configured
from automic_core.errors import TransformError
from automic_core.transforms import _outliers
from automic_core.transforms._keylike import is_identifier
from automic_core.transforms._names import data_names, require
from automic_core.transforms._outliers import Spread
from automic_core.transforms._sparse import reasons

SCORE, FLAG, REASONS = "_anomaly_score", "_is_anomaly", "_anomaly_reasons"


@configured
class AnomalyDetector(Transformer):
    """Flags rows with a number far from the others of its column.

    Adds ``_anomaly_score`` (distance over limit, the largest of the row's columns: above 1 is an anomaly, 0 is
    ordinary), ``_is_anomaly`` and ``_anomaly_reasons``. Nulls are no anomaly; an infinite value is one. Columns with
    few values (3; 4 for iqr), or with equal ones only, are not judged; nor by iqr those with equal quartiles.
    """

    kind: ClassVar[str] = "anomaly"
    scope: ClassVar[Scope] = "table"

    method: Annotated[
        Literal["statistical", "mad", "iqr"],
        Field(
            description="statistical: standard deviations from the mean of the other values; mad: deviations from the "
            "median (withstands many outliers); iqr: interquartile ranges outside the quartiles (skewed data)."
        ),
    ] = "statistical"
    threshold: Annotated[
        float | None, Field(gt=0, description="How far is too far; empty = 3 (statistical), 3.5 (mad), 1.5 (iqr).")
    ] = None
    numeric_fields: Annotated[
        list[str] | None, Field(description="Columns to judge; empty = all numbers but identifiers.")
    ] = None
    filter_anomalies: Annotated[bool, Field(description="Remove anomalies instead of flagging them.")] = False

    @property
    def rewrites(self) -> bool:
        """Filtered rows are not known before the fit."""
        return self.filter_anomalies

    def digest(self, schema: pl.Schema) -> list[pl.Expr]:
        """The columns to judge, as floats."""
        return [pl.col(name).cast(pl.Float64) for name in self._columns(schema)]

    def learn(self, digest: pl.DataFrame) -> Fitted:
        """Centre and spread of each column."""
        living = digest if digest[frames.FATE].null_count() == digest.height else digest.filter(frames.alive())
        names = [name for name in living.columns if name not in (frames.RID, frames.FATE)]
        return _Judged(self, {name: _outliers.learn(living[name], self.method) for name in names})

    def _columns(self, schema: pl.Schema) -> list[str]:
        if self.numeric_fields is None:
            return [n for n in data_names(schema) if schema[n].is_numeric() and not is_identifier(n, schema[n])]
        for name in require(self.numeric_fields, schema, "AnomalyDetector"):
            if not schema[name].is_numeric():
                raise TransformError(
                    f"AnomalyDetector: column {name!r} is {schema[name]}, not a number.",
                    "Put a step that changes its type (schema or cast) before this one.",
                )
        return list(self.numeric_fields)


class _Judged(Fitted):
    """Centre and spread a column."""

    def __init__(self, step: AnomalyDetector, spreads: dict[str, Spread]) -> None:
        super().__init__({"method": step.method, "columns": dict(spreads)})
        self._step = step
        self._spreads = spreads

    def merge(self, other: Fitted) -> Fitted:
        """Both slices together; only the statistical method keeps numbers that can be merged exactly."""
        if self._step.method != "statistical" or not isinstance(other, _Judged):
            return super().merge(other)
        both = {name: _outliers.merge(own, other._spreads[name]) for name, own in self._spreads.items()}
        return _Judged(self._step, both)

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Score, flag and explain the living rows."""
        step = self._step
        threshold = step.threshold or _outliers.DEFAULT_THRESHOLD[step.method]
        schema = frame.collect_schema()
        scores: list[pl.Expr] = []
        texts: list[pl.Expr] = []
        for name, spread in self._spreads.items():
            value = pl.col(name).cast(pl.Float64)
            if schema[name].is_float():
                scores.append(pl.when(value.is_infinite()).then(_outliers.FARTHEST))
                texts.append(pl.when(value.is_infinite()).then(pl.lit(f"{name} is infinite")))
            if _outliers.judges(spread):
                most = _outliers.limit(step.method, threshold, spread["n"])
                away = _outliers.distance(value, spread)
                scores.append((away / most).clip(upper_bound=_outliers.FARTHEST))
                texts.append(pl.when((scores[-1] > 1) & value.is_finite()).then(_explained(name, away, spread, most)))
        score = pl.max_horizontal(*scores, 0.0)
        frame = frame.with_columns(pl.when(frames.alive()).then(score).alias(SCORE))
        frame = frame.with_columns((pl.col(SCORE) > 1).alias(FLAG))
        frame = frame.with_columns(reasons(pl.col(FLAG), texts).alias(REASONS))
        return frames.condemn(frame, pl.col(FLAG), f"{frames.FILTERED}:anomaly") if step.filter_anomalies else frame


def _explained(name: str, away: pl.Expr, spread: Spread, most: float) -> pl.Expr:
    """Column, value, how far, against what."""
    value, far = pl.col(name).cast(pl.String), away.round(1).cast(pl.String)
    if "m2" in spread:
        n = spread["n"]
        rest = (spread["mean"] * n - pl.col(name).cast(pl.Float64)) / (n - 1)
        against = pl.format("standard deviations of the others from their mean {}", rest.round(2))
    elif spread["low"] == spread["high"]:
        against = pl.lit(f"deviations from the median {spread['low']:g}")
    else:
        against = pl.lit(f"interquartile ranges outside {spread['low']:g} to {spread['high']:g}")
    return pl.format(f"{{}} = {{}} is {{}} {{}} (limit {most:.3g})", pl.lit(name), value, far, against)
