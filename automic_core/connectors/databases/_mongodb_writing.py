"""Frames into MongoDB collections: values, appending, replacing, upserting."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, time
from decimal import Decimal
from functools import partial
from typing import Any, Literal

import polars as pl

from automic_core.connectors import _plain
from automic_core.connectors.databases._loading import unknown_keys
from automic_core.connectors.databases._mongodb_work import Unit
from automic_core.errors import LoadError

Times = Literal["exact", "milliseconds", "text"]
_PIECE = 10_000  # rows a command
_DECIMAL_DIGITS = 34


class Cells:
    """Turns batches into documents.

    Args:
        times: What becomes of times: exact = a Date, which has milliseconds, and an error where that is not enough;
            milliseconds = a Date, cut; text = ISO 8601.

    Raises:
        LoadError: A value cannot be held; names row (from 1) and column.
    """

    def __init__(self, times: Times) -> None:
        self._times = times
        self._rows = 0

    def documents(self, batch: pl.DataFrame) -> list[dict[str, Any]]:
        """The rows of a batch."""
        names = batch.columns
        columns = [self._column(column) for column in batch.get_columns()]
        self._rows += batch.height
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]

    def _column(self, column: pl.Series) -> list[Any]:
        dtype = column.dtype
        if dtype in (pl.Duration, pl.Categorical, pl.Enum, pl.Null):
            return _plain.flat(column.to_frame()).to_series().to_list()
        values = column.to_list()
        if dtype in (pl.String, pl.Boolean, pl.Binary) or dtype.is_float():
            return values
        return [None if value is None else self._value(value, column.name, row) for row, value in enumerate(values)]

    def _value(self, value: Any, name: str, row: int) -> Any:
        from bson.int64 import Int64

        match value:
            case bool() | str() | bytes() | float() | None:
                return value
            case int():
                return Int64(value) if -(2**63) <= value < 2**63 else self._decimal(Decimal(value), name, row)
            case Decimal():
                return self._decimal(value, name, row)
            case datetime():
                return self._moment(value, name, row)
            case time():
                return value.isoformat()
            case dict():
                return {key: self._value(each, name, row) for key, each in value.items()}
            case list() | pl.Series():
                return [self._value(each, name, row) for each in value]
        if hasattr(value, "toordinal"):  # a date
            whole = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - the driver takes it for UTC
            return value.isoformat() if self._times == "text" else whole
        return _plain.json_text(value).strip('"')

    def _moment(self, value: datetime, name: str, row: int) -> Any:
        if self._times == "text":
            return value.isoformat()
        moment = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        if moment.microsecond % 1000 and self._times == "exact":
            raise LoadError(
                f"Row {self._rows + row + 1:,}, column {name!r}: {value} is finer than the milliseconds of a Date.",
                "Give times: milliseconds to cut them, or times: text to keep them as text.",
            )
        return moment

    def _decimal(self, value: Decimal, name: str, row: int) -> Any:
        from bson.decimal128 import Decimal128

        if len(value.as_tuple().digits) > _DECIMAL_DIGITS:
            raise LoadError(
                f"Row {self._rows + row + 1:,}, column {name!r}: {value} has more than {_DECIMAL_DIGITS} digits.",
                "Round it, or cast the column to text.",
            )
        return Decimal128(value)


class Table:
    """One collection inside of a unit.

    Args:
        names: The columns of the rows.
        cells: Makes them documents.
    """

    def __init__(self, unit: Unit, names: Sequence[str], cells: Cells) -> None:
        self._unit, self._names, self._cells = unit, names, cells

    def insert(self, batches: Iterable[pl.DataFrame], *, replace: bool) -> int:
        """Add rows; with ``replace`` the collection holds just these."""
        target = self._unit.target(replace=replace)
        rows = 0
        for documents in self._pieces(batches):
            self._unit.put(partial(target.insert_many, documents))
            rows += len(documents)
        return rows

    def upsert(self, batches: Iterable[pl.DataFrame], keys: Sequence[str]) -> int:
        """Update documents with the same keys (null equals null), insert the others; an index of the keys is made.

        Raises:
            LoadError: No keys are given, one is no column, or a field's name would be a path.
        """
        from pymongo import UpdateOne

        if (problem := unknown_keys(self._unit.name, self._names, keys)) is not None:
            raise problem
        if odd := [name for name in self._names if "." in name or name.startswith("$")]:
            raise LoadError(f"Cannot upsert a field named {odd[0]!r}: it would be a path.", "Rename the column.")
        target = self._unit.target(replace=False)
        if not self._unit.written and list(keys) != ["_id"]:
            target.create_index([(key, 1) for key in keys])
        rows = 0
        for documents in self._pieces(batches):
            changes = []
            for each in documents:
                rest = {name: value for name, value in each.items() if name not in keys}
                changes.append(
                    UpdateOne(
                        {key: {"$eq": each[key]} for key in keys},
                        {"$set": rest} if rest else {"$setOnInsert": {key: each[key] for key in keys}},
                        upsert=True,
                    )
                )
            self._unit.put(partial(target.bulk_write, changes, ordered=True))
            rows += len(documents)
        return rows

    def _pieces(self, batches: Iterable[pl.DataFrame]) -> Iterator[list[dict[str, Any]]]:
        for batch in batches:
            for piece in batch.iter_slices(_PIECE):
                if piece.height:
                    yield self._cells.documents(piece)
