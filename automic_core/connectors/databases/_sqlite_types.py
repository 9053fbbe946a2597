"""What declared SQLite types mean, and how stored values become typed ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa

Converter = tuple[pa.DataType, frozenset[str], Callable[[Any], Any]]
"""A type, the storage classes it is read from, and how; raises ValueError where a value does not fit."""

PLAIN: dict[str, pa.DataType] = {
    "integer": pa.int64(),
    "real": pa.float64(),
    "text": pa.string(),
    "blob": pa.binary(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us"),
    "time": pa.time64("us"),
}
"""The type of a column of one storage class; of one without values, by what it declares."""

_NAMES = {
    "BOOLEAN": "boolean",
    "BOOL": "boolean",
    "DATE": "date",
    "DATETIME": "datetime",
    "TIMESTAMP": "datetime",
    "TIME": "time",
}
_MARKS = (("INT", "integer"), ("BLOB", "blob"), ("REAL", "real"), ("FLOA", "real"), ("DOUB", "real"))


def family(declared: str) -> str:
    """What a declared type asks for: https://www.sqlite.org/datatype3.html, 3.1, and the names that people use."""
    base, _, size = declared.partition("(")
    base = base.strip()
    if base == "DECIMAL_TEXT":
        return f"decimal {size.rstrip(')')}"
    return _NAMES.get(base) or next((found for mark, found in _MARKS if mark in base), "text")


def converters(name: str) -> list[Converter]:
    """Ways to read a family whose values have no storage class of their own, best first."""
    text = frozenset({"text"})
    if name.startswith("decimal"):
        precision, scale = map(int, name.split()[1].split(","))
        return [(pa.decimal128(precision, scale), text, lambda value: Decimal(value.decode()))]
    known: dict[str, list[Converter]] = {
        "boolean": [(pa.bool_(), frozenset({"integer"}), _boolean)],
        "date": [(pa.date32(), text, _date)],
        "datetime": [(pa.timestamp("us"), text, _datetime), (pa.timestamp("us", "UTC"), text, _zoned)],
        "time": [(pa.time64("us"), text, _time)],
        "real": [(pa.float64(), frozenset({"real", "text"}), _real)],
    }
    return known.get(name, [])


def printed(value: Any) -> str | bytes:
    """A value of a column of several types as text; bytes come as a blob literal already."""
    return value if isinstance(value, bytes) else repr(value)


def _boolean(value: Any) -> bool:
    if value in (0, 1):
        return bool(value)
    raise ValueError(value)


def _date(value: bytes) -> date:
    if len(value) != 10:
        raise ValueError(value)
    return date.fromisoformat(value.decode())


def _moment(value: bytes) -> datetime:
    if len(value) < 16 or value[10:11] not in (b" ", b"T"):
        raise ValueError(value)
    return datetime.fromisoformat(value.decode())


def _datetime(value: bytes) -> datetime:
    found = _moment(value)
    if found.tzinfo is not None:
        raise ValueError(value)
    return found


def _zoned(value: bytes) -> datetime:
    found = _moment(value)
    if found.tzinfo is None:
        raise ValueError(value)
    return found.astimezone(UTC)


def _time(value: bytes) -> time:
    found = time.fromisoformat(value.decode())
    if value[2:3] != b":" or found.tzinfo is not None:
        raise ValueError(value)
    return found


def _real(value: Any) -> float:
    """A float; the text NaN is how the loader stores one that SQLite would make null."""
    if isinstance(value, bytes) and value != b"NaN":
        raise ValueError(value)
    return float(value)
