"""SQL over lake tables: one SELECT, each table pinned to one snapshot, run by a DuckDB that reaches nothing else."""

from __future__ import annotations

import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

import duckdb
import polars as pl
import pyarrow as pa
from pyiceberg.table import Table

from automic_core.errors import AutomicError, CatalogError, TransformError
from automic_core.lakehouse import history, plain, tables
from automic_core.lakehouse.commits import frozen, full_name, head, published
from automic_core.lakehouse.positions import explained, place
from automic_core.lakehouse.statements import Statement, TableUse, parse

DEFAULT_MEMORY = "2GB"
DEFAULT_TIMEOUT = 300.0

Resolver = Callable[[str], Table | None]
Present = Callable[[str], pl.DataFrame | None]
"""The rows of a table as they stand now, where those are not simply what it stores; None where they are."""
AsOf = int | datetime | Mapping[str, int] | None


@dataclass(frozen=True)
class TableRead:
    """A table as a statement read it.

    Attributes:
        snapshot: The state that was read; None if the table had none.
        own: Whether the statement itself asked for this state, with AT.
    """

    name: str
    snapshot: int | None
    own: bool


@dataclass(frozen=True)
class Answering:
    """A statement that may run, its tables pinned."""

    connection: duckdb.DuckDBPyConnection
    text: str
    tables: tuple[TableRead, ...]

    def relation(self) -> duckdb.DuckDBPyRelation:
        """The answer, not yet computed; a column with the name of another gets a number behind it."""
        return self.connection.sql(self.text).project("*")

    def names(self) -> list[str]:
        """The columns as the statement names them; a name may stand twice."""
        return list(self.connection.sql(self.text).columns)

    def reader(self, rows: int = 100_000) -> pa.RecordBatchReader:
        """The answer in batches of about so many rows, computed while it is read.

        Raises:
            TransformError: Two columns have one name.
        """
        relation = self.connection.sql(self.text)
        twice = [name for name, times in Counter(relation.columns).items() if times > 1]
        if twice:
            raise TransformError(f"Two columns of the answer are called {twice[0]}.", "Name one of them with AS.")
        return relation.to_arrow_reader(rows)


def query(
    source: Mapping[str, Table] | Resolver,
    sql: str,
    *,
    as_of: AsOf = None,
    present: Present | None = None,
    memory_limit: str = DEFAULT_MEMORY,
    timeout: float | None = DEFAULT_TIMEOUT,
    threads: int | None = None,
) -> pl.DataFrame:
    """Answer one SELECT, whole. Arguments and errors are those of ``answering``."""
    limits = {"memory_limit": memory_limit, "timeout": timeout, "threads": threads}
    with answering(source, sql, as_of=as_of, present=present, **limits) as running:  # type: ignore[arg-type]
        result = pl.from_arrow(running.reader().read_all())
    assert isinstance(result, pl.DataFrame)
    return result


@contextmanager
def answering(
    source: Mapping[str, Table] | Resolver,
    sql: str,
    *,
    as_of: AsOf = None,
    present: Present | None = None,
    memory_limit: str = DEFAULT_MEMORY,
    timeout: float | None = DEFAULT_TIMEOUT,
    threads: int | None = None,
    spill_limit: str | None = None,
) -> Iterator[Answering]:
    """Pin the tables of one SELECT and let the block read its answer.

    A table is written ``namespace.table``; behind it (and its alias) ``AT (VERSION => snapshot id)`` or
    ``AT (TIMESTAMP => '…')`` reads an earlier state; naive times are UTC. Without AT ``as_of`` counts, without that
    the newest state. Each table is read once: no statement sees two of its states unless AT asks for them.

    Args:
        source: Tables by full name, or a function from a full name to its table (None = there is none).
        sql: The statement.
        as_of: Time for all tables that have no AT; or snapshot ids by table, the others as they are now; a snapshot id
            alone is possible if the statement names one table.
        present: Asked for the rows of tables that are read in their newest state; AT always reads what is stored.
        memory_limit: DuckDB's limit; beyond it, work spills to a temporary folder.
        timeout: Seconds after which the statement is stopped; None = never.
        threads: Threads of DuckDB; None = all cores.
        spill_limit: Most that may be spilled; None = what the disk has.

    Raises:
        SecurityError: The statement is more than a SELECT over tables.
        CatalogError: A table or snapshot is missing; the message suggests similar names.
        TransformError: A column or function is missing, a value does not compute, or it took too long.
    """
    with tempfile.TemporaryDirectory(prefix="automic-sql-") as folder, duckdb.connect() as connection:
        statement = parse(connection, sql)
        names = {use.name for use in statement.tables}
        if isinstance(as_of, int) and len(names) > 1:
            raise TransformError("as_of is a snapshot id, but the statement names several tables.", "Use a time or AT.")
        found = {use.name: _resolve(source, use, sql) for use in statement.tables}
        read = _bind(connection, statement, found, as_of, present)
        _lock(connection, folder, memory_limit, threads, spill_limit)
        timer = threading.Timer(timeout, connection.interrupt) if timeout is not None else None
        if timer is not None:
            timer.daemon = True
            timer.start()
        try:
            yield Answering(connection, statement.text, tuple(read))
        except AutomicError:
            raise
        except Exception as exc:
            if isinstance(exc, duckdb.InterruptException) or str(exc).startswith("INTERRUPT"):
                raise TransformError(
                    f"The query took longer than {timeout} s.", "Select less, or raise the timeout."
                ) from exc
            raise _located(connection, exc, sql, statement.text) from exc
        finally:
            if timer is not None:
                timer.cancel()


def _located(connection: duckdb.DuckDBPyConnection, exc: Exception, typed: str, text: str) -> AutomicError:
    """The error in words; binding anew, only to explain, is what makes DuckDB say where."""
    if isinstance(exc, duckdb.BinderException | duckdb.CatalogException) and "{" not in str(exc):
        try:
            connection.execute(f"EXPLAIN {text}")
        except duckdb.Error as again:
            return explained(again, typed, text, len("EXPLAIN "), _columns(connection))
    return explained(exc, typed, text)


def _columns(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Columns of the tables that a statement names."""
    with suppress(duckdb.Error):  # it is only for a suggestion
        found = connection.sql(
            "SELECT column_name FROM duckdb_columns() WHERE NOT internal ORDER BY table_oid, column_index"
        )
        return [name for (name,) in found.fetchall()]
    return []


def _resolve(source: Mapping[str, Table] | Resolver, use: TableUse, text: str) -> Table:
    try:
        table = source.get(use.name) if isinstance(source, Mapping) else source(use.name)
        if table is None:
            known = sorted(source) if isinstance(source, Mapping) else []
            hint = tables.suggestion(use.name, known) if known else "Write namespace.table."
            raise CatalogError(f"There is no table {use.name}.", hint)
    except CatalogError as exc:
        exc.position = place(text, int(use.node.get("query_location") or 0))
        raise
    return frozen(table)


def _bind(
    connection: duckdb.DuckDBPyConnection,
    statement: Statement,
    found: Mapping[str, Table],
    as_of: AsOf,
    present: Present | None,
) -> list[TableRead]:
    """Give each mentioned table a view of its name; mentions of other states get views of their own."""
    bound: dict[tuple[str, int | None], TableRead] = {}
    files: list[str] = []
    rewrite = False
    for use in statement.tables:
        table = found[use.name]
        snapshot_id, own = _snapshot(table, use, as_of)
        schema, _, name = use.name.rpartition(".")
        schema = schema or "main"
        if own:
            rewrite = True
            view = f"{name}@{snapshot_id}"
            statement.point(use, schema, view)
        else:
            view = name
        key = (use.name, snapshot_id if own else None)
        if key in bound:
            continue
        bound[key] = TableRead(use.name, snapshot_id if snapshot_id is not None else head(table), own)
        newest = not own and snapshot_id in (None, head(table))
        rows = present(use.name) if present is not None and newest else None
        relation, read = _relation(connection, table, snapshot_id, len(bound), rows)
        files += read
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")
        connection.execute(f"CREATE VIEW {quoted(schema)}.{quoted(view)} AS SELECT * FROM {relation}")
    if files:
        connection.execute(f"SET allowed_paths = [{', '.join(map(literal, files))}]")
    if rewrite:
        statement.text = statement.rewritten(connection)
    return list(bound.values())


def _snapshot(table: Table, use: TableUse, as_of: AsOf) -> tuple[int | None, bool]:
    """The snapshot to read (None = head with the current schema), and whether the mention itself asks for it."""
    own = use.version is not None or use.moment is not None
    wanted = use.version if use.version is not None else use.moment
    if not own:
        wanted = as_of.get(use.name) if isinstance(as_of, Mapping) else as_of
    if wanted is None:
        return None, False
    if isinstance(wanted, datetime):
        return history.snapshot_at(table, wanted), own
    if wanted not in published(table):
        raise CatalogError(f"{full_name(table)} has no published snapshot {wanted}.", "Look at the table's history.")
    return wanted, own


def _relation(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    snapshot_id: int | None,
    number: int,
    rows: pl.DataFrame | None,
) -> tuple[str, list[str]]:
    """What stands for a table in FROM, and the files it reads."""
    paths = plain.parquet_files(table, snapshot_id) if rows is None else None
    if paths:
        return f"read_parquet([{', '.join(map(literal, paths))}], hive_partitioning=false)", paths
    name = f"_automic_{number}"
    stored = tables.scan(table, None if snapshot_id == head(table) else snapshot_id) if rows is None else rows
    connection.register(name, stored)
    return quoted(name), []


def _lock(
    connection: duckdb.DuckDBPyConnection, folder: str, memory_limit: str, threads: int | None, spill_limit: str | None
) -> None:
    settings = {
        "memory_limit": literal(memory_limit),
        "temp_directory": literal(folder),
        "TimeZone": "'UTC'",
        "preserve_insertion_order": "true",
        **({"threads": str(int(threads))} if threads else {}),
        **({"max_temp_directory_size": literal(spill_limit)} if spill_limit else {}),
        "errors_as_json": "true",
        "python_enable_replacements": "false",
        "autoload_known_extensions": "false",
        "autoinstall_known_extensions": "false",
        "enable_external_access": "false",
        "lock_configuration": "true",
    }
    connection.execute(";".join(f"SET {name} = {value}" for name, value in settings.items()))


def quoted(name: str) -> str:
    """A SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A SQL string."""
    return "'" + text.replace("'", "''") + "'"
