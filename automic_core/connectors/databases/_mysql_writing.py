"""Frames into MySQL tables: declared types, LOAD DATA from memory, appending, replacing, upserting."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from automic_core import frames
from automic_core.connectors import _plain
from automic_core.connectors._ahead import behind
from automic_core.connectors.databases._loading import unknown_keys
from automic_core.connectors.databases._mysql_session import quoted
from automic_core.connectors.databases._names import WATERMARKS
from automic_core.errors import LoadError

if TYPE_CHECKING:
    from automic_core.connectors.databases._mysql_work import Work

_LONGEST = 64  # characters of a name
_PIECE = 25_000  # rows: the server begins with the first ones while the next are written
_PACKET = 1 << 20
_STAGE, _LAST, _ORDER = "automic_stage", "automic_last", "automic_order"
_PREFIX = 150  # characters of a text in an index
_SIMPLE: dict[Any, str] = {
    pl.Int8: "tinyint",
    pl.Int16: "smallint",
    pl.Int32: "int",
    pl.Int64: "bigint",
    pl.UInt8: "tinyint unsigned",
    pl.UInt16: "smallint unsigned",
    pl.UInt32: "int unsigned",
    pl.UInt64: "bigint unsigned",
    pl.Int128: "decimal(39,0)",
    pl.UInt128: "decimal(39,0)",
    pl.Float32: "float",
    pl.Float64: "double",
    pl.Boolean: "tinyint(1)",
    pl.Date: "date",
    pl.Datetime: "datetime(6)",
    pl.Time: "time(6)",
    pl.Binary: "longblob",
}
_NUMBERS = {"tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double"}
_TEXTS = {"char", "varchar", "tinytext", "text", "mediumtext", "longtext"}
_BYTES = {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"}
_MOMENTS = {"datetime", "timestamp"}


def declared(dtype: Any) -> str:
    """The column type for a Polars type; moments with a zone are kept as what the clock said in UTC."""
    if isinstance(dtype, pl.Decimal):
        return f"decimal({dtype.precision},{dtype.scale})" if dtype.scale <= 30 else "longtext"
    return _SIMPLE.get(dtype.base_type(), "longtext")


def _takes(have: str, wanted: str) -> bool:
    """Whether a column that is there can go on with values of another type; each of them is checked."""
    if (have == "tinyint(1)") != (wanted == "tinyint(1)"):
        return have.partition("(")[0] in _TEXTS  # it would be read as booleans
    have, wanted = (each.partition("(")[0].partition(" ")[0] for each in (have, wanted))
    if have == wanted or have in _TEXTS:
        return True
    if any({have, wanted} <= family for family in (_NUMBERS, _BYTES, _MOMENTS)):
        return True
    known = {*_NUMBERS, *_TEXTS, *_BYTES, *_MOMENTS, "date", "time"}
    return have not in known and wanted in _TEXTS  # enum, set, json, uuid … are written as text


def _cells(column: pl.Series, before: int) -> pl.Series:
    """A column as texts and numbers that the server takes.

    Raises:
        LoadError: A number is not finite, which MySQL cannot hold; names row (from 1) and column.
    """
    dtype = column.dtype
    if dtype.is_float():
        odd = ~column.is_finite()
        if odd.any():
            row = int(odd.arg_max() or 0)
            raise LoadError(
                f"Row {before + row + 1:,}, column {column.name!r}: MySQL cannot hold {column[row]}.",
                "Replace it first, for example with a derive step.",
            )
        return column.cast(pl.Float64)  # the largest of 32 bits, written short, would be out of range
    if isinstance(dtype, pl.Datetime):
        naive = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if dtype.time_zone else column
        return _printed(naive.cast(pl.Datetime("us")))
    if dtype == pl.Date:
        return _printed(column)
    if dtype == pl.Boolean:
        return column.cast(pl.Int8)
    if dtype == pl.Binary:
        return column.bin.encode("hex")
    if dtype.is_numeric():
        return column
    return _plain.flat(column.to_frame()).to_series().cast(pl.String)


def _printed(column: pl.Series) -> pl.Series:
    """Days and moments as text; Arrow prints them three times as fast as Polars."""
    texts = column.to_arrow().cast(pa.string())
    return frames.from_arrow(pa.RecordBatch.from_arrays([texts], [column.name])).to_series()


class Table:
    """One table inside a transaction that is already open.

    Raises:
        LoadError: A name is too long, or two columns have the same name but for case.
    """

    def __init__(self, work: Work, schema: str | None, name: str, columns: pl.Schema) -> None:
        self._work, self._run = work, work.run
        self._columns = columns
        self._schema = schema or work.database
        self._name = name
        for each in (self._schema, name, *columns):
            if len(each) > _LONGEST or "\0" in each or not each or each != each.rstrip():
                raise LoadError(f"MySQL takes no name like {each!r}.", f"Names have 1 to {_LONGEST} characters.")
        lowered = [column.lower() for column in columns]
        if twice := [column for column in columns if lowered.count(column.lower()) > 1]:
            raise LoadError(
                f"MySQL takes the columns {', '.join(map(repr, twice[:4]))} for one.", "Rename all but one of them."
            )

    @property
    def _sql(self) -> str:
        return self._work.named(self._schema, self._name)

    def insert(self, batches: Iterable[pl.DataFrame], *, replace: bool) -> int:
        """Add rows; with ``replace`` the table holds just these: emptied if its columns fit, else replaced."""
        have = self._have()
        if replace and have:
            wanted = {name.lower(): declared(dtype) for name, dtype in self._columns.items()}
            fits = have.keys() == wanted.keys() and all(_takes(have[name], kind) for name, kind in wanted.items())
            if fits:
                self._run(f"DELETE FROM {self._sql}")
            else:
                stage = f"automic_{hashlib.sha256(self._name.encode()).hexdigest()[:16]}"
                self._work.replaced(self._schema, self._name, stage, self._definitions())
        else:
            self._prepare(have)
        self._work.touch(self._schema, self._name)
        return self._fill(self._sql, batches)

    def upsert(self, batches: Iterable[pl.DataFrame], keys: Sequence[str]) -> int:
        """Update rows with the same keys (null equals null), insert the others; of equal new rows the last one counts.

        Raises:
            LoadError: No keys are given, or one is no column.
        """
        if (problem := unknown_keys(self._name, list(self._columns), keys)) is not None:
            raise problem
        self._prepare(self._have(), keys)
        names = ", ".join(map(quoted, self._columns))
        own = ", ".join(map(quoted, keys))
        self._work.alone(f"{self._schema}.{self._name}")  # nobody of ours adds the same keys meanwhile
        self._work.touch(self._schema, self._name)
        for stage in (_STAGE, _LAST):
            self._run(f"DROP TEMPORARY TABLE IF EXISTS {self._temporary(stage)}")
        self._run(
            f"CREATE TEMPORARY TABLE {self._temporary(_STAGE)} ({_ORDER} bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, "
            f"INDEX ({self._indexed(keys)})) SELECT {names} FROM {self._sql} LIMIT 0"
        )
        rows = self._fill(self._temporary(_STAGE), batches)
        self._run(
            f"CREATE TEMPORARY TABLE {self._temporary(_LAST)} ({_ORDER} bigint NOT NULL PRIMARY KEY) "
            f"SELECT max({_ORDER}) AS {_ORDER} FROM {self._temporary(_STAGE)} GROUP BY {own}"
        )
        self._run(
            f"DELETE new FROM {self._temporary(_STAGE)} AS new LEFT JOIN {self._temporary(_LAST)} AS kept "
            f"ON kept.{_ORDER} = new.{_ORDER} WHERE kept.{_ORDER} IS NULL"
        )
        same = " AND ".join(f"old.{quoted(key)} <=> new.{quoted(key)}" for key in keys)
        if rest := [column for column in self._columns if column not in keys]:
            changes = ", ".join(f"old.{quoted(column)} = new.{quoted(column)}" for column in rest)
            self._run(f"UPDATE {self._sql} AS old JOIN {self._temporary(_STAGE)} AS new ON {same} SET {changes}")
        self._run(
            f"INSERT INTO {self._sql} ({names}) SELECT {names} FROM {self._temporary(_STAGE)} AS new "
            f"WHERE NOT EXISTS (SELECT 1 FROM {self._sql} AS old WHERE {same}) ORDER BY {_ORDER}"
        )
        for stage in (_STAGE, _LAST):
            self._run(f"DROP TEMPORARY TABLE {self._temporary(stage)}")
        return rows

    def _temporary(self, name: str) -> str:
        return f"{quoted(self._schema)}.{quoted(name)}"

    def _definitions(self, keys: Sequence[str] = ()) -> str:
        parts = [f"{quoted(name)} {declared(dtype)} NULL" for name, dtype in self._columns.items()]
        return ", ".join([*parts, *((f"INDEX ({self._indexed(keys)})",) if keys else ())])

    def _indexed(self, keys: Sequence[str]) -> str:
        """Columns of an index; of texts and bytes their beginnings."""
        have = self._have()
        kinds = {key: have.get(key.lower(), declared(self._columns[key])).partition("(")[0] for key in keys}
        return ", ".join(
            f"{quoted(key)}({_PREFIX})" if kind.endswith(("text", "blob")) else quoted(key)
            for key, kind in kinds.items()
        )

    def _prepare(self, have: dict[str, str], keys: Sequence[str] = ()) -> None:
        """Create database and table, or add the columns that the table lacks."""
        if not have:
            self._work.create(self._schema, self._name, self._definitions(keys))
        elif new := [name for name in self._columns if name.lower() not in have]:
            added = ", ".join(f"ADD COLUMN {quoted(name)} {declared(self._columns[name])} NULL" for name in new)
            self._work.alter(self._schema, self._name, added)

    def _have(self) -> dict[str, str]:
        """Columns of the table as it is, in lower case, with their types."""
        schema, name = self._work.actual(self._schema, self._name)
        rows = self._run(
            "SELECT column_name, column_type FROM information_schema.columns "
            "WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position",
            schema,
            name,
        )
        return {column.lower(): str(kind) for column, kind in rows}

    def _fill(self, target: str, batches: Iterable[pl.DataFrame]) -> int:
        return self._load(target, batches) if self._work.streams else self._insert(target, batches)

    def _pieces(self, batches: Iterable[pl.DataFrame]) -> Iterable[pl.DataFrame]:
        rows = 0
        for batch in batches:
            for piece in batch.select(list(self._columns)).iter_slices(_PIECE):
                if piece.height:
                    yield pl.DataFrame([_cells(column, rows) for column in piece.get_columns()])
                rows += piece.height

    def _load(self, target: str, batches: Iterable[pl.DataFrame]) -> int:
        """LOAD DATA, the rows as CSV from memory: an empty text is quoted, and a null is the bare word NULL."""
        places = [f"@v{number}" if dtype == pl.Binary else quoted(name)
                  for number, (name, dtype) in enumerate(self._columns.items())]  # fmt: skip
        bytes_ = [f"{quoted(name)} = UNHEX(@v{number})"
                  for number, (name, dtype) in enumerate(self._columns.items()) if dtype == pl.Binary]  # fmt: skip
        made = f" SET {', '.join(bytes_)}" if bytes_ else ""
        statement = (
            f"LOAD DATA LOCAL INFILE 'automic' INTO TABLE {target} CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' "
            f"OPTIONALLY ENCLOSED BY '\"' ESCAPED BY '' LINES TERMINATED BY '\\n' ({', '.join(places)}){made}"
        )
        rows = 0
        with self._work.loading(statement) as send, behind(send) as hand:
            for piece in self._pieces(batches):
                text = io.BytesIO()
                piece.write_csv(text, include_header=False, null_value="NULL", quote_style="non_numeric")
                whole = text.getvalue()
                for start in range(0, len(whole), _PACKET):
                    hand(whole[start : start + _PACKET])
                rows += piece.height
        self._work.check_loaded(self._name, rows)
        return rows

    def _insert(self, target: str, batches: Iterable[pl.DataFrame]) -> int:
        """Rows as values of statements, for a server that takes no stream."""
        marks = ", ".join("UNHEX(%s)" if dtype == pl.Binary else "%s" for dtype in self._columns.dtypes())
        names = ", ".join(map(quoted, self._columns))
        statement = f"INSERT INTO {target} ({names})".replace("%", "%%") + f" VALUES ({marks})"
        rows = 0
        for piece in self._pieces(batches):
            self._work.many(statement, piece.rows())
            rows += piece.height
        return rows


class Watermarks:
    """A database's table of watermarks, held until the end of the transaction; created if it is not there."""

    def __init__(self, work: Work, schema: str | None) -> None:
        self._work, space = work, schema or work.database
        self._sql = f"{quoted(space)}.{quoted(WATERMARKS)}"
        if not work.exists(space, WATERMARKS):
            work.create(space, WATERMARKS, "name varchar(190) NOT NULL PRIMARY KEY, said longtext NOT NULL", keep=True)
        work.alone(f"{space}.{WATERMARKS}")

    def read(self, name: str) -> str | None:
        """What is kept under a name."""
        rows = self._work.run(f"SELECT said FROM {self._sql} WHERE name = %s", name)
        return str(rows[0][0]) if rows else None

    def write(self, name: str, text: str) -> None:
        """Keep a text under a name."""
        self._work.run(f"REPLACE INTO {self._sql} VALUES (%s, %s)", name, text)
