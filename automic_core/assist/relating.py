"""How tables hang together, named by a model: each reference is measured on all rows, refused where they deny it."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, Field

from automic_core.inference.foreign_keys import INCLUDED, ForeignKey, measured
from automic_core.inference.key_columns import KeyColumn
from automic_core.llm.calls import Message
from automic_core.llm.context import DATA_RULE, as_data
from automic_core.llm.masking import names_a_person
from automic_core.llm.model import LanguageModel

COLUMNS = 120
"""Columns that one question is about, those that only may be pointed to not counted."""
_SHOWN, _LONGEST = 3, 40
_TASK = (
    "You find how tables hang together. For each column that holds keys of another table, or of its own, answer the "
    "column, and the table and column whose keys it holds. A column that is pointed to identifies its rows. Go by what "
    "the names mean, also where they are shortened or in another language. Leave out what the names do not tell."
)


@dataclass(frozen=True)
class Relations:
    """References between tables that a model named; they change nothing.

    Attributes:
        keys: Those that the rows bear out, measured as those of the rules are.
        refused: The others, and what speaks against each.
    """

    keys: list[ForeignKey] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


class ModelRelation(BaseModel):
    """A reference that a model names."""

    table: str = Field(description="The table with the column that points")
    column: str
    to_table: str = Field(description="The table it points to")
    to_column: str = Field(description="The column there whose values it holds")


class ModelRelations(BaseModel):
    """What a model says of some tables."""

    relations: list[ModelRelation]


Names = Mapping[tuple[str, str], KeyColumn]


def questions(columns: Sequence[KeyColumn]) -> list[tuple[Names, list[Message]]]:
    """What a model is asked, word for word, some tables at a time, with the columns that it can mean.

    Names and counts are told, no values; the name of a column that reads like that of a person is not told either.
    """
    told = {_name(each): each for each in columns}
    identifying = {name for name, each in told.items() if each.unique}
    asked: list[tuple[Names, list[Message]]] = []
    for tables in _parts(columns):
        names = {name: each for name, each in told.items() if each.table in tables or name in identifying}
        by_table: dict[str, list[dict[str, Any]]] = {}
        for (table, name), each in names.items():
            by_table.setdefault(table, []).append(_said(name, each))
        said = as_data([{"table": table, "columns": held} for table, held in by_table.items()])
        about = f"The tables whose columns may point somewhere: {as_data(tables)}\n\nAll tables:\n{said}"
        asked.append((names, [Message("system", f"{_TASK}\n{DATA_RULE}"), Message("user", about)]))
    return asked


def by_model(columns: Sequence[KeyColumn], model: LanguageModel, cancel: threading.Event | None = None) -> Relations:
    """References that a model names, each proven on the rows.

    Args:
        columns: Of all tables that may hang together, as from ``key_columns``.
        model: Whom to ask.
        cancel: Set it, and the call ends.

    Raises:
        AutomicError: As ``LanguageModel.answer``.
    """
    found: dict[tuple[str, str], ForeignKey] = {}
    refused: list[str] = []
    for names, messages in questions(columns):
        for each in model.answer(messages, ModelRelations, "relate tables", cancel).relations:
            child, parent = names.get((each.table, each.column)), names.get((each.to_table, each.to_column))
            if child is None or parent is None:
                wanted = (each.table, each.column) if child is None else (each.to_table, each.to_column)
                refused.append(f"{_cut('.'.join(wanted))!r} is no column that was asked about")
                continue
            key = measured(child, parent)
            if problem := _denied(key, child, parent):
                refused.append(f"{child.table}.{child.name} to {parent.table}.{parent.name}: {problem}")
                continue
            known = found.get((key.table, key.column))
            if known is None or key.confidence > known.confidence:
                found[key.table, key.column] = key
    keys = sorted(found.values(), key=lambda each: (-each.confidence, each.table, each.column))
    return Relations(keys, list(dict.fromkeys(refused)))


def _denied(key: ForeignKey, child: KeyColumn, parent: KeyColumn) -> str:
    """What in the rows speaks against a reference; empty if it may be one."""
    if child is parent:
        return "a column does not point to itself"
    if not parent.unique:
        counted = f"{parent.distinct:,} different values in {parent.rows + parent.missing:,} rows"
        return f"{parent.name} does not identify the rows of {parent.table}: {counted}"
    if key.included < INCLUDED:
        strangers = ", ".join(repr(_cut(each.value)) for each in key.counter_examples[:_SHOWN])
        kept = round(key.included * child.distinct)
        return f"only {kept:,} of {child.distinct:,} different values are keys there; not {strangers}"
    return ""


def _parts(columns: Sequence[KeyColumn]) -> list[list[str]]:
    """Tables that one question is about."""
    sizes: dict[str, int] = {}
    for each in columns:
        sizes[each.table] = sizes.get(each.table, 0) + 1
    parts: list[list[str]] = []
    held = 0
    for table, size in sizes.items():
        if not parts or held + size > COLUMNS:
            parts.append([])
            held = 0
        parts[-1].append(table)
        held += size
    return parts


def _name(column: KeyColumn) -> tuple[str, str]:
    """Table and column as they are told."""
    return column.table, f"column {column.position + 1}" if names_a_person(column.name) else column.name


def _said(name: str, column: KeyColumn) -> dict[str, Any]:
    said: dict[str, Any] = {"name": name, "holds": "whole numbers" if column.whole else "short texts"}
    said |= {"different": column.distinct, "rows": column.rows}
    return said | ({"identifies": True} if column.unique else {})


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
