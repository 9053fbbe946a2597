"""Steps that change the shape: pivot, unpivot, explode."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Annotated, Any, ClassVar

import polars as pl
from pydantic import Field

from automic_core import frames
from automic_core.contracts import Fitted, Transformer, configured
from automic_core.contracts.step import Scope
from automic_core.errors import ConfigError, TransformError
from automic_core.transforms._checks import known, new_names, of_type, title
from automic_core.transforms._names import data_names
from automic_core.transforms._segments import child_weight, cross
from automic_core.transforms.aggregate import Aggregation, Function, summary

PIVOT_COLUMNS = 1_000
"""At most this many columns come out of a pivot."""


@configured
class Pivot(Transformer):
    """Turns the values of a column into columns: one row for each index, one column for each value.

    Columns stand in order of first appearance, are named by their value (missing = "null"), and by "field_value" when
    there are several fields. Cells with several values are summarised.
    """

    kind: ClassVar[str] = "pivot"
    scope: ClassVar[Scope] = "table"
    segment: ClassVar[bool] = True

    index: Annotated[list[str], Field(min_length=1, description="Columns that make a row.")]
    on: Annotated[str, Field(description="Column whose values become columns.")]
    values: Annotated[list[str], Field(min_length=1, description="Columns that fill the cells.")]
    aggregate: Annotated[Function, Field(description="How several values of a cell become one: sum, first, list, …")]

    def digest(self, schema: pl.Schema) -> list[pl.Expr]:
        """The column whose values become columns, as text."""
        of_type(self.kind, [self.on], schema, lambda t: not t.is_nested(), "a plain value", "Derive a text from it.")
        return [frames.as_text(self.on, schema).alias("on")]

    def learn(self, digest: pl.DataFrame) -> PivotColumns:
        """The values, in order of first appearance.

        Raises:
            TransformError: There are more than 1,000.
        """
        living = digest.filter(pl.col(frames.FATE).is_null()) if frames.FATE in digest.columns else digest
        found = living["on"].unique(maintain_order=True).to_list()
        if len(found) > PIVOT_COLUMNS:
            raise TransformError(
                f"{title(self.kind)}: {self.on!r} has {len(found):,} different values, more than {PIVOT_COLUMNS:,}.",
                "Filter or group them first.",
            )
        return PivotColumns({"options": [self.index, self.on, self.values, self.aggregate], "columns": found})


class PivotColumns(Fitted):
    """The columns that a pivot makes."""

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """One row for each index, weighed by its rows."""
        return cross(frame, self._pivoted)

    def _pivoted(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        index, on, values, function = self.state["options"]
        schema = frame.collect_schema()
        known(Pivot.kind, [*index, on, *values], schema)
        cells: dict[str, pl.Expr] = {}
        key = frames.as_text(on, schema)
        for field in values:
            for value in self.state["columns"]:
                text = "null" if value is None else value
                name = text if len(values) == 1 else f"{field}_{text}"
                if name in cells or frames.is_hidden(name) or not name:
                    raise TransformError(f"{title(Pivot.kind)}: {text!r} cannot name a column.", "Derive other names.")
                cell = summary(Aggregation(field, function), schema, Pivot.kind, key.eq_missing(pl.lit(value)))
                cells[name] = cell.alias(name)
        new_names(Pivot.kind, cells, index)
        weight = pl.len().cast(pl.Int64).alias(frames.WEIGHT)
        return frame.group_by(index, maintain_order=True).agg(*cells.values(), weight)


@configured
class Unpivot(Transformer):
    """Turns columns into rows: each row becomes one for each column, with its name and value."""

    kind: ClassVar[str] = "unpivot"
    segment: ClassVar[bool] = True

    columns: Annotated[list[str], Field(min_length=1, description="Columns to turn into rows.")]
    index: Annotated[list[str] | None, Field(description="Columns to repeat on each row; empty = all others.")] = None
    name: Annotated[str, Field(description="Column for the names.")] = "name"
    value: Annotated[str, Field(description="Column for the values.")] = "value"

    def __post_init__(self) -> None:
        """Check the names.

        Raises:
            ConfigError: A name is there twice, or hidden.
        """
        new_names(self.kind, self.columns)
        new_names(self.kind, [*(self.index or []), self.name, self.value])

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Lengthen."""
        return cross(frame, self._lengthened)

    def _lengthened(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        schema = frame.collect_schema()
        known(self.kind, [*self.columns, *(self.index or [])], schema)
        index = [n for n in data_names(schema) if n not in self.columns] if self.index is None else self.index
        new_names(self.kind, [self.name, self.value], index)
        types = {schema[column] for column in self.columns} - {pl.Null}
        if len(types) > 1 and not all(dtype.is_numeric() for dtype in types):
            shown = ", ".join(f"{column} {schema[column]}" for column in self.columns[:10])
            raise TransformError(f"{title(self.kind)}: the columns are of unlike types ({shown}).", "Cast them first.")
        names = pl.lit(pl.Series([self.columns], dtype=pl.List(pl.String))).first()
        hidden = [name for name in schema if frames.is_hidden(name)]
        return (
            frame.select(*index, *hidden, names.alias(self.name), pl.concat_list(self.columns).alias(self.value))
            .explode(self.name, self.value)
            .select(*index, self.name, self.value, *hidden, child_weight())
        )


@configured
class Explode(Transformer):
    """Turns each element of a list into a row of its own.

    A row with an empty or missing list stays, with a missing value. Text that is a JSON array is read as one (its
    elements become text), other text is one element. Several columns go side by side; the shorter is filled up.
    """

    kind: ClassVar[str] = "explode"
    segment: ClassVar[bool] = True

    columns: Annotated[list[str], Field(min_length=1, description="List columns, or text with JSON arrays.")]

    def __post_init__(self) -> None:
        """Check that no column is there twice.

        Raises:
            ConfigError: One is.
        """
        if len(set(self.columns)) < len(self.columns):
            raise ConfigError("Step explode: a column is named twice.", "Name each once.")

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Lengthen."""
        return cross(frame, self._lengthened)

    def _lengthened(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        schema = frame.collect_schema()
        of_type(self.kind, self.columns, schema, _is_list, "a list or text", "Only lists can be exploded.")
        lists = frame.with_columns(_as_list(name, schema[name]) for name in self.columns)
        longest = pl.max_horizontal(pl.lit(1, dtype=pl.UInt32), *(pl.col(name).list.len() for name in self.columns))
        padded = lists.with_columns(
            pl.col(name).list.gather(pl.int_ranges(0, longest), null_on_oob=True) for name in self.columns
        )
        # a missing list gathers to a missing list, which has to be as long as its neighbours
        filled = padded.with_columns(
            pl.when(pl.col(name).is_null()).then(pl.lit(None).repeat_by(longest)).otherwise(pl.col(name)).alias(name)
            for name in self.columns
        )
        return filled.explode(self.columns).with_columns(child_weight())


def _is_list(dtype: Any) -> bool:
    return isinstance(dtype, pl.List | pl.Array) or dtype in (pl.String, pl.Null)


def _as_list(name: str, dtype: Any) -> pl.Expr:
    value = pl.col(name)
    if isinstance(dtype, pl.Array):
        return value.arr.to_list()
    if isinstance(dtype, pl.List):
        return value
    return value.cast(pl.String).map_elements(_elements, return_dtype=pl.List(pl.String))


def _elements(text: str) -> list[str | None]:
    """The elements of a JSON array as text, nested ones as JSON; any other text is one element."""
    if not text.lstrip().startswith("["):
        return [text]
    try:
        found = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        return [text]
    return [item if item is None or isinstance(item, str) else _json(item) for item in found]


def _json(item: Any) -> str:
    """An element as text; a number keeps its digits."""
    return str(item) if isinstance(item, Decimal) else json.dumps(item, ensure_ascii=False, default=float)
