"""What a model is told to answer a question: tables as statements name them, masked samples, nothing of people."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, Field

from automic_core.assist.asking.lexicon import Lexicon
from automic_core.assist.asking.linking import link
from automic_core.assist.asking.tables import Column
from automic_core.assist.asking.words import tokens
from automic_core.lakehouse.identifiers import dotted, named
from automic_core.lakehouse.sql import literal
from automic_core.llm.calls import Message
from automic_core.llm.context import DATA_RULE, ColumnContext, TableContext, as_lines
from automic_core.llm.masking import looks_personal

MOST_TABLES, MOST_COLUMNS = 8, 40
"""Tables, and columns of each, that are told."""
_SAMPLES = 4
_TASK = (
    "You write one DuckDB SELECT that answers a question about the tables below. Use only these tables and columns, "
    "spelled as they are here; join tables only along their foreign keys. Show exactly what is asked for, in the order "
    "asked, and nothing else. Compare texts with the values as they are written here. Do not invent a condition."
)
_WAYS = (
    "",
    "Prefer IN and NOT IN with subqueries to joins.",
    "Prefer joins, each along a key; use DISTINCT only where rows would repeat that are one.",
)
WAYS = len(_WAYS)
"""In how many ways a question can be put to a model: so many answers can differ."""


_TYPES = {"string": "VARCHAR", "int64": "BIGINT", "int32": "INTEGER", "float64": "DOUBLE", "float32": "FLOAT"}


class Candidate(BaseModel):
    """What a model answers."""

    sql: str = Field(description="One SELECT")


@dataclass(frozen=True)
class Told:
    """What a model may be told of a lake.

    Attributes:
        tables: Names, types, forms, and values where a person allowed them.
        personal: Columns with personal data, by table.
    """

    tables: Sequence[TableContext]
    personal: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, tables: Iterable[TableContext]) -> Told:
        """The personal columns are those whose values are withheld."""
        found = list(tables)
        held = {each.table: frozenset(column.column for column in each.columns if column.withheld) for each in found}
        return cls(found, held)


def messages(asked: Asked, tables: Sequence[TableContext], lexicon: Lexicon, way: int = 0) -> list[Message]:
    """The question as it is put to a model; what differs comes last, so that a server need not read the rest again.

    Args:
        asked: What may be seen of it.
        tables: What may be told of each table.
        lexicon: How they hang together.
        way: Which of the ``WAYS``.
    """
    lines = [line for table in relevant(asked.text, tables, lexicon) for line in _lines(table, lexicon)]
    places = f"{as_lines(asked.places)}\n" if asked.places else ""
    put = f"{places}Question: {' '.join(asked.text.split())}\n{_WAYS[way]}".rstrip()
    return [Message("system", f"{_TASK}\n{DATA_RULE}"), Message("user", f"{as_lines(lines)}\n{put}")]


def relevant(question: str, tables: Sequence[TableContext], lexicon: Lexicon) -> list[TableContext]:
    """The tables that a question can be about: those it names first, then those they are joined to."""
    words = tokens(question)
    points = dict.fromkeys((each.table for each in tables), 0.0)
    for place in range(len(words)):
        found = link(lexicon, words, place)
        for table in [
            *found.tables,
            *found.tables,
            *(c.table for c in found.columns),
            *(c.table for c, _ in found.values),
        ]:
            points[table] = points.get(table, 0.0) + 1.0
    for join in lexicon.joins:
        near = points.get(join.left.table, 0.0), points.get(join.right.table, 0.0)
        for table, other in ((join.left.table, near[1]), (join.right.table, near[0])):
            if table in points:
                points[table] += 0.1 * bool(other)
    kept = set(sorted(points, key=lambda name: -points[name])[:MOST_TABLES])
    return [each for each in tables if each.table in kept]


@dataclass(frozen=True)
class Asked:
    """A question as a model may see it.

    Attributes:
        text: With names of its own for whatever it says about people.
        secrets: What these names stand for.
        places: Which words of it are values of which columns, one a line.
    """

    text: str
    secrets: dict[str, str]
    places: list[str]


def hidden(question: str, lexicon: Lexicon, personal: Mapping[str, frozenset[str]]) -> Asked:
    """The question without what it says about people, and where the values it names stand.

    Args:
        question: As it was asked.
        lexicon: The values that are known.
        personal: Columns with personal data, by table.
    """
    words = tokens(question)
    secrets: dict[str, tuple[str, str]] = {}
    places: list[str] = []
    place = 0
    while place < len(words):
        found = link(lexicon, words, place)
        size = max(found.size, 1)
        said = _said(question, [each.text for each in words[place : place + size]])
        values = found.values if not found.columns and not found.tables else []
        of_people = any(_personal(column, personal.get(column.table, frozenset())) for column, _ in values)
        if (values or words[place].mark == "TEXT") and (of_people or looks_personal(said)):
            name = f"Value{len(secrets) + 1}"
            secrets[name] = (said, values[0][1] if values else said)
            places += [_place(name, column) for column, _ in values[:2]]
        else:
            places += [_place(value, column) for column, value in values[:2] if not looks_personal(value)]
        place += size
    text = question
    for name, (said, _) in sorted(secrets.items(), key=lambda each: -len(each[1][0])):
        text = text.replace(said, name)
    return Asked(text, {name: value for name, (_, value) in secrets.items()}, places)


def _personal(column: Column, held: frozenset[str]) -> bool:
    """Whether a column is about people: by itself, or as a name beside such a column."""
    return column.name in held or (bool(held) and column.words[-1:] == ("name",))


def _said(question: str, parts: Sequence[str]) -> str:
    """The words as they stand in the question, with whatever is between them."""
    found = re.search(r"\W{0,3}".join(map(re.escape, parts)), question)
    return found.group() if found else " ".join(parts)


def _place(value: str, column: Column) -> str:
    return f"VALUE {literal(value)} STANDS IN {dotted(column.table)}.{named(column.name)}"


def shown(sql: str, secrets: Mapping[str, str]) -> str:
    """A statement with the values that were hidden from the model put back."""
    for name, value in secrets.items():
        inner = literal(value)[1:-1]
        sql = sql.replace(f"'{name}'", f"'{inner}'").replace(f"%{name}%", f"%{inner}%")
    return sql


def _lines(table: TableContext, lexicon: Lexicon) -> list[str]:
    """A table as statements create it, with what else may be told of its columns; small models know this form best."""
    lines = [f"CREATE TABLE {dotted(table.table)} ("]
    lines += [f"  {_column(each)}" for each in table.columns[:MOST_COLUMNS]]
    for join in lexicon.joins:
        if join.left.table == table.table:
            other = f"{dotted(join.right.table)} ({named(join.right.name)})"
            lines.append(f"  FOREIGN KEY ({named(join.left.name)}) REFERENCES {other},")
    return [*lines, ");"]


def _column(column: ColumnContext) -> str:
    said = column.said
    kind = str(said["type"])
    name = named(column.column) if said["name"] == column.column else "-- not told"
    text = f"{name} {_TYPES.get(kind, kind.upper())},"
    if column.withheld:
        return f"{text} -- {said['holds']}"
    samples = [json.dumps(str(each), ensure_ascii=False) for each in said.get("values", [])[:_SAMPLES]]
    if samples:
        return f"{text} -- such as {', '.join(samples)}"
    ends = f" from {said['from']} to {said['to']}" if "from" in said else ""
    forms = [each for each in said.get("forms", []) if kind == "string" and not each.replace(" ", "").isalpha()]
    return f"{text} -- {said['holds']}{ends}" + (f", like {json.dumps(forms[0], ensure_ascii=False)}" if forms else "")
