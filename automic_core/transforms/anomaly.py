"""Unusual rows: flagged with a score and reasons, or filtered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, cast

import polars as pl
from pydantic import Field

from automic_core import frames
from automic_core.contracts import Fitted, Scope, Transformer, configured
from automic_core.errors import ConfigError, TransformError
from automic_core.transforms import _outliers
from automic_core.transforms._keylike import is_identifier
from automic_core.transforms._names import data_names, require
from automic_core.transforms._outliers import Spread
from automic_core.transforms._sparse import reasons
from automic_core.transforms._whole_rows import FLAG, REASONS, SCORE, WholeRows

__all__ = ["FLAG", "REASONS", "SCORE", "AnomalyDetector"]


@configured
class AnomalyDetector(Transformer):
    """Flags rows with a value far from the others of its column, or unlike all other rows.

    Adds ``_anomaly_score`` (distance over limit: above 1 is an anomaly), ``_is_anomaly`` and ``_anomaly_reasons``.
    Nulls are no anomaly; an infinite value is one. statistical, mad and iqr judge numbers, each column by itself;
    columns with few values (3; 4 for iqr), or with equal ones only, are not judged; nor by iqr those with equal
    quartiles. isolation_forest, combined and auto judge whole rows: numbers, categories, dates and texts.
    """

    kind: ClassVar[str] = "anomaly"
    scope: ClassVar[Scope] = "table"

    method: Annotated[
        Literal["statistical", "mad", "iqr", "isolation_forest", "combined", "auto"],
        Field(
            description="statistical: standard deviations from the mean of the other values; mad: deviations from the "
            "median (withstands many outliers); iqr: interquartile ranges outside the quartiles (skewed data); "
            "isolation_forest: rows that random cuts set apart; combined: two or more of these four agree; "
            "auto: detectors chosen and joined by the profile of the table."
        ),
    ] = "statistical"
    threshold: Annotated[
        float | None,
        Field(
            gt=0,
            description="How far is too far; empty = 3 (statistical), 3.5 (mad, auto), 1.5 (iqr), 0.6 "
            "(isolation_forest). combined takes those of its methods.",
        ),
    ] = None
    numeric_fields: Annotated[
        list[str] | None, Field(description="Columns to judge; empty = all numbers but identifiers.")
    ] = None
    fields: Annotated[
        list[str] | None,
        Field(
            description="Columns of any kind to judge by isolation_forest, combined or auto; empty = all but "
            "identifiers, or numeric_fields if given."
        ),
    ] = None
    filter_anomalies: Annotated[bool, Field(description="Remove anomalies instead of flagging them.")] = False

    def __post_init__(self) -> None:
        """Check that the options fit the method.

        Raises:
            ConfigError: ``fields`` with a method that judges numbers only; ``threshold`` with combined.
        """
        if self.fields is not None and not self._whole_rows:
            raise ConfigError(f"AnomalyDetector: {self.method} judges numbers only.", "Use numeric_fields, or auto.")
        if self.threshold is not None and self.method == "combined":
            raise ConfigError("AnomalyDetector: combined has no threshold of its own.", "Leave threshold empty.")

    @property
    def _whole_rows(self) -> bool:
        return self.method in ("isolation_forest", "combined", "auto")

    @property
    def rewrites(self) -> bool:
        """Filtered rows are not known before the fit."""
        return self.filter_anomalies

    def digest(self, schema: pl.Schema) -> list[pl.Expr]:
        """The columns to judge; as floats where only numbers are judged."""
        if self._whole_rows:
            return [pl.col(name) for name in self._any_columns(schema)]
        return [pl.col(name).cast(pl.Float64) for name in self._columns(schema)]

    def learn(self, digest: pl.DataFrame) -> Fitted:
        """Centre and spread of each column, or what the detectors of whole rows learn."""
        living = digest if digest[frames.FATE].null_count() == digest.height else digest.filter(frames.alive())
        names = [name for name in living.columns if name not in (frames.RID, frames.FATE)]
        if self.method in ("isolation_forest", "combined", "auto"):
            return WholeRows(self.method, self.threshold, self.filter_anomalies, living.select(names))
        method = cast(_outliers.Method, self.method)
        return _Judged(self, method, {name: _outliers.learn(living[name], method) for name in names})

    def kept(self, state: Mapping[str, Any]) -> Fitted | None:
        """With centre and spread of each column; detectors of whole rows keep more than their state says."""
        known = not self._whole_rows and "columns" in state
        return _Judged(self, cast(_outliers.Method, state["method"]), state["columns"]) if known else None

    def _any_columns(self, schema: pl.Schema) -> list[str]:
        if self.fields is not None:
            return list(dict.fromkeys(require(self.fields, schema, "AnomalyDetector")))
        if self.numeric_fields is not None:
            return self._columns(schema)
        return [name for name in data_names(schema) if not is_identifier(name, schema[name])]

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

    def __init__(self, step: AnomalyDetector, method: _outliers.Method, spreads: dict[str, Spread]) -> None:
        super().__init__({"method": method, "columns": dict(spreads)})
        self._step, self._method = step, method
        self._spreads = spreads

    def merge(self, other: Fitted) -> Fitted:
        """Both slices together; only the statistical method keeps numbers that can be merged exactly."""
        if self._method != "statistical" or not isinstance(other, _Judged):
            return super().merge(other)
        both = {name: _outliers.merge(own, other._spreads[name]) for name, own in self._spreads.items()}
        return _Judged(self._step, self._method, both)

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Score, flag and explain the living rows."""
        step = self._step
        threshold = step.threshold or _outliers.DEFAULT_THRESHOLD[self._method]
        schema = frame.collect_schema()
        scores: list[pl.Expr] = []
        texts: list[pl.Expr] = []
        for name, spread in self._spreads.items():
            value = pl.col(name).cast(pl.Float64)
            if schema[name].is_float():
                scores.append(pl.when(value.is_infinite()).then(_outliers.FARTHEST))
                texts.append(pl.when(value.is_infinite()).then(pl.lit(f"{name} is infinite")))
            if _outliers.judges(spread):
                most = _outliers.limit(self._method, threshold, spread["n"])
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
