"""What a source promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl
import pyarrow as pa

from automic_core import frames
from automic_core.contracts.incremental import Bound
from automic_core.contracts.options import check_pair
from automic_core.records import Record, RecordMetadata, Schema


@dataclass(frozen=True)
class ReadRequest:
    """What a reader may leave unread.

    Attributes:
        columns: Names wanted; None = all.
        limit: Number of rows wanted; None = all.
        on_rows: Told, batch by batch, how many rows a scan has read so far; not called by an overridden ``scan``.
        bound: Rows wanted by one column; None = all. A source may deliver others too: ``extraction.bounded`` asks
            sources that are ``bounding`` and leaves out what is too much.
    """

    columns: tuple[str, ...] | None = None
    limit: int | None = None
    on_rows: Callable[[int], None] | None = None
    bound: Bound | None = None


class SourceAdapter:
    """Reads rows. Override ONE of ``scan`` (a lazy frame), ``batches`` (Arrow record batches), ``read`` (records).

    Two optional columns carry what a reader knows: ``_source_row`` (1-based record ordinal) and ``_rescued`` (JSON
    text of what did not fit: ``{"line", "byte", "reason", "text"}`` for a malformed record, ``{"values": {column:
    raw}}`` for single values). A row whose ``_rescued`` has a ``reason`` is quarantined by the run loop. Other names
    that begin with an underscore are data like any; the run loop calls ``_id`` then ``id``.

    Attributes:
        repeatable: Whether the rows can be read again.
        tracked: Whether names that begin with an underscore are Automic's own bookkeeping (tables of a lake).
        bounding: Whether it leaves rows unread that are out of the bound of a request, as far as it can tell.
    """

    kind: ClassVar[str] = ""
    repeatable: ClassVar[bool] = True
    tracked: ClassVar[bool] = False
    bounding: ClassVar[bool] = False

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not abstract:
            check_pair(cls, SourceAdapter, ("scan", "batches", "read"))

    @property
    def name(self) -> str:
        """Short name of what is read; names default tables and reports."""
        return self.kind or type(self).__name__

    @property
    def identity(self) -> str:
        """Where the rows come from, in full (a path, a URL, a table): what bronze records as ``_source``."""
        return self.name

    def parts(self) -> Sequence[SourceAdapter]:
        """The sources this one is made of (the files of a glob); the lakehouse takes each as one batch."""
        return [self]

    def content_hash(self) -> str | None:
        """A hash of the stored content, if it can be had without reading the rows; equal content is one batch."""
        return None

    def connect(self) -> None:
        """Open what reading needs; called once before reading."""

    def close(self) -> None:
        """Release what ``connect`` opened; called once, also after an error."""

    def check(self) -> None:
        """Test the connection: read the first row."""
        self.scan(ReadRequest(limit=1)).collect()

    def get_schema(self) -> Schema:
        """Column names and types as this source delivers them."""
        from automic_core.schemas import from_polars

        return from_polars(self.scan(ReadRequest(limit=1000)).collect_schema(), self.name)

    def expect(self, first: pa.RecordBatch) -> int | None:
        """About how many rows there are, judged by the first batch; None if it cannot be told. For progress only."""
        return None

    def locate(self, record: int) -> int | None:
        """The physical line (sheet row, XML line; from 1) at which a record begins; reads the source up to it again.

        Args:
            record: Ordinal of the record, from 1, as in ``_source_row``.

        Returns:
            None if the source has no lines or cannot tell; one of several files is asked through ``parts``.

        Raises:
            SourceError: There is no such record; says how many there are.
        """
        return None

    def notes(self) -> list[str]:
        """Sentences a person should read about this source (renamed columns, chosen dialect)."""
        return []

    def scan(self, request: ReadRequest = ReadRequest()) -> pl.LazyFrame:
        """The rows as a lazy frame. Peeks one batch to learn the schema; that batch is the first one delivered."""
        if type(self).batches is not SourceAdapter.batches:
            return _lazy_from_batches(self, request)
        return _lazy_from_records(self, request)

    def batches(self, request: ReadRequest = ReadRequest()) -> Iterator[pa.RecordBatch]:
        """The rows as Arrow record batches of one schema."""
        for batch in frames.stream(self.scan(request)):
            yield from batch.to_arrow().to_batches()

    def read(self) -> Iterator[Record]:
        """The rows as records."""
        metadata = RecordMetadata(source_type=self.kind, source_id=self.name)
        for batch in frames.stream(self.scan()):
            yield from frames.to_records(batch, metadata)


def _lazy_from_batches(source: SourceAdapter, request: ReadRequest) -> pl.LazyFrame:
    """A lazy frame over ``source.batches``; the batch peeked for the schema is handed to the first scan."""
    held: list[tuple[pl.DataFrame, Iterator[pa.RecordBatch]]] = []
    reader = source.batches(request)
    first = next(reader, None)
    if first is None:
        return pl.LazyFrame()
    head = frames.from_arrow(first)
    held.append((head, reader))

    def produce(_rows: int | None) -> Iterator[pl.DataFrame]:
        if held:
            start, rest = held.pop()
            yield start
        else:
            rest = source.batches(request)
        for batch in rest:
            yield frames.from_arrow(batch)

    return frames.lazy(produce, head.schema, request.on_rows)


def _lazy_from_records(source: SourceAdapter, request: ReadRequest) -> pl.LazyFrame:
    """A lazy frame over ``source.read``; keys first seen after the first batch go to ``_rescued``."""

    def chunks(records: Iterator[Record]) -> Iterator[list[dict[str, Any]]]:
        rows: list[dict[str, Any]] = []
        for count, record in enumerate(records, 1):
            rows.append(record.data)
            if len(rows) == 10_000 or count == request.limit:
                yield rows
                rows = []
            if count == request.limit:
                return
        if rows:
            yield rows

    stream = chunks(source.read())
    first = next(stream, None)
    if first is None:
        return pl.LazyFrame()
    schema = {**frames.from_rows(first).schema, frames.RESCUED: pl.String}
    held = [(first, stream)]

    def produce(_rows: int | None) -> Iterator[pl.DataFrame]:
        if held:
            start, rest = held.pop()
            yield frames.from_rows(start, schema)
        else:
            rest = chunks(source.read())
        for rows in rest:
            yield frames.from_rows(rows, schema)

    return frames.lazy(produce, schema, request.on_rows)
