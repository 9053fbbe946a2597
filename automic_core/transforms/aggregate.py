"""Groups summarised: SQL's GROUP BY."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import polars as pl
from pydantic import Field

from automic_core import frames
from automic_core.contracts import Transformer, configured
from automic_core.contracts.step import Scope
from automic_core.errors import ConfigError, TransformError
from automic_core.transforms._checks import known, new_names, title
from automic_core.transforms._segments import cross

Function = Literal["sum", "avg", "min", "max", "count", "count_distinct", "first", "last", "concat", "list"]


@configured
class Aggregation:
    """One result column."""

    field: Annotated[str, Field(description="Column to summarise; * for counting rows.")]
    function: Annotated[Function, Field(description="sum, avg, min, max, count, count_distinct, first, last, …")]
    separator: Annotated[str, Field(description="Between the texts of concat.")] = ", "
    nulls: Annotated[
        bool, Field(description="Whether a missing value counts (count, count_distinct, first, last, concat, list).")
    ] = False

    def __post_init__(self) -> None:
        """Check that * is counted.

        Raises:
            ConfigError: Another function over *.
        """
        if self.field == "*" and self.function != "count":
            raise ConfigError(f"Step aggregate: {self.function} of * has no meaning.", "Name a field, or use count.")


@configured
class Aggregator(Transformer):
    """Groups rows and summarises each group.

    Missing values are left out unless ``nulls`` is set, and a group without any value gives null (sum, avg, min, max,
    first, last, concat), 0 (counts) or an empty list. Rows whose group column is missing form a group. Groups stand in
    order of first appearance.
    """

    kind: ClassVar[str] = "aggregate"
    scope: ClassVar[Scope] = "table"
    segment: ClassVar[bool] = True

    group_by: Annotated[list[str], Field(description="Columns that make a group; empty = one row for the table.")]
    aggregations: Annotated[
        dict[str, Aggregation], Field(description="Result column to {field, function, separator, nulls}.")
    ]

    def __post_init__(self) -> None:
        """Check the result's names.

        Raises:
            ConfigError: A name is there twice, hidden, or there is no result at all.
        """
        new_names(self.kind, [*self.group_by, *self.aggregations])
        if not self.group_by and not self.aggregations:
            raise ConfigError("Step aggregate: nothing to do.", "Give group_by, aggregations or both.")

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """One row a group, weighed by its size."""
        return cross(frame, self._grouped)

    def _grouped(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        schema = frame.collect_schema()
        known(self.kind, self.group_by, schema)
        results = [summary(one, schema, self.kind).alias(name) for name, one in self.aggregations.items()]
        results.append(pl.len().cast(pl.Int64).alias(frames.WEIGHT))
        if not self.group_by:
            return frame.select(results)
        return frame.group_by(self.group_by, maintain_order=True).agg(results)


def summary(one: Aggregation, schema: pl.Schema, kind: str, where: pl.Expr | None = None) -> pl.Expr:
    """One value a group.

    Args:
        one: What to compute.
        schema: The columns.
        kind: The step that asks, for messages.
        where: Rows of the group that count; None = all.

    Raises:
        TransformError: The column is missing, or its type cannot be summed up.
    """
    if one.field == "*":
        return pl.len().cast(pl.Int64)
    known(kind, [one.field], schema)
    _check_type(one, schema[one.field], kind)
    value = pl.col(one.field) if where is None else pl.col(one.field).filter(where)
    kept = value if one.nulls else value.drop_nulls()
    match one.function:
        case "sum":
            return pl.when(value.count() > 0).then(value.sum())
        case "avg":
            return value.mean()
        case "min":
            return value.min()
        case "max":
            return value.max()
        case "count":
            return (value.len() if one.nulls else value.count()).cast(pl.Int64)
        case "count_distinct":
            return kept.n_unique().cast(pl.Int64)
        case "first":
            return kept.first()
        case "last":
            return kept.last()
        case "list":
            return kept.implode()
        case "concat":
            text = frames.as_text(one.field, schema)
            text = text if where is None else text.filter(where)
            text = text.fill_null("") if one.nulls else text.drop_nulls()
            return pl.when(text.len() > 0).then(text.str.join(one.separator))


def _check_type(one: Aggregation, dtype: Any, kind: str) -> None:
    summable = dtype.is_numeric() or dtype in (pl.Boolean, pl.Null) or isinstance(dtype, pl.Duration)
    averaged = summable or (dtype.is_temporal() and one.function == "avg")
    if (one.function == "sum" and not summable) or (one.function == "avg" and not averaged):
        hint = "Cast it to a number first." if dtype == pl.String else "Use min, max, count or list."
        raise TransformError(f"{title(kind)}: {one.function} needs numbers, but {one.field!r} is {dtype}.", hint)
    if one.function in {"min", "max"} and dtype.is_nested():
        raise TransformError(f"{title(kind)}: {one.field!r} is {dtype}, which has no order.", "Use count or list.")
