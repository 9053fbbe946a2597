"""Readers of delimited text, each with its defaults and with all values as text."""

from __future__ import annotations

import functools
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """A table as read.

    Attributes:
        header: The names read from the file; None if the reader saw no header.
        rescued: Line and reason of each record that was reported; None if the reader reports none.
    """

    header: list[str] | None
    rows: list[list[str]]
    rescued: list[tuple[int, str]] | None = None


def _automic(path: str) -> Table:
    from automic_core.connectors.files import _delimited, _dialect

    with open(path, "rb") as stream:
        dialect = _dialect.sniff(stream.read(_dialect.SAMPLE_BYTES))
    reader = _delimited.read(functools.partial(open, path, "rb"), path, dialect)
    columns = ([column.to_pylist() for column in batch.columns] for batch in reader.batches())
    rows = [list(row) for batch in columns for row in zip(*batch, strict=True)]
    kept = [json.loads(row[-1]) for row in rows if row[-1]]
    rescued = [(place["line"], place["reason"]) for place in kept if place["line"] > 0 and place["reason"]]
    return Table(reader.columns if reader.dialect.header else None, [row[:-1] for row in rows], rescued)


def _duckdb(path: str) -> Table:
    import duckdb

    found = duckdb.sql(f"from read_csv('{path}', all_varchar=true)")
    made_up = all(re.fullmatch(r"column\d+", name) for name in found.columns)
    return Table(None if made_up else list(found.columns), [list(row) for row in found.fetchall()])


def _polars(path: str) -> Table:
    import polars

    frame = polars.read_csv(path, infer_schema=False, truncate_ragged_lines=True, encoding="utf8-lossy")
    return Table(frame.columns, [list(row) for row in frame.rows()])


def _pandas(path: str) -> Table:
    import pandas

    frame = pandas.read_csv(path, sep=None, engine="python", dtype=str, keep_default_na=False, on_bad_lines="skip")
    rows = [["" if cell != cell else cell for cell in row] for row in frame.itertuples(index=False)]
    return Table([str(name) for name in frame.columns], rows)


def _clevercsv(path: str) -> Table:
    import clevercsv

    with open(path, newline="", encoding="utf-8", errors="replace") as stream:
        text = stream.read()
    rows = list(clevercsv.reader(io.StringIO(text), clevercsv.Sniffer().sniff(text)))
    headed = clevercsv.Sniffer().has_header(text)
    return Table(rows[0], rows[1:]) if headed else Table(None, rows)


READERS: dict[str, Callable[[str], Table]] = {
    "automic": _automic,
    "duckdb auto": _duckdb,
    "polars": _polars,
    "pandas": _pandas,
    "clevercsv": _clevercsv,
}
