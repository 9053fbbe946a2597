"""Values of MySQL's log, which its reader gives as Python objects, as the server prints them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

LOST = object()
"""Stands for a value that the reader of the log does not tell, such as a date 2024-00-00."""
_OUT = "out of "
_ZERO = datetime(1970, 1, 1)  # noqa: DTZ001 - a timestamp begins one second later; this is how 0000-00-00 is stored
_TIMESTAMPS, _YEAR, _BIT = (7, 17), 13, 16


def printed(value: Any, kind: int, source: str, ordered: Sequence[str] = ()) -> Any:
    """A value as the bytes that a SELECT would give; None = null, LOST = not told.

    Args:
        value: As the reader gives it.
        kind: Type of the column in the log.
        source: Why the reader gives None, in its words.
        ordered: Members of a set, as it was declared.
    """
    match value:
        case None:
            return LOST if _OUT in source else b"" if source == "empty set" else None
        case bytes():
            return value
        case bool() | int():
            return b"0" if kind == _YEAR and value == 1900 else str(int(value)).encode()
        case str():
            return str(int(value, 2)).encode() if kind == _BIT else value.encode()
        case float():
            return repr(value).encode()
        case Decimal():
            return f"{value:f}".encode()
        case datetime():
            if kind in _TIMESTAMPS and value == _ZERO:
                return b"0000-00-00 00:00:00"
            return value.isoformat(" ").encode()
        case date():
            return value.isoformat().encode()
        case timedelta():
            return LOST if value < timedelta() and value.microseconds else _time(value)
        case set() | frozenset():
            return ",".join(sorted(value, key=lambda each: _place(each, ordered))).encode()
        case _:
            return json.dumps(_plain(value), ensure_ascii=False).encode()


def _time(value: timedelta) -> bytes:
    sign, value = ("-", -value) if value < timedelta() else ("", value)
    seconds = value.days * 86_400 + value.seconds
    text = f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return (f"{text}.{value.microseconds:06}" if value.microseconds else text).encode()


def _place(member: str, ordered: Sequence[str]) -> int:
    return list(ordered).index(member) if member in ordered else len(ordered)


def _plain(value: Any) -> Any:
    """JSON of MySQL 8, whose texts come as bytes."""
    match value:
        case bytes():
            return value.decode()
        case Mapping():
            return {_plain(key): _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case Decimal():
            return float(value)
        case datetime() | date() | timedelta():
            return str(value)
        case _:
            return value
