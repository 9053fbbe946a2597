"""The points of a chart: rows added up where several share a place, the many small groups put together, both said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from automic_core.assist.charting import (
    MOST_SERIES,
    ChartSpec,
    Choices,
    chart_choices,
    choose_chart,
    refit_chart,
    role,
)
from automic_core.errors import ConfigError
from automic_core.workbench.values import plain

__all__ = ["ChartData", "ChartSpec", "Choices", "chart_choices", "chart_points", "choose_chart", "refit_chart"]

MOST_BARS = 20
MOST_POINTS = 5_000
OTHER, MISSING = "(all other)", "(missing)"
_X, _Y, _SERIES, _GROUP = "x", "y", "series", "group"


@dataclass(frozen=True)
class Trace:
    """One line, one colour of bars or points; ``x`` and ``y`` are equally long."""

    name: str
    x: list[Any]
    y: list[Any]


@dataclass(frozen=True)
class ChartData:
    """What to draw.

    Attributes:
        axis: Whether x holds numbers, times or names.
        x_title: What stands along the axis.
        y_title: What the height is.
        notes: What a person must know to read the chart right.
    """

    kind: str
    axis: str
    x_title: str
    y_title: str
    traces: tuple[Trace, ...]
    notes: tuple[str, ...] = ()


def chart_points(frame: pl.DataFrame, spec: ChartSpec) -> ChartData:
    """The points of a chart of these rows.

    Raises:
        ConfigError: A column does not exist or does not fit its part of the chart.
    """
    _check(frame, spec)
    if spec.kind == "none":
        return ChartData("none", "name", "", "", ())
    if spec.kind == "number":
        values = frame[spec.y or ""].to_list()[:1]
        return ChartData("number", "number", "", spec.y or "", (Trace(spec.y or "", [], [_value(v) for v in values]),))
    if spec.kind == "histogram":
        found = _numbers(frame[spec.x or ""])
        notes = _left_out(frame.height - len(found))
        return ChartData("histogram", "number", spec.x or "", "rows", (Trace("", found.to_list(), []),), notes)
    return _scatter(frame, spec) if spec.kind == "scatter" else _added(frame, spec)


def _check(frame: pl.DataFrame, spec: ChartSpec) -> None:
    if spec.kind == "none":
        return
    allowed = chart_choices(frame, spec.kind)
    parts: Sequence[tuple[str, str | None, tuple[str, ...], bool]] = (
        ("x", spec.x, allowed.x, spec.kind != "number"),
        ("y", spec.y, allowed.y, spec.kind != "histogram"),
        ("series", spec.series, allowed.series, False),
    )
    for part, name, fitting, needed in parts:
        if (name is None and needed) or (name is not None and name not in fitting):
            named = ", ".join(each or "number of rows" for each in fitting[:10]) or "none of this answer"
            raise ConfigError(f"{name!r} cannot be the {part} of a {spec.kind} chart.", f"Columns that can: {named}.")


def _added(frame: pl.DataFrame, spec: ChartSpec) -> ChartData:
    """Bars, lines and areas: one figure for each place on the axis (and series)."""
    assert spec.x is not None
    axis = role(frame[spec.x])
    notes: list[str] = []
    rows = frame.select(
        pl.col(spec.x).alias(_X) if axis != "category" else _named(spec.x).alias(_X),
        (pl.lit(1) if not spec.y else pl.col(spec.y).cast(pl.Float64)).alias(_Y),
        (_named(spec.series) if spec.series else pl.lit("")).alias(_SERIES),
    )
    if axis != "category":
        rows = rows.filter(pl.col(_X).is_not_null())
        notes += _left_out(frame.height - rows.height)
    grouped = rows.group_by(_X, _SERIES, maintain_order=True).agg(_total(), pl.len().alias(_GROUP))
    if spec.y and bool((grouped[_GROUP] > 1).any()):
        notes.append(f"Rows with the same {spec.x} are added up.")
    if axis == "category":
        grouped, said = _largest(grouped, _X, MOST_BARS, spec.x)
        notes += said
    if spec.series:
        grouped, said = _largest(grouped, _SERIES, MOST_SERIES, spec.series)
        notes += said
    grouped = grouped.sort(_X) if axis != "category" else grouped
    traces = tuple(
        Trace(str(name), [_value(x) for x in part[_X]], [_value(y) for y in part[_Y]])
        for (name,), part in grouped.group_by(_SERIES, maintain_order=True)
    )
    kind = "name" if axis == "category" else axis
    return ChartData(spec.kind, kind, spec.x, spec.y or "rows", _in_order(traces), tuple(notes))


def _total() -> pl.Expr:
    """A sum that is missing where every value is."""
    return pl.when(pl.col(_Y).count() > 0).then(pl.col(_Y).sum()).alias(_Y)


def _largest(grouped: pl.DataFrame, column: str, most: int, name: str) -> tuple[pl.DataFrame, list[str]]:
    """The largest groups of a column, the others put together behind them."""
    sizes = grouped.group_by(column, maintain_order=True).agg(pl.col(_Y).sum().abs().alias("size"))
    if sizes.height <= most:
        return grouped, []
    kept = sizes.sort("size", descending=True, maintain_order=True).head(most - 1)[column].to_list()
    merged = grouped.with_columns(
        pl.when(pl.col(column).is_in(kept)).then(pl.col(column)).otherwise(pl.lit(OTHER)).alias(column)
    )
    small = grouped.group_by(column).len().height - len(kept)
    found = merged.group_by(_X, _SERIES, maintain_order=True).agg(_total())
    ranks = {value: place for place, value in enumerate([*kept, OTHER])}
    found = found.sort(pl.col(column).replace_strict(ranks, return_dtype=pl.Int64), maintain_order=True)
    return found, [f"The {most - 1} largest of {sizes.height:,} values of {name}; the other {small:,} are together."]


def _scatter(frame: pl.DataFrame, spec: ChartSpec) -> ChartData:
    assert spec.x is not None
    assert spec.y is not None
    rows = frame.select(
        pl.col(spec.x).alias(_X),
        pl.col(spec.y).cast(pl.Float64).alias(_Y),
        (_named(spec.series) if spec.series else pl.lit("")).alias(_SERIES),
    ).drop_nulls([_X, _Y])
    notes = [*_left_out(frame.height - rows.height)]
    if rows.height > MOST_POINTS:
        notes.append(f"The first {MOST_POINTS:,} of {rows.height:,} points.")
        rows = rows.head(MOST_POINTS)
    if spec.series and rows[_SERIES].n_unique() > MOST_SERIES:
        kept = rows[_SERIES].value_counts(sort=True)[_SERIES].to_list()[: MOST_SERIES - 1]
        notes.append(
            f"The {MOST_SERIES - 1} most frequent values of {spec.series} have a colour; the others share one."
        )
        rows = rows.with_columns(
            pl.when(pl.col(_SERIES).is_in(kept)).then(_SERIES).otherwise(pl.lit(OTHER)).alias(_SERIES)
        )
    traces = tuple(
        Trace(str(name), [_value(x) for x in part[_X]], [_value(y) for y in part[_Y]])
        for (name,), part in rows.group_by(_SERIES, maintain_order=True)
    )
    axis = "number" if frame[spec.x].dtype.is_numeric() else "time"
    return ChartData("scatter", axis, spec.x, spec.y, _in_order(traces), tuple(notes))


def _in_order(traces: tuple[Trace, ...]) -> tuple[Trace, ...]:
    return tuple(sorted(traces, key=lambda trace: trace.name == OTHER))


def _named(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String).fill_null(MISSING)


def _numbers(column: pl.Series) -> pl.Series:
    numbers = column.cast(pl.Float64).drop_nulls()
    return numbers.filter(numbers.is_finite())


def _left_out(rows: int) -> tuple[str, ...]:
    return (f"{rows:,} {'row' if rows == 1 else 'rows'} without a value left out.",) if rows else ()


def _value(value: Any) -> Any:
    """As a chart can hold it."""
    found = plain(value)
    return None if isinstance(value, float) and isinstance(found, str) else found
