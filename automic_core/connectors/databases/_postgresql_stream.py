"""What arrives of a PostgreSQL table's log, as pieces of changes with the columns that reading the table gives."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from automic_core.connectors.databases import _postgresql_catalog as catalog
from automic_core.connectors.databases import _postgresql_log as logs
from automic_core.connectors.databases import _postgresql_values as values
from automic_core.connectors.databases._postgresql_changes import Assembler, Changes
from automic_core.connectors.databases._postgresql_pgoutput import Described, decode, lsn_number, lsn_text
from automic_core.connectors.databases._relations import Relation
from automic_core.contracts.changes import CHANGE_COLUMNS, COMMITTED_AT, LSN, OP, UNCHANGED, Piece

if TYPE_CHECKING:
    import psycopg

TICK = 0.2  # seconds after which a piece comes
MOST_ROWS, MOST_BYTES = 20_000, 8 << 20  # of a piece
DUE_BYTES = 64 << 20
"""So much log of other tables may wait on the server before a position without rows is committed."""
_ALIVE_SECONDS, _CHECK_SECONDS = 10.0, 30.0


@dataclass(frozen=True)
class Followed:
    """The table whose changes are wanted.

    Attributes:
        keys: Columns that identify a row, as the source names them.
        renamed: Names that columns have in the lake, where these differ.
        told: Columns of the snapshot that the log goes on from; None if that is not known.
    """

    table: Relation
    keys: Sequence[str]
    renamed: dict[str, str]
    told: frozenset[str] | None = None

    def named(self, name: str) -> str:
        """The name of a column in the lake."""
        return self.renamed.get(name, name)


class Stream:
    """What arrives on one connection, as pieces."""

    def __init__(
        self,
        followed: Followed,
        replication: logs.Replication,
        asking: psycopg.Connection[Any],
        position: str,
    ) -> None:
        self._followed, self._replication, self._asking = followed, replication, asking
        self._taken = Assembler(followed.table.oid, followed.keys, lsn_number(position))
        self._readings: dict[tuple[Described, ...], list[values.Reading]] = {}
        self._confirmed = self._seen = lsn_number(position)

    def pieces(self, target: int | None, check: Callable[[], object]) -> Iterator[Piece]:
        """Pieces until everything up to ``target`` has come, or for ever; ``check`` is called now and then."""
        tick = alive = checked = time.monotonic()
        while True:
            message = self._replication.receive(TICK)
            now = time.monotonic()
            if isinstance(message, logs.Data):
                if (before := self._taken.take(decode(message.message))) is not None:
                    yield Piece(self._batch(before))
            elif isinstance(message, logs.Alive) and not self._taken.inside:
                self._seen = max(self._seen, message.lsn)
            full = self._taken.waiting >= MOST_ROWS or self._taken.size >= MOST_BYTES
            if full or message is None or (now - tick >= TICK and not self._taken.inside):
                tick = now
                last = target is not None and self._position >= target and not self._taken.inside
                yield self._piece(last)
                if last:
                    return
            if message is None or now - alive >= _ALIVE_SECONDS:
                alive = now
                self._replication.greet(ask=True)
            if now - checked >= _CHECK_SECONDS:
                checked = now
                check()

    @property
    def _position(self) -> int:
        return max(self._seen, self._taken.position)

    def _piece(self, last: bool) -> Piece:
        changes = self._taken.cut()
        rows = self._batch(changes) if changes is not None else None
        if self._taken.inside:
            return Piece(rows)
        if rows is not None:
            self._confirmed = self._position
        due = self._position - self._confirmed >= DUE_BYTES
        if due:
            self._confirmed = self._position
        return Piece(rows, lsn_text(self._position), due, last)

    def _batch(self, changes: Changes) -> pa.RecordBatch:
        if changes.columns not in self._readings:
            ascii_only = self._asking.info.parameter_status("server_encoding") == "SQL_ASCII"
            known = values.kinds(self._asking, changes.columns)
            self._readings[changes.columns] = values.readings(changes.columns, known, ascii_only=ascii_only)
        for row in self._untold(changes):
            self._look_up(changes, row)
        named = self._followed.named
        read = values.batch(self._readings[changes.columns], changes.rows, self._ask)
        arrays = {named(name): column for name, column in read.items()}
        about = {
            OP: changes.ops,
            LSN: changes.lsns,
            COMMITTED_AT: changes.at,
            UNCHANGED: [json.dumps([*map(named, names)]) if names else None for names in changes.unchanged],
        }
        arrays |= {name: pa.array(about[name], kind) for name, kind in CHANGE_COLUMNS.items()}
        return pa.RecordBatch.from_pydict(arrays)

    def _ask(self, expression: str, texts: list[str]) -> list[Any]:
        statement = expression.replace("%", "%%")
        rows = self._asking.execute(
            f"SELECT {statement} FROM unnest(%s::text[]) WITH ORDINALITY AS q(v, n) ORDER BY n", (texts,)
        ).fetchall()
        return [row[0] for row in rows]

    def _untold(self, changes: Changes) -> list[int]:
        """Rows with values that the log does not repeat and never told by this key, or by this name of the column."""
        told = self._followed.told
        if told is None or told.issuperset(column.name for column in changes.columns):
            return changes.moved
        new = [place for place, names in enumerate(changes.unchanged) if not told.issuperset(names)]
        return sorted({*changes.moved, *new})

    def _look_up(self, changes: Changes, row: int) -> None:
        """Values that the log does not repeat: what the table holds now.

        That may be later than this change, but then the log brings it too; a row that is gone is deleted later on.
        """
        import psycopg

        names = [column.name for column in changes.columns]
        wanted = changes.unchanged[row]
        shown = ", ".join(
            f"CASE WHEN {name} IS NOT NULL THEN format('%%s', {name}) END" for name in map(_escaped, wanted)
        )
        keys = self._followed.keys
        where = " AND ".join(f"{_escaped(key)} = %s" for key in keys)
        texts = [(changes.rows[row][names.index(key)] or b"").decode() for key in keys]
        with suppress(psycopg.errors.UndefinedColumn):
            found = self._asking.execute(
                f"SELECT {shown} FROM {self._followed.table.sql.replace('%', '%%')} WHERE {where}", texts
            ).fetchone()
            for name, text in zip(wanted, found or (), strict=False):
                changes.rows[row][names.index(name)] = None if text is None else text.encode()
            if found is not None:
                changes.unchanged[row] = ()


def _escaped(name: str) -> str:
    return catalog.quoted(name).replace("%", "%%")
