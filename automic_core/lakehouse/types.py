"""Column types a table can hold, from Arrow and from Polars, and how a frame is cast to them."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.schema import Schema as IcebergSchema

from automic_core.errors import SchemaError, translate

RESERVED = frozenset(
    {"_row_id", "_file", "_pos", "_deleted", "_spec_id", "_partition", "_last_updated_sequence_number"}
)
_LARGEST_PRECISION = 38


def arrow_schema(schema: IcebergSchema) -> pa.Schema:
    """The Arrow schema of a table, each field carrying its Iceberg id, so that a renamed column is still found."""
    return schema_to_pyarrow(schema)


def storable(schema: pa.Schema | pl.Schema) -> pa.Schema:
    """The schema a table needs for these columns: every field optional, every type one that Iceberg has.

    Times are in microseconds; zoned timestamps become UTC, naive ones stay naive. Unsigned integers widen (uint32 to
    64 bits, uint64 to decimal(20, 0)), durations become microseconds as 64-bit integers, dictionaries are decoded and
    columns that hold only nulls become text.

    Raises:
        SchemaError: A type has no counterpart, or a name is reserved, empty or used twice.
    """
    if isinstance(schema, pl.Schema):
        fields = [pa.field(name, _of_polars(kind, name)) for name, kind in schema.items()]
    else:
        fields = [pa.field(field.name, _of_arrow(field.type, field.name)) for field in schema]
    names = [field.name for field in fields]
    for name in names:
        if not name:
            raise SchemaError("A column has an empty name.", "Name every column before it is stored.")
        if name in RESERVED:
            raise SchemaError(f"Column {name!r} has a name that query engines reserve.", "Rename it.")
    if twice := sorted({name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else ()):
        raise SchemaError(f"Column names used twice: {', '.join(map(repr, twice))}.", "Rename them.")
    return pa.schema(fields)


def conform(frame: pl.LazyFrame, schema: pa.Schema) -> pl.LazyFrame:
    """Select the columns of ``schema`` in order and cast them; absent ones are null.

    Casts are strict: a value that does not fit fails when the frame runs, and is never nulled.

    Raises:
        SchemaError: The frame has a column that the schema does not have.
    """
    present = frame.collect_schema()
    if extra := [name for name in present if name not in set(schema.names)]:
        raise SchemaError(
            f"The table has no column {', '.join(map(repr, extra))}.", "Add it to the table first, or leave it out."
        )
    target = polars_schema(schema)
    return frame.select(
        _cast(name, present[name], kind) if name in present else pl.lit(None, dtype=kind).alias(name)
        for name, kind in target.items()
    )


def polars_schema(schema: pa.Schema) -> pl.Schema:
    """How Polars reads this Arrow schema."""
    empty = pl.from_arrow(pa.schema([field.remove_metadata() for field in schema]).empty_table())
    return empty.schema if isinstance(empty, pl.DataFrame) else pl.Schema()


def conform_batch(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The same for one Arrow batch: order, types and field ids of ``schema``.

    Raises:
        SchemaError: A column is unknown, or a value does not fit its type.
    """
    if extra := [name for name in batch.schema.names if name not in set(schema.names)]:
        raise SchemaError(f"The table has no column {', '.join(map(repr, extra))}.", "Add it to the table first.")
    columns = []
    for field in schema:
        if field.name not in batch.schema.names:
            columns.append(pa.nulls(batch.num_rows, field.type))
            continue
        column = batch.column(field.name)
        with translate(SchemaError, f"storing column {field.name!r} as {field.type}", "Cast it first."):
            if pa.types.is_dictionary(column.type):
                column = column.dictionary_decode()
            if pa.types.is_duration(column.type):
                column = column.cast(pa.duration("us")).cast(pa.int64())
            # Sub-microsecond digits are cut, as everywhere at this border; nothing else may change.
            unsafe = pa.types.is_timestamp(column.type) or pa.types.is_time(column.type)
            columns.append(column.cast(field.type, safe=not unsafe) if column.type != field.type else column)
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _cast(name: str, have: pl.DataType, want: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if have == want:
        return column
    if isinstance(have, pl.Duration):
        return column.dt.total_microseconds().cast(want).alias(name)
    if isinstance(have, pl.Datetime) and have.time_zone and isinstance(want, pl.Datetime) and want.time_zone:
        column = column.dt.convert_time_zone(want.time_zone)
    return column.cast(want, strict=True)


def _of_polars(kind: pl.DataType, name: str) -> pa.DataType:
    match kind:
        case pl.List() | pl.Array():
            return pa.list_(pa.field("element", _of_polars(_concrete(kind.inner), f"{name}.element")))
        case pl.Struct():
            return pa.struct([(f.name, _of_polars(_concrete(f.dtype), f"{name}.{f.name}")) for f in kind.fields])
        case pl.Decimal():
            return _decimal(kind.precision or _LARGEST_PRECISION, kind.scale or 0, name)
        case pl.Datetime():
            return pa.timestamp("us", "UTC" if kind.time_zone else None)
        case pl.Object():
            raise SchemaError(
                f"Column {name!r} holds Python objects, which a table cannot store.", "Convert it to text."
            )
    for known, arrow in _POLARS.items():
        if kind == known:
            return arrow
    raise SchemaError(f"Column {name!r} has the type {kind}, which a table cannot store.", "Cast it first.")


def _concrete(kind: object) -> pl.DataType:
    return kind if isinstance(kind, pl.DataType) else kind()  # type: ignore[operator]


def _of_arrow(kind: pa.DataType, name: str) -> pa.DataType:
    t = pa.types
    if isinstance(kind, pa.BaseExtensionType):
        return _of_arrow(kind.storage_type, name)
    if t.is_dictionary(kind):
        return _of_arrow(kind.value_type, name)
    if t.is_list(kind) or t.is_large_list(kind) or t.is_fixed_size_list(kind) or t.is_list_view(kind):
        return pa.list_(pa.field("element", _of_arrow(kind.value_type, f"{name}.element")))
    if t.is_struct(kind):
        return pa.struct([(f.name, _of_arrow(f.type, f"{name}.{f.name}")) for f in kind])
    if t.is_map(kind):
        key, value = _of_arrow(kind.key_type, f"{name}.key"), _of_arrow(kind.item_type, f"{name}.value")
        return pa.map_(pa.field("key", key, nullable=False), pa.field("value", value))
    if t.is_decimal(kind):
        return _decimal(kind.precision, kind.scale, name)
    if t.is_timestamp(kind):
        return pa.timestamp("us", "UTC" if kind.tz else None)
    if t.is_duration(kind):
        return pa.int64()
    for test, arrow in (
        (t.is_null, pa.string()),
        (lambda k: t.is_string(k) or t.is_large_string(k) or t.is_string_view(k), pa.string()),
        (lambda k: t.is_binary(k) or t.is_large_binary(k) or t.is_binary_view(k), pa.binary()),
        (t.is_fixed_size_binary, kind),
        (t.is_boolean, pa.bool_()),
        (t.is_date, pa.date32()),
        (t.is_time, pa.time64("us")),
        (t.is_uint64, pa.decimal128(20, 0)),
        (lambda k: t.is_int64(k) or t.is_uint32(k), pa.int64()),
        (t.is_integer, pa.int32()),
        (t.is_float64, pa.float64()),
        (t.is_floating, pa.float32()),
    ):
        if test(kind):
            return arrow
    raise SchemaError(f"Column {name!r} has the type {kind}, which a table cannot store.", "Cast it first.")


def _decimal(precision: int, scale: int, name: str) -> pa.DataType:
    if precision > _LARGEST_PRECISION or scale < 0:
        raise SchemaError(
            f"Column {name!r} is decimal({precision}, {scale}); a table holds at most {_LARGEST_PRECISION} digits.",
            "Round it or store it as text.",
        )
    return pa.decimal128(precision, scale)


_POLARS: dict[type[pl.DataType], pa.DataType] = {
    pl.String: pa.string(),
    pl.Categorical: pa.string(),
    pl.Enum: pa.string(),
    pl.Null: pa.string(),
    pl.Boolean: pa.bool_(),
    pl.Int8: pa.int32(),
    pl.Int16: pa.int32(),
    pl.Int32: pa.int32(),
    pl.UInt8: pa.int32(),
    pl.UInt16: pa.int32(),
    pl.Int64: pa.int64(),
    pl.UInt32: pa.int64(),
    pl.Duration: pa.int64(),
    pl.UInt64: pa.decimal128(20, 0),
    pl.Int128: pa.decimal128(38, 0),
    pl.UInt128: pa.decimal128(38, 0),
    pl.Float16: pa.float32(),
    pl.Float32: pa.float32(),
    pl.Float64: pa.float64(),
    pl.Date: pa.date32(),
    pl.Time: pa.time64("us"),
    pl.Binary: pa.binary(),
}
