"""One line a connector: how a source of its kind is made, how what a loader wrote is read back, and known gaps.

A new connector adds a line to SOURCES or LOADERS (and a writer, if none of these fits); the suite does the rest.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import polars as pl

Gap = tuple[type[BaseException], str]
"""What a test raises today, and why; a strict xfail, so that it must go when the gap does."""


@dataclass(frozen=True)
class SourceCase:
    """A kind of source.

    Attributes:
        suffix: Suffix of the file it reads.
        write: Writes a frame of text, numbers, dates and booleans to a path, as another program would.
        options: Options beside ``path``.
        driver: Module without which it cannot work; empty = none.
        gaps: Test name to gap.
    """

    kind: str
    suffix: str
    write: Callable[[Path, pl.DataFrame], None]
    options: Mapping[str, Any] = field(default_factory=dict)
    driver: str = ""
    gaps: Mapping[str, Gap] = field(default_factory=dict)


@dataclass(frozen=True)
class LoaderCase:
    """A kind of loader; what it wrote is read back by the source of the same kind."""

    kind: str
    suffix: str
    options: Mapping[str, Any] = field(default_factory=dict)
    gaps: Mapping[str, Gap] = field(default_factory=dict)


def write_csv(path: Path, frame: pl.DataFrame) -> None:
    frame.write_csv(path)


def write_json(path: Path, frame: pl.DataFrame) -> None:
    path.write_text(json.dumps(frame.to_dicts(), default=str, ensure_ascii=False), encoding="utf-8")


def write_lines(path: Path, frame: pl.DataFrame) -> None:
    lines = [json.dumps(row, default=str, ensure_ascii=False) for row in frame.to_dicts()]
    path.write_text("\n".join(lines), encoding="utf-8")


def write_parquet(path: Path, frame: pl.DataFrame) -> None:
    frame.write_parquet(path)


def write_excel(path: Path, frame: pl.DataFrame) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd", "in_memory": True})
    sheet = book.add_worksheet("data")
    sheet.write_row(0, 0, frame.columns)
    for number, row in enumerate(frame.iter_rows(), 1):
        for column, value in enumerate(row):
            if value is not None:
                sheet.write(number, column, value)
    book.close()


def write_xml(path: Path, frame: pl.DataFrame) -> None:
    rows = []
    for row in frame.iter_rows(named=True):
        cells = [
            f"<{name}>{escape(str(value).lower() if isinstance(value, bool) else str(value))}</{name}>"
            for name, value in row.items()
            if value is not None
        ]
        rows.append(f"<row>{''.join(cells)}</row>")
    path.write_text(f"<rows>{''.join(rows)}</rows>", encoding="utf-8")


def write_sqlite(path: Path, frame: pl.DataFrame) -> None:
    types = {pl.Int64: "INTEGER", pl.Float64: "REAL", pl.Date: "DATE", pl.Boolean: "BOOLEAN"}
    columns = ", ".join(f'"{name}" {types.get(dtype.base_type(), "TEXT")}' for name, dtype in frame.schema.items())
    connection = sqlite3.connect(path)
    connection.execute(f"CREATE TABLE data ({columns})")
    rows = [[str(v) if hasattr(v, "isoformat") else v for v in row] for row in frame.iter_rows()]
    connection.executemany(f"INSERT INTO data VALUES ({', '.join('?' * frame.width)})", rows)
    connection.commit()
    connection.close()


NO_HEADER: Gap = (AssertionError, "without a record the file does not say which columns it has")
NATIVE: Gap = (
    FileNotFoundError,
    "a native scan reads after the connector has returned; the run loop and ingest translate",
)

SOURCES = [
    SourceCase("csv", ".csv", write_csv),
    SourceCase("json", ".json", write_json, gaps={"test_header_only": NO_HEADER}),
    SourceCase("json", ".jsonl", write_lines, gaps={"test_header_only": NO_HEADER}),
    SourceCase("parquet", ".parquet", write_parquet, gaps={"test_file_that_vanishes_is_named": NATIVE}),
    SourceCase("excel", ".xlsx", write_excel, driver="python_calamine"),
    SourceCase("xml", ".xml", write_xml, {"row_path": "rows/row"}, "lxml", {"test_header_only": NO_HEADER}),
    SourceCase("sqlite", ".sqlite", write_sqlite),
]

LOADERS = [
    LoaderCase("csv", ".csv"),
    LoaderCase("csv", ".csv.gz"),
    LoaderCase("csv", ".csv.zip", {"delimiter": ";"}),
    LoaderCase("json", ".json", gaps={"test_nothing": NO_HEADER}),
    LoaderCase("json", ".json.bz2", {"pretty": True}, gaps={"test_nothing": NO_HEADER}),
    LoaderCase("json", ".jsonl.xz", gaps={"test_nothing": NO_HEADER}),
    LoaderCase("parquet", ".parquet"),
    LoaderCase("sqlite", ".sqlite", {"table": "data"}),
]
