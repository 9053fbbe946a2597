"""Documents as Arrow batches: what is asked of the server, and the columns that its answers become."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from automic_core import frames
from automic_core.connectors._ahead import ahead
from automic_core.connectors.databases import _mongodb_types as types
from automic_core.connectors.databases._mongodb_bounds import condition
from automic_core.connectors.databases._mongodb_session import driver
from automic_core.connectors.databases._mongodb_values import codec, extended
from automic_core.connectors.files import _types
from automic_core.contracts import Bound
from automic_core.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from pymongo import MongoClient
    from pymongo.client_session import ClientSession
    from pymongo.database import Database

BATCH_ROWS = 10_000
_HIDDEN = {frames.SOURCE_ROW: pa.int64(), frames.RESCUED: pa.string()}
_SNAPSHOTS = 13  # wire version of MongoDB 5.0, the first that reads as of one moment outside of a transaction
_NEWEST = 1_000  # documents, for fields that came later
Documents = list[dict[str, Any]]


@dataclass(frozen=True)
class Question:
    """Which documents are wanted, as a person gave it.

    Attributes:
        pipeline: Stages of an aggregation; None = a plain find.
        most: Milliseconds the server may take.
        snapshot: Whether to read as of one moment, where the server can.
    """

    collection: str
    filter: Mapping[str, Any] = field(default_factory=dict)
    projection: Mapping[str, Any] | None = None
    pipeline: Sequence[Mapping[str, Any]] | None = None
    most: int | None = None
    snapshot: bool = True


@dataclass(frozen=True)
class Plan:
    """Columns of a question.

    Attributes:
        notes: Sentences a person should read.
        expected: Documents there are, as the server estimates.
    """

    columns: list[types.Column]
    notes: list[str]
    expected: int | None = None

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return [column.name for column in self.columns]


@dataclass(frozen=True)
class Reading:
    """What the server is asked: the question, and what of it may stay unread.

    Attributes:
        names: Fields wanted; None = all.
        bound: A filter that comes from a bound.
    """

    question: Question
    names: Sequence[str] | None = None
    bound: Mapping[str, Any] = field(default_factory=dict)
    limit: int | None = None

    def raw(self, database: Database[dict[str, Any]], session: ClientSession | None) -> Any:
        """A cursor whose items are the bytes of several documents; a find asks nothing before the first one."""
        asked = self.question
        target = database[asked.collection]
        some: dict[str, Any] = {"session": session}
        if self.bound:  # texts are ordered by their code points, whatever the collection says
            some["collation"] = {"locale": "simple"}
        if asked.pipeline is None:
            projection = asked.projection if asked.projection is not None else _only(self.names)
            filters = [dict(each) for each in (asked.filter, self.bound) if each]
            whole = filters[0] if len(filters) == 1 else {"$and": filters} if filters else {}
            cursor = target.find_raw_batches(whole, projection, batch_size=BATCH_ROWS, limit=self.limit or 0, **some)
            return cursor if asked.most is None else cursor.max_time_ms(asked.most)
        stages: list[Mapping[str, Any]] = [{"$match": asked.filter}] if asked.filter else []
        stages += asked.pipeline
        stages += [{"$match": self.bound}] if self.bound else []
        stages += [{"$project": asked.projection}] if asked.projection else []
        stages += [] if self.limit is None else [{"$limit": self.limit}]
        more: dict[str, Any] = {} if asked.most is None else {"maxTimeMS": asked.most}
        return target.aggregate_raw_batches(stages, batchSize=min(BATCH_ROWS, self.limit or BATCH_ROWS), **some, **more)


def _only(names: Sequence[str] | None) -> dict[str, int] | None:
    """A projection of some fields; None where their names would mean something else in one."""
    if names is None or any(not name or name.startswith("$") or "." in name for name in names):
        return None
    return {**({} if "_id" in names else {"_id": 0}), **dict.fromkeys(names, 1)}


def bounded(question: Question, plan: Plan, bound: Bound | None) -> Mapping[str, Any]:
    """The filter of a bound, which holds for what is delivered; empty if it must be told on our side."""
    column = next((each for each in plan.columns if bound is not None and each.name == bound.column), None)
    if column is None or bound is None:
        return {}
    plain = all(value in (0, 1, True, False) for value in (question.projection or {}).values())
    return condition(column, bound) if plain else {}


class Rows:
    """The rows of a plan.

    Args:
        columns: Names wanted; None = all, ``_source_row`` and ``_rescued``.

    Raises:
        SourceError: There is no such column.
    """

    def __init__(self, plan: Plan, columns: Sequence[str] | None) -> None:
        known = {column.name: column for column in plan.columns}
        self.names = [*known, *_HIDDEN] if columns is None else list(columns)
        if missing := [name for name in self.names if name not in known and name not in _HIDDEN]:
            raise SourceError(f"There is no column {missing[0]!r}.", f"Columns: {', '.join(list(known)[:30])}.")
        self.columns = [known[name] for name in self.names if name in known]
        self._fields = {column.field for column in plan.columns}
        kinds = _HIDDEN | {column.name: column.type for column in self.columns}
        self.schema = pa.schema([(name, kinds[name]) for name in self.names])

    @property
    def fields(self) -> list[str] | None:
        """The fields that must be read; None = all of them, for one that is no column is rescued."""
        return None if frames.RESCUED in self.names else [column.field for column in self.columns]

    def batch(self, documents: Documents, before: int) -> pa.RecordBatch:
        """Documents as a batch.

        Args:
            documents: The documents.
            before: How many there were before.
        """
        kept: dict[int, dict[str, str]] = {}
        arrays: dict[str, pa.Array] = {}
        for column in self.columns:

            def rescue(row: int, text: str, name: str = column.name) -> None:
                kept.setdefault(row, {})[name] = text

            arrays[column.name] = types.converted(column, [each.get(column.field) for each in documents], rescue)
        if frames.SOURCE_ROW in self.names:
            arrays[frames.SOURCE_ROW] = pa.array(np.arange(before + 1, before + len(documents) + 1, dtype=np.int64))
        if frames.RESCUED in self.names:
            for row, document in enumerate(documents):
                if not document.keys() <= self._fields:
                    for name in document.keys() - self._fields:
                        kept.setdefault(row, {})[name] = extended(document[name])
            arrays[frames.RESCUED] = _texts(kept, len(documents))
        return pa.RecordBatch.from_arrays([arrays[name] for name in self.names], schema=self.schema)

    def batches(self, documents: Iterable[Documents]) -> Iterator[pa.RecordBatch]:
        """Documents as batches; at least one."""
        row, empty = 0, True
        for some in documents:
            yield self.batch(some, row)
            row, empty = row + len(some), False
        if empty:
            yield self.batch([], 0)


def _texts(kept: Mapping[int, Mapping[str, str]], rows: int) -> pa.Array:
    if not kept:
        return pa.nulls(rows, pa.string())
    texts = [_types.rescued(None, kept[row]) if row in kept else None for row in range(rows)]
    return pa.array(texts, pa.string())


def parsed(text: str | None, what: str, kind: type) -> Any:
    """Extended JSON as BSON values.

    Raises:
        ConfigError: It is none, or not a document (an array of them) where one is needed.
        MissingDriverError: The driver, which knows Extended JSON, is missing.
    """
    if text is None:
        return None
    driver()
    from bson import json_util

    try:
        found: Any = json_util.loads(text, json_options=json_util.JSONOptions(tz_aware=False))
    except (ValueError, TypeError) as exc:
        raise ConfigError(f"The {what} is no Extended JSON: {exc}.", f"It is {text[:200]!r}.") from exc
    listed: list[Any] = found if kind is list and isinstance(found, list) else []
    if not isinstance(found, kind) or not all(isinstance(each, dict) for each in listed):
        shape = '{"field": value}' if kind is dict else '[{"$match": …}, …]'
        raise ConfigError(f"The {what} is {text[:200]!r}.", f"Write {shape}.")
    return found


def snapshots(client: MongoClient[dict[str, Any]]) -> bool:
    """Whether the server reads as of one moment: a replica set or a router, of 5.0 or later."""
    hello = client.admin.command("hello")
    several = "setName" in hello or hello.get("msg") == "isdbgrid"
    return several and hello.get("maxWireVersion", 0) >= _SNAPSHOTS


def streamed(
    client: MongoClient[dict[str, Any]], database: str, reading: Reading, session: ClientSession | None = None
) -> Generator[Documents]:
    """The documents; the next ones are fetched while some are worked on. What is left unread is stopped on the server.

    Args:
        session: Reads in this session; None = in one of its own, as of one moment where that is wanted and can be.
    """
    from bson import decode_all

    own = None
    if session is None:
        own = client.start_session(snapshot=reading.question.snapshot and snapshots(client))
    cursor = reading.raw(client[database], session or own)

    def stop() -> None:
        if cursor.cursor_id:
            client[database].command({"killCursors": reading.question.collection, "cursors": [cursor.cursor_id]})

    try:
        first = next(cursor, b"")
        with closing(ahead(chain([first], cursor), stop)) as raw:
            for some in raw:
                if documents := decode_all(some, codec()):
                    yield documents
    finally:
        cursor.close()
        if own is not None:
            own.end_session()


def planned(client: MongoClient[dict[str, Any]], database: str, question: Question, head: types.Sample) -> Plan:
    """The columns that the first documents of a question show; fields that only the newest ones have are added."""
    settled = head.settled()
    expected = None
    if not question.filter and question.pipeline is None:
        target = client[database].get_collection(question.collection, codec_options=codec())
        expected = int(target.estimated_document_count())
        if expected > head.rows:
            newest = types.Sample()
            newest.take(list(target.find({}, question.projection, sort=[("_id", -1)], limit=_NEWEST)))
            for name, kind in newest.settled().items():
                if not settled.get(name, ("", 0))[0]:
                    settled[name] = kind
    names, notes = _types.column_names(settled)
    if head.both:
        shown = ", ".join(head.both[:10]) + (" …" if len(head.both) > 10 else "")
        notes.append(f"A field may be null or missing, and is null here both times: {shown}.")
    if mixed := [name for name, (kind, _) in zip(names, settled.values(), strict=True) if kind == "mixed"]:
        notes.append(f"Values of several types are text, those that are none are also in _rescued: {', '.join(mixed)}.")
    return Plan(types.columns(settled, names), notes, expected)


def looked(client: MongoClient[dict[str, Any]], database: str, question: Question, most: int) -> Plan:
    """The plan by the first documents of a question, read for that alone."""
    sample = types.Sample()
    with closing(streamed(client, database, Reading(question, limit=most))) as some:
        for documents in some:
            sample.take(documents)
    return planned(client, database, question, sample)


def peeked(
    client: MongoClient[dict[str, Any]],
    database: str,
    question: Question,
    most: int,
    session: ClientSession | None = None,
) -> tuple[Plan, Generator[Documents]]:
    """The plan by the first documents, and all documents, those first."""
    stream = streamed(client, database, Reading(question), session)
    sample = types.Sample()
    held: list[Documents] = []
    try:
        for documents in stream:
            sample.take(documents[: most - sample.rows])
            held.append(documents)
            if sample.rows >= most:
                break
        plan = planned(client, database, question, sample)
    except BaseException:
        stream.close()
        raise
    return plan, _joined(held, stream)


def _joined(held: list[Documents], stream: Generator[Documents]) -> Generator[Documents]:
    with closing(stream):
        while held:
            yield held.pop(0)
        yield from stream
