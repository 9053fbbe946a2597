"""Counts over all rows: a first look at a sample, then one pass for all text columns together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from automic_core.records import FieldType
from automic_core.transforms._inference import numbers
from automic_core.transforms._inference.candidates import Candidate
from automic_core.transforms._inference.casting import is_null_token
from automic_core.transforms._inference.screening import Look, Screened, sample_size, screen
from automic_core.transforms.patterns import matches

_LONG_DIGITS = r"^[+-]?[0-9]{19,}$"


@dataclass(slots=True)
class Counts:
    """Counts over all rows of one text column, by candidate.

    Attributes:
        both: For two rivals, how many values both can read.
        spellings: Different texts of a boolean candidate.
        zeros: How many values have leading zeros, and one of them; likewise ``long`` for digits beyond an integer.
    """

    screened: Screened
    rows: int = 0
    values: int = 0
    fits: dict[Candidate, int] = field(default_factory=dict)
    round_trips: dict[Candidate, int] = field(default_factory=dict)
    both: dict[tuple[Candidate, Candidate], int] = field(default_factory=dict)
    scales: dict[Candidate, dict[str, int | None]] = field(default_factory=dict)
    spellings: list[str] = field(default_factory=list)
    patterns: dict[str, int] = field(default_factory=dict)
    zeros: tuple[int, str | None] = (0, None)
    long: tuple[int, str | None] = (0, None)


def stripped(name: str, tokens: Sequence[str]) -> pl.Expr:
    """A text column without blanks around its values, null tokens as null."""
    column = pl.col(name)
    return pl.when(~is_null_token(column, tokens)).then(column.str.strip_chars())


def count_columns(
    frame: pl.LazyFrame, columns: Mapping[str, str], tokens: Sequence[str], look: Look
) -> dict[str, Counts]:
    """Screen text columns on a sample and count what is left over all rows, all columns in one pass.

    Args:
        columns: Column of the frame to the name that people know it by.
    """
    names = list(columns)
    screened = _screened(frame, columns, tokens, look)
    wanted: dict[tuple[int, str, Any], pl.Expr] = {}
    for i, (name, one) in enumerate(zip(names, screened, strict=True)):
        for key, expr in _aggregates(stripped(name, tokens), one).items():
            wanted[i, *key] = expr
    exprs = [expr.alias(str(k)) for k, expr in enumerate(wanted.values())]
    row = frame.select(pl.len().alias("rows"), *exprs).collect().row(0)
    counts = [Counts(one, rows=row[0]) for one in screened]
    for (i, what, key), value in zip(wanted, row[1:], strict=True):
        _store(counts[i], what, key, value)
    return dict(zip(names, counts, strict=True))


def _screened(frame: pl.LazyFrame, columns: Mapping[str, str], tokens: Sequence[str], look: Look) -> list[Screened]:
    names = list(columns)
    size = sample_size(len(names))
    head = frame.head(size).select(stripped(name, tokens).alias(str(i)) for i, name in enumerate(names)).collect()
    texts = [column.drop_nulls() for column in head.get_columns()]
    late = [i for i, text in enumerate(texts) if text.is_empty()]
    if late and head.height == size:  # values may come later
        first = frame.select(stripped(names[i], tokens).drop_nulls().head(size).implode().alias(str(i)) for i in late)
        for i, found in zip(late, first.collect().row(0), strict=True):
            texts[i] = pl.Series(found, dtype=pl.String)
    return [screen(text, name, look) for text, name in zip(texts, columns.values(), strict=True)]


def _aggregates(text: pl.Expr, one: Screened) -> dict[tuple[str, Any], pl.Expr]:
    wanted: dict[tuple[str, Any], pl.Expr] = {("values", None): text.count()}
    for option in one.alive:
        wanted["fits", option] = option.cast(text).count()
        if option.type not in (FieldType.DATE, FieldType.BOOLEAN, FieldType.JSON):  # these print back where they fit
            wanted["round_trips", option] = option.prints_back(text).sum()
        if option.type is FieldType.FLOAT:
            facts = numbers.scale_facts(text, option.format)
            wanted["scales", option] = pl.struct(expr.alias(key) for key, expr in facts.items())
        if option.type is FieldType.BOOLEAN:
            wanted["spellings", None] = text.filter(option.cast(text).is_not_null()).unique().implode()
    for left, right in one.rivals:
        both = left.cast(text).is_not_null() & right.cast(text).is_not_null()
        wanted["both", (left, right)] = both.sum()
    if one.numeric:
        zeros, long = numbers.has_leading_zeros(text), text.str.contains(_LONG_DIGITS)
        plain = text.str.contains(r"^[+-]?[0-9.]+$")
        for what, mask in (("zeros", zeros & plain), ("long", long)):
            wanted[what, None] = pl.struct(mask.sum().alias("n"), text.filter(mask).first().alias("example"))
    for pattern in one.patterns:
        wanted["patterns", pattern] = matches(pattern, text).sum()
    return wanted


def _store(counts: Counts, what: str, key: Any, value: Any) -> None:
    match what:
        case "values":
            counts.values = value
        case "spellings":
            counts.spellings = sorted(value)
        case "zeros" | "long":
            setattr(counts, what, (value["n"], value["example"]))
        case _:
            getattr(counts, what)[key] = value
