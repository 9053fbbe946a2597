"""Messages of the log put together to changes of one table's rows, in the order in which they were made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from automic_core.connectors.databases._postgresql_pgoutput import (
    UNCHANGED,
    Begin,
    Cell,
    Cells,
    Commit,
    Delete,
    Described,
    Insert,
    Mark,
    Message,
    Relation,
    Truncate,
    Update,
    lsn_text,
)
from automic_core.contracts.changes import DELETE, INSERT, TRUNCATE, UPDATE
from automic_core.errors import SourceError

EPOCH_MICROS = 946_684_800_000_000
"""2000-01-01, from which PostgreSQL counts, as µs since 1970."""


@dataclass
class Changes:
    """Changes of rows that have the same columns; lists run in parallel.

    Attributes:
        rows: Values; null where the log tells none.
        at: When the transaction was committed, in µs since 1970.
        unchanged: Columns whose value the log does not repeat.
        moved: Places of rows that got another key and have such columns: what they held is under the old key.
    """

    columns: tuple[Described, ...]
    rows: list[list[bytes | None]] = field(default_factory=list)
    ops: list[str] = field(default_factory=list)
    lsns: list[str] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    unchanged: list[tuple[str, ...]] = field(default_factory=list)
    moved: list[int] = field(default_factory=list)
    size: int = 0


class Assembler:
    """Takes messages one by one and keeps the changes of one table until they are cut off.

    Args:
        oid: The table's number.
        keys: Columns that identify a row.

    Attributes:
        position: After the last transaction that was taken in whole.
        inside: Whether a transaction has begun and not ended.
    """

    def __init__(self, oid: int, keys: Sequence[str], position: int = 0) -> None:
        self._oid, self._names = oid, list(keys)
        self._keys: list[int] = []
        self._begun: Begin | None = None
        self._lsn = ""
        self._now: Changes | None = None
        self.position = position

    @property
    def inside(self) -> bool:
        return self._begun is not None

    @property
    def waiting(self) -> int:
        """Changes that were not cut off yet."""
        return len(self._now.rows) if self._now is not None else 0

    @property
    def size(self) -> int:
        """About how many bytes they have."""
        return self._now.size if self._now is not None else 0

    def take(self, message: Message | None) -> Changes | None:
        """Take one message; what was kept, if the table has other columns from here on.

        Raises:
            SourceError: A column of the key is gone, or messages come in an order that cannot be.
        """
        match message:
            case Begin():
                self._begun, self._lsn = message, lsn_text(message.lsn)
            case Commit():
                self._begun, self.position = None, max(self.position, message.end)
            case Relation() if message.oid == self._oid:
                return self._described(message)
            case Insert() if message.relation == self._oid:
                self._add(INSERT, message.new)
            case Update() if message.relation == self._oid:
                self._update(message)
            case Delete() if message.relation == self._oid:
                self._add(DELETE, message.old)
            case Truncate() if self._oid in message.relations:
                self._add(TRUNCATE, (None,) * len(self._known.columns))
            case _:
                pass
        return None

    def cut(self) -> Changes | None:
        """What was kept; afterwards nothing is."""
        found, self._now = self._now, Changes(self._now.columns) if self._now is not None else None
        return found if found is not None and found.rows else None

    @property
    def _known(self) -> Changes:
        if self._now is None:
            raise SourceError("The log tells a change of a table that it did not describe.", "Follow it again.")
        return self._now

    def _described(self, relation: Relation) -> Changes | None:
        if self._now is not None and self._now.columns == relation.columns:
            return None
        names = [column.name for column in relation.columns]
        if gone := [name for name in self._names if name not in names]:
            raise SourceError(
                f"{relation.schema}.{relation.name} has no column {gone[0]!r} any more, which identified its rows.",
                "Follow it into another table, by other keys.",
            )
        found = self.cut()
        self._keys = [names.index(name) for name in self._names]
        self._now = Changes(relation.columns)
        return found

    def _update(self, message: Update) -> None:
        old, new = message.old, message.new
        if old is not None:  # a value out of line may stand in the row before, or in its key
            told = [message.whole or column.key for column in self._known.columns]
            new = tuple(old[place] if cell is UNCHANGED and told[place] else cell for place, cell in enumerate(new))
        moved = old is not None and any(old[place] != new[place] for place in self._keys)
        if moved and old is not None:
            self._add(DELETE, old)
        self._add(UPDATE, new)
        if moved and self._known.unchanged[-1]:
            self._known.moved.append(self.waiting - 1)

    def _add(self, op: str, cells: Cells) -> None:
        now = self._known
        if self._begun is None or len(cells) != len(now.columns):
            raise SourceError("A change stands outside of a transaction, or has other columns.", "Follow it again.")
        row = [None if isinstance(cell, Mark) else cell for cell in cells]
        now.rows.append(row)
        now.ops.append(op)
        now.lsns.append(self._lsn)
        now.at.append(self._begun.at + EPOCH_MICROS)
        now.unchanged.append(_unchanged(cells, now.columns))
        now.size += sum(len(cell) for cell in row if cell is not None)


def _unchanged(cells: Sequence[Cell], columns: Sequence[Described]) -> tuple[str, ...]:
    if UNCHANGED not in cells:
        return ()
    return tuple(column.name for cell, column in zip(cells, columns, strict=True) if cell is UNCHANGED)
