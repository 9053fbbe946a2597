"""Which columns a collection has, by a sample of its documents, and how values become those columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from automic_core.connectors.databases._mongodb_values import Kind, extended, kind_of, kinds_of, text
from automic_core.connectors.files import _encoding

Rescue = Callable[[int, str], None]
"""Told the row of the batch and the value, as Extended JSON, that its column does not hold as it is."""

_DIGITS = 38
_MISSING = object()
_EXACT = 1 << 53
"""Up to here a double holds every whole number."""
_ARROW: dict[str, pa.DataType] = {
    "bool": pa.bool_(),
    "int": pa.int64(),
    "double": pa.float64(),
    "date": pa.timestamp("us", "UTC"),
    "binary": pa.binary(),
}


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        field: Name of the field of the documents.
        name: Name of the column.
        kind: What its values are; "mixed" = several kinds, "extended" = the same, each as Extended JSON, so that no two
            look alike; "" = the sample has no value.
        scale: Digits behind the point, of decimals.
    """

    field: str
    name: str
    kind: str
    scale: int = 0

    @property
    def type(self) -> pa.DataType:
        """The type of the column; text of all that has no other one."""
        if self.kind == "decimal":
            return pa.decimal128(_DIGITS, self.scale)
        return _ARROW.get(self.kind, pa.string())


@dataclass
class Evidence:
    """What was seen of one field."""

    kinds: set[Kind] = field(default_factory=set)
    large: bool = False
    scale: int = 0
    whole: int = 0

    def take(self, values: list[Any]) -> None:
        """Look at values."""
        found = kinds_of(values)
        self.kinds |= found
        if "int" in found and not self.large:
            self.large = any(isinstance(v, int) and not -_EXACT <= v <= _EXACT for v in values)
        if "decimal" in found:
            for value in values:
                number = _decimal(value)
                if number is not None:
                    _, digits, exponent = number.as_tuple()
                    assert isinstance(exponent, int)
                    self.scale = max(self.scale, -exponent)
                    self.whole = max(self.whole, len(digits) + exponent)

    def settled(self) -> tuple[str, int]:
        """Kind of the column, and the scale of decimals: a column has a type if all values of the sample have it.

        Whole numbers among doubles are doubles, unless they are too large for that. Decimals that together need more
        than 38 digits are text.
        """
        if len(self.kinds) == 1:
            kind = next(iter(self.kinds))
            if kind == "decimal" and self.scale + max(self.whole, 0) > _DIGITS:
                return "mixed", 0
            return kind, self.scale
        if self.kinds == {"int", "double"} and not self.large:
            return "double", 0
        return ("mixed" if self.kinds else ""), 0


class Sample:
    """Collects what some documents have.

    Attributes:
        rows: Documents looked at.
    """

    def __init__(self) -> None:
        self._seen: dict[str, Evidence] = {}
        self._nulls: Counter[str] = Counter()
        self._there: Counter[str] = Counter()
        self.rows = 0

    def take(self, documents: Sequence[Mapping[str, Any]]) -> None:
        """Look at documents."""
        for document in documents:
            self._there.update(document.keys())
        for name in dict.fromkeys(name for document in documents for name in document):
            values = [document.get(name, _MISSING) for document in documents]
            self._nulls[name] += values.count(None)
            self._seen.setdefault(name, Evidence()).take([None if v is _MISSING else v for v in values])
        self.rows += len(documents)

    @property
    def both(self) -> list[str]:
        """Fields that are null in some documents and missing in others."""
        return [name for name in self._seen if self._nulls[name] and self._there[name] < self.rows]

    def settled(self) -> dict[str, tuple[str, int]]:
        """Kind and scale of each field, in the order in which they came."""
        return {name: evidence.settled() for name, evidence in self._seen.items()}


def _decimal(value: Any) -> Decimal | None:
    """A Decimal128 as a number; None if it is none, NaN or infinite."""
    if value is None or kind_of(value) != "decimal":
        return None
    number: Decimal = value.to_decimal()
    return number if number.is_finite() else None


def converted(column: Column, values: Sequence[Any], rescue: Rescue) -> pa.Array:
    """Values as a column: what it cannot hold is null, or text if it is a column of text, and told."""
    cells = list(values)
    if not _plain(column, cells):
        convert = _CONVERT.get(column.kind, _as_text)
        for row, value in enumerate(cells):
            if value is not None:
                cells[row], fits = convert(column, value)
                if not fits:
                    rescue(row, extended(value))
    try:
        return pa.array(cells, column.type)
    except UnicodeEncodeError:
        for row, cell in enumerate(cells):
            if isinstance(cell, str):
                raw = cell.encode("utf-8", "surrogateescape")
                cells[row], valid = _encoding.decode(raw)
                if not valid:
                    rescue(row, f"x'{raw.hex()}'")
        return pa.array(cells, column.type)


def _plain(column: Column, cells: list[Any]) -> bool:
    """Whether all values are what Arrow takes as they are; decimals, objectIds and documents are made so in one go."""
    kinds = kinds_of(cells)
    if column.kind == "decimal" and kinds <= {"decimal"}:
        return _decimals(column, cells)
    if column.kind == "objectId" and kinds <= {"objectId"}:
        cells[:] = [None if value is None else str(value) for value in cells]
        return True
    if column.kind == "json" and kinds <= {"json"}:
        cells[:] = [None if value is None else extended(value) for value in cells]
        return True
    if column.kind == "date":
        return {type(value) for value in cells} <= {datetime, type(None)}
    return column.kind in ("bool", "int", "double", "string", "binary") and kinds <= {column.kind}


def _decimals(column: Column, cells: list[Any]) -> bool:
    numbers: list[Decimal | None] = [None if value is None else value.to_decimal() for value in cells]
    whole = _DIGITS - column.scale
    for number in numbers:
        if number is not None:
            _, digits, exponent = number.as_tuple()
            if not isinstance(exponent, int) or -exponent > column.scale or len(digits) + exponent > whole:
                return False
    cells[:] = numbers
    return True


def _as_text(column: Column, value: Any) -> tuple[Any, bool]:
    kind = kind_of(value)
    if column.kind == "mixed":
        return text(value), kind == "string"
    return text(value), kind == column.kind


def _as_double(_: Column, value: Any) -> tuple[Any, bool]:
    if kind_of(value) == "int" and -_EXACT <= value <= _EXACT:
        return float(value), True
    return (value, True) if isinstance(value, float) else (None, False)


def _as_date(_: Column, value: Any) -> tuple[Any, bool]:
    return (value, True) if isinstance(value, datetime) else (None, False)


def _as_decimal(column: Column, value: Any) -> tuple[Any, bool]:
    number = _decimal(value)
    if number is None or number.is_zero():
        return (Decimal(0), True) if number is not None else (None, False)
    _, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    lowest = exponent + len(digits) - len("".join(map(str, digits)).rstrip("0"))
    fits = -lowest <= column.scale and len(digits) + exponent <= _DIGITS - column.scale
    return (number if fits else None), fits


def _own(kind: str) -> Callable[[Column, Any], tuple[Any, bool]]:
    def convert(_: Column, value: Any) -> tuple[Any, bool]:
        return (value, True) if kind_of(value) == kind else (None, False)

    return convert


def _as_extended(_: Column, value: Any) -> tuple[Any, bool]:
    return extended(value), True


_CONVERT: dict[str, Callable[[Column, Any], tuple[Any, bool]]] = {
    "extended": _as_extended,
    "bool": _own("bool"),
    "int": _own("int"),
    "binary": _own("binary"),
    "double": _as_double,
    "date": _as_date,
    "decimal": _as_decimal,
}


def columns(settled: Mapping[str, tuple[str, int]], names: Iterable[str]) -> list[Column]:
    """Columns from what a sample settled and the names that they get."""
    return [
        Column(field, name, kind, scale) for (field, (kind, scale)), name in zip(settled.items(), names, strict=True)
    ]
