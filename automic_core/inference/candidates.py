"""The types a text column may turn out to have, and which of them are worth a look."""

from __future__ import annotations

import re
from typing import NamedTuple

import polars as pl

from automic_core.inference import dates, numbers
from automic_core.inference.casting import cast_stripped
from automic_core.records import Field, FieldType

_BLANKS = " \u00a0\u202f\u2009"

LOOKS: dict[str, str] = {
    "word": r"^(?i:true|false|yes|no|y|n|t|f)$",
    "number": rf"^[+-]?\.?[0-9][0-9.,'\u2019{_BLANKS}]*(?:[eE][+-]?[0-9]+)?$",
    "grouped": rf"^[+-]?[0-9.]*[0-9](?:[,'\u2019{_BLANKS}]|\.[0-9]{{3}}\.)[0-9.,'\u2019{_BLANKS}]*$",
    "day": r"^[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}$",
    "month": r"^(?:[0-9]{1,2}[ -])?[A-Za-z]{3,9}[ -]\s?[0-9]{1,4}(?:,? [0-9]{4})?$",
    "moment": r"^[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}[T ][0-9]{1,2}:[0-9]{2}",
    "clock": r"^[0-9]{1,2}:[0-9]{2}(?:[: ]|$)",
    "json": r"^[\[{]",
    "unit": r"^[+-]?\p{Sc}\s?[0-9]|[0-9]\s?[%\p{Sc}]$",
}
"""A coarse look by kind: a column is only tried for types of a kind that some of its values look like."""


class Candidate(NamedTuple):
    """A type with its format; ``scale`` only for decimals."""

    type: FieldType
    format: str | None = None
    scale: int | None = None

    def field(self, name: str = "") -> Field:
        """The field that casts this way."""
        precision = None if self.scale is None else numbers.DEFAULT_DECIMAL[0]
        return Field(name, self.type, format=self.format, precision=precision, scale=self.scale)

    def cast(self, text: pl.Expr) -> pl.Expr:
        """Stripped text as this type."""
        return cast_stripped(self.field(), text)

    def prints_back(self, text: pl.Expr) -> pl.Expr:
        """Whether the typed value keeps all that the text says.

        Numbers print back digit by digit. Dates and times are equal up to zero padding, the spelling of the month, and
        (with a zone) as the same instant; digits of a second beyond microseconds are not kept. JSON keeps its
        text, an array does not.
        """
        match self.type:
            case FieldType.INTEGER:
                return numbers.integer_prints_back(text, self.format)
            case FieldType.FLOAT:
                return numbers.float_prints_back(text, self.format)
            case FieldType.DECIMAL:
                return self.cast(text).cast(pl.String) == text
            case FieldType.DATETIME | FieldType.TIME if not self.always_prints_back:
                return self.cast(text).is_not_null() & ~text.str.contains(r"\.[0-9]{7}")
            case FieldType.ARRAY:
                return text.is_null() & False
        return self.cast(text).is_not_null()

    @property
    def always_prints_back(self) -> bool:
        """Whether a value that fits prints back in any case, so that there is nothing to count."""
        if self.type in (FieldType.DATETIME, FieldType.TIME):
            return self.format is not None and "%.f" not in self.format
        return self.type in (FieldType.DATE, FieldType.BOOLEAN, FieldType.JSON)

    @property
    def guesses_century(self) -> bool:
        """Whether years have two digits."""
        return self.format is not None and "%y" in self.format

    def __str__(self) -> str:
        return f"{self.type.value} {self.format!r}" if self.format else self.type.value


_OPTIONS: dict[str, tuple[Candidate, ...]] = {
    "word": (Candidate(FieldType.BOOLEAN),),
    "number": (Candidate(FieldType.INTEGER), Candidate(FieldType.FLOAT)),
    "grouped": tuple(
        Candidate(kind, style) for style in numbers.NUMBER_FORMATS for kind in (FieldType.INTEGER, FieldType.FLOAT)
    ),
    "day": tuple(Candidate(FieldType.DATE, style) for style in dates.NUMERIC_DATES),
    "month": tuple(Candidate(FieldType.DATE, style) for style in dates.NAMED_DATES),
    "moment": tuple(Candidate(FieldType.DATETIME, style) for style in dates.DATETIMES),
    "clock": tuple(Candidate(FieldType.TIME, style) for style in dates.TIMES),
    "json": (Candidate(FieldType.ARRAY), Candidate(FieldType.JSON)),
    "unit": (),
}

_NAMED_DAY = re.compile(r"(?i)date|datum|fecha|(?:^|_)(?:day|dt|dob|birth(?:day)?)(?:_|$)|_on$")
_NAMED_FLAG = re.compile(r"^(?:is|has|can|was|should)[A-Z_]|(?:^|_)flag$")


def options(name: str, kinds: list[str]) -> list[Candidate]:
    """Candidates for a column, preferred ones first; digits alone are a date or a flag only if the name says so."""
    found = [option for kind in kinds for option in _OPTIONS[kind]]
    if "number" in kinds and _NAMED_FLAG.search(name):
        found.insert(0, Candidate(FieldType.BOOLEAN, "1/0"))
    if "number" in kinds and _NAMED_DAY.search(name):
        found.insert(0, Candidate(FieldType.DATE, dates.COMPACT_DATE))
    return found
