"""Bronze: every record as it arrived, once, with its origin."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Literal, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.table import Table

from automic_core import frames
from automic_core.contracts import SourceAdapter
from automic_core.errors import ConflictError, LedgerError, SourceError
from automic_core.events import Event, Listener, RunReport, StepStats
from automic_core.lakehouse import history, schemas, tables
from automic_core.lakehouse.commits import head, landed, refresh
from automic_core.lakehouse.files import BatchWriter
from automic_core.medallion.context import LakeContext, now, run_entry, split_name
from automic_core.medallion.contract import Contract

RecordMode = Literal["append", "snapshot"]
RID_BITS = 36
BATCH, SOURCE, HASH = "automic.batch", "automic.source", "automic.content-hash"
MODE, KEYS = "automic.mode", "automic.keys"
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
            keys: Columns that identify a row: silver keeps the last version of each.
            force: Take a batch again although the same content is there.
            contract: What to do with columns the table does not have: evolve (add them), freeze (refuse), discard_row
                or discard_value; what is discarded stays in ``_rescued``.
            on_event: Called with signs of life.

        Raises:
            AutomicError: Nothing of the failing batch is visible; batches before it are.
        """
        name = f"bronze.{split_name(table, 'bronze')}"
        done = Ingestion(name)
        for part in as_text(source).parts():
            report = self._batch(part, name, mode, list(keys or ()), force, contract, on_event)
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
        keys: list[str],
        force: bool,
        contract: str,
        on_event: Listener | None,
    ) -> RunReport | None:
        run_id = uuid.uuid4().hex[:12]
        report = RunReport(run_id, f"ingest {name}", source.identity, name)
        known = known_batches(self._lake.catalog, name)
        stored_hash = source.content_hash()
        if stored_hash is not None and not force and (source.identity, stored_hash) in known:
            return None
        key = stored_hash or f"extract:{run_id}"
        key = f"{key}:{run_id}" if force else key
        number = self._lake.state.reserve_batch(name, source.identity, key, floor=max(known.values(), default=0))
        source.connect()
        with ExitStack() as cleanup:
            cleanup.callback(source.close)
            writing = _Writing(self._lake, name, source, number, contract, on_event, report)
            writing.hashes = stored_hash is None
            cleanup.callback(writing.abort)  # after a commit there is nothing left to abort
            writing.run()
            content = stored_hash or writing.digest.hexdigest()
            if stored_hash is None and not force and (source.identity, content) in known:
                return None
            report.notes.extend(source.notes())
            properties = {
                **self._lake.summary(report),
                BATCH: str(number),
                SOURCE: source.identity,
                HASH: content,
                MODE: mode,
                KEYS: json.dumps(keys),
            }
            self._publish(writing, properties)
        self._lake.state.rebuild(
            batches=[{"table": name, "source": source.identity, "content_hash": content, "batch": number}],
            runs=[run_entry(report, name, self._lake.actor)],
        )
        if on_event is not None:
            on_event(Event("finished", run_id, report.rows_out, None, report.seconds))
        return report

    def _publish(self, writing: _Writing, properties: dict[str, str]) -> None:
        """Append the batch, unless another process took the same file meanwhile: the first one counts."""
        table = writing.table
        while True:
            current = head(refresh(table))
            if landed(table, BATCH, properties[BATCH]) is not None:
                return
            try:
                tables.append(table, writing.files, expected=current, properties=properties)
            except ConflictError:
                continue
            writing.files = []
            return


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
        self.files: list[Any] = []
        self._writer: BatchWriter | None = None
        self.table: Table
        self._rows = 0
        self._rescued = 0

    def run(self) -> None:
        """Read and write everything; fills the report."""
        batches = self._source.batches()
        first = next(batches, None)
        columns = first.schema if first is not None else pa.schema([])
        data = [f for f in columns if not frames.is_hidden(f.name)]
        if not data:
            raise SourceError(f"{self._source.identity} has no columns.", "There is nothing to take in.")
        schema = pa.schema([*data, *(pa.field(n, t) for n, t in ADDED.items())])
        self.table = self._lake.create(self._name, _polars(schema))
        contract = Contract(schemas.evolve(self.table, schema, self._contract))
        self._writer = BatchWriter(self.table)
        for batch in _chain(first, batches):
            if self.hashes:
                self.digest.update(_bytes(batch))
            self._writer.write(contract.apply(self._stamped(batch)))
            if self._listener is not None:
                seconds = (now() - self._report.started_at).total_seconds()
                self._listener(Event("progress", self._report.run_id, self._rows, None, seconds))
        self.files = self._writer.close()
        self._close_ledger()

    def abort(self) -> None:
        """Delete landed files that were not committed."""
        if self._writer is not None and (self.files or not self._report.rows_out):
            self._writer.abort()

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
        report.rows_out = sum(file.record_count for file in self.files)
        report.steps = [StepStats("extract", self._source.kind or "source", self._rows, rows_out=self._rows)]
        if self._rescued:
            report.warnings.append(f"{self._rescued:,} records hold something that could not be read; see _rescued.")
        report.seconds = (now() - report.started_at).total_seconds()
        report.check()


def known_batches(catalog: Any, name: str) -> dict[tuple[str, str], int]:
    """Published batches of a table by (source, content hash), from its snapshots.

    Raises:
        LedgerError: Two batches of the table carry one number.
    """
    if not tables.exists(catalog, name):
        return {}
    found: dict[tuple[str, str], int] = {}
    for snapshot in tables.load(catalog, name).snapshots():
        summary = snapshot.summary.additional_properties if snapshot.summary else {}
        if BATCH in summary:
            found[summary[SOURCE], summary[HASH]] = int(summary[BATCH])
    if len(set(found.values())) < len(found):
        raise LedgerError(f"Two batches of {name} carry the same number.", "Restore the table from its history.")
    return found


@dataclasses.dataclass(frozen=True)
class BronzeLayout:
    """How a bronze table is to be read.

    Attributes:
        mode: append or snapshot, as the newest batch said.
        keys: Declared key columns.
        newest: Source to its newest batch number.
        older: Batches that newer ones of their source supersede.
    """

    mode: str
    keys: list[str]
    newest: dict[str, int]
    older: int


def layout(table: Table) -> BronzeLayout:
    """The layout of a table, from the snapshots of its main."""
    mode, keys, last = "append", "[]", -1
    newest: dict[str, int] = {}
    count = 0
    for info in history.history(table):
        summary = info.summary
        if BATCH not in summary:
            continue
        number = int(summary[BATCH])
        count += 1
        newest[summary[SOURCE]] = max(number, newest.get(summary[SOURCE], 0))
        if number > last:
            mode, keys, last = summary.get(MODE, mode), summary.get(KEYS, keys), number
    return BronzeLayout(mode, json.loads(keys), newest, count - len(newest))


def as_text(source: SourceAdapter) -> SourceAdapter:
    """A text source asked for text: typing is silver's work. What it may read stays what it was."""
    adapter: Any = source
    if not dataclasses.is_dataclass(adapter) or not any(f.name == "types" for f in dataclasses.fields(adapter)):
        return source
    text = cast(SourceAdapter, dataclasses.replace(adapter, types="text"))  # type: ignore[type-var]
    if "_access" in vars(adapter):
        vars(text)["_access"] = vars(adapter)["_access"]
    return text


def _polars(schema: pa.Schema) -> Mapping[str, Any]:
    return frames.from_arrow(schema.empty_table()).schema


def _chain(first: pa.RecordBatch | None, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    if first is not None:
        yield first
    yield from rest


def _bytes(batch: pa.RecordBatch) -> bytes:
    """The content of a batch, whatever its buffers' offsets."""
    return frames.from_arrow(batch).hash_rows(1).to_numpy().tobytes()
