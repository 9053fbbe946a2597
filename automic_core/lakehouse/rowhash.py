"""A fingerprint of rows that does not depend on their order, so that two ways to the same table can be proved equal."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from automic_core import frames

_MODULUS = 1 << 256


@dataclass(frozen=True)
class RowHash:
    """How many rows there are, and the sum of their SHA-256 hashes modulo 2**256, in hexadecimal digits.

    A sum, not an exclusive or, so that a row that stands twice counts twice.
    """

    rows: int
    digest: str

    def __str__(self) -> str:
        """As scripts print it."""
        return f"{self.rows} rows {self.digest}"


def row_hash(frame: pl.LazyFrame) -> RowHash:
    """The hash of the data columns of all rows, read as a stream.

    A row is hashed as JSON text with its columns by name: 1 is not "1", null is not the empty text, and the order of
    the columns does not matter, neither does the width of an integer.
    """
    schema = frame.collect_schema()
    rows = total = 0
    for batch in frames.stream(frame.select(row_text(schema, frames.data_names(schema)).alias("text"))):
        rows += batch.height
        for line in batch["text"].to_list():
            total += int.from_bytes(hashlib.sha256(line.encode()).digest(), "big")
    return RowHash(rows, f"{total % _MODULUS:064x}")


def row_text(schema: Mapping[str, pl.DataType], names: Iterable[str]) -> pl.Expr:
    """Some columns of a row as JSON text by which it can be known again, in another process too."""
    return pl.struct(_canonical(name, schema[name]) for name in sorted(names)).struct.json_encode()


def _canonical(name: str, dtype: pl.DataType) -> pl.Expr:
    """A column in a form that JSON keeps apart: NaN is not null, times count µs or days, bytes are hexadecimal."""
    column = pl.col(name)
    if dtype.is_float() or dtype.is_decimal():
        return column.cast(pl.String)
    if isinstance(dtype, pl.Datetime):
        return column.dt.cast_time_unit("us").to_physical()
    if dtype.is_temporal():
        return column.to_physical()
    if dtype == pl.Binary:
        return column.bin.encode("hex")
    if dtype.is_nested():
        return frames.as_text(name, {name: dtype}).alias(name)
    return column
