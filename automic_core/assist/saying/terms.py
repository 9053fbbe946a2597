"""Values in plain words: numbers, days, texts, and how SQL writes them."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

from automic_core.assist.saying.saying import Unclear

NUMBER = r"[-+\u2212]?(?:\d{1,3}(?:[ ,]\d{3})+|\d+)(?:\.\d+)?(?:\s?[kKmM]\b)?"
_MOST_VALUES = 10_000
_TIMES = {"k": 1_000, "m": 1_000_000}
_WORDS = {"zero": 0, "one": 1, "two": 2, "three": 3, "five": 5, "ten": 10, "hundred": 100, "thousand": 1000}
_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_MONTHS |= {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}


@dataclass(frozen=True)
class Span:
    """The days that a word for a time means, both included."""

    first: date
    last: date


def quoted(name: str) -> str:
    """A column in SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    """A value in SQL."""
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, int | float):
        return repr(value)
    return "'" + str(value).replace("'", "''") + "'"


def bare(text: str) -> str:
    """A text without quotes and blanks around it."""
    return text.strip().strip("'\"`").strip()


def number(text: str) -> int | float:
    """A number as a person writes it: "1,000", "-3.5", "10k", "zero".

    Raises:
        Unclear: It is none.
    """
    plain = bare(text).lower().replace("\u2212", "-")
    if plain in _WORDS:
        return _WORDS[plain]
    match = re.fullmatch(rf"({NUMBER})\s*(?:eur|usd|gbp|%|percent|years?|[$€£])?", plain, re.IGNORECASE)
    if match is None:
        raise Unclear(f"{text.strip()!r} is no number.", "Write it in digits.")
    digits = match[1].replace(",", "").replace(" ", "")
    times = _TIMES.get(digits[-1], 1)
    value = float(digits.rstrip("km")) * times
    return int(value) if value.is_integer() else value


def span(text: str) -> Span | None:
    """The days that a year, a month or a day means; None if the text means none."""
    plain = bare(text).lower().removeprefix("the ").removeprefix("year ")
    if match := re.fullmatch(r"(\d{4})", plain):
        year = int(match[1])
        return Span(date(year, 1, 1), date(year, 12, 31)) if 1000 <= year <= 9998 else None
    if match := re.fullmatch(r"(\d{4})-(\d{1,2})", plain):
        return _month(int(match[1]), int(match[2]))
    if (match := re.fullmatch(r"([a-z]+)\.?,? (\d{4})", plain)) and match[1] in _MONTHS:
        return _month(int(match[2]), _MONTHS[match[1]])
    if match := re.fullmatch(r"q([1-4])[ /-]?(\d{4})", plain):
        first = date(int(match[2]), int(match[1]) * 3 - 2, 1)
        end = _month(first.year, first.month + 2)
        return Span(first, end.last) if end else None
    day = _day(plain)
    return Span(day, day) if day else None


def _day(plain: str) -> date | None:
    parts: tuple[int, int, int] | None = None
    if match := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", plain):
        parts = int(match[1]), int(match[2]), int(match[3])
    elif (match := re.fullmatch(r"(\d{1,2})\.? ([a-z]+)\.?,? (\d{4})", plain)) and match[2] in _MONTHS:
        parts = int(match[3]), _MONTHS[match[2]], int(match[1])
    elif (match := re.fullmatch(r"([a-z]+)\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})", plain)) and match[1] in _MONTHS:
        parts = int(match[3]), _MONTHS[match[1]], int(match[2])
    elif match := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", plain):
        parts = int(match[3]), int(match[2]), int(match[1])
    try:
        return date(*parts) if parts else None
    except ValueError:
        return None


def _month(year: int, month: int) -> Span | None:
    if not 1 <= month <= 12 or not 1 <= year <= 9998:
        return None
    first = date(year, month, 1)
    return Span(first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))


def listed(text: str) -> list[str]:
    """The members of an enumeration: "DE, FR or 'New York'"."""
    parts = re.findall(r"'[^']*'|\"[^\"]*\"|[^,;/|]+", re.sub(r"^\s*[\[({]|[\])}]\s*$", "", text))
    found = [each for part in parts for each in _ored(part)]
    return [bare(each) for each in found if bare(each)]


def _ored(part: str) -> list[str]:
    return [part] if part.strip()[:1] in "'\"" else re.split(r"(?:^|\s)(?:or|and)\s", part)


def as_written(texts: list[str], column: pl.Series) -> list[Any]:
    """Texts as values of a column: numbers for numbers; of a text column in the case its values have.

    Raises:
        Unclear: A number is needed, and one is none.
    """
    if column.dtype.is_numeric():
        return [number(text) for text in texts]
    if column.dtype != pl.String:
        return list(texts)
    values = column.drop_nulls().unique().sort().head(_MOST_VALUES).to_list()
    known = {value.strip().lower(): value for value in values}
    return [text if text in values else known.get(text.lower(), text) for text in texts]
