"""SQLite: reading tables and queries, loading tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, ClassVar
from urllib.parse import quote

import polars as pl
import pyarrow as pa
from pydantic import Field as Option

from automic_core import storage
from automic_core.connectors._files import FileSource, PathText, name_of
from automic_core.connectors.databases import _sqlite_reading as reading
from automic_core.connectors.databases import _sqlite_writing as writing
from automic_core.connectors.databases._loading import Session, TransactionLoader
from automic_core.contracts import ReadRequest, configured
from automic_core.errors import ConfigError, LoadError, SourceError, translate

_BATCH_ROWS = 10_000


@configured
class SQLiteSource(FileSource):
    """Reads a table, a view or one SELECT of an SQLite file, which is opened read-only.

    SQLite lets every row of a column have its own type. A column keeps the type it declares if all its values have it;
    else it is text, each value as SQLite prints it.
    """

    kind: ClassVar[str] = "sqlite"
    bounding: ClassVar[bool] = True

    table: Annotated[str | None, Option(description="Table or view; default: the only table.")] = None
    query: Annotated[str | None, Option(description="One SELECT statement, in place of a table.")] = None

    def __post_init__(self) -> None:
        if self.table and self.query:
            raise ConfigError("Both a table and a query are given.", "Give one of them.")

    @property
    def name(self) -> str:
        """The table's name, else the file's stem."""
        return self.table or super().name

    @property
    def location(self) -> str:
        """The file, and the table in it."""
        return f"{super().location}#{self.table}" if self.table else super().location

    def relations(self) -> tuple[list[str], list[str]]:
        """Names of the tables and of the views.

        Raises:
            SourceError: It is no SQLite file.
        """
        with translate(SourceError, f"Reading {self.path}", catch=(sqlite3.Error,)), closing(self._open()) as found:
            return reading.relations(found)

    def notes(self) -> list[str]:
        """Columns that had to be renamed."""
        with translate(SourceError, f"Reading {self.location}", catch=(sqlite3.Error,)), closing(self._open()) as found:
            return reading.Rows(found, *self._select(found), self.path).notes

    def batches(self, request: ReadRequest = ReadRequest()) -> Iterator[pa.RecordBatch]:
        """The rows; at least one batch, which may be empty."""
        with (
            translate(SourceError, f"Reading {self.location}", catch=(sqlite3.Error, sqlite3.Warning)),
            closing(self._open()) as connection,
        ):
            rows = reading.Rows(connection, *self._select(connection), self.path)
            yield from rows.batches(request, _BATCH_ROWS)

    def _open(self) -> sqlite3.Connection:
        if len(self.locations) != 1:
            raise SourceError(f"{self.path} names {len(self.locations)} files.", "Name one database.")
        path = self.locations[0].path
        # Polars may take later batches from another thread than the first one.
        return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, check_same_thread=False)

    def _select(self, connection: sqlite3.Connection) -> tuple[str, str | None]:
        """The statement, and the table it reads; None = the person's own query."""
        if self.query is not None:
            return self.query.strip().rstrip(";"), None
        tables, views = reading.relations(connection)
        if self.table is not None and self.table.lower() not in map(str.lower, [*tables, *views]):
            raise SourceError(f"{self.path} has no table {self.table!r}.", f"It has: {', '.join(tables) or 'none'}.")
        if self.table is None and len(tables) != 1:
            what = f"{len(tables)} tables" if tables else "no table"
            names = ", ".join([*tables, *views])
            raise SourceError(f"{self.path} has {what}.", f"Choose one by the option table: {names}." if names else "")
        table = self.table or tables[0]
        return f"SELECT * FROM {writing.quoted(table)}", table


@dataclass
class _FileSession(Session):
    created: bool = False


@configured
class SQLiteLoader(TransactionLoader):
    """Writes a table of an SQLite file. File and table are created; columns that are missing are added.

    Lists and structs become JSON text, decimals keep all digits as text, dates and times are ISO 8601 text. Waits up to
    30 s for another writer.
    """

    kind: ClassVar[str] = "sqlite"
    begin: ClassVar[str] = "BEGIN IMMEDIATE"

    path: Annotated[PathText, Option(description="The database file; created if it is not there.")]
    table: Annotated[str | None, Option(description="Default: named after the source.")] = None

    @property
    def name(self) -> str:
        """The table's name, else the file's stem."""
        return self.table or name_of(self.path)

    @property
    def shown(self) -> str:
        """The path."""
        return self.path

    @property
    def target(self) -> tuple[str | None, str]:
        """The table."""
        return None, self.name

    @cached_property
    def _session(self) -> _FileSession:
        return _FileSession()

    def opened(self) -> sqlite3.Connection:
        """Open the file; it is created by the first transaction."""
        path = Path(self.path).expanduser().absolute()  # SQLite would read a relative "file:…" as a URI
        path.parent.mkdir(parents=True, exist_ok=True)
        self._session.created = not path.exists()
        return sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)

    def table_of(self, connection: sqlite3.Connection, columns: pl.Schema) -> writing.Table:
        """The table that rows of these columns go to."""
        return writing.Table(connection, self.name, columns)

    def marks_of(self, connection: sqlite3.Connection) -> writing.Watermarks:
        """The file's own table of watermarks."""
        return writing.Watermarks(connection)

    @contextmanager
    def translated(self, what: str) -> Iterator[None]:
        """SQLite's errors as LoadError."""
        hint = "Is it an SQLite file that can be written, and that no other program is writing?"
        with translate(LoadError, what, hint, (OSError, sqlite3.Error)), storage.disk_errors(self.path):
            yield

    def undone(self, connection: sqlite3.Connection) -> bool:
        """Whether the transaction is rolled back already, as by a full disk."""
        return not connection.in_transaction

    def close(self) -> None:
        """Roll back what was not committed, and close the file; one that is still empty goes again."""
        was_open = self._session.connection is not None
        super().close()
        path = Path(self.path).expanduser()
        if was_open and self._session.created and path.exists() and not path.stat().st_size:
            path.unlink()
