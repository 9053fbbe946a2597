"""A change log in bronze: every change of a table once, in order; each snapshot says up to where the log was read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table
from pyiceberg.table.update.schema import UpdateSchema

from automic_core import frames
from automic_core.contracts.changes import CHANGE_COLUMNS, OP
from automic_core.errors import ConfigError, ConflictError
from automic_core.lakehouse import files as landed
from automic_core.lakehouse import schemas, tables
from automic_core.lakehouse.commits import head, refresh
from automic_core.lakehouse.exact import exactly
from automic_core.lakehouse.files import BatchWriter
from automic_core.lakehouse.staging import open_staging
from automic_core.medallion.batches import BATCH, CHANGES, HASH, KEYS, LAST, MODE, RID_BITS, SOURCE, last_number
from automic_core.medallion.context import LakeContext, is_published, now
from automic_core.medallion.contract import Contract
from automic_core.medallion.landing import ADDED

POSITION, ORIGIN = "automic.position", "automic.log"
FOLLOWER = "automic.follower"
"""Snapshot property: the run that made the state while it followed a table; such states may be forgotten soon."""
_MANY_COMMITS = {"write.metadata.delete-after-commit.enabled": "true", "write.metadata.previous-versions-max": "50"}


@dataclass(frozen=True)
class Place:
    """How far a change log goes.

    Attributes:
        position: Where its source's log goes on; "" = the source has none and is compared.
        origin: Which log that is.
        batch: Number of the newest batch.
        at: When the table came there.
    """

    position: str
    origin: str
    keys: list[str]
    source: str
    batch: int
    at: datetime


def prepared(lake: LakeContext, name: str) -> Table:
    """The table of a change log, made without columns of its own if it is missing: readers do not see it yet.

    Raises:
        ConfigError: It is there and no change log.
    """
    shape = pa.schema(list({**CHANGE_COLUMNS, **ADDED}.items()))
    table = lake.create(name, _polars(shape), properties=_MANY_COMMITS)
    if is_published(table) and place(table) is None:
        raise ConfigError(f"{name} is no change log.", "Follow into another table.")
    return table


def place(table: Table | None) -> Place | None:
    """Where a change log ends, by the newest snapshot that says so; None if the table is none or has no rows yet."""
    snapshot = table.current_snapshot() if table is not None else None
    while table is not None and snapshot is not None:
        said = snapshot.summary.additional_properties if snapshot.summary is not None else {}
        if POSITION in said:
            at = datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC)
            return Place(said[POSITION], said[ORIGIN], json.loads(said[KEYS]), said[SOURCE], int(said[LAST]), at)
        parent = snapshot.parent_snapshot_id
        snapshot = table.snapshot_by_id(parent) if parent is not None else None
    return None


class ChangeLanding:
    """Changes on their way into a change log: ``add`` them, then ``commit`` rows and position in one snapshot.

    Args:
        lake: The lake.
        name: Full name of the table.
        source: Where the changes come from, for ``_source``.
        keys: Columns that identify a row.
        contract: evolve, freeze or discard_value.
    """

    def __init__(self, lake: LakeContext, name: str, source: str, keys: Sequence[str], contract: str) -> None:
        self._lake, self.name, self._source, self._keys, self._contract = lake, name, source, list(keys), contract
        self._table = prepared(lake, name)
        self._place = place(self._table)
        self._number = self.rows = 0
        self._settled: tuple[dict[str, pa.DataType], int] | None = None
        self._fit: Contract
        self._clear()

    @property
    def place(self) -> Place | None:
        """How far the table goes as it was last seen."""
        return self._place

    def fitted(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows of the source as the contract lets them into the table.

        Raises:
            SchemaError: The contract refuses the columns.
        """
        if frames.RESCUED not in rows.columns:
            rows = rows.with_columns(pl.lit(None, dtype=pl.String).alias(frames.RESCUED))
        return Contract(schemas.plan(self._table, rows.schema, self._contract)).fitted(rows)

    def add(self, rows: pa.RecordBatch, batch: str) -> None:
        """Land rows; they are seen when they are committed.

        Args:
            rows: Columns of the table, ``_rescued`` and those of a change.
            batch: What names the batch, the same when it is taken again after a failure.

        Raises:
            SchemaError: The contract refuses the columns.
            ConfigError: A key is none of the columns.
        """
        shape = _shape(rows)
        if self._writer is None or self._shape != shape:
            self._open(shape)
        if not self._number:
            floor = last_number(self._table) if self._place is None else self._place.batch
            self._number = self._lake.state.reserve_batch(self.name, self._source, batch, floor=floor)
            self._batch = batch
        assert self._writer is not None
        self._writer.write(self._fit.apply(self._stamped(rows)))
        self.rows += rows.num_rows

    def commit(self, position: str, origin: str, properties: Mapping[str, str]) -> int:
        """Make the rows and the position visible, in one snapshot; without rows just the position.

        Args:
            position: Up to where the source's log is in the table now.
            origin: Which log.
            properties: Further properties of the snapshot.

        Returns:
            The snapshot's id.

        Raises:
            ConflictError: Another process moved the position, or the columns changed; nothing is committed.
        """
        files = self._finish()
        last = self._number or (self._place.batch if self._place is not None else 0)
        about = {SOURCE: self._source, MODE: CHANGES, KEYS: json.dumps(self._keys)}
        mark = {POSITION: position, ORIGIN: origin, LAST: str(last)}
        batch = {BATCH: str(self._number), HASH: self._batch} if self._number else {}
        said = {**properties, **about, **mark, **batch}
        snapshot = self._published(files, said)
        self._place = place(self._table)
        self._clear()
        return snapshot

    def abort(self) -> None:
        """Delete what was landed and not committed."""
        if self._writer is not None:
            self._writer.abort()
        if self._files:
            landed.remove(self._table, [file.file_path for file in self._files])
        self._clear()

    def _clear(self) -> None:
        self._writer: BatchWriter | None = None
        self._files: list[DataFile] = []
        self._shape: dict[str, pa.DataType] = {}
        self._wanted: dict[str, pa.DataType] = {}
        self._change: schemas.Change | None = None
        self._number, self._batch = 0, ""
        self.rows = 0

    def _open(self, shape: dict[str, pa.DataType]) -> None:
        """Begin files for these columns, beside those of other columns that came before in the same batch."""
        if missing := [key for key in self._keys if key not in shape]:
            raise ConfigError(
                f"{self._source} has no column {missing[0]!r} to be the key.", f"It has {', '.join(shape)}."
            )
        if self._writer is not None:
            self._files.extend(self._writer.close())
        self._wanted |= shape  # an order that stays: fields get the same ids whenever it is planned
        self._shape = shape
        if self._change is None and self._settled == (shape, self._table.schema().schema_id):
            self._writer = BatchWriter(self._table)
            return
        schema = pa.schema(list(self._wanted.items()))
        if is_published(refresh(self._table)):
            plan = schemas.plan(self._table, schema, self._contract)
            self._change = schemas.grow(schema, plan.evolved) if plan.evolved else None
        else:  # the columns may be those of a run that died
            plan = schemas.ContractPlan(schemas.ContractMode(self._contract), schemas.SchemaDiff())
            self._change = _first(exactly(self._table, _polars(schema)), frames.data_names(self._wanted))
        self._fit = Contract(plan)
        self._writer = BatchWriter(open_staging(self._table, self._change).table)
        self._settled = (shape, self._table.schema().schema_id) if self._change is None else None

    def _finish(self) -> list[DataFile]:
        if self._writer is not None:
            self._files.extend(self._writer.close())
            self._writer = None
        return self._files

    def _published(self, files: Sequence[DataFile], said: Mapping[str, str]) -> int:
        """Commit on the head that was seen last, again if it moved and nobody else followed (a compaction)."""
        while True:
            fork = head(self._table)
            try:
                return self._publish(files, fork, said)
            except ConflictError:
                if head(refresh(self._table)) == fork:
                    raise
                if place(self._table) != self._place:
                    raise ConflictError(
                        f"Another process moved {self.name} on.", "Only one can follow a table."
                    ) from None

    def _publish(self, files: Sequence[DataFile], fork: int | None, said: Mapping[str, str]) -> int:
        if self._change is None:
            return tables.append(self._table, files, expected=fork, properties=said)
        staging = open_staging(self._table, self._change)
        staging.append(files)
        staging.fork = fork
        return staging.publish(said)

    def _stamped(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        rows = batch.num_rows
        ordinal = pa.array(np.arange(self.rows + 1, self.rows + rows + 1, dtype=np.int64))
        added: dict[str, Any] = {
            "_rid": pc.add(ordinal, pa.scalar(self._number << RID_BITS, pa.int64())),
            "_batch_id": pa.repeat(pa.scalar(self._number, pa.int64()), rows),
            "_source": pa.repeat(pa.scalar(self._source), rows),
            "_source_row": ordinal,
            "_ingested_at": pa.repeat(pa.scalar(now(), pa.timestamp("us", "UTC")), rows),
        }
        return pa.RecordBatch.from_pydict({**dict(zip(batch.schema.names, batch.columns, strict=True)), **added})


def _first(change: schemas.Change | None, names: Sequence[str]) -> schemas.Change | None:
    """The change, with the columns of the source before those of a change."""
    if change is None:
        return None

    def ordered(update: UpdateSchema) -> None:
        change(update)
        for name in names:
            update.move_before(name, OP)

    return ordered


def _shape(rows: pa.RecordBatch) -> dict[str, pa.DataType]:
    data = {field.name: field.type for field in rows.schema if not frames.is_hidden(field.name)}
    return {**data, **CHANGE_COLUMNS, **ADDED}


def _polars(schema: pa.Schema) -> Mapping[str, Any]:
    return frames.from_arrow(schema.empty_table()).schema
