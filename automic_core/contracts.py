"""What sources, destinations, steps and rules promise: columns at heart, records at the edge.

A plain subclass with its own ``__init__`` works; a class decorated with :func:`configured` also gets validated options,
a JSON schema (the browser's form, the CLI's help) and a place in YAML.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal, TypeVar, cast, dataclass_transform

import polars as pl
import pyarrow as pa
import pydantic
from pydantic.dataclasses import dataclass as pydantic_dataclass

from automic_core import frames
from automic_core.records import Record, RecordMetadata, Schema

T = TypeVar("T")
Scope = Literal["row", "key", "table"]
Mode = Literal["append", "overwrite", "upsert"]


@dataclass_transform(frozen_default=True, field_specifiers=(pydantic.Field, field))
def configured(cls: type[T]) -> type[T]:
    """Make ``cls`` a frozen pydantic dataclass: constructor, validation, JSON schema and YAML target in one."""
    make = pydantic_dataclass(frozen=True, config=pydantic.ConfigDict(extra="forbid"))
    return cast(type[T], make(cls))


@dataclass(frozen=True)
class ReadRequest:
    """What a reader may leave unread.

    Attributes:
        columns: Names wanted; None = all.
        limit: Number of rows wanted; None = all.
        on_rows: Told, batch by batch, how many rows a scan has read so far; not called by an overridden ``scan``.
    """

    columns: tuple[str, ...] | None = None
    limit: int | None = None
    on_rows: Callable[[int], None] | None = None


def _check_pair(cls: type, base: type, names: Sequence[str]) -> None:
    """Raise at class creation if ``cls`` overrides none of ``names`` of ``base``."""
    if all(getattr(cls, name) is getattr(base, name) for name in names):
        raise TypeError(f"{cls.__name__} must override one of: {', '.join(names)}.")


class SourceAdapter:
    """Reads rows. Override ONE of ``scan`` (a lazy frame), ``batches`` (Arrow record batches), ``read`` (records).

    Two optional columns carry what a reader knows: ``_source_row`` (1-based record ordinal) and ``_rescued`` (JSON
    text of what did not fit: ``{"line", "byte", "reason", "text"}`` for a malformed record, ``{"values": {column:
    raw}}`` for single values). A row whose ``_rescued`` has a ``reason`` is quarantined by the run loop.
    """

    kind: ClassVar[str] = ""
    repeatable: ClassVar[bool] = True

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not abstract:
            _check_pair(cls, SourceAdapter, ("scan", "batches", "read"))

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


class DestinationAdapter:
    """Writes rows. Override ONE of ``load`` (batches of columns) and ``write`` (records).

    The run loop calls connect → begin_transaction → create_schema → load → commit (or rollback) → close.
    """

    kind: ClassVar[str] = ""
    capabilities: ClassVar[frozenset[str]] = frozenset({"append", "overwrite"})
    """Modes and abilities: append, overwrite, upsert, transaction, nested, metadata."""

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not abstract:
            _check_pair(cls, DestinationAdapter, ("load", "write"))

    @property
    def name(self) -> str:
        """Short name of what is written."""
        return self.kind or type(self).__name__

    def bind(self, source_name: str) -> DestinationAdapter:
        """A copy with defaults taken from the source (a table named after the file); most need none."""
        return self

    def connect(self) -> None:
        """Open the destination."""

    def begin_transaction(self) -> None:
        """Start the unit that ``commit`` publishes."""

    def create_schema(self, schema: Schema) -> None:
        """Make the table or file header; what exists already stays."""

    def load(self, frame: frames.Frame, mode: Mode = "append", keys: Sequence[str] = ()) -> int:
        """Write all rows and return how many were written.

        Args:
            frame: Rows as any kind of frame; take batches from ``frames.stream(frame)``.
            mode: append, overwrite (the result holds just these rows) or upsert (by ``keys``).
            keys: Columns that identify a row, for upsert.
        """
        metadata = RecordMetadata()
        stream = frames.stream(frame)
        return self.write(record for batch in stream for record in frames.to_records(batch, metadata))

    def write(self, records: Iterable[Record]) -> int:
        """Write records and return how many were written."""
        rows = [record.data for record in records]
        return self.load(frames.from_rows(rows)) if rows else 0

    def commit(self) -> None:
        """Make what was loaded visible, all at once."""

    def rollback(self) -> None:
        """Leave the destination as it was before ``begin_transaction``."""

    def close(self) -> None:
        """Release what ``connect`` opened."""


@dataclass
class StepCounts:
    """Counters a record-level step may keep for itself."""

    records_in: int = 0
    records_out: int = 0
    records_modified: int = 0
    records_removed: int = 0


class Fitted:
    """A step with what it learned. The state is JSON or an Arrow frame, never code.

    Attributes:
        state: JSON-able dict of small numbers.
        keys: Frame of keys: ``_rid`` of rows to remove and ``_into`` (the survivor's ``_rid``), or None.
    """

    version: ClassVar[int] = 1

    def __init__(self, state: Mapping[str, Any] | None = None, keys: pl.DataFrame | None = None) -> None:
        self.state = dict(state or {})
        self.keys = keys

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Run the step with this state on a tracked frame."""
        raise TypeError(f"{type(self).__name__} must override apply.")

    @property
    def note(self) -> str:
        """A sentence the run report should carry about what was learned; empty = nothing to say."""
        return ""

    def merge(self, other: Fitted) -> Fitted:
        """The state of both slices together."""
        raise TypeError(f"{type(self).__name__} states cannot be merged.")


class Transformer:
    """Changes rows. Override ONE of ``apply`` (columns), ``transform`` (a record), ``transform_batch`` (records), or —
    for a step that must see the whole table first — ``digest`` and ``learn`` (or ``fit``).

    ``apply`` takes and returns a tracked frame (``_rid``, ``_fate``), keeps row order, and never filters: a row that
    goes gets a fate by ``frames.condemn``, and a row that has one is left alone and not counted. A step whose output
    rows are not its input rows (aggregate, join with many matches, explode) sets ``segment = True``: it gets only
    living rows (with ``_rid``) and returns a frame with ``_weight`` (int64): how many input rows each output row
    accounts for; the weights sum to the rows in.
    """

    kind: ClassVar[str] = ""
    scope: ClassVar[Scope] = "row"
    segment: ClassVar[bool] = False

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not abstract:
            _check_pair(cls, Transformer, ("apply", "transform", "transform_batch", "learn", "fit"))

    @cached_property
    def stats(self) -> StepCounts:
        """Counters for record-level steps."""
        return StepCounts()

    def get_stats(self) -> dict[str, Any]:
        """The counters as a dict."""
        return dict(vars(self.stats))

    @property
    def fits(self) -> bool:
        """Whether this step (with these options) must see the whole table before it can run."""
        return type(self).learn is not Transformer.learn or type(self).fit is not Transformer.fit

    @property
    def rewrites(self) -> bool:
        """Whether the fitted step changes existing columns, or removes rows that ``Fitted.keys`` does not list.

        If not, fits of later steps are gathered into the same pass.
        """
        return False

    @property
    def reads_marks(self) -> bool:
        """Whether ``digest`` reads ``_`` columns of earlier fitted steps, so that their fits must be finished first."""
        return False

    def digest(self, schema: pl.Schema) -> list[pl.Expr]:
        """Row-wise named expressions that hold all ``learn`` needs, beside ``_rid`` and ``_fate``."""
        return []

    def learn(self, digest: pl.DataFrame) -> Fitted:
        """Learn the state from the collected digest (columns of ``digest``, ``_rid``, ``_fate``), living rows only."""
        raise TypeError(f"{type(self).__name__} does not learn.")

    def fit(self, frame: pl.LazyFrame) -> Fitted:
        """One pass over a tracked frame that learns a small state; never changes the step."""
        wanted = self.digest(frame.collect_schema())
        return self.learn(frame.select(frames.RID, frames.FATE, *wanted).collect())

    def prepare(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """For segment steps: mark rows that will not go on (unmatched rows of an inner join), on the tracked frame."""
        return frame

    def failures(self, before: pl.LazyFrame) -> pl.LazyFrame | None:
        """For steps that quarantine: every reason, also of rows that an earlier step removed.

        Args:
            before: The tracked frame as it entered this step.

        Returns:
            A frame ``_rid``, ``rule``, ``column``, ``value`` (text), ``message``; None if the step quarantines nothing.
        """
        return None

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Run the step on a tracked frame."""
        if self.fits:
            return self.fit(frame).apply(frame)
        return _apply_records(self, frame)

    def transform(self, record: Record) -> Record | None:
        """Change one record; None removes it."""
        out = self.transform_batch([record])
        return out[0] if out else None

    def transform_batch(self, records: list[Record]) -> list[Record]:
        """Change a list of records; the result keeps order and drops removed ones."""
        if type(self).transform is not Transformer.transform:
            return [out for out in map(self.transform, records) if out is not None]
        frame = frames.track(frames.from_rows([record.data for record in records]).lazy())
        rows = frames.survivors(self.apply(frame)).collect()
        return list(frames.to_records(rows.drop(frames.RID)))


def _apply_records(step: Transformer, frame: pl.LazyFrame) -> pl.LazyFrame:
    """A record step as a lazy map over batches; ``None`` becomes a fate, late keys go to ``_rescued``."""
    from automic_core.recordwise import apply_records

    return apply_records(step, frame, frames.current_step.get())


class Rule:
    """A check on rows. Override ``fails`` (a row rule), or ``aggregate`` (a table rule: may only warn or fail).

    Options every rule has: ``columns``, ``action`` (warn | quarantine | drop | fail) and ``max_fail``: the share of
    rows (0 to 1) that may fail before action "fail" stops the run.
    """

    kind: ClassVar[str] = ""
    columns: list[str]
    action: Literal["warn", "quarantine", "drop", "fail"]
    max_fail: float

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not abstract:
            _check_pair(cls, Rule, ("fails", "aggregate"))

    @property
    def is_row_rule(self) -> bool:
        """Whether the rule judges single rows."""
        return type(self).fails is not Rule.fails

    def fails(self, column: str, schema: pl.Schema) -> pl.Expr:
        """True where the row breaks the rule on ``column``; null and false pass."""
        raise TypeError(f"{type(self).__name__} is a table rule.")

    def aggregate(self, schema: pl.Schema) -> pl.Expr:
        """A table rule: one text value over all living rows, null = passes, else the reason."""
        raise TypeError(f"{type(self).__name__} is a row rule.")

    def message(self, column: str) -> str:
        """Why a failing row fails, in words."""
        return f"{column} breaks {self.kind}"

    def failures(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Every failing row: ``_rid``, ``rule``, ``column``, ``value`` (text), ``message``."""
        schema = frame.collect_schema()
        parts = [
            frame.filter(self.fails(column, schema).fill_null(False)).select(
                frames.RID,
                pl.lit(self.kind).alias("rule"),
                pl.lit(column).alias("column"),
                frames.as_text(column, schema).alias("value"),
                pl.lit(self.message(column)).alias("message"),
            )
            for column in self.columns or [""]
        ]
        return pl.concat(parts)
