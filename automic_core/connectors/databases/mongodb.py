"""MongoDB: reading collections and aggregations, following their changes, loading collections."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import polars as pl
import pyarrow as pa
from pydantic import Field as Option

from automic_core.connectors.databases import _mongodb_catalog as catalog
from automic_core.connectors.databases import _mongodb_reading as reading
from automic_core.connectors.databases import _mongodb_rows as rows
from automic_core.connectors.databases import _mongodb_session as session
from automic_core.connectors.databases import _mongodb_writing as writing
from automic_core.connectors.databases._mongodb_server import MongoDBServer
from automic_core.connectors.databases._mongodb_work import Unit, Work
from automic_core.connectors.databases._relations import Names
from automic_core.connectors.databases._remote import ServerLoader, ServerSource
from automic_core.connectors.databases._server import Name
from automic_core.contracts import ReadRequest, configured
from automic_core.errors import ConfigError

if TYPE_CHECKING:
    from pymongo import MongoClient

    from automic_core.connectors.databases._mongodb_following import MongoDBLog


@configured
class MongoDBSource(MongoDBServer, ServerSource):
    """Reads a collection or a view, or what a pipeline makes of it; as of one moment where the server can.

    One column a field of the documents. Documents and arrays inside become Extended JSON text, ObjectIds and UUIDs
    text, Dates times in UTC. The first documents decide on the types; a value of another type, and a field that none
    of them has, go to _rescued as Extended JSON.
    """

    kind: ClassVar[str] = "mongodb"

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

    @contextmanager
    def asking(self) -> Iterator[MongoClient[dict[str, Any]]]:
        """A short session."""
        with closing(session.opened(self._reached())) as client:
            yield client

    def listed(self, connection: MongoClient[dict[str, Any]]) -> Names:
        """Names of the collections and of the views."""
        return catalog.relations(connection[self.database], self.shown)

    def planned(self, connection: MongoClient[dict[str, Any]]) -> rows.Plan:
        """The columns that the first documents show."""
        return reading.looked(connection, self.database, self._question(connection), self.sample_rows)

    def check(self) -> None:
        """Test the connection; of a collection also that it can be read."""
        if self.table is None:
            self.relations()
        else:
            super().check()

    def delivered(self, request: ReadRequest) -> Generator[pa.RecordBatch]:
        """The rows, in a session of their own; a whole read is planned by the documents that it begins with."""
        with self.asking() as client:
            question, known = self._question(client), vars(self)
            if "_known_plan" not in known and request == ReadRequest(on_rows=request.on_rows):
                known["_known_plan"], documents = reading.peeked(client, self.database, question, self.sample_rows)
                wanted = rows.Rows(known["_known_plan"], None)
            else:
                plan = self._planned_for(client, question, request.limit)
                wanted = rows.Rows(plan, request.columns)
                asked = reading.Reading(
                    question, wanted.fields, reading.bounded(question, plan, request.bound), request.limit
                )
                documents = reading.streamed(client, self.database, asked)
            with closing(documents):
                yield from wanted.batches(documents)

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
        with self._said():
            return MongoDBLog(access, self.table, self.identity, self.retries, self.sample_rows, keys)

    def _question(self, client: MongoClient[dict[str, Any]]) -> reading.Question:
        found = catalog.found(client[self.database], self.table, self.shown)
        return reading.Question(
            found.name,
            self._parsed("filter", dict) or {},
            self._parsed("projection", dict),
            self._parsed("pipeline", list),
            self._milliseconds,
            self.snapshot,
        )

    def _planned_for(
        self, client: MongoClient[dict[str, Any]], question: reading.Question, limit: int | None
    ) -> rows.Plan:
        """The plan; for a few rows by a smaller sample, which is not kept."""
        known = vars(self)
        found: rows.Plan | None = known.get("_known_plan")
        if found is None:
            most = self.sample_rows if limit is None else min(self.sample_rows, max(limit, 1_000))
            found = reading.looked(client, self.database, question, most)
            if limit is None:
                known["_known_plan"] = found
        return found


@configured
class MongoDBLoader(MongoDBServer, ServerLoader):
    """Writes a collection: rows for one that is there by a transaction, a new or replaced one beside its place first.

    Dates and times become Dates, lists and structs arrays and documents, decimals Decimal128. A column _id is the _id.
    """

    kind: ClassVar[str] = "mongodb"
    capabilities: ClassVar[frozenset[str]] = ServerLoader.capabilities | {"nested"}
    noun: ClassVar[str] = "collection"

    table: Annotated[Name | None, Option(description="Collection; default: named after the source.")] = None
    times: Annotated[
        Literal["exact", "milliseconds", "text"],
        Option(description="exact: a time finer than the milliseconds of a Date is an error. milliseconds: cut."),
    ] = "exact"

    @property
    def target(self) -> tuple[str | None, str]:
        """The collection."""
        return None, self.name

    def opened(self) -> Work:
        """A connection for writing."""
        access = self._reached()
        return self.errors.trying(self.retries, lambda: Work(session.opened(access), self.database, self.name))

    def table_of(self, connection: Work, columns: pl.Schema) -> writing.Table:
        """The collection that rows of these columns go to."""
        return writing.Table(connection.unit, list(columns), writing.Cells(self.times))

    def marks_of(self, connection: Work) -> Unit:
        """What keeps the watermarks, in a collection of the database's own."""
        return connection.unit
