"""SQL over lake tables: one SELECT, each table pinned to one snapshot, run by a DuckDB that reaches nothing else."""

from __future__ import annotations

import re
import tempfile
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from difflib import get_close_matches

import duckdb
import polars as pl
from pyiceberg.table import Table

from automic_core.errors import AutomicError, CatalogError, TransformError
from automic_core.lakehouse import history, plain, tables
from automic_core.lakehouse.commits import frozen, full_name, head, published
from automic_core.lakehouse.statements import Statement, TableUse, parse

DEFAULT_MEMORY = "2GB"
DEFAULT_TIMEOUT = 300.0

Resolver = Callable[[str], Table | None]
AsOf = int | datetime | None


def query(
    source: Mapping[str, Table] | Resolver,
    sql: str,
    *,
    as_of: AsOf = None,
    memory_limit: str = DEFAULT_MEMORY,
    timeout: float | None = DEFAULT_TIMEOUT,
    threads: int | None = None,
) -> pl.DataFrame:
    """Answer one SELECT.

    A table is written ``namespace.table``; behind it (and its alias) ``AT (VERSION => snapshot id)`` or
    ``AT (TIMESTAMP => '…')`` reads an earlier state; naive times are UTC. Without AT ``as_of`` counts, without that
    the newest state. Each table is read once: no statement sees two of its states unless AT asks for them.

    Args:
        source: Tables by full name, or a function from a full name to its table (None = there is none).
        sql: The statement.
        as_of: Time for all tables that have no AT; a snapshot id is possible if the statement names one table.
        memory_limit: DuckDB's limit; beyond it, work spills to a temporary folder.
        timeout: Seconds after which the statement is stopped; None = never.
        threads: Threads of DuckDB; None = all cores.

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
        _bind(connection, statement, {name: _resolve(source, name) for name in sorted(names)}, as_of)
        _lock(connection, folder, memory_limit, threads)
        return _run(connection, statement, timeout)


def _resolve(source: Mapping[str, Table] | Resolver, name: str) -> Table:
    table = source.get(name) if isinstance(source, Mapping) else source(name)
    if table is None:
        hint = tables.suggestion(name, sorted(source)) if isinstance(source, Mapping) else "Write namespace.table."
        raise CatalogError(f"There is no table {name}.", hint)
    return frozen(table)


def _bind(connection: duckdb.DuckDBPyConnection, statement: Statement, found: Mapping[str, Table], as_of: AsOf) -> None:
    """Give each mentioned table a view of its name; mentions of other states get views of their own."""
    bound: set[tuple[str, int | None]] = set()
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
        if (use.name, snapshot_id if own else None) in bound:
            continue
        bound.add((use.name, snapshot_id if own else None))
        relation, read = _relation(connection, table, snapshot_id, len(bound))
        files += read
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")
        connection.execute(f"CREATE VIEW {quoted(schema)}.{quoted(view)} AS SELECT * FROM {relation}")
    if files:
        connection.execute(f"SET allowed_paths = [{', '.join(map(literal, files))}]")
    if rewrite:
        statement.text = statement.rewritten(connection)


def _snapshot(table: Table, use: TableUse, as_of: AsOf) -> tuple[int | None, bool]:
    """The snapshot to read (None = head with the current schema), and whether the mention itself asks for it."""
    own = use.version is not None or use.moment is not None
    wanted = use.version if use.version is not None else use.moment
    wanted = wanted if own else as_of
    if wanted is None:
        return None, False
    if isinstance(wanted, datetime):
        return history.snapshot_at(table, wanted), own
    if wanted not in published(table):
        raise CatalogError(f"{full_name(table)} has no published snapshot {wanted}.", "Look at the table's history.")
    return wanted, own


def _relation(
    connection: duckdb.DuckDBPyConnection, table: Table, snapshot_id: int | None, number: int
) -> tuple[str, list[str]]:
    paths = plain.parquet_files(table, snapshot_id)
    if paths:
        return f"read_parquet([{', '.join(map(literal, paths))}], hive_partitioning=false)", paths
    name = f"_automic_{number}"
    connection.register(name, tables.scan(table, None if snapshot_id == head(table) else snapshot_id))
    return quoted(name), []


def _lock(connection: duckdb.DuckDBPyConnection, folder: str, memory_limit: str, threads: int | None) -> None:
    settings = {
        "memory_limit": literal(memory_limit),
        "temp_directory": literal(folder),
        "TimeZone": "'UTC'",
        "preserve_insertion_order": "true",
        **({"threads": str(int(threads))} if threads else {}),
        "python_enable_replacements": "false",
        "autoload_known_extensions": "false",
        "autoinstall_known_extensions": "false",
        "enable_external_access": "false",
        "lock_configuration": "true",
    }
    connection.execute(";".join(f"SET {name} = {value}" for name, value in settings.items()))


def _run(connection: duckdb.DuckDBPyConnection, statement: Statement, timeout: float | None) -> pl.DataFrame:
    timer = threading.Timer(timeout, connection.interrupt) if timeout is not None else None
    if timer is not None:
        timer.daemon = True
        timer.start()
    try:
        result = pl.from_arrow(connection.sql(statement.text).to_arrow_table())
    except duckdb.InterruptException as exc:
        raise TransformError(f"The query took longer than {timeout} s.", "Select less, or raise the timeout.") from exc
    except AutomicError:
        raise
    except Exception as exc:
        raise _explained(exc) from exc
    finally:
        if timer is not None:
            timer.cancel()
    assert isinstance(result, pl.DataFrame)
    return result


def _explained(exc: Exception) -> AutomicError:
    """DuckDB's message without the picture of the statement, its candidates turned into a suggestion."""
    lines = [line for line in str(exc).split("\n") if line.strip()]
    text = " ".join(line for line in lines if not re.match(r"LINE \d+:|\s*\^|Candidate", line))
    text = re.split(r"\s*Candidate (?:bindings|functions|tables)?:?|Did you mean", text)[0].strip()
    candidates = re.findall(r'"([^"]+)"', str(exc).partition("Candidate bindings")[2])
    wanted = re.search(r'[Cc]olumn "([^"]+)"', text)
    hint = ""
    if wanted and candidates:
        close = get_close_matches(wanted[1], candidates, n=3, cutoff=0.4) or candidates[:5]
        hint = f"Did you mean {' or '.join(close)}?"
    elif found := re.search(r'Did you mean "([^"]+)"', str(exc)):
        hint = f"Did you mean {found[1]}?"
    return TransformError(f"The query fails: {text}", hint)


def quoted(name: str) -> str:
    """A SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A SQL string."""
    return "'" + text.replace("'", "''") + "'"
