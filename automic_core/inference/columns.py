"""Counts over all rows: a first look at a sample, then one pass for all text columns together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from automic_core.inference import numbers
from automic_core.inference.candidates import Candidate
from automic_core.inference.casting import is_null_token
from automic_core.inference.contest import Screened
from automic_core.inference.patterns import matches
from automic_core.inference.screening import Look, sample_size, screen
from automic_core.records import FieldType

_LONG_DIGITS = r"^[+-]?[0-9]{19,}$"
_PLAIN_DIGITS = r"^[+-]?[0-9.]+$"


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
    text = pl.col(name).str.strip_chars()
    return pl.when(text != "" if set(tokens) == {""} else ~is_null_token(text, tokens)).then(text)


def count_columns(
    frame: pl.LazyFrame, columns: Mapping[str, str], tokens: Sequence[str], look: Look, rows: int | None = None
) -> dict[str, Counts]:
    """Screen text columns on a sample and count what is left over all rows, all columns in one pass.

    Args:
        columns: Column of the frame to the name that people know it by.
        rows: Rows of the frame if they are in memory; the sample is then spread over them, else it is the first ones.
    """
    texts = frame.select(stripped(name, tokens).alias(name) for name in columns)
    size = sample_size(len(columns))
    step = max(1, (rows or 0) // size)  # sampled before anything is computed on all rows
    sample = (frame.gather_every(step) if step > 1 else frame).head(size)
    head = sample.select(stripped(name, tokens).alias(name) for name in columns).collect()
    counts = {name: Counts(one) for name, one in _screened(texts, head, columns, look).items()}
    _count(texts, counts, {name: _first_questions(pl.col(name), one.screened) for name, one in counts.items()})
    _count(texts, counts, {name: _doubts(pl.col(name), one) for name, one in counts.items()})
    return counts


def _count(
    texts: pl.LazyFrame, counts: Mapping[str, Counts], asked: Mapping[str, dict[tuple[str, Any], pl.Expr]]
) -> None:
    wanted = {(name, *key): expr for name, questions in asked.items() for key, expr in questions.items()}
    if not wanted:
        return
    exprs = (expr.alias(str(i)) for i, expr in enumerate(wanted.values()))
    row = texts.select(pl.len().alias("rows"), *exprs).collect().row(0)
    for (name, what, key), value in zip(wanted, row[1:], strict=True):
        counts[name].rows = row[0]
        _store(counts[name], what, key, value)


def _screened(texts: pl.LazyFrame, head: pl.DataFrame, columns: Mapping[str, str], look: Look) -> dict[str, Screened]:
    size = sample_size(len(columns))
    samples = {name: head[name].drop_nulls() for name in columns}
    late = [name for name, sample in samples.items() if sample.is_empty()]
    if late and head.height == size:  # values may come later
        first = texts.select(pl.col(name).drop_nulls().head(size).implode() for name in late).collect()
        samples |= {name: first[name].explode(empty_as_null=False) for name in late}
    found = screen([samples[name] for name in columns], list(columns.values()), look)
    return dict(zip(columns, found, strict=True))


def _first_questions(text: pl.Expr, one: Screened) -> dict[tuple[str, Any], pl.Expr]:
    asked: dict[tuple[str, Any], pl.Expr] = {("values", None): text.count()}
    for option in one.alive:
        asked |= _fit_of(text, option)
    for left, right in one.rivals:
        both = left.cast(text).is_not_null() & right.cast(text).is_not_null()
        asked["both", (left, right)] = both.sum()
    for pattern in one.patterns:
        asked["patterns", pattern] = matches(pattern, text).sum()
    return asked


def _doubts(text: pl.Expr, counts: Counts) -> dict[tuple[str, Any], pl.Expr]:
    """What to ask where no candidate reads and prints back every value: wider forms, and why numbers do not fit."""
    if any(n == counts.values == counts.round_trips.get(option, n) for option, n in counts.fits.items()):
        return {}
    asked: dict[tuple[str, Any], pl.Expr] = {}
    for option in counts.screened.reserve:
        asked |= _fit_of(text, option)
    if counts.screened.numeric:
        zeros = numbers.has_leading_zeros(text) & text.str.contains(_PLAIN_DIGITS)
        long = text.str.contains(_LONG_DIGITS) & ~zeros & numbers.integer(text).is_null()
        for what, mask in (("zeros", zeros), ("long", long)):
            asked[what, None] = pl.struct(mask.sum().alias("n"), text.filter(mask).first().alias("example"))
    return asked


def _fit_of(text: pl.Expr, option: Candidate) -> dict[tuple[str, Any], pl.Expr]:
    cast = option.cast(text)
    asked: dict[tuple[str, Any], pl.Expr] = {("fits", option): cast.count()}
    if not option.always_prints_back:
        asked["round_trips", option] = option.prints_back(text).sum()
    if option.type is FieldType.FLOAT:
        facts = numbers.scale_facts(text, option.format)
        asked["scales", option] = pl.struct(expr.alias(key) for key, expr in facts.items())
    if option.type is FieldType.BOOLEAN:
        asked["spellings", None] = text.filter(cast.is_not_null()).unique().implode()
    return asked


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
