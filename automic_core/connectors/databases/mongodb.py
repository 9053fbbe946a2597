"""MongoDB: reading collections and aggregations, following their changes, loading collections."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, TypeVar

import pyarrow as pa
from pydantic import Field as Option

from automic_core import frames
from automic_core.connectors.databases import _mongodb_catalog as catalog
from automic_core.connectors.databases import _mongodb_reading as reading
from automic_core.connectors.databases import _mongodb_rows as rows
from automic_core.connectors.databases import _mongodb_session as session
from automic_core.connectors.databases import _mongodb_writing as writing
from automic_core.connectors.databases._mongodb_server import MongoDBServer
from automic_core.connectors.databases._server import Name
from automic_core.contracts import DestinationAdapter, Mode, ReadRequest, SourceAdapter, configured
from automic_core.errors import ConfigError, LoadError, SourceError
from automic_core.records import Schema
from automic_core.schemas import from_polars

if TYPE_CHECKING:
    from pymongo import MongoClient

    from automic_core.connectors.databases._mongodb_following import MongoDBLog

T = TypeVar("T")


@configured
class MongoDBSource(MongoDBServer, SourceAdapter):
    """Reads a collection or a view, or what a pipeline makes of it; as of one moment where the server can.

    One column a field of the documents. Documents and arrays inside become Extended JSON text, ObjectIds and UUIDs
    text, Dates times in UTC. The first documents decide on the types; a value of another type, and a field that none
    of them has, go to _rescued as Extended JSON.
    """

    kind: ClassVar[str] = "mongodb"
    bounding: ClassVar[bool] = True

    table: Annotated[Name | None, Option(description="Collection or view; default: the only one.")] = None
    filter: Annotated[Name | None, Option(description='Only these, as Extended JSON: {"state": "paid"}.')] = None
    projection: Annotated[Name | None, Option(description='Only these fields: {"_id": 0, "name": 1}.')] = None
    pipeline: Annotated[Name | None, Option(description='Stages of an aggregation: [{"$unwind": "$lines"}, …].')] = None
    sample_rows: Annotated[
        int, Option(ge=1, le=1_000_000, description="Documents that decide on the columns and their types.")
    ] = 10_000
    snapshot: Annotated[
        bool, Option(description="Read as of one moment; a server keeps its past for 5 minutes by default.")
    ] = True

    def __post_init__(self) -> None:
        for stage in self._parsed("pipeline", list) or ():
            if name := next((name for name in ("$out", "$merge") if name in stage), None):
                raise ConfigError(f"The pipeline has {name}, which writes.", "Leave it out; a source only reads.")
        self._parsed("filter", dict)
        self._parsed("projection", dict)

    def _parsed(self, name: str, kind: type) -> Any:
        return reading.parsed(getattr(self, name), name, kind)

    @property
    def name(self) -> str:
        """The collection's name, else the database's."""
        return self.table or self.database

    @property
    def identity(self) -> str:
        """The address, the collection, and a hash of what is asked of it; never carries a password."""
        asked = [text for text in (self.filter, self.projection, self.pipeline) if text]
        digest = f"?{hashlib.sha256(repr(asked).encode()).hexdigest()[:12]}" if asked else ""
        return f"{self.shown}#{self.table or ''}{digest}" if self.table or digest else self.shown

    def connect(self) -> None:
        """Forget what was found out earlier."""
        vars(self).pop("_known_plan", None)

    def relations(self) -> tuple[list[str], list[str]]:
        """Names of the collections and of the views."""
        return self._asking(lambda client: catalog.relations(client[self.database], self.shown))

    def check(self) -> None:
        """Test the connection; of a collection also that it can be read."""
        if self.table is None:
            self.relations()
        else:
            super().check()

    def get_schema(self) -> Schema:
        """Columns with their types, by a sample."""
        plan = self._plan()
        empty = pa.schema([(column.name, column.type) for column in plan.columns]).empty_table()
        schema = from_polars(frames.from_arrow(empty).schema, self.name)
        known = {column.name: column.type for column in plan.columns}
        for field in schema.fields:
            if pa.types.is_decimal(known[field.name]):
                field.precision, field.scale = known[field.name].precision, known[field.name].scale
        return schema

    def expect(self, first: pa.RecordBatch) -> int | None:
        """As many rows as the server has noted; it notes none for a filter or a pipeline."""
        return self._plan().expected

    def notes(self) -> list[str]:
        """Fields that had to be renamed, that are null in two ways, or of several types."""
        return list(self._plan().notes)

    def batches(self, request: ReadRequest = ReadRequest()) -> Iterator[pa.RecordBatch]:
        """The rows as they come from the server; at least one batch, which may be empty."""
        access = self._reached()
        with self._translated():
            first, rest = session.trying(self.retries, lambda: self._begun(access, request))
            with closing(rest):
                yield first
                yield from rest

    def change_log(self, name: str, keys: Sequence[str] | None = None) -> MongoDBLog:
        """The collection's changes by a change stream.

        Raises:
            ConfigError: More is asked for than a collection, or other keys than _id.
            SourceError: The server has no change streams, or there is no such collection.
        """
        from automic_core.connectors.databases._mongodb_following import MongoDBLog

        if self.pipeline or self.projection or self.filter:
            raise ConfigError("Only a whole collection has a log of changes.", "Compare instead (--compare).")
        access = self._reached()
        with self._translated():
            return MongoDBLog(access, self.table, self.identity, self.retries, self.sample_rows, keys)

    def _begun(self, access: session.Access, request: ReadRequest) -> tuple[pa.RecordBatch, Generator[pa.RecordBatch]]:
        """The first batch and the others; up to here beginning again delivers nothing twice."""
        rest = self._delivered(access, request)
        return next(rest), rest

    def _delivered(self, access: session.Access, request: ReadRequest) -> Generator[pa.RecordBatch]:
        with closing(session.opened(access)) as client:
            question, known = self._question(client), vars(self)
            whole = request == ReadRequest(on_rows=request.on_rows)
            if whole and "_known_plan" not in known:
                known["_known_plan"], documents = reading.peeked(client, self.database, question, self.sample_rows)
                wanted = rows.Rows(known["_known_plan"], None)
            else:
                plan = known.get("_known_plan") or self._looked(client, question, request.limit)
                wanted = rows.Rows(plan, request.columns)
                asked = reading.Reading(
                    question, wanted.fields, reading.bounded(question, plan, request.bound), request.limit
                )
                documents = reading.streamed(client, self.database, asked)
            with closing(documents):
                yield from wanted.batches(documents)

    def _question(self, client: MongoClient[dict[str, Any]]) -> reading.Question:
        found = catalog.found(client[self.database], self.table, self.shown)
        most = self._reached().most
        return reading.Question(
            found.name,
            self._parsed("filter", dict) or {},
            self._parsed("projection", dict),
            self._parsed("pipeline", list),
            most,
            self.snapshot,
        )

    def _looked(self, client: MongoClient[dict[str, Any]], question: reading.Question, limit: int | None) -> Any:
        """The plan; for a few rows by a smaller sample, which is not kept."""
        most = self.sample_rows if limit is None else min(self.sample_rows, max(limit, 1_000))
        plan = reading.looked(client, self.database, question, most)
        if limit is None:
            vars(self)["_known_plan"] = plan
        return plan

    def _plan(self) -> rows.Plan:
        known = vars(self)
        if "_known_plan" not in known:
            self._asking(lambda client: self._looked(client, self._question(client), None))
        found: rows.Plan = known["_known_plan"]
        return found

    def _asking(self, ask: Callable[[MongoClient[dict[str, Any]]], T]) -> T:
        """What a short session of its own answers."""
        access = self._reached()

        def asked() -> T:
            with closing(session.opened(access)) as client:
                return ask(client)

        with self._translated():
            return session.trying(self.retries, asked)

    def _translated(self) -> AbstractContextManager[None]:
        return session.translated(SourceError, f"Reading {self.identity}", self._revealed())


@dataclass
class _Open:
    """The open connection of a loader, and what is loaded together by it."""

    client: MongoClient[dict[str, Any]] | None = None
    unit: writing.Unit | None = None


@configured
class MongoDBLoader(MongoDBServer, DestinationAdapter):
    """Writes a collection: rows for one that is there by a transaction, a new or replaced one beside its place first.

    Dates and times become Dates, lists and structs arrays and documents, decimals Decimal128. A column _id is the _id.
    """

    kind: ClassVar[str] = "mongodb"
    capabilities: ClassVar[frozenset[str]] = frozenset(
        {"append", "overwrite", "upsert", "transaction", "nested", "watermark"}
    )

    table: Annotated[Name | None, Option(description="Collection; default: named after the source.")] = None
    times: Annotated[
        Literal["exact", "milliseconds", "text"],
        Option(description="exact: a time finer than the milliseconds of a Date is an error. milliseconds: cut."),
    ] = "exact"

    @property
    def name(self) -> str:
        """The collection's name, else the database's."""
        return self.table or self.database

    def bind(self, source_name: str) -> Self:
        """The same loader with the source's name as the collection's, if it has none."""
        if self.table or not source_name:
            return self
        bound = replace(self, table=source_name)
        vars(bound).update({key: value for key, value in vars(self).items() if key == "_access"})
        return bound

    @cached_property
    def _open(self) -> _Open:
        return _Open()

    def connect(self) -> None:
        """Open a connection."""
        if self._open.client is None:
            access = self._reached()
            with self._translated(f"Opening {self.shown}"):
                self._open.client = session.trying(self.retries, lambda: session.opened(access))

    def begin_transaction(self) -> None:
        """Begin the unit that ``commit`` publishes."""
        self.connect()
        if self._open.unit is None:
            assert self._open.client is not None
            with self._translated(f"Writing {self.shown}"):
                self._open.unit = writing.Unit(self._open.client, self.database, self.name)

    def load(self, frame: frames.Frame, mode: Mode = "append", keys: Sequence[str] = ()) -> int:
        """Write all rows; without ``begin_transaction`` it is a unit of its own."""
        alone = self._open.unit is None
        stream = frames.stream(frame)
        try:
            unit = self._unit()
            with self._translated(f"Writing collection {self.name!r} of {self.shown}"):
                if not stream.schema:
                    raise LoadError(
                        f"There are no columns to write to {self.name!r}.", "Check what the source delivers."
                    )
                cells = writing.Cells(self.times)
                if mode == "upsert":
                    count = unit.upsert(stream, cells, keys, list(stream.schema))
                else:
                    count = unit.insert(stream, cells, replace=mode == "overwrite")
            if alone:
                self.commit()
        finally:
            if alone:
                self.close()
        return count

    def recall(self, name: str) -> str | None:
        """What the database's own collection of watermarks says."""
        unit = self._unit()
        with self._translated(f"Reading {self.shown}"):
            return unit.recall(name)

    def remember(self, name: str, text: str) -> None:
        """Write it there when the rows are committed, in the same transaction if they have one."""
        self._unit().remember(name, text)

    def commit(self) -> None:
        """Make the rows visible."""
        if self._open.unit is not None:
            with self._translated(f"Writing collection {self.name!r} of {self.shown}"):
                self._open.unit.commit()
            self._open.unit = None

    def rollback(self) -> None:
        """Undo everything since ``begin_transaction``."""
        unit, self._open.unit = self._open.unit, None
        if unit is not None:
            with self._translated(f"Writing {self.shown}"):
                unit.close()

    def close(self) -> None:
        """Roll back what was not committed, and close the connection."""
        try:
            self.rollback()
        finally:
            client, self._open.client = self._open.client, None
            if client is not None:
                client.close()

    def _unit(self) -> writing.Unit:
        self.begin_transaction()
        assert self._open.unit is not None
        return self._open.unit

    def _translated(self, what: str) -> AbstractContextManager[None]:
        return session.translated(LoadError, what, self._revealed())
