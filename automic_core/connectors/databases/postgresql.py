"""PostgreSQL: reading tables and queries, loading tables."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, TypeVar

import pyarrow as pa
from pydantic import Field as Option

from automic_core import frames
from automic_core.connectors._files import PathText
from automic_core.connectors.databases import _postgresql_catalog as catalog
from automic_core.connectors.databases import _postgresql_reading as reading
from automic_core.connectors.databases import _postgresql_session as session
from automic_core.connectors.databases import _postgresql_writing as writing
from automic_core.connectors.databases._server import Name, Server
from automic_core.contracts import DestinationAdapter, Mode, ReadRequest, SourceAdapter, configured
from automic_core.errors import ConfigError, LoadError, SourceError
from automic_core.records import Schema
from automic_core.schemas import from_polars

if TYPE_CHECKING:
    import psycopg

    from automic_core.connectors.databases._postgresql_following import PostgreSQLLog

T = TypeVar("T")


@configured
class PostgreSQLServer(Server):
    """A PostgreSQL server, as the source and the loader reach it."""

    scheme: ClassVar[str] = "postgresql"

    port: Annotated[int, Option(ge=1, le=65535, description="Port of the server.")] = 5432
    schema: Annotated[Name | None, Option(description="Default: the search path of the user, mostly public.")] = None
    sslmode: Annotated[
        Literal["disable", "prefer", "require", "verify-ca", "verify-full"],
        Option(description="Encryption; verify-full also checks that it is this server."),
    ] = "prefer"
    root_certificate: Annotated[
        PathText | None, Option(description="File with the certificates to check the server's against.")
    ] = None
    statement_timeout: Annotated[
        float | None,
        Option(gt=0, le=2_000_000, description="Seconds a statement may take; default: as the server has it."),
    ] = None
    retries: Annotated[
        int, Option(ge=0, le=20, description="Further tries if the server is away, starting or full.")
    ] = 2

    def _conninfo(self, settings: dict[str, str]) -> str:
        """What libpq needs; holds the password."""
        session.drivers()
        encryption: dict[str, str] = {"sslmode": self.sslmode}
        if self.root_certificate is not None:
            self._policy.check_path(Path(self.root_certificate).expanduser())
            encryption["sslrootcert"] = str(Path(self.root_certificate).expanduser())
        if self.statement_timeout is not None:
            settings = {**settings, "statement_timeout": f"{max(round(self.statement_timeout * 1000), 1)}ms"}
        return session.conninfo(
            host=self.host,
            port=self.port,
            addresses=self._addresses(),
            database=self.database,
            user=self.user,
            password=self._revealed(),
            options=session.options(settings),
            **encryption,
        )


@configured
class PostgreSQLSource(PostgreSQLServer, SourceAdapter):
    """Reads a table, a view or one SELECT, as of one moment, in a session that may only read.

    Types stay; arrays and composites are JSON text, ranges, intervals and numbers without a precision are text.
    """

    kind: ClassVar[str] = "postgresql"
    bounding: ClassVar[bool] = True

    table: Annotated[Name | None, Option(description="Table or view, also schema.table; default: the only one.")] = None
    query: Annotated[Name | None, Option(description="One SELECT statement, in place of a table.")] = None

    def __post_init__(self) -> None:
        if self.table and self.query:
            raise ConfigError("Both a table and a query are given.", "Give one of them.")

    @property
    def name(self) -> str:
        """The table's name, else the database's."""
        return self.table.rpartition(".")[2] or self.table if self.table else self.database

    @property
    def identity(self) -> str:
        """The address, and the table or a hash of the query; never carries a password."""
        if self.query is not None:
            return f"{self.shown}#query-{hashlib.sha256(self.query.encode()).hexdigest()[:12]}"
        table = f"{self.schema}.{self.table}" if self.schema and self.table else self.table
        return f"{self.shown}#{table}" if table else self.shown

    def connect(self) -> None:
        """Forget what was found out earlier."""
        vars(self).pop("_known_plan", None)

    def relations(self) -> tuple[list[str], list[str]]:
        """Names of the tables and of the views, each as ``schema.name`` unless a schema is given."""
        return self._asking(lambda connection: catalog.relations(connection, self.schema))

    def check(self) -> None:
        """Test the connection; of a table or query also that it can be read."""
        if self.table is None and self.query is None:
            self._asking(lambda connection: connection.execute("SELECT 1").fetchone())
        else:
            super().check()

    def get_schema(self) -> Schema:
        """Columns with their types, comments and key; reads no row."""
        found = self._plan()
        empty = pa.schema([(column.name, column.type) for column in found.columns]).empty_table()
        schema = from_polars(frames.from_arrow(empty).schema, self.name)
        for field in schema.fields:
            known = next(column for column in found.columns if column.name == field.name)
            if pa.types.is_decimal(known.type):
                field.precision, field.scale = known.type.precision, known.type.scale
            if found.relation is not None:
                field.description = found.relation.comments.get(field.name)
                field.nullable = field.name not in found.relation.required
        if found.relation is not None and found.relation.key:
            schema.primary_key = list(found.relation.key)
        return schema

    def expect(self, first: pa.RecordBatch) -> int | None:
        """As many rows as the server's planner expects."""
        return self._plan().expected

    def notes(self) -> list[str]:
        """Columns that had to be renamed, and what the table's comment says."""
        return list(self._plan().notes)

    def batches(self, request: ReadRequest = ReadRequest()) -> Iterator[pa.RecordBatch]:
        """The rows as they come from the server; at least one batch, which may be empty."""
        info = self._conninfo(reading.SESSION)
        with session.translated(SourceError, f"Reading {self.identity}", self._revealed()):
            first, rest = session.trying(self.retries, lambda: self._begun(info, request))
            with closing(rest):
                yield first
                yield from rest

    def change_log(self, name: str, keys: Sequence[str] | None = None) -> PostgreSQLLog:
        """The table's changes by logical replication, through a slot and a publication of this name.

        Raises:
            ConfigError: A query is given; only a table has a log.
            SourceError: The server or the table is not set up for it; says what to change.
        """
        from automic_core.connectors.databases._postgresql_following import Access, PostgreSQLLog

        if self.query is not None:
            raise ConfigError("A query has no log of changes.", "Give a table, or compare (--compare).")
        access = Access(self._conninfo, self.identity, self._revealed(), self.retries, self.schema, self.table)
        return PostgreSQLLog(access, name, keys)

    def _begun(self, info: str, request: ReadRequest) -> tuple[pa.RecordBatch, Generator[pa.RecordBatch]]:
        """The first batch and the others; up to here beginning again delivers nothing twice."""
        found = vars(self)["_known_plan"] = self._asked(info, self._planned)
        rest = reading.streamed(info, reading.Rows(found, request))
        return next(rest), rest

    def _plan(self) -> reading.Plan:
        known = vars(self)
        if "_known_plan" not in known:
            known["_known_plan"] = self._asking(self._planned)
        found: reading.Plan = known["_known_plan"]
        return found

    def _planned(self, connection: psycopg.Connection[Any]) -> reading.Plan:
        if self.query is not None:
            return reading.plan(connection, self.query.strip().rstrip(";"), None, self.shown)
        table = catalog.found(connection, self.schema, self.table, self.shown)
        return reading.plan(connection, f"SELECT * FROM {table.sql}", table, self.shown)

    def _asking(self, ask: Callable[[psycopg.Connection[Any]], T]) -> T:
        """What a short session of its own answers."""
        info = self._conninfo(reading.SESSION)
        with session.translated(SourceError, f"Reading {self.identity}", self._revealed()):
            return session.trying(self.retries, lambda: self._asked(info, ask))

    @staticmethod
    def _asked(info: str, ask: Callable[[psycopg.Connection[Any]], T]) -> T:
        with session.opened(info) as connection:
            return ask(connection)


@dataclass
class _Session:
    """The open connection of a loader."""

    connection: psycopg.Connection[Any] | None = None
    begun: bool = False


@configured
class PostgreSQLLoader(PostgreSQLServer, DestinationAdapter):
    """Writes a table of a PostgreSQL database by COPY, in one transaction. Schema and table are created; columns that
    are missing are added.

    Lists and structs become jsonb. A table that is overwritten is emptied if its columns fit, else made anew.
    """

    kind: ClassVar[str] = "postgresql"
    capabilities: ClassVar[frozenset[str]] = frozenset({"append", "overwrite", "upsert", "transaction", "watermark"})

    table: Annotated[Name | None, Option(description="Also schema.table; default: named after the source.")] = None

    @property
    def name(self) -> str:
        """The table's name, else the database's."""
        return self.table or self.database

    def bind(self, source_name: str) -> Self:
        """The same loader with the source's name as the table's, if it has none."""
        if self.table or not source_name:
            return self
        bound = replace(self, table=source_name)
        vars(bound).update({key: value for key, value in vars(self).items() if key == "_access"})
        return bound

    @cached_property
    def _session(self) -> _Session:
        return _Session()

    @property
    def _target(self) -> tuple[str | None, str]:
        """Schema and table; a table with a dot names both, unless a schema is given."""
        schema, dot, table = self.name.partition(".")
        return (schema, table) if dot and not self.schema and table and schema else (self.schema, self.name)

    def connect(self) -> None:
        """Open a connection."""
        if self._session.connection is None:
            info = self._conninfo(writing.SESSION)
            with self._translated(f"Opening {self.shown}"):
                self._session.connection = session.trying(self.retries, lambda: session.opened(info))

    def begin_transaction(self) -> None:
        """Begin the transaction that ``commit`` ends."""
        self.connect()
        if not self._session.begun:
            self._run("BEGIN")
            self._session.begun = True

    def load(self, frame: frames.Frame, mode: Mode = "append", keys: Sequence[str] = ()) -> int:
        """Write all rows; without ``begin_transaction`` it is a transaction of its own."""
        alone = not self._session.begun
        self.begin_transaction()
        assert self._session.connection is not None
        stream = frames.stream(frame)
        schema, table = self._target
        try:
            with self._translated(f"Writing table {table!r} of {self.shown}"):
                target = writing.Table(self._session.connection, schema, table, stream.schema)
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
        """What the schema's own table of watermarks says; until the end of the transaction nobody else changes it."""
        with self._own() as kept:
            return kept.read(name)

    def remember(self, name: str, text: str) -> None:
        """Write it there, in the transaction that is open."""
        with self._own() as kept:
            kept.write(name, text)

    @contextmanager
    def _own(self) -> Iterator[writing.Watermarks]:
        self.begin_transaction()
        assert self._session.connection is not None
        with self._translated(f"Writing {self.shown}"):
            yield writing.Watermarks(self._session.connection, self._target[0])

    def commit(self) -> None:
        """Make the rows visible."""
        if self._session.begun:
            self._run("COMMIT")
            self._session.begun = False

    def rollback(self) -> None:
        """Undo everything since ``begin_transaction``; a connection that broke has undone it already."""
        found = self._session
        if found.connection is not None and found.begun:
            if not found.connection.closed:
                self._run("ROLLBACK")
            found.begun = False

    def close(self) -> None:
        """Roll back what was not committed, and close the connection."""
        found = self._session
        if found.connection is not None:
            try:
                self.rollback()
            finally:
                found.connection.close()
                found.connection = None

    def _run(self, statement: str) -> None:
        assert self._session.connection is not None
        with self._translated(f"Writing {self.shown}"):
            self._session.connection.execute(statement)

    def _translated(self, what: str) -> AbstractContextManager[None]:
        return session.translated(LoadError, what, self._revealed())
