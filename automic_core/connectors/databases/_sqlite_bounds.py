"""A bound of a read as a condition that SQLite can answer, where its order and ours are the same."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from automic_core.contracts import Bound, CursorValue

if TYPE_CHECKING:
    from automic_core.connectors.databases._sqlite_reading import Column

_NUMBERS = frozenset({"integer", "real"})
_SLACK = timedelta(days=8)
"""How far a text may stand from its moment in UTC: a zone and a week of another year (2020-W53-7 is in 2021)."""


def condition(column: Column, bound: Bound, *, utf8: bool) -> tuple[str, list[Any]]:
    """An SQL condition that holds at least for the rows within a bound, with its values; empty if there is none.

    Types are those of single values here, so a bound is left to us wherever they are not the column's own.

    Args:
        column: The column of the bound.
        bound: The bound.
        utf8: Whether the file's texts are UTF-8, so that its bytes are ordered as our texts are.
    """
    ends, values = [], []
    for sign, end in ((">=", bound.since), ("<", bound.until)):
        if end is None:
            continue
        found = _end(column, sign, end, utf8)
        if found is None:
            return "", []
        if found:
            ends.append(f"{found[0]} {sign} ?")
            values.append(found[1])
    if not ends:
        return ("", []) if bound.nulls else (f"{column.sql} IS NOT NULL", [])
    inside = " AND ".join(ends)
    # among numbers the text NaN, and the infinities
    odd = f" OR typeof({column.sql}) = 'text' OR abs({column.sql}) = 9e999" if column.type == pa.float64() else ""
    return (f"({inside}) OR {column.sql} IS NULL{odd}" if bound.nulls else inside), values


def _end(column: Column, sign: str, value: CursorValue, utf8: bool) -> tuple[str, Any] | tuple[()] | None:
    """What is compared with what; nothing if this end says too little here, None if the two cannot be compared."""
    kind, sql = column.type, column.sql
    if isinstance(value, datetime):
        if not pa.types.is_timestamp(kind):
            return None
        if sign == "<" or value.date() < date.min + _SLACK:
            return ()
        return f"{sql} COLLATE BINARY", (value.date() - _SLACK).isoformat()
    if isinstance(value, date):
        return (f"{sql} COLLATE BINARY", value.isoformat()) if kind == pa.date32() else None
    if isinstance(value, str):
        plain = utf8 and kind == pa.string() and column.classes == {"text"} and "\0" not in value
        return (f"{sql} COLLATE BINARY", value) if plain else None
    if kind not in (pa.int64(), pa.float64()) or not column.classes <= {*_NUMBERS, "text"}:
        return None
    number = value if isinstance(value, int) else float(value)
    fits = -(2**63) <= number < 2**63 if isinstance(number, int) else math.isfinite(number)
    return (sql, number) if fits else None
