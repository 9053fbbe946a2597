"""Frames into SQLite tables: declared types, cells, appending, replacing, upserting."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from automic_core.connectors import _plain
from automic_core.connectors.databases._loading import unknown_keys
from automic_core.connectors.databases._names import WATERMARKS
from automic_core.errors import LoadError

_STAGE = "temp.automic_stage"


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def declared(dtype: Any) -> str:
    """The column type for a Polars type.

    SQLite turns digits into a number in a column whose type does not say TEXT, INT, REAL or BLOB; so decimals, which
    must keep theirs, say TEXT. Texts of dates, times and JSON are no digits.
    """
    if isinstance(dtype, pl.Decimal):
        return f"DECIMAL_TEXT({dtype.precision},{dtype.scale})"
    if dtype in (pl.UInt64, pl.Int128, pl.UInt128):
        return "TEXT"
    if dtype.is_integer():
        return "INTEGER"
    if dtype.is_float():
        return "REAL"
    if _plain.is_nested(dtype):
        return "JSON"
    simple = {pl.Boolean: "BOOLEAN", pl.Date: "DATE", pl.Datetime: "DATETIME", pl.Time: "TIME", pl.Binary: "BLOB"}
    return simple.get(dtype.base_type(), "TEXT")


def cells(batch: pl.DataFrame) -> Iterable[tuple[Any, ...]]:
    """Rows of values that SQLite keeps as they are; NaN, which it would make null, is the text NaN."""
    columns = []
    for column in batch.get_columns():
        dtype = column.dtype
        if dtype == pl.Binary:
            columns.append(column.to_list())
        elif dtype.is_float():
            columns.append(["NaN" if value != value else value for value in column.to_list()])
        elif declared(dtype) == "TEXT" or isinstance(dtype, pl.Decimal | pl.Date | pl.Time):
            columns.append(_plain.flat(column.to_frame()).to_series().cast(pl.String).to_list())
        else:
            columns.append(_plain.flat(column.to_frame()).to_series().to_list())
    return zip(*columns, strict=True)


class Table:
    """One table inside a transaction that is already open.

    Raises:
        LoadError: Two columns have the same name but for case.
    """

    def __init__(self, connection: sqlite3.Connection, name: str, schema: pl.Schema) -> None:
        self._connection = connection
        self._name = name
        self._sql = quoted(name)
        self._schema = schema
        lowered = [column.lower() for column in schema]
        if twice := [column for column in schema if lowered.count(column.lower()) > 1]:
            raise LoadError(
                f"SQLite takes the columns {', '.join(map(repr, twice[:4]))} for one.", "Rename all but one of them."
            )

    def insert(self, batches: Iterable[pl.DataFrame], *, replace: bool) -> int:
        """Add rows; with ``replace`` the table is made anew for them."""
        if replace:
            self._connection.execute(f"DROP TABLE IF EXISTS {self._sql}")
        self._prepare()
        return self._fill(self._sql, batches)

    def upsert(self, batches: Iterable[pl.DataFrame], keys: Sequence[str]) -> int:
        """Update rows with the same keys (null equals null), insert the others; of equal new rows the last one counts.

        Raises:
            LoadError: No keys are given, or one is no column.
        """
        if (problem := unknown_keys(self._name, list(self._schema), keys)) is not None:
            raise problem
        self._prepare()
        run = self._connection.execute
        run(f"DROP TABLE IF EXISTS {_STAGE}")
        run(f"CREATE TABLE {_STAGE} ({self._definitions()})")
        rows = self._fill(_STAGE, batches)
        names = ", ".join(map(quoted, keys))
        same = " AND ".join(f"old.{quoted(key)} IS new.{quoted(key)}" for key in keys)
        run(f"DELETE FROM {_STAGE} WHERE rowid NOT IN (SELECT max(rowid) FROM {_STAGE} GROUP BY {names})")
        run(f"CREATE INDEX temp.automic_stage_keys ON automic_stage ({names})")
        run(
            f"CREATE TEMP TABLE automic_known AS SELECT DISTINCT new.rowid AS row "
            f"FROM {self._sql} AS old CROSS JOIN {_STAGE} AS new WHERE {same}"
        )
        if rest := [column for column in self._schema if column not in keys]:
            changes = ", ".join(f"{quoted(column)} = new.{quoted(column)}" for column in rest)
            run(f"UPDATE {self._sql} AS old SET {changes} FROM {_STAGE} AS new WHERE {same}")
        columns = ", ".join(map(quoted, self._schema))
        run(
            f"INSERT INTO {self._sql} ({columns}) SELECT {columns} FROM {_STAGE} "
            f"WHERE rowid NOT IN (SELECT row FROM temp.automic_known) ORDER BY rowid"
        )
        run(f"DROP TABLE {_STAGE}")
        run("DROP TABLE temp.automic_known")
        return rows

    def _definitions(self) -> str:
        return ", ".join(f"{quoted(name)} {declared(dtype)}" for name, dtype in self._schema.items())

    def _prepare(self) -> None:
        """Create the table, or add the columns it lacks."""
        present = [row[1].lower() for row in self._connection.execute(f"PRAGMA main.table_info({self._sql})")]
        if not present:
            self._connection.execute(f"CREATE TABLE {self._sql} ({self._definitions()})")
            return
        for name, dtype in self._schema.items():
            if name.lower() not in present:
                self._connection.execute(f"ALTER TABLE {self._sql} ADD COLUMN {quoted(name)} {declared(dtype)}")

    def _fill(self, target: str, batches: Iterable[pl.DataFrame]) -> int:
        names = ", ".join(map(quoted, self._schema))
        marks = ", ".join("?" * len(self._schema))
        statement = f"INSERT INTO {target} ({names}) VALUES ({marks})"
        rows = 0
        for batch in batches:
            self._connection.executemany(statement, cells(batch.select(list(self._schema))))
            rows += batch.height
        return rows


class Watermarks:
    """The file's own table of watermarks; created if it is not there."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute
        self._run(f"CREATE TABLE IF NOT EXISTS {WATERMARKS} (name TEXT PRIMARY KEY, said TEXT NOT NULL)")

    def read(self, name: str) -> str | None:
        """What is kept under a name."""
        row = self._run(f"SELECT said FROM {WATERMARKS} WHERE name = ?", (name,)).fetchone()
        return row[0] if row is not None else None

    def write(self, name: str, text: str) -> None:
        """Keep a text under a name."""
        self._run(f"INSERT OR REPLACE INTO {WATERMARKS} VALUES (?, ?)", (name, text))
