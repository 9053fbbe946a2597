"""Bronze: every record as it arrived, once, with its origin."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Literal, cast, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.table import Table

from automic_core import frames, registry
from automic_core.contracts import SourceAdapter
from automic_core.errors import ConfigError, ConflictError, SourceError
from automic_core.events import Event, Listener, RunReport, StepStats
from automic_core.lakehouse import schemas, tables
from automic_core.lakehouse.commits import head, refresh
from automic_core.lakehouse.exact import exactly
from automic_core.lakehouse.files import BatchWriter
from automic_core.lakehouse.staging import Staging, open_staging
from automic_core.medallion.batches import (
    BATCH,
    HASH,
    KEYS,
    MODE,
    READ_AS,
    RID_BITS,
    SOURCE,
    known_batches,
    last_number,
    layout,
)
from automic_core.medallion.context import LakeContext, is_published, now, run_entry, split_name
from automic_core.medallion.contract import Contract

RecordMode = Literal["append", "snapshot"]
ATTEMPTS = 5
ADDED = {
    "_rid": pa.int64(),
    "_batch_id": pa.int64(),
    "_source": pa.string(),
    "_source_row": pa.int64(),
    "_ingested_at": pa.timestamp("us", "UTC"),
    "_rescued": pa.string(),
}


@dataclasses.dataclass
class Ingestion:
    """What one ingest did: a report a batch; a batch that was there already has none."""

    table: str
    reports: list[RunReport] = dataclasses.field(default_factory=list)
    unchanged: list[str] = dataclasses.field(default_factory=list)

    @property
    def rows(self) -> int:
        """Rows added."""
        return sum(report.rows_out for report in self.reports)


class Bronze:
    """Takes records in. Get it as ``lake.bronze``."""

    def __init__(self, context: LakeContext) -> None:
        self._lake = context

    def ingest(
        self,
        source: SourceAdapter,
        table: str,
        mode: RecordMode = "append",
        keys: Sequence[str] | None = None,
        force: bool = False,
        contract: str = "evolve",
        on_event: Listener | None = None,
    ) -> Ingestion:
        """Add the records of a source to a bronze table; text stays text, nothing is dropped.

        Args:
            source: A glob is many batches, one a file.
            table: Name with or without "bronze.".
            mode: append: silver reads all batches; snapshot: only the newest of each source.
            keys: Columns that identify a row: silver keeps the last version of each. None = those declared before.
            force: Take a batch again although the same content is there.
            contract: What to do with columns the table does not have: evolve (add them), freeze (refuse), discard_row
                or discard_value; what is discarded stays in ``_rescued``.
            on_event: Called with signs of life.

        Raises:
            ConfigError: There is no such mode, contract or key column.
            AutomicError: Nothing of the failing batch is visible, not even its columns; batches before it are.
        """
        name = f"bronze.{split_name(table, 'bronze')}"
        _one_of("mode", mode, get_args(RecordMode))
        _one_of("contract", contract, [str(known) for known in schemas.ContractMode])
        done = Ingestion(name)
        for part in as_text(source).parts():
            with self._lake.recording(f"ingest {name}", name):
                report = self._batch(part, name, mode, keys, force, contract, on_event)
            if report is None:
                done.unchanged.append(part.identity)
            else:
                done.reports.append(report)
        return done

    def _batch(
        self,
        source: SourceAdapter,
        name: str,
        mode: RecordMode,
        keys: Sequence[str] | None,
        force: bool,
        contract: str,
        on_event: Listener | None,
    ) -> RunReport | None:
        """Take one batch in, again if another process changed the columns meanwhile; None if it is there already."""
        for attempt in range(ATTEMPTS):
            try:
                return self._attempt(source, name, mode, keys, force, contract, on_event)
            except ConflictError:
                if attempt + 1 == ATTEMPTS or not source.repeatable:
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _attempt(
        self,
        source: SourceAdapter,
        name: str,
        mode: RecordMode,
        keys: Sequence[str] | None,
        force: bool,
        contract: str,
        on_event: Listener | None,
    ) -> RunReport | None:
        run_id = uuid.uuid4().hex[:12]
        report = RunReport(run_id, f"ingest {name}", source.identity, name)
        there = tables.load(self._lake.catalog, name) if tables.exists(self._lake.catalog, name) else None
        known = known_batches(there)
        stored_hash = source.content_hash()
        if stored_hash is not None and not force and (source.identity, stored_hash) in known:
            return None
        key = stored_hash or f"extract:{run_id}"
        key = f"{key}:{run_id}" if force else key
        number = self._lake.state.reserve_batch(name, source.identity, key, floor=last_number(there))
        source.connect()
        with ExitStack() as cleanup:
            cleanup.callback(source.close)
            writing = _Writing(self._lake, name, source, number, contract, on_event, report)
            writing.hashes = stored_hash is None
            cleanup.callback(writing.abort)  # after a commit there is nothing left to abort
            writing.run(keys)
            content = stored_hash or writing.digest.hexdigest()
            report.notes.extend(source.notes())
            properties = {
                **self._lake.summary(report),
                BATCH: str(number),
                SOURCE: source.identity,
                HASH: content,
                **_how(source),
                MODE: mode,
                KEYS: json.dumps(layout(writing.table).keys if keys is None else list(keys)),
            }
            if not writing.publish(properties, force):
                return None
        self._lake.state.rebuild(
            batches=[{"table": name, "source": source.identity, "content_hash": content, "batch": number}],
            runs=[run_entry(report, name, self._lake.actor)],
        )
        if on_event is not None:
            on_event(Event("finished", run_id, report.rows_out, None, report.seconds))
        return report


class _Writing:
    """One batch on its way into files."""

    def __init__(
        self,
        lake: LakeContext,
        name: str,
        source: SourceAdapter,
        number: int,
        contract: str,
        on_event: Listener | None,
        report: RunReport,
    ) -> None:
        self._lake, self._name, self._source, self._number = lake, name, source, number
        self._contract, self._listener, self._report = contract, on_event, report
        self._ingested = pa.scalar(now(), pa.timestamp("us", "UTC"))
        self.digest = hashlib.sha256()
        self.hashes = False
        self._files: list[Any] = []
        self._writer: BatchWriter | None = None
        self.table: Table
        self._staging: Staging | None = None
        self._claims = False
        self._rows = 0
        self._rescued = 0

    def run(self, keys: Sequence[str] | None) -> None:
        """Read and write everything; fills the report.

        Raises:
            SourceError: There are no columns.
            ConfigError: A key is none of the columns.
        """
        batches = self._source.batches()
        first = next(batches, None)
        columns = first.schema if first is not None else pa.schema([])
        renamed = {} if self._source.tracked else frames.shown(columns.names)
        columns = pa.schema([field.with_name(renamed.get(field.name, field.name)) for field in columns])
        data = [f for f in columns if not frames.is_hidden(f.name)]
        if not data:
            raise SourceError(f"{self._source.identity} has no columns.", "There is nothing to take in.")
        for key in keys or ():
            if key not in [f.name for f in data]:
                raise ConfigError(
                    f"{self._source.identity} has no column {key!r} to be the key.",
                    f"Columns: {', '.join(f.name for f in data[:30])}.",
                )
        self._report.notes.extend(f"Column {old} is called {new} here." for old, new in renamed.items())
        schema = pa.schema([*data, *(pa.field(n, t) for n, t in ADDED.items())])
        self.table = self._lake.create(self._name, _polars(schema))
        if is_published(self.table):
            plan = schemas.plan(self.table, schema, self._contract)
            change = schemas.grow(schema, plan.evolved) if plan.evolved else None
        else:  # the columns may be those of a run that died
            plan = schemas.ContractPlan(schemas.ContractMode(self._contract), schemas.SchemaDiff())
            change = exactly(self.table, _polars(schema))
            self._claims = change is not None
        self._staging = open_staging(self.table, change)
        self._writer = BatchWriter(self._staging.table)
        contract = Contract(plan)
        if self.hashes:
            self.digest.update(json.dumps([(f.name, str(f.type)) for f in data]).encode())
        for batch in _chain(first, batches):
            if self.hashes:
                self.digest.update(_bytes(batch))
            self._writer.write(contract.apply(self._stamped(batch.rename_columns(columns.names))))
            if self._listener is not None:
                seconds = (now() - self._report.started_at).total_seconds()
                self._listener(Event("progress", self._report.run_id, self._rows, None, seconds))
        self._files = self._writer.close()
        self._close_ledger()

    def publish(self, properties: dict[str, str], force: bool) -> bool:
        """Add the batch, columns and rows in one snapshot; False if another process took the same content meanwhile.

        Raises:
            ConflictError: Others changed the columns, so that the rows must be written anew.
        """
        staging = self._staging
        assert staging is not None, "publish comes after run"
        staging.append(self._files)
        self._writer = None  # from here on the files belong to the staging
        while True:
            current = head(refresh(self.table))
            if not force and (properties[SOURCE], properties[HASH]) in known_batches(self.table):
                return False
            if self._claims and is_published(self.table):
                raise ConflictError(f"{self._name} got its first rows meanwhile.", "Run again on its columns.")
            staging.fork = current
            try:
                staging.publish(properties)
            except ConflictError:
                if head(refresh(self.table)) == current:
                    raise
                continue
            return True

    def abort(self) -> None:
        """Delete landed files that were not committed."""
        if self._writer is not None:
            self._writer.abort()
        elif self._staging is not None:
            self._staging.discard()

    def _stamped(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with its origin columns; ``_rid`` = batch number << 36 | record ordinal."""
        rows = batch.num_rows
        names = batch.schema.names
        if "_source_row" in names:
            ordinal = batch.column("_source_row").cast(pa.int64())
        else:
            ordinal = pa.array(np.arange(self._rows + 1, self._rows + rows + 1, dtype=np.int64))
        rescued = batch.column("_rescued") if "_rescued" in names else pa.nulls(rows, pa.string())
        self._rescued += rows - rescued.null_count
        self._rows += rows
        added = {
            "_rid": pc.add(ordinal, pa.scalar(self._number << RID_BITS, pa.int64())),
            "_batch_id": pa.repeat(pa.scalar(self._number, pa.int64()), rows),
            "_source": pa.repeat(pa.scalar(self._source.identity), rows),
            "_source_row": ordinal,
            "_ingested_at": pa.repeat(self._ingested, rows),
            "_rescued": rescued,
        }
        data = {n: batch.column(n) for n in names if not frames.is_hidden(n)}
        return pa.RecordBatch.from_pydict({**data, **added})

    def _close_ledger(self) -> None:
        report = self._report
        report.rows_in = self._rows
        report.rows_out = sum(file.record_count for file in self._files)
        report.steps = [StepStats("extract", self._source.kind or "source", self._rows, rows_out=self._rows)]
        if self._rescued:
            report.warnings.append(f"{self._rescued:,} records hold something that could not be read; see _rescued.")
        report.seconds = (now() - report.started_at).total_seconds()
        report.check()


def as_text(source: SourceAdapter) -> SourceAdapter:
    """A text source asked for text: typing is silver's work. What it may read stays what it was."""
    adapter: Any = source
    if not dataclasses.is_dataclass(adapter) or not any(f.name == "types" for f in dataclasses.fields(adapter)):
        return source
    text = cast(SourceAdapter, dataclasses.replace(adapter, types="text"))  # type: ignore[type-var]
    if "_access" in vars(adapter):
        vars(text)["_access"] = vars(adapter)["_access"]
    return text


def _one_of(what: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise ConfigError(f"There is no {what} {value!r}.", f"Choose {', '.join(known)}.")


def _polars(schema: pa.Schema) -> Mapping[str, Any]:
    return frames.from_arrow(schema.empty_table()).schema


def _chain(first: pa.RecordBatch | None, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    if first is not None:
        yield first
    yield from rest


def _bytes(batch: pa.RecordBatch) -> bytes:
    """The content of a batch, whatever its buffers' offsets."""
    return frames.from_arrow(batch).hash_rows(1).to_numpy().tobytes()


def _how(source: SourceAdapter) -> dict[str, str]:
    """Kind and options of a source of a known kind, so that provenance can read the same file the same way again."""
    if source.kind not in registry.entries("source"):
        return {}
    options = registry.options(source)
    if "path" in options:
        options["path"] = source.identity  # in full: the current folder may be another one then
    return {READ_AS: json.dumps({"kind": source.kind, **options}, default=str)}
