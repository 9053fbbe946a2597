"""Cells of any type as JSON and as plain text: digits kept, times in ISO 8601, nothing turned into null."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

import polars as pl


def json_text(value: Any) -> str:
    """A value as JSON.

    Decimals are numbers with all their digits; NaN and infinities, which JSON cannot write, are the strings "NaN",
    "Infinity" and "-Infinity" (as in the JSON mapping of Protocol Buffers 3); bytes are hexadecimal.
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return encode_basestring(value)
        case int():
            return str(value)
        case float():
            return repr(value) if math.isfinite(value) else f'"{_not_finite(value)}"'
        case Decimal():
            return f"{value:f}"
        case datetime() | date() | time():
            return f'"{value.isoformat()}"'
        case timedelta():
            return f'"{pl.Series([value]).dt.to_string("iso")[0]}"'
        case bytes():
            return f'"{value.hex()}"'
        case Mapping():
            return "{" + ", ".join(f"{encode_basestring(str(k))}: {json_text(v)}" for k, v in value.items()) + "}"
        case list() | tuple() | pl.Series():
            return "[" + ", ".join(map(json_text, value)) + "]"
        case _:
            return encode_basestring(str(value))


def _not_finite(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def is_nested(dtype: Any) -> bool:
    """Whether values of a type are lists or structs."""
    return isinstance(dtype, pl.List | pl.Array | pl.Struct)


def as_json(column: pl.Series) -> pl.Series:
    """Each cell as JSON text; null is the text ``null``."""
    dtype = column.dtype
    if dtype.is_integer() or isinstance(dtype, pl.Decimal | pl.Boolean):
        return column.cast(pl.String).fill_null("null")
    return pl.Series(column.name, [json_text(value) for value in column.to_list()], dtype=pl.String)


def flat(batch: pl.DataFrame) -> pl.DataFrame:
    """A batch for formats without nesting: lists and structs as JSON text, times as ISO 8601, bytes as hexadecimal."""
    return pl.DataFrame([_flat(column) for column in batch.get_columns()])


def _flat(column: pl.Series) -> pl.Series:
    dtype = column.dtype
    if is_nested(dtype) or dtype == pl.Object:
        texts = [None if value is None else json_text(value) for value in column.to_list()]
        return pl.Series(column.name, texts, dtype=pl.String)
    if dtype == pl.Binary:
        return column.bin.encode("hex")
    if dtype == pl.Duration:
        return column.dt.to_string("iso")
    if dtype == pl.Datetime:
        return column.cast(pl.String).str.replace(r"\.0+(\+|-|$)", "$1")
    if dtype == pl.Time:  # a cast to text would leave out what is below a second
        return column.dt.to_string("%H:%M:%S%.f")
    if isinstance(dtype, pl.Categorical | pl.Enum | pl.Null):
        return column.cast(pl.String)
    return column
