"""Dates, timestamps and times written as text.

A format is a strptime format ("%d/%m/%Y"); several may be joined by "|", the first that fits counts. None is ISO 8601.
Years have four digits (1000 to 9999) unless the format says "%y". A timestamp with a zone becomes UTC; one without
stays as written.
"""

from __future__ import annotations

from typing import Any

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
    return pl.coalesce(_parsed(text, f, pl.Date()) for f in formats(date_format, ("%Y-%m-%d",)))


def datetime(text: pl.Expr, datetime_format: str | None = None) -> pl.Expr:
    """Datetime in microseconds; UTC if the format has a zone, else without zone.

    With no format, ISO 8601 texts with a zone are brought to UTC and lose the zone, so that one column keeps one type.
    """
    zone = "UTC" if is_zoned(datetime_format) else None
    if datetime_format is None:
        return pl.coalesce(_moment(part, f).dt.replace_time_zone(None) for part, f in _iso_parts(text))
    return pl.coalesce(_moment(text, f).dt.replace_time_zone(zone) for f in formats(datetime_format, ()))


def _iso_parts(text: pl.Expr) -> list[tuple[pl.Expr, str]]:
    """ISO formats, each with the texts it may fit: by far the most are told by length, and a parse costs."""
    size, gap = text.str.len_bytes(), text.str.slice(10, 1)
    shapes = {
        "%H:%M:%S": (size == 19) & (text.str.slice(16, 1) == ":"),
        "%H:%M": (size == 16) & (text.str.slice(13, 1) == ":"),
    }
    plain = [
        (pl.when(shape & (gap == mark)).then(text), f"%Y-%m-%d{mark}{clock}")
        for clock, shape in shapes.items()
        for mark in (" ", "T")
    ]
    rest = pl.when(~(pl.any_horizontal(*shapes.values()) & gap.is_in([" ", "T"]))).then(text)
    return [*plain, *((rest, f) for f in (*_ISO_MOMENTS, *_ISO_ZONED, "%Y-%m-%d"))]


def time(text: pl.Expr, time_format: str | None = None) -> pl.Expr:
    """Time of day; null where the text is none."""
    return pl.coalesce(_parsed(text, f, pl.Time()) for f in formats(time_format, _CLOCKS))


def _moment(text: pl.Expr, one_format: str) -> pl.Expr:
    """A timestamp in UTC or without zone, as the format has it; midnight if it is a date's."""
    if "%H" not in one_format and "%I" not in one_format:
        return _parsed(text, one_format, pl.Date()).cast(pl.Datetime("us"))
    return _parsed(text, one_format, pl.Datetime("us", "UTC" if is_zoned(one_format) else None))


def _parsed(text: pl.Expr, one_format: str, kind: Any) -> pl.Expr:
    """Texts that strptime would misread are sorted out first: "24" for the year 24, and the 61st second of a minute.

    Testing the result instead would make Polars parse twice. No other text that parses has ":60".
    """
    if "%S" in one_format:
        text = pl.when(~text.str.contains(":60", literal=True)).then(text)
    if "%Y" in one_format:
        text = pl.when(text.str.contains(_four_digits(one_format))).then(text)
    return text.str.strptime(kind, one_format, strict=False, cache=False)


def _four_digits(one_format: str) -> str:
    """A regex for a year from 1000 to 9999 between the same signs as in the format."""
    before, _, after = one_format.partition("%Y")
    left = "^" if not before else "" if before[-2:-1] == "%" else rf"\x{{{ord(before[-1]):x}}}"
    right = "$" if not after else "" if after[0] == "%" else rf"\x{{{ord(after[0]):x}}}"
    return f"{left}[1-9][0-9]{{3}}{right}"
