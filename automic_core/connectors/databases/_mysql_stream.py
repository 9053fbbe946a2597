"""What a MySQL table's log tells since a place, as pieces of changes with the columns that reading the table gives."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from automic_core.connectors.databases._mysql_log import Position
from automic_core.connectors.databases._mysql_session import Access, quoted, run
from automic_core.connectors.databases._mysql_types import Column, converted
from automic_core.connectors.databases._mysql_values import LOST, printed
from automic_core.connectors.databases._reading import rescuing
from automic_core.connectors.databases._relations import Relation
from automic_core.contracts.changes import (
    AGAIN,
    CHANGE_COLUMNS,
    COMMITTED_AT,
    DELETE,
    INSERT,
    LSN,
    OP,
    TRUNCATE,
    UNCHANGED,
    UPDATE,
    Piece,
)
from automic_core.errors import SourceError, UnavailableError

if TYPE_CHECKING:
    import pymysql

MOST_ROWS = 20_000  # of a piece
_INSIDE = ("SAVEPOINT", "ROLLBACK TO", "RELEASE")
"""Statements that do not end a transaction."""
_NAME = r"(?:`((?:[^`]|``)+)`|([\w$]+))"
_TABLE = rf"(?:{_NAME}\s*\.\s*)?{_NAME}"
_EMPTIED = re.compile(rf"\s*TRUNCATE\s+(?:TABLE\s+)?{_TABLE}", re.IGNORECASE)
_GONE = re.compile(rf"\s*(?:DROP\s+TABLE\s+(?:IF\s+EXISTS\s+)?|RENAME\s+TABLE\s+){_TABLE}", re.IGNORECASE)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE|LOAD\s+DATA)\b", re.IGNORECASE)


@dataclass
class Changes:
    """Changes of rows that have the same columns; lists run in parallel."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    ops: list[str] = field(default_factory=list)
    lsns: list[str] = field(default_factory=list)
    at: list[int] = field(default_factory=list)


class Stream:
    """The log of one table.

    Args:
        described: Gives the columns of the table as it is.
        renamed: Names that columns have in the lake, where these differ.
        server: A number of its own among those that read the log.
    """

    def __init__(
        self,
        access: Access,
        table: Relation,
        keys: Sequence[str],
        described: Callable[[], dict[str, Column]],
        renamed: dict[str, str],
        server: int,
    ) -> None:
        self._access, self._table, self._keys = access, table, keys
        self._described, self._renamed, self._server = described, renamed, server
        self._known: dict[str, Column] = described()
        self._now: Changes | None = None
        self._begun = ""

    def pieces(self, position: Position) -> Iterator[Piece]:
        """Pieces up to the end of the log as it is when it is reached; the last one has a position."""
        from pymysqlreplication import event as events
        from pymysqlreplication import row_event as changes

        done = position
        with closing(self._reader(position)) as reader:
            for event in reader:
                here = Position.of(reader.log_file, int(reader.log_pos))
                if isinstance(event, changes.WriteRowsEvent | changes.UpdateRowsEvent | changes.DeleteRowsEvent):
                    yield from self._rows(event, str(here))
                elif isinstance(event, events.XidEvent):
                    done, self._begun = here, ""
                elif isinstance(event, events.QueryEvent):
                    word = event.query.strip().upper()
                    if word == "BEGIN":
                        self._begun = str(here)
                    elif not word.startswith(_INSIDE):
                        yield from self._statement(event, str(here))
                        done, self._begun = here, ""
                elif isinstance(event, events.MariadbGtidEvent | events.GtidEvent):
                    self._begun = str(here)
                if not self._begun and self._now is not None and len(self._now.rows) >= MOST_ROWS:
                    yield Piece(self._cut(), str(done))
            if self._begun:
                raise UnavailableError("The log ends in the middle of a transaction.", "Try again.")
            done = max(done, Position.of(reader.log_file, int(reader.log_pos)))  # the next file, if it has begun
        yield Piece(self._cut(), str(done))

    def _reader(self, position: Position) -> Any:
        from pymysqlreplication import BinLogStreamReader
        from pymysqlreplication import event as events
        from pymysqlreplication import row_event as changes

        def opened(**settings: Any) -> pymysql.Connection[Any]:
            connection = self._access.opened()
            connection.cursorclass = settings.get("cursorclass", connection.cursorclass)
            return connection

        return BinLogStreamReader(
            connection_settings={"host": self._access.host},
            pymysql_wrapper=opened,
            server_id=self._server,
            resume_stream=True,
            blocking=False,  # it ends at the end of the log
            log_file=position.file,
            log_pos=position.byte,
            only_schemas=[self._table.schema],
            only_tables=[self._table.name],
            only_events=[
                events.QueryEvent,
                events.XidEvent,
                events.GtidEvent,
                events.MariadbGtidEvent,
                changes.WriteRowsEvent,
                changes.UpdateRowsEvent,
                changes.DeleteRowsEvent,
            ],
            enable_logging=False,
        )

    def _rows(self, event: Any, here: str) -> Iterator[Piece]:
        columns = tuple(column.name for column in event.columns)
        if missing := [key for key in self._keys if key not in columns]:
            raise SourceError(
                f"{self._table.sql} has no column {missing[0]!r} any more, which identified its rows.",
                "Follow it into another table, by other keys.",
            )
        if self._now is None or self._now.columns != columns:
            if self._now is not None and self._now.rows:
                yield Piece(self._cut())
            self._known |= self._described()
            self._now = Changes(columns)
        self._begun = self._begun or here
        kind = type(event).__name__
        for row in event.rows:
            if kind == "UpdateRowsEvent":
                old = self._printed(event, row["before_values"], row["before_none_sources"])
                new = self._printed(event, row["after_values"], row["after_none_sources"])
                if any(old[columns.index(key)] != new[columns.index(key)] for key in self._keys):
                    self._add(DELETE, old, event)
                self._add(UPDATE, new, event)
            else:
                values = self._printed(event, row["values"], row.get("none_sources", {}))
                self._add(INSERT if kind == "WriteRowsEvent" else DELETE, values, event)
            if len(self._now.rows) >= MOST_ROWS:
                yield Piece(self._cut())

    def _printed(self, event: Any, values: dict[str, Any], sources: dict[str, str]) -> tuple[Any, ...]:
        return tuple(
            printed(values.get(c.name), c.type, str(sources.get(c.name, "")), getattr(c, "set_values", None) or ())
            for c in event.columns
        )

    def _add(self, op: str, values: tuple[Any, ...], event: Any) -> None:
        assert self._now is not None
        self._now.rows.append(values)
        self._now.ops.append(op)
        self._now.lsns.append(self._begun)
        self._now.at.append(int(event.timestamp) * 1_000_000)

    def _statement(self, event: Any, here: str) -> Iterator[Piece]:
        """What a statement in the log does to the table."""
        text, default = _COMMENT.sub(" ", event.query), event.schema
        default = default.decode() if isinstance(default, bytes) else default
        if self._named(_EMPTIED.match(text), default):
            if self._now is None:
                self._now = Changes(tuple(self._known))
            self._begun = here
            self._add(TRUNCATE, (None,) * len(self._now.columns), event)
        elif self._named(_GONE.match(text), default):
            raise SourceError(f"{self._table.sql} was dropped or renamed.", AGAIN)
        elif _WRITES.match(text) and self._table.name.lower() in text.lower():
            raise SourceError(
                f"The log tells a statement on {self._table.sql} and not its rows.",
                f"A session has set binlog_format. {AGAIN}",
            )
        yield from ()

    def _named(self, found: re.Match[str] | None, default: str) -> bool:
        if found is None:
            return False
        space, bare_space, name, bare_name = found.groups()
        names = [(each or "").replace("``", "`") for each in (space or bare_space or default, name or bare_name)]
        return names == [self._table.schema, self._table.name]

    def _cut(self) -> pa.RecordBatch | None:
        """What was kept; afterwards nothing is."""
        now = self._now
        if now is None or not now.rows:
            return None
        self._now = Changes(now.columns)
        rows = self._whole(now)
        columns = []
        for place, name in enumerate(now.columns):
            column = self._known.get(name) or Column(name, pa.string())
            values = pa.array([row[place] for row in rows], pa.binary())
            columns.append((self._renamed.get(name, name), lambda rescue, c=column, v=values: converted(c, v, rescue)))
        arrays = rescuing(columns, len(rows))
        about = {OP: now.ops, LSN: now.lsns, COMMITTED_AT: now.at, UNCHANGED: [None] * len(rows)}
        arrays |= {name: pa.array(about[name], kind) for name, kind in CHANGE_COLUMNS.items()}
        return pa.RecordBatch.from_pydict(arrays)

    def _whole(self, now: Changes) -> list[tuple[Any, ...]]:
        """Rows with what the reader of the log does not tell, as the table holds it now.

        That may be later than the change, but then the log brings it too; of a row that is gone a zero date is assumed.
        """
        if not any(value is LOST for row in now.rows for value in row):
            return now.rows
        with closing(self._access.opened()) as connection:
            return [self._asked(connection, now.columns, row) if LOST in row else row for row in now.rows]

    def _asked(
        self, connection: pymysql.Connection[Any], columns: Sequence[str], row: tuple[Any, ...]
    ) -> tuple[Any, ...]:
        lost = [name for name, value in zip(columns, row, strict=True) if value is LOST]
        shown = ", ".join(f"CAST({quoted(name)} AS CHAR)" for name in lost if name in self._known).replace("%", "%%")
        where = " AND ".join(f"{quoted(key)} = %s".replace("%", "%%").replace("%%s", "%s") for key in self._keys)
        keys = [(row[columns.index(key)] or b"").decode() for key in self._keys]
        statement = f"SELECT {shown} FROM {self._table.sql.replace('%', '%%')} WHERE {where}"
        found = run(connection, statement, *keys) if shown else []
        texts = dict(zip(lost, found[0] if found else (), strict=False))
        return tuple(
            (texts.get(name) or "0000-00-00").encode() if value is LOST else value
            for name, value in zip(columns, row, strict=True)
        )
