"""The binary log of MySQL: what has to be set up, where it is, and whether it still tells everything since a place.

https://mariadb.com/kb/en/binary-log/
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from automic_core.connectors.databases._mysql_session import run
from automic_core.connectors.databases._relations import Relation
from automic_core.contracts.changes import AGAIN
from automic_core.errors import SourceError

if TYPE_CHECKING:
    import pymysql

_WANTED = {
    "log_bin": ("1", "Start the server with --log-bin"),
    "binlog_format": ("ROW", "SET GLOBAL binlog_format = 'ROW'"),
    "binlog_row_image": ("FULL", "SET GLOBAL binlog_row_image = 'FULL'"),
    "binlog_row_metadata": ("FULL", "SET GLOBAL binlog_row_metadata = 'FULL'"),
}
_UNIQUE = (
    "SELECT index_name, group_concat(column_name ORDER BY seq_in_index SEPARATOR '\\0'), max(nullable = 'YES') "
    "FROM information_schema.statistics WHERE table_schema = %s AND table_name = %s AND non_unique = 0 "
    "AND sub_part IS NULL GROUP BY index_name"
)


@dataclass(frozen=True, order=True)
class Position:
    """A place in the log: the number of the file, the byte in it, and the file's name."""

    number: int
    byte: int
    file: str

    @classmethod
    def of(cls, file: str, byte: int) -> Self:
        """The place in a file."""
        return cls(int(re.sub(r".*\.", "", file) or 0), byte, file)

    @classmethod
    def parsed(cls, text: str) -> Self:
        """A place from its text.

        Raises:
            SourceError: It is none.
        """
        found = re.fullmatch(r"(.+\.\d+):(\d+)", text)
        if found is None:
            raise SourceError(f"{text!r} is no place in a log of MySQL.", "It looks like binlog.000012:345.")
        return cls.of(found[1], int(found[2]))

    def __str__(self) -> str:
        return f"{self.file}:{self.byte}"


def check_server(connection: pymysql.Connection[Any], where: str) -> None:
    """Check that this server has a log to follow, which tells whole rows by the names of their columns.

    Raises:
        SourceError: Says what an administrator has to do.
    """
    for name, (wanted, what) in _WANTED.items():
        rows = run(connection, "SHOW GLOBAL VARIABLES LIKE %s", name)
        have = str(rows[0][1]).upper() if rows else ""
        if {"ON": "1", "OFF": "0"}.get(have, have) != wanted:
            raise SourceError(
                f"{where} keeps no log that can be followed: {name} is {have or 'unknown'}.",
                f"{what}, or compare the table instead.",
            )


def forgetful(connection: pymysql.Connection[Any]) -> bool:
    """Whether a crash of the server takes back what its log has told already: then the log says more than tables have.

    https://mariadb.com/kb/en/innodb-system-variables/#innodb_flush_log_at_trx_commit
    """
    rows = run(connection, "SHOW GLOBAL VARIABLES LIKE 'innodb_flush_log_at_trx_commit'")
    return bool(rows) and str(rows[0][1]) == "0"


def now(connection: pymysql.Connection[Any], where: str) -> Position:
    """Where the log ends.

    Raises:
        SourceError: The user may not see it, or there is none.
    """
    import pymysql

    for statement in ("SHOW MASTER STATUS", "SHOW BINARY LOG STATUS"):
        try:
            rows = run(connection, statement)
        except pymysql.err.ProgrammingError as exc:
            if exc.args[0] != 1064:  # the word of the other kind or version
                raise
            continue
        if rows:
            return Position.of(str(rows[0][0]), int(rows[0][1]))
    raise SourceError(f"{where} keeps no log.", "Start the server with --log-bin.")


def check_kept(connection: pymysql.Connection[Any], position: Position, where: str) -> None:
    """Check that the log still tells everything since a place.

    Raises:
        SourceError: It does not; says the way back.
    """
    files = {str(row[0]): int(row[1]) for row in run(connection, "SHOW BINARY LOGS")}
    lost = f"{where}: changes are lost: "
    if position.file not in files:
        raise SourceError(f"{lost}the server has removed its log {position.file}.", AGAIN)
    if files[position.file] < position.byte:
        raise SourceError(f"{lost}the log {position.file} was begun anew.", AGAIN)


def identified(connection: pymysql.Connection[Any], table: Relation, keys: Sequence[str]) -> list[str]:
    """The columns that identify a row, checked.

    Raises:
        SourceError: The table has no such columns; says what to change.
    """
    wanted = list(keys or table.key)
    if not wanted:
        raise SourceError(
            f"{table.sql} has no primary key, so nothing tells its rows apart.", "Add one, or name unique columns."
        )
    unique = [set(columns.split("\0")) for _, columns, nulls in run(connection, _UNIQUE, table.schema, table.name)
              if not nulls]  # fmt: skip
    if not any(columns <= {*wanted} for columns in unique):
        raise SourceError(
            f"{table.sql}: no index makes sure that {', '.join(wanted)} identifies a row.",
            "Name the columns of a unique index without nulls.",
        )
    return wanted


def told(connection: pymysql.Connection[Any], table: Relation) -> tuple[list[str], list[str]]:
    """Names of the columns that the log tells, and of those it may not: the server computes them."""
    rows = run(
        connection,
        "SELECT column_name, extra LIKE '%%GENERATED%%' AND extra NOT LIKE '%%DEFAULT_GENERATED%%' "
        "FROM information_schema.columns WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position",
        table.schema,
        table.name,
    )
    return [name for name, made in rows if not made], [name for name, made in rows if made]
