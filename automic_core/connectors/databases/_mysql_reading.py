"""One table or SELECT of MySQL as Arrow batches, streamed as of one moment."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from automic_core.connectors._ahead import ahead
from automic_core.connectors.databases import _mysql_wire as wire
from automic_core.connectors.databases._mysql_bounds import condition
from automic_core.connectors.databases._mysql_session import Access, run
from automic_core.connectors.databases._mysql_types import Column, Field, converted, planned
from automic_core.connectors.databases._reading import Plan, Rescue, Rows
from automic_core.connectors.databases._relations import Relation
from automic_core.connectors.files import _types
from automic_core.contracts import Bound, ReadRequest
from automic_core.errors import SecurityError, SourceError

if TYPE_CHECKING:
    import pymysql

SESSION = ("SET SESSION sql_mode = ''", "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


@dataclass(frozen=True)
class MySQLPlan(Plan[Column]):
    """What will be read of MySQL."""

    def converted(self, column: Column, values: pa.Array, rescue: Rescue) -> pa.Array:
        """A column of a batch as its type wants it."""
        return converted(column, values, rescue)

    def statement(self, wanted: Sequence[Column], request: ReadRequest) -> str:
        """A select around the given one, with its columns by number: two may have one name."""
        places = {column.name: f"c{place}" for place, column in enumerate(self.columns)}
        shown = ", ".join(each.sql.format(places[each.name]) for each in wanted) or "1"
        where = "" if request.bound is None else self._where(request.bound, places)
        most = "" if request.limit is None else f" LIMIT {int(request.limit)}"
        # a comment at the end of the select ends there
        return f"WITH q({', '.join(places.values())}) AS ({self.select}\n) SELECT {shown} FROM q{where}{most}"

    def _where(self, bound: Bound, places: Mapping[str, str]) -> str:
        column = next((each for each in self.columns if each.name == bound.column), None)
        found = condition(column, places[column.name], bound) if column is not None else ""
        return f" WHERE {found}" if found else ""


def plan(connection: pymysql.Connection[Any], select: str, relation: Relation | None, where: str) -> MySQLPlan:
    """Find out what a statement gives, without running it.

    Args:
        connection: A session that may only read.
        select: The statement.
        relation: The table it reads; None = a person wrote it.
        where: The server, for messages.

    Raises:
        SecurityError: It is more than one statement, or no SELECT that only reads.
        SourceError: It is no statement that gives rows.
    """
    fields, shown, parameters = _described(connection, select, where)
    if not fields:
        raise SecurityError(f"{where}: the query gives no rows, so it would do something else.", "Give one SELECT.")
    if parameters:
        raise SourceError(f"{where}: the query has a parameter (?).", "Write its value.")
    names, notes = _types.column_names(shown)
    columns = [planned(name, field) for name, field in zip(names, fields, strict=True)]
    found = MySQLPlan(select, columns, relation, notes, relation.rows if relation is not None else None)
    if relation is None:
        _within(connection, found, where)
    elif relation.comment:
        notes.append(f"{relation.name}: {relation.comment}")
    return found


def _described(connection: pymysql.Connection[Any], select: str, where: str) -> tuple[list[Field], list[str], int]:
    import pymysql

    try:
        return wire.described(connection, select)
    except pymysql.err.MySQLError as exc:
        if exc.args[0] not in (1064, 1295):
            raise
        raise SourceError(f"{where}: {exc.args[1]}.", "Give one SELECT statement, and nothing behind it.") from exc


def _within(connection: pymysql.Connection[Any], found: MySQLPlan, where: str) -> None:
    """Refuse here what cannot stand inside a SELECT."""
    import pymysql

    try:
        wire.described(connection, found.statement(found.columns, ReadRequest()))
    except pymysql.err.MySQLError as exc:
        raise SecurityError(
            f"{where}: the query is no SELECT that only reads ({exc.args[1]}).", "Give one SELECT."
        ) from exc


def streamed(access: Access, rows: Rows[Column]) -> Generator[pa.RecordBatch]:
    """Run the statement in a transaction of its own that may only read; what is left unread is stopped on the server.

    One statement sees one state of the tables (InnoDB), whatever is written meanwhile.

    Args:
        access: How the server is reached.
        rows: What to read.
    """
    with closing(access.opened(*SESSION)) as connection:
        run(connection, "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        yield from stoppable(access, connection, rows)


def stoppable(access: Access, connection: pymysql.Connection[Any], rows: Rows[Column]) -> Generator[pa.RecordBatch]:
    """The rows on a connection that is open; what is left unread is stopped on the server."""
    thread = connection.thread_id()
    reader = rows.batches(wire.rows(connection, rows.statement))
    with closing(ahead(reader, lambda: access.kill(thread))) as batches:
        yield from batches
