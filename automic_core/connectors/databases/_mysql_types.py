"""What MySQL's types are as Arrow columns, how each is selected, and what to do with values that have no place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from automic_core import frames
from automic_core.connectors.databases._mysql_moments import moments as sent_moments
from automic_core.connectors.databases._reading import Rescue, decimals
from automic_core.connectors.files import _encoding

How = Literal["text", "bytes", "number", "float", "decimal", "boolean", "moment"]

_INTEGERS: dict[int, tuple[pa.DataType, pa.DataType]] = {
    1: (pa.int8(), pa.int16()),
    2: (pa.int16(), pa.int32()),
    9: (pa.int32(), pa.int32()),
    3: (pa.int32(), pa.int64()),
    8: (pa.int64(), pa.decimal128(20, 0)),
    13: (pa.int16(), pa.int16()),
}
"""Types by their number in the protocol: signed, and unsigned as the next larger one that a lake has; 13 is year."""
_FLOATS = {4: pa.float32(), 5: pa.float64()}
_BIT, _GEOMETRY, _JSON = 16, 255, 245
_DECIMALS = (0, 246)
_TIMES: dict[int, pa.DataType] = {
    7: pa.timestamp("us", "UTC"),
    10: pa.date32(),
    11: pa.time64("us"),
    12: pa.timestamp("us"),
}
TIMESTAMP, DATE, DATETIME = 7, 10, 12
_TEXTS = (15, 247, 248, 249, 250, 251, 252, 253, 254)
UNSIGNED, _ENUM, _SET, _BINARY_CHARSET = 32, 256, 2048, 63
_MOST_DIGITS = 38
_FIRST_DAY, _DAY = -719_162, 86_400_000_000  # 0001-01-01 as days since 1970, and the µs of a day


@dataclass(frozen=True)
class Field:
    """A result column as the server describes it."""

    kind: int
    length: int = 0
    scale: int = 0
    flags: int = 0
    charset: int = 0


@dataclass(frozen=True)
class Column:
    """One column: its name and type, how it is selected (``{}`` = the column) and what becomes of its values.

    Attributes:
        digits: Of a time, how many the server prints behind the second.
    """

    name: str
    type: pa.DataType
    sql: str = "{}"
    how: How = "text"
    kind: int = 0
    digits: int = 0


def planned(name: str, field: Field) -> Column:
    """How to read a column.

    Unsigned integers are the next larger signed type, those of 64 bits decimals. tinyint(1) and bit(1) are booleans,
    other bits numbers. Decimals of more than 38 digits are text, which loses none; so are enums, sets and JSON.
    """
    kind, unsigned = field.kind, bool(field.flags & UNSIGNED)
    if kind == 1 and field.length == 1 and not unsigned:
        return Column(name, pa.bool_(), "{}", "boolean", kind)
    if kind in _INTEGERS:
        whole = _INTEGERS[kind][unsigned]
        return Column(name, whole, "{}", "decimal" if pa.types.is_decimal(whole) else "number", kind)
    if kind == _BIT:
        return _bits(name, field.length)
    if kind in _FLOATS:
        return Column(name, _FLOATS[kind], "{}", "float", kind)
    if kind in _DECIMALS:
        digits = field.length - (field.scale > 0) - (not unsigned)
        digits = max(digits, field.scale, 1)
        if digits <= _MOST_DIGITS:
            return Column(name, pa.decimal128(digits, field.scale), "{}", "decimal", kind)
        return Column(name, pa.string(), "{}", "text", kind)
    if kind in _TIMES:
        return Column(name, _TIMES[kind], "{}", "moment", kind, field.scale)
    named = field.flags & (_ENUM | _SET) or kind == _JSON
    if kind in _TEXTS and field.charset == _BINARY_CHARSET and not named:
        return Column(name, pa.binary(), "{}", "bytes", kind)
    if kind == _GEOMETRY:
        return Column(name, pa.binary(), "{}", "bytes", kind)
    return Column(name, pa.string(), "{}", "text", kind)


def _bits(name: str, length: int) -> Column:
    if length == 1:
        return Column(name, pa.bool_(), "({} + 0)", "boolean", _BIT)
    if length < 64:
        return Column(name, pa.int64(), "({} + 0)", "number", _BIT)
    return Column(name, pa.decimal128(20, 0), "({} + 0)", "decimal", _BIT)


def converted(column: Column, values: pa.Array, rescue: Rescue) -> pa.Array:
    """A column of a batch in its type; what it cannot hold is null, and told.

    Args:
        values: Bytes as the server prints them, or what ``_mysql_cells.columns`` gives.
    """
    sent = values.type
    if pa.types.is_fixed_size_binary(sent):
        return sent_moments(values, column.type, column.digits, rescue)
    if pa.types.is_primitive(sent):
        return _booleans(values, rescue) if column.how == "boolean" else values.cast(column.type)
    if column.how == "bytes":
        return values.cast(pa.binary())
    texts = _decoded(values, rescue)
    if column.how == "text":
        return texts
    if column.how == "decimal":
        return decimals(column.type, texts, rescue)
    if column.how == "boolean":
        return _booleans(texts.cast(pa.int64()), rescue)
    if column.how == "moment":
        return moments(texts, column.type, rescue)
    if column.how == "float":
        return texts.cast(pa.float64()).cast(column.type, safe=False)
    return texts.cast(column.type)


def _decoded(values: pa.Array, rescue: Rescue) -> pa.Array:
    """Texts; the bytes of those that are not UTF-8 are kept."""
    try:
        return values.cast(pa.string())
    except pa.ArrowInvalid:
        texts: list[str | None] = []
        for row, value in enumerate(values.to_pylist()):
            text, valid = (None, True) if value is None else _encoding.decode(value)
            if not valid:
                rescue(row, f"0x{value.hex()}")
            texts.append(text)
        return pa.array(texts, pa.string())


def _booleans(numbers: pa.Array, rescue: Rescue) -> pa.Array:
    """1 and 0; a tinyint(1) can hold other numbers."""
    truth = pc.equal(numbers, 1)
    known = pc.or_(truth, pc.equal(numbers, 0))
    if pc.all(known).as_py() is False:
        for row in pc.indices_nonzero(pc.invert(known)).to_pylist():
            rescue(row, str(numbers[row]))
        truth = pc.if_else(known, truth, pa.scalar(None, pa.bool_()))
    return truth


def moments(texts: pa.Array, kind: pa.DataType, rescue: Rescue) -> pa.Array:
    """Texts as dates, times of day and moments from year 1 on; of others, such as 0000-00-00, null, and the text told.

    A time may be negative or of several days; only times of a day have a place.
    """
    clock = pa.types.is_time(kind)
    written = pc.binary_join_element_wise("1970-01-01", texts, " ") if clock else texts
    try:
        found = written.cast(pa.date32() if pa.types.is_date(kind) else pa.timestamp("us"))
    except pa.ArrowInvalid:
        return _one_by_one(texts, kind, rescue)
    first = pc.min(found.cast(pa.int32() if pa.types.is_date(kind) else pa.int64())).as_py()
    if first is not None and first < _FIRST_DAY * (1 if pa.types.is_date(kind) else _DAY):
        return _one_by_one(texts, kind, rescue)
    return found.cast(kind)


def _one_by_one(texts: pa.Array, kind: pa.DataType, rescue: Rescue) -> pa.Array:
    series = frames.from_arrow(pa.RecordBatch.from_arrays([texts], ["text"])).to_series()
    if pa.types.is_time(kind):
        found = series.str.to_time("%H:%M:%S%.f", strict=False)
    elif pa.types.is_date(kind):
        found = series.str.to_date("%Y-%m-%d", strict=False)
    else:
        found = series.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
    if not pa.types.is_time(kind):
        early = found.dt.year() < 1
        found = pl.select(pl.when(early).then(None).otherwise(found)).to_series()
    for row in (found.is_null() & series.is_not_null()).arg_true():
        rescue(row, str(series[row]))
    plain = found.to_arrow()
    return plain.cast(pa.timestamp("us")).cast(kind) if pa.types.is_timestamp(kind) else plain.cast(kind)
