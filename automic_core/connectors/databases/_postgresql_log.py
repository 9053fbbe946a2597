"""Logical replication of PostgreSQL: what has to be set up, the slot, and its messages as they arrive.

https://www.postgresql.org/docs/current/protocol-replication.html
"""

from __future__ import annotations

import selectors
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from automic_core.connectors.databases._postgresql_catalog import quoted
from automic_core.connectors.databases._postgresql_pgoutput import Described
from automic_core.connectors.databases._relations import Relation
from automic_core.errors import SourceError

if TYPE_CHECKING:
    import psycopg

_EPOCH = 946_684_800  # 2000-01-01 as seconds since 1970
_STATUS = struct.Struct("!cQQQqB")
_DATA = struct.Struct("!QQq")
_ALIVE = struct.Struct("!QqB")


@dataclass(frozen=True)
class Data:
    """One message of the plugin."""

    message: bytes


@dataclass(frozen=True)
class Alive:
    """The server has sent all there is up to a place in the log."""

    lsn: int


def check_server(connection: psycopg.Connection[Any], where: str) -> None:
    """Check that this server has a log to follow and that this user may follow it.

    Raises:
        SourceError: Says what an administrator has to do.
    """
    level, user, may = _row(
        connection,
        "SELECT current_setting('wal_level'), current_user, "
        "(SELECT rolreplication OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)",
    )
    if level != "logical":
        raise SourceError(
            f"{where} keeps no log that can be followed: wal_level is {level}.",
            "Set wal_level = logical in postgresql.conf and restart the server, or compare the table instead.",
        )
    if not may:
        raise SourceError(
            f"{where}: {user} may not follow the log.", f"ALTER ROLE {quoted(user)} REPLICATION, as an administrator."
        )


def columns(connection: psycopg.Connection[Any], table: Relation) -> tuple[list[Described], list[str]]:
    """The columns that the log tells, and the names of those it does not: the server computes them."""
    rows = connection.execute(
        "SELECT attname, atttypid::int8, atttypmod, attgenerated <> '' FROM pg_catalog.pg_attribute "
        "WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        (table.oid,),
    ).fetchall()
    told = [Described(name, kind, modifier, name in table.key) for name, kind, modifier, made in rows if not made]
    return told, [name for name, _, _, made in rows if made]


def identified(connection: psycopg.Connection[Any], table: Relation, keys: Sequence[str] | None) -> list[str]:
    """The columns that identify a row, checked: the log must tell them for each update and delete.

    Without them PostgreSQL refuses every update and delete of the table once it is published, so this comes first.

    Raises:
        SourceError: The table has no such columns, or the given ones are none; says what to change.
    """
    kind, persistence = _row(
        connection, "SELECT relkind::text, relpersistence::text FROM pg_catalog.pg_class WHERE oid = %s", table.oid
    )
    if kind not in "rp" or persistence != "p":
        raise SourceError(f"{table.sql} has no log: it is no ordinary table.", "Compare it instead (--compare).")
    leaves = connection.execute(_IDENTITY, {"oid": table.oid}).fetchall()
    whole = all(identity == "f" for identity, _ in leaves)
    told = set.intersection(*({*columns} for identity, columns in leaves if identity != "f")) if not whole else set()
    own = list(table.key) if whole or told >= {*table.key} else []
    wanted = list(keys or own) or sorted(told)
    if not wanted:
        raise SourceError(
            f"{table.sql} has no primary key, so nothing tells its rows apart.",
            f"Add one, or name the index that does: ALTER TABLE {table.sql} REPLICA IDENTITY USING INDEX ….",
        )
    if not whole and not {*wanted} <= told:
        raise SourceError(
            f"{table.sql}: the log of deletes tells {', '.join(sorted(told)) or 'nothing'}, not {', '.join(wanted)}.",
            f"ALTER TABLE {table.sql} REPLICA IDENTITY FULL, or use the columns it tells as keys.",
        )
    unique = [set(columns) for (columns,) in connection.execute(_UNIQUE, {"oid": table.oid}).fetchall()]
    if not any(columns <= {*wanted} for columns in unique):
        raise SourceError(
            f"{table.sql}: no index makes sure that {', '.join(wanted)} identifies a row at any time.",
            "Name the columns of a unique index without nulls that is not deferrable.",
        )
    return wanted


_IDENTITY = """
    SELECT c.relreplident::text, coalesce(
        (SELECT array_agg(a.attname::text) FROM pg_catalog.pg_index i
         JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
         WHERE i.indrelid = c.oid AND CASE c.relreplident WHEN 'd' THEN i.indisprimary AND i.indimmediate
             WHEN 'i' THEN i.indisreplident ELSE false END), '{}')
    FROM pg_catalog.pg_class c
    WHERE c.oid IN (SELECT relid FROM pg_partition_tree(%(oid)s::regclass) WHERE isleaf UNION ALL SELECT %(oid)s)
    AND c.relkind = 'r'
"""
_UNIQUE = """
    SELECT array_agg(a.attname::text) FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
    WHERE i.indrelid = %(oid)s AND i.indisunique AND i.indimmediate AND i.indisvalid
        AND i.indpred IS NULL AND i.indexprs IS NULL
    GROUP BY i.indexrelid HAVING bool_and(a.attnotnull)
"""


def publication(connection: psycopg.Connection[Any], name: str, table: Relation) -> str | None:
    """A mark of the publication that tells the table's changes, another one if it was made anew; None = there is none.

    Raises:
        SourceError: It leaves out some of the changes.
    """
    row = connection.execute(
        "SELECT p.oid || '.' || coalesce(r.oid, 0), p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate "
        "AND p.pubviaroot AND (to_jsonb(r) ->> 'prqual') IS NULL AND (to_jsonb(r) ->> 'prattrs') IS NULL "
        "FROM pg_catalog.pg_publication p "
        "LEFT JOIN pg_catalog.pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = %(oid)s "
        "WHERE p.pubname = %(name)s AND (p.puballtables OR r.oid IS NOT NULL)",
        {"oid": table.oid, "name": name},
    ).fetchone()
    if row is None:
        return None
    if not row[1]:
        raise SourceError(
            f"The publication {name} leaves out some changes of {table.sql}.",
            f"DROP PUBLICATION {quoted(name)}, and {declaration(name, table)}.",
        )
    return str(row[0])


def declaration(name: str, table: Relation) -> str:
    """The statement that makes the publication."""
    return f"CREATE PUBLICATION {quoted(name)} FOR TABLE ONLY {table.sql} WITH (publish_via_partition_root = true)"


@dataclass(frozen=True)
class Slot:
    """What the server says of a slot: how far it was read, whether somebody reads, whether its log is still there."""

    confirmed: str
    active: bool
    lost: bool


def slot(connection: psycopg.Connection[Any], name: str) -> Slot | None:
    """The slot of that name in this database; None = there is none."""
    row = connection.execute(
        "SELECT confirmed_flush_lsn::text, active, wal_status = 'lost' FROM pg_catalog.pg_replication_slots "
        "WHERE slot_name = %s AND database = current_database()",
        (name,),
    ).fetchone()
    return None if row is None else Slot(row[0] or "0/0", bool(row[1]), bool(row[2]))


def drop_slot(connection: psycopg.Connection[Any], name: str) -> None:
    """Give the slot up; the server keeps no more log for it."""
    connection.execute(
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots WHERE slot_name = %s", (name,)
    )


def _row(connection: psycopg.Connection[Any], statement: str, *values: Any) -> tuple[Any, ...]:
    row = connection.execute(statement, values or None).fetchone()
    if row is None:
        raise SourceError("The server's catalog has no answer; the table is gone.", "Check that it is there.")
    return tuple(row)


class Replication:
    """A connection that reads the log of a database.

    Args:
        info: As for an ordinary connection.
    """

    def __init__(self, info: str) -> None:
        import psycopg
        from psycopg.conninfo import make_conninfo

        self._connection = psycopg.connect(make_conninfo(info, replication="database"), autocommit=True)
        self._protocol = self._connection.pgconn
        self._received = 0
        self._socket = selectors.DefaultSelector()
        self._socket.register(self._protocol.socket, selectors.EVENT_READ)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it."""
        self._socket.close()
        self._connection.close()

    def system(self) -> str:
        """The number that this server's data got when they were first made."""
        return str(self._run("IDENTIFY_SYSTEM")[0])

    def create(self, slot: str) -> tuple[str, str]:
        """Make a slot: where it begins, and a name under which others can read the rows as they are there.

        The name is good until this connection does something else.
        """
        made = self._run(f"CREATE_REPLICATION_SLOT {quoted(slot)} LOGICAL pgoutput EXPORT_SNAPSHOT")
        return str(made[1]), str(made[2])

    def start(self, slot: str, lsn: str, publication: str) -> None:
        """Have the changes sent that were committed after a place in the log."""
        import psycopg

        named = publication.replace("'", "''")
        self._run(
            f"START_REPLICATION SLOT {quoted(slot)} LOGICAL {lsn} "
            f"(proto_version '1', publication_names '{quoted(named)}')",
            psycopg.pq.ExecStatus.COPY_BOTH,
        )

    def receive(self, seconds: float) -> Data | Alive | None:
        """The next message, None if there is none for so long."""
        size, data = self._protocol.get_copy_data(1)
        if size == 0:
            if not self._socket.select(seconds):
                return None
            self._protocol.consume_input()
            size, data = self._protocol.get_copy_data(1)
        if size == 0:
            return None
        if size < 0:
            self._ended()
        raw = bytes(data)
        if raw[:1] == b"w":
            self._received = max(self._received, _DATA.unpack_from(raw, 1)[1])
            return Data(raw[1 + _DATA.size :])
        lsn, _, asked = _ALIVE.unpack_from(raw, 1)
        self._received = max(self._received, lsn)
        if asked:
            self.greet()
        return Alive(lsn)

    def confirm(self, lsn: int) -> None:
        """Tell the server up to where the rows are safe."""
        self._tell(max(self._received, lsn), lsn, False)

    def greet(self, *, ask: bool = False) -> None:
        """Tell the server that we live, and how much has arrived; it cannot shut down before it knows the latter.

        Args:
            ask: Whether it shall say at once how far it has sent everything.
        """
        self._tell(self._received, 0, ask)

    def _tell(self, received: int, safe: int, ask: bool) -> None:
        now = int((time.time() - _EPOCH) * 1_000_000)
        self._protocol.put_copy_data(_STATUS.pack(b"r", received, safe, safe, now, ask))
        self._protocol.flush()

    def _ended(self) -> None:
        """Raise what the server said at the end of the stream."""
        import psycopg

        result = self._protocol.get_result()
        if result is not None and result.error_message:
            raise psycopg.errors.error_from_result(result)
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    def _run(self, command: str, wanted: Any = None) -> tuple[str | None, ...]:
        import psycopg

        result = self._protocol.exec_(command.encode())
        if result.status != (psycopg.pq.ExecStatus.TUPLES_OK if wanted is None else wanted):
            raise psycopg.errors.error_from_result(result)
        cells = [result.get_value(0, place) for place in range(result.nfields)] if result.ntuples else []
        return tuple(None if cell is None else cell.decode() for cell in cells)
