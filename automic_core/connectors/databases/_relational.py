"""What all sources and loaders of relational servers share, whatever the driver: options, browsing, plans, retries."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

import pyarrow as pa
from pydantic import Field as Option

from automic_core import frames
from automic_core.connectors._files import PathText
from automic_core.connectors.databases._errors import Errors
from automic_core.connectors.databases._loading import TransactionLoader
from automic_core.connectors.databases._reading import Plan
from automic_core.connectors.databases._relations import Names
from automic_core.connectors.databases._server import Name, Server
from automic_core.contracts import ReadRequest, SourceAdapter, configured
from automic_core.errors import ConfigError, LoadError, SourceError
from automic_core.records import Schema
from automic_core.schemas import from_polars

T = TypeVar("T")


@configured
class RelationalServer(Server):
    """A server of tables that SQL reads and writes."""

    errors: ClassVar[Errors]

    schema: Annotated[Name | None, Option(description="Default: the one the server chooses for the user.")] = None
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

    @property
    def _certificate(self) -> str | None:
        """The file of certificates, checked."""
        if self.root_certificate is None:
            return None
        path = Path(self.root_certificate).expanduser()
        self._policy.check_path(path)
        return str(path)


@configured
class RelationalSource(RelationalServer, SourceAdapter, abstract=True):
    """Reads a table, a view or one SELECT, as of one moment, in a session that may only read."""

    bounding: ClassVar[bool] = True

    table: Annotated[Name | None, Option(description="Table or view, also schema.table; default: the only one.")] = None
    query: Annotated[Name | None, Option(description="One SELECT statement, in place of a table.")] = None

    def __post_init__(self) -> None:
        if self.table and self.query:
            raise ConfigError("Both a table and a query are given.", "Give one of them.")

    def asking(self) -> AbstractContextManager[Any]:
        """A short session that may only read, for the catalog."""
        raise TypeError(f"{type(self).__name__} must override asking.")

    def listed(self, connection: Any) -> Names:
        """Names of the tables and of the views."""
        raise TypeError(f"{type(self).__name__} must override listed.")

    def planned(self, connection: Any) -> Plan[Any]:
        """What reading will do."""
        raise TypeError(f"{type(self).__name__} must override planned.")

    def streamed(self, plan: Plan[Any], request: ReadRequest) -> Generator[pa.RecordBatch]:
        """The rows, in a session of its own."""
        raise TypeError(f"{type(self).__name__} must override streamed.")

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

    def relations(self) -> Names:
        """Names of the tables and of the views, each as ``schema.name`` unless its schema is plain."""
        return self._answered(self.listed)

    def check(self) -> None:
        """Test the connection; of a table or query also that it can be read."""
        if self.table is None and self.query is None:
            self._answered(lambda connection: None)
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
        """As many rows as the server expects."""
        return self._plan().expected

    def notes(self) -> list[str]:
        """Columns that had to be renamed, and what the table's comment says."""
        return list(self._plan().notes)

    def batches(self, request: ReadRequest = ReadRequest()) -> Iterator[pa.RecordBatch]:
        """The rows as they come from the server; at least one batch, which may be empty."""
        with self._said():
            first, rest = self.errors.trying(self.retries, lambda: self._begun(request))
            with closing(rest):
                yield first
                yield from rest

    def _begun(self, request: ReadRequest) -> tuple[pa.RecordBatch, Generator[pa.RecordBatch]]:
        """The first batch and the others; up to here beginning again delivers nothing twice."""
        found = vars(self)["_known_plan"] = self._asked(self.planned)
        rest = self.streamed(found, request)
        return next(rest), rest

    def _plan(self) -> Plan[Any]:
        known = vars(self)
        if "_known_plan" not in known:
            known["_known_plan"] = self._answered(self.planned)
        found: Plan[Any] = known["_known_plan"]
        return found

    def _answered(self, ask: Callable[[Any], T]) -> T:
        """What a short session of its own answers."""
        with self._said():
            return self.errors.trying(self.retries, lambda: self._asked(ask))

    def _asked(self, ask: Callable[[Any], T]) -> T:
        with self.asking() as connection:
            return ask(connection)

    def _said(self) -> AbstractContextManager[None]:
        return self.errors.translated(SourceError, f"Reading {self.identity}", self._revealed())


@configured
class RelationalLoader(RelationalServer, TransactionLoader, abstract=True):
    """Writes a table of a server in one transaction."""

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

    @property
    def target(self) -> tuple[str | None, str]:
        """Schema and table; a table with a dot names both, unless a schema is given."""
        schema, dot, table = self.name.partition(".")
        return (schema, table) if dot and not self.schema and table and schema else (self.schema, self.name)

    def translated(self, what: str) -> AbstractContextManager[None]:
        """Errors of the driver in words, without the password."""
        return self.errors.translated(LoadError, what, self._revealed())
