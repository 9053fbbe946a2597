"""What PostgreSQL's types are as Arrow columns, how each is selected, and what to do with values that have no place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from automic_core.connectors.databases._reading import Rescue, decimals
from automic_core.connectors.files import _encoding

How = Literal["plain", "decimal", "range", "bytes"]

_PLAIN: dict[int, pa.DataType] = {
    16: pa.bool_(),
    17: pa.binary(),
    19: pa.string(),
    20: pa.int64(),
    21: pa.int16(),
    23: pa.int32(),
    25: pa.string(),
    114: pa.string(),
    700: pa.float32(),
    701: pa.float64(),
    1042: pa.string(),
    1043: pa.string(),
    3802: pa.string(),
}
"""Types by their number in pg_type that the driver delivers as they are."""
_TIMES: dict[int, pa.DataType] = {
    1082: pa.date32(),
    1083: pa.time64("us"),
    1114: pa.timestamp("us"),
    1184: pa.timestamp("us", "UTC"),
}
_DAY = 86_400_000_000
_FIRST, _LAST = -719_162, 2_932_896  # 0001-01-01 and 9999-12-31 as days since 1970
_BOUNDS = {1082: (_FIRST, _LAST), 1083: (0, _DAY - 1)}
_OID, _NUMERIC, _RECORD = 26, 1700, 2249
_EPOCH = {1082: 10_957, 1114: 10_957 * _DAY, 1184: 10_957 * _DAY}  # PostgreSQL counts from 2000-01-01


@dataclass(frozen=True)
class Kind:
    """A type as pg_type describes it."""

    oid: int
    name: str
    type: str = "b"
    category: str = ""


@dataclass(frozen=True)
class Column:
    """One column: its name and type, how it is selected (``{}`` = the column) and what becomes of its values."""

    name: str
    type: pa.DataType
    sql: str
    how: How = "plain"
    kind: int = 0


def planned(name: str, kind: Kind, modifier: int, *, ascii_only: bool) -> Column:
    """How to read a column.

    Numbers with up to 38 digits are decimals, without a declared precision they are text, which loses none. Arrays and
    composites are JSON text; whatever else has no Arrow type of its own is text as PostgreSQL prints it.

    Args:
        name: Name to give it.
        kind: Its type.
        modifier: Its type modifier (``atttypmod``): precision and scale of a numeric.
        ascii_only: Whether the database does not know the encoding of its texts (SQL_ASCII).
    """
    if kind.oid in _TIMES:
        return Column(name, _TIMES[kind.oid], "{}", "range", kind.oid)
    if kind.oid == _OID:
        return Column(name, pa.int64(), "{}::int8", kind=kind.oid)
    if kind.oid == _NUMERIC and (size := _size(modifier)) is not None:
        return Column(name, pa.decimal128(*size), "{}::text", "decimal", kind.oid)
    found = _PLAIN.get(kind.oid)
    if found is not None and not (ascii_only and pa.types.is_string(found)):
        return Column(name, found, "{}", kind=kind.oid)
    nested = kind.category == "A" or kind.type == "c" or kind.oid == _RECORD or kind.name == "hstore"
    text = "to_json({})::text" if nested else "{}::text"
    if ascii_only:
        return Column(name, pa.string(), f"convert_to({text}, 'SQL_ASCII')", "bytes", kind.oid)
    return Column(name, pa.string(), text, kind=kind.oid)


def _size(modifier: int) -> tuple[int, int] | None:
    """Precision and scale of a numeric, as ``numeric.c`` packs them; None if a decimal of 38 digits cannot hold it."""
    if modifier < 4:
        return None
    precision, scale = (modifier - 4) >> 16 & 0xFFFF, (((modifier - 4) & 0x7FF) ^ 1024) - 1024
    precision, scale = (precision - scale, 0) if scale < 0 else (max(precision, scale), scale)
    return (precision, scale) if precision <= 38 else None


def converted(column: Column, values: pa.Array, rescue: Rescue) -> pa.Array:
    """A column of a batch in its type; values that it cannot hold are null, and told."""
    if isinstance(values, pa.ExtensionArray):
        values = values.storage
    if column.how == "decimal":
        return decimals(column.type, values, rescue)
    if column.how == "range":
        return _within(column, values, rescue)
    if column.how == "bytes":
        return _decoded(values, rescue)
    return values if values.type == column.type else values.cast(column.type)


def _within(column: Column, values: pa.Array, rescue: Rescue) -> pa.Array:
    """Dates and times that Python, Iceberg and PostgreSQL agree on: years 1 to 9999, times before 24:00."""
    numbers = values.cast(pa.int32() if column.kind == 1082 else pa.int64())
    low, high = _BOUNDS.get(column.kind, (_FIRST * _DAY, (_LAST + 1) * _DAY - 1))
    span = pc.min_max(numbers)
    least, most = span["min"].as_py(), span["max"].as_py()
    if least is None or (least >= low and most <= high):
        return values
    fits = pc.and_(pc.greater_equal(numbers, low), pc.less_equal(numbers, high))
    for row in pc.indices_nonzero(pc.invert(fits)).to_pylist():
        rescue(row, _printed(column.kind, numbers[row].as_py()))
    return pc.if_else(fits, values, pa.scalar(None, values.type))


def _printed(kind: int, number: int) -> str:
    """A date or time as PostgreSQL prints it, from Arrow's number, which may have run over the end of its range."""
    if kind == 1083:
        return "24:00:00"
    bits, epoch = (32 if kind == 1082 else 64), _EPOCH[kind]
    own = number - epoch  # as PostgreSQL counts
    own += (1 << bits) if own < -(1 << (bits - 1)) else 0
    if own == (1 << (bits - 1)) - 1:
        return "infinity"
    if own == -(1 << (bits - 1)):
        return "-infinity"
    days, rest = (own + epoch, 0) if kind == 1082 else divmod(own + epoch, _DAY)
    year, month, day = _civil(days)
    text = f"{year if year > 0 else 1 - year:04}-{month:02}-{day:02}"
    if kind != 1082:
        seconds, micros = divmod(rest, 1_000_000)
        text += f" {seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        text += f".{micros:06}".rstrip("0").rstrip(".") + ("+00" if kind == 1184 else "")
    return text if year > 0 else f"{text} BC"


def _civil(days: int) -> tuple[int, int, int]:
    """Year, month and day of a day since 1970, for any year: https://howardhinnant.github.io/date_algorithms.html."""
    era, of_era = divmod(days + 719_468, 146_097)
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    shifted = (5 * of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    return year + era * 400 + (month <= 2), month, of_year - (153 * shifted + 2) // 5 + 1


def _decoded(values: pa.Array, rescue: Rescue) -> pa.Array:
    """Texts of a database that does not say how they are encoded; the bytes of those that are not UTF-8 are kept."""
    texts: list[str | None] = []
    for row, value in enumerate(values.to_pylist()):
        text, valid = (None, True) if value is None else _encoding.decode(value)
        if not valid:
            rescue(row, f"\\x{value.hex()}")
        texts.append(text)
    return pa.array(texts, pa.string())
