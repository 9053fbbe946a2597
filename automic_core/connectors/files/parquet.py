"""Parquet files: types stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Annotated, Any, BinaryIO, ClassVar, Literal

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field as Option

from automic_core import frames, storage
from automic_core.connectors._files import FileSource
from automic_core.connectors._writing import FileLoader, Write
from automic_core.connectors.files import _types
from automic_core.contracts import ReadRequest, configured
from automic_core.errors import LoadError, SourceError, translate
from automic_core.storage import Location, compression_of

SOURCE_ROW = "_source_row"
_PARQUET_ERRORS = (pl.exceptions.PolarsError, pa.ArrowException, OSError)


@configured
class ParquetSource(FileSource):
    """Reads Parquet. Types stay, timestamps in microseconds; several files are aligned by column name."""

    kind: ClassVar[str] = "parquet"

    def notes(self) -> list[str]:
        """Columns that had to be renamed."""
        return [note for location in self.locations for note in self._file(location)[1]]

    def scan(self, request: ReadRequest = ReadRequest()) -> pl.LazyFrame:
        """A native scan: columns, filters and limits reach the file."""
        parts = [self._file(location)[0] for location in self.locations]
        with translate(SourceError, f"Reading {self.path}", catch=_PARQUET_ERRORS):
            frame = parts[0] if len(parts) == 1 else pl.concat(parts, how="diagonal_relaxed")
            names = frame.collect_schema().names()
        frame = frame.select([*(name for name in names if name != SOURCE_ROW), SOURCE_ROW])
        if request.columns is not None:
            if missing := [name for name in request.columns if name not in names]:
                shown = ", ".join(names[:30])
                raise SourceError(f"{self.path} has no column {missing[0]!r}.", f"Its columns: {shown}.")
            frame = frame.select(request.columns)
        return frame if request.limit is None else frame.head(request.limit)

    def _file(self, location: Location) -> tuple[pl.LazyFrame, list[str]]:
        hint = "Is it a whole Parquet file?"
        with translate(SourceError, f"Reading {location}", hint, _PARQUET_ERRORS):
            if location.is_local and location.member is None and compression_of(location.name) is None:
                location.check()
                # A list of paths: a name with brackets is no pattern.
                frame = pl.scan_parquet([location.path], glob=False)
            else:
                frame = _streamed(location)
            schema = frame.collect_schema()
            names, notes = _types.column_names(schema)
            if names != schema.names():
                frame = frame.rename(dict(zip(schema, names, strict=True)))
            frame = frame.with_columns(frames.border(frame.collect_schema()))
            return frame.with_row_index(SOURCE_ROW, 1).cast({SOURCE_ROW: pl.Int64}), notes


def _streamed(location: Location) -> pl.LazyFrame:
    """A remote or compressed file, read by row groups."""
    with closing(storage.open_binary(location)) as file:
        schema = frames.from_arrow(pq.ParquetFile(file).schema_arrow.empty_table()).schema

    def produce(_rows: int | None) -> Iterator[pl.DataFrame]:
        with (
            translate(SourceError, f"Reading {location}", catch=_PARQUET_ERRORS),
            closing(storage.open_binary(location)) as file,
        ):
            for batch in pq.ParquetFile(file).iter_batches(frames.BATCH_ROWS):
                yield frames.from_arrow(batch)

    return frames.lazy(produce, schema)


@configured
class ParquetLoader(FileLoader):
    """Writes one Parquet file. Appending writes the file anew: the old rows, then the new ones; columns must agree."""

    kind: ClassVar[str] = "parquet"

    compression: Annotated[
        Literal["zstd", "snappy", "gzip", "none"], Option(description="Compression of the pages.")
    ] = "zstd"

    def packing(self) -> storage.Compression | None:
        """None: Parquet compresses its pages itself."""
        return None

    @contextmanager
    def writer(self, file: BinaryIO, schema: pl.Schema, present: BinaryIO | None) -> Iterator[Write]:
        """Copy the old rows, then write the new ones."""
        empty = pl.DataFrame(schema=schema).with_columns(frames.border(schema))
        target: pa.Schema = empty.to_arrow().schema
        with ExitStack() as stack:
            old = None if present is None else pq.ParquetFile(present)
            if old is not None:
                target = self._agreed(old.schema_arrow, target)
            sink: Any = stack.enter_context(
                pq.ParquetWriter(file, target, compression=self.compression, store_schema=True)
            )
            if old is not None:
                for batch in old.iter_batches(frames.BATCH_ROWS):
                    sink.write_table(pa.Table.from_batches([batch]).cast(target))

            def write(batch: pl.DataFrame) -> None:
                table = batch.with_columns(frames.border(batch.schema)).select(target.names).to_arrow()
                if table.num_rows:
                    sink.write_table(table.cast(target))

            yield write

    def _agreed(self, old: pa.Schema, new: pa.Schema) -> pa.Schema:
        """The file's schema, if the rows fit it.

        Raises:
            LoadError: Names or types differ.
        """
        types = {field.name: field.type for field in new}
        if set(types) != set(old.names):
            differing = sorted(set(types) ^ set(old.names))
            raise LoadError(f"{self.path} has other columns: {', '.join(map(repr, differing[:10]))}.", "Overwrite it.")
        shown = {field.name: frames.from_arrow(pa.schema([field]).empty_table()).schema[field.name] for field in old}
        fresh = {field.name: frames.from_arrow(pa.schema([field]).empty_table()).schema[field.name] for field in new}
        if wrong := [name for name in types if shown[name] != fresh[name]]:
            name = wrong[0]
            raise LoadError(
                f"{self.path}: column {name!r} is {shown[name]} there, {fresh[name]} here.",
                "Cast it, or overwrite the file.",
            )
        return old.remove_metadata()
