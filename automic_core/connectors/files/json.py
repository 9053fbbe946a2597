"""JSON: arrays, documents, JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from json.encoder import encode_basestring
from pathlib import Path
from typing import Annotated, Any, BinaryIO, ClassVar, Literal

import polars as pl
from pydantic import Field as Option

from automic_core import storage
from automic_core.connectors import _plain
from automic_core.connectors._files import PathText
from automic_core.connectors._writing import FileLoader, Packing, Write, copied
from automic_core.connectors.files._jsonfile import JSONFile
from automic_core.connectors.files._text import Reader, TextSource
from automic_core.contracts import configured
from automic_core.errors import LoadError, SourceError, translate
from automic_core.records import FieldType
from automic_core.schemas import field_type
from automic_core.storage import Location

_BEFORE = b"\xef\xbb\xbf \t\r\n"
_TYPES: dict[FieldType, dict[str, Any]] = {
    FieldType.INTEGER: {"type": "integer"},
    FieldType.FLOAT: {"type": "number"},
    FieldType.DECIMAL: {"type": "number"},
    FieldType.BOOLEAN: {"type": "boolean"},
    FieldType.DATE: {"type": "string", "format": "date"},
    FieldType.DATETIME: {"type": "string", "format": "date-time"},
    FieldType.TIME: {"type": "string", "format": "time"},
    FieldType.JSON: {"type": "object"},
    FieldType.ARRAY: {"type": "array"},
}


@configured
class JSONSource(TextSource):
    """Reads JSON: an array of records, one document, several, or JSON Lines. One column a key of a record.

    Objects and lists inside a record become JSON text, as they stand in the file. A broken line keeps its text in
    ``_rescued``; a broken array is read up to the break, and the rest is one such row.
    """

    kind: ClassVar[str] = "json"

    format: Annotated[
        Literal["auto", "array", "lines"],
        Option(description="array: one or several documents or an array of records. lines: one record a line."),
    ] = "auto"
    record_path: Annotated[str | None, Option(description='Keys that lead to the records, such as "data.items".')] = (
        None
    )
    discover: Annotated[
        Literal["peek", "full"],
        Option(
            description="peek: keys first seen after infer_rows records go to _rescued. full: all keys are columns."
        ),
    ] = "peek"
    encoding: Annotated[str | None, Option(description="Default: detected; JSON should be UTF-8.")] = None

    def open_file(self, location: Location) -> Reader:
        """Find the shape and the keys."""
        with translate(SourceError, f"Reading {location}"):
            return JSONFile(
                partial(storage.open_binary, location),
                str(location),
                None if self.format == "auto" else self.format,
                tuple(self.record_path.split(".")) if self.record_path else (),
                self.encoding,
                self.infer_rows if self.discover == "peek" else None,
            )


@configured
class JSONLoader(FileLoader):
    """Writes JSON: an array of records, or one record a line. Lists and structs are nested, decimals keep their digits.

    NaN and infinities, which JSON cannot write, become the strings "NaN", "Infinity" and "-Infinity".
    """

    kind: ClassVar[str] = "json"

    format: Annotated[
        Literal["auto", "array", "lines"],
        Option(description="auto: lines for .jsonl and .ndjson, else array."),
    ] = "auto"
    pretty: Annotated[bool, Option(description="Arrays only: a line for each value.")] = False
    compression: Packing = None
    json_columns: Annotated[
        tuple[str, ...], Option(description="Text columns that hold JSON and are to be written as such.")
    ] = ()
    schema_path: Annotated[PathText | None, Option(description="Also write a JSON Schema of the records here.")] = None

    def packing(self) -> storage.Compression | None:
        """The compression given, else the one of the suffix."""
        return self.compression or super().packing()

    def lines(self) -> bool:
        """Whether each record is a line."""
        suffixes = {suffix.lower() for suffix in Path(self.path).suffixes}
        return self.format == "lines" or (self.format == "auto" and not suffixes.isdisjoint((".jsonl", ".ndjson")))

    @contextmanager
    def writer(self, file: BinaryIO, schema: pl.Schema, present: BinaryIO | None) -> Iterator[Write]:
        """Write records, and the schema file once they are all written."""
        if self.schema_path:
            self._work.finished.append(partial(self._write_schema, Path(self.schema_path), schema))
        between, first = "\n" if self.lines() else ",\n", True
        if present is not None and self.lines():
            self._copied_lines(present, file)
        elif present is not None:
            first = not self._copied_array(present, file)
        elif not self.lines():
            file.write(b"[\n")

        def write(batch: pl.DataFrame) -> None:
            nonlocal first
            if batch.height:
                text = between.join(self._records(batch))
                file.write(("" if first else between).encode() + text.encode())
                first = False

        yield write
        file.write(b"" if first else b"\n")
        if not self.lines():
            file.write(b"]\n")

    def _records(self, batch: pl.DataFrame) -> list[str]:
        pretty = self.pretty and not self.lines()
        gap, start, end = (",\n    ", "  {\n    ", "\n  }") if pretty else (", ", "{", "}")
        columns = [
            [f"{encode_basestring(column.name)}: {text}" for text in self._cells(column)]
            for column in batch.get_columns()
        ]
        if not columns:
            return ["{}"] * batch.height
        return [start + gap.join(cells) + end for cells in zip(*columns, strict=True)]

    def _cells(self, column: pl.Series) -> list[str]:
        if column.name not in self.json_columns or column.dtype != pl.String:
            return _plain.as_json(column).to_list()
        return [_document(value) for value in column.to_list()]

    def _copied_array(self, present: BinaryIO, file: BinaryIO) -> bool:
        """Copy an array without its end; whether it has elements."""
        before, held = b"", present.read(1 << 16)
        if not held.lstrip(_BEFORE).startswith(b"["):
            raise LoadError(f"{self.path} is not an array of records.", "Overwrite it, or write lines.")
        while chunk := present.read(1 << 20):
            if chunk.strip():
                file.write(held)
                before, held = held, chunk
            else:
                held += chunk
        body = held.rstrip()
        if not body.endswith(b"]"):
            raise LoadError(f"{self.path} does not end as an array does.", "It may be cut; overwrite it.")
        body = body[:-1].rstrip()
        file.write(body)
        empty = (body or before.rstrip()).endswith(b"[")
        if empty:
            file.write(b"\n")
        return not empty

    def _copied_lines(self, present: BinaryIO, file: BinaryIO) -> None:
        """Copy lines."""
        head = present.readline()
        if head.lstrip(_BEFORE).startswith(b"["):
            raise LoadError(f"{self.path} holds an array, not lines.", "Overwrite it, or write an array.")
        file.write(head)
        if (copied(present, file) or head[-1:]) != b"\n":
            file.write(b"\n")

    def _write_schema(self, path: Path, schema: Mapping[str, Any]) -> None:
        document = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": self.name,
            "type": "object",
            "properties": {name: _TYPES.get(field_type(dtype), {"type": "string"}) for name, dtype in schema.items()},
        }
        with storage.atomic_write(path) as file:
            file.write(json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n")


def _document(value: str | None) -> str:
    """A cell that should hold JSON, on one line; what is none is written as a string."""
    if value is None:
        return "null"
    try:
        json.loads(value, parse_constant=_refused, parse_int=str)
    except (ValueError, RecursionError):
        return encode_basestring(value)
    return value.replace("\n", " ").replace("\r", " ")


def _refused(constant: str) -> None:
    raise ValueError(constant)
