"""What is asked of the server, and the columns that its answers show."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

from automic_core.connectors._ahead import ahead
from automic_core.connectors.databases import _mongodb_types as types
from automic_core.connectors.databases._mongodb_bounds import condition
from automic_core.connectors.databases._mongodb_rows import Documents, Plan
from automic_core.connectors.databases._mongodb_session import drivers
from automic_core.connectors.databases._mongodb_values import codec
from automic_core.connectors.files import _types
from automic_core.contracts import Bound
from automic_core.errors import ConfigError

if TYPE_CHECKING:
    from pymongo import MongoClient
    from pymongo.client_session import ClientSession
    from pymongo.database import Database

BATCH_ROWS = 10_000
_SNAPSHOTS = 13  # wire version of MongoDB 5.0, the first that reads as of one moment outside of a transaction
_NEWEST = 1_000  # documents, for fields that came later


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
        projection = asked.projection if asked.projection is not None else _only(self.names)
        if asked.pipeline is None:
            filters = [dict(each) for each in (asked.filter, self.bound) if each]
            whole = filters[0] if len(filters) == 1 else {"$and": filters} if filters else {}
            cursor = target.find_raw_batches(whole, projection, batch_size=BATCH_ROWS, limit=self.limit or 0, **some)
            return cursor if asked.most is None else cursor.max_time_ms(asked.most)
        stages: list[Mapping[str, Any]] = [{"$match": asked.filter}] if asked.filter else []
        stages += asked.pipeline
        stages += [{"$match": self.bound}] if self.bound else []
        stages += [{"$project": projection}] if projection else []
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


def parsed(text: str | None, what: str, kind: type) -> Any:
    """Extended JSON as BSON values.

    Raises:
        ConfigError: It is none, or not a document (an array of them) where one is needed.
        MissingDriverError: The driver, which knows Extended JSON, is missing.
    """
    if text is None:
        return None
    drivers()
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
