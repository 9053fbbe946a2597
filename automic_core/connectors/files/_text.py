"""Files whose values are text: numbering, aligning several files by column name, typing, projection and limit."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import Annotated, Any, Literal, Protocol, cast

import numpy as np
import polars as pl
import pyarrow as pa
from pydantic import Field as Option

from automic_core import frames
from automic_core.connectors._files import FileSource
from automic_core.connectors.files import _types
from automic_core.contracts import ReadRequest, configured
from automic_core.errors import SourceError, translate
from automic_core.records import Field, FieldType
from automic_core.storage import Location

SOURCE_ROW = "_source_row"
HIDDEN = (SOURCE_ROW, frames.RESCUED)
_HEAD_BYTES = 64 << 20


class Reader(Protocol):
    """One file as Arrow batches of text; every record is a row."""

    notes: list[str]

    @property
    def facts(self) -> Mapping[str, Any]:
        """What was found out about the way the file is written, or given, under the names of the options."""

    @property
    def columns(self) -> Sequence[str]:
        """Names of the data columns."""

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """All rows, with those of ``columns`` that the file has, and ``_rescued``; each call reads it again."""

    def locate(self, record: int) -> int | None:
        """The physical line at which a record begins, both from 1; None = cannot be told."""

    def allowed(self) -> Mapping[str, Collection[FieldType]]:
        """Types that columns may get, as far as the rows read so far tell; one that is not named may get any."""


@configured
class TextSource(FileSource, abstract=True):
    """Reads files of text values."""

    types: Annotated[
        Literal["infer", "text"],
        Option(description="infer: what survives a round trip becomes a number, date or boolean. text: as written."),
    ] = "infer"
    infer_rows: Annotated[
        int,
        Option(ge=1, description="Rows that decide on the types; a later value that does not fit goes to _rescued."),
    ] = 100_000

    def open_file(self, location: Location) -> Reader:
        """A reader of one file."""
        raise TypeError(f"{type(self).__name__} must override open_file.")

    def nulls(self) -> Sequence[str]:
        """Texts that mean "no value" when types are inferred."""
        return ()

    def notes(self) -> list[str]:
        """The dialect, the encoding, renamed columns and what else a person should know."""
        several = len(self.locations) > 1
        return [
            f"{location.name}: {note}" if several else note
            for location, reader in zip(self.locations, self._readers(), strict=True)
            for note in reader.notes
        ]

    def facts(self) -> list[Mapping[str, Any]]:
        """What was found out about the way each file is written, by name of option where there is one."""
        return [reader.facts for reader in self._readers()]

    def locate(self, record: int) -> int | None:
        """The physical line at which a record begins; None for several files, whose records are numbered each."""
        with translate(SourceError, f"Looking for record {record} of {self.path}"):
            readers = self._readers()
            return readers[0].locate(record) if len(readers) == 1 else None

    def batches(self, request: ReadRequest = ReadRequest()) -> Iterator[pa.RecordBatch]:
        """The rows, with ``_source_row`` and ``_rescued``; at least one batch, which may be empty."""
        wanted = self._wanted(request.columns)
        data = [name for name in wanted if name not in HIDDEN]
        stream = self._numbered(data)
        if self.types == "infer":
            stream = self._typed(stream, data)
        left = request.limit
        for batch in stream:
            batch = batch.select(wanted)
            if left is not None:
                batch = batch.slice(0, left)
                left -= len(batch)
            yield batch
            if left == 0:
                return

    def _readers(self) -> list[Reader]:
        known = self.__dict__
        if "_known_readers" not in known:
            known["_known_readers"] = [self.open_file(location) for location in self.locations]
        return cast(list[Reader], known["_known_readers"])

    def _wanted(self, columns: Sequence[str] | None) -> list[str]:
        present = [*dict.fromkeys(name for reader in self._readers() for name in reader.columns), *HIDDEN]
        if columns is None:
            return present
        if missing := [name for name in columns if name not in present]:
            raise SourceError(f"{self.path} has no column {missing[0]!r}.", f"Its columns: {', '.join(present[:30])}.")
        return list(columns)

    def _numbered(self, data: Sequence[str]) -> Iterator[pa.RecordBatch]:
        schema = pa.schema(
            [*((name, pa.string()) for name in data), (SOURCE_ROW, pa.int64()), (frames.RESCUED, pa.string())]
        )
        empty, asked = True, set(data)
        for reader in self._readers():
            row = 1
            for batch in reader.batches([name for name in reader.columns if name in asked]):
                if not len(batch):
                    continue
                empty = False
                present = {name: batch.column(place) for place, name in enumerate(batch.schema.names)}
                present[SOURCE_ROW] = pa.array(np.arange(row, row + len(batch), dtype=np.int64))
                row += len(batch)
                arrays = [present[n] if n in present else pa.nulls(len(batch), pa.string()) for n in schema.names]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)
        if empty:
            yield pa.RecordBatch.from_pylist([], schema)

    def _typed(self, stream: Iterator[pa.RecordBatch], data: Sequence[str]) -> Iterator[pa.RecordBatch]:
        fields: dict[str, Field | None] = self.__dict__.setdefault("_known_fields", {})
        if any(name not in fields for name in data):
            head, rows, size = [], 0, 0
            for batch in stream:
                head.append(batch)
                rows, size = rows + len(batch), size + batch.nbytes
                if rows >= self.infer_rows or size >= _HEAD_BYTES:
                    break
            first = frames.from_arrow(pa.Table.from_batches(head)).head(self.infer_rows)
            found = _types.infer(first, data, self.nulls(), self._allowed())
            fields.update({name: found.get(name) for name in data})
            stream = chain(head, stream)
        chosen = {name: field for name in data if (field := fields[name]) is not None}
        for batch in stream:
            typed = _types.cast(frames.from_arrow(batch), data, chosen, self.nulls())
            yield from typed.rechunk().to_arrow().to_batches() or [_empty(typed)]

    def _allowed(self) -> dict[str, Collection[FieldType]]:
        allowed: dict[str, Collection[FieldType]] = {}
        for reader in self._readers():
            for name, types in reader.allowed().items():
                allowed[name] = frozenset(allowed[name]) & frozenset(types) if name in allowed else types
        return allowed


def _empty(frame: pl.DataFrame) -> pa.RecordBatch:
    schema = frame.to_arrow().schema
    return pa.RecordBatch.from_arrays([pa.array([], field.type) for field in schema], schema=schema)
