"""PostgreSQL: reading tables and queries, loading tables."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import polars as pl
import pyarrow as pa
from pydantic import Field as Option

from automic_core.connectors.databases import _postgresql_catalog as catalog
from automic_core.connectors.databases import _postgresql_reading as reading
from automic_core.connectors.databases import _postgresql_session as session
from automic_core.connectors.databases import _postgresql_writing as writing
from automic_core.connectors.databases._errors import Errors
from automic_core.connectors.databases._reading import Plan, Rows
from automic_core.connectors.databases._relational import RelationalLoader, RelationalServer, RelationalSource
from automic_core.connectors.databases._relations import Names
from automic_core.connectors.databases._server import Name
from automic_core.contracts import ReadRequest, configured
from automic_core.errors import ConfigError

if TYPE_CHECKING:
    import psycopg

    from automic_core.connectors.databases._postgresql_following import PostgreSQLLog


@configured
class PostgreSQLServer(RelationalServer):
    """A PostgreSQL server, as the source and the loader reach it."""

    scheme: ClassVar[str] = "postgresql"
    errors: ClassVar[Errors] = session.ERRORS

    port: Annotated[int, Option(ge=1, le=65535, description="Port of the server.")] = 5432
    schema: Annotated[Name | None, Option(description="Default: the search path of the user, mostly public.")] = None

    def _conninfo(self, settings: dict[str, str]) -> str:
        """What libpq needs; holds the password."""
        session.drivers()
        encryption: dict[str, str] = {"sslmode": self.sslmode}
        if (certificate := self._certificate) is not None:
            encryption["sslrootcert"] = certificate
        if self._milliseconds is not None:
            settings = {**settings, "statement_timeout": f"{self._milliseconds}ms"}
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
class PostgreSQLSource(PostgreSQLServer, RelationalSource):
    """Reads a table, a view or one SELECT, as of one moment, in a session that may only read.

    Types stay; arrays and composites are JSON text, ranges, intervals and numbers without a precision are text.
    """

    kind: ClassVar[str] = "postgresql"

    def asking(self) -> AbstractContextManager[psycopg.Connection[Any]]:
        """A short session that may only read, for the catalog."""
        return session.opened(self._conninfo(reading.SESSION))

    def listed(self, connection: psycopg.Connection[Any]) -> Names:
        """Names of the tables and of the views, each as ``schema.name`` unless a schema is given."""
        return catalog.relations(connection, self.schema)

    def planned(self, connection: psycopg.Connection[Any]) -> reading.PostgreSQLPlan:
        """What reading will do."""
        if self.query is not None:
            return reading.plan(connection, self.query.strip().rstrip(";"), None, self.shown)
        table = catalog.found(connection, self.schema, self.table, self.shown)
        return reading.plan(connection, f"SELECT * FROM {table.sql}", table, self.shown)

    def streamed(self, plan: Plan[Any], request: ReadRequest) -> Generator[pa.RecordBatch]:
        """The rows, in a session of its own."""
        return reading.streamed(self._conninfo(reading.SESSION), Rows(plan, request))

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


@configured
class PostgreSQLLoader(PostgreSQLServer, RelationalLoader):
    """Writes a table of a PostgreSQL database by COPY, in one transaction. Schema and table are created; columns that
    are missing are added.

    Lists and structs become jsonb. A table that is overwritten is emptied if its columns fit, else made anew.
    """

    kind: ClassVar[str] = "postgresql"

    def opened(self) -> psycopg.Connection[Any]:
        """A connection for writing."""
        info = self._conninfo(writing.SESSION)
        return session.ERRORS.trying(self.retries, lambda: session.opened(info))

    def table_of(self, connection: psycopg.Connection[Any], columns: pl.Schema) -> writing.Table:
        """The table that rows of these columns go to."""
        return writing.Table(connection, *self.target, columns)

    def marks_of(self, connection: psycopg.Connection[Any]) -> writing.Watermarks:
        """The schema's own table of watermarks."""
        return writing.Watermarks(connection, self.target[0])
