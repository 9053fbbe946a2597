"""SQLite: reading tables and queries, loading tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, ClassVar, Self
from urllib.parse import quote

import pyarrow as pa
from pydantic import Field as Option

from automic_core import frames, storage
from automic_core.connectors._files import FileSource, PathText, name_of
from automic_core.connectors.databases import _sqlite_reading as reading
from automic_core.connectors.databases import _sqlite_writing as writing
from automic_core.connectors.databases._names import WATERMARKS
from automic_core.contracts import DestinationAdapter, Mode, ReadRequest, configured
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
            raise SourceError(f"{self.path} has {what}.", f"Choose one: {', '.join(tables)}." if tables else "")
        table = self.table or tables[0]
        return f"SELECT * FROM {writing.quoted(table)}", table


@dataclass
class _Session:
    """The open connection of a loader."""

    connection: sqlite3.Connection | None = None
    begun: bool = False
    created: bool = False


@configured
class SQLiteLoader(DestinationAdapter):
    """Writes a table of an SQLite file. File and table are created; columns that are missing are added.

    Lists and structs become JSON text, decimals keep all digits as text, dates and times are ISO 8601 text.
    """

    kind: ClassVar[str] = "sqlite"
    capabilities: ClassVar[frozenset[str]] = frozenset({"append", "overwrite", "upsert", "transaction", "watermark"})

    path: Annotated[PathText, Option(description="The database file; created if it is not there.")]
    table: Annotated[str | None, Option(description="Default: named after the source.")] = None

    @property
    def name(self) -> str:
        """The table's name, else the file's stem."""
        return self.table or name_of(self.path)

    def bind(self, source_name: str) -> Self:
        """The same loader with the source's name as the table's, if it has none."""
        return self if self.table or not source_name else replace(self, table=source_name)

    @cached_property
    def _session(self) -> _Session:
        return _Session()

    def connect(self) -> None:
        """Open the file; it is created by the first transaction."""
        if self._session.connection is None:
            path = Path(self.path).expanduser().absolute()  # SQLite would read a relative "file:…" as a URI
            with translate(
                LoadError, f"Opening {self.path}", "Check that the folder is writable.", (OSError, sqlite3.Error)
            ):
                path.parent.mkdir(parents=True, exist_ok=True)
                self._session.created = not path.exists()
                self._session.connection = sqlite3.connect(
                    path, isolation_level=None, check_same_thread=False, timeout=30
                )

    def begin_transaction(self) -> None:
        """Take the write lock; waits up to 30 s for another writer.

        Raises:
            LoadError: The file is locked, not writable, or no database.
        """
        self.connect()
        if not self._session.begun:
            self._run("BEGIN IMMEDIATE")
            self._session.begun = True

    def load(self, frame: frames.Frame, mode: Mode = "append", keys: Sequence[str] = ()) -> int:
        """Write all rows; without ``begin_transaction`` it is a transaction of its own."""
        alone = not self._session.begun
        self.begin_transaction()
        assert self._session.connection is not None
        stream = frames.stream(frame)
        table = self.table or name_of(self.path)
        try:
            with (
                translate(LoadError, f"Writing table {table!r} of {self.path}", catch=(OSError, sqlite3.Error)),
                storage.disk_errors(self.path),
            ):
                target = writing.Table(self._session.connection, table, stream.schema)
                rows = (
                    target.upsert(stream, keys)
                    if mode == "upsert"
                    else target.insert(stream, replace=mode == "overwrite")
                )
        except BaseException:
            if alone:
                self.close()
            raise
        if alone:
            self.commit()
            self.close()
        return rows

    def recall(self, name: str) -> str | None:
        """What the file's own table of watermarks says."""
        with self._own() as connection:
            row = connection.execute(f"SELECT said FROM {WATERMARKS} WHERE name = ?", (name,)).fetchone()
        return row[0] if row is not None else None

    def remember(self, name: str, text: str) -> None:
        """Write it there, in the transaction that is open."""
        with self._own() as connection:
            connection.execute(f"INSERT OR REPLACE INTO {WATERMARKS} VALUES (?, ?)", (name, text))

    @contextmanager
    def _own(self) -> Iterator[sqlite3.Connection]:
        self.begin_transaction()
        assert self._session.connection is not None
        with translate(LoadError, f"Writing {self.path}", catch=(sqlite3.Error,)):
            self._session.connection.execute(
                f"CREATE TABLE IF NOT EXISTS {WATERMARKS} (name TEXT PRIMARY KEY, said TEXT NOT NULL)"
            )
            yield self._session.connection

    def commit(self) -> None:
        """Make the rows visible."""
        if self._session.begun:
            self._run("COMMIT")
            self._session.begun = False

    def rollback(self) -> None:
        """Undo everything since ``begin_transaction``; a file that it created goes again."""
        session = self._session
        if session.connection is not None and session.begun:
            with translate(LoadError, f"Rolling back {self.path}", catch=(sqlite3.Error,)):
                if session.connection.in_transaction:  # a full disk already rolled it back
                    session.connection.execute("ROLLBACK")
            session.begun = False

    def close(self) -> None:
        """Roll back what was not committed, and close the file."""
        session = self._session
        if session.connection is not None:
            self.rollback()
            session.connection.close()
            session.connection = None
            path = Path(self.path).expanduser()
            if session.created and path.exists() and not path.stat().st_size:
                path.unlink()

    def _run(self, statement: str) -> None:
        assert self._session.connection is not None
        with translate(
            LoadError,
            f"Writing {self.path}",
            "Is it an SQLite file that no other program is writing?",
            (sqlite3.Error,),
        ):
            self._session.connection.execute(statement)
