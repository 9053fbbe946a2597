"""One table or SELECT of PostgreSQL as Arrow batches, streamed by binary COPY."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from automic_core.connectors._ahead import ahead
from automic_core.connectors.databases._postgresql_bounds import condition
from automic_core.connectors.databases._postgresql_types import Column, Kind, converted, planned
from automic_core.connectors.databases._reading import Plan, Rescue, Rows
from automic_core.connectors.databases._relations import Relation
from automic_core.connectors.files import _types
from automic_core.contracts import Bound, ReadRequest
from automic_core.errors import SecurityError, SourceError

if TYPE_CHECKING:
    import psycopg

BATCH_BYTES = 8 << 20
SESSION = {
    "default_transaction_read_only": "on",
    "synchronize_seqscans": "off",  # the same order each time, so that the same content is known again
    "timezone": "UTC",
    "datestyle": "ISO",
    "intervalstyle": "iso_8601",
    "bytea_output": "hex",
    "extra_float_digits": "1",
}


@dataclass(frozen=True)
class PostgreSQLPlan(Plan[Column]):
    """What will be read of PostgreSQL.

    Attributes:
        utf8: Whether the server compares texts by their code points where it compares bytes.
    """

    utf8: bool = False

    def converted(self, column: Column, values: pa.Array, rescue: Rescue) -> pa.Array:
        """A column of a batch as its type wants it."""
        return converted(column, values, rescue)

    def statement(self, wanted: Sequence[Column], request: ReadRequest) -> str:
        """A select around the given one, with its columns by number."""
        places = {column.name: f"c{place}" for place, column in enumerate(self.columns)}
        shown = ", ".join(each.sql.format(places[each.name]) for each in wanted) or "1"
        where = "" if request.bound is None else self._where(request.bound, places)
        most = "" if request.limit is None else f" LIMIT {int(request.limit)}"
        return f"SELECT {shown} FROM {_inner(self.select, len(self.columns))}{where}{most}"

    def _where(self, bound: Bound, places: Mapping[str, str]) -> str:
        column = next((each for each in self.columns if each.name == bound.column), None)
        found = condition(column, places[column.name], bound, utf8=self.utf8) if column is not None else ""
        return f" WHERE {found}" if found else ""


def _inner(select: str, width: int) -> str:
    """The select in brackets, its columns numbered: two may have one name, and a comment at its end ends there."""
    return f"({select}\n) AS q({', '.join(f'c{place}' for place in range(width))})"


def plan(connection: psycopg.Connection[Any], select: str, relation: Relation | None, where: str) -> PostgreSQLPlan:
    """Find out what a statement delivers, without running it.

    Raises:
        SecurityError: It is more than one SELECT.
        SourceError: It is no statement that gives rows.
    """
    described = _described(connection, select, where)
    if not described:
        raise SourceError(f"{where}: there are no columns.", "" if relation else "Give one SELECT statement.")
    kinds = _kinds(connection, {oid for _, oid, _ in described})
    names, notes = _types.column_names(name for name, _, _ in described)
    encoding = connection.info.parameter_status("server_encoding")
    columns = [
        planned(name, kinds[oid], modifier, ascii_only=encoding == "SQL_ASCII")
        for name, (_, oid, modifier) in zip(names, described, strict=True)
    ]
    found = PostgreSQLPlan(select, columns, relation, notes)
    rows = _estimated(connection, found, where)
    if relation is not None and relation.comment:
        notes.append(f"{relation.name}: {relation.comment}")
    return PostgreSQLPlan(select, columns, relation, notes, rows, encoding == "UTF8")


def _described(connection: psycopg.Connection[Any], select: str, where: str) -> list[tuple[str, int, int]]:
    """Name, type and modifier of each result column; the server takes exactly one statement here."""
    protocol = connection.pgconn
    encoding = connection.info.encoding
    done = protocol.prepare(b"", select.encode(encoding))
    if done.error_message:
        _refuse(done, select, where)
    result = protocol.describe_prepared(b"")
    found = [
        ((result.fname(place) or b"").decode(encoding), result.ftype(place), result.fmod(place))
        for place in range(result.nfields)
    ]
    if not found:
        raise SecurityError(f"{where}: the query gives no rows, so it would do something else.", "Give one SELECT.")
    return found


def _refuse(result: Any, select: str, where: str) -> None:
    import psycopg

    error = psycopg.errors.error_from_result(result)
    if error.sqlstate == "42601" and "multiple commands" in str(error):
        raise SecurityError(f"{where}: the query is more than one statement.", "Give one SELECT.") from error
    if error.sqlstate == "42601":
        place = f" at character {error.diag.statement_position}" if error.diag.statement_position else ""
        raise SourceError(f"{where}: {error.diag.message_primary}{place}.", "Give one SELECT statement.") from error
    raise error


def _kinds(connection: psycopg.Connection[Any], oids: set[int]) -> dict[int, Kind]:
    rows = connection.execute(
        "SELECT oid, typname, typtype::text, typcategory::text FROM pg_catalog.pg_type WHERE oid = ANY (%s)",
        (list(oids),),
    ).fetchall()
    return {oid: Kind(oid, str(oid)) for oid in oids} | {row[0]: Kind(*row) for row in rows}


def _estimated(connection: psycopg.Connection[Any], found: PostgreSQLPlan, where: str) -> int | None:
    """How many rows the server's planner expects. It also refuses here what cannot stand inside a SELECT."""
    import psycopg

    statement = f"EXPLAIN (FORMAT JSON) SELECT 1 FROM {_inner(found.select, len(found.columns))}"
    try:
        row = connection.execute(statement).fetchone()
    except (psycopg.errors.SyntaxError, psycopg.errors.FeatureNotSupported) as exc:
        raise SecurityError(
            f"{where}: the query is no SELECT that only reads ({exc.diag.message_primary}).", "Give one SELECT."
        ) from exc
    return int(row[0][0]["Plan"]["Plan Rows"]) if row is not None else None


def streamed(info: str, rows: Rows[Column], snapshot: str | None = None) -> Generator[pa.RecordBatch]:
    """Run the statement in a session of its own; it is rolled back at the end: a function that is called might write.

    What is left unread is stopped on the server.

    Args:
        info: What libpq needs.
        rows: What to read.
        snapshot: Name of a snapshot that another session exported; None = as of now.
    """
    import adbc_driver_postgresql.dbapi as driver

    with driver.connect(info) as connection, connection.cursor() as cursor:
        if snapshot is not None:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
        cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(BATCH_BYTES)})
        cursor.execute(rows.statement)
        with closing(ahead(rows.batches(cursor.fetch_record_batch()), cursor.adbc_cancel)) as batches:
            yield from batches
