"""How text may be read as a type a person chose: the best format, and whether a value keeps all its text."""

from __future__ import annotations

import polars as pl

from automic_core.inference import dates, numbers
from automic_core.inference.candidates import Candidate
from automic_core.inference.casting import BOOLEAN_WORDS, cast_stripped
from automic_core.records import Field, FieldType

_SAMPLE = 3_000
_ROOM = 2  # digits a decimal gets beyond the longest value seen

_FORMATS: dict[FieldType, tuple[str | None, ...]] = {
    FieldType.INTEGER: (None, *numbers.NUMBER_FORMATS),
    FieldType.FLOAT: (None, *numbers.NUMBER_FORMATS),
    FieldType.DECIMAL: (None, *numbers.NUMBER_FORMATS),
    FieldType.BOOLEAN: (None, *("/".join(pair) for pair in BOOLEAN_WORDS), "1/0", "on/off"),
    FieldType.DATE: (*dates.NUMERIC_DATES, *dates.NAMED_DATES, dates.COMPACT_DATE),
    FieldType.DATETIME: (None, *dates.DATETIMES),
    FieldType.TIME: dates.TIMES,
}


def formats(kind: FieldType) -> tuple[str | None, ...]:
    """The formats known for a type, common ones first; empty if it needs none."""
    return _FORMATS.get(kind, ())


def best_reading(name: str, kind: FieldType, texts: pl.Series) -> Field:
    """The field of this type that reads most of the texts; the first of equals.

    Args:
        name: Of the field.
        kind: The type wanted.
        texts: Stripped, without nulls; a sample will do.
    """
    known = formats(kind)
    seen = texts.unique(maintain_order=True).head(_SAMPLE).to_frame("text")
    if not known or texts.is_empty():
        return _sized(Field(name, kind), seen)
    column = pl.col("text")
    wide = Field("", kind, precision=38, scale=18) if kind is FieldType.DECIMAL else None
    hits = seen.select(
        cast_stripped(Field("", kind, format=one) if wide is None else _with(wide, one), column).count().alias(str(i))
        for i, one in enumerate(known)
    ).row(0)
    best = known[max(range(len(known)), key=lambda i: (hits[i], -i))] if any(hits) else known[0]
    return _sized(Field(name, kind, format=best), seen)


def _with(field: Field, number_format: str | None) -> Field:
    return Field(field.name, field.type, format=number_format, precision=field.precision, scale=field.scale)


def _sized(field: Field, seen: pl.DataFrame) -> Field:
    """A decimal with room for the digits seen."""
    if field.type is not FieldType.DECIMAL:
        return field
    bare = numbers.plain(pl.col("text"), field.format).str.extract(r"^[+-]?([0-9]*\.?[0-9]*)$")
    whole, places = bare.str.extract(r"^([0-9]*)"), bare.str.extract(r"\.([0-9]*?)0*$")
    widest, deepest = seen.select(whole.str.len_chars().max().alias("w"), places.str.len_chars().max().alias("p")).row(
        0
    )
    field.scale = min(max(deepest or 0, 2), 18)
    field.precision = min(38, max(widest or 0, 1) + _ROOM + field.scale)
    return field


def keeps_text(field: Field, text: pl.Expr) -> pl.Expr:
    """Whether the typed value says all that the stripped text says; null or false where it does not fit.

    As inference counts it: zeros at the end of decimals, zero padding of dates and the spelling of a month are no loss.
    """
    if field.type is FieldType.DECIMAL:
        bare = numbers.plain(text, field.format)
        printed = cast_stripped(field, text).cast(pl.String)
        return _trimmed(printed) == _trimmed(bare)
    if field.type in (FieldType.STRING, FieldType.BINARY):
        return text.is_not_null()
    return Candidate(field.type, field.format).prints_back(text)


def _trimmed(number: pl.Expr) -> pl.Expr:
    """A plain number without zeros at the end of its decimals, and with one before the point."""
    short = number.str.replace(r"(\.[0-9]*?)0+$", "${1}").str.replace(r"\.$", "")
    return short.str.replace(r"^(-?)\.", "${1}0.")
