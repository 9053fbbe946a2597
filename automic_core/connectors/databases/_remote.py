"""What all sources and loaders of servers share, whatever is asked of them: plans, retries, names."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing
from typing import Any, ClassVar, TypeVar

import pyarrow as pa

from automic_core import frames
from automic_core.connectors.databases._loading import TransactionLoader
from automic_core.connectors.databases._relations import Names
from automic_core.connectors.databases._server import Server
from automic_core.contracts import ReadRequest, SourceAdapter, configured
from automic_core.errors import LoadError, SourceError
from automic_core.records import Schema
from automic_core.schemas import from_polars

T = TypeVar("T")


@configured
class ServerSource(Server, SourceAdapter, abstract=True):
    """Reads by a plan (columns with name and type, notes, rows expected) that is made first, in a short session."""

    bounding: ClassVar[bool] = True

    def asking(self) -> AbstractContextManager[Any]:
        """A short session that may only read, for the catalog."""
        raise TypeError(f"{type(self).__name__} must override asking.")

    def listed(self, connection: Any) -> Names:
        """Names of the tables and of the views."""
        raise TypeError(f"{type(self).__name__} must override listed.")

    def planned(self, connection: Any) -> Any:
        """What reading will do."""
        raise TypeError(f"{type(self).__name__} must override planned.")

    def delivered(self, request: ReadRequest) -> Generator[pa.RecordBatch]:
        """The rows, in a session of its own."""
        raise TypeError(f"{type(self).__name__} must override delivered.")

    def connect(self) -> None:
        """Forget what was found out earlier."""
        vars(self).pop("_known_plan", None)

    def relations(self) -> Names:
        """Names of the tables and of the views, as the option ``table`` takes them."""
        return self._answered(self.listed)

    def get_schema(self) -> Schema:
        """Columns with their types."""
        types = {column.name: column.type for column in self._plan().columns}
        empty = pa.schema(list(types.items())).empty_table()
        schema = from_polars(frames.from_arrow(empty).schema, self.name)
        for field in schema.fields:
            known = types[field.name]
            if pa.types.is_decimal(known):
                field.precision, field.scale = known.precision, known.scale
        return schema

    def expect(self, first: pa.RecordBatch) -> int | None:
        """As many rows as the server expects, where it tells."""
        expected: int | None = self._plan().expected
        return expected

    def notes(self) -> list[str]:
        """What a person should know of the columns."""
        return list(self._plan().notes)

    def batches(self, request: ReadRequest = ReadRequest()) -> Iterator[pa.RecordBatch]:
        """The rows as they come from the server; at least one batch, which may be empty."""
        with self._said():
            first, rest = self.errors.trying(self.retries, lambda: self._begun(request))
            with closing(rest):
                yield first
                yield from rest

    def _begun(self, request: ReadRequest) -> tuple[pa.RecordBatch, Generator[pa.RecordBatch]]:
        """The first batch and the others; up to here beginning again delivers nothing twice."""
        rest = self.delivered(request)
        return next(rest), rest

    def _plan(self) -> Any:
        known = vars(self)
        if "_known_plan" not in known:
            known["_known_plan"] = self._answered(self.planned)
        return known["_known_plan"]

    def _answered(self, ask: Callable[[Any], T]) -> T:
        """What a short session of its own answers."""
        with self._said():
            return self.errors.trying(self.retries, lambda: self._asked(ask))

    def _asked(self, ask: Callable[[Any], T]) -> T:
        with self.asking() as connection:
            return ask(connection)

    def _said(self) -> AbstractContextManager[None]:
        return self.errors.translated(SourceError, f"Reading {self.identity}", self._revealed())


@configured
class ServerLoader(Server, TransactionLoader, abstract=True):
    """Writes to a server; what is written is named like the database unless it has a name."""

    @property
    def name(self) -> str:
        """The table's name, else the database's."""
        return self.table or self.database

    def translated(self, what: str) -> AbstractContextManager[None]:
        """Errors of the driver in words, without the password."""
        return self.errors.translated(LoadError, what, self._revealed())
