"""The changes of one MySQL table: a snapshot as of a place in the binary log, then the log from there on."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Generator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from automic_core import frames
from automic_core.connectors.databases import _mysql_catalog as catalog
from automic_core.connectors.databases import _mysql_log as logs
from automic_core.connectors.databases import _mysql_reading as reading
from automic_core.connectors.databases._mysql_log import Position
from automic_core.connectors.databases._mysql_session import ERRORS, Access, quoted, run
from automic_core.connectors.databases._mysql_stream import Stream
from automic_core.connectors.databases._mysql_types import Column
from automic_core.connectors.databases._reading import Rows
from automic_core.contracts import ReadRequest
from automic_core.contracts.changes import AGAIN, Beginning, Piece
from automic_core.errors import SourceError

if TYPE_CHECKING:
    import pymysql

TICK = 0.2  # seconds between looks at the end of the log
DUE_BYTES = 64 << 20
"""After so much log of other tables a position without rows is committed, and when another file begins."""
_CHECK_SECONDS = 30.0


class MySQLLog:
    """A ``ChangeLog`` by the binary log. The server keeps its log as long as it is set to, whoever reads."""

    def __init__(
        self,
        access: Access,
        where: str,
        retries: int,
        place: tuple[str | None, str | None],
        name: str,
        keys: Sequence[str] | None,
    ) -> None:
        self._access, self._where, self._retries = access, where, retries
        self._server = zlib.crc32(name.encode()) % 2_000_000_000 + 1_000
        with self._translated():
            self._table, self._columns, self._made, self._keys, self._forgetful = ERRORS.trying(
                retries, lambda: self._looked(place, keys)
            )
        self._renamed = frames.shown(self._columns)

    @property
    def keys(self) -> list[str]:
        return [self._renamed.get(key, key) for key in self._keys]

    def notes(self) -> list[str]:
        """What a person should know of the table's log."""
        made = ", ".join(self._made)
        notes = [f"Generated columns are not followed: {made} is left out."] if made else []
        if self._forgetful:
            notes.append(
                "innodb_flush_log_at_trx_commit is 0: a crash of the server takes back changes that were followed. "
                f"Set it to 1. After a crash: {AGAIN}"
            )
        return notes

    def begin(self) -> Beginning:
        """Read the rows as they are at a place in the log: while it is noted nobody may write to the table."""
        with self._translated():
            connection = self._access.opened(*reading.SESSION)
            try:
                position = self._begun(connection)
                ((server,),) = run(connection, "SELECT @@server_id")
            except BaseException:
                connection.close()
                raise
        origin = json.dumps({"server": int(server), "table": self._table.sql})
        return Beginning(str(position), origin, self._rows(connection))

    def changes(self, position: str, origin: str, *, until_now: bool) -> Generator[Piece]:
        """What was committed after a position."""
        known, here, checked = json.loads(origin), Position.parsed(position), float("-inf")
        kept = here
        with self._translated(), closing(self._opened()) as asking:
            target = logs.now(asking, self._where)
            while True:
                if time.monotonic() - checked >= _CHECK_SECONDS:
                    self._check(asking, known, here)
                    checked = time.monotonic()
                if logs.now(asking, self._where) > here:
                    for piece in self._stream().pieces(here):
                        here = Position.parsed(piece.position) if piece.position is not None else here
                        last = until_now and piece.position is not None and here >= target
                        due = here.number > kept.number or here.byte - kept.byte >= DUE_BYTES
                        kept = here if due or piece.rows is not None else kept
                        yield Piece(piece.rows, piece.position, due and piece.position is not None, last)
                        if last:
                            return
                if until_now and here >= target:
                    yield Piece(None, str(here), last=True)
                    return
                yield Piece(None, str(here))
                time.sleep(TICK)

    def acknowledge(self, position: str) -> None:
        """Nothing to do: the server keeps its log for as long as it is set to."""

    def forget(self) -> None:
        """Nothing to do: the server keeps nothing for its readers."""

    def _stream(self) -> Stream:
        return Stream(self._access, self._table, self._keys, self._described, self._renamed, self._server)

    def _opened(self) -> pymysql.Connection[Any]:
        return ERRORS.trying(self._retries, lambda: self._access.opened(*reading.SESSION))

    def _looked(
        self, place: tuple[str | None, str | None], keys: Sequence[str] | None
    ) -> tuple[Any, list[str], list[str], list[str], bool]:
        with closing(self._access.opened(*reading.SESSION)) as connection:
            logs.check_server(connection, self._where)
            table = catalog.found(connection, *place, self._where)
            told, made = logs.told(connection, table)
            renamed = {new: old for old, new in frames.shown(told).items()}
            wanted = [renamed.get(key, key) for key in keys or ()]
            return table, told, made, logs.identified(connection, table, wanted), logs.forgetful(connection)

    def _begun(self, connection: pymysql.Connection[Any]) -> Position:
        """Begin a transaction that sees the table as it is at the place that is returned.

        A read lock waits for those who write to the table and lets nobody else do so until the place is noted.
        """
        with closing(self._access.opened("SET SESSION lock_wait_timeout = 60")) as locking:
            run(locking, f"LOCK TABLES {self._table.sql} READ")
            run(connection, "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
            position = logs.now(locking, self._where)
            run(locking, "UNLOCK TABLES")
        return position

    def _plan(self, connection: pymysql.Connection[Any]) -> reading.MySQLPlan:
        names = ", ".join(map(quoted, self._columns))
        return reading.plan(connection, f"SELECT {names} FROM {self._table.sql}", self._table, self._where)

    def _rows(self, connection: pymysql.Connection[Any]) -> Generator[pa.RecordBatch]:
        with self._translated(), closing(connection):
            plan = self._plan(connection)
            rows = Rows(plan, ReadRequest(columns=(*(column.name for column in plan.columns), frames.RESCUED)))
            with closing(reading.stoppable(self._access, connection, rows)) as batches:
                for batch in batches:
                    yield batch.rename_columns([self._renamed.get(name, name) for name in batch.schema.names])

    def _described(self) -> dict[str, Column]:
        """Columns of the table as it is now, by name."""
        with closing(self._opened()) as connection:
            table = catalog.found(connection, self._table.schema, self._table.name, self._where)
            plan = reading.plan(connection, f"SELECT * FROM {table.sql}", table, self._where)
            made = set(self._made)
            return {column.name: column for column in plan.columns if column.name not in made}

    def _check(self, connection: pymysql.Connection[Any], known: dict[str, Any], position: Position) -> None:
        """Check that the log still tells everything since a position."""
        ((server,),) = run(connection, "SELECT @@server_id")
        if int(server) != known["server"]:
            raise SourceError(f"{self._where} is another server than the one that was followed ({server}).", AGAIN)
        logs.check_server(connection, self._where)
        logs.check_kept(connection, position, self._where)

    def _translated(self) -> Any:
        return ERRORS.translated(SourceError, f"Following {self._where}", self._access.password)
