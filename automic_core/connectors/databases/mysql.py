"""MySQL and MariaDB: reading tables and queries, loading tables."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import polars as pl
import pyarrow as pa
from pydantic import Field as Option

from automic_core.connectors.databases import _mysql_catalog as catalog
from automic_core.connectors.databases import _mysql_reading as reading
from automic_core.connectors.databases import _mysql_session as session
from automic_core.connectors.databases import _mysql_writing as writing
from automic_core.connectors.databases._errors import Errors
from automic_core.connectors.databases._mysql_work import Work
from automic_core.connectors.databases._reading import Plan, Rows
from automic_core.connectors.databases._relational import RelationalLoader, RelationalServer, RelationalSource
from automic_core.connectors.databases._relations import Names
from automic_core.connectors.databases._server import Name
from automic_core.contracts import ReadRequest, configured
from automic_core.errors import ConfigError

if TYPE_CHECKING:
    import pymysql

    from automic_core.connectors.databases._mysql_following import MySQLLog


@configured
class MySQLServer(RelationalServer):
    """A MySQL or MariaDB server, as the source and the loader reach it."""

    scheme: ClassVar[str] = "mysql"
    errors: ClassVar[Errors] = session.ERRORS

    port: Annotated[int, Option(ge=1, le=65535, description="Port of the server.")] = 3306
    schema: Annotated[Name | None, Option(description="Database of the table; default: the one connected to.")] = None

    def _reached(self) -> session.Access:
        """How the server is reached; holds the password."""
        session.drivers()
        return session.Access(
            host=self.host,
            port=self.port,
            addresses=self._addresses(),
            database=self.database,
            user=self.user,
            password=self._revealed(),
            sslmode=self.sslmode,
            certificate=self._certificate,
            timeout=self.statement_timeout,
        )


@configured
class MySQLSource(MySQLServer, RelationalSource):
    """Reads a table, a view or one SELECT of MySQL 8 or MariaDB, as of one moment, in a session that may only read.

    Types stay; unsigned integers are the next larger type, tinyint(1) and bit(1) booleans, decimals of more than 38
    digits, enums, sets and JSON text. Zero dates, and times that are no time of a day, are kept beside the row.
    """

    kind: ClassVar[str] = "mysql"

    @contextmanager
    def asking(self) -> Iterator[pymysql.Connection[Any]]:
        """A short session that may only read, for the catalog."""
        with closing(self._reached().opened(*reading.SESSION)) as connection:
            yield connection

    def listed(self, connection: pymysql.Connection[Any]) -> Names:
        """Names of the tables and of the views; of other databases as ``database.name``."""
        return catalog.relations(connection, self.schema)

    def planned(self, connection: pymysql.Connection[Any]) -> reading.MySQLPlan:
        """What reading will do."""
        if self.query is not None:
            return reading.plan(connection, self.query.strip().rstrip(";"), None, self.shown)
        table = catalog.found(connection, self.schema, self.table, self.shown)
        return reading.plan(connection, f"SELECT * FROM {table.sql}", table, self.shown)

    def streamed(self, plan: Plan[Any], request: ReadRequest) -> Generator[pa.RecordBatch]:
        """The rows, in a session of its own."""
        return reading.streamed(self._reached(), Rows(plan, request))

    def change_log(self, name: str, keys: Sequence[str] | None = None) -> MySQLLog:
        """The table's changes by the binary log in ROW format, read under a number that is made of this name.

        Raises:
            ConfigError: A query is given; only a table has a log.
            SourceError: The server or the table is not set up for it; says what to change.
        """
        from automic_core.connectors.databases._mysql_following import MySQLLog

        if self.query is not None:
            raise ConfigError("A query has no log of changes.", "Give a table, or compare (--compare).")
        return MySQLLog(self._reached(), self.identity, self.retries, (self.schema, self.table), name, keys)


@configured
class MySQLLoader(MySQLServer, RelationalLoader):
    """Writes a table of MySQL 8 or MariaDB by LOAD DATA, in one transaction. Database and table are created; columns
    that are missing are added, which stays even if the transaction is rolled back.

    Lists and structs become JSON text, moments with a zone datetimes in UTC. A table that is overwritten is emptied if
    its columns fit; else a new one takes its place right after the commit.
    """

    kind: ClassVar[str] = "mysql"

    def opened(self) -> Work:
        """A connection for writing."""
        access = self._reached()
        return session.ERRORS.trying(self.retries, lambda: Work(access))

    def table_of(self, connection: Work, columns: pl.Schema) -> writing.Table:
        """The table that rows of these columns go to."""
        return writing.Table(connection, *self.target, columns)

    def marks_of(self, connection: Work) -> writing.Watermarks:
        """The database's own table of watermarks."""
        return writing.Watermarks(connection, self.target[0])
