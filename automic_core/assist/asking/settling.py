"""Which column of which table is meant, and how tables are joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from automic_core.assist.asking.lexicon import Lexicon
from automic_core.assist.asking.phrases import COMMON_NAMES
from automic_core.assist.asking.query import Item, Mention, Query
from automic_core.assist.asking.tables import Column, Join
from automic_core.assist.asking.words import stem

_KEYS = frozenset(["id", "code", "key", "number"])
MOST_JOINS = 3
"""Between the tables of a question; what lies further apart has hardly been meant together."""


class UnclearError(Exception):
    """The question cannot be written as SQL; the message says what is missing."""


@dataclass(frozen=True)
class Choice:
    """How open points are decided in one statement.

    Attributes:
        semi: Rows of other tables only restrict; else they are joined and may repeat a row.
        by_name: Groups are told apart by what is shown; else by the key of their table.
        last: Of rows that share the first place, another one comes first.
        strict: Rows of every table that was named must be there.
        other: A text that stands in two columns of a table is meant to be in the other one.
    """

    semi: bool = True
    by_name: bool = False
    last: bool = False
    strict: bool = False
    other: bool = False


class Settling:
    """Settles what a query leaves open, by one choice."""

    def __init__(self, query: Query, lexicon: Lexicon, choice: Choice) -> None:
        self.query, self.lexicon, self.choice = query, lexicon, choice

    def _entity(self) -> str:
        query = self.query
        counted = next((item.of for item in query.items if item.of), None)
        if counted and not any(item.mention for item in query.items):
            return counted
        near = next((item.mention.near for item in query.items if item.mention and item.mention.near), None)
        if near:
            return near
        if query.entity:
            return query.entity
        asked = [*(item.mention for item in query.items), *(order.mention for order in query.orders)]
        measured = {column.table for each in asked if each for column in each.columns if column.measure}
        if len(measured) == 1:
            return measured.pop()
        if query.group_tables:
            return query.group_tables[0]
        grouped = {column.table for mention in query.groups for column in mention.columns}
        if len(grouped) == 1:
            return grouped.pop()
        owners = [{column.table for column in item.mention.columns} for item in query.items if item.mention]
        tables: set[str] = set().union(*owners)
        shared = tables.intersection(*owners)
        rows = {order.of for order in query.orders if order.of}
        for alone in (shared & rows, shared if len(owners) > 1 else set()):
            if len(alone) == 1:
                return alone.pop()
        told = {column.table for condition in query.conditions for column in condition.mention.columns}
        if len(tables) > 1 and len(tables & told) == 1:
            return (tables & told).pop()
        if len(tables) != 1:
            raise UnclearError("which table is meant")
        return tables.pop()

    def _settle(self, mention: Mention | None, entity: str) -> Column:
        """As ``_chosen``, or by this writer's choice the other column that a value is in."""
        assert mention is not None
        everywhere = list(mention.columns)
        found = self._chosen(mention, entity)
        others = [each for each in everywhere if each.table == found.table and each != found]
        if mention.value and self.choice.other and others:
            mention.columns, mention.value = others[:1], False
            return others[0]
        return found

    def _chosen(self, mention: Mention, entity: str) -> Column:
        """The column of a mention: in the table it is said to be of, the one asked about, a named one, the nearest."""
        if mention.value:
            self._labels_first(mention)
        near = self.lexicon.tables.get(mention.near or "")
        if (
            mention.text.lower() in ("name", "names")
            and near
            and near.label
            and not any(each.table == near.name for each in mention.columns)
        ):
            mention.columns = [near.label]
        if len(mention.columns) == 1:
            only = mention.columns[0]
            said = self.query.named + self.query.group_tables
            far = mention.near not in (None, only.table) and only.table not in said
            if mention.near and self._is_a(mention.near, only.table):
                return only
            named = only == self.lexicon.tables[only.table].label
            if not mention.value and mention.near not in (None, only.table) and (only.identifies or named):
                keys = [each.left for each in self.lexicon.joins if each.left.table == mention.near]
                keys = [each for each in keys if self._points_at(each, only.table)]
                if len(keys) != 1 or stem(mention.text) in COMMON_NAMES:
                    raise UnclearError(f"which {only.name} of {mention.near} is meant")
                if Join(keys[0], only) in self.lexicon.joins:
                    mention.columns = keys
                return mention.column
            if far and not mention.value and stem(mention.text) in COMMON_NAMES:
                raise UnclearError(f"which {only.name} of {mention.near} is meant")
            return only
        for wanted in (mention.near, entity):
            found = [each for each in mention.columns if each.table == wanted]
            if len(found) == 1:
                mention.columns = found
                return found[0]
            exact = [each for each in found if each.unique and each.words == (*self._own(each), "id")]
            exact = exact or [each for each in found if len(each.words) == min(len(e.words) for e in found)]
            if len(exact) == 1:
                mention.columns = exact
                return exact[0]
        found = [each for each in mention.columns if each.table in self.query.named]
        if len(found) == 1:
            mention.columns = found
            return found[0]
        ways = [(len(way[0]), each) for each in mention.columns if (way := self.lexicon.path([entity, each.table]))]
        nearest = [each for steps, each in ways if steps == min(number for number, _ in ways)]
        if len(nearest) != 1:
            raise UnclearError(f"which {mention.text or 'column'} is meant")
        mention.columns = nearest
        return nearest[0]

    def _own(self, column: Column) -> tuple[str, ...]:
        return self.lexicon.tables[column.table].words

    def _kin(self, way: Sequence[Join]) -> None:
        """Count where two tables hang together only because both point to a third, or by the names of their keys.

        Raises:
            UnclearError: Nobody spoke of the third.
        """
        self.query.namesakes += any(join.namesake for join in way)
        said = {column.table for each in self.query.conditions for column in each.mention.columns}
        said |= {*self.query.named, *self.query.group_tables}
        parents = [join.right.table for join in way]
        for table in {each for each in parents if parents.count(each) > 1}:
            if table not in said:
                raise UnclearError(f"whether what shares a {table} belongs together")
            self.query.kin += 1

    def _points_to(self, column: Column, entity: str) -> bool:
        """Whether a column of another table holds keys of the one that is asked about: it is the same thing again."""
        return column.table != entity and self._points_at(column, entity)

    def _points_at(self, column: Column, table: str) -> bool:
        return any(join.left == column and join.right.table == table for join in self.lexicon.joins)

    def _tells(self, column: Column, table: str) -> bool:
        """Whether a column is of a table, or holds its keys."""
        return column.table == table or self._points_at(column, table)

    def _named(self, mention: Mention) -> Column:
        """The column of a mention that is shown: a key of another table, by a number, as the name it has there."""
        column = mention.column
        if column.kind != "number" or column.identifies or _KEYS & {stem(word) for word in mention.text.split()}:
            return column
        for join in self.lexicon.joins:
            label = self.lexicon.tables[join.right.table].label
            if join.left == column and label and label.table != column.table:
                mention.columns = [label]
        return mention.column

    def _owner_said(self, item: Item) -> bool:
        """Whether a column was called by the name of its table too: "detention summaries"."""
        mention = item.mention
        return mention is not None and set(self._own(mention.column)) <= {stem(word) for word in mention.text.split()}

    def _told_apart(self, item: Item) -> None:
        """See that "different" rows are such by their name or their key.

        Raises:
            UnclearError: Rows share their names, or have none.
        """
        if item.distinct and item.of:
            table = self.lexicon.tables[item.of]
            keys = any(each.unique and each.identifies for each in table.columns.values())
            if not (table.label.unique if table.label else keys):
                raise UnclearError(f"what is different about two {item.of}")

    def _is_a(self, kind: str, table: str) -> bool:
        """Whether each row of a table is a row of another: its key points there, like a gymnast's to a person."""
        return kind != table and any(
            join.left.table == kind and join.right.table == table and join.left.unique for join in self.lexicon.joins
        )

    def _labels_first(self, mention: Mention) -> None:
        """A text that names rows of a table is taken for their name, not for another column of that table."""
        labels = {column.table for column in mention.columns if column == self.lexicon.tables[column.table].label}
        mention.columns = [
            column
            for column in mention.columns
            if column.table not in labels or column == self.lexicon.tables[column.table].label
        ]

    def _apart(self, start: str, way: Sequence[Join]) -> tuple[Column, Column, list[str]]:
        """The first join of a way, seen from where it starts, and the tables beyond it."""
        first = way[0]
        mine, theirs = (first.left, first.right) if first.left.table == start else (first.right, first.left)
        beyond = (table for join in way[1:] for table in (join.left.table, join.right.table) if table != start)
        return mine, theirs, list(dict.fromkeys([theirs.table, *beyond]))

    def _repeated(self, table: str, names: Sequence[str]) -> tuple[str, str] | None:
        """Two tables between which rows of a table are repeated when it is joined with others; None if nowhere."""
        way = self.lexicon.path([table, *names])
        reached = {table}
        for join in way[0] if way else ():
            near, far = (join.left, join.right) if join.left.table in reached else (join.right, join.left)
            reached.add(far.table)
            if not far.unique:
                return near.table, far.table
        return None

    def _from(self, names: list[str]) -> str:
        found = self.lexicon.path(names)
        if found is None:
            raise UnclearError(f"how {' and '.join(names)} belong together")
        if not found[1] or len(found[0]) > MOST_JOINS:
            raise UnclearError(f"how {' and '.join(names)} belong together")
        self._kin(found[0])
        text, there = self._table(names[0]), {names[0]}
        for join in found[0]:
            new = join.right if join.left.table in there else join.left
            if new.table in there:
                continue
            there.add(new.table)
            text += f" JOIN {self._table(new.table)} ON {self._name(join.left)} = {self._name(join.right)}"
        return text

    def _table(self, name: str) -> str:
        return ".".join(map(quoted, name.split(".")))

    def _name(self, column: Column) -> str:
        if column.sql:
            return column.sql
        return f"{quoted(column.table.rpartition('.')[2])}.{quoted(column.name)}"


def quoted(name: str) -> str:
    plain = name.isidentifier() and name.islower()
    return name if plain else '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    return str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"
