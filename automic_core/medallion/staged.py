"""A destination that stages rows for a lake table; publishing is a separate, guarded step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

import polars as pl
from pyiceberg.manifest import DataFile

from automic_core import frames
from automic_core.contracts import DestinationAdapter, Mode
from automic_core.errors import CatalogError, ConflictError, SchemaError
from automic_core.lakehouse import files as landing
from automic_core.lakehouse import schemas, tables
from automic_core.lakehouse.exact import exactly
from automic_core.lakehouse.files import BatchWriter
from automic_core.lakehouse.staging import Staging, open_staging, reopen_staging
from automic_core.lakehouse.upsert import rewrite
from automic_core.medallion.context import LakeContext

FILE_BYTES, FILE_SHARE = 16 << 20, 1 / 32
"""Arrow bytes of a file, or this share of the table if that is more: when a row gets a new version, the file it is in
is written anew."""
NOT_STORED = (frames.RESCUED, frames.WAIVED, frames.FATE)


class StagedTable(DestinationAdapter):
    """Rows and schema of a table as they will be after ``publish``."""

    capabilities: ClassVar[frozenset[str]] = frozenset({"overwrite", "transaction", "nested", "metadata"})

    def __init__(self, lake: LakeContext, table: str) -> None:
        self._lake, self._table = lake, table
        self._staging: Staging | None = None
        self._writer: BatchWriter | None = None
        self.changes: schemas.SchemaDiff | None = None
        self.shape: dict[str, pl.DataType] = {}

    @property
    def name(self) -> str:
        return self._table

    def load(self, frame: frames.Frame, mode: Mode = "overwrite", keys: Sequence[str] = ()) -> int:
        """Land the rows."""
        stream = frames.stream(frame)
        shape = {n: t for n, t in stream.schema.items() if n not in {*NOT_STORED, frames.ORIGIN}}
        self.shape = shape
        self._staging = self._opened(shape)
        self._writer = BatchWriter(self._staging.table, target_bytes=FILE_BYTES, share=FILE_SHARE)
        rows = 0
        for batch in stream:
            if frames.ORIGIN in batch.columns:  # rows that came from one bronze row keep its name
                batch = batch.with_columns(pl.coalesce(frames.ORIGIN, frames.RID).alias(frames.RID))
            kept = batch.select(list(shape))
            for part in kept.to_arrow(compat_level=pl.CompatLevel.oldest()).to_batches():
                self._writer.write(part)
            rows += kept.height
        files = self._writer.close()
        self._place(files)
        self._writer = None  # from here on the files belong to the staging
        return sum(file.record_count for file in files)

    def _opened(self, shape: Mapping[str, pl.DataType]) -> Staging:
        table = self._lake.create(self._table, shape)
        self.changes = schemas.diff(table, pl.Schema(shape))
        return open_staging(table, exactly(table, shape))

    def _place(self, files: Sequence[DataFile]) -> None:
        self.staging.replace(files)

    @classmethod
    def reopen(
        cls,
        lake: LakeContext,
        table: str,
        shape: Mapping[str, pl.DataType],
        fork: int | None,
        fields: str,
        locations: Sequence[str],
    ) -> Self:
        """What another process staged; see ``reopen_staging``.

        Args:
            lake: The lake.
            table: Full name.
            shape: The columns that were staged.
            fork: Main's head when they were.
            fields: The columns with their ids.
            locations: The files.

        Raises:
            ConflictError: The table moved since.
        """
        staged = cls(lake, table)
        target = tables.load(lake.catalog, table)
        staged.shape, staged.changes = dict(shape), schemas.diff(target, pl.Schema(shape))
        staged._staging = reopen_staging(target, exactly(target, shape), fork, fields, locations)
        return staged

    def publish(self, properties: Mapping[str, str]) -> int:
        """Make what is staged the table's content.

        Returns:
            The new snapshot id.

        Raises:
            ConflictError: The table changed since staging began; nothing is published.
        """
        return self.staging.publish(properties)

    def rollback(self) -> None:
        """Drop what was staged; what is published stays."""
        if self._staging is not None:
            self._staging.discard()
        if self._writer is not None:
            self._writer.abort()
            self._writer = None

    @property
    def staging(self) -> Staging:
        """The staged change.

        Raises:
            CatalogError: Nothing was staged.
        """
        if self._staging is None:
            raise CatalogError(f"Nothing is staged for {self._table}.", "Run the promotion first.")
        return self._staging


class StagedIncrement(StagedTable):
    """Rows that come beside those of a table, and rows of it that go.

    Args:
        lake: The lake.
        table: Full name.
        base: The state that is taken on.
    """

    def __init__(self, lake: LakeContext, table: str, base: int) -> None:
        super().__init__(lake, table)
        self._base = base
        self._landed: list[DataFile] = []

    def supersede(self, rids: pl.DataFrame) -> int:
        """Take rows out; what is left of their files is landed anew.

        Args:
            rids: Their ``_rid``, some of which the table may not have.

        Returns:
            How many the table had.
        """
        table = self._lake.need(self._table)
        none = tables.scan(table).head(0).collect()
        done = rewrite(table, none, rids.select(frames.RID), alike=True)
        if done.base != self._base:
            landing.remove(table, [file.file_path for file in done.added])
            raise self._overtaken()
        self.staging.exchange(done.gone, [*self._landed, *done.added])
        return done.found.height

    def _opened(self, shape: Mapping[str, pl.DataType]) -> Staging:
        """Raises SchemaError if the rows have other columns than the table, ConflictError if it is no more the base."""
        table = self._lake.need(self._table)
        if changes := schemas.diff(table, pl.Schema(shape)):
            raise SchemaError(f"The rows have other columns than {self._table}: {changes}.", "Promote all rows.")
        staging = open_staging(table)
        if staging.fork != self._base:
            raise self._overtaken()
        return staging

    def _place(self, files: Sequence[DataFile]) -> None:
        self._landed = list(files)
        self.staging.append(files)

    def _overtaken(self) -> ConflictError:
        return ConflictError(f"{self._table} changed meanwhile.", "Run again on the new state.")
