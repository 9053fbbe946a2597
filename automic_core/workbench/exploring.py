"""What a person needs to write SQL: the tables and their columns, the words DuckDB knows; keeping an answer as gold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import duckdb
from pyiceberg import types as iceberg

from automic_core import frames
from automic_core.errors import TransformError
from automic_core.lake import Lakehouse
from automic_core.lakehouse.identifiers import dotted, named, reserved
from automic_core.lakehouse.lineage import tables_of
from automic_core.lakehouse.statements import refused
from automic_core.medallion.context import split_name
from automic_core.medallion.quarantine import set_aside
from automic_core.workbench.listing import opened_tables
from automic_core.workbench.querying import NOW, Past

MOST_COLUMNS = 500
_TYPES = {
    iceberg.StringType: "varchar",
    iceberg.LongType: "bigint",
    iceberg.IntegerType: "integer",
    iceberg.FloatType: "float",
    iceberg.BinaryType: "blob",
    iceberg.ListType: "list",
    iceberg.MapType: "map",
    iceberg.StructType: "struct",
}
_USUAL = frozenset(
    ["BY", "OVER", "PARTITION", "FILTER", "BETWEEN", "EXISTS", "JOIN", "LEFT", "RIGHT", "FULL", "INNER", "CROSS", "AT"]
)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class TreeTable:
    """A table in the schema tree.

    Attributes:
        rows: Rows now; None if the writer did not say.
        columns: Column to the name of its DuckDB type, at most ``MOST_COLUMNS``; data first, then Automic's own.
        more: Columns that are not listed.
        error: Why it cannot be read; empty if it can.
    """

    name: str
    layer: str
    rows: int | None = None
    columns: dict[str, str] = field(default_factory=dict)
    more: int = 0
    error: str = ""


@dataclass(frozen=True)
class Vocabulary:
    """What can stand in a statement besides names."""

    keywords: tuple[str, ...]
    functions: tuple[str, ...]


@dataclass(frozen=True)
class GoldPlan:
    """What saving a statement as a gold table would do.

    Attributes:
        sources: The tables it is rebuilt from.
        exists: Whether there is a table of this name, which would get these rows instead.
        notes: What a person should know first.
    """

    table: str
    sources: tuple[str, ...]
    exists: bool
    notes: tuple[str, ...]


def schema_tree(lake: Lakehouse) -> list[TreeTable]:
    """Every table with its columns, the most refined layer first."""
    order = {"gold": 0, "silver": 1, "bronze": 2, "quarantine": 3}
    found = []
    tables = opened_tables(lake)
    for name, opened in tables.items():
        layer = opened.facts.layer
        if layer not in order:
            continue
        if opened.table is None:
            found.append(TreeTable(name, layer, error=opened.facts.error))
            continue
        fields = sorted(opened.table.schema().fields, key=lambda each: frames.is_hidden(each.name))
        columns = {each.name: _type(each.field_type) for each in fields[:MOST_COLUMNS]}
        rows = opened.facts.rows
        if layer == "quarantine" and (silver := tables.get(f"silver.{name.partition('.')[2]}")) is not None:
            rows = set_aside(silver.properties)  # SQL sees those set aside now, not those of all runs
        found.append(TreeTable(name, layer, rows, columns, len(fields) - len(columns)))
    return sorted(found, key=lambda table: (order[table.layer], table.name))


@cache
def vocabulary() -> Vocabulary:
    """Keywords of DuckDB, and its functions without those that no query may use."""
    with duckdb.connect() as connection:
        functions = connection.sql(
            "SELECT DISTINCT function_name FROM duckdb_functions() "
            "WHERE function_type IN ('scalar', 'aggregate', 'macro')"
        )
        names = {row[0] for row in functions.fetchall()}
    allowed = {name for name in names if _WORD.fullmatch(name) and not name.startswith("_") and not refused(name)}
    return Vocabulary(tuple(sorted({word.upper() for word in reserved()} | _USUAL)), tuple(sorted(allowed)))


def starting_query(lake: Lakehouse, table: str) -> str:
    """The statement that shows the first rows of a table.

    Raises:
        CatalogError: There is no such table.
    """
    lake.context.need(table)
    return f"SELECT *\nFROM {sql_name(table)}\nLIMIT 100"


def sql_name(name: str) -> str:
    """A full name as SQL writes it."""
    return dotted(name)


def column_name(name: str) -> str:
    """One name as SQL writes it: quoted only where it must be."""
    return named(name)


def gold_plan(lake: Lakehouse, name: str, sql: str, past: Past = NOW, renamed: Sequence[str] = ()) -> GoldPlan:
    """What keeping an answer as a gold table would do; refuses what the build would refuse.

    Args:
        lake: The lake.
        name: Of the table, with or without "gold.".
        sql: The statement.
        past: The state of the tables the answer was about.
        renamed: Columns of the answer that had the name of another.

    Raises:
        ConfigError: The name cannot be a gold table's.
        TransformError: Two columns have one name, or the table would be made of itself.
    """
    if not name.strip():
        raise TransformError("A gold table needs a name.", "Use letters, digits and underscores, a letter first.")
    target = f"gold.{split_name(name.strip(), 'gold')}"
    if renamed:
        raise TransformError(
            f"Two columns of the answer have one name; {renamed[0]} stands for one of them.",
            "Name one of them with AS.",
        )
    sources = tuple(tables_of(sql))
    if target in sources:
        raise TransformError(f"{target} would be made of itself.", "Choose another name.")
    notes = []
    if str(past):
        notes.append(f"You look at {past}; the gold table is built from the newest state.")
    raw = [source for source in sources if source.startswith(("bronze.", "quarantine."))]
    if raw:
        notes.append(f"It reads {', '.join(raw)}, which no rule has checked.")
    return GoldPlan(target, sources, lake.context.table(target) is not None, tuple(notes))


def _type(kind: iceberg.IcebergType) -> str:
    """The DuckDB name of a column's type."""
    return _TYPES.get(type(kind), str(kind).replace(" ", ""))
