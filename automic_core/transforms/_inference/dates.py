"""Dates, timestamps and times written as text.

A format is a strptime format ("%d/%m/%Y"); several may be joined by "|", the first that fits counts. None is ISO 8601.
Years have four digits (1000 to 9999) unless the format says "%y". A timestamp with a zone becomes UTC; one without
stays as written.
"""

from __future__ import annotations

import polars as pl

from automic_core.errors import ConfigError

NUMERIC_DATES = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%Y",
    "%d/%m/%y", "%m/%d/%y", "%d-%m-%y", "%m-%d-%y", "%d.%m.%y",
)  # fmt: skip
NAMED_DATES = ("%d %B %Y", "%d-%B-%Y", "%B %d, %Y", "%B %d %Y", "%d-%B-%y")  # %B reads short and long names
COMPACT_DATE = "%Y%m%d"
TIMES = ("%H:%M:%S", "%H:%M", "%H:%M:%S%.f", "%I:%M %p", "%I:%M:%S %p")
_CLOCKS = ("%H:%M:%S", "%H:%M", "%H:%M:%S%.f")
_ISO_MOMENTS = tuple(f"%Y-%m-%d{gap}{clock}" for gap in (" ", "T") for clock in _CLOCKS)
_ISO_ZONED = tuple(f"%Y-%m-%d{gap}{clock}%#z" for gap in (" ", "T") for clock in ("%H:%M:%S%.f", "%H:%M"))
_SLASHED = ("%Y/%m/%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y")
DATETIMES = (
    *_ISO_MOMENTS,
    *(f"{moment}%#z" for moment in _ISO_MOMENTS),
    *(f"{day} {clock}" for day in _SLASHED for clock in _CLOCKS),
    *(f"{day} %I:%M{seconds} %p" for day in ("%m/%d/%Y", "%d/%m/%Y") for seconds in ("", ":%S")),
)
"""Formats tried by inference, common ones first."""

_FIRST_YEAR, _LAST_YEAR = 1000, 9999
_LEAP_SECOND = r":60(?:[^0-9]|$)"


def formats(text: str | None, default: tuple[str, ...]) -> tuple[str, ...]:
    """The formats of a field in the order in which they are tried.

    Raises:
        ConfigError: A format has no strptime directive.
    """
    if text is None:
        return default
    parts = tuple(part.strip() for part in text.split("|"))
    for part in parts:
        if "%" not in part:
            raise ConfigError(f"{part!r} is not a date or time format.", "Write it like '%d/%m/%Y' or '%H:%M:%S'.")
    return parts


def is_zoned(text: str | None) -> bool:
    """Whether a timestamp format reads a zone, so that the column is UTC."""
    return text is not None and "z" in text.replace("%Z", "")


def date(text: pl.Expr, date_format: str | None = None) -> pl.Expr:
    """Date; null where the text is not a day that exists."""
    return pl.coalesce(_year_known(text.str.to_date(f, strict=False)) for f in formats(date_format, ("%Y-%m-%d",)))


def datetime(text: pl.Expr, datetime_format: str | None = None) -> pl.Expr:
    """Datetime in microseconds; UTC if the format has a zone, else without zone.

    With no format, ISO 8601 texts with a zone are brought to UTC and lose the zone, so that one column keeps one type.
    """
    chosen = formats(datetime_format, (*_ISO_MOMENTS, *_ISO_ZONED, "%Y-%m-%d"))
    zoned = is_zoned(datetime_format)
    moment = pl.coalesce(_year_known(_moment(text, f, zoned)) for f in chosen)
    # chrono rolls a leap second into the next minute; no other value has ":60"
    return pl.when(~text.str.contains(_LEAP_SECOND)).then(moment) if any("%S" in f for f in chosen) else moment


def time(text: pl.Expr, time_format: str | None = None) -> pl.Expr:
    """Time of day; null where the text is none."""
    chosen = formats(time_format, _CLOCKS)
    moment = pl.coalesce(text.str.to_time(f, strict=False) for f in chosen)
    return pl.when(~text.str.contains(_LEAP_SECOND)).then(moment)


def _moment(text: pl.Expr, one_format: str, zoned: bool) -> pl.Expr:
    if "%H" not in one_format and "%I" not in one_format:
        moment = text.str.to_date(one_format, strict=False).cast(pl.Datetime("us"))
    elif is_zoned(one_format):
        moment = text.str.to_datetime(one_format, strict=False, time_unit="us", time_zone="UTC")
    else:
        moment = text.str.to_datetime(one_format, strict=False, time_unit="us")
    if zoned:
        return moment if is_zoned(one_format) else moment.dt.replace_time_zone("UTC")
    return moment.dt.replace_time_zone(None) if is_zoned(one_format) else moment


def _year_known(value: pl.Expr) -> pl.Expr:
    return pl.when(value.dt.year().is_between(_FIRST_YEAR, _LAST_YEAR)).then(value)
