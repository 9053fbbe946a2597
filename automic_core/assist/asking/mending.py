"""What can be mended in a model's statement without asking it again, and what to tell it where that is not enough.

Small models write ``T2.name`` where ``T1.name`` has the column, or lower the letters of a table's name. Which table has
a column is known, so such a slip is no reason to throw a statement away; the mended one is checked and run like any.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

Columns = Mapping[str, Sequence[str]]
"""Names of columns by full name of the table."""
MOST = 6
"""Slips of one statement that are mended."""
_LACKS = re.compile(r'(?:Values list|Table) "([^"]+)" does not have a column named "([^"]+)"')
_NOWHERE = re.compile(r'Referenced column "([^"]+)" not found')
_NO_TABLE = re.compile(r"There is no table ([\w.]+)")
_NAME = r'(?:"[^"]+"|\w+)'
_SOURCE = re.compile(rf"\b(?:FROM|JOIN)\s+({_NAME}(?:\.{_NAME})?)(?:\s+(?:AS\s+)?({_NAME}))?", re.I)
_WORDS = frozenset(
    {"on", "using", "where", "group", "order", "having", "limit", "join", "inner", "left", "right", "full"}
)
_WORDS |= {"cross", "natural", "union", "except", "intersect"}


def mended(sql: str, problem: str, columns: Columns) -> str | None:
    """The statement with one slip mended; None if the problem is not such a slip.

    Args:
        sql: The statement.
        problem: Why it cannot be planned, in DuckDB's or Automic's words.
        columns: All tables there are.
    """
    if found := _NO_TABLE.search(problem):
        same = [name for name in columns if name.lower() == found[1].rstrip(".").lower()]
        return _renamed(sql, found[1].rstrip("."), same[0]) if len(same) == 1 else None
    if found := _LACKS.search(problem):
        alias, column = found.groups()
        sources = _sources(sql, columns)
        have = [name for name, table in sources.items() if table and _has(columns[table], column)]
        wrong = rf'(?<![\w."])"?{re.escape(alias)}"?\."?{re.escape(column)}"?(?![\w"])'
        if len(have) == 1:
            return re.sub(wrong, lambda _: f'{_plain(have[0])}."{column}"', sql, flags=re.I)
    return None


def hint(problem: str, sql: str, columns: Columns) -> str:
    """Which tables have the column that a statement looks for in the wrong place; empty if that is not the problem."""
    found, lacks = _NOWHERE.search(problem), _LACKS.search(problem)
    column = found[1] if found else lacks[2] if lacks else ""
    if not column:
        return ""
    have = [name for name, own in columns.items() if _has(own, column)]
    told = f'"{column}" is a column of {" and of ".join(have[:4])}.' if have else f'No table has a column "{column}".'
    if lacks and (table := _sources(sql, columns).get(lacks[1].lower())):
        told += f" {lacks[1]} is {table}."
    return told


def _sources(sql: str, columns: Columns) -> dict[str, str]:
    """The tables of a statement by what it calls them; "" for what is no table, such as a subquery's name."""
    names = {name.lower(): name for name in columns}
    found: dict[str, str] = {}
    for table, alias in _SOURCE.findall(sql):
        whole = table.replace('"', "").lower()
        known = names.get(whole, "")
        said = alias.strip('"').lower()
        short = whole.rpartition(".")[2] if not said or said in _WORDS else said
        found[short] = known if short not in found or found[short] == known else ""
    return found


def _has(own: Sequence[str], column: str) -> bool:
    return column.lower() in (name.lower() for name in own)


def _plain(name: str) -> str:
    return name if re.fullmatch(r"\w+", name) else f'"{name}"'


def _renamed(sql: str, wrong: str, right: str) -> str:
    parts = r"\.".join(rf'"?{re.escape(part)}"?' for part in wrong.split("."))
    whole = ".".join(f'"{part}"' for part in right.split("."))
    return re.sub(rf'(?<![\w."]){parts}(?![\w"])', lambda _: whole, sql, flags=re.I)
