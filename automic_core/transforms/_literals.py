"""Values from options as Polars literals of a column's type, exactly or not at all."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl


def exact(value: Any, dtype: Any) -> Any:
    """``value`` as the column type holds it; dates and times may be ISO 8601 text.

    Raises:
        ValueError: The type cannot hold the value without changing it.
    """
    try:
        if dtype == pl.String:
            return str(value)
        if dtype.is_temporal() and isinstance(value, int | float):
            raise ValueError(f"{value!r} is a number, not {dtype}")
        if isinstance(value, str) and dtype.is_temporal():
            return pl.Series([value]).str.strptime(dtype, strict=True)[0]
        if dtype.is_decimal() and isinstance(value, int | float):
            number = Decimal(repr(value))
            held = pl.Series([number], dtype=dtype, strict=True)[0]
            if held != number:
                raise ValueError(f"{value!r} has too many decimal places")
            return held
        return pl.Series([value], dtype=dtype, strict=True)[0]
    except (TypeError, OverflowError, ArithmeticError, pl.exceptions.PolarsError) as exc:
        raise ValueError(f"{value!r} is not {dtype}") from exc
