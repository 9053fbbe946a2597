"""Text to typed values: null where a value does not fit, never an exception, never a silent change.

The caller counts ``raw is not blank and cast is null`` as a value that does not fit. Blanks around a value are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

import polars as pl

from automic_core.errors import ConfigError
from automic_core.inference import dates, numbers
from automic_core.records import Field, FieldType

DEFAULT_NULL_TOKENS: tuple[str, ...] = ("", "na", "n/a", "null", "none", "nan", "nil", "-", "--", "#n/a", "\\n")
"""Texts that mean "no value" besides null itself, compared without blanks and case."""

_WORDS = tuple(token for token in DEFAULT_NULL_TOKENS if token)

BOOLEAN_WORDS: tuple[tuple[str, str], ...] = (("true", "false"), ("yes", "no"), ("y", "n"), ("t", "f"))
"""Pairs of words read as true and false; others ("1/0", "on/off") are given as the field's format."""


def is_null_token(expr: pl.Expr, tokens: Iterable[str] = DEFAULT_NULL_TOKENS) -> pl.Expr:
    """Whether a text means "no value": null, or one of ``tokens`` up to blanks around it and case."""
    return expr.is_null() | expr.str.contains(_null_pattern(tuple(tokens)))


def none_words(field: Field, raw: pl.Expr) -> pl.Expr:
    """The words for "no value" (n/a, -) among the texts of a column of which the cast makes null; null for the rest."""
    word = pl.when(raw.is_not_null() & is_null_token(raw, _WORDS)).then(raw.str.strip_chars())
    return pl.when(cast_expr(field, word).is_null()).then(word)


@cache
def _null_pattern(tokens: tuple[str, ...]) -> str:
    """One regex for all tokens: a third of the cost of stripping, lowering and looking up."""
    words = sorted({token.strip().lower() for token in tokens})
    marked = (re.sub(r"[^\w\s]", lambda m: "\\" + m[0] if m[0].isascii() else m[0], word) for word in words)
    return rf"(?i)^\s*(?:{'|'.join(marked)})\s*$" if words else r"[^\s\S]"


def polars_type(field: Field) -> pl.DataType:
    """The type that `cast_expr` gives a field."""
    if field.type is FieldType.DATETIME:
        return pl.Datetime("us", "UTC" if dates.is_zoned(field.format) else None)
    if field.type is FieldType.DECIMAL:
        scale = numbers.DEFAULT_DECIMAL[1] if field.scale is None else field.scale
        return pl.Decimal(field.precision or numbers.DEFAULT_DECIMAL[0], scale)
    return _PLAIN_TYPES[field.type]


def cast_expr(field: Field, raw: pl.Expr) -> pl.Expr:
    """Text as the field's type; null where it does not fit.

    Args:
        field: Type and format; JSON stays text once it is valid, an array becomes a list of texts.
        raw: A text expression.

    Raises:
        ConfigError: The field's format is unknown for its type.
    """
    untouched = field.type in (FieldType.STRING, FieldType.BINARY)
    return cast_stripped(field, raw if untouched else raw.str.strip_chars())


def cast_stripped(field: Field, text: pl.Expr) -> pl.Expr:
    """As `cast_expr`, for text without blanks around it."""
    match field.type:
        case FieldType.STRING:
            return text
        case FieldType.INTEGER:
            return numbers.integer(text, field.format)
        case FieldType.FLOAT:
            return numbers.floating(text, field.format)
        case FieldType.DECIMAL:
            return numbers.decimal(text, field.format, field.precision, field.scale)
        case FieldType.BOOLEAN:
            return _boolean(text, field.format)
        case FieldType.DATE:
            return dates.date(text, field.format)
        case FieldType.DATETIME:
            return dates.datetime(text, field.format)
        case FieldType.TIME:
            return dates.time(text, field.format)
        case FieldType.BINARY:
            return text.cast(pl.Binary)
        case FieldType.JSON:
            return pl.when(_is_json(text)).then(text)
        case FieldType.ARRAY:
            return (
                pl.when(text.str.contains(_FLAT_ARRAY) & _is_json(text)).then(text).str.json_decode(pl.List(pl.String))
            )


def boolean_pair(text: str) -> tuple[str, str]:
    """The two words of a boolean format ("Y/N").

    Raises:
        ConfigError: The format is not two different words with a slash between them.
    """
    true, _, false = (part.strip().lower() for part in text.partition("/"))
    if not true or not false or true == false:
        raise ConfigError(f"{text!r} is not a boolean format.", "Write both words, like 'Y/N' or '1/0'.")
    return true, false


def _boolean(text: pl.Expr, pair: str | None) -> pl.Expr:
    words = BOOLEAN_WORDS if pair is None else (boolean_pair(pair),)
    word = text.str.to_lowercase()
    return (
        pl.when(word.is_in([true for true, _ in words]))
        .then(pl.lit(True))
        .when(word.is_in([false for _, false in words]))
        .then(pl.lit(False))
    )


def _is_json(text: pl.Expr) -> pl.Expr:
    return text.str.json_path_match("$").is_not_null() | (text == "null")


_FLAT_ARRAY = r'^\[(?:"(?:[^"\\]|\\.)*"|[^"\[\]{}])*\]$'  # no array or object inside; JSON itself is checked apart


_PLAIN_TYPES: dict[FieldType, pl.DataType] = {
    FieldType.STRING: pl.String(),
    FieldType.INTEGER: pl.Int64(),
    FieldType.FLOAT: pl.Float64(),
    FieldType.BOOLEAN: pl.Boolean(),
    FieldType.DATE: pl.Date(),
    FieldType.TIME: pl.Time(),
    FieldType.BINARY: pl.Binary(),
    FieldType.JSON: pl.String(),
    FieldType.ARRAY: pl.List(pl.String()),
}
