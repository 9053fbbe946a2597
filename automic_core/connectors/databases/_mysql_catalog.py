"""What a MySQL server has: databases with tables and views, their columns, comments and keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automic_core.connectors.databases import _relations
from automic_core.connectors.databases._mysql_session import quoted, run
from automic_core.connectors.databases._names import WATERMARKS
from automic_core.connectors.databases._relations import MOST, Names, Relation

if TYPE_CHECKING:
    import pymysql

_OWN = "('mysql', 'information_schema', 'performance_schema', 'sys')"


def relations(connection: pymysql.Connection[Any], schema: str | None) -> Names:
    """Tables and views that the user may read: of one database just names, else those of others as ``database.name``.

    The tables of the database of the connection come first.
    """
    rows = run(
        connection,
        "SELECT table_schema = database(), table_schema, table_name, table_type LIKE '%%VIEW' "
        f"FROM information_schema.tables WHERE table_schema NOT IN {_OWN} AND table_name <> %s "
        "AND (%s IS NULL OR table_schema = %s) "
        f"ORDER BY table_schema <> coalesce(database(), ''), table_schema, table_name LIMIT {MOST}",
        WATERMARKS,
        schema,
        schema,
    )
    names = [(name if schema or own else f"{space}.{name}", view) for own, space, name, view in rows]
    return [name for name, view in names if not view], [name for name, view in names if view]


def found(connection: pymysql.Connection[Any], schema: str | None, table: str | None, where: str) -> Relation:
    """The table of that name: see ``_relations.found``. Without a name, the only one of its database."""

    def look(space: str | None, name: str) -> Relation | None:
        rows = run(
            connection,
            "SELECT table_schema, table_name, table_comment, table_type LIKE '%%VIEW', table_rows "
            "FROM information_schema.tables WHERE table_schema = coalesce(%s, database()) AND table_name = %s",
            space,
            name,
        )
        return _described(connection, *rows[0]) if rows else None

    def listed() -> Names:
        tables, views = relations(connection, schema)
        if table is None and schema is None:
            ((own,),) = run(connection, "SELECT database()")
            return relations(connection, own)
        return tables, views

    return _relations.found(schema, table, where, listed, look)


def _described(
    connection: pymysql.Connection[Any], schema: str, name: str, comment: str | None, view: int, rows: int | None
) -> Relation:
    columns = run(
        connection,
        "SELECT column_name, is_nullable = 'NO', column_comment FROM information_schema.columns "
        "WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position",
        schema,
        name,
    )
    keys = run(
        connection,
        "SELECT column_name FROM information_schema.key_column_usage WHERE table_schema = %s AND table_name = %s "
        "AND constraint_name = 'PRIMARY' ORDER BY ordinal_position",
        schema,
        name,
    )
    return Relation(
        schema,
        name,
        f"{quoted(schema)}.{quoted(name)}",
        comment="" if view else comment or "",
        comments={column: words for column, _, words in columns if words},
        # a zero date stands in a column that is never null, and is null to us
        required=frozenset(column for column, _, _ in columns if column in {key for (key,) in keys}),
        key=tuple(column for (column,) in keys),
        rows=None if rows is None else int(rows),
    )
