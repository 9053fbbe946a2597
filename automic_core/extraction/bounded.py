"""Reading within a bound: what a source can leave unread it does, the rest is left out here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import polars as pl
import pyarrow as pa

from automic_core import frames
from automic_core.contracts import Bound, ReadRequest, SourceAdapter
from automic_core.extraction.cursors import Cursor, cursor


def scan(source: SourceAdapter, request: ReadRequest) -> pl.LazyFrame:
    """As ``source.scan``, for a request with or without a bound.

    Raises:
        SourceError: The column of the bound is missing or has no order.
        SchemaError: The bound is of another kind than the column.
    """
    if request.bound is None:
        return source.scan(request)
    frame = source.scan(_asked(source, request, request.bound))
    schema = frame.collect_schema()
    if not schema:  # records without a first one
        return frame
    frame = frame.filter(_condition(schema, request.bound, source.identity))
    frame = frame if request.columns is None else frame.select(request.columns)
    return frame if request.limit is None else frame.head(request.limit)


def batches(source: SourceAdapter, request: ReadRequest) -> Iterator[pa.RecordBatch]:
    """As ``source.batches``, for a request with or without a bound; at least one batch, if the source gives one.

    Raises:
        SourceError: The column of the bound is missing or has no order.
        SchemaError: The bound is of another kind than the column.
    """
    if request.bound is None:
        yield from source.batches(request)
        return
    if type(source).batches is SourceAdapter.batches or request.columns is not None or request.limit is not None:
        yield from _streamed(scan(source, request))
        return
    wanted: pl.Expr | None = None
    for batch in source.batches(_asked(source, request, request.bound)):
        frame = frames.from_arrow(batch)
        first = wanted is None
        if wanted is None:
            wanted = _condition(frame.schema, request.bound, source.identity)
        kept = frame.select(wanted.alias("")).to_series()
        if kept.all():
            yield batch
        elif first or kept.any():
            yield batch.filter(kept.to_arrow())


def _streamed(frame: pl.LazyFrame) -> Iterator[pa.RecordBatch]:
    """A frame as Arrow batches; an empty one too, if it has columns."""
    stream, empty = frames.stream(frame), True
    for piece in stream:
        for batch in piece.to_arrow(compat_level=pl.CompatLevel.oldest()).to_batches():
            yield batch
            empty = False
    if empty and stream.schema:
        schema = pl.DataFrame(schema=stream.schema).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
        yield pa.RecordBatch.from_arrays([pa.array([], field.type) for field in schema], schema=schema)


def within(found: Cursor, bound: Bound) -> pl.Expr:
    """Whether a row is wanted, by its cursor; told so that a reader of Parquet can leave out parts by their bounds."""
    value, inside = found.values, pl.lit(True)
    if bound.since is not None:
        inside = inside & (value >= pl.lit(found.checked(bound.since, "the watermark")))
    if bound.until is not None:
        inside = inside & (value < pl.lit(found.checked(bound.until, "the end")))
    return inside | value.is_null() if bound.nulls else inside & value.is_not_null()


def _condition(schema: Mapping[str, pl.DataType], bound: Bound, where: str) -> pl.Expr:
    return within(cursor(schema, bound.column, bound.type, where), bound)


def _asked(source: SourceAdapter, request: ReadRequest, bound: Bound) -> ReadRequest:
    """What the source itself is asked for: a limit counts rows within the bound, so it is kept here."""
    columns = request.columns
    if columns is not None and bound.column not in columns:
        columns = (*columns, bound.column)
    return replace(request, columns=columns, limit=None, bound=bound if source.bounding else None)
