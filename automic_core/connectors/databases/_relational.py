"""What all sources and loaders of relational servers share, whatever the driver: options, browsing, plans."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from typing import Annotated, Any, Literal

import pyarrow as pa
from pydantic import Field as Option

from automic_core.connectors.databases._reading import Plan
from automic_core.connectors.databases._remote import ServerLoader, ServerSource
from automic_core.connectors.databases._server import Name, Server
from automic_core.contracts import ReadRequest, configured
from automic_core.errors import ConfigError
from automic_core.records import Schema


@configured
class RelationalServer(Server):
    """A server of tables that SQL reads and writes."""

    schema: Annotated[Name | None, Option(description="Default: the one the server chooses for the user.")] = None
    sslmode: Annotated[
        Literal["disable", "prefer", "require", "verify-ca", "verify-full"],
        Option(description="Encryption; verify-full also checks that it is this server."),
    ] = "prefer"


@configured
class RelationalSource(RelationalServer, ServerSource, abstract=True):
    """Reads a table, a view or one SELECT, as of one moment, in a session that may only read."""

    table: Annotated[Name | None, Option(description="Table or view, also schema.table; default: the only one.")] = None
    query: Annotated[Name | None, Option(description="One SELECT statement, in place of a table.")] = None

    def __post_init__(self) -> None:
        if self.table and self.query:
            raise ConfigError("Both a table and a query are given.", "Give one of them.")

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

    def check(self) -> None:
        """Test the connection; of a table or query also that it can be read."""
        if self.table is None and self.query is None:
            self._answered(lambda connection: None)
        else:
            super().check()

    def get_schema(self) -> Schema:
        """Columns with their types, comments and key; reads no row."""
        schema, relation = super().get_schema(), self._plan().relation
        if relation is not None:
            for field in schema.fields:
                field.description = relation.comments.get(field.name)
                field.nullable = field.name not in relation.required
            if relation.key:
                schema.primary_key = list(relation.key)
        return schema

    def delivered(self, request: ReadRequest) -> Generator[pa.RecordBatch]:
        """The rows, by a plan of now."""
        found = vars(self)["_known_plan"] = self._asked(self.planned)
        return self.streamed(found, request)


@configured
class RelationalLoader(RelationalServer, ServerLoader, abstract=True):
    """Writes a table of a server in one transaction."""

    table: Annotated[Name | None, Option(description="Also schema.table; default: named after the source.")] = None

    @property
    def target(self) -> tuple[str | None, str]:
        """Schema and table; a table with a dot names both, unless a schema is given."""
        schema, dot, table = self.name.partition(".")
        return (schema, table) if dot and not self.schema and table and schema else (self.schema, self.name)
