"""The changes of one MongoDB collection: a snapshot joined with a place in the server's log, then a change stream."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from automic_core import frames
from automic_core.connectors.databases import _mongodb_catalog as catalog
from automic_core.connectors.databases import _mongodb_reading as reading
from automic_core.connectors.databases import _mongodb_session as session
from automic_core.connectors.databases._mongodb_changes import Changes, Columns, time_of
from automic_core.connectors.databases._mongodb_rows import Rows
from automic_core.connectors.databases._mongodb_types import Column
from automic_core.connectors.databases._mongodb_values import codec
from automic_core.contracts.changes import AGAIN, Beginning, Piece
from automic_core.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from pymongo import MongoClient
    from pymongo.change_stream import ChangeStream
    from pymongo.collection import Collection

TICK = 0.2  # seconds after which a piece comes
MOST_ROWS = 20_000  # of a piece
DUE_SECONDS = 600
"""A place in the log that is older than this is committed anew although nothing changed: the server forgets."""
_GONE = {
    "drop": "was dropped",
    "dropDatabase": "was dropped",
    "rename": "has another name now",
    "invalidate": "is gone",
}


@dataclass(frozen=True)
class Position:
    """A place in the log, as text: the server's token, its time, and columns that came with changes.

    Attributes:
        seconds: Time of the server, since 1970, at which nothing before it was missing.
        added: Columns that the snapshot did not have.
    """

    token: str
    seconds: int
    added: tuple[Column, ...] = ()

    def __str__(self) -> str:
        added = json.dumps([[c.field, c.name, c.kind, c.scale] for c in self.added]) if self.added else ""
        return f"{self.token} {self.seconds} {added}".rstrip()

    @staticmethod
    def of(text: str) -> Position:
        """The place that a text tells."""
        token, seconds, *added = text.split(" ", 2)
        return Position(token, int(seconds), tuple(Column(*each) for each in json.loads(added[0] if added else "[]")))


class MongoDBLog:
    """A ``ChangeLog`` by a change stream. The server keeps nothing for its readers: its log has a size, or a time.

    An update is told with the document as it is when the change is read, and with the fields that the change set; a
    collection with ``changeStreamPreAndPostImages`` tells the document as it was after each change.
    """

    def __init__(
        self, access: session.Access, table: str | None, where: str, retries: int, most: int, keys: Sequence[str] | None
    ) -> None:
        self._access, self._where, self._retries, self._most = access, where, retries, most
        if keys is not None and (len(keys) != 1 or not re.fullmatch("_?id_*", keys[0])):
            raise ConfigError(f"A document is known by _id, not by {', '.join(keys)}.", "Leave the keys out.")
        self._keys = list(keys) if keys is not None and keys != ["_id"] else []
        with self._translated():
            self._found = session.ERRORS.trying(retries, lambda: self._looked(table))

    @property
    def keys(self) -> list[str]:
        return self._keys

    def notes(self) -> list[str]:
        """What a person should know of the collection's log."""
        if self._found.images:
            return []
        return ["An update shows its document as it is when the change is read: changeStreamPreAndPostImages is off."]

    def begin(self) -> Beginning:
        """Note where the log is, and read the documents as of a moment after that."""
        with self._translated():
            client = session.ERRORS.trying(self._retries, lambda: session.opened(self._access))
            try:
                target = client[self._access.database][self._found.name]
                with target.watch(max_await_time_ms=1) as stream:
                    token = (stream.resume_token or {}).get("_data")
                if not token:
                    raise SourceError(f"{self._where}: the server tells no place in its log.", "MongoDB 5.0 is needed.")
                return self._begun(client, str(token))
            except BaseException:
                client.close()
                raise

    def _begun(self, client: MongoClient[dict[str, Any]], token: str) -> Beginning:
        moment = client.start_session(snapshot=True)
        question = reading.Question(self._found.name, most=None)
        plan, documents = reading.peeked(client, self._access.database, question, self._most, moment)
        # pymongo has no public name for it: changes up to here are in the documents already
        since = getattr(moment, "_snapshot_time", None)
        columns = Columns.of(plan.columns)
        now = time_of(client.admin.command("ping"))
        about = {
            "collection": self._found.uuid,
            "columns": [[c.field, c.name, c.kind, c.scale] for c in columns.all],
            "since": [since.time, since.inc] if since is not None else [0, 0],
        }
        rows = Rows(replace(plan, columns=columns.all), [*(c.name for c in columns.all), frames.RESCUED])

        def batches() -> Generator[pa.RecordBatch]:
            with self._translated(), closing(client), moment, closing(documents):
                empty = True
                for some in documents:
                    yield columns.check(rows.batch(some, 0), some)
                    empty = False
                if empty:
                    yield rows.batch([], 0)

        return Beginning(str(Position(token, now.time)), json.dumps(about), batches())

    def changes(self, position: str, origin: str, *, until_now: bool) -> Generator[Piece]:
        """What was committed after a position."""
        with (
            self._translated(),
            closing(session.ERRORS.trying(self._retries, lambda: session.opened(self._access))) as client,
        ):
            yield from self._told(client, Position.of(position), json.loads(origin), until_now)

    def acknowledge(self, position: str) -> None:
        """The server keeps its log by size and time only, so there is nothing to tell it."""

    def forget(self) -> None:
        """The server keeps nothing for this reader."""

    def _told(
        self, client: MongoClient[dict[str, Any]], position: Position, origin: dict[str, Any], until_now: bool
    ) -> Generator[Piece]:
        found = catalog.found(client[self._access.database], self._found.name, self._where)
        if found.uuid != origin["collection"]:
            raise SourceError(f"{self._where}: changes are lost: the collection was made anew meanwhile.", AGAIN)
        columns = Columns([Column(*each) for each in origin["columns"]], list(position.added))
        changes = Changes(columns, tuple(origin["since"]))
        target = self._present(client)
        began = tick = time.monotonic()
        documents = client[self._access.database].get_collection(found.name, codec_options=codec())
        with self._refusing(), self._stream(documents, position.token, found.images) as stream:
            while True:
                event = stream.try_next()
                if event is not None and (why := _GONE.get(event["operationType"])) is not None:
                    if (rows := changes.cut()) is not None:
                        yield Piece(rows)
                    raise SourceError(f"{self._where}: changes are lost: the collection {why}.", AGAIN)
                if event is not None:
                    if event["operationType"] == "update" and event.get("fullDocument") is None and found.images:
                        event["fullDocument"] = documents.find_one(event["documentKey"])  # it is not kept any more
                    changes.take(event)
                    if changes.waiting < MOST_ROWS and time.monotonic() - tick < TICK:
                        continue
                tick = time.monotonic()
                whole = event is None or "txnNumber" not in event  # a transaction may go on; then nothing is settled
                last = until_now and whole and (event is None or changes.reached > target)
                rows = changes.cut()
                token = str((stream.resume_token or {}).get("_data") or position.token)
                now = Position(token, target[0] + int(tick - began), tuple(columns.added))
                due = rows is None and now.token != position.token and now.seconds - position.seconds >= DUE_SECONDS
                if whole and (rows is not None or due):
                    position = now
                yield Piece(rows, str(now) if whole else None, due, last)
                if last:
                    return

    def _present(self, client: MongoClient[dict[str, Any]]) -> tuple[int, int]:
        """The time of the server now, once everything before it can be read by everybody."""
        from pymongo.read_concern import ReadConcern

        now = time_of(client.admin.command("ping"))
        with client.start_session(causal_consistency=True) as waiting:
            waiting.advance_operation_time(now)
            settled = client[self._access.database].get_collection(
                self._found.name, read_concern=ReadConcern("majority")
            )
            settled.find_one({}, {"_id": 1}, session=waiting)
        return now.time, now.inc

    @staticmethod
    def _stream(target: Collection[dict[str, Any]], token: str, images: bool) -> ChangeStream[dict[str, Any]]:
        document = "whenAvailable" if images else "updateLookup"
        return target.watch(resume_after={"_data": token}, full_document=document, max_await_time_ms=int(TICK * 1000))

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        from pymongo.errors import OperationFailure

        try:
            yield
        except OperationFailure as exc:
            if session.code_of(exc) not in session.LOST_LOG:
                raise
            raise SourceError(
                f"{self._where}: changes are lost: the server's log does not reach back that far "
                f"({session.said(exc)}).",
                AGAIN,
            ) from exc

    def _looked(self, table: str | None) -> catalog.Collection:
        """The collection, and by which name its _id goes."""
        with closing(session.opened(self._access)) as client:
            if not reading.snapshots(client):
                raise SourceError(
                    f"{self._where}: the server keeps no log of changes: it is no replica set, or older than 5.0.",
                    "Start it as a replica set (one member will do), or compare (--compare).",
                )
            found = catalog.found(client[self._access.database], table, self._where)
            if found.view:
                raise SourceError(f"{self._where} is a view, which has no log of changes.", "Follow its collection.")
            if not self._keys:
                question = reading.Question(found.name)
                plan = reading.looked(client, self._access.database, question, 1_000)
                self._keys = [Columns.of(plan.columns).key]
            return found

    def _translated(self) -> Any:
        return session.ERRORS.translated(SourceError, f"Following {self._where}", self._access.password)
