"""One cell as a person types it: text that becomes the type its bronze column has."""

from __future__ import annotations

from typing import Any

import polars as pl

from automic_core.inference.casting import cast_expr
from automic_core.records import Field, FieldType

_ISO = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d")
_ZONED = ("%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f%#z")


def from_text(text: pl.Expr, dtype: Any) -> pl.Expr:
    """The way back from ``frames.as_text``; null where the text does not fit, and never a value cut to fit.

    Times without a zone in a column that has one are UTC.
    """
    if dtype == pl.String:
        return text
    if dtype == pl.Binary:
        return text.str.decode("hex", strict=False)
    if isinstance(dtype, pl.List | pl.Array | pl.Struct):
        return text.str.json_decode(dtype)
    if dtype == pl.Boolean:
        return cast_expr(Field("", FieldType.BOOLEAN), text)
    if dtype == pl.Date:
        return text.str.strip_chars().str.to_date("%Y-%m-%d", strict=False)
    if dtype == pl.Time:
        return text.str.strip_chars().str.to_time("%H:%M:%S%.f", strict=False)
    if isinstance(dtype, pl.Datetime):
        return _moment(text.str.strip_chars(), dtype)
    if isinstance(dtype, pl.Decimal):
        return cast_expr(Field("", FieldType.DECIMAL, precision=dtype.precision, scale=dtype.scale), text).cast(dtype)
    return text.str.strip_chars().cast(dtype, strict=False)


def fits(value: str | None, dtype: Any) -> bool:
    """Whether a column of this type can hold what a person typed; None empties a cell of any type."""
    if value is None:
        return True
    cell = pl.DataFrame({"text": [value]}, schema={"text": pl.String})
    try:
        return cell.select(from_text(pl.col("text"), dtype)).item() is not None
    except pl.exceptions.PolarsError:
        return False


def _moment(text: pl.Expr, dtype: pl.Datetime) -> pl.Expr:
    naive = pl.coalesce(text.str.to_datetime(form, strict=False, time_unit="us") for form in _ISO)
    if dtype.time_zone is None:
        return naive.cast(dtype)
    zoned = pl.coalesce(text.str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC") for form in _ZONED)
    return pl.coalesce(zoned, naive.dt.replace_time_zone("UTC")).dt.convert_time_zone(dtype.time_zone).cast(dtype)
