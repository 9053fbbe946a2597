"""From a query to SQL; where words leave two readings open, a statement for each, so that their answers can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from automic_core.assist.asking.lexicon import Column, Join, Lexicon
from automic_core.assist.asking.query import Condition, Item, Mention, Query, Related


MOST_JOINS = 3
"""Between the tables of a question; what lies further apart has hardly been meant together."""
_GENERIC = frozenset("year date time name title type code description number amount status location place id".split())
_SAID = {"avg": "average", "min": "lowest", "max": "highest", "sum": "total", "count": "number_of"}


class Unclear(Exception):
    """The question cannot be written as SQL; the message says what is missing."""


@dataclass(frozen=True)
class Choice:
    """How open points are decided in one statement.

    Attributes:
        semi: Rows of other tables only restrict; else they are joined and may repeat a row.
        by_name: Groups are told apart by what is shown; else by the key of their table.
        last: Of rows that share the first place, another one comes first.
        strict: Rows of every table that was named must be there.
    """

    semi: bool = True
    by_name: bool = False
    last: bool = False
    strict: bool = False


def write(query: Query, lexicon: Lexicon) -> list[str]:
    """Statements for a query, the best first; equal ones once.

    Raises:
        Unclear: A column could be in several tables, tables cannot be joined, or nothing is asked for.
    """
    choices = [Choice(), Choice(semi=False), Choice(by_name=True), Choice(strict=True)]
    if query.limit:
        choices.append(Choice(last=True))
    made = [_Writer(query, lexicon, choice).statement() for choice in choices]
    return list(dict.fromkeys(made))


class _Writer:
    def __init__(self, query: Query, lexicon: Lexicon, choice: Choice) -> None:
        self.query, self.lexicon, self.choice = query, lexicon, choice

    def statement(self) -> str:
        query = self.query
        entity = self._entity()
        items = self._items(entity)
        groups, grouped = self._groups(items, entity)
        orders = [(self._settle(order.mention, entity) if order.mention else None, order) for order in query.orders]
        counted = [item.of for item in items if item.of] + [order.of for order in query.orders if order.of]
        outer = [item.mention.column.table for item in items if item.mention]
        outer += [column.table for column in groups] + [column.table for column, _ in orders if column]
        outer += [name for name in counted if name]
        outer += [item.mention.near for item in items if item.mention and item.mention.near and self._is_a(item.mention.near, item.mention.column.table)]
        if not outer:
            outer = [entity]
        first = self._first_only(items, orders, grouped, list(dict.fromkeys(outer)))
        if first is not None:
            outer = [name for name in outer if name != first[0]]
            orders = []
        wheres, joined = self._wheres(entity, list(dict.fromkeys(outer)))
        wheres += [first[1]] if first is not None else []
        wheres += self._all_named(entity, list(dict.fromkeys(outer)), wheres, [*outer, *joined]) if self.choice.strict else []
        names = list(dict.fromkeys([*outer, *joined]))
        selected = ", ".join(self._selected(items, names))
        text = f"SELECT {'DISTINCT ' if query.distinct and not grouped else ''}{selected} FROM {self._from(names)}"
        if wheres:
            text += " WHERE " + " AND ".join(wheres)
        if grouped or any(order.of for order in query.orders):
            keys = [self._name(column) for column in self._keys(groups or [i.mention.column for i in items if i.mention and not i.aggregate])]
            if not keys:
                raise Unclear("what to count by")
            text += " GROUP BY " + ", ".join(keys)
        own = [each for each in query.related if each.number is not None and each.table in outer and each.table == entity]
        if own:
            if grouped or len(outer) != 1 or any(item.aggregate for item in items) or orders:
                raise Unclear("what to count by")
            [each] = own[:1]
            text += f" GROUP BY {', '.join(self._name(i.mention.column) for i in items if i.mention)} HAVING count(*) {each.operator} {each.number:g}"
        if orders:
            text += " ORDER BY " + ", ".join(self._order(column, order, names) for column, order in orders)
            ties = [self._name(i.mention.column) for i in items if i.mention and not i.aggregate]
            if query.limit and ties:
                text += "".join(f", {name} {'DESC' if self.choice.last else 'ASC'}" for name in ties)
        return text + (f" LIMIT {query.limit}" if query.limit and orders else "")

    def _first_only(self, items: list[Item], orders: list[Any], grouped: bool, outer: list[str]) -> tuple[str, str] | None:
        """"concerts in the largest stadium": the first row of another table restricts what is counted."""
        if not self.query.limit or grouped or not any(item.aggregate for item in items):
            return None
        [(column, order)] = orders
        others = [name for name in outer if column is None or name != column.table]
        if column is None or len(others) != 1:
            raise Unclear("of what the first is meant")
        found = self.lexicon.path([others[0], column.table])
        if found is None or len(found[0]) != 1:
            raise Unclear(f"how {others[0]} and {column.table} belong together")
        [join] = found[0]
        mine, theirs = (join.left, join.right) if join.left.table == others[0] else (join.right, join.left)
        tie = f", {self._name(theirs)} {'DESC' if self.choice.last else 'ASC'}"
        inner = f"SELECT {self._name(theirs)} FROM {self._table(theirs.table)} ORDER BY {self._order(column, order, [])}{tie}"
        return column.table, f"{self._name(mine)} IN ({inner} LIMIT {self.query.limit})"

    # What is asked about, and what of it.

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
        if query.group_tables:
            return query.group_tables[0]
        grouped = {column.table for mention in query.groups for column in mention.columns}
        if len(grouped) == 1:
            return grouped.pop()
        tables = {column.table for item in query.items if item.mention for column in item.mention.columns}
        told = {column.table for condition in query.conditions for column in condition.mention.columns}
        if len(tables) > 1 and len(tables & told) == 1:
            return (tables & told).pop()
        if len(tables) != 1:
            raise Unclear("which table is meant")
        return tables.pop()

    def _settle(self, mention: Mention | None, entity: str) -> Column:
        """The column of a mention: in the table it is said to be of, the one asked about, one that was named, else the nearest."""
        assert mention is not None
        if mention.value:
            self._labels_first(mention)
        near = self.lexicon.tables.get(mention.near or "")
        if mention.text.lower() in ("name", "names") and near and near.label and not any(each.table == near.name for each in mention.columns):
            mention.columns = [near.label]
        if len(mention.columns) == 1:
            only = mention.columns[0]
            said = self.query.named + self.query.group_tables
            far = mention.near not in (None, only.table) and only.table not in said
            if mention.near and self._is_a(mention.near, only.table):
                return only
            if not mention.value and mention.near not in (None, only.table) and (only.identifies or only == self.lexicon.tables[only.table].label):
                raise Unclear(f"which {only.name} of {mention.near} is meant")
            if far and not mention.value and mention.text.lower() in _GENERIC:
                raise Unclear(f"which {only.name} of {mention.near} is meant")
            return only
        for wanted in (mention.near, entity):
            found = [each for each in mention.columns if each.table == wanted]
            if len(found) == 1:
                mention.columns = found
                return found[0]
            exact = [each for each in found if len(each.words) == min(len(e.words) for e in found)]
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
            raise Unclear(f"which {mention.text or 'column'} is meant")
        mention.columns = nearest
        return nearest[0]

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

    def _items(self, entity: str) -> list[Item]:
        items: list[Item] = []
        for item in self.query.items:
            known = [(each.mention.columns if each.mention else None, each.aggregate, each.of) for each in items]
            if (item.mention.columns if item.mention else None, item.aggregate, item.of) not in known:
                items.append(item)
        for item in items:
            if item.mention:
                column = self._settle(item.mention, entity)
                if item.aggregate in ("avg", "sum") and column.kind != "number":
                    raise Unclear(f"{column.name} holds no numbers")
        loose = [item.mention.column for item in items if item.mention and not item.aggregate]
        if len(loose) == len(items) == 1 and not self.query.named and not self.query.orders:
            self.query.distinct = self.query.distinct or (loose[0].kind in ("text", "number") and not loose[0].unique)
        for item in items:
            if item.aggregate == "count" and item.mention and any(j.left == item.mention.column for j in self.lexicon.joins):
                raise Unclear(f"whether all {item.mention.text} count, or those that occur")
        if not items:
            label = self.lexicon.tables[entity].label
            if label is None:
                raise Unclear(f"what of {entity} to show")
            items = [Item(Mention([label], label.name))]
        return items

    def _groups(self, items: list[Item], entity: str) -> tuple[list[Column], bool]:
        query = self.query
        groups = [self._settle(mention, entity) for mention in query.groups]
        for column in groups:
            if not any(item.mention and item.mention.column == column for item in items):
                items.append(Item(Mention([column], column.name)))
        counted = any(item.aggregate for item in items) or any(order.of for order in query.orders)
        for name in query.group_tables if counted else ():
            table = self.lexicon.tables[name]
            shown = [item.mention.column for item in items if item.mention and not item.aggregate and item.mention.column.table == name]
            if not shown:
                if table.label is None:
                    raise Unclear(f"what of {name} to show")
                items.insert(0, Item(Mention([table.label], table.label.name)))
                shown = [table.label]
            groups += shown
        plain = [item.mention.column for item in items if item.mention and not item.aggregate]
        mixed = bool(plain) and any(item.aggregate for item in items)
        if mixed and not groups:
            groups = plain
        aggregated = any(item.aggregate for item in items)
        if groups and not aggregated and not any(order.of for order in query.orders):
            if query.group_tables or query.groups:
                return [], False  # "for each singer" without a count only lists
        return groups, bool(groups) and aggregated

    def _keys(self, columns: Sequence[Column]) -> list[Column]:
        """What tells groups apart: the keys of the tables whose labels are shown, beside other columns."""
        found: list[Column] = []
        for column in columns:
            table = self.lexicon.tables[column.table]
            key = next((each for each in table.columns.values() if each.unique and each.identifies), None)
            label = table.label == column or column.unique
            found += [key, column] if key and label and not self.choice.by_name else [column]
        return list(dict.fromkeys(found))

    # Conditions.

    def _wheres(self, entity: str, outer: list[str]) -> tuple[list[str], list[str]]:
        """Conditions as SQL, and tables that are joined for them."""
        query = self.query
        negated = [related for related in query.related if related.negated]
        told: list[str] = []
        joined: list[str] = []
        apart: dict[str, list[str]] = {}
        for condition in query.conditions:
            owner = negated[-1].table if negated else None
            column = self._settle(condition.mention, owner or (outer[0] if len(outer) == 1 else entity))
            if owner and column.table == owner:
                negated[-1].conditions.append(condition)
                continue
            if column.table in outer and not condition.negated:
                told.append(self._condition(column, condition))
            elif column.table in outer:
                told.append(f"NOT ({self._condition(column, condition)})")
            elif condition.negated:
                told.append(self._within(entity, outer, column.table, [self._condition(column, condition)], True))
            elif self.choice.semi or query.both:
                apart.setdefault(column.table, []).append(self._condition(column, condition))
            else:
                joined.append(column.table)
                told.append(self._condition(column, condition))
        if query.either and len(told) > 1 and not apart:
            told = ["(" + " OR ".join(told) + ")"]
        if query.both and len(told) > 1 and not apart:
            told = self._both(entity, outer, told)
        for table, conditions in apart.items():
            if query.both and len(conditions) > 1:
                told += [self._within(entity, outer, table, [each], False) for each in conditions]
            else:
                joint = ["(" + " OR ".join(conditions) + ")"] if query.either and len(conditions) > 1 else conditions
                told.append(self._within(entity, outer, table, joint, False))
        for related in query.related:
            told += self._related(entity, outer, related, {column.table for column in map(self._first, query.conditions)}, joined)
        for related in negated:
            related.conditions = []
        self._possible()
        return told, joined

    def _possible(self) -> None:
        """Two bounds that no value can meet are about two rows, not one."""
        for low in self.query.conditions:
            for high in self.query.conditions:
                same = low.mention.column == high.mention.column and not self.query.either
                if same and low.operator in (">", ">=") and high.operator in ("<", "<=") and low.values[0] >= high.values[0]:
                    raise Unclear("which rows both bounds are about")

    def _all_named(self, entity: str, outer: list[str], wheres: list[str], used: list[str]) -> list[str]:
        """Tables that were named and are not in the statement yet: their rows must be there."""
        there = " ".join([*wheres, self._from(list(dict.fromkeys(used)))])
        missing = [name for name in dict.fromkeys(self.query.named) if f"{self._table(name)} " not in there + " " and f"{self._table(name)})" not in there]
        return [self._within(entity, outer, name, [], False) for name in missing]

    def _first(self, condition: Condition) -> Column:
        return condition.mention.column

    def _both(self, entity: str, outer: list[str], told: list[str]) -> list[str]:
        """Two conditions that no single row can meet: some row meets one, another row of the same kind the other."""
        shown = [item.mention.column for item in self.query.items if item.mention and not item.aggregate]
        if not shown or len(outer) != 1:
            raise Unclear("what both conditions are about")
        names = ", ".join(self._name(column) for column in shown)
        names = f"({names})" if len(shown) > 1 else names
        inner = ", ".join(self._name(column) for column in shown)
        self.query.distinct = True
        return [f"{names} IN (SELECT {inner} FROM {self._from(outer)} WHERE {each})" for each in told]

    def _related(self, entity: str, outer: list[str], related: Related, settled: set[str], joined: list[str]) -> list[str]:
        if related.number is not None and related.table == entity and related.table in outer:
            return []
        if related.number is not None:
            return [self._numbered(entity, outer, related)]
        if related.negated:
            inner = [self._condition(self._settle(each.mention, related.table), each) for each in related.conditions]
            return [self._within(entity, outer, related.table, inner, True)]
        if related.table in outer or related.table in settled or self._passed(outer, settled, related.table):
            return []
        if self.choice.semi:
            return [self._within(entity, outer, related.table, [], False)]
        joined.append(related.table)
        return []

    def _passed(self, outer: Iterable[str], settled: set[str], table: str) -> bool:
        """Whether a table lies on the way to one that has a condition, so that it is implied."""
        way = self.lexicon.path([*outer, *sorted(settled)])
        return bool(settled) and way is not None and any(table in (j.left.table, j.right.table) for j in way[0])

    def _numbered(self, entity: str, outer: list[str], related: Related) -> str:
        found = self.lexicon.path([entity, related.table])
        if found is None or not found[0] or not found[1] or entity not in outer:
            raise Unclear(f"how {entity} and {related.table} belong together")
        mine, theirs, inner = self._apart(entity, found[0])
        kept = f"GROUP BY 1 HAVING count(*) {related.operator} {related.number:g}"
        return f"{self._name(mine)} IN (SELECT {self._name(theirs)} FROM {self._from(inner)} {kept})"

    def _apart(self, start: str, way: Sequence[Join]) -> tuple[Column, Column, list[str]]:
        """The first join of a way, seen from where it starts, and the tables beyond it."""
        first = way[0]
        mine, theirs = (first.left, first.right) if first.left.table == start else (first.right, first.left)
        beyond = (table for join in way[1:] for table in (join.left.table, join.right.table) if table != start)
        return mine, theirs, list(dict.fromkeys([theirs.table, *beyond]))

    def _within(self, entity: str, outer: list[str], table: str, conditions: list[str], negated: bool) -> str:
        """Rows that (do not) have a row of another table."""
        start = entity if entity in outer else outer[0]
        found = self.lexicon.path([start, table])
        if found is None or not found[0]:
            raise Unclear(f"how {start} and {table} belong together")
        if len(found[0]) > MOST_JOINS or not found[1]:
            raise Unclear(f"how {start} and {table} belong together")
        mine, theirs, inner = self._apart(start, found[0])
        wheres = [*conditions, f"{self._name(theirs)} IS NOT NULL"] if negated else conditions
        where = f" WHERE {' AND '.join(wheres)}" if wheres else ""
        return f"{self._name(mine)} {'NOT ' if negated else ''}IN (SELECT {self._name(theirs)} FROM {self._from(inner)}{where})"

    def _condition(self, column: Column, condition: Condition) -> str:
        name, values = self._name(column), condition.values
        numeric = all(isinstance(each, int | float) for each in values)
        if column.kind == "text" and numeric and values:
            if condition.operator != "=" or not any(each == column for each, _ in self.lexicon.values.get(str(values[0]), ())):
                raise Unclear(f"what {values[0]} is among the texts of {column.name}")
            return f"{name} = {_literal(str(values[0]))}"
        if column.kind == "date" and numeric and values:
            name = f"year({name})"
        operator = condition.operator
        if operator in ("> average", "< average"):
            return f"{name} {operator[0]} (SELECT avg({name}) FROM {self._table(column.table)})"
        if operator == "between":
            return f"{name} BETWEEN {_literal(values[0])} AND {_literal(values[1])}"
        if operator == "in":
            return f"{name} IN ({', '.join(map(_literal, values))})"
        if operator == "like":
            return f"{name} ILIKE {_literal(values[0])}"
        return f"{name} {operator} {_literal(values[0])}"

    # The pieces.

    def _selected(self, items: Sequence[Item], names: list[str]) -> list[str]:
        """What is shown; aggregates and columns with the name of another get a name of their own."""
        made: list[str] = []
        taken: set[str] = set()
        for item in items:
            own = item.mention.column.name if item.mention else ""
            table = item.mention.column.table if item.mention else item.of or "rows"
            name = own
            if item.aggregate:
                name = "_".join(filter(None, (_SAID[item.aggregate], own or table.rpartition(".")[2])))
            elif own.lower() in taken:
                name = f"{table.rpartition('.')[2]}_{own}"
            while name.lower() in taken:
                name += "_2"
            taken.add(name.lower())
            made.append(self._item(item, names) + (f" AS {_quoted(name)}" if name != own else ""))
        return made

    def _item(self, item: Item, names: list[str]) -> str:
        if item.mention is None:
            return "count(*)"
        name = self._name(item.mention.column)
        if item.aggregate == "count":
            return f"count(DISTINCT {name})"
        return f"{item.aggregate}({name})" if item.aggregate else name

    def _order(self, column: Column | None, order: Any, names: list[str]) -> str:
        what = self._name(column) if column else "count(*)"
        return f"{what} {'DESC' if order.descending else 'ASC'} NULLS LAST"

    def _from(self, names: list[str]) -> str:
        found = self.lexicon.path(names)
        if found is None:
            raise Unclear(f"how {' and '.join(names)} belong together")
        if not found[1] or len(found[0]) > MOST_JOINS:
            raise Unclear(f"how {' and '.join(names)} belong together")
        text, there = self._table(names[0]), {names[0]}
        for join in found[0]:
            new = join.right if join.left.table in there else join.left
            if new.table in there:
                continue
            there.add(new.table)
            text += f" JOIN {self._table(new.table)} ON {self._name(join.left)} = {self._name(join.right)}"
        return text

    def _table(self, name: str) -> str:
        return ".".join(map(_quoted, name.split(".")))

    def _name(self, column: Column) -> str:
        return f"{_quoted(column.table.rpartition('.')[2])}.{_quoted(column.name)}"


def _quoted(name: str) -> str:
    plain = name.isidentifier() and name.islower()
    return name if plain else '"' + name.replace('"', '""') + '"'


def _literal(value: Any) -> str:
    return str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"
