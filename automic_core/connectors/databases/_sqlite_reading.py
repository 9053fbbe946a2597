"""SQLite rows as Arrow batches: one type a column, found before the first row is given."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from automic_core import frames
from automic_core.connectors.databases._names import WATERMARKS
from automic_core.connectors.databases._sqlite_bounds import condition
from automic_core.connectors.databases._sqlite_types import PLAIN, converters, family, printed
from automic_core.connectors.databases._sqlite_writing import quoted
from automic_core.connectors.files import _encoding, _types
from automic_core.contracts import Bound, ReadRequest
from automic_core.errors import SecurityError, SourceError

_CHUNK = 200
_EXACT = 1 << 53
_HIDDEN = ("_source_row", frames.RESCUED)
_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_UNSAFE = frozenset({"load_extension", "fts3_tokenizer", "edit", "readfile", "writefile"})
_OTHERS = r"SQLITE_((CREATE|DROP)_\w+|DELETE|INSERT|UPDATE|PRAGMA|ATTACH|DETACH|ALTER_TABLE|FUNCTION|TRANSACTION)"
_ACTIONS = {
    getattr(sqlite3, name): name.removeprefix("SQLITE_").replace("_", " ").lower()
    for name in dir(sqlite3)
    if re.fullmatch(_OTHERS, name)
}


def relations(connection: sqlite3.Connection) -> tuple[list[str], list[str]]:
    """Names of the tables and of the views, SQLite's own and that of watermarks left out."""
    rows = connection.execute(
        "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') AND substr(name, 1, 7) <> 'sqlite_' "
        f"AND name <> '{WATERMARKS}' ORDER BY name"
    ).fetchall()
    return [name for name, kind in rows if kind == "table"], [name for name, kind in rows if kind == "view"]


@dataclass(frozen=True)
class Column:
    """One result column: its name, its type, how it is selected, how a value gets its type, and its storage classes."""

    name: str
    type: pa.DataType
    sql: str
    convert: Callable[[Any], Any] | None = None
    classes: frozenset[str] = frozenset()


class Rows:
    """The rows of one table or SELECT. Text is fetched as bytes, since SQLite does not check that it is UTF-8.

    Args:
        table: Its name; None = ``select`` was written by a person and may do nothing but read.

    Raises:
        SecurityError: The statement does anything but read this database.
        SourceError: It is no statement that gives rows.
    """

    def __init__(self, connection: sqlite3.Connection, select: str, table: str | None, path: str) -> None:
        connection.text_factory = bytes
        self._connection = connection
        self._utf8 = connection.execute("PRAGMA encoding").fetchone() == (b"UTF-8",)
        denied: list[str] = []
        declared = {}
        if table is None:
            connection.set_authorizer(_authorizer(denied))
        else:
            info = connection.execute(f"PRAGMA table_info({quoted(table)})")
            declared = {row[1].decode(): (row[2] or b"").decode().upper() for row in info}
        try:
            with closing(connection.execute(select)) as cursor:
                described = cursor.description or ()
        except (sqlite3.Error, sqlite3.Warning) as exc:
            if denied:
                raise SecurityError(f"The query does more than read {path}: {denied[0]}.", "Give one SELECT.") from exc
            raise SourceError(f"{path}: {exc}", "" if table else "Give one SELECT statement.") from exc
        if not described:
            raise SourceError(f"{path}: the query gives no rows.", "Give one SELECT statement.")
        raw = [entry[0] for entry in described]
        self.names, self.notes = _types.column_names(raw)
        self._families = [family(declared.get(name, "")) for name in raw]
        places = ", ".join(f"c{place}" for place in range(len(raw)))
        self._with = f"WITH q({places}) AS ({select}\n) "

    def batches(self, request: ReadRequest, size: int) -> Iterator[pa.RecordBatch]:
        """The rows with ``_source_row`` and ``_rescued``; at least one batch."""
        names = [*self.names, *_HIDDEN] if request.columns is None else list(request.columns)
        if missing := [name for name in names if name not in self.names and name not in _HIDDEN]:
            raise SourceError(f"There is no column {missing[0]!r}.", f"Columns: {', '.join(self.names[:30])}.")
        columns = self._typed([self.names.index(name) for name in names if name not in _HIDDEN])
        types = {"_source_row": pa.int64(), frames.RESCUED: pa.string()} | {c.name: c.type for c in columns}
        schema = pa.schema([(name, types[name]) for name in names])
        shown = ", ".join(column.sql for column in columns) or "NULL"
        most = "" if request.limit is None else f" LIMIT {int(request.limit)}"
        where, ends = self._where(request.bound, columns)
        cursor = self._connection.execute(f"{self._with}SELECT {shown} FROM q{where}{most}", ends)
        row, empty = 1, True
        while fetched := cursor.fetchmany(size):
            kept: list[dict[str, str]] = [{} for _ in fetched]
            values = zip(*fetched, strict=True)
            arrays = {column.name: _array(column, cells, kept) for column, cells in zip(columns, values, strict=False)}
            arrays["_source_row"] = pa.array(range(row, row + len(fetched)), pa.int64())
            rescued = [json.dumps({"values": odd}) if odd else None for odd in kept]
            arrays[frames.RESCUED] = pa.array(rescued, pa.string())
            row, empty = row + len(fetched), False
            yield pa.RecordBatch.from_arrays([arrays[name] for name in names], schema=schema)
        if empty:
            yield pa.RecordBatch.from_arrays([pa.array([], field.type) for field in schema], schema=schema)

    def _where(self, bound: Bound | None, columns: Sequence[Column]) -> tuple[str, list[Any]]:
        """A bound as a condition; types were found over all rows before, lest a column changes with the bound."""
        if bound is None or bound.column not in (names := [column.name for column in columns]):
            return "", []
        found, values = condition(columns[names.index(bound.column)], bound, utf8=self._utf8)
        return f" WHERE {found}" if found else "", values

    def _typed(self, places: Sequence[int]) -> list[Column]:
        """A type for each column, by one pass over the storage classes of all its values."""
        columns = []
        for start in range(0, len(places), _CHUNK):
            some = places[start : start + _CHUNK]
            facts = ", ".join(
                f"group_concat(DISTINCT typeof(c{place})), "
                f"max(typeof(c{place}) = 'integer' AND (c{place} > {_EXACT} OR c{place} < -{_EXACT}))"
                for place in some
            )
            row = self._connection.execute(f"{self._with}SELECT {facts} FROM q").fetchone()
            for number, place in enumerate(some):
                classes = frozenset((row[2 * number] or b"").decode().split(",")) - {"null", ""}
                columns.append(self._column(place, classes, bool(row[2 * number + 1])))
        return columns

    def _column(self, place: int, classes: frozenset[str], large: bool) -> Column:
        name, wanted, sql = self.names[place], self._families[place], f"c{place}"
        for type_, accepted, convert in converters(wanted):
            if classes <= accepted and self._all(place, convert):
                return Column(name, type_, sql, convert, classes)
        if not classes:
            return Column(name, PLAIN.get(wanted, pa.string()), sql)
        if len(classes) == 1:
            return Column(name, PLAIN[next(iter(classes))], sql, None, classes)
        if classes == {"integer", "real"} and not large:
            return Column(name, pa.float64(), sql, float, classes)
        blob = f"CASE typeof({sql}) WHEN 'blob' THEN 'x' || quote(lower(hex({sql}))) ELSE {sql} END"
        return Column(name, pa.string(), blob, printed)

    def _all(self, place: int, convert: Callable[[Any], Any]) -> bool:
        """Whether every value of a column can be converted."""

        def fails(value: Any) -> int:
            try:
                convert(value.encode() if isinstance(value, str) else value)
            except (ValueError, TypeError, ArithmeticError):
                return 1
            return 0

        self._connection.create_function("automic_fails", 1, fails, deterministic=True)
        one = f"SELECT 1 FROM q WHERE c{place} IS NOT NULL AND automic_fails(c{place})"
        return not self._connection.execute(f"{self._with}SELECT EXISTS ({one})").fetchone()[0]


def _array(column: Column, values: Sequence[Any], kept: list[dict[str, str]]) -> pa.Array:
    """One column of a batch; text that is not UTF-8 is read as Windows-1252, its bytes go to ``kept``."""
    if column.convert is not None:
        values = [None if value is None else column.convert(value) for value in values]
    try:
        return pa.array(values, column.type)
    except (pa.ArrowInvalid, UnicodeDecodeError):
        texts = []
        for row, value in enumerate(values):
            text, valid = _encoding.decode(value) if isinstance(value, bytes) else (value, True)
            if not valid:
                kept[row][column.name] = f"x'{value.hex()}'"
            texts.append(text)
        return pa.array(texts, column.type)


def _authorizer(denied: list[str]) -> Callable[..., int]:
    def decide(action: int, first: str | None, second: str | None, _db: str | None, _trigger: str | None) -> int:
        if action in _ALLOWED and not (action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in _UNSAFE):
            return sqlite3.SQLITE_OK
        denied.append(" ".join(part for part in (_ACTIONS.get(action, f"action {action}"), first, second) if part))
        return sqlite3.SQLITE_DENY

    return decide
