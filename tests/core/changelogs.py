"""A table that lives in memory and keeps a log, to be followed without a server; and messages of pgoutput as bytes."""

from __future__ import annotations

import json
import struct
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pyarrow as pa

from automic_core import frames
from automic_core.contracts import ReadRequest, SourceAdapter
from automic_core.contracts.changes import CHANGE_COLUMNS, Beginning, Piece

START = datetime(2026, 1, 1, tzinfo=UTC)
COLUMNS = {"id": pa.int64(), "v": pa.string(), "w": pa.string()}
Change = tuple[str, int | None, str | None, str | None, tuple[str, ...]]
"""Op, key, two values, and the columns whose value is not repeated."""


class Table:
    """What a table holds, and the transactions that made it.

    Attributes:
        rows: Key to its values.
        log: One list of changes a transaction.
        confirmed: What the reader said that it has.
        readers: Who reads it now.
    """

    def __init__(self) -> None:
        self.rows: dict[int, tuple[str | None, str | None]] = {}
        self.log: list[list[Change]] = []
        self.confirmed = 0
        self.readers = 0

    @contextmanager
    def read(self) -> Iterator[None]:
        """Count one more reader."""
        self.readers += 1
        try:
            yield
        finally:
            self.readers -= 1

    def commit(self, steps: Sequence[tuple[Any, ...]]) -> None:
        """One transaction of steps: put (key, v, w; "=" leaves a value alone), drop (key), move (key, to), empty."""
        made: list[Change] = []
        for what, *how in steps:
            made.extend(getattr(self, f"_{what}")(*how))
        if made:
            self.log.append(made)

    def _put(self, key: int, v: str | None, w: str | None) -> Iterator[Change]:
        before = self.rows.get(key)
        if before is None:
            before = (None, None)
            v, w = (None if x == "=" else x for x in (v, w))
            self.rows[key] = (v, w)
            yield "i", key, v, w, ()
            return
        told = [None if x == "=" else x for x in (v, w)]
        left = tuple(name for name, x in zip(("v", "w"), (v, w), strict=True) if x == "=")
        self.rows[key] = (before[0] if v == "=" else v, before[1] if w == "=" else w)
        yield "u", key, told[0], told[1], left

    def _drop(self, key: int) -> Iterator[Change]:
        if self.rows.pop(key, None) is not None:
            yield "d", key, None, None, ()

    def _move(self, key: int, to: int) -> Iterator[Change]:
        if key in self.rows and to not in self.rows:
            self.rows[to] = values = self.rows.pop(key)
            yield "d", key, None, None, ()
            yield "u", to, *values, ()

    def _empty(self) -> Iterator[Change]:
        self.rows.clear()
        yield "t", None, None, None, ()


class MemorySource(SourceAdapter):
    """Reads such a table and follows it; a position is the number of transactions that were read."""

    kind: ClassVar[str] = "memory"

    def __init__(self, table: Table, pieces: int = 1_000) -> None:
        self.table, self._pieces = table, pieces

    def batches(self, request: ReadRequest = ReadRequest()) -> Generator[pa.RecordBatch]:
        rows = [(key, *values) for key, values in self.table.rows.items()]
        with self.table.read():
            yield pa.RecordBatch.from_pydict(
                {name: pa.array([row[n] for row in rows], kind) for n, (name, kind) in enumerate(COLUMNS.items())}
            )

    def change_log(self, name: str, keys: Sequence[str] | None = None) -> MemoryLog:
        return MemoryLog(self.table, self._pieces)


class MemoryLog:
    """The log of such a table, in pieces of some transactions."""

    keys: ClassVar[list[str]] = ["id"]

    def __init__(self, table: Table, pieces: int) -> None:
        self._table, self._pieces = table, pieces

    def begin(self) -> Beginning:
        return Beginning(str(len(self._table.log)), "memory", MemorySource(self._table).batches())

    def changes(self, position: str, origin: str, *, until_now: bool) -> Generator[Piece]:
        place, end = int(position), len(self._table.log)
        with self._table.read():
            while place < end:
                upto = min(place + self._pieces, end)
                rows = [(number, change) for number in range(place, upto) for change in self._table.log[number]]
                place = upto
                yield Piece(_batch(rows), str(place), last=place == end)
            if not end > int(position):
                yield Piece(None, str(place), last=True)

    def acknowledge(self, position: str) -> None:
        self._table.confirmed = int(position)

    def forget(self) -> None:
        return None

    def notes(self) -> list[str]:
        return []


def _batch(rows: Sequence[tuple[int, Change]]) -> pa.RecordBatch:
    columns: dict[str, list[Any]] = {
        "id": [change[1] for _, change in rows],
        "v": [change[2] for _, change in rows],
        "w": [change[3] for _, change in rows],
        "_op": [change[0] for _, change in rows],
        "_lsn": [f"{number:08}" for number, _ in rows],
        "_committed_at": [START + timedelta(seconds=number) for number, _ in rows],
        "_unchanged": [json.dumps(change[4]) if change[4] else None for _, change in rows],
        frames.RESCUED: [None] * len(rows),
    }
    kinds = {**COLUMNS, **CHANGE_COLUMNS, frames.RESCUED: pa.string()}
    return pa.RecordBatch.from_pydict({name: pa.array(values, kinds[name]) for name, values in columns.items()})


# pgoutput, as https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html says


def begin(lsn: int, at: int, xid: int) -> bytes:
    return b"B" + struct.pack("!QqI", lsn, at, xid)


def commit(lsn: int, end: int, at: int) -> bytes:
    return b"C" + struct.pack("!BQQq", 0, lsn, end, at)


def relation(oid: int, schema: str, name: str, identity: str, columns: Sequence[tuple[bool, str, int, int]]) -> bytes:
    parts = [b"R", struct.pack("!I", oid), schema.encode() + b"\0", name.encode() + b"\0", identity.encode()]
    parts.append(struct.pack("!h", len(columns)))
    for key, column, kind, modifier in columns:
        parts.append(struct.pack("!B", key) + column.encode() + b"\0" + struct.pack("!Ii", kind, modifier))
    return b"".join(parts)


def cells(values: Sequence[bytes | str | None]) -> bytes:
    """Texts as bytes, null, or "u" for what an update left alone."""
    found = [struct.pack("!h", len(values))]
    for value in values:
        if value is None:
            found.append(b"n")
        elif isinstance(value, str):
            found.append(b"u")
        else:
            found.append(b"t" + struct.pack("!i", len(value)) + value)
    return b"".join(found)


def insert(oid: int, new: Sequence[Any]) -> bytes:
    return b"I" + struct.pack("!I", oid) + b"N" + cells(new)


def update(oid: int, new: Sequence[Any], old: Sequence[Any] | None = None, kind: bytes = b"K") -> bytes:
    before = b"" if old is None else kind + cells(old)
    return b"U" + struct.pack("!I", oid) + before + b"N" + cells(new)


def delete(oid: int, old: Sequence[Any], kind: bytes = b"K") -> bytes:
    return b"D" + struct.pack("!I", oid) + kind + cells(old)


def truncate(*oids: int) -> bytes:
    return b"T" + struct.pack("!iB", len(oids), 0) + struct.pack(f"!{len(oids)}I", *oids)
