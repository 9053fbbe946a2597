"""A bound of a read as a filter that the server can answer by an index, where both mean the same order."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from automic_core.connectors.databases._mongodb_types import Column
from automic_core.contracts import Bound, CursorValue

_TYPES = {
    "int": ["int", "long"],
    "double": ["int", "long", "double"],
    "date": ["date"],
    "string": ["string"],
    "objectId": ["objectId"],
}
_MILLISECOND = timedelta(milliseconds=1)
_UNHELD: dict[str, list[dict[str, Any]]] = {
    "double": [{"$in": [math.nan, math.inf, -math.inf]}, {"$gt": 1 << 53}, {"$lt": -(1 << 53)}],
    "date": [{"$gt": datetime(9999, 12, 31, 23, 59, 59, 999_000)}, {"$lt": datetime(1, 1, 1)}],  # noqa: DTZ001
}
"""Values of the right type that the column does not hold, or that have no place in its order."""


def condition(column: Column, bound: Bound) -> dict[str, Any]:
    """A filter that holds at least for the documents within a bound; empty if it can only be told on our side.

    A comparison of the server's holds only for values of one type, and for an array if it holds for an element. What
    is no value of the column is null in it.

    Args:
        column: The column of the bound.
        bound: The bound.
    """
    name, types = column.field, _TYPES.get(column.kind)
    if types is None or name.startswith("$") or "." in name:
        return {}
    ends: dict[str, Any] = {}
    for sign, value in (("$gte", bound.since), ("$lt", bound.until)):
        if value is not None:
            found = _value(column.kind, value, up=sign == "$lt")
            if found is None:
                return {}
            ends[sign] = found
    if not ends:
        return {} if bound.nulls else {name: {"$ne": None}}
    # what has another type is null in a typed column, and written out in one of text
    other: dict[str, Any] = {"$not": {"$type": types}}
    odd: list[dict[str, Any]] = [{name: other if bound.nulls else {**other, "$ne": None}}, {name: {"$type": "array"}}]
    if not bound.nulls:
        return {"$or": [{name: ends}, *odd]} if column.kind in ("string", "objectId") else {name: ends}
    return {"$or": [{name: ends}, *odd, *({name: each} for each in _UNHELD.get(column.kind, ()))]}


def _value(kind: str, value: CursorValue, *, up: bool) -> Any:
    """A value in the server's terms; None if it would compare it otherwise than we do."""
    from bson.int64 import Int64
    from bson.objectid import ObjectId

    if kind == "date":
        return _moment(value, up=up) if isinstance(value, datetime) and value.tzinfo else None
    if kind == "objectId":
        return ObjectId(value) if isinstance(value, str) and ObjectId.is_valid(value) else None
    if isinstance(value, str):
        return value if kind == "string" else None
    if isinstance(value, date) or kind not in ("int", "double"):
        return None
    if isinstance(value, int):
        return Int64(value) if -(2**63) <= value < 2**63 else _far(value)
    if isinstance(value, Decimal):
        return _far(value)
    return value if math.isfinite(value) else None


def _far(value: int | Decimal) -> Any:
    from decimal import localcontext

    from bson.decimal128 import Decimal128, create_decimal128_context

    with localcontext(create_decimal128_context()) as context:
        found = context.create_decimal(value)
        return Decimal128(found) if found.is_finite() and found == value else None


def _moment(value: datetime, *, up: bool) -> datetime:
    """Dates have milliseconds: the last one before a start, the first one after an end."""
    moment = value.astimezone(UTC).replace(tzinfo=None)
    cut = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    return cut + _MILLISECOND if up and cut != moment else cut
