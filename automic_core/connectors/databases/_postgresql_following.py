"""The changes of one PostgreSQL table: a snapshot that begins where a slot of its own begins, then the log."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

from automic_core import frames
from automic_core.connectors.databases import _postgresql_catalog as catalog
from automic_core.connectors.databases import _postgresql_log as logs
from automic_core.connectors.databases import _postgresql_reading as reading
from automic_core.connectors.databases import _postgresql_session as session
from automic_core.connectors.databases._postgresql_pgoutput import Described, lsn_number
from automic_core.connectors.databases._postgresql_stream import Followed, Stream
from automic_core.connectors.databases._reading import Rows
from automic_core.connectors.databases._relations import Relation
from automic_core.contracts import ReadRequest
from automic_core.contracts.changes import AGAIN, Beginning, Piece
from automic_core.errors import SourceError

if TYPE_CHECKING:
    import psycopg

T = TypeVar("T")
_WRITING = {**reading.SESSION, "default_transaction_read_only": "off"}
_LOG = {**reading.SESSION, "wal_sender_timeout": "5min", "statement_timeout": "0"}
"""While rows are written to the lake the server does not hear from us."""


@dataclass(frozen=True)
class Access:
    """How the server is reached, and what is followed there.

    Attributes:
        info: What libpq needs, from the settings of a session.
        hide: The password.
    """

    info: Callable[[dict[str, str]], str]
    where: str
    hide: str
    retries: int
    schema: str | None
    table: str | None


class PostgreSQLLog:
    """A ``ChangeLog`` by logical replication; slot and publication have the name that it is given."""

    def __init__(self, access: Access, name: str, keys: Sequence[str] | None) -> None:
        self._access, self._name = access, name
        self._replication: logs.Replication | None = None
        self._notes: list[str] = []
        with self._translated():
            self._table, self._columns, self._keys = session.ERRORS.trying(access.retries, lambda: self._looked(keys))
        self._renamed = frames.shown([column.name for column in self._columns])

    @property
    def keys(self) -> list[str]:
        return [self._renamed.get(key, key) for key in self._keys]

    def notes(self) -> list[str]:
        """What a person should know of the table's log."""
        return self._notes

    def begin(self) -> Beginning:
        """Publish the table, make a slot, and read the rows as they are where the slot begins."""
        with self._translated():
            session.ERRORS.trying(self._access.retries, self._cleared)
            mark = self._published()
            replication = logs.Replication(self._access.info(_LOG))
            try:
                system = replication.system()
                lsn, snapshot = replication.create(self._name)
            except BaseException:
                replication.close()
                raise
        told = [column.name for column in self._columns]
        origin = json.dumps({"slot": self._name, "system": system, "publication": mark, "columns": told})
        return Beginning(lsn, origin, self._rows(replication, snapshot))

    def changes(self, position: str, origin: str, *, until_now: bool) -> Generator[Piece]:
        """What was committed after a position."""
        known = json.loads(origin)
        with self._translated():
            target = self._checked(known, position)
            with (
                session.opened(self._access.info(reading.SESSION)) as asking,
                session.ERRORS.trying(self._access.retries, lambda: self._started(known, position)) as replication,
            ):
                self._replication = replication
                try:
                    told = frozenset(known["columns"]) if "columns" in known else None
                    followed = Followed(self._table, self._keys, self._renamed, told)
                    stream = Stream(followed, replication, asking, position)
                    yield from stream.pieces(target if until_now else None, lambda: self._checked(known, None))
                finally:
                    self._replication = None

    def acknowledge(self, position: str) -> None:
        """Let the server forget its log up to here."""
        if self._replication is None:
            raise SourceError("The log is not being read.", "Acknowledge while changes are read.")
        with self._translated():
            self._replication.confirm(lsn_number(position))

    def forget(self) -> None:
        """Drop slot and publication."""
        with self._translated():
            session.ERRORS.trying(self._access.retries, self._cleared)
            self._run(lambda c: c.execute(f"DROP PUBLICATION IF EXISTS {catalog.quoted(self._name)}"), _WRITING)

    def _looked(self, keys: Sequence[str] | None) -> tuple[Relation, list[Described], list[str]]:
        where = self._access.where

        def look(connection: psycopg.Connection[Any]) -> tuple[Relation, list[Described], list[str]]:
            logs.check_server(connection, where)
            table = catalog.found(connection, self._access.schema, self._access.table, where)
            columns, made = logs.columns(connection, table)
            if made:
                self._notes.append(f"Generated columns are not in the log: {', '.join(made)} is left out.")
            renamed = {new: old for old, new in frames.shown([column.name for column in columns]).items()}
            wanted = [renamed.get(key, key) for key in keys or ()]
            return table, columns, logs.identified(connection, table, wanted)

        return self._run(look, reading.SESSION)

    def _cleared(self) -> None:
        self._run(lambda connection: logs.drop_slot(connection, self._name), _WRITING)

    def _published(self) -> str:
        """The mark of the publication, which is made if there is none."""
        import psycopg

        def publish(connection: psycopg.Connection[Any]) -> str | None:
            found = logs.publication(connection, self._name, self._table)
            if found is None:
                statement = logs.declaration(self._name, self._table)
                try:  # one of that name is of a table that was dropped since
                    connection.execute(f"DROP PUBLICATION IF EXISTS {catalog.quoted(self._name)}")
                    connection.execute(statement)
                except psycopg.errors.InsufficientPrivilege as exc:
                    raise SourceError(
                        f"{self._access.where}: this user may not publish the table ({exc.diag.message_primary}).",
                        f"Have its owner run: {statement}",
                    ) from exc
                found = logs.publication(connection, self._name, self._table)
            return found

        return str(self._run(publish, _WRITING))

    def _rows(self, replication: logs.Replication, snapshot: str) -> Generator[pa.RecordBatch]:
        """The rows as of the exported snapshot; the connection that exported it must stay until the end."""
        with self._translated(), closing(replication):
            names = ", ".join(catalog.quoted(column.name) for column in self._columns)
            select = f"SELECT {names} FROM {self._table.sql}"
            plan = self._run(
                lambda connection: reading.plan(connection, select, self._table, self._access.where), reading.SESSION
            )
            wanted = (*(column.name for column in plan.columns), frames.RESCUED)
            rows = Rows(plan, ReadRequest(columns=wanted))
            with closing(reading.streamed(self._access.info(reading.SESSION), rows, snapshot)) as batches:
                for batch in batches:
                    yield batch.rename_columns([self._renamed.get(name, name) for name in batch.schema.names])

    def _checked(self, known: dict[str, Any], position: str | None) -> int:
        """Check that the log still tells everything since a position; how far it goes now.

        Raises:
            SourceError: It does not; says the way back.
        """
        lost, slot = f"{self._access.where}: changes are lost: ", known["slot"]

        def check(connection: psycopg.Connection[Any]) -> int:
            found = logs.slot(connection, slot)
            if found is None:
                raise SourceError(f"{lost}the slot {slot} is gone.", AGAIN)
            if found.lost:
                raise SourceError(f"{lost}the server has removed the log that {slot} needed.", AGAIN)
            if position is not None and lsn_number(found.confirmed) > lsn_number(position):
                raise SourceError(
                    f"{lost}the slot {slot} was read up to {found.confirmed}, the table here ends at {position}.",
                    AGAIN,
                )
            mark = logs.publication(connection, slot, self._table)
            if mark != known["publication"]:
                what = "is gone, or tells this table no more" if mark is None else "was made anew meanwhile"
                raise SourceError(f"{lost}the publication {slot} {what}.", AGAIN)
            row = connection.execute("SELECT pg_current_wal_flush_lsn()::text").fetchone()
            return lsn_number(row[0]) if row is not None else 0

        return session.ERRORS.trying(self._access.retries, lambda: self._run(check, reading.SESSION))

    def _started(self, known: dict[str, Any], position: str) -> logs.Replication:
        replication = logs.Replication(self._access.info(_LOG))
        try:
            if (system := replication.system()) != known["system"]:
                raise SourceError(
                    f"{self._access.where} is another server than the one that was followed ({system}).", AGAIN
                )
            replication.start(known["slot"], position, known["slot"])
        except BaseException:
            replication.close()
            raise
        return replication

    def _run(self, work: Callable[[psycopg.Connection[Any]], T], settings: dict[str, str]) -> T:
        with session.opened(self._access.info(settings)) as connection:
            return work(connection)

    def _translated(self) -> Any:
        return session.ERRORS.translated(SourceError, f"Following {self._access.where}", self._access.hide)
