"""CSV and other delimited text."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any, BinaryIO, ClassVar

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field as Option

from automic_core import storage
from automic_core.connectors import _plain
from automic_core.connectors._writing import FileLoader, Packing, Write, copied
from automic_core.connectors.files import _delimited, _dialect, _types
from automic_core.connectors.files._text import Reader, TextSource
from automic_core.contracts import configured
from automic_core.errors import LoadError, SourceError, translate
from automic_core.records import FieldType
from automic_core.storage import Location

Mark = Annotated[str, Option(min_length=1, max_length=8)]
_HEAD_BYTES, _HEAD_LINES = 32 << 20, 20
_FORMULA = r"^([=+\-@\t\r])"  # what spreadsheets run as a formula (OWASP, CSV injection)


@configured
class CSVSource(TextSource):
    """Reads CSV, TSV and other delimited text. Dialect and encoding are detected unless given.

    A record that is wrong in any way is a row too: what could be read of it, and its raw text in ``_rescued``.
    """

    kind: ClassVar[str] = "csv"

    delimiter: Annotated[Mark | None, Option(description="What stands between fields; default: detected.")] = None
    encoding: Annotated[str | None, Option(description='Such as "utf-8" or "cp1252"; default: detected.')] = None
    quotechar: Annotated[
        str | None, Option(max_length=1, description='What surrounds fields; "" = nothing; default: detected.')
    ] = None
    escapechar: Annotated[
        str | None, Option(max_length=1, description='What escapes a character; "" = nothing; default: detected.')
    ] = None
    header: Annotated[bool | None, Option(description="Whether the first record names the columns.")] = None
    skip_lines: Annotated[int | None, Option(ge=0, description="Lines before the table; default: detected.")] = None
    null_values: Annotated[
        tuple[str, ...], Option(description='Texts that mean "no value" when types are inferred.')
    ] = ("",)
    batch_bytes: Annotated[int, Option(ge=1024, description="Bytes of text read at a time.")] = _delimited.BATCH_BYTES

    def nulls(self) -> Sequence[str]:
        """Texts that mean "no value"."""
        return self.null_values

    def expect(self, first: pa.RecordBatch) -> int | None:
        """The stored size over the bytes a row takes in the first batch; None for compressed files."""
        if not len(first) or any(storage.compression_of(location.name) for location in self.locations):
            return None
        texts = [column for column in first.columns if pa.types.is_string(column.type)]
        taken = sum(pc.sum(pc.binary_length(column)).as_py() or 0 for column in texts) + len(first) * len(texts)
        return max(len(first), sum(map(storage.size, self.locations)) * len(first) // max(taken, 1))

    def open_file(self, location: Location) -> Reader:
        """Find the dialect and read the header."""
        open_binary = partial(storage.open_binary, location)
        with translate(SourceError, f"Reading {location}"):
            with closing(open_binary()) as file:
                sample = file.read(_dialect.SAMPLE_BYTES)
            dialect = _dialect.sniff(
                sample,
                encoding=self.encoding,
                delimiter=self.delimiter,
                quotechar=self.quotechar,
                escapechar=self.escapechar,
                header=self.header,
                skip_lines=self.skip_lines,
            )
            read = partial(_delimited.read, open_binary, str(location), dialect, batch_bytes=self.batch_bytes)
            return _DelimitedFile(read, dialect)


def most_fields(file: BinaryIO) -> int:
    """About how many fields the widest of the first lines has, found without parsing it: for a limit on columns."""
    sample = file.read(_dialect.SAMPLE_BYTES)
    if not sample:
        return 0
    dialect = _dialect.sniff(sample)
    mark = dialect.delimiter.encode(dialect.encoding)
    head = sample + file.read(_HEAD_BYTES)
    return max(line.count(mark) for line in head.split(b"\n", _HEAD_LINES)[:_HEAD_LINES]) + 1


class _DelimitedFile:
    """One file with its dialect."""

    def __init__(self, read: Any, dialect: _dialect.Dialect) -> None:
        self._read = read
        self.facts = asdict(dialect)
        whole = read()
        self.columns, renamed = _types.column_names(whole.columns)
        self._names = dict(zip(self.columns, whole.columns, strict=True))
        quote = f"quote {dialect.quotechar!r}" if dialect.quotechar else "no quotes"
        how = f"{dialect.encoding}, delimiter {dialect.delimiter!r}, {quote}, {'' if dialect.header else 'no '}header"
        self.notes: list[str] = [f"Read as {how}.", *whole.notes, *renamed]
        if not self.columns:
            self.notes = list(whole.notes)

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The records."""
        if not self.columns:
            return
        # A pass that needs no column still has to count the records.
        wanted = [self._names[name] for name in columns or self.columns[:1]]
        shown = {raw: name for name, raw in self._names.items()}
        every = len(columns) == len(self.columns)
        for batch in self._read(columns=None if every else wanted).batches():
            yield batch.rename_columns([shown.get(name, name) for name in batch.schema.names])

    def locate(self, record: int) -> int:
        """The physical line at which a record begins."""
        found: int = self._read().locate(record)
        return found

    def allowed(self) -> Mapping[str, Collection[FieldType]]:
        """Any type: delimited text has none of its own."""
        return {}


@configured
class CSVLoader(FileLoader):
    """Writes CSV in UTF-8 with a header; lists and structs become JSON text.

    Appending needs the same columns as the file's header, in any order. The file is replaced in one step on commit.
    """

    kind: ClassVar[str] = "csv"

    delimiter: Annotated[str, Option(min_length=1, max_length=1, description="What stands between fields.")] = ","
    compression: Packing = None
    neutralise_formulas: Annotated[
        bool, Option(description="Put ' before texts that a spreadsheet would run as a formula.")
    ] = False

    def packing(self) -> storage.Compression | None:
        """The compression given, else the one of the suffix."""
        return self.compression or super().packing()

    @contextmanager
    def writer(self, file: BinaryIO, schema: pl.Schema, present: BinaryIO | None) -> Iterator[Write]:
        """Write the header, unless it is there; then rows."""
        names = list(schema) if present is None else self._aligned(list(schema), present, file)
        if present is None:
            header = pl.DataFrame({str(i): [name] for i, name in enumerate(names)}, schema_overrides={})
            self._put(file, self._safe(header))

        def write(batch: pl.DataFrame) -> None:
            self._put(file, self._safe(_plain.flat(batch.select(names))))

        yield write

    def _safe(self, batch: pl.DataFrame) -> pl.DataFrame:
        if not self.neutralise_formulas:
            return batch
        return batch.with_columns(pl.col(pl.String).str.replace(_FORMULA, "'${1}"))

    def _put(self, file: BinaryIO, batch: pl.DataFrame) -> None:
        if batch.width == 1:  # an empty line would be no record
            batch = batch.select(pl.all().cast(pl.String).fill_null(""))
        if batch.width:
            buffer = io.BytesIO()
            batch.write_csv(buffer, include_header=False, separator=self.delimiter)
            file.write(buffer.getbuffer())

    def _aligned(self, names: list[str], present: BinaryIO, file: BinaryIO) -> list[str]:
        """The column names in the file's order; copies the old rows."""
        head = present.readline()
        while head.count(b'"') % 2 and (more := present.readline()):
            head += more
        found = next(csv.reader(io.StringIO(head.decode("utf-8-sig", "replace")), delimiter=self.delimiter), [])
        if sorted(found) != sorted(names):
            missing, extra = [n for n in found if n not in names], [n for n in names if n not in found]
            differs = "; ".join(
                f"{what} {', '.join(map(repr, which[:10]))}"
                for what, which in (("not written:", missing), ("not in the file:", extra))
                if which
            )
            raise LoadError(
                f"{self.path} has other columns than the rows ({differs or 'repeated names'}).",
                "Select or rename columns to match its header, or overwrite the file.",
            )
        file.write(head)
        last = copied(present, file) or head[-1:]
        if last not in (b"\n", b"\r"):
            file.write(b"\n")
        return found
