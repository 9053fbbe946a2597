"""The semantic layer: what people call tables and columns, what is measured and how, and how tables join."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from automic_core.assist.asking.lexicon import Lexicon
from automic_core.assist.asking.sql_words import expression
from automic_core.assist.asking.tables import Column, Join, Kind, Table
from automic_core.assist.asking.words import name_words, stem


@dataclass(frozen=True)
class Term:
    """A dimension or a measure of a table.

    Attributes:
        sql: How it is computed from the columns of the table; empty = it is the column of its name.
        measure: Whether it sums up rows, as opposed to telling them apart.
        kind: What its values are; known once it was bound to the table.
        bound: ``sql`` with the table's name before each column.
    """

    name: str
    sql: str = ""
    description: str = ""
    synonyms: tuple[str, ...] = ()
    measure: bool = False
    kind: Kind = "other"
    bound: str = ""


@dataclass(frozen=True)
class SemanticTable:
    """A table, its dimensions and its measures."""

    name: str
    description: str = ""
    synonyms: tuple[str, ...] = ()
    terms: Mapping[str, Term] = field(default_factory=dict)


@dataclass(frozen=True)
class SemanticJoin:
    """Two columns that hold the same keys, the side with the repeated ones first."""

    table: str
    column: str
    parent_table: str
    parent_column: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column} = {self.parent_table}.{self.parent_column}"


@dataclass(frozen=True)
class Semantics:
    """A semantic layer.

    Attributes:
        joins: How tables join; None = as their columns suggest.
    """

    tables: Mapping[str, SemanticTable] = field(default_factory=dict)
    joins: tuple[SemanticJoin, ...] | None = None

    def taught(self, lexicon: Lexicon) -> Lexicon:
        """The lexicon with the words, measures, dimensions and joins of this layer; tables it lacks are left out."""
        tables = dict(lexicon.tables)
        also = dict(lexicon.also)
        for name, said in self.tables.items():
            if name not in tables:
                continue
            also[name, ""] = tuple(words_of(each) for each in said.synonyms)
            tables[name] = _with_terms(tables[name], said)
            for term in said.terms.values():
                also[name, term.name] = tuple(words_of(each) for each in term.synonyms)
        terms = {
            expression(term.bound): f"{name.rpartition('.')[2]}.{term.name}"
            for name, said in self.tables.items()
            for term in said.terms.values()
            if term.bound
        }
        return replace(lexicon, tables=tables, joins=self._joined(tables, lexicon.joins), also=also, terms=terms)

    def _joined(self, tables: Mapping[str, Table], found: list[Join]) -> list[Join]:
        if self.joins is None:
            return found
        return [
            Join(tables[each.table].columns[each.column], tables[each.parent_table].columns[each.parent_column])
            for each in self.joins
            if each.column in getattr(tables.get(each.table), "columns", ())
            and each.parent_column in getattr(tables.get(each.parent_table), "columns", ())
        ]


def words_of(text: str) -> tuple[str, ...]:
    """The stems of a synonym."""
    return tuple(stem(each) for each in text.replace("_", " ").split())


def _with_terms(table: Table, said: SemanticTable) -> Table:
    made = {
        term.name: Column(
            table.name, term.name, term.kind, name_words(term.name), False, sql=term.bound, measure=term.measure
        )
        for term in said.terms.values()
        if term.bound
    }
    return replace(table, columns={**table.columns, **made})
