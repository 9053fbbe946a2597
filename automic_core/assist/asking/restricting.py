"""Conditions as SQL: on a row itself, on rows that belong to it, and on how many there are."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence, Set

from automic_core.assist.asking.query import Condition, Item, Related
from automic_core.assist.asking.settling import MOST_JOINS, Settling, UnclearError, literal
from automic_core.assist.asking.tables import Column

_BOUNDS = frozenset(["=", ">", ">=", "<", "<=", "between"])


class Restricting(Settling):
    """Writes what rows must meet."""

    def _wheres(self, entity: str, outer: list[str]) -> tuple[list[str], list[str]]:
        """Conditions as SQL, and tables that are joined for them."""
        query = self.query
        negated = [related for related in query.related if related.negated]
        told: list[str] = []
        of: list[Column] = []  # what each of them is about
        joined: list[str] = []
        open_ = {id(each): {*each.mention.columns} for each in query.conditions if each.mention.value}
        apart: dict[str, list[str]] = {}
        for condition in query.conditions:
            if condition.aggregate:
                told.append(self._bounded(entity, outer, condition))
                of.append(condition.mention.column)
                continue
            owner = negated[-1].table if negated else None
            column = self._settle(condition.mention, owner or (outer[0] if len(outer) == 1 else entity))
            if condition.operator == "missing" and column.table != condition.mention.near:
                raise UnclearError(f"whether {entity} without a {column.name} are meant")
            if owner and column.table == owner:
                negated[-1].conditions.append(condition)
                continue
            if column.table not in outer and not condition.negated and (self.choice.semi or query.both):
                apart.setdefault(column.table, []).append(self._condition(column, condition))
                continue
            of.append(column)
            if column.table in outer and not condition.negated:
                told.append(self._condition(column, condition))
            elif column.table in outer:
                told.append(f"NOT ({self._condition(column, condition)})")
            elif condition.negated:
                told.append(self._within(entity, outer, column.table, [self._condition(column, condition)], True))
            else:
                joined.append(column.table)
                told.append(self._condition(column, condition))
        self._alike(open_)
        if query.either and len(query.conditions) > 1 and any(each.negated for each in query.conditions):
            raise UnclearError("how far “not” reaches")
        several = query.either and self._of_several()
        if several and any(len(each) > 1 for each in apart.values()):
            raise UnclearError("which conditions hold together")
        if several:
            told = [
                _any_of([text for text, each in zip(told, of, strict=True) if each == column])
                for column in dict.fromkeys(of)
            ]
        elif query.either and len(told) > 1 and not apart:
            told = [_any_of(told)]
        if query.both and len(told) > 1 and not apart:
            told = self._both(entity, outer, told)
        for table, conditions in apart.items():
            if query.both and len(conditions) > 1:
                told += [self._within(entity, outer, table, [each], False) for each in conditions]
            else:
                joint = [_any_of(conditions)] if query.either else conditions
                told.append(self._within(entity, outer, table, joint, False))
        settled = {each.mention.column.table for each in query.conditions if not each.negated}
        for related in query.related:
            told += self._related(entity, outer, related, settled, joined)
        for related in negated:
            related.conditions = []
        self._possible()
        return told, joined

    def _of_several(self) -> bool:
        """Whether alternatives of one column stand beside conditions on others: "cancelled or returned in 2024".

        Raises:
            UnclearError: The alternatives are of several columns, and further conditions stand beside them.
        """
        conditions = self.query.conditions
        if len(conditions) < 3 or len({each.mention.column for each in conditions}) < 2:
            return False
        pairs = [pair for pair in itertools.pairwise(conditions) if pair[1].alternative]
        if not pairs or any(one.mention.column != other.mention.column for one, other in pairs):
            raise UnclearError("which conditions hold together")
        return True

    def _fixed(self, items: Sequence[Item]) -> None:
        """See that nothing is asked for that the question says itself."""
        said = {
            each.mention.column: each.values[0]
            for each in self.query.conditions
            if each.operator == "=" and each.mention.value and not (each.negated or self.query.either)
        }
        shown = [item.mention.column for item in items if item.mention and item.aggregate in (None, "count")]
        if len(items) == 1 and shown and shown[0] in said:
            raise UnclearError(f"what of {said[shown[0]]} to show")

    def _alike(self, columns: Mapping[int, Set[Column]]) -> None:
        """See that two values that stand in one column are not taken for two kinds of things."""
        values = [each for each in self.query.conditions if id(each) in columns]
        for one, other in itertools.combinations(values, 2):
            shared = columns[id(one)] & columns[id(other)]
            if (
                shared
                and one.mention.column != other.mention.column
                and {one.mention.column, other.mention.column} & shared
            ):
                raise UnclearError(f"whether {one.values[0]} and {other.values[0]} are of one kind")

    def _possible(self) -> None:
        """Two bounds that no value can meet are about two rows, not one."""
        for low in self.query.conditions:
            for high in self.query.conditions:
                same = low.mention.column == high.mention.column and not self.query.either
                two = same and low.operator == high.operator == "=" and not (low.negated or high.negated)
                if two and not self.query.both and low.values != high.values:
                    raise UnclearError(f"whether {low.values[0]} and {high.values[0]} are meant together or apart")
                if (
                    same
                    and low.operator in (">", ">=")
                    and high.operator in ("<", "<=")
                    and low.values[0] >= high.values[0]
                ):
                    raise UnclearError("which rows both bounds are about")

    def _all_named(self, entity: str, outer: list[str], wheres: list[str], used: list[str]) -> list[str]:
        """Tables that were named and are not in the statement yet: their rows must be there."""
        there = " ".join([*wheres, self._from(list(dict.fromkeys(used)))])
        missing = [
            name
            for name in dict.fromkeys(self.query.named)
            if f"{self._table(name)} " not in there + " " and f"{self._table(name)})" not in there
        ]
        return [self._within(entity, outer, name, [], False) for name in missing]

    def _both(self, entity: str, outer: list[str], told: list[str]) -> list[str]:
        """Two conditions that no single row can meet: some row meets one, another row of the same kind the other."""
        shown = [item.mention.column for item in self.query.items if item.mention and not item.aggregate]
        if not shown or len(outer) != 1:
            raise UnclearError("what both conditions are about")
        names = ", ".join(self._name(column) for column in shown)
        names = f"({names})" if len(shown) > 1 else names
        inner = ", ".join(self._name(column) for column in shown)
        self.query.distinct = True
        return [f"{names} IN (SELECT {inner} FROM {self._from(outer)} WHERE {each})" for each in told]

    def _related(
        self, entity: str, outer: list[str], related: Related, settled: set[str], joined: list[str]
    ) -> list[str]:
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
            raise UnclearError(f"how {entity} and {related.table} belong together")
        self._kin(found[0])
        mine, theirs, inner = self._apart(entity, found[0])
        if theirs.unique:
            raise UnclearError(f"how many {related.table} belong to {entity}: each has one at most")
        kept = f"GROUP BY 1 HAVING count(*) {related.operator} {related.number:g}"
        return f"{self._name(mine)} IN (SELECT {self._name(theirs)} FROM {self._from(inner)} {kept})"

    def _bounded(self, entity: str, outer: list[str], condition: Condition) -> str:
        """Rows for which what is computed of the rows that belong to them is within a bound."""
        column, query = self._settle(condition.mention, entity), self.query
        aggregate = f"{condition.aggregate}({self._name(column)})"
        start = entity if entity in outer else outer[0]
        if condition.operator not in _BOUNDS or condition.negated or column.kind != "number":
            raise UnclearError(f"what {aggregate} is compared with")
        others = {each.table for other in query.conditions if other is not condition for each in other.mention.columns}
        others |= {related.table for related in query.related}
        if column.table in others:
            raise UnclearError(f"of which {column.table} {aggregate} is taken")
        if column.table == start:
            shown = [item.mention.column for item in query.items if item.mention and not item.aggregate]
            if len(outer) != 1 or len(shown) != 1 or shown[0].table != start or shown[0].unique:
                raise UnclearError(f"of which {start} {aggregate} is taken")
            query.distinct = query.distinct or not any(item.aggregate for item in query.items)
            mine = theirs = shown[0]
            inner = [start]
        else:
            found = self.lexicon.path([start, column.table])
            if found is None or not found[1] or len(found[0]) > MOST_JOINS or self._repeated(column.table, [start]):
                raise UnclearError(f"how {start} and {column.table} belong together")
            self._kin(found[0])
            mine, theirs, inner = self._apart(start, found[0])
        values = " AND ".join(map(literal, condition.values))
        bound = f"{condition.operator.upper()} {values}"
        rows = f"SELECT {self._name(theirs)} FROM {self._from(inner)}"
        return f"{self._name(mine)} IN ({rows} GROUP BY 1 HAVING {aggregate} {bound})"

    def _within(self, entity: str, outer: list[str], table: str, conditions: list[str], negated: bool) -> str:
        """Rows that (do not) have a row of another table."""
        start = entity if entity in outer else outer[0]
        found = self.lexicon.path([start, table])
        if found is None or not found[0]:
            raise UnclearError(f"how {start} and {table} belong together")
        if len(found[0]) > MOST_JOINS or not found[1]:
            raise UnclearError(f"how {start} and {table} belong together")
        self._kin(found[0])
        mine, theirs, inner = self._apart(start, found[0])
        wheres = [*conditions, f"{self._name(theirs)} IS NOT NULL"] if negated else conditions
        where = f" WHERE {' AND '.join(wheres)}" if wheres else ""
        there = "NOT IN" if negated else "IN"
        return f"{self._name(mine)} {there} (SELECT {self._name(theirs)} FROM {self._from(inner)}{where})"

    def _condition(self, column: Column, condition: Condition) -> str:
        if column.measure:
            raise UnclearError(f"of which rows {column.name} is to be compared")
        name, values = self._name(column), condition.values
        if condition.operator == "missing":
            return f"({name} IS NULL OR {name} = '')" if column.kind == "text" else f"{name} IS NULL"
        numeric = all(isinstance(each, int | float) for each in values)
        if column.kind == "text" and numeric and values:
            if condition.operator != "=" or not any(
                each == column for each, _ in self.lexicon.values.get(str(values[0]), ())
            ):
                raise UnclearError(f"what {values[0]} is among the texts of {column.name}")
            return f"{name} = {literal(str(values[0]))}"
        if column.kind == "date" and numeric and values:
            name = f"year({name})"
        operator = condition.operator
        keys = column.identifies or any(join.left == column for join in self.lexicon.joins)
        if keys and operator in (">", ">=", "<", "<=", "between", "> average", "< average"):
            raise UnclearError(f"what is compared with {values[0] if values else 'the average'}")
        if operator in ("> average", "< average"):
            return f"{name} {operator[0]} (SELECT avg({name}) FROM {self._table(column.table)})"
        if operator == "between":
            return f"{name} BETWEEN {literal(values[0])} AND {literal(values[1])}"
        if operator == "in":
            return f"{name} IN ({', '.join(map(literal, values))})"
        if operator == "like":
            return f"{name} ILIKE {literal(values[0])}"
        return f"{name} {operator} {literal(values[0])}"


def _any_of(conditions: Sequence[str]) -> str:
    return f"({' OR '.join(conditions)})" if len(conditions) > 1 else conditions[0]
