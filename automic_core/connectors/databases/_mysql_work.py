"""One transaction of a loader into MySQL, which ends a transaction at every statement about tables.

So these statements run in sessions of their own: a table that is made is dropped if the transaction is rolled back, and
one whose columns change is filled beside the old one, whose place it takes right after the commit.
"""

from __future__ import annotations

import hashlib
import selectors
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any

from automic_core.connectors.databases._mysql_session import Access, is_mariadb, quoted, run
from automic_core.errors import LoadError

SESSION = (
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO', lock_wait_timeout = 60",
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE",
)
_WAIT_SECONDS, _LOOK_SECONDS = 300, 0.2
Place = tuple[str, str]


class Work:
    """The connection of a loader, and what becomes of its tables at the end.

    Attributes:
        streams: Whether the server takes rows as a stream.
    """

    def __init__(self, access: Access) -> None:
        from pymysql.constants import CLIENT

        self._access = access
        self._connection = access.opened(*SESSION, flags=CLIENT.LOCAL_FILES)
        self.database = access.database
        self.streams = bool(self.run("SELECT @@GLOBAL.local_infile")[0][0])
        # texts are equal if their bytes are, spaces at the end included
        self._collation = "utf8mb4_nopad_bin" if is_mariadb(self._connection) else "utf8mb4_0900_bin"
        self._created: list[Place] = []
        self._stages: dict[Place, Place] = {}
        self._touched: set[Place] = set()

    @property
    def closed(self) -> bool:
        """Whether the connection broke."""
        return not self._connection.open

    def run(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """What a statement of the transaction answers."""
        return run(self._connection, statement, *values)

    def many(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert many rows."""
        with self._connection.cursor() as cursor:
            cursor.executemany(statement, rows)

    def execute(self, statement: str) -> None:
        """Begin or end the transaction, with all that belongs to it."""
        self.run(statement)
        if statement == "COMMIT":
            self._publish()
        elif statement == "ROLLBACK":
            self._discard()

    def close(self) -> None:
        """Close the connection; what was not committed goes."""
        if self._connection.open:
            self._connection.close()
        import pymysql

        with suppress(pymysql.err.Error):  # the server may be away; then an empty table stays
            self._discard()

    def actual(self, schema: str, name: str) -> Place:
        """Where rows of a table go."""
        return self._stages.get((schema, name), (schema, name))

    def named(self, schema: str, name: str) -> str:
        """The same in SQL."""
        return ".".join(map(quoted, self.actual(schema, name)))

    def touch(self, schema: str, name: str) -> None:
        """Note that the transaction holds a table from here on."""
        self._touched.add(self.actual(schema, name))

    def alone(self, what: str) -> None:
        """Wait until no other loader works on something, until the end of the transaction.

        Raises:
            LoadError: It took too long.
        """
        name = f"automic:{hashlib.sha256(what.encode()).hexdigest()[:40]}"
        if self.run("SELECT GET_LOCK(%s, %s)", name, _WAIT_SECONDS) != [(1,)]:
            raise LoadError(f"Another loader has held {what} for {_WAIT_SECONDS} s.", "Try again later.")

    def exists(self, schema: str, name: str) -> bool:
        """Whether there is such a table."""
        return bool(
            self.run(
                "SELECT 1 FROM information_schema.tables WHERE table_schema = %s AND table_name = %s", schema, name
            )
        )

    def create(self, schema: str, name: str, definitions: str, *, keep: bool = False) -> None:
        """Make a table, and its database; dropped if the transaction is rolled back, unless it is to be kept."""
        if not self.run("SELECT 1 FROM information_schema.schemata WHERE schema_name = %s", schema):
            self._declare(f"CREATE DATABASE IF NOT EXISTS {quoted(schema)} CHARACTER SET utf8mb4")
        there = "IF NOT EXISTS " if keep else ""
        self._declare(
            f"CREATE TABLE {there}{quoted(schema)}.{quoted(name)} ({definitions}) "
            f"ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE {self._collation}"
        )
        if not keep:
            self._created.append((schema, name))

    def alter(self, schema: str, name: str, changes: str) -> None:
        """Change a table; this stays, whatever becomes of the transaction.

        Raises:
            LoadError: The transaction has written to it already.
        """
        place = self.actual(schema, name)
        if place in self._touched:
            raise LoadError(
                f"Table {name!r} lacks columns, and MySQL adds none where rows wait for the commit.",
                "Load the rows with all columns first, or commit before.",
            )
        self._declare(f"ALTER TABLE {'.'.join(map(quoted, place))} {changes}")

    def replaced(self, schema: str, name: str, stage: str, definitions: str) -> None:
        """Have rows go to a new table that takes the place of another one after the commit."""
        stale = self._stages.get((schema, name))
        if stale is not None:
            self.run(f"DELETE FROM {'.'.join(map(quoted, stale))}")
            return
        self._declare(f"DROP TABLE IF EXISTS {quoted(schema)}.{quoted(stage)}")  # of a run that was killed
        self.create(schema, stage, definitions)
        self._stages[(schema, name)] = (schema, stage)

    @contextmanager
    def loading(self, statement: str) -> Iterator[Callable[[bytes], None]]:
        """A function that sends pieces of what a LOAD DATA LOCAL reads; no file is opened, whatever the server asks."""
        import pymysql
        from pymysql.connections import OKPacketWrapper
        from pymysql.constants import COMMAND

        self._connection._execute_command(COMMAND.COM_QUERY, statement)
        asked = self._connection._read_packet()
        if not asked.is_load_local_packet():
            raise LoadError("The server does not take rows as a stream.", "SET GLOBAL local_infile = 1 on the server.")
        try:
            yield self._send
        except BaseException:
            if self._connection.open:  # else the server has ended it
                with suppress(pymysql.err.Error):
                    self._connection.write_packet(b"")
                    self._connection._read_packet()
            raise
        self._connection.write_packet(b"")
        self._loaded = OKPacketWrapper(self._connection._read_packet())

    def _send(self, payload: bytes) -> None:
        """Send a piece; the end of the connection is noticed also while the server takes nothing.

        A server that was told to end the statement closes its side, and it can take the kernel minutes until sending
        fails. It says nothing while it takes rows, so whatever arrives is the end.
        """
        import pymysql

        link = self._connection
        there = link._sock
        left = memoryview(struct.pack("<I", len(payload) | link._next_seq_id << 24) + payload)
        link._next_seq_id = (link._next_seq_id + 1) % 256
        there.settimeout(_LOOK_SECONDS)
        link._current_timeout = _LOOK_SECONDS  # the driver sets its own before it reads
        while left:
            try:
                left = left[there.send(left) :]
            except TimeoutError:
                with selectors.DefaultSelector() as ready:
                    ready.register(there, selectors.EVENT_READ)
                    if ready.select(0):
                        try:
                            link._read_packet()  # says why
                        finally:
                            link._force_close()
            except OSError as exc:
                link._force_close()
                raise pymysql.err.OperationalError(2006, f"The server has gone away ({exc})") from exc

    def check_loaded(self, name: str, rows: int) -> None:
        """Check that the last stream arrived whole: the server goes on after a value that does not fit.

        Raises:
            LoadError: It did not; says the first reason.
        """
        said = self.run("SHOW WARNINGS") if self._loaded.warning_count else []
        for level, number, message in said:
            if str(level) != "Note":
                raise LoadError(f"Table {name!r}: {message} ({number}).", "Change the column or the values.")
        if self._loaded.affected_rows != rows:
            raise LoadError(
                f"Table {name!r} took {self._loaded.affected_rows:,} of {rows:,} rows: keys that are there already.",
                "Load by upsert.",
            )

    def _declare(self, statement: str) -> None:
        with closing(self._access.opened(*SESSION)) as connection:
            run(connection, statement)

    def _publish(self) -> None:
        self.run("SELECT RELEASE_ALL_LOCKS()")
        stages, self._stages, self._created = self._stages, {}, []
        self._touched.clear()
        for (schema, name), (_, stage) in stages.items():
            table, new, old = (f"{quoted(schema)}.{quoted(each)}" for each in (name, stage, f"{stage}_old"))
            self._declare(f"DROP TABLE IF EXISTS {old}")
            self._declare(f"RENAME TABLE {table} TO {old}, {new} TO {table}")
            self._declare(f"DROP TABLE {old}")

    def _discard(self) -> None:
        created, self._created, self._stages = self._created, [], {}
        self._touched.clear()
        if self._connection.open:
            self.run("SELECT RELEASE_ALL_LOCKS()")
        for schema, name in created:
            self._declare(f"DROP TABLE IF EXISTS {quoted(schema)}.{quoted(name)}")
