"""What will be read of a server, and its rows as batches with what their columns cannot hold."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
import polars as pl
import pyarrow as pa

from automic_core import frames
from automic_core.connectors.databases._relations import Relation
from automic_core.connectors.files import _types
from automic_core.contracts import Bound, CursorValue, ReadRequest
from automic_core.errors import SourceError

Rescue = Callable[[int, str], None]
"""Told the row of the batch and the value, as the server prints it, that its column cannot hold."""
_HIDDEN = {frames.SOURCE_ROW: pa.int64(), frames.RESCUED: pa.string()}


class Column(Protocol):
    """A column as it is delivered."""

    @property
    def name(self) -> str: ...

    @property
    def type(self) -> pa.DataType: ...


C = TypeVar("C", bound=Column)


@dataclass(frozen=True)
class Plan(ABC, Generic[C]):
    """What will be read.

    Attributes:
        select: The statement as it was given.
        relation: The table; None = a query.
        expected: Rows there are, as the server estimates.
    """

    select: str
    columns: list[C]
    relation: Relation | None
    notes: list[str]
    expected: int | None = None

    @abstractmethod
    def statement(self, wanted: Sequence[C], request: ReadRequest) -> str:
        """The select that delivers some columns in types that the driver has."""

    @abstractmethod
    def converted(self, column: C, values: pa.Array, rescue: Rescue) -> pa.Array:
        """A column of a batch in its type; values that it cannot hold are null, and told."""


class Rows(Generic[C]):
    """The rows of a plan.

    Args:
        request: What is wanted; all columns are those of the plan, ``_source_row`` and ``_rescued``.

    Raises:
        SourceError: There is no such column.
    """

    def __init__(self, plan: Plan[C], request: ReadRequest) -> None:
        known = {column.name: column for column in plan.columns}
        self.names = [*known, *_HIDDEN] if request.columns is None else list(request.columns)
        if missing := [name for name in self.names if name not in known and name not in _HIDDEN]:
            raise SourceError(f"There is no column {missing[0]!r}.", f"Columns: {', '.join(list(known)[:30])}.")
        self._plan = plan
        self._columns = [known[name] for name in self.names if name in known]
        types = _HIDDEN | {column.name: column.type for column in self._columns}
        self.schema = pa.schema([(name, types[name]) for name in self.names])
        self.statement = plan.statement(self._columns, request)

    def batches(self, reader: Iterator[Sequence[pa.Array] | pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The driver's batches in the planned types; at least one."""
        row, empty = 0, True
        for raw in reader:
            cells: Sequence[pa.Array] = raw.columns if isinstance(raw, pa.RecordBatch) else raw
            batch = self._batch(cells, len(cells[0]), row)
            yield batch
            row, empty = row + batch.num_rows, False
        if empty:
            yield pa.RecordBatch.from_arrays([pa.array([], field.type) for field in self.schema], schema=self.schema)

    def _batch(self, cells: Sequence[pa.Array], height: int, before: int) -> pa.RecordBatch:
        columns = [
            (column.name, lambda rescue, c=column, v=values: self._plan.converted(c, v, rescue))
            for column, values in zip(self._columns, cells, strict=False)
        ]
        arrays = rescuing(columns, height)
        if frames.SOURCE_ROW in self.names:
            arrays[frames.SOURCE_ROW] = pa.array(np.arange(before + 1, before + height + 1, dtype=np.int64))
        return pa.RecordBatch.from_arrays([arrays[name] for name in self.names], schema=self.schema)


def rescuing(columns: Sequence[tuple[str, Callable[[Rescue], pa.Array]]], height: int) -> dict[str, pa.Array]:
    """Columns by name as their functions make them, and ``_rescued`` with what these said that they cannot hold."""
    kept: dict[int, dict[str, str]] = {}
    arrays: dict[str, pa.Array] = {}
    for name, make in columns:

        def rescue(row: int, text: str, name: str = name) -> None:
            kept.setdefault(row, {})[name] = text

        arrays[name] = make(rescue)
    if kept:
        texts = [_types.rescued(None, kept[row]) if row in kept else None for row in range(height)]
        arrays[frames.RESCUED] = pa.array(texts, pa.string())
    else:
        arrays[frames.RESCUED] = pa.nulls(height, pa.string())
    return arrays


def decimals(kind: pa.Decimal128Type, values: pa.Array, rescue: Rescue) -> pa.Array:
    """Texts as decimals; NaN and infinities have no place among these."""
    texts = frames.from_arrow(pa.RecordBatch.from_arrays([values], ["text"])).to_series()
    found = texts.cast(pl.Decimal(kind.precision, kind.scale), strict=False)
    if found.null_count() != texts.null_count():
        for row in (found.is_null() & texts.is_not_null()).arg_true():
            rescue(row, str(texts[row]))
    return found.to_arrow()


def within(place: str, shown: str, bound: Bound, literal: Callable[[CursorValue], str], odd: str) -> str:
    """An SQL condition that holds at least for the rows within a bound; empty if it can only be told on our side.

    Args:
        place: The column in the statement.
        shown: As what it is compared.
        bound: The bound.
        literal: A value in SQL; empty if the server would compare it otherwise than we do.
        odd: A condition for values that are null to us and not to the server; empty = there are none.
    """
    ends = []
    for sign, value in ((">=", bound.since), ("<", bound.until)):
        if value is None:
            continue
        written = literal(value)
        if not written:
            return ""
        ends.append(f"{shown} {sign} {written}")
    if not ends:
        return "" if bound.nulls else f"{place} IS NOT NULL"
    inside = " AND ".join(ends)
    if not bound.nulls:
        return inside
    return f"({inside}) OR {place} IS NULL{f' OR {odd}' if odd else ''}"
