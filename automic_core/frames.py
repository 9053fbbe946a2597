"""Columns at heart: tracked lazy frames, streams of batches, and the way between columns and records.

The only file that touches Polars APIs marked unstable (``collect_batches``, ``register_io_source``).

A *tracked* frame carries two columns beside the data: ``_rid`` (int64, never null, unique in its segment) and
``_fate`` (null while the row is alive, else which step removed it, why, and into which row it was merged).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, cast

import polars as pl
import pyarrow as pa
from polars.io.plugins import register_io_source

from automic_core.records import Record, RecordMetadata

RID = "_rid"
FATE = "_fate"
WEIGHT = "_weight"
RESCUED = "_rescued"
SOURCE_ROW = "_source_row"
ORIGIN = "_origin"
WAIVED = "_waived"
FATE_TYPE = pl.Struct({"step": pl.String, "reason": pl.String, "into": pl.Int64})
BATCH_ROWS = 100_000

MERGED, FILTERED, QUARANTINED, DROPPED = "merged", "filtered", "quarantined", "dropped"

current_step: ContextVar[str] = ContextVar("current_step", default="step")
"""Id of the step whose plan is being built; the run loop sets it so that fates name the step."""

waivers_present: ContextVar[bool] = ContextVar("waivers_present", default=False)
"""Whether the frame has ``_waived``: text such as "|r1|cast|", the rules a person exempted the row from."""

table_resolver: ContextVar[Callable[[str], pl.LazyFrame] | None] = ContextVar("table_resolver", default=None)
"""Finds lake tables ("silver.customers") for steps with a second input; set by the lakehouse."""


def is_hidden(name: str) -> bool:
    """Whether a column is bookkeeping (leading underscore), not data."""
    return name.startswith("_")


def shown(names: Iterable[str]) -> dict[str, str]:
    """New names for a source's own columns that would pass for bookkeeping: "_id" becomes "id"."""
    taken = set(names)
    renamed = {}
    for name in names:
        if is_hidden(name) and name not in (RESCUED, SOURCE_ROW):
            new = name.lstrip("_") or "column"
            while new in taken:
                new += "_"
            taken.add(new)
            renamed[name] = new
    return renamed


def data_names(names: Iterable[str]) -> list[str]:
    """Those of the names that are data, in order."""
    return [name for name in names if not is_hidden(name)]


def data_columns(frame: pl.LazyFrame) -> list[str]:
    """Names of the data columns, in order."""
    return data_names(frame.collect_schema().names())


def track(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Add ``_rid`` (0, 1, 2 … unless there is one) and a null ``_fate``."""
    names = frame.collect_schema().names()
    if RID not in names:
        frame = frame.with_row_index(RID).with_columns(pl.col(RID).cast(pl.Int64))
    return frame if FATE in names else frame.with_columns(pl.lit(None, dtype=FATE_TYPE).alias(FATE))


def alive() -> pl.Expr:
    """True for rows no step has removed."""
    return pl.col(FATE).is_null()


def survivors(frame: pl.LazyFrame) -> pl.LazyFrame:
    """The rows still alive, without ``_fate``."""
    return frame.filter(alive()).drop(FATE)


def condemn(frame: pl.LazyFrame, where: pl.Expr, reason: str, into: pl.Expr | None = None) -> pl.LazyFrame:
    """Give the living rows for which ``where`` is true a fate; rows that already have one keep it.

    Args:
        frame: A tracked frame.
        where: Boolean; null counts as false.
        reason: ``category`` or ``category:detail``; the category is one of merged, filtered, quarantined, dropped.
        into: ``_rid`` of the surviving row, for merges.
    """
    if waivers_present.get() and reason.startswith(QUARANTINED):
        waived = pl.col(WAIVED).str.contains(f"|{reason.rpartition(':')[2]}|", literal=True)
        where = where & ~waived.fill_null(False)
    fate = pl.struct(
        pl.lit(current_step.get()).alias("step"),
        pl.lit(reason).alias("reason"),
        (pl.lit(None, dtype=pl.Int64) if into is None else into).alias("into"),
    )
    return frame.with_columns(pl.when(alive() & where).then(fate).otherwise(pl.col(FATE)).alias(FATE))


@dataclass(frozen=True)
class BatchStream:
    """A one-shot stream of eager batches with a known schema: what a loader consumes."""

    schema: pl.Schema
    batches: Iterator[pl.DataFrame]

    def __iter__(self) -> Iterator[pl.DataFrame]:
        return self.batches


OnRows = Callable[[int], None]
Frame = pl.LazyFrame | pl.DataFrame | BatchStream


def stream(frame: Frame, rows: int = BATCH_ROWS) -> BatchStream:
    """Batches of about ``rows`` rows, in row order, from any kind of frame."""
    if isinstance(frame, BatchStream):
        return frame
    if isinstance(frame, pl.DataFrame):
        return BatchStream(frame.schema, frame.iter_slices(rows))
    return BatchStream(frame.collect_schema(), frame.collect_batches(maintain_order=True, chunk_size=rows))


def lazy(
    produce: Callable[[int | None], Iterable[pl.DataFrame]],
    schema: Mapping[str, Any],
    on_rows: Callable[[int], None] | None = None,
) -> pl.LazyFrame:
    """A lazy frame over a Python producer of batches.

    Args:
        produce: Called once a scan with the wanted number of rows (None = all); yields batches with ``schema``.
        schema: Column name to Polars type.
        on_rows: Told, as each batch passes, how many rows this scan has delivered so far.
    """

    def source(
        with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, _batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        left, passed = n_rows, 0
        for batch in produce(n_rows):
            if left is not None:
                batch = batch.head(left)
                left -= batch.height
            if on_rows is not None:
                passed += batch.height
                on_rows(passed)
            if predicate is not None:
                batch = batch.filter(predicate)
            yield batch if with_columns is None else batch.select(with_columns)
            if left == 0:
                return

    return register_io_source(source, schema=pl.Schema(schema), validate_schema=False)


def from_arrow(batch: pa.RecordBatch | pa.Table) -> pl.DataFrame:
    """An Arrow batch as a Polars frame (zero copy where the layouts agree)."""
    return cast(pl.DataFrame, pl.from_arrow(batch))


def align(frame: pl.LazyFrame, schema: Mapping[str, Any]) -> pl.LazyFrame:
    """Exactly the columns of ``schema``, in its order and types; a missing column is null."""
    present = frame.collect_schema()
    return frame.select(
        pl.lit(None, dtype=dtype).alias(name)
        if name not in present
        else (pl.col(name) if present[name] == dtype else pl.col(name).cast(dtype))
        for name, dtype in schema.items()
    )


def border(schema: Mapping[str, Any]) -> list[pl.Expr]:
    """Casts that bring columns to the border types: microsecond timestamps, no dictionaries."""
    casts = []
    for name, dtype in schema.items():
        if isinstance(dtype, pl.Datetime) and dtype.time_unit != "us":
            casts.append(pl.col(name).cast(pl.Datetime("us", dtype.time_zone)))
        elif isinstance(dtype, pl.Categorical | pl.Enum):
            casts.append(pl.col(name).cast(pl.String))
    return casts


def to_records(batch: pl.DataFrame, metadata: RecordMetadata | None = None) -> Iterator[Record]:
    """The rows of a batch as records that share one metadata object."""
    shared = metadata or RecordMetadata()
    names = batch.columns
    for row in batch.iter_rows():
        yield Record(dict(zip(names, row, strict=True)), shared)


def plain(value: Any) -> Any:
    """A value a column can hold: dicts and mixed lists become JSON text, unknown objects their ``str``."""
    if isinstance(value, dict | list | tuple | set):
        return json.dumps(value, default=str, ensure_ascii=False)
    if value is None or isinstance(value, str | int | float | bool | bytes):
        return value
    if type(value).__module__ in {"datetime", "decimal"}:
        return value
    return str(value)


def from_rows(rows: list[dict[str, Any]], schema: Mapping[str, Any] | None = None) -> pl.DataFrame:
    """Rows of unlike shape as one frame.

    Without ``schema``: the columns are all keys in order of first sight, a column whose values do not agree on a type
    is text. With it: exactly those columns; a value that does not fit its type, and a key the schema does not know,
    go as JSON to ``_rescued`` (which ``schema`` must then have) — they are never lost.
    """
    if schema is None:
        names = list(dict.fromkeys(name for row in rows for name in row))
        return pl.DataFrame([_series(name, [plain(row.get(name)) for row in rows]) for name in names])
    known = [name for name in schema if name != RESCUED]
    if (fitting := _fits_at_once(rows, schema)) is not None:
        return fitting
    columns = {name: [plain(row.get(name)) for row in rows] for name in known}
    rescued: list[dict[str, Any]] = [{k: v for k, v in row.items() if k not in schema} for row in rows]
    series = []
    for name in known:
        try:
            series.append(pl.Series(name, columns[name], dtype=schema[name], strict=True))
        except (TypeError, pl.exceptions.PolarsError, OverflowError):
            fitted = [_fit(value, schema[name]) for value in columns[name]]
            for row, before, after in zip(rescued, columns[name], fitted, strict=True):
                if before is not None and after is None:
                    row[name] = before
            series.append(pl.Series(name, fitted, dtype=schema[name], strict=False))
    if RESCUED in schema:
        earlier = [row.get(RESCUED) for row in rows]
        series.append(
            pl.Series(
                RESCUED,
                [
                    json.dumps({"values": extra}, default=str, ensure_ascii=False) if extra else before
                    for extra, before in zip(rescued, earlier, strict=True)
                ],
                dtype=pl.String,
            )
        )
    return pl.DataFrame(series)


def _fits_at_once(rows: list[dict[str, Any]], schema: Mapping[str, Any]) -> pl.DataFrame | None:
    """The rows as a frame if every key and value fits ``schema`` as it is; None if they must be looked at one by one.

    The types are inferred from all rows and then compared: a frame built with ``schema`` would cut 1.5 to 1.
    """
    try:
        frame = pl.DataFrame(rows, infer_schema_length=None)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        return None
    casts = []
    for name, dtype in frame.schema.items():
        wanted = schema.get(name)
        if wanted is None:
            return None
        if dtype != wanted:
            if dtype != pl.Null and not (dtype == pl.Int64 and wanted == pl.Float64):
                return None
            casts.append(pl.col(name).cast(wanted))
    missing = [pl.lit(None, dtype=dtype).alias(name) for name, dtype in schema.items() if name not in frame.columns]
    return frame.with_columns(*casts, *missing).select(list(schema))


def _series(name: str, values: list[Any]) -> pl.Series:
    """One column from Python values; text when they do not agree."""
    if all(value is None for value in values):
        return pl.Series(name, values, dtype=pl.String)
    try:
        return pl.Series(name, values, strict=True)
    except (TypeError, pl.exceptions.PolarsError, OverflowError):
        kinds = {type(value) for value in values if value is not None}
        if kinds == {int, float}:
            return pl.Series(name, [None if v is None else float(v) for v in values], dtype=pl.Float64)
        return pl.Series(name, [None if v is None else str(v) for v in values], dtype=pl.String)


def _fit(value: Any, dtype: Any) -> Any:
    """``value`` if the type can hold it, else None."""
    if value is None:
        return None
    try:
        return pl.Series([value], dtype=dtype, strict=True)[0]
    except (TypeError, pl.exceptions.PolarsError, OverflowError):
        return str(value) if dtype == pl.String else None


def as_text(column: str, schema: Mapping[str, Any]) -> pl.Expr:
    """A column as text for messages; nested values as JSON, an empty name as null."""
    if column not in schema:
        return pl.lit(None, dtype=pl.String)
    dtype = schema[column]
    if isinstance(dtype, pl.Struct):
        return pl.col(column).struct.json_encode()
    if isinstance(dtype, pl.List | pl.Array):
        return pl.col(column).map_elements(lambda v: json.dumps(list(v), default=str), return_dtype=pl.String)
    if dtype == pl.Binary:
        return pl.col(column).bin.encode("hex")
    return pl.col(column).cast(pl.String)
