"""Events of a change stream as changes of rows, with the columns that reading the collection gives."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from automic_core import frames
from automic_core.connectors.databases._mongodb_rows import Plan, Rows
from automic_core.connectors.databases._mongodb_types import Column, Sample
from automic_core.connectors.databases._mongodb_values import extended
from automic_core.connectors.files import _types
from automic_core.contracts.changes import CHANGE_COLUMNS, COMMITTED_AT, DELETE, INSERT, LSN, OP, UNCHANGED, UPDATE
from automic_core.errors import SourceError

ID = "_id"
_OPS = {"insert": INSERT, "update": UPDATE, "replace": UPDATE, "delete": DELETE}


def time_of(reply: Any) -> Any:
    """The server's own time (a Timestamp) at which it answered."""
    return reply["operationTime"]


class Columns:
    """Columns of a change log under the names that they have in the lake; new fields become columns, which stay.

    Attributes:
        added: Those that came with changes.
    """

    def __init__(self, first: Sequence[Column], added: Sequence[Column] = ()) -> None:
        self._first, self.added = list(first), list(added)
        self._fields = {column.field for column in self.all}

    @staticmethod
    def of(columns: Sequence[Column]) -> Columns:
        """Columns of a collection as it is read; _id is one of them, though there be no document yet."""
        found = list(columns)
        if not any(column.field == ID for column in found):
            found.insert(0, Column(ID, ID, "objectId"))
        found = [replace(c, kind="extended") if c.field == ID and c.kind == "mixed" else c for c in found]
        renamed = frames.shown([column.name for column in found])
        return Columns([replace(column, name=renamed.get(column.name, column.name)) for column in found])

    @property
    def key(self) -> str:
        """Name of the column of _id."""
        return next(column.name for column in self._first if column.field == ID)

    def check(self, rows: pa.RecordBatch, documents: Sequence[dict[str, Any]]) -> pa.RecordBatch:
        """The rows, if each of them can be told by its _id.

        Raises:
            SourceError: An _id is none of its column's, so that two might look alike.
        """
        name = self.key
        rescued = rows.column(frames.RESCUED)
        for row in pc.indices_nonzero(rescued.is_valid()).to_pylist() if rescued.null_count < len(rescued) else ():
            if name in json.loads(rescued[row].as_py())["values"]:
                break
        else:
            if not rows.column(name).null_count:
                return rows
            row = pc.indices_nonzero(rows.column(name).is_null())[0].as_py()
        raise SourceError(
            f"The _id {extended(documents[row][ID])} is of another type than those of the first documents.",
            "Raise 'sample_rows' until the sample has one of each type, and follow anew (--fresh).",
        )

    @property
    def all(self) -> list[Column]:
        return [*self._first, *self.added]

    def learn(self, documents: Sequence[dict[str, Any]]) -> None:
        """Make columns of fields that are none yet."""
        new = [{k: v for k, v in document.items() if k not in self._fields} for document in documents]
        sample = Sample()
        sample.take(new)
        for field, (kind, scale) in sample.settled().items():
            if kind:  # of a field that is only null nothing is known yet
                taken = [column.name for column in self.all]
                names, _ = _types.column_names([*taken, frames.shown([field]).get(field, field)])
                self.added.append(Column(field, names[-1], kind, scale))
                self._fields.add(field)


class Changes:
    """Takes events one by one and keeps the changes until they are cut off.

    Args:
        columns: The columns, which may become more.
        since: Time of the snapshot: what was committed up to then is in it.

    Attributes:
        reached: Time of the last event.
    """

    def __init__(self, columns: Columns, since: tuple[int, int]) -> None:
        self._columns, self._since = columns, since
        self.reached = (0, 0)
        self._documents: list[dict[str, Any]] = []
        self._about: list[tuple[str, str, datetime, bool]] = []

    @property
    def waiting(self) -> int:
        """Changes that were not cut off yet."""
        return len(self._documents)

    def take(self, event: dict[str, Any]) -> None:
        """Take one event; what is no change of a document is passed over."""
        at = event["clusterTime"]
        self.reached = max(self.reached, (at.time, at.inc))
        op = _OPS.get(event["operationType"])
        if op is None or (at.time, at.inc) <= self._since:
            return
        document, whole = _document(event)
        wall = event.get("wallTime")
        moment = wall if isinstance(wall, datetime) else at.as_datetime()
        self._documents.append(document)
        self._about.append((op, f"{at.time:010}.{at.inc:010}", moment.replace(tzinfo=UTC), whole))

    def cut(self) -> pa.RecordBatch | None:
        """What was kept, as the rows of a piece; afterwards nothing is."""
        if not self._documents:
            return None
        documents, about = self._documents, self._about
        self._documents, self._about = [], []
        self._columns.learn(documents)
        columns = self._columns.all
        names = [*(column.name for column in columns), frames.RESCUED]
        found = self._columns.check(Rows(Plan(columns, []), names).batch(documents, 0), documents)
        told = {
            OP: [op for op, *_ in about],
            LSN: [lsn for _, lsn, *_ in about],
            COMMITTED_AT: [moment for *_, moment, _ in about],
            UNCHANGED: [
                None if whole else json.dumps([c.name for c in columns if c.field not in document])
                for document, (*_, whole) in zip(documents, about, strict=True)
            ],
        }
        arrays = {name: found.column(name) for name in names}
        arrays |= {name: pa.array(told[name], kind) for name, kind in CHANGE_COLUMNS.items()}
        return pa.RecordBatch.from_pydict(arrays)


def _document(event: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The document after a change, and whether that is all of it; of a deleted one its key.

    What the change itself set is told as it was then; the rest as the server has it now. A document that is deleted by
    now is told as far as the change goes; its end comes later in the log.
    """
    key = {ID: event["documentKey"][ID]}
    if event["operationType"] == "delete":
        return key, True
    found = event.get("fullDocument")
    if event["operationType"] != "update":
        return found or key, True
    told = event.get("updateDescription") or {}
    changed = {name: value for name, value in (told.get("updatedFields") or {}).items() if "." not in name}
    removed = [name for name in told.get("removedFields") or () if "." not in name]
    if found is None:
        return {**key, **changed, **dict.fromkeys(removed)}, False
    document = {**found, **changed}
    for name in removed:
        document.pop(name, None)
    return document, True
