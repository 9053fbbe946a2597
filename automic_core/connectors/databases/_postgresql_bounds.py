"""A bound of a read as a condition that the server can answer by an index, where both mean the same order."""

from __future__ import annotations

import math
import uuid
from datetime import date, datetime
from decimal import Decimal

from automic_core.connectors.databases._postgresql_types import Column
from automic_core.connectors.databases._reading import within
from automic_core.contracts import Bound, CursorValue

_INTEGERS, _FLOATS, _TEXTS = (20, 21, 23), (700, 701), (19, 25, 1043)
_DATE, _TIME, _ZONED, _UUID, _NUMERIC = 1082, 1114, 1184, 2950, 1700
_ODD = {
    **dict.fromkeys(_FLOATS, "{0} IN ('NaN', 'Infinity', '-Infinity')"),
    _NUMERIC: "{0} = 'NaN'",
    _DATE: "{0} < '0001-01-01' OR {0} > '9999-12-31'",
    **dict.fromkeys((_TIME, _ZONED), "{0} < '0001-01-01' OR {0} >= '10000-01-01'"),
}
"""Values that have no place in a column of ours: there they are null."""


def condition(column: Column, place: str, bound: Bound, *, utf8: bool) -> str:
    """An SQL condition that holds at least for the rows within a bound; empty if it can only be told on our side.

    Args:
        column: The column of the bound.
        place: Its name in the statement.
        bound: The bound.
        utf8: Whether the server's texts are UTF-8, so that its bytes are ordered as our texts are.
    """
    shown = f'{place} COLLATE "C"' if column.kind in _TEXTS else place
    odd = _ODD.get(column.kind, "").format(place)
    return within(place, shown, bound, lambda value: _literal(column, value, utf8), odd)


def _literal(column: Column, value: CursorValue, utf8: bool) -> str:
    """A value in SQL; empty if the server would compare it otherwise than we do."""
    kind = column.kind
    if isinstance(value, datetime):
        wanted, name = (_ZONED, "timestamptz") if value.tzinfo else (_TIME, "timestamp")
        return f"'{value.isoformat()}'::{name}" if kind == wanted else ""
    if isinstance(value, date):
        return f"'{value.isoformat()}'::date" if kind == _DATE else ""
    if isinstance(value, str):
        return _text(kind, value) if utf8 else ""
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    if kind in _INTEGERS or (kind == _NUMERIC and column.how == "decimal"):
        # a plain constant is of the column's own type, so that an index of integers serves
        return str(value) if isinstance(value, int) else f"'{Decimal(value):f}'::numeric"
    return f"'{float(value)!r}'::float8" if kind in _FLOATS else ""


def _text(kind: int, value: str) -> str:
    from psycopg import sql

    if kind == _UUID:
        try:
            return f"'{uuid.UUID(value)}'::uuid"
        except ValueError:
            return ""
    return sql.Literal(value).as_string() if kind in _TEXTS and "\0" not in value else ""
