"""The last pass: counter-examples, distinct values and ranges of the columns that need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from automic_core.inference.candidates import Candidate
from automic_core.inference.columns import stripped
from automic_core.inference.evidence import ColumnEvidence, CounterExample
from automic_core.inference.patterns import matches

_EXAMPLES = 5
_ROWS_KEPT = 100
_TOP = 25
_AT_ONCE = 100  # columns a query; planning time grows faster than their number
_STEPS = 20


class Question(NamedTuple):
    """What to find out about one text column.

    Attributes:
        misfits: Counter-examples to this type or pattern.
        exact: Values that do not print back are counter-examples too.
        typed: Range of this type.
        describe: Distinct values, frequent values, length.
    """

    misfits: Candidate | str | None = None
    exact: bool = False
    typed: Candidate | None = None
    describe: bool = True


def detail_texts(
    frame: pl.LazyFrame,
    questions: Mapping[str, Question],
    evidence: Mapping[str, ColumnEvidence],
    tokens: Sequence[str],
) -> None:
    """Answer the questions and write the answers into the evidence."""
    names = list(questions)
    for start in range(0, len(names), _AT_ONCE):
        _detail_some(frame, {name: questions[name] for name in names[start : start + _AT_ONCE]}, evidence, tokens)


def _detail_some(
    frame: pl.LazyFrame,
    questions: Mapping[str, Question],
    evidence: Mapping[str, ColumnEvidence],
    tokens: Sequence[str],
) -> None:
    wanted = {
        (name, what): expr
        for name, question in questions.items()
        for what, expr in _asked(pl.col(name), question).items()
    }
    if not wanted:
        return
    texts = frame.select(stripped(name, tokens).alias(name) for name in questions)
    row = texts.select(expr.alias(str(i)) for i, expr in enumerate(wanted.values())).collect().row(0)
    found = dict(zip(wanted, row, strict=True))
    for (name, what), value in found.items():
        _answer(evidence[name], what, value)
    for name in questions:
        _place(evidence[name], found.get((name, "rows")))


def _asked(text: pl.Expr, question: Question) -> dict[str, pl.Expr]:
    asked: dict[str, pl.Expr] = {}
    if question.misfits is not None:
        misfit = text.is_not_null() & ~_fits(text, question).fill_null(False)
        value = text.filter(misfit)
        asked["misfits"] = misfit.sum()
        asked["examples"] = _most_frequent(value.value_counts(name="n"), _EXAMPLES)
        where = pl.int_range(pl.len()).filter(misfit).head(_ROWS_KEPT)
        asked["rows"] = pl.struct(row=where, value=value.head(_ROWS_KEPT)).implode()
    if question.typed is not None:
        asked["quantiles"] = quantiles(question.typed.cast(text))
    if question.describe:
        counted = text.drop_nulls().value_counts(name="n")
        asked["distinct"] = counted.len()
        asked["top_values"] = _most_frequent(counted, _TOP, repeated=True)
        asked["longest"] = text.str.len_chars().max()
        asked["spaced"] = text.str.contains(r"\s").mean()
    return asked


def _most_frequent(counted: pl.Expr, most: int, *, repeated: bool = False) -> pl.Expr:
    """Values with the highest counts, in a fixed order; ``repeated`` leaves out single ones unless there are few."""
    pair = pl.element().struct.rename_fields(["value", "n"])
    order = [pair.struct.field("n"), pair.struct.field("value")]
    pairs = counted.implode()
    if repeated:
        pairs = pairs.list.eval(pl.element().filter((pl.element().struct.field("n") > 1) | (pl.len() <= most)))
    return pairs.list.eval(pair.sort_by(order, descending=[True, False]).head(most))


def _fits(text: pl.Expr, question: Question) -> pl.Expr:
    if isinstance(question.misfits, str):
        return matches(question.misfits, text)
    assert question.misfits is not None
    return question.misfits.prints_back(text) if question.exact else question.misfits.cast(text).is_not_null()


def quantiles(values: pl.Expr) -> pl.Expr:
    """21 values from minimum to maximum at equal steps of rank, as a list; empty if there is no value."""
    known, size = pl.element(), pl.len().cast(pl.Int64)
    ranks = (pl.int_range(_STEPS + 1) * (size - 1) // _STEPS).filter(size > 0)
    return values.drop_nulls().sort().implode().list.eval(known.gather(ranks))


def _answer(evidence: ColumnEvidence, what: str, value: Any) -> None:
    match what:
        case "examples":
            evidence.counter_examples = [CounterExample(one["value"], one["n"]) for one in value]
        case "top_values":
            evidence.top_values = [(one["value"], one["n"]) for one in value]
        case "rows":
            pass
        case _:
            setattr(evidence, what, value)


def _place(evidence: ColumnEvidence, rows: list[dict[str, Any]] | None) -> None:
    first: dict[str, int] = {}
    for found in rows or ():
        first.setdefault(found["value"], found["row"])
    for example in evidence.counter_examples:
        example.row = first.get(example.value)
