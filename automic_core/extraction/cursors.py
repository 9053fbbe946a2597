"""Columns as cursors: which have an order, what their values are, and how people write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Literal

import polars as pl

from automic_core import frames
from automic_core.contracts import CursorType, CursorValue
from automic_core.errors import ConfigError, SchemaError, SourceError
from automic_core.inference import casting
from automic_core.records import Field, FieldType

Order = Literal["integer", "decimal", "float", "date", "time", "zoned", "string"]
_WORDS: dict[Order, str] = {
    "integer": "whole numbers",
    "decimal": "decimals",
    "float": "numbers",
    "date": "dates",
    "time": "times without a zone",
    "zoned": "times with a zone",
    "string": "texts",
}
_WRITTEN: dict[Order, str] = {
    "integer": "123",
    "decimal": "1.50",
    "float": "1.5",
    "date": "2024-12-31",
    "time": "2024-12-31 or 2024-12-31T23:59:59",
    "zoned": "2024-12-31 or 2024-12-31T23:59:59+01:00",
    "string": "a text",
}
"""What a person may write."""
_NUMBERS = ("integer", "decimal", "float")


def order_of(value: CursorValue) -> Order:
    """The order that a value belongs to."""
    if isinstance(value, datetime):
        return "zoned" if value.tzinfo else "time"
    kinds: dict[type, Order] = {date: "date", str: "string", float: "float", Decimal: "decimal"}
    return kinds.get(type(value), "integer")


@dataclass(frozen=True)
class Cursor:
    """A column of a source as a cursor.

    Attributes:
        column: Its name there.
        order: What its values are.
        values: Its values in that order; null for one that has no place in it (NaN, infinity, a text that is none
            of its type).
    """

    column: str
    order: Order
    values: pl.Expr

    def checked(self, value: CursorValue, what: str) -> CursorValue:
        """A value that can be compared with those of the column.

        Raises:
            SchemaError: It is of another kind: the column changed, or it was never like that.
        """
        order = order_of(value)
        if order == self.order or (order in _NUMBERS and self.order in _NUMBERS):
            return value
        raise SchemaError(
            f"The cursor {self.column!r} holds {_WORDS[self.order]}, but {what} is one of {_WORDS[order]}: {value}.",
            "Set the watermark anew (automic watermark TABLE --set VALUE), or clear it.",
        )

    def parsed(self, text: str) -> CursorValue:
        """A value as a person writes it; dates and times in ISO 8601.

        Raises:
            ConfigError: It is no value of this column.
        """
        try:
            return self._read(text.strip())
        except (ValueError, InvalidOperation) as exc:
            raise ConfigError(
                f"{text!r} is no value of the cursor {self.column!r}, which holds {_WORDS[self.order]}.",
                f"Write it as {_WRITTEN[self.order]}.",
            ) from exc

    def _read(self, text: str) -> CursorValue:
        match self.order:
            case "integer":
                return int(text)
            case "decimal":
                return _finite(Decimal(text))
            case "float":
                return float(_finite(Decimal(text)))
            case "date":
                return date.fromisoformat(text)
            case "string":
                return text
        found = datetime.fromisoformat(text)
        if self.order == "zoned":
            if found.tzinfo is None and len(text) > len("2024-12-31"):
                raise ValueError("the zone is missing")
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
        if found.tzinfo is not None:
            raise ValueError("there is no zone in this column")
        return found


def _finite(number: Decimal) -> Decimal:
    if not number.is_finite():
        raise ValueError(number)
    return number


def cursor(schema: Mapping[str, pl.DataType], column: str, kind: CursorType | None, where: str) -> Cursor:
    """A column as a cursor.

    Args:
        schema: Columns of the source, or of where its rows are.
        column: Name of the column; "_id" and "id", as it is called behind the source, are one.
        kind: What texts hold, if it is a column of text.
        where: The source, for messages.

    Raises:
        SourceError: There is no such column, or its values have no order.
    """
    there = {new: old for old, new in frames.shown(schema).items()}
    meant = (column, there.get(column), frames.shown([column]).get(column))
    name = next((each for each in meant if each in schema), None)
    if name is None:
        shown = ", ".join(frames.data_names(schema)[:30])
        raise SourceError(f"{where} has no column {column!r} to be the cursor.", f"Columns: {shown}.")
    dtype, values = schema[name], pl.col(name)
    if dtype == pl.String:
        return _of_text(name, kind, where)
    if dtype.is_integer():
        return Cursor(name, "integer", values)
    if dtype.is_decimal():
        return Cursor(name, "decimal", values)
    if dtype.is_float():
        return Cursor(name, "float", pl.when(values.is_finite()).then(values).cast(pl.Float64))
    if dtype == pl.Date:
        return Cursor(name, "date", values)
    if isinstance(dtype, pl.Datetime):
        values = values if dtype.time_unit == "us" else values.dt.cast_time_unit("us")
        if dtype.time_zone is None:
            return Cursor(name, "time", values)
        return Cursor(name, "zoned", values if dtype.time_zone == "UTC" else values.dt.convert_time_zone("UTC"))
    raise SourceError(
        f"The column {name!r} of {where} cannot be the cursor: {dtype} has no order in which rows arrive.",
        "Choose a column of numbers, dates or times that grows with each new or changed row.",
    )


def _of_text(name: str, kind: CursorType | None, where: str) -> Cursor:
    if kind is None:
        raise SourceError(
            f"The cursor {name!r} of {where} is a column of text, in which '10' stands before '9'.",
            "Give its type (--cursor-type): integer, float, date or datetime; string if the texts are in order.",
        )
    order: Order = "time" if kind == "datetime" else kind
    return Cursor(name, order, casting.cast_expr(Field(name, FieldType(kind)), pl.col(name)))
