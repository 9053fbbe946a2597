"""Meaning of columns: a better name, a description and a domain for each, by rules or by a model, in one form."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from pydantic import BaseModel, Field

from automic_core.assist.figures import figure
from automic_core.inference.codes import CURRENCIES
from automic_core.inference.domains import DOMAINS
from automic_core.inference.evidence import ColumnEvidence, CounterExample, Inference
from automic_core.inference.names import snake
from automic_core.inference.personal import PERSONAL
from automic_core.llm.calls import Message
from automic_core.llm.context import DATA_RULE, TableContext, meaning_of, personal_kind, table_context
from automic_core.llm.model import LanguageModel
from automic_core.records import Field as Column
from automic_core.records import FieldType

COLUMNS = 25
"""Columns that one question is about."""
_LONGEST, _LONGEST_NAME = 240, 60
_SAYS_NOTHING = re.compile(r"^(?:column|col|field|feld|var|unnamed|x|f|c|v)?_?\d*$")
_NAME = re.compile(r"[a-z][a-z0-9_]*$")
_NUMBERS = (FieldType.INTEGER, FieldType.FLOAT, FieldType.DECIMAL)
_UNIT = re.compile(r"[A-Za-z\u00b5\u00b0%\u20ac$\u00a3\u00a5\u00b2\u00b3/.]{1,12}")
_UNIT_WORDS = "mm cm m km kg g mg lb oz ml l ms s min h days hours minutes seconds kwh kw mb gb"
_UNITS = {unit: unit for unit in _UNIT_WORDS.split()}
_UNITS |= {"percent": "%", "pct": "%", "celsius": "\u00b0C"}
_TASK = (
    "You describe the columns of a table to the people who use it. For each column give a short description of what it "
    "means, one sentence, and a name in English, in lower case with underscores; keep a name that is clear already. "
    "Name the unit of measured numbers, the domain of values that have one, and the columns that identify a row. "
    "Say nothing that the names, types and forms do not tell; write 'unclear' where they tell nothing."
)


@dataclass(frozen=True)
class ColumnDomain:
    """What the values of a column are said to be.

    Attributes:
        name: One of ``DOMAINS``: "country code".
        why: What each value was tested for.
        agree: Values that can be of it, of the ``of`` values that were looked at; 0 of 0 until they are.
        counter_examples: The most frequent values that cannot.
    """

    name: str
    why: str = ""
    agree: int = 0
    of: int = 0
    counter_examples: tuple[CounterExample, ...] = ()


@dataclass(frozen=True)
class Description:
    """A proposal for one column; it changes nothing until somebody takes it over.

    Attributes:
        column: The name it has.
        name: The name it could have; the same where it is clear.
        text: What it means.
        unit: What its numbers are measured in; empty if nothing says.
        domain: What its values are; None if nothing says.
        by: Who proposes it.
        why: What that rests on.
    """

    column: str
    name: str
    text: str
    by: Literal["rules", "model"]
    why: list[str] = field(default_factory=list)
    unit: str = ""
    domain: ColumnDomain | None = None


@dataclass(frozen=True)
class KeyColumns:
    """Columns that are said to identify a row.

    Attributes:
        by: Who says so.
        agree: Rows that they tell apart from all others and in which none is missing, of the ``of`` rows looked at.
    """

    columns: list[str]
    by: Literal["rules", "model"]
    agree: int = 0
    of: int = 0


@dataclass(frozen=True)
class Descriptions:
    """Proposals for a table.

    Attributes:
        refused: What a model proposed that cannot be, and why.
        key: Columns that identify a row, if any are said to.
    """

    table: str
    columns: list[Description]
    refused: list[str] = field(default_factory=list)
    key: KeyColumns | None = None


class ModelColumn(BaseModel):
    """What a model says of one column."""

    column: str = Field(description="The column's name, as it is in the data")
    name: str = Field(description="The proposed name")
    description: str
    unit: str = Field("", description="Of a number that is measured: kg, EUR, %, ms; empty if nothing says it")
    domain: str = Field("", description=f"What each value is, if it is one of: {', '.join(DOMAINS)}; else empty")


class ModelColumns(BaseModel):
    """What a model says of some columns."""

    columns: list[ModelColumn]
    key: list[str] = Field(default_factory=list, description="The column, or columns together, that identify a row")


def by_rules(table: str, inference: Inference) -> Descriptions:
    """Descriptions from what inference knows: kind, personal data, type, range, number of values."""
    names = [column.name for column in inference.columns]
    found: list[Description] = []
    for each, of in zip(inference.columns, inference.schema.fields, strict=True):
        key = each.name in (inference.schema.primary_key or ())
        name, problem = _fitting(_better(each), each.name, names, found)
        why = [*_why(each, of), *problem]
        text, unit = _text(each, of, key=key), _unit_of(each.name, of)
        found.append(Description(each.name, name, text, "rules", why, unit, _domain_of(each, of)))
    keys = list(inference.schema.primary_key or ())
    return Descriptions(table, found, key=KeyColumns(keys, "rules") if keys else None)


def questions(table: str, inference: Inference, *, values: bool = False) -> list[tuple[TableContext, list[Message]]]:
    """What a model is asked, word for word, some columns at a time.

    Args:
        table: Its name.
        inference: Of its rows.
        values: Whether a person allowed values of this table to be told.
    """
    whole = table_context(table, inference, values=values)
    asked = []
    for start in range(0, len(whole.columns), COLUMNS):
        part = replace(whole, columns=whole.columns[start : start + COLUMNS])
        asked.append((part, [Message("system", f"{_TASK}\n{DATA_RULE}"), Message("user", part.text)]))
    return asked


def by_model(
    table: str,
    inference: Inference,
    model: LanguageModel,
    *,
    values: bool = False,
    cancel: threading.Event | None = None,
) -> Descriptions:
    """Descriptions by a model; a column it says nothing usable about keeps the rules' words.

    Raises:
        AutomicError: As ``LanguageModel.answer``.
    """
    names = [column.name for column in inference.columns]
    rules = {each.column: each for each in by_rules(table, inference).columns}
    found: list[Description] = []
    refused: list[str] = []
    keys: list[str] = []
    numbers = {of.name for of in inference.schema.fields if of.type in _NUMBERS}
    for context, messages in questions(table, inference, values=values):
        answer = model.answer(messages, ModelColumns, f"describe {table}", cancel)
        told: dict[str, ModelColumn] = {}
        keys += [name for each in answer.key if (name := context.column(each)) is not None and name not in keys]
        for each in answer.columns:
            column = context.column(each.column)
            if column is None or column in told:
                refused.append(f"{_one_line(each.column)!r}: {'told twice' if column else 'no column that was asked'}")
            else:
                told[column] = each
        for asked in context.columns:
            said = told.get(asked.column)
            text = _one_line(said.description) if said else ""
            if said is None or not text or text.rstrip(".").lower() == "unclear":
                found.append(rules[asked.column])
                continue
            name, problem = _fitting(said.name, asked.column, names, found)
            refused += [f"{asked.column}: {each}" for each in problem]
            unit = said.unit.strip()
            if unit and not (_UNIT.fullmatch(unit) and asked.column in numbers):
                refused.append(f"{asked.column}: {_one_line(unit)[:20]!r} is no unit of its values")
                unit = ""
            domain = said.domain.strip()
            if domain and domain not in DOMAINS:
                refused.append(f"{asked.column}: {_one_line(domain)[:40]!r} is no domain that values can be tested for")
            kind = ColumnDomain(domain) if domain in DOMAINS else None
            found.append(Description(asked.column, name, text, "model", rules[asked.column].why, unit, kind))
    return Descriptions(table, found, refused, KeyColumns(keys, "model") if keys else None)


def _domain_of(evidence: ColumnEvidence, of: Column) -> ColumnDomain | None:
    """The domain by what inference knows: the kind of personal data, or the meaning if values can be tested for it."""
    if evidence.personal is not None:
        return ColumnDomain(PERSONAL[evidence.personal.kind])
    name = meaning_of(evidence, of).name if evidence.values else ""
    return ColumnDomain(name) if name in DOMAINS else None


def _unit_of(name: str, of: Column) -> str:
    """The unit that the end of a number column's name says: ``weight_kg``, ``price_eur``."""
    if of.type not in _NUMBERS:
        return ""
    last = snake(name).rpartition("_")[2]
    return last.upper() if last.upper() in CURRENCIES else _UNITS.get(last, "") if "_" in snake(name) else ""


def _fitting(wanted: str, column: str, names: Sequence[str], taken: Sequence[Description]) -> tuple[str, list[str]]:
    """The wanted name if the column can have it, else its own, and why."""
    if wanted == column:
        return column, []
    if len(wanted) > _LONGEST_NAME or not _NAME.match(wanted):
        return column, [f"{_one_line(wanted)!r} is no name in lower case with underscores"]
    others = {name.lower() for name in names if name != column} | {each.name.lower() for each in taken}
    if wanted in others:
        return column, [f"the name {wanted!r} is taken"]
    return wanted, []


def _better(evidence: ColumnEvidence) -> str:
    """A name in lower case with underscores; for one that says nothing, what its values are."""
    name = snake(evidence.name)
    if _SAYS_NOTHING.match(name) and evidence.personal is not None:
        return f"person_{evidence.personal.kind}" if evidence.personal.kind == "name" else evidence.personal.kind
    return name if _NAME.match(name) and len(name) <= _LONGEST_NAME else evidence.name


def _text(evidence: ColumnEvidence, of: Column, *, key: bool) -> str:
    """One sentence of facts; of personal data no value."""
    if not evidence.values:
        return "Empty: no row has a value."
    people = personal_kind(evidence, of)
    what = people or meaning_of(evidence, of).name
    parts = ["identifies a row"] if key else []
    ends = evidence.quantiles
    if len(ends) > 1 and not people and of.type is not FieldType.BOOLEAN and what != "identifier":
        parts.append(f"from {figure(str(ends[0]))} to {figure(str(ends[-1]))}")
    elif evidence.distinct and evidence.distinct * 3 <= evidence.values:
        parts.append(f"{evidence.distinct:,} different values")
    parts += [f"empty in {evidence.nulls / evidence.rows:.1%} of the rows"] if evidence.nulls else []
    return f"{what[:1].upper()}{what[1:]}" + (f": {', '.join(parts)}." if parts else ".")


def _why(evidence: ColumnEvidence, of: Column) -> list[str]:
    if evidence.personal is not None:
        return list(evidence.personal.evidence)
    found = meaning_of(evidence, of)
    return [found.why if found.share is None else f"{found.why} ({found.share:.0%})"]


def _one_line(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:_LONGEST]
