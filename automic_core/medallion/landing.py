"""One bronze batch on its way into files: read, stamped with its origin, landed, and published once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.table import Table

from automic_core import frames
from automic_core.contracts import SourceAdapter
from automic_core.errors import ConfigError, ConflictError, SourceError
from automic_core.events import Event, Listener, RunReport, StepStats
from automic_core.extraction.boundary import Boundary
from automic_core.extraction.incremental import Increment
from automic_core.lakehouse import schemas
from automic_core.lakehouse.commits import head, refresh
from automic_core.lakehouse.exact import exactly
from automic_core.lakehouse.files import BatchWriter
from automic_core.lakehouse.staging import Staging, open_staging
from automic_core.lakehouse.types import arrow_schema, conform_batch, polars_schema
from automic_core.medallion.batches import (
    HASH,
    RID_BITS,
    SOURCE,
    known_batches,
)
from automic_core.medallion.context import LakeContext, is_published, now
from automic_core.medallion.contract import Contract
from automic_core.medallion.watermarks import Stand, boundary, rows_there, standing

ADDED = {
    "_rid": pa.int64(),
    "_batch_id": pa.int64(),
    "_source": pa.string(),
    "_source_row": pa.int64(),
    "_ingested_at": pa.timestamp("us", "UTC"),
    "_rescued": pa.string(),
}


class BatchLanding:
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
        increment: Increment | None = None,
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
        self._increment = increment
        self._boundary: Boundary | None = None
        self.stand: Stand | None = None

    def run(self, keys: Sequence[str] | None, declared: Sequence[str] = ()) -> None:
        """Read and write everything; fills the report.

        Args:
            keys: Columns that identify a row; None = those declared before.
            declared: Those.

        Raises:
            SourceError: There are no columns.
            ConfigError: A key is none of the columns.
        """
        batches = self._source.batches() if self._increment is None else self._increment.batches()
        first = next(batches, None)
        columns = first.schema if first is not None else pa.schema([])
        renamed = {} if self._source.tracked else frames.shown(columns.names)
        columns = pa.schema([field.with_name(renamed.get(field.name, field.name)) for field in columns])
        data = [f for f in columns if not frames.is_hidden(f.name)]
        if not data:
            raise SourceError(f"{self._source.identity} has no columns.{_why(first)}", "There is nothing to take in.")
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
        if self._increment is not None:
            there = rows_there(self.table, self._source.identity, self._increment.bound)
            types = polars_schema(arrow_schema(self._staging.table.schema()))
            self._boundary = boundary(there, types, declared if keys is None else keys, columns.names)
        contract = Contract(plan)
        if self.hashes:
            self.digest.update(json.dumps([(f.name, str(f.type)) for f in data]).encode())
        whole = self._increment is None or self._increment.whole
        expected = self._source.expect(first) if first is not None and self._listener is not None and whole else None
        for batch in _chain(first, batches):
            if self.hashes:
                self.digest.update(_bytes(batch))
            for kept in self._kept(contract.apply(self._stamped(batch.rename_columns(columns.names)))):
                self._writer.write(kept)
            if self._listener is not None:
                seconds = (now() - self._report.started_at).total_seconds()
                total = max(expected, self._rows) if expected is not None else None
                self._listener(Event("progress", self._report.run_id, self._rows, total, seconds))
        self._files = self._writer.close()
        self._close_ledger()

    def publish(self, properties: dict[str, str], force: bool) -> bool:
        """Add the batch, columns and rows in one snapshot; False if another process took the same content meanwhile.

        Raises:
            ConflictError: Others changed the columns or read the same part, so that the rows must be written anew.
        """
        staging = self._staging
        assert staging is not None, "publish comes after run"
        staging.append(self._files)
        self._writer = None  # from here on the files belong to the staging
        while True:
            current = head(refresh(self.table))
            if self.stand is not None and standing(self.table, self._source.identity) != self.stand:
                raise ConflictError(f"{self._name} got other rows of {self._source.identity} meanwhile.", "Run again.")
            if self._increment is not None and not self._news():
                return False
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

    def _kept(self, batch: pa.RecordBatch | pa.Table) -> Iterator[pa.RecordBatch]:
        """The rows of a batch that are not there already."""
        assert self._staging is not None
        if self._boundary is None:
            yield batch
            return
        stored = conform_batch(batch, arrow_schema(self._staging.table.schema()))
        rows = frames.from_arrow(stored)
        kept = self._boundary.sift(rows)
        if kept.height == rows.height:
            yield stored
        elif kept.height:
            yield from kept.to_arrow(compat_level=pl.CompatLevel.oldest()).to_batches()

    def _news(self) -> bool:
        """Whether there is anything to publish: a row, a watermark that moved, a table that is new."""
        moved = self._increment is not None and self._increment.moved
        return bool(self._files) or moved or not is_published(self.table)

    def _close_ledger(self) -> None:
        report = self._report
        report.rows_in = self._rows
        report.rows_out = sum(file.record_count for file in self._files)
        report.steps = [StepStats("extract", self._source.kind or "source", self._rows, rows_out=self._rows)]
        if self._increment is not None:
            there = self._boundary.removed if self._boundary is not None else 0
            removed = {f"{frames.MERGED}:there already": there} if there else {}
            report.steps.append(StepStats("boundary", "incremental", self._rows, removed, rows_out=self._rows - there))
            report.notes.extend(self._increment.notes())
        if self._rescued:
            held = "1 row holds" if self._rescued == 1 else f"{self._rescued:,} rows hold"
            report.warnings.append(f"{held} something that could not be read; the column _rescued keeps it.")
        report.seconds = (now() - report.started_at).total_seconds()
        report.check()


def _polars(schema: pa.Schema) -> Mapping[str, Any]:
    return frames.from_arrow(schema.empty_table()).schema


def _chain(first: pa.RecordBatch | None, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    if first is not None:
        yield first
    yield from rest


def _bytes(batch: pa.RecordBatch) -> bytes:
    """The content of a batch, whatever its buffers' offsets."""
    return frames.from_arrow(batch).hash_rows(1).to_numpy().tobytes()


def _why(batch: pa.RecordBatch | None) -> str:
    """What the reader says of a file in which it found no columns: the break and its line."""
    if batch is None or frames.RESCUED not in batch.schema.names:
        return ""
    rescued = [json.loads(text.as_py()) for text in batch.column(frames.RESCUED) if text.is_valid]
    return "".join(f" Line {r.get('line', '?')}: {r['reason']}." for r in rescued[:1] if "reason" in r)
