"""Why a row was flagged, in words: what each reason says, and how the value stands among the others of its column."""

from __future__ import annotations

import difflib
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import polars as pl
from pydantic import BaseModel, Field

from automic_core.assist.figures import figure
from automic_core.inference.casting import is_null_token
from automic_core.inference.numbers import floating
from automic_core.llm.calls import Message
from automic_core.llm.context import DATA_RULE, as_data
from automic_core.llm.masking import form_of
from automic_core.llm.model import LanguageModel

_FEWEST, _FEW_KINDS, _SIMILAR, _LONGEST = 10, 200, 0.75, 400
_TASK = (
    "A check set a row of a table aside. Explain why to the person who must decide about it, in at most three plain "
    "sentences, from the facts alone. Use no number that is not in the facts, and do not say what to do."
)


@dataclass(frozen=True)
class Flag:
    """One reason why a row was flagged.

    Attributes:
        rule: Of the rule; "cast", "extract" and "malformed" for what steps say; "anomaly", "quality", "merged".
        value: As text; None if there is none.
        message: What the rule says.
    """

    rule: str
    column: str
    value: str | None
    message: str


@dataclass(frozen=True)
class Explanation:
    """Why a row was flagged.

    Attributes:
        sentences: In words, what was said first.
        facts: What they rest on, without any value of the row: what a model may be told.
    """

    sentences: list[str]
    by: Literal["rules", "model"]
    facts: list[str]


class ModelExplanation(BaseModel):
    """What a model says of a row."""

    explanation: str = Field(description="At most three sentences")


def by_rules(flags: Sequence[Flag], others: pl.DataFrame) -> Explanation:
    """Reasons in words.

    Args:
        flags: The reasons.
        others: Rows that passed, to compare with.
    """
    sentences: list[str] = []
    facts: list[str] = []
    for said in flags:
        named = f"{said.column} = "  # a rule on several columns tells its values so
        flag = replace(said, value=said.value.removeprefix(named)) if said.value is not None else said
        standing, told = _standing(flag, others)
        shown = "" if flag.value is None or flag.value in flag.message else f" (it is {flag.value[:80]!r})"
        begins = (
            flag.message
            if flag.column and flag.message.startswith(flag.column)
            else f"{flag.message[:1].upper()}{flag.message[1:]}"
        )
        message = f"{begins.rstrip('.')}{shown}."
        sentences.append(f"{message} {standing}".strip())
        form = "no value" if flag.value is None else f"a value of the form {form_of(flag.value)!r}"
        facts.append(f"rule {flag.rule} on column {flag.column or '(the whole row)'}: {form}. {told}".strip())
    return Explanation(sentences, "rules", facts)


def question(table: str, explanation: Explanation) -> list[Message]:
    """What a model is asked, word for word: rules and facts of the column, of the row only forms."""
    said = as_data({"table": table, "facts": explanation.facts})
    return [Message("system", f"{_TASK}\n{DATA_RULE}"), Message("user", said)]


def by_model(
    table: str, explanation: Explanation, model: LanguageModel, cancel: threading.Event | None = None
) -> Explanation:
    """The same facts in a model's words; the rules' words, if it takes a number that is in none of them.

    Raises:
        AutomicError: As ``LanguageModel.answer``.
    """
    answer = model.answer(question(table, explanation), ModelExplanation, f"explain a row of {table}", cancel)
    text = " ".join(answer.explanation.split())[:_LONGEST]
    known = set(_numbers(" ".join([*explanation.facts, table])))
    if not text or set(_numbers(text)) - known:
        return explanation
    return Explanation([text], "model", explanation.facts)


def merged(row: Mapping[str, Any], survivor: Mapping[str, Any]) -> str:
    """Why two rows were taken for one: what they share, and where they differ."""
    names = [name for name in row if name in survivor and not name.startswith("_")]
    both = [n for n in names if row[n] is not None and survivor[n] is not None]
    same = [name for name in both if _folded(row[name]) == _folded(survivor[name])]
    unlike = [name for name in both if name not in same]
    gaps = [name for name in names if row[name] is not None and survivor[name] is None]
    parts = [f"has the same {_listed(same)}" if same else "shares no value"]
    parts += [f"differs in {_listed(unlike)}"] if unlike else []
    parts += [f"knows {_listed(gaps)}, which the other does not"] if gaps else []
    return ", ".join(parts)


def _standing(flag: Flag, others: pl.DataFrame) -> tuple[str, str]:
    """How a value stands among those that passed: for the person, and without any value for a model."""
    if flag.column not in others.columns:
        return "", ""
    column = others[flag.column].drop_nulls()
    if flag.value is None or bool(pl.select(is_null_token(pl.lit(flag.value))).item()):
        share = column.len() / others.height if others.height else 0.0
        said = f"{share:.1%} of the other {others.height:,} rows have a value there."
        return said, said
    if column.len() < _FEWEST:
        return "", f"Only {column.len():,} other rows have a value."
    if column.dtype.is_numeric():
        return _number(flag, column.cast(pl.Float64))
    if column.dtype in (pl.Date, pl.Datetime):
        low, high = str(column.min())[:10], str(column.max())[:10]
        return f"The {column.len():,} others lie between {low} and {high}.", f"The {column.len():,} others are dates."
    return _text(flag.value, column) if column.dtype == pl.String else ("", "")


def _number(flag: Flag, column: pl.Series) -> tuple[str, str]:
    low, middle, high = (figure(float(column.quantile(share) or 0)) for share in (0.25, 0.5, 0.75))
    said = f"Half of the {column.len():,} others lie between {low} and {high}, the middle is {middle}."
    value = pl.select(floating(pl.lit(flag.value))).item()
    if value is None:
        return f"{said} It cannot be read as a number.", "The others are numbers, it is none."
    large = value > float(column.quantile(0.5) or 0)
    beyond = int((column >= value).sum()) if large else int((column <= value).sum())
    side = "large" if large else "small"
    which = "None of them is" if not beyond else f"{beyond:,} of them {'is' if beyond == 1 else 'are'}"
    place = f"{which} as {side}."
    return f"{said} {place}", f"Of the {column.len():,} others: {place}"


def _text(value: str, column: pl.Series) -> tuple[str, str]:
    counts = column.value_counts(sort=True)
    if counts.height <= _FEW_KINDS:
        known = counts[column.name].to_list()
        near = difflib.get_close_matches(value, known, 1, _SIMILAR)
        said = f"The {column.len():,} others have one of {counts.height:,} values."
        if not near:
            return f"{said} None is like it.", f"{said} None is like it."
        times = int(counts.filter(pl.col(column.name) == near[0])["count"][0])
        like = f"The nearest of them is {near[0]!r}, in {times:,} rows."
        return f"{said} {like}", f"{said} One of them, in {times:,} rows, is nearly the same."
    forms = column.map_elements(_shape, return_dtype=pl.String).value_counts(sort=True)
    form, times = forms.row(0)
    share = times / column.len()
    if share >= 0.5 and form != _shape(value):
        said = f"{share:.0%} of the {column.len():,} others are written like {form!r}; this one like {_shape(value)!r}."
        return said, said
    return "", f"The {column.len():,} others are of many forms."


def _shape(text: str) -> str:
    """The form with runs of signs as one: A9 for AB123."""
    return re.sub(r"(.)\1+", r"\1", form_of(text))


def _folded(value: Any) -> str:
    return " ".join(str(value).lower().split())


def _listed(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _numbers(text: str) -> list[str]:
    return re.findall(r"\d+(?:[.,]\d+)*", text)
