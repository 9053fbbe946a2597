"""What a PostgreSQL database has: tables and views, their columns, comments and keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automic_core.connectors.databases import _relations
from automic_core.connectors.databases._names import WATERMARKS
from automic_core.connectors.databases._relations import MOST, Relation

if TYPE_CHECKING:
    import psycopg

_OWN = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp_)'"


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


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
    """The table of that name: see ``_relations.found``."""

    def look(space: str | None, name: str) -> Relation | None:
        row = connection.execute(
            "SELECT c.oid, n.nspname, c.relname, obj_description(c.oid, 'pg_class') FROM pg_catalog.pg_class c "
            "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relname = %(name)s AND c.relkind IN ('r', 'p', 'f', 'v', 'm') "
            "AND CASE WHEN %(space)s::text IS NULL THEN pg_table_is_visible(c.oid) ELSE n.nspname = %(space)s END",
            {"space": space, "name": name},
        ).fetchone()
        return None if row is None else _described(connection, row)

    return _relations.found(schema, table, where, lambda: relations(connection, schema), look)


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
        f"{quoted(schema)}.{quoted(name)}",
        oid,
        comment or "",
        {column: words for column, _, words, _, _ in columns if words},
        frozenset(column for column, required, *_ in columns if required),
        tuple(column for _, column in key),
    )
