"""Land rows as Parquet files that no snapshot refers to yet. Committing them is cheap and comes later, or never."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.io.pyarrow import parquet_file_to_data_file
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from automic_core.errors import LoadError, translate
from automic_core.faults import commit_point
from automic_core.lakehouse.commits import full_name
from automic_core.lakehouse.types import arrow_schema, conform, conform_batch

TARGET_FILE_BYTES = 512 << 20
ROW_GROUP_ROWS = 131_072
_COPY_BYTES = 8 << 20
_SAMPLE_ROWS = 16_384
_STAY_ALIVE_BYTES = 64 << 20


def _leaves(schema: pa.Schema) -> list[str]:
    """Paths of the Parquet leaf columns of a schema."""
    columns = pq.ParquetFile(_empty_file(schema)).schema
    return [columns.column(i).path for i in range(len(columns))]


def _empty_file(schema: pa.Schema) -> pa.BufferReader:
    sink = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), sink)
    return pa.BufferReader(sink.getvalue())


def data_folder(table: Table) -> str:
    """A new, unique folder for data files below the table's location."""
    return f"{table.location().rstrip('/')}/data/{uuid.uuid4().hex}"


def local_path(location: str) -> Path | None:
    """The path of a local location, or None for an object store."""
    parts = urlsplit(location)
    if parts.scheme in ("", "file"):
        return Path(unquote(parts.path) if parts.scheme else location)
    return None


def describe(table: Table, location: str) -> DataFile:
    """Read a landed file's footer: rows, sizes and column bounds under the table's current field ids."""
    with translate(LoadError, f"reading the footer of {location}"):
        return parquet_file_to_data_file(table.io, table.metadata, location)


def remove(table: Table, locations: Sequence[str]) -> None:
    """Delete files that no snapshot refers to; one that is already gone is fine."""
    for location in locations:
        with translate(LoadError, f"deleting {location}"):
            try:
                table.io.delete(location)
            except FileNotFoundError:
                continue
    for folder in {path.parent for location in locations if (path := local_path(location)) is not None}:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


@dataclass
class Landing:
    """Rows on their way into files: run ``sink`` (alone or in a ``pl.collect_all``), then ask ``files()``.

    Attributes:
        sink: A lazy frame that writes the files when it is collected.
    """

    table: Table
    folder: str
    sink: pl.LazyFrame
    spool: Path
    written: list[tuple[str, int]] = field(default_factory=list)
    _files: list[DataFile] | None = None

    def files(self) -> list[DataFile]:
        """The files that were written, ready to commit; files without rows are removed."""
        if self._files is None:
            locations = []
            for path, rows in self.written:
                if rows:
                    locations.append(self._place(Path(path)))
                else:
                    Path(path).unlink()
            self.written = []
            if not locations or local_path(self.folder) is None:
                shutil.rmtree(self.spool, ignore_errors=True)
            self._files = [describe(self.table, location) for location in locations]
            commit_point("land.after")
        return self._files

    def collect(self) -> list[DataFile]:
        """Run the sink alone and return its files; a failed run leaves none behind.

        Raises:
            LoadError: The rows cannot be computed or written.
        """
        try:
            with translate(LoadError, f"writing rows for {full_name(self.table)}"):
                self.sink.collect(engine="streaming")
            return self.files()
        except BaseException:
            self.abort()
            raise

    def abort(self) -> None:
        """Delete what was landed."""
        if self._files:
            remove(self.table, [file.file_path for file in self._files])
        elif self._files is None:
            _let_writers_end()
        self._files = []
        shutil.rmtree(self.spool, ignore_errors=True)

    def _place(self, path: Path) -> str:
        location = f"{self.folder}/{path.name}"
        if local_path(self.folder) is None:
            target = self.table.io.new_output(location)
            with translate(LoadError, f"uploading {location}"), path.open("rb") as source, target.create() as stream:
                while chunk := source.read(_COPY_BYTES):
                    stream.write(chunk)
            path.unlink()
        return location


def land(
    table: Table, frame: pl.LazyFrame, *, target_bytes: int = TARGET_FILE_BYTES, most_rows: int | None = None
) -> Landing:
    """Plan a streamed write of a frame into files with field ids; nothing is committed.

    Files of a table in an object store are spooled on the local disk first, then uploaded.

    Args:
        table: The table whose schema the rows take; cast strictly, absent columns are null.
        frame: The rows, in the order they shall have.
        target_bytes: Approximate size of a file before compression.
        most_rows: Most rows of a file.

    Raises:
        SchemaError: The frame has a column that the table does not have.
    """
    schema = arrow_schema(table.schema())
    folder = data_folder(table)
    spool = local_path(folder) or Path(tempfile.mkdtemp(prefix="automic-"))
    landing = Landing(table, folder, pl.LazyFrame(), spool)
    landing.sink = conform(frame, schema).sink_parquet(
        pl.PartitionBy(str(spool), approximate_bytes_per_file=target_bytes, max_rows_per_file=most_rows),
        arrow_schema=schema,
        compression="zstd",
        row_group_size=ROW_GROUP_ROWS,
        mkdir=True,
        lazy=True,
        sinked_paths_callback=lambda sunk: landing.written.extend((p.path, p.num_rows or 0) for p in sunk.paths),
    )
    return landing


def _let_writers_end() -> None:
    """Wait until files that a failed sink was about to open are there.

    Polars returns the error at once, while tasks on its writing threads go on and would make the folder anew after it
    was deleted. They run in the order they were given: once another sink is through, they are.
    """
    with tempfile.TemporaryDirectory(prefix="automic-") as folder:
        split = pl.PartitionBy(folder, approximate_bytes_per_file=1)
        pl.LazyFrame({"a": [1]}).sink_parquet(split, lazy=True).collect(engine="streaming")


class BatchWriter:
    """Streams Arrow batches into Parquet files with field ids, through whatever file system the table lives on.

    Args:
        table: The table whose schema the rows take.
        target_bytes: Arrow bytes after which a new file begins.
        share: Share of all that was written before, up to which a file may be larger: so the number of files grows
            slowly, while none is a large part of the table.
        most_rows: Rows after which a new file begins.
    """

    def __init__(
        self,
        table: Table,
        *,
        target_bytes: int = TARGET_FILE_BYTES,
        share: float = 0.0,
        most_rows: int | None = None,
    ) -> None:
        self.table = table
        self.rows = 0
        self._schema = arrow_schema(table.schema())
        self._target, self._share, self._most_rows = target_bytes, share, most_rows
        self._folder = data_folder(table)
        self._locations: list[str] = []
        self._sink: pa.NativeFile | None = None
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = self._waiting_bytes = self._file_bytes = self._file_rows = self._written = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows; they are held until they fill a row group.

        Raises:
            SchemaError: A column is unknown or a value does not fit.
            LoadError: The file cannot be written.
        """
        batch = conform_batch(batch, self._schema)
        self.rows += batch.num_rows
        self._waiting.append(batch)
        self._waiting_rows += batch.num_rows
        self._waiting_bytes += batch.nbytes
        if self._waiting_rows >= ROW_GROUP_ROWS or self._waiting_bytes >= _STAY_ALIVE_BYTES:
            self._flush()

    def close(self) -> list[DataFile]:
        """Finish and describe the files; none if no row was written."""
        self._flush()
        self._finish()
        files = [describe(self.table, location) for location in self._locations]
        commit_point("land.after")
        return files

    def abort(self) -> None:
        """Delete what was landed."""
        self._waiting.clear()
        self._finish()
        remove(self.table, self._locations)
        self._locations.clear()

    def _flush(self) -> None:
        if not self._waiting_rows:
            return
        rows = pa.Table.from_batches(self._waiting)
        with translate(LoadError, f"writing rows for {full_name(self.table)}"):
            if self._writer is None:
                location = f"{self._folder}/{len(self._locations):08}.parquet"
                self._locations.append(location)
                self._sink = self.table.io.new_output(location).create()
                self._writer = pq.ParquetWriter(
                    self._sink, self._schema, compression="zstd", store_decimal_as_integer=True, **self._encodings(rows)
                )
            self._writer.write_table(rows, row_group_size=ROW_GROUP_ROWS)
        self._file_bytes += self._waiting_bytes
        self._file_rows += self._waiting_rows
        self._waiting, self._waiting_rows, self._waiting_bytes = [], 0, 0
        full = self._file_bytes >= max(self._target, self._share * self._written)
        if full or (self._most_rows is not None and self._file_rows >= self._most_rows):
            self._finish()

    def _encodings(self, rows: pa.Table) -> dict[str, Any]:
        """Encodings by the first rows: values that hardly repeat get no dictionary, whole numbers become deltas.

        A dictionary of such a column outgrows its page and is thrown away again: a third of the cost of the file.
        """
        head = rows.slice(0, _SAMPLE_ROWS)
        flat = [field for field in self._schema if not pa.types.is_nested(field.type)]
        unlike = [f for f in flat if pc.count_distinct(head[f.name]).as_py() > head.num_rows / 2]
        deltas = [f.name for f in unlike if pa.types.is_int64(f.type) or pa.types.is_timestamp(f.type)]
        names = {field.name for field in unlike}
        # Columns inside lists and structs go by their path.
        paths = [path for path in _leaves(self._schema) if path not in names]
        return {"use_dictionary": paths, "column_encoding": dict.fromkeys(deltas, "DELTA_BINARY_PACKED")}

    def _finish(self) -> None:
        if self._writer is not None and self._sink is not None:
            with translate(LoadError, f"closing a file of {full_name(self.table)}"):
                self._writer.close()
                self._sink.close()
        self._writer = self._sink = None
        self._written += self._file_bytes
        self._file_bytes = self._file_rows = 0
