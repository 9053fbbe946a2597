"""Columns that come with a type keep it; only their counts and range are looked at."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
import polars.selectors as cs

from automic_core.inference.detail import quantiles
from automic_core.inference.evidence import ColumnEvidence
from automic_core.records import Field, FieldType

_SELECTORS: tuple[tuple[cs.Selector, FieldType], ...] = (
    (cs.integer(), FieldType.INTEGER),
    (cs.float(), FieldType.FLOAT),
    (cs.decimal(), FieldType.DECIMAL),
    (cs.boolean(), FieldType.BOOLEAN),
    (cs.date(), FieldType.DATE),
    (cs.datetime(), FieldType.DATETIME),
    (cs.time(), FieldType.TIME),
    (cs.binary(), FieldType.BINARY),
)
ORDERED = (FieldType.INTEGER, FieldType.FLOAT, FieldType.DECIMAL, FieldType.DATE, FieldType.DATETIME, FieldType.TIME)
"""Types whose values have a range."""


def field_of(name: str, kind: pl.DataType) -> Field:
    """The field that describes a Polars column; what has no name of its own (durations, nulls) is a string."""
    if isinstance(kind, pl.List | pl.Array):
        return Field(name, FieldType.ARRAY)
    if isinstance(kind, pl.Struct):
        return Field(name, FieldType.JSON)
    if isinstance(kind, pl.Decimal):
        return Field(name, FieldType.DECIMAL, precision=kind.precision, scale=kind.scale)
    if isinstance(kind, pl.Datetime):
        return Field(name, FieldType.DATETIME, format="%Y-%m-%d %H:%M:%S%.f%#z" if kind.time_zone else None)
    sample = pl.DataFrame(schema={"x": kind})
    for selector, field_type in _SELECTORS:
        if sample.select(selector).width:
            return Field(name, field_type)
    return Field(name, FieldType.STRING)


def describe_typed(
    frame: pl.LazyFrame, kinds: Mapping[str, pl.DataType], evidence: Mapping[str, ColumnEvidence]
) -> dict[str, Field]:
    """Fields of typed columns; their counts and ranges are written into the evidence, in one pass."""
    if not kinds:
        return {}
    fields = {key: field_of(evidence[key].name, kind) for key, kind in kinds.items()}
    wanted: dict[tuple[str, str], pl.Expr] = {}
    for key, field in fields.items():
        column = pl.col(key).fill_nan(None) if kinds[key].is_float() else pl.col(key)
        wanted[key, "nulls"] = column.null_count()
        if not kinds[key].is_nested():
            wanted[key, "distinct"] = column.drop_nulls().n_unique()
        if field.type in ORDERED:
            wanted[key, "quantiles"] = quantiles(column)
    exprs = [expr.alias(str(i)) for i, expr in enumerate(wanted.values())]
    row = frame.select(pl.len().alias("rows"), *exprs).collect().row(0)
    for (key, what), value in zip(wanted, row[1:], strict=True):
        setattr(evidence[key], what, value)
    for key, field in fields.items():
        evidence[key].rows, evidence[key].type, evidence[key].reason = row[0], field.type, "typed by the source"
        field.confidence = 1.0
    return fields
