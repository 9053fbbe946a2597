"""Questions to begin with, made of the lake's own tables and columns, each with the SQL that answers it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from automic_core import frames
from automic_core.lake import Lakehouse
from automic_core.workbench.exploring import TreeTable, column_name, schema_tree, sql_name

_SAMPLE, _MOST_TABLES, _MOST_GROUPS = 10_000, 8, 50
_KEYLIKE = re.compile(r"(^|_)(id|rid|key|code|no|nr|number|zip|phone|sku)$", re.IGNORECASE)
_NUMBER = re.compile(r"(big|huge|small|tiny)?int(eger)?|float|double|decimal.*")


@dataclass(frozen=True)
class Example:
    """A question about a table, and the SQL that answers it."""

    title: str
    table: str
    sql: str


def examples(lake: Lakehouse, most: int = 3) -> list[Example]:
    """Questions of different kinds, asked of the most refined tables that can answer them."""
    tables = [table for table in schema_tree(lake) if table.layer != "quarantine" and table.rows]
    ideas = [dict(_ideas(lake, table)) for table in tables[:_MOST_TABLES]]
    found: list[Example] = []
    for kind in ("time", "group", "top", "count"):
        # A question of its own for each table, before one table is asked twice.
        own = next((each for each in ideas if kind in each), None)
        if own is not None and len(found) < most:
            found.append(own[kind])
            ideas = [each for each in ideas if each is not own] + [own]
    return found


def _ideas(lake: Lakehouse, table: TreeTable) -> Iterator[tuple[str, Example]]:
    kinds = {name: kind for name, kind in table.columns.items() if not frames.is_hidden(name)}
    amounts = [n for n, kind in kinds.items() if _NUMBER.fullmatch(kind) and not _KEYLIKE.search(n)]
    amounts.sort(key=lambda name: not kinds[name].startswith(("double", "decimal", "float")))
    times = [name for name, kind in kinds.items() if kind.startswith(("date", "timestamp"))]
    source, name = sql_name(table.name), table.name
    amount = amounts[0] if amounts else None
    value = f"sum({column_name(amount)}) AS {column_name(amount)}" if amount else "count(*) AS row_count"
    what = _words(amount) if amount else "number of rows"
    if times:
        select = f"SELECT date_trunc('month', {column_name(times[0])}) AS month, {value}"
        yield "time", Example(f"How does the {what} go from month to month?", name, _query(select, source, "1"))
    group = _group(lake, table.name, [name for name, kind in kinds.items() if kind == "varchar"])
    if group:
        select = f"SELECT {column_name(group)}, {value}"
        title = f"Which {_words(group)} has the largest {what}?"
        yield "group", Example(title, name, _query(select, source, "2 DESC"))
    if amount:
        order = f"ORDER BY {column_name(amount)} DESC\nLIMIT 10"
        yield "top", Example(f"Which rows have the largest {what}?", name, f"SELECT *\nFROM {source}\n{order}")
    yield "count", Example("How many rows are there?", name, f"SELECT count(*) AS row_count\nFROM {source}")


def _query(select: str, source: str, order: str) -> str:
    return f"{select}\nFROM {source}\nGROUP BY ALL\nORDER BY {order}"


def _group(lake: Lakehouse, table: str, columns: list[str]) -> str | None:
    """A text column that sorts the rows into a handful of groups."""
    if not columns:
        return None
    sample = lake.scan(table).select(columns[:30]).head(_SAMPLE)
    distinct = sample.select(pl.len().alias(""), pl.all().n_unique()).collect().row(0, named=True)
    rows = distinct.pop("")
    few = [name for name, count in distinct.items() if 1 < count <= _MOST_GROUPS and (count <= rows // 2 or rows <= 12)]
    return min(few, key=lambda name: (bool(_KEYLIKE.search(name)), columns.index(name)), default=None)


def _words(name: str) -> str:
    return name.replace("_", " ")
