"""From a query to SQL; where two readings are open, a statement for each, so that their answers can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from automic_core.assist.asking.lexicon import Lexicon
from automic_core.assist.asking.query import Item, Mention, Order, Query
from automic_core.assist.asking.restricting import Restricting
from automic_core.assist.asking.settling import Choice, UnclearError, quoted
from automic_core.assist.asking.tables import Column
from automic_core.assist.asking.words import stem

_SAID = {"avg": "average", "min": "lowest", "max": "highest", "sum": "total", "count": "number_of"}


def write(query: Query, lexicon: Lexicon) -> list[str]:
    """Statements for a query, the best first; equal ones once. The query is settled as the first one has it.

    Raises:
        UnclearError: A column could be in several tables, tables cannot be joined, or nothing is asked for.
    """
    choices = [Choice(), Choice(semi=False), Choice(by_name=True), Choice(strict=True), Choice(other=True)]
    if query.limit:
        choices.append(Choice(last=True))
    copies = [query, *(deepcopy(query) for _ in choices[1:])]
    made = [_Writer(each, lexicon, choice).statement() for each, choice in zip(copies, choices, strict=True)]
    return list(dict.fromkeys(made))


def _differ(one: Item, other: Item) -> bool:
    """Whether two things that were asked for have different names, though one column seems to be meant by both."""
    texts = [each.mention.text.lower().split() for each in (one, other) if each.mention]
    said = [{stem(word) for word in text} - {"of", "the"} for text in texts]
    return all(said) and said[0] != said[1] and not (said[0] <= said[1] or said[1] <= said[0])


class _Writer(Restricting):
    grouped = False  # whether rows are counted for each of something

    def statement(self) -> str:
        query = self.query
        entity = self._entity()
        items = self._items(entity)
        groups, grouped = self._groups(items, entity)
        self.grouped = grouped or any(order.of for order in query.orders)
        orders = [(self._settle(order.mention, entity) if order.mention else None, order) for order in query.orders]
        apart = any(related.negated for related in query.related) or (
            any(column and not order.aggregate for column, order in orders) and (query.groups or query.group_tables)
        )
        if query.limit and (len(orders) > 1 or apart):
            raise UnclearError("which row comes first, and of which rows")
        if len({item.of for item in items if item.of}) > 1:
            raise UnclearError("how two numbers are told at once")
        counted = [item.of for item in items if item.of] + [order.of for order in query.orders if order.of]
        outer = [item.mention.column.table for item in items if item.mention]
        outer += [column.table for column in groups] + [column.table for column, _ in orders if column]
        outer += [name for name in counted if name]
        outer += [
            item.mention.near
            for item in items
            if item.mention and item.mention.near and self._is_a(item.mention.near, item.mention.column.table)
        ]
        if not outer:
            outer = [entity]
        first = self._first_only(items, orders, grouped, list(dict.fromkeys(outer)))
        if first is not None:
            outer = [name for name in outer if name != first[0]]
            orders = []
        wheres, joined = self._wheres(entity, list(dict.fromkeys(outer)))
        self._fixed(items)
        wheres += [first[1]] if first is not None else []
        wheres += (
            self._all_named(entity, list(dict.fromkeys(outer)), wheres, [*outer, *joined]) if self.choice.strict else []
        )
        names = list(dict.fromkeys([*outer, *joined]))
        self._counted_once([*(i.mention.column for i in items if i.mention), *(c for c, _ in orders if c)], names)
        selected = ", ".join(self._selected(items, names))
        text = f"SELECT {'DISTINCT ' if query.distinct and not grouped else ''}{selected} FROM {self._from(names)}"
        if wheres:
            text += " WHERE " + " AND ".join(wheres)
        keyed = grouped or any(map(_sums_up, query.orders))
        if keyed:
            keys = [
                self._name(column)
                for column in self._keys(groups or [i.mention.column for i in items if i.mention and not i.aggregate])
            ]
            if not keys:
                raise UnclearError("what to count by")
            text += " GROUP BY " + ", ".join(keys)
        own = [
            each for each in query.related if each.number is not None and each.table in outer and each.table == entity
        ]
        if own:
            if keyed and any(each.unique for each in self._keys(groups or [])):
                raise UnclearError(f"what {entity} to count")
            plain = bool(orders) or any(item.aggregate for item in items)
            if len({*outer}) != 1 or len(own) > 1 or (plain and not keyed):
                raise UnclearError("what to count by")
            shown = ", ".join(self._name(item.mention.column) for item in items if item.mention)
            text += "" if keyed else f" GROUP BY {shown}"
            text += f" HAVING count(*) {own[0].operator} {own[0].number:g}"
        series = [self._name(column) for column in groups if column.sql and column.kind in ("date", "number")]
        if grouped and not orders and series:
            text += " ORDER BY " + ", ".join(
                series
            )  # what was declared as a dimension of time or size is read in order
        if orders:
            text += " ORDER BY " + ", ".join(self._order(column, order, names) for column, order in orders)
            ties = [self._name(i.mention.column) for i in items if i.mention and not i.aggregate]
            if query.limit and ties:
                text += "".join(f", {name} {'DESC' if self.choice.last else 'ASC'}" for name in ties)
        return text + (f" LIMIT {query.limit}" if query.limit and orders else "")

    def _first_only(
        self, items: list[Item], orders: list[Any], grouped: bool, outer: list[str]
    ) -> tuple[str, str] | None:
        """ "concerts in the largest stadium": the first row of another table restricts what is counted."""
        if not self.query.limit or grouped or not any(item.aggregate for item in items):
            return None
        [(column, order)] = orders
        others = [name for name in outer if column is None or name != column.table]
        if column is None or column.measure or len(others) != 1:
            raise UnclearError("of what the first is meant")
        found = self.lexicon.path([others[0], column.table])
        if found is None or len(found[0]) != 1:
            raise UnclearError(f"how {others[0]} and {column.table} belong together")
        [join] = found[0]
        mine, theirs = (join.left, join.right) if join.left.table == others[0] else (join.right, join.left)
        tie = f", {self._name(theirs)} {'DESC' if self.choice.last else 'ASC'}"
        order_by = f"ORDER BY {self._order(column, order, [])}{tie}"
        inner = f"SELECT {self._name(theirs)} FROM {self._table(theirs.table)} {order_by}"
        return column.table, f"{self._name(mine)} IN ({inner} LIMIT {self.query.limit})"

    def _items(self, entity: str) -> list[Item]:
        items: list[Item] = []
        known: list[tuple[object, ...]] = []
        for item in self.query.items:
            said = item.mention and (item.mention.columns, item.mention.near)
            if (said, item.aggregate, item.of) not in known:
                known.append((said, item.aggregate, item.of))
                items.append(item)
        for item in items:
            if item.mention:
                column = self._settle(item.mention, entity)
                if not item.aggregate:
                    column = self._named(item.mention)
                if column.measure:
                    if item.aggregate not in (None, "sum", "measure"):
                        raise UnclearError(f"over what {column.name} is to be taken together")
                    item.aggregate = "measure"
                if item.aggregate in ("avg", "sum") and column.kind != "number":
                    raise UnclearError(f"{column.name} holds no numbers")
        settled: dict[tuple[object, ...], Item] = {}
        for item in items:
            same = (item.mention.column if item.mention else None, item.aggregate, item.of)
            if item.mention and same in settled and not item.aggregate and _differ(item, settled[same]):
                raise UnclearError(f"what {item.mention.text} is beside {settled[same].mention.text}")  # type: ignore[union-attr]
            settled[same] = item
        items = list(settled.values())
        if self.query.distinct and any(item.aggregate and not item.distinct for item in items):
            raise UnclearError("what has to be different")
        loose = [item.mention.column for item in items if item.mention and not item.aggregate]
        if len(loose) == len(items) == 1 and not (self.query.named or self.query.orders or self._owner_said(items[0])):
            self.query.distinct = self.query.distinct or (loose[0].kind in ("text", "number") and not loose[0].unique)
        for item in items:
            self._told_apart(item)
            if item.mention and not item.aggregate and self._points_to(item.mention.column, entity):
                raise UnclearError(f"whether {item.mention.text} or {entity} is asked for")
            if (
                item.aggregate == "count"
                and item.mention
                and any(j.left == item.mention.column for j in self.lexicon.joins)
            ):
                raise UnclearError(f"whether all {item.mention.text} count, or those that occur")
        if self.query.everything:
            if items or self.query.group_tables or self.query.groups:
                raise UnclearError(f"what of {entity} to show")
            return [
                Item(Mention([each], each.name))
                for each in self.lexicon.tables[entity].columns.values()
                if not each.sql
            ]
        if not items:
            labels = self.lexicon.tables[entity].labels
            named = any(each.mention.value and {*each.mention.columns} & {*labels} for each in self.query.conditions)
            if not labels or (named and len(labels) > 1):  # "actors of 'Ann'" are not those that are called so
                raise UnclearError(f"what of {entity} to show")
            items = [Item(Mention([label], label.name)) for label in labels]
        return items

    def _groups(self, items: list[Item], entity: str) -> tuple[list[Column], bool]:
        query = self.query
        for mention in query.groups:
            self._settle(mention, entity)
        groups = [self._named(mention) for mention in query.groups]
        for column in groups:
            if not any(item.mention and item.mention.column == column for item in items):
                items.append(Item(Mention([column], column.name)))
        counted = any(item.aggregate for item in items) or any(_sums_up(order) for order in query.orders)
        for name in query.group_tables if counted else ():
            table = self.lexicon.tables[name]
            shown = [
                item.mention.column
                for item in items
                if item.mention and not item.aggregate and self._tells(item.mention.column, name)
            ]
            if not shown:
                shown = table.labels
                if not shown:
                    raise UnclearError(f"what of {name} to show")
                items[:0] = [Item(Mention([label], label.name)) for label in shown]
            groups += shown
        plain = [item.mention.column for item in items if item.mention and not item.aggregate]
        mixed = bool(plain) and any(item.aggregate for item in items)
        if mixed and not groups:
            groups = plain
        aggregated = any(item.aggregate for item in items)
        known = {column.table for column in groups}
        groups += [each for each in plain if aggregated and each.table in known and each not in groups]
        told = aggregated or any(_sums_up(order) for order in query.orders)
        if any(item.aggregate and item.mention and item.mention.column in groups for item in items):
            raise UnclearError("what to count by")
        if groups and not told and (query.group_tables or query.groups):
            return [], False  # "for each singer" without a count only lists
        return groups, bool(groups) and aggregated

    def _counted_once(self, columns: Sequence[Column], names: list[str]) -> None:
        """See that no row is measured several times because rows of other tables belong to it."""
        for measure in (each for each in columns if each.measure):
            if found := self._repeated(measure.table, names):
                raise UnclearError(f"how {measure.name} is shared among the {found[1]} of each {found[0]}")

    def _keys(self, columns: Sequence[Column]) -> list[Column]:
        """What tells groups apart: the keys of the tables whose labels are shown, beside other columns."""
        found: list[Column] = []
        for column in columns:
            table = self.lexicon.tables[column.table]
            key = next((each for each in table.columns.values() if each.unique and each.identifies), None)
            label = table.label == column or column.unique
            found += [key, column] if key and label and not self.choice.by_name else [column]
        return list(dict.fromkeys(found))

    def _selected(self, items: Sequence[Item], names: list[str]) -> list[str]:
        """What is shown; aggregates and columns with the name of another get a name of their own."""
        made: list[str] = []
        taken: set[str] = set()
        for item in items:
            own = item.mention.column.name if item.mention else ""
            table = item.mention.column.table if item.mention else item.of or "rows"
            name, computed = own, bool(item.mention and item.mention.column.sql)
            if item.aggregate == "measure":
                name = own
            elif item.aggregate:
                name = "_".join(filter(None, (_SAID[item.aggregate], own or table.rpartition(".")[2])))
            elif own.lower() in taken:
                name = f"{table.rpartition('.')[2]}_{own}"
            while name.lower() in taken:
                name += "_2"
            taken.add(name.lower())
            made.append(self._item(item, names) + (f" AS {quoted(name)}" if name != own or computed else ""))
        return made

    def _item(self, item: Item, names: list[str]) -> str:
        if item.mention is None:
            return self._count(item.of, names)
        name = self._name(item.mention.column)
        if item.aggregate == "count":
            return f"count(DISTINCT {name})"
        return f"{item.aggregate}({name})" if item.aggregate not in (None, "measure") else name

    def _count(self, table: str | None, names: list[str]) -> str:
        """A number of rows: each once, however many rows of other tables belong to it."""
        if table and table in names and len(names) > 1 and self._repeated(table, names):
            keys = [each for each in self.lexicon.tables[table].columns.values() if each.unique and each.identifies]
            if keys and not (self.choice.by_name and self.grouped):
                return f"count(DISTINCT {self._name(keys[0])})"
        return "count(*)"

    def _order(self, column: Column | None, order: Any, names: list[str]) -> str:
        what = self._name(column) if column else self._count(order.of, names)
        if column and order.aggregate:
            if self._repeated(column.table, names) or column.kind != "number":
                raise UnclearError(f"over what {column.name} is taken together")
            what = f"{order.aggregate}({what})"
        return f"{what} {'DESC' if order.descending else 'ASC'} NULLS LAST"


def _sums_up(order: Order) -> bool:
    return bool(order.of or order.aggregate) or bool(
        order.mention and any(each.measure for each in order.mention.columns)
    )
