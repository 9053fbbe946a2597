"""What a PostgreSQL database has: tables and views, their columns, comments and keys."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from automic_core.connectors.databases._names import WATERMARKS
from automic_core.errors import SourceError

if TYPE_CHECKING:
    import psycopg

MOST = 10_000
_OWN = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp_)'"


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True)
class Relation:
    """A table or view.

    Attributes:
        comment: What its owner says about it.
        comments: Column name to its comment, where there is one.
        required: Columns that are never null.
        key: Columns of the primary key.
    """

    schema: str
    name: str
    oid: int = 0
    comment: str = ""
    comments: dict[str, str] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    key: tuple[str, ...] = ()

    @property
    def sql(self) -> str:
        """The name in a statement."""
        return f"{quoted(self.schema)}.{quoted(self.name)}"


def relations(connection: psycopg.Connection[Any], schema: str | None) -> tuple[list[str], list[str]]:
    """Tables and views that the user may read; partitions are seen through their table.

    They are ``schema.name``, of one schema just names: what the option ``table`` takes.
    """
    rows = connection.execute(
        f"SELECT CASE WHEN %(schema)s::text IS NULL THEN n.nspname || '.' ELSE '' END || c.relname, "
        f"c.relkind IN ('v', 'm') FROM pg_catalog.pg_class c "
        f"JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
        f"WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND NOT c.relispartition AND {_OWN} "
        f"AND c.relname <> '{WATERMARKS}' "
        f"AND (%(schema)s::text IS NULL OR n.nspname = %(schema)s) "
        f"AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT') "
        f"ORDER BY n.nspname <> 'public', n.nspname, c.relname LIMIT {MOST}",
        {"schema": schema},
    ).fetchall()
    return [name for name, view in rows if not view], [name for name, view in rows if view]


def found(connection: psycopg.Connection[Any], schema: str | None, table: str | None, where: str) -> Relation:
    """The table of that name, else of that ``schema.name``; without a name the only one there is.

    Raises:
        SourceError: There is none, or several to choose from; says what there is.
    """
    if table is None:
        tables, views = relations(connection, schema)
        if len(tables) != 1:
            what = f"{len(tables)} tables" if tables else "no table"
            names = [*tables, *views]
            raise SourceError(f"{where} has {what}.", f"Choose one: {_listed(names)}." if names else "")
        table = tables[0]
    for space, name in _readings(schema, table):
        row = connection.execute(
            "SELECT c.oid, n.nspname, c.relname, obj_description(c.oid, 'pg_class') FROM pg_catalog.pg_class c "
            "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relname = %(name)s AND c.relkind IN ('r', 'p', 'f', 'v', 'm') "
            "AND CASE WHEN %(space)s::text IS NULL THEN pg_table_is_visible(c.oid) ELSE n.nspname = %(space)s END",
            {"space": space, "name": name},
        ).fetchone()
        if row is not None:
            return _described(connection, row)
    tables, views = relations(connection, schema)
    near = difflib.get_close_matches(table, [*tables, *views, *(each.rpartition(".")[2] for each in tables)], 1)
    hint = f"Did you mean {near[0]!r}?" if near else f"It has: {_listed([*tables, *views]) or 'none'}."
    raise SourceError(f"{where} has no table {f'{schema}.{table}' if schema else table!r}.", hint)


def _readings(schema: str | None, table: str) -> Iterator[tuple[str | None, str]]:
    """What a name may mean: itself, or a schema and a table with a dot between them."""
    yield schema, table
    if schema is None:
        for place, letter in enumerate(table):
            if letter == "." and 0 < place < len(table) - 1:
                yield table[:place], table[place + 1 :]


def _described(connection: psycopg.Connection[Any], row: tuple[Any, ...]) -> Relation:
    oid, schema, name, comment = row
    columns = connection.execute(
        "SELECT a.attname, a.attnotnull, col_description(a.attrelid, a.attnum), coalesce(i.indisprimary, false), "
        "array_position(i.indkey::int2[], a.attnum) FROM pg_catalog.pg_attribute a "
        "LEFT JOIN pg_catalog.pg_index i ON i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY (i.indkey) "
        "WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
        (oid,),
    ).fetchall()
    key = sorted((place, column) for column, _, _, primary, place in columns if primary)
    return Relation(
        schema,
        name,
        oid,
        comment or "",
        {column: words for column, _, words, _, _ in columns if words},
        frozenset(column for column, required, *_ in columns if required),
        tuple(column for _, column in key),
    )


def _listed(names: list[str]) -> str:
    return ", ".join(names[:20]) + (" …" if len(names) > 20 else "")
