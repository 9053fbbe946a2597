"""What all loaders of databases share: one connection, and one transaction around what is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Protocol, Self

import polars as pl

from automic_core import frames
from automic_core.contracts import DestinationAdapter, Mode, configured
from automic_core.errors import LoadError


class Target(Protocol):
    """One table inside a transaction that is already open."""

    def insert(self, batches: Iterable[pl.DataFrame], *, replace: bool) -> int:
        """Add rows; with ``replace`` the table holds just these."""

    def upsert(self, batches: Iterable[pl.DataFrame], keys: Sequence[str]) -> int:
        """Update rows with the same keys (null equals null), insert the others; of equal new rows the last one counts.

        Raises:
            LoadError: No keys are given, or one is no column.
        """


class Marks(Protocol):
    """A table of watermarks inside a transaction; nobody else changes it until the end."""

    def read(self, name: str) -> str | None:
        """What is kept under a name."""

    def write(self, name: str, text: str) -> None:
        """Keep a text under a name."""


@dataclass
class Session:
    """The open connection of a loader."""

    connection: Any = None
    begun: bool = False


@configured
class TransactionLoader(DestinationAdapter, abstract=True):
    """Writes one table in one transaction; without ``begin_transaction`` each ``load`` is one of its own.

    Raises:
        LoadError: The database cannot be written; nothing of the transaction is visible.
    """

    capabilities: ClassVar[frozenset[str]] = frozenset({"append", "overwrite", "upsert", "transaction", "watermark"})
    begin: ClassVar[str] = "BEGIN"
    """The statement that begins a transaction."""
    noun: ClassVar[str] = "table"
    """What the database calls a table."""

    @property
    def table(self) -> str | None:
        """The option that names the table."""
        raise TypeError(f"{type(self).__name__} must override table.")

    @property
    def shown(self) -> str:
        """The database, for people."""
        raise TypeError(f"{type(self).__name__} must override shown.")

    @property
    def target(self) -> tuple[str | None, str]:
        """Schema and name of the table."""
        raise TypeError(f"{type(self).__name__} must override target.")

    def opened(self) -> Any:
        """A new connection; it has ``execute``, or ``executed`` is overridden, and ``close``."""
        raise TypeError(f"{type(self).__name__} must override opened.")

    def table_of(self, connection: Any, columns: pl.Schema) -> Target:
        """The table that rows of these columns go to."""
        raise TypeError(f"{type(self).__name__} must override table_of.")

    def marks_of(self, connection: Any) -> Marks:
        """The table of watermarks."""
        raise TypeError(f"{type(self).__name__} must override marks_of.")

    def translated(self, what: str) -> AbstractContextManager[None]:
        """Errors of the driver as LoadError."""
        raise TypeError(f"{type(self).__name__} must override translated.")

    def undone(self, connection: Any) -> bool:
        """Whether the transaction is rolled back already, as by a connection that broke."""
        return bool(connection.closed)

    def executed(self, connection: Any, statement: str) -> None:
        """Run a statement."""
        connection.execute(statement)

    def bind(self, source_name: str) -> Self:
        """The same loader with the source's name as the table's, if it has none."""
        if self.table or not source_name:
            return self
        named: dict[str, Any] = {"table": source_name}
        bound = replace(self, **named)
        vars(bound).update({key: value for key, value in vars(self).items() if key == "_access"})
        return bound

    @cached_property
    def _session(self) -> Session:
        return Session()

    def connect(self) -> None:
        """Open a connection."""
        if self._session.connection is None:
            with self.translated(f"Opening {self.shown}"):
                self._session.connection = self.opened()

    def begin_transaction(self) -> None:
        """Begin the transaction that ``commit`` ends."""
        self.connect()
        if not self._session.begun:
            self._run(self.begin)
            self._session.begun = True

    def load(self, frame: frames.Frame, mode: Mode = "append", keys: Sequence[str] = ()) -> int:
        """Write all rows; without ``begin_transaction`` it is a transaction of its own."""
        alone = not self._session.begun
        stream = frames.stream(frame)
        try:
            self.begin_transaction()
            name = self.target[1]
            with self.translated(f"Writing {self.noun} {name!r} of {self.shown}"):
                if not stream.schema:
                    raise LoadError(f"There are no columns to write to {name!r}.", "Check what the source delivers.")
                table = self.table_of(self._session.connection, stream.schema)
                rows = (
                    table.upsert(stream, keys)
                    if mode == "upsert"
                    else table.insert(stream, replace=mode == "overwrite")
                )
            if alone:
                self.commit()
        finally:
            if alone:
                self.close()
        return rows

    def recall(self, name: str) -> str | None:
        """What the table of watermarks beside the target says; until the end nobody else changes it."""
        with self._marks() as marks:
            return marks.read(name)

    def remember(self, name: str, text: str) -> None:
        """Write it there, in the transaction that is open."""
        with self._marks() as marks:
            marks.write(name, text)

    @contextmanager
    def _marks(self) -> Iterator[Marks]:
        self.begin_transaction()
        with self.translated(f"Writing {self.shown}"):
            yield self.marks_of(self._session.connection)

    def commit(self) -> None:
        """Make the rows visible."""
        if self._session.begun:
            self._run("COMMIT")
            self._session.begun = False

    def rollback(self) -> None:
        """Undo everything since ``begin_transaction``; a connection that broke has undone it already."""
        found = self._session
        begun, found.begun = found.begun, False
        if found.connection is not None and begun and not self.undone(found.connection):
            self._run("ROLLBACK")

    def close(self) -> None:
        """Roll back what was not committed, and close the connection."""
        found = self._session
        if found.connection is not None:
            try:
                self.rollback()
            finally:
                connection, found.connection = found.connection, None
                connection.close()

    def _run(self, statement: str) -> None:
        with self.translated(f"Writing {self.shown}"):
            self.executed(self._session.connection, statement)


def unknown_keys(name: str, columns: Sequence[str], keys: Sequence[str]) -> LoadError | None:
    """Why rows of these columns cannot be upserted by these keys; None if they can."""
    unknown = [key for key in keys if key not in columns]
    if keys and not unknown:
        return None
    what = f"the rows have no column {unknown[0]!r}" if keys else "no keys are given"
    return LoadError(f"Cannot upsert into {name!r}: {what}.", f"Columns: {', '.join(columns)}.")
