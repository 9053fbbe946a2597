"""Dates and times of MySQL's binary protocol as Arrow columns; of what has no place among these, the text.

They come as parts, little-endian: year (2 bytes), month, day, hour, minute, second, microsecond (4); times of day as
sign, days (4), hour, minute, second, microsecond (4). https://mariadb.com/kb/en/resultset-row/
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from automic_core.connectors.databases._reading import Rescue

_CLOCK = np.dtype([("minus", "u1"), ("days", "<u4"), ("hour", "u1"), ("minute", "u1"), ("second", "u1"), ("us", "<u4")])
_MOMENT = np.dtype(
    [("year", "<u2"), ("month", "u1"), ("day", "u1"), ("hour", "u1"), ("minute", "u1"), ("second", "u1"), ("us", "<u4"),
     ("", "u1")]
)  # fmt: skip
_SECOND, _DAY = 1_000_000, 86_400_000_000
_YEARS, _DIGITS = 10_000, 6
Parts = npt.NDArray[np.void]


def moments(sent: pa.Array, kind: pa.DataType, digits: int, rescue: Rescue) -> pa.Array:
    """Dates, times of day and moments from year 1 on; of others, such as 0000-00-00, null, and the text told.

    A time may be negative or of several days; only times of a day have a place.

    Args:
        sent: ``binary(12)``, what was sent and zeros behind it.
        kind: The type they get.
        digits: So many digits behind the second does the server print.
    """
    parts = np.frombuffer(sent.buffers()[1], _CLOCK if pa.types.is_time(kind) else _MOMENT, len(sent))
    if pa.types.is_time(kind):
        values, good = _seconds(parts), (parts["minus"] == 0) & (parts["days"] == 0)
    else:
        days, good = _days(parts)
        values = days if pa.types.is_date(kind) else days * _DAY + _seconds(parts)
    good &= (parts["hour"] < 24) & (parts["minute"] < 60) & (parts["second"] < 60)
    valid = sent.buffers()[0]
    if not good.all():
        known = np.ones(len(sent), bool) if valid is None else sent.is_valid().to_numpy(zero_copy_only=False)
        for row in np.nonzero(known & ~good)[0].tolist():
            rescue(row, _printed(parts[row], kind, digits))
        valid = pa.py_buffer(np.packbits(known & good, bitorder="little"))
    numbers = values.astype(np.int32 if pa.types.is_date(kind) else np.int64, copy=False)
    return pa.Array.from_buffers(kind, len(sent), [valid, pa.py_buffer(numbers)])


def _seconds(parts: Parts) -> npt.NDArray[np.int64]:
    """Microseconds of the day."""
    found = parts["hour"].astype(np.int64)
    for name in ("minute", "second"):
        found *= 60
        found += parts[name]
    found *= _SECOND
    found += parts["us"]
    return found


@functools.cache
def _months() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """By year * 13 + month: days from 1970 to the day before it begins, and how many it has; month 0 has none."""
    first = np.arange("0000-01", f"{_YEARS}-01", dtype="datetime64[M]").astype("datetime64[D]").astype(np.int64)
    sizes = np.diff(first, append=first[-1] + 31)
    before, lengths = (np.zeros((_YEARS, 13), np.int64) for _ in range(2))
    before[:, 1:], lengths[:, 1:] = (first - 1).reshape(_YEARS, 12), sizes.reshape(_YEARS, 12)
    lengths[0] = 0  # there is no year 0
    return before.ravel(), lengths.astype(np.uint8).ravel()


def _days(parts: Parts) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Days since 1970, and which of them there are."""
    before, lengths = _months()
    month = parts["year"].astype(np.int64)
    month *= 13
    month += parts["month"]
    day, inside = parts["day"], parts["month"] <= 12
    if len(month) and int(month.max()) >= len(lengths):
        inside &= parts["year"] < _YEARS
        month[~inside] = 0
    return before[month] + day, inside & (day > 0) & (day <= lengths[month])


def _printed(parts: Parts, kind: pa.DataType, digits: int) -> str:
    """As the server prints it."""
    year, month, day, minus, days = (int(parts[name]) if name in (parts.dtype.names or ()) else 0
                                     for name in ("year", "month", "day", "minus", "days"))  # fmt: skip
    hour, minute, second, us = (int(parts[name]) for name in ("hour", "minute", "second", "us"))
    date = f"{year:04}-{month:02}-{day:02}"
    if pa.types.is_date(kind):
        return date
    shown = digits if digits <= _DIGITS else _DIGITS if us else 0
    fraction = f".{us:06}"[: shown + 1] if shown else ""
    clock = f"{days * 24 + hour:02}:{minute:02}:{second:02}{fraction}"
    return f"{'-' * minus}{clock}" if pa.types.is_time(kind) else f"{date} {clock}"
