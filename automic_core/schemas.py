"""Our schema vocabulary and Polars types, both ways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from automic_core.records import Field, FieldType, Schema


def field_type(dtype: Any) -> FieldType:
    """The field type that names a Polars type."""
    if dtype.is_integer():
        return FieldType.INTEGER
    if isinstance(dtype, pl.Decimal):
        return FieldType.DECIMAL
    if dtype.is_float():
        return FieldType.FLOAT
    if isinstance(dtype, pl.List | pl.Array):
        return FieldType.ARRAY
    simple: dict[Any, FieldType] = {
        pl.Boolean: FieldType.BOOLEAN,
        pl.Date: FieldType.DATE,
        pl.Datetime: FieldType.DATETIME,
        pl.Time: FieldType.TIME,
        pl.Binary: FieldType.BINARY,
        pl.Struct: FieldType.JSON,
    }
    return simple.get(dtype.base_type(), FieldType.STRING)


def polars_type(field: Field) -> Any:
    """The Polars type that holds a field."""
    if field.type is FieldType.DECIMAL:
        return pl.Decimal(field.precision or 38, 9 if field.scale is None else field.scale)
    types: dict[FieldType, Any] = {
        FieldType.INTEGER: pl.Int64(),
        FieldType.FLOAT: pl.Float64(),
        FieldType.BOOLEAN: pl.Boolean(),
        FieldType.DATE: pl.Date(),
        FieldType.DATETIME: pl.Datetime("us"),
        FieldType.TIME: pl.Time(),
        FieldType.BINARY: pl.Binary(),
    }
    return types.get(field.type, pl.String())


def from_polars(schema: Mapping[str, Any], name: str = "") -> Schema:
    """A schema with one field a column, types as they are."""
    return Schema(
        name=name, fields=[Field(name=n, type=field_type(t)) for n, t in schema.items() if not n.startswith("_")]
    )
