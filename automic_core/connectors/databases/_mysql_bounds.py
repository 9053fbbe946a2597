"""A bound of a read as a condition that the server can answer, where both mean the same order."""

from __future__ import annotations

import math
from datetime import date, datetime
from decimal import Decimal

from automic_core.connectors.databases._mysql_types import DATE, DATETIME, TIMESTAMP, Column
from automic_core.connectors.databases._reading import within
from automic_core.contracts import Bound, CursorValue

_MOST = 60
"""Digits of a number that the server still takes as an exact one."""
_EARLY = "{0} < '0001-01-01'"
# a day or month 0, or the 31st of February: where the server is not strict
_NO_DAY = "LAST_DAY({0}) IS NULL OR DAYOFMONTH({0}) = 0 OR DAYOFMONTH({0}) > DAYOFMONTH(LAST_DAY({0}))"
_ODD = {TIMESTAMP: _EARLY, DATE: f"{_EARLY} OR {_NO_DAY}", DATETIME: f"{_EARLY} OR {_NO_DAY}"}
"""Values that have no place in a column of ours: there they are null. Of a date or datetime they are found by a look at
every row; nulls="skip" has an index answer."""


def condition(column: Column, place: str, bound: Bound) -> str:
    """An SQL condition that holds at least for the rows within a bound; empty if it can only be told on our side.

    Args:
        column: The column of the bound.
        place: Its name in the statement.
        bound: The bound.
    """
    shown = f"CAST(CONVERT({place} USING utf8mb4) AS BINARY)" if column.how == "text" else place
    return within(place, shown, bound, lambda value: _literal(column, value), _ODD.get(column.kind, "").format(place))


def _literal(column: Column, value: CursorValue) -> str:
    """A value in SQL; empty if the server would compare it otherwise than we do."""
    if isinstance(value, datetime):
        wanted = TIMESTAMP if value.tzinfo else DATETIME
        plain = value.replace(tzinfo=None).isoformat(" ", "microseconds")
        return f"TIMESTAMP'{plain}'" if column.kind == wanted else ""
    if isinstance(value, date):
        return f"DATE'{value.isoformat()}'" if column.kind == DATE else ""
    if isinstance(value, str):
        return f"_binary X'{value.encode().hex()}'" if column.how == "text" else ""
    if column.how not in ("number", "decimal", "float") or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if column.how == "float":
        return f"{float(value)!r}e0" if "e" not in repr(float(value)) else repr(float(value))
    written = f"{Decimal(value):f}"
    return written if len(written) <= _MOST else ""
