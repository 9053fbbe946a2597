"""What a source promises whose changes can be followed: one consistent state, then every change since, in order."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import pyarrow as pa

OP, LSN, COMMITTED_AT, UNCHANGED = "_op", "_lsn", "_committed_at", "_unchanged"
INSERT, UPDATE, DELETE, TRUNCATE = "i", "u", "d", "t"
"""What happened to a row. A truncate has no values: it deleted all rows that were there before it."""

AGAIN = (
    "Follow it anew (fresh=True, --fresh): a new snapshot is compared with what is there, and the log goes on from it."
)
"""The way back when a log is lost: the hint of such an error."""

CHANGE_COLUMNS = {
    OP: pa.string(),
    LSN: pa.string(),
    COMMITTED_AT: pa.timestamp("us", "UTC"),
    UNCHANGED: pa.string(),
}
"""Columns of a change beside those of the table. ``_lsn`` is the place of its transaction in the log. ``_unchanged`` is
a JSON list of columns that the log does not repeat: they hold what the last change of the same key left in them."""


@dataclass(frozen=True)
class Piece:
    """Some changes in the order in which they were made.

    Attributes:
        rows: Columns of the table, ``_rescued`` and those of CHANGE_COLUMNS; None = nothing happened for a moment.
        position: Set if nothing before it is missing and no transaction is half delivered: what may be committed.
        due: Whether the position should be committed even without rows, because the source keeps its log for it.
        last: Whether the present is reached and nothing more comes.
    """

    rows: pa.RecordBatch | None = None
    position: str | None = None
    due: bool = False
    last: bool = False


@dataclass(frozen=True)
class Beginning:
    """The rows of a table as of one moment.

    Attributes:
        position: From here on ``ChangeLog.changes`` goes on.
        origin: Which log the position is of; opaque, kept beside it.
        rows: Columns of the table and ``_rescued``; closed when they were read, or are wanted no more.
    """

    position: str
    origin: str
    rows: Generator[pa.RecordBatch] = field(repr=False)


class ChangeLog(Protocol):
    """The log of one table. Positions are opaque texts. Errors are SourceError; a lost log says the way back."""

    @property
    def keys(self) -> list[str]:
        """Columns that identify a row."""

    def begin(self) -> Beginning:
        """Make the log anew and read the rows as of its first position; what the log held before is given up."""

    def changes(self, position: str, origin: str, *, until_now: bool) -> Generator[Piece]:
        """What was committed after a position: until the present, or for ever; a piece comes a few times a second."""

    def acknowledge(self, position: str) -> None:
        """Allow the source to forget its log up to here; only while ``changes`` runs, and after the rows are safe."""

    def forget(self) -> None:
        """Give up the log: the source keeps nothing more for it."""

    def notes(self) -> list[str]:
        """Sentences a person should read."""


@runtime_checkable
class Followed(Protocol):
    """A source that has a log of its changes."""

    def change_log(self, name: str, keys: Sequence[str] | None = None) -> ChangeLog:
        """The log under a name that is this reader's own.

        Args:
            name: Letters, digits and underscores; one reader a name.
            keys: Columns that identify a row; None = the source's own.
        """
