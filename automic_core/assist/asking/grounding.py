"""A model's statement set on the tables there are: each column with a table that has it, missing tables joined by keys.

Small models name a column of a table that they forgot to join, or of the wrong one of two. Which tables have a column,
and along which keys tables hang together, is known; where only one table can be meant it is put right, without asking
the model again. What comes of it is checked, planned and run like any other statement.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from automic_core.assist.asking.lexicon import Lexicon
from automic_core.assist.asking.tables import Join
from automic_core.assist.asking.words import name_words

DIALECT = "duckdb"
PASSES = 3
FURTHEST = 2
"""Joins that are added for one column: what is further away was hardly meant."""
logging.getLogger("sqlglot").setLevel(logging.CRITICAL + 1)  # its lines hold parts of the statement
_LACKS = re.compile(r'(?:Values list|Table) "([^"]+)" does not have a column named "([^"]+)"')
_NOWHERE = re.compile(r'Referenced column "([^"]+)" not found')


def parsed(sql: str) -> exp.Expr | None:
    """The tree of a statement; None if it cannot be read, which DuckDB will say better."""
    try:
        return sqlglot.parse_one(sql, read=DIALECT)
    except (SqlglotError, RecursionError):
        return None


def grounded(sql: str, lexicon: Lexicon) -> str:
    """The statement with its columns put right; the same text if nothing is wrong or nothing certain is known.

    Args:
        sql: One SELECT, in DuckDB's dialect.
        lexicon: The tables, their columns, and how they join.
    """
    tree = parsed(sql)
    if tree is None:
        return sql
    changed = _names(tree, lexicon)
    for _ in range(PASSES):  # a table that was joined can make another column ambiguous
        scopes = [Scope(select, lexicon) for select in tree.find_all(exp.Select)]
        again = [scope.settle(column) for scope in scopes for column in list(scope.columns())]
        if not any([*again, *(scope.group() for scope in scopes)]):
            break
        changed = True
    return tree.sql(dialect=DIALECT) if changed else sql


def _names(tree: exp.Expr, lexicon: Lexicon) -> bool:
    """Spell the tables as they are, with their layer; whether any was spelled otherwise."""
    within = {each.alias.lower() for each in tree.find_all(exp.CTE)}
    changed = False
    for table in tree.find_all(exp.Table):
        said = f"{table.db}.{table.name}" if table.db else table.name
        same = [name for name in lexicon.tables if said.lower() in (name.lower(), name.lower().rpartition(".")[2])]
        if len(same) != 1 or same[0] == said or (not table.db and said.lower() in within):
            continue
        layer, _, name = same[0].rpartition(".")
        alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(table.name))
        table.replace(exp.Table(this=_quoted(name), db=_quoted(layer), alias=alias))
        changed = True
    return changed


def hint(problem: str, sql: str, lexicon: Lexicon) -> str:
    """Which tables have the column that a statement looks for in the wrong place; empty if that is not the problem.

    Args:
        problem: Why it cannot be planned, in DuckDB's words.
        sql: The statement.
        lexicon: The tables and their columns.
    """
    found, lacks = _NOWHERE.search(problem), _LACKS.search(problem)
    column = found[1] if found else lacks[2] if lacks else ""
    if not column:
        return ""
    have = [each.table for each in lexicon.columns() if each.name.lower() == column.lower() and not each.sql]
    told = f'"{column}" is a column of {" and of ".join(have[:4])}.' if have else f'No table has a column "{column}".'
    tree = parsed(sql) if lacks else None
    if lacks and tree is not None:
        read = [sources(select, lexicon)[0].get(lacks[1].lower()) for select in tree.find_all(exp.Select)]
        if len(known := set(filter(None, read))) == 1:
            told += f" {lacks[1]} is {known.pop()}."
    return told


@dataclass
class Scope:
    """One SELECT of a statement, and the tables it reads by itself."""

    select: exp.Select
    lexicon: Lexicon

    def __post_init__(self) -> None:
        self.tables, self.derived = sources(self.select, self.lexicon)

    def columns(self) -> Iterator[exp.Column]:
        """The columns that this SELECT names, not those of the ones inside it."""
        return (each for each in self.select.find_all(exp.Column) if each.parent_select is self.select)

    def settle(self, column: exp.Column) -> bool:
        """Give a column a table that has it; whether anything was changed."""
        said, name = column.table.lower(), column.name.lower()
        if isinstance(column.this, exp.Star) or (not said and self._called(name)):
            return False
        if column.db and (owner := self._named(f"{column.db}.{column.table}")):
            alias = next((alias for alias, table in self.tables.items() if table == owner), None)
            return self._put(column, alias or self._joined([owner]))
        if said in self.tables and self._has(self.tables[said], name):
            return False
        if said in self.derived or (said and said not in self.tables and self._outside(said)):
            return False
        having = [alias for alias, table in self.tables.items() if self._has(table, name)]
        if not said and (len(having) == 1 or (not having and (self.derived or self._outer(name)))):
            return False
        if having:
            return (len(having) == 1 or not said) and self._put(column, having[0])
        owners = [each for each in self.lexicon.tables if self._has(each, name)]
        return self._put(column, self._joined(owners)) if owners else self._renamed(column)

    def _renamed(self, column: exp.Column) -> bool:
        """Give a column its own name where its table's is said before it, or left out: team_name of a team's name."""
        said = name_words(column.name)
        names = set()
        for alias, table in self.tables.items():
            if column.table.lower() in (alias, ""):
                own, before = self.lexicon.tables[table].columns.values(), self.lexicon.tables[table].words
                names |= {each.name for each in own if (*before, *each.words) == said or each.words == (*before, *said)}
        if len(names) != 1:
            return False
        column.set("this", _quoted(names.pop()))
        return True

    def group(self) -> bool:
        """Group by what is shown besides a key that is grouped by, as SQLite and MySQL let one leave out."""
        found = self.select.args.get("group")
        if found is None or not any(self._key(each) for each in found.expressions):
            return False
        grouped = {each.name.lower() for each in found.expressions if isinstance(each, exp.Column)}
        shown = [each.unalias() for each in self.select.expressions]
        more = [each for each in shown if isinstance(each, exp.Column) and each.name.lower() not in grouped]
        for each in more:
            found.append("expressions", each.copy())
        return bool(more)

    def _key(self, grouped: exp.Expr) -> bool:
        if not isinstance(grouped, exp.Column):
            return False
        own = [self.tables[alias] for alias in self.tables if alias == grouped.table.lower() or not grouped.table]
        columns = [column for table in own for column in self.lexicon.tables[table].columns.values()]
        return any(each.name.lower() == grouped.name.lower() and (each.identifies or each.unique) for each in columns)

    def _joined(self, owners: list[str]) -> str | None:
        """The alias of the nearest of some tables, joined now; None if two are as near or there is no one way."""
        begin = set(self.tables.values())
        found = [(owner, *way) for owner in owners if begin and (way := self.lexicon.way(begin, owner)) is not None]
        found.sort(key=lambda each: len(each[1]))
        if not found or (len(found) > 1 and len(found[0][1]) == len(found[1][1])):
            return None
        owner, joins, alone = found[0]
        if not alone or len(joins) > FURTHEST:
            return None
        for join in joins:
            self._add(join)
        return next(alias for alias, table in self.tables.items() if table == owner)

    def _add(self, join: Join) -> None:
        known = {table: alias for alias, table in reversed(self.tables.items())}
        here, there = (join.left, join.right) if join.left.table in known else (join.right, join.left)
        if there.table in known:
            return
        taken = {each.alias_or_name.lower() for each in self.select.root().find_all(exp.Table, exp.Subquery)}
        alias = next(name for number in range(1, 100) if (name := f"j{number}") not in taken)
        on = exp.EQ(this=_column(known[here.table], here.name), expression=_column(alias, there.name))
        layer, _, name = there.table.rpartition(".")
        table = exp.Table(this=_quoted(name), db=_quoted(layer), alias=exp.TableAlias(this=exp.to_identifier(alias)))
        self.select.join(table, on=on, copy=False)
        self.tables[alias] = there.table

    def _put(self, column: exp.Column, alias: str | None) -> bool:
        if alias is None or self._other_side(column) == (alias.lower(), column.name.lower()):
            return False
        column.set("db", None)
        column.set("table", exp.to_identifier(alias))
        return True

    def _other_side(self, column: exp.Column) -> tuple[str, str] | None:
        """What a column is compared with, if that is a column: no table is joined to itself by saying it twice."""
        around = column.parent
        if not isinstance(around, exp.EQ):
            return None
        other = around.expression if around.this is column else around.this
        return (other.table.lower(), other.name.lower()) if isinstance(other, exp.Column) else None

    def _has(self, table: str, column: str) -> bool:
        return any(each.name.lower() == column and not each.sql for each in self.lexicon.tables[table].columns.values())

    def _named(self, full: str) -> str | None:
        return next((name for name in self.lexicon.tables if name.lower() == full.lower()), None)

    def _called(self, name: str) -> bool:
        """Whether it is what this SELECT calls one of its own columns."""
        return any(isinstance(each, exp.Alias) and each.alias.lower() == name for each in self.select.expressions)

    def _around(self) -> Iterator[Scope]:
        around = self.select.parent_select
        while isinstance(around, exp.Select):
            yield Scope(around, self.lexicon)
            around = around.parent_select

    def _outside(self, alias: str) -> bool:
        return any(alias in each.tables or alias in each.derived for each in self._around())

    def _outer(self, name: str) -> bool:
        return any(each.derived or any(self._has(own, name) for own in each.tables.values()) for each in self._around())


def sources(select: exp.Select, lexicon: Lexicon) -> tuple[dict[str, str], set[str]]:
    """The tables of a SELECT: full name by what it calls them; and what it calls its subqueries and unknown tables."""
    known = {name.lower(): name for name in lexicon.tables}
    read = [each.this for each in (select.args.get("from_"), *(select.args.get("joins") or ())) if each is not None]
    tables: dict[str, str] = {}
    derived: set[str] = set()
    for each in read:
        full = known.get(f"{each.db}.{each.name}".lower()) if isinstance(each, exp.Table) else None
        if full is None:
            derived.add(each.alias_or_name.lower())
        else:
            tables[each.alias_or_name.lower()] = full
    return tables, derived


def _column(table: str, name: str) -> exp.Column:
    return exp.column(_quoted(name), table=table)


def _quoted(name: str) -> exp.Identifier:
    return exp.to_identifier(name, quoted=True)
