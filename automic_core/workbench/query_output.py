"""An answer made ready: columns a page can show, and files a person takes away (CSV, Parquet, JSON)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from automic_core.errors import ConfigError, TransformError
from automic_core.lakehouse.sql import quoted
from automic_core.storage.writing import disk_errors

MOST_CHARACTERS = 2000
FORMATS = ("csv", "parquet", "json")
_BATCH = 8192
_SHOWN = re.compile(r"BOOLEAN|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\)|DATE|TIME|TIMESTAMP.*")
_NESTED = re.compile(r".*\]|(STRUCT|MAP|UNION)\(.*|JSON|VARIANT", re.DOTALL)
_KEPT = re.compile(rf"{_SHOWN.pattern}|VARCHAR|BLOB|.*\]|(STRUCT|MAP)\(.*", re.DOTALL)
_FORMULA = re.compile(r"[=+\-@\t\r]")

Put = Callable[[pa.RecordBatch], None]


def readable(kinds: Mapping[str, str]) -> str:
    """A projection to what a grid can show: numbers and times as they are, anything else as text of bounded length."""
    return ", ".join(f"{_shown(quoted(name), kind)} AS {quoted(name)}" for name, kind in kinds.items())


def _shown(column: str, kind: str) -> str:
    if _SHOWN.fullmatch(kind):
        return column
    text = _text(column, kind)
    return f"CASE WHEN length({text}) > {MOST_CHARACTERS} THEN left({text}, {MOST_CHARACTERS}) || '…' ELSE {text} END"


def cut(batches: list[pa.RecordBatch]) -> bool:
    """Whether a value of readable rows was too long to be shown whole."""
    texts = (column for batch in batches for column in batch.columns if pa.types.is_string(column.type))
    return any((pc.max(pc.utf8_length(column)).as_py() or 0) > MOST_CHARACTERS for column in texts)


def _text(column: str, kind: str) -> str:
    if _NESTED.fullmatch(kind):
        return f"CAST(to_json({column}) AS VARCHAR)"
    return f"hex({column})" if kind == "BLOB" else f"CAST({column} AS VARCHAR)"


def write(relation: duckdb.DuckDBPyRelation, path: Path, kind: str, excel: bool, most: int) -> int:
    """Write all rows of an answer, batch by batch.

    Args:
        relation: The answer.
        path: The new file.
        kind: One of ``FORMATS``.
        excel: Of CSV: a mark that it is UTF-8, and no cell that a spreadsheet would compute.
        most: Bytes the file may have.

    Returns:
        How many rows.

    Raises:
        ConfigError: The format is unknown.
        TransformError: The file would be larger.
    """
    if kind not in FORMATS:
        raise ConfigError(f"There is no download as {kind}.", f"Choose {', '.join(FORMATS)}.")
    rows = 0
    with disk_errors(path, path), path.open("wb") as file:
        reader, put, end = _WRITERS[kind](relation, file, excel)
        for batch in reader:
            put(batch)
            rows += batch.num_rows
            if file.tell() > most:
                raise TransformError(
                    f"The download is larger than {most >> 20} MB after {rows:,} rows.",
                    "Select fewer rows or columns, choose Parquet, or save the answer as a gold table.",
                )
        end()
    return rows


Writer = tuple[pa.RecordBatchReader, Put, Callable[[], None]]


def _csv(relation: duckdb.DuckDBPyRelation, file: BinaryIO, excel: bool) -> Writer:
    kinds = {name: str(kind) for name, kind in zip(relation.columns, relation.types, strict=True)}
    words = [name for name, kind in kinds.items() if not _SHOWN.fullmatch(kind)]
    texts = relation.project(", ".join(f"{_text(quoted(n), k)} AS {quoted(n)}" for n, k in kinds.items()))
    names = {name: f"'{name}" if excel and _FORMULA.match(name) else name for name in kinds}
    file.write(b"\xef\xbb\xbf" if excel else b"")
    pl.DataFrame(schema=dict.fromkeys(names.values(), pl.String)).write_csv(file)

    def put(batch: pa.RecordBatch) -> None:
        frame = pl.DataFrame(batch)
        if excel:
            frame = frame.with_columns(
                pl.when(pl.col(word).str.contains(f"^{_FORMULA.pattern}"))
                .then("'" + pl.col(word))
                .otherwise(word)
                .alias(word)
                for word in words
            )
        frame.write_csv(file, include_header=False)

    return texts.to_arrow_reader(_BATCH), put, lambda: None


def _parquet(relation: duckdb.DuckDBPyRelation, file: BinaryIO, excel: bool) -> Writer:
    fields = ", ".join(
        f"{quoted(name) if _KEPT.fullmatch(str(kind)) else _text(quoted(name), str(kind))} AS {quoted(name)}"
        for name, kind in zip(relation.columns, relation.types, strict=True)
    )
    reader = relation.project(fields).to_arrow_reader(_BATCH * 8)
    writer = pq.ParquetWriter(file, reader.schema, compression="zstd")
    return reader, writer.write_batch, writer.close


def _json(relation: duckdb.DuckDBPyRelation, file: BinaryIO, excel: bool) -> Writer:
    """An array of objects, one a line."""
    fields = ", ".join(
        f"{quoted(name)} := {_finite(quoted(name), str(kind))}"
        for name, kind in zip(relation.columns, relation.types, strict=True)
    )
    between = b"[\n"

    def put(batch: pa.RecordBatch) -> None:
        nonlocal between
        lines: list[Any] = batch.column(0).to_pylist()
        file.write(between + ",\n".join(lines).encode())
        between = b",\n"

    def end() -> None:
        file.write(b"\n]\n" if between == b",\n" else b"[]\n")

    return relation.project(f"CAST(to_json(struct_pack({fields})) AS VARCHAR)").to_arrow_reader(_BATCH), put, end


def _finite(column: str, kind: str) -> str:
    """JSON has no number for infinity and NaN."""
    if kind not in ("FLOAT", "DOUBLE"):
        return column
    return f"CASE WHEN isfinite({column}) THEN to_json({column}) ELSE to_json(CAST({column} AS VARCHAR)) END"


_WRITERS: dict[str, Callable[[duckdb.DuckDBPyRelation, BinaryIO, bool], Writer]] = {
    "csv": _csv,
    "parquet": _parquet,
    "json": _json,
}
