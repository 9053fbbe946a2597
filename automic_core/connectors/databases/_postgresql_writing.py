"""Frames into PostgreSQL tables: declared types, COPY, appending, replacing, upserting."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from automic_core.connectors import _plain
from automic_core.connectors._ahead import behind
from automic_core.connectors.databases._loading import unknown_keys
from automic_core.connectors.databases._names import WATERMARKS
from automic_core.connectors.databases._postgresql_catalog import quoted
from automic_core.errors import LoadError

if TYPE_CHECKING:
    import psycopg

SESSION = {"timezone": "UTC", "datestyle": "ISO", "intervalstyle": "iso_8601", "client_min_messages": "warning"}
_LONGEST = 63  # bytes of a name; the server would cut it in silence
_PIECE = 25_000  # rows: the server begins with the first ones while the next are written
_STAGE, _ORDER = "automic_stage", "automic_order"
_SIMPLE: dict[Any, str] = {
    pl.Int8: "smallint",
    pl.Int16: "smallint",
    pl.Int32: "integer",
    pl.Int64: "bigint",
    pl.UInt8: "smallint",
    pl.UInt16: "integer",
    pl.UInt32: "bigint",
    pl.UInt64: "numeric(20,0)",
    pl.Int128: "numeric(39,0)",
    pl.UInt128: "numeric(39,0)",
    pl.Float32: "real",
    pl.Float64: "double precision",
    pl.Boolean: "boolean",
    pl.Date: "date",
    pl.Time: "time",
    pl.Duration: "interval",
    pl.Binary: "bytea",
}
_NUMBERS = {"smallint", "integer", "bigint", "numeric", "real", "double precision"}
_TEXTS = {"text", "character varying", "character", "jsonb", "json"}


def declared(dtype: Any) -> str:
    """The column type for a Polars type."""
    if isinstance(dtype, pl.Decimal):
        return f"numeric({dtype.precision},{dtype.scale})"
    if isinstance(dtype, pl.Datetime):
        return "timestamp with time zone" if dtype.time_zone else "timestamp without time zone"
    if _plain.is_nested(dtype):
        return "jsonb"
    return _SIMPLE.get(dtype.base_type(), "text")


def _takes(have: str, wanted: str) -> bool:
    """Whether a column that is there can go on with values of another type; the server checks each of them."""
    have, wanted = (each.partition("(")[0].removesuffix(" without time zone") for each in (have, wanted))
    if have == wanted or have in ("text", "character varying", "character"):
        return True
    if have in _NUMBERS:
        return wanted in _NUMBERS
    known = {*_NUMBERS, *_TEXTS, *_SIMPLE.values(), "timestamp", "timestamp with time zone"}
    return have not in known and wanted in _TEXTS  # uuid, enum, inet … are written as text


def as_csv(batch: pl.DataFrame, before: int) -> bytes:
    """A batch as COPY takes it: CSV in which an empty text is quoted and a null is nothing.

    Raises:
        LoadError: A text has a NUL character, which PostgreSQL cannot hold; names row (from 1) and column.
    """
    columns = [_cells(column, before) for column in batch.get_columns()]
    # a line of nothing but \. would end the data
    alone = len(columns) == 1
    text = io.BytesIO()
    pl.DataFrame(columns).write_csv(text, include_header=False, quote_style="non_numeric" if alone else "necessary")
    return text.getvalue()


def _cells(column: pl.Series, before: int) -> pl.Series:
    dtype = column.dtype
    if isinstance(dtype, pl.Datetime):
        naive = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if dtype.time_zone else column
        return naive.cast(pl.Datetime("us")).cast(pl.String)
    if dtype == pl.Binary:
        return "\\x" + column.bin.encode("hex")
    if not (_plain.is_nested(dtype) or dtype in (pl.String, pl.Duration, pl.Object, pl.Null, pl.Categorical, pl.Enum)):
        return column
    texts = _plain.flat(column.to_frame()).to_series().cast(pl.String)
    # in JSON it is written \u0000, and an even number of backslashes before that are backslashes of the text
    mark = r"(?:^|[^\\])(?:\\\\)*\\u0000" if _plain.is_nested(dtype) else "\0"
    found = texts.str.contains(mark, literal=not _plain.is_nested(dtype))
    if found.any():
        row = before + int(found.arg_max() or 0) + 1
        raise LoadError(
            f"Row {row:,}, column {column.name!r}: the text has a NUL character, which PostgreSQL cannot hold.",
            "Remove it first, for example with a derive step: replace(column, chr(0), '').",
        )
    return texts


class Table:
    """One table inside a transaction that is already open.

    Raises:
        LoadError: A name is too long.
    """

    def __init__(self, connection: psycopg.Connection[Any], schema: str | None, name: str, columns: pl.Schema) -> None:
        self._run = connection.execute
        self._connection = connection
        self._columns = columns
        self._schema = schema or self._scalar("SELECT current_schema()") or "public"
        self._name = name
        self._sql = f"{quoted(self._schema)}.{quoted(name)}"
        for each in (self._schema, name, *columns):
            if len(each.encode()) > _LONGEST or "\0" in each or not each:
                raise LoadError(f"PostgreSQL takes no name like {each!r}.", f"Names have 1 to {_LONGEST} bytes.")

    def insert(self, batches: Iterable[pl.DataFrame], *, replace: bool) -> int:
        """Add rows; with ``replace`` the table holds just these: emptied if its columns fit, else made anew."""
        have = self._have()
        if replace and have:
            fits = have.keys() == self._columns.keys() and all(
                _takes(have[name], declared(dtype)) for name, dtype in self._columns.items()
            )
            self._run(f"TRUNCATE {self._sql}" if fits else f"DROP TABLE {self._sql}")
        self.prepare()
        return self._copy(self._sql, batches)

    def upsert(self, batches: Iterable[pl.DataFrame], keys: Sequence[str]) -> int:
        """Update rows with the same keys (null equals null), insert the others; of equal new rows the last one counts.

        Raises:
            LoadError: No keys are given, or one is no column.
        """
        if (problem := unknown_keys(self._name, list(self._columns), keys)) is not None:
            raise problem
        self.prepare()
        names = ", ".join(map(quoted, self._columns))
        own = ", ".join(map(quoted, keys))
        self._run(f"CREATE TEMP TABLE {_STAGE} ON COMMIT DROP AS SELECT {names} FROM {self._sql} WITH NO DATA")
        self._run(f"ALTER TABLE {_STAGE} ADD COLUMN {_ORDER} bigint GENERATED ALWAYS AS IDENTITY")
        rows = self._copy(_STAGE, batches)
        self._run(
            f"DELETE FROM {_STAGE} WHERE {_ORDER} IN (SELECT {_ORDER} FROM (SELECT {_ORDER}, row_number() "
            f"OVER (PARTITION BY {own} ORDER BY {_ORDER} DESC) AS place FROM {_STAGE}) AS q WHERE place > 1)"
        )
        self._run(f"ANALYZE {_STAGE}")
        self._run(f"LOCK TABLE {self._sql} IN SHARE ROW EXCLUSIVE MODE")  # nobody adds the same keys meanwhile
        same = " AND ".join(f"old.{quoted(key)} = new.{quoted(key)}" for key in keys)
        alike = " AND ".join(f"old.{quoted(key)} IS NOT DISTINCT FROM new.{quoted(key)}" for key in keys)
        gap = " OR ".join(f"new.{quoted(key)} IS NULL" for key in keys)
        ways = [f"{same}"]  # joined by hash; keys with nulls cannot be, so they go by themselves
        if self._scalar(f"SELECT EXISTS (SELECT 1 FROM {_STAGE} AS new WHERE {gap})"):
            ways.append(f"({gap}) AND {alike}")
        if rest := [column for column in self._columns if column not in keys]:
            changes = ", ".join(f"{quoted(column)} = new.{quoted(column)}" for column in rest)
            for way in ways:
                self._run(f"UPDATE {self._sql} AS old SET {changes} FROM {_STAGE} AS new WHERE {way}")
        known = " AND ".join(f"NOT EXISTS (SELECT 1 FROM {self._sql} AS old WHERE {way})" for way in ways)
        self._run(
            f"INSERT INTO {self._sql} ({names}) SELECT {names} FROM {_STAGE} AS new WHERE {known} ORDER BY {_ORDER}"
        )
        self._run(f"DROP TABLE {_STAGE}")
        return rows

    def prepare(self) -> None:
        """Create schema and table, or add the columns that the table lacks."""
        if not self._scalar("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s", self._schema):
            self._run(f"CREATE SCHEMA IF NOT EXISTS {quoted(self._schema)}")
        have = self._have()
        definitions = {name: f"{quoted(name)} {declared(dtype)}" for name, dtype in self._columns.items()}
        if not have:
            self._run(f"CREATE TABLE {self._sql} ({', '.join(definitions.values())})")
        elif new := [text for name, text in definitions.items() if name not in have]:
            self._run(f"ALTER TABLE {self._sql} {', '.join(f'ADD COLUMN {text}' for text in new)}")

    def _have(self) -> dict[str, str]:
        """Columns of the table as it is, with their types."""
        rows = self._run(
            "SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_catalog.pg_attribute a "
            "JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = %s AND c.relname = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
            (self._schema, self._name),
        ).fetchall()
        return dict(rows)

    def _scalar(self, statement: str, *values: str) -> Any:
        row = self._run(statement, values or None).fetchone()
        return row[0] if row is not None else None

    def _copy(self, target: str, batches: Iterable[pl.DataFrame]) -> int:
        names = list(self._columns)
        listed = ", ".join(map(quoted, names))
        rows = 0
        with (
            self._connection.cursor() as cursor,
            cursor.copy(f"COPY {target} ({listed}) FROM STDIN (FORMAT csv)") as copy,
            behind(copy.write) as send,
        ):
            for batch in batches:
                for piece in batch.select(names).iter_slices(_PIECE):
                    if piece.height:
                        send(as_csv(piece, rows))
                    rows += piece.height
        return rows


class Watermarks:
    """A schema's table of watermarks, locked until the end of the transaction; created if it is not there."""

    def __init__(self, connection: psycopg.Connection[Any], schema: str | None) -> None:
        self._run = connection.execute
        row = self._run("SELECT current_schema()").fetchone()
        space = schema or (row[0] if row is not None else None) or "public"
        self._sql = f"{quoted(space)}.{quoted(WATERMARKS)}"
        if not self._run("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s", (space,)).fetchone():
            self._run(f"CREATE SCHEMA IF NOT EXISTS {quoted(space)}")
        self._run(f"CREATE TABLE IF NOT EXISTS {self._sql} (name text PRIMARY KEY, said text NOT NULL)")
        self._run(f"LOCK TABLE {self._sql} IN SHARE ROW EXCLUSIVE MODE")

    def read(self, name: str) -> str | None:
        """What is kept under a name."""
        row = self._run(f"SELECT said FROM {self._sql} WHERE name = %s", (name,)).fetchone()
        return row[0] if row is not None else None

    def write(self, name: str, text: str) -> None:
        """Keep a text under a name."""
        self._run(
            f"INSERT INTO {self._sql} VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET said = excluded.said",
            (name, text),
        )
