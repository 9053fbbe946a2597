"""Typed faults injected into copies of rows: what goes wrong with data on its way, one kind at a time."""

from __future__ import annotations

import datetime as dt
import math
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from automic_core import frames

LABELS = {
    "null": "value lost",
    "swap": "two columns swapped",
    "unit": "a hundred times too large",
    "truncation": "text cut off",
    "date_flip": "day and month flipped",
    "duplicate": "row sent twice",
    "case": "upper for lower case",
    "leading_zero": "leading zero lost",
}
"""Kinds of fault, and what people call them."""

ROWS = 20
"""Rows that a fault strikes."""
_MOST_TRIED = 2_000
_SAME = object()
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
_ISO_DAY = re.compile(r"(\d{4}-)(\d\d)-(\d\d)(.*)", re.DOTALL)
_LOCAL_DAY = re.compile(r"(\d\d?)([/.])(\d\d?)(\2\d{2,4}.*)", re.DOTALL)


@dataclass(frozen=True)
class Mutant:
    """One fault in one place, in some rows.

    Attributes:
        fault: Its kind, a key of ``LABELS``.
        columns: Columns it strikes; none for a row sent twice.
        places: Positions of the rows it strikes.
        rows: These rows with the fault in them.
        examples: Value before and after, of the first rows.
    """

    fault: str
    columns: tuple[str, ...]
    places: list[int]
    rows: pl.DataFrame
    examples: list[str]

    def whole(self, clean: pl.DataFrame) -> pl.DataFrame:
        """The table with the fault in it."""
        if self.fault == "duplicate":
            return pl.concat([clean, self.rows])
        return clean.with_columns(clean[name].scatter(self.places, self.rows[name]) for name in self.columns)


def mutants(clean: pl.DataFrame, struck: Sequence[int], seed: int = 0) -> Iterator[Mutant]:
    """Every kind of fault in every column where it can happen; the same for the same seed.

    Args:
        clean: The rows, with ``_rid``.
        struck: Positions of the rows that may be struck.
        seed: Chooses the rows.
    """
    names = frames.data_names(clean.columns)
    for name in names:
        for fault, change in _CHANGES.items():
            yield from _changed(clean, fault, name, change, _order(struck, f"{seed} {fault} {name}"))
    for left, right in _pairs(clean, names):
        yield from _swapped(clean, left, right, _order(struck, f"{seed} swap {left} {right}"))
    if len(struck) and names:
        places = _order(struck, f"{seed} duplicate")[:ROWS]
        yield Mutant("duplicate", (), places, clean[places], [])


def _order(struck: Sequence[int], about: str) -> list[int]:
    """The rows in an order of chance that is the same every time."""
    draw = np.random.default_rng(zlib.crc32(about.encode()))
    found: list[int] = draw.permutation(np.asarray(struck, dtype=np.int64))[:_MOST_TRIED].tolist()
    return found


def _changed(
    clean: pl.DataFrame, fault: str, name: str, change: Callable[[Any], Any], order: list[int]
) -> Iterator[Mutant]:
    before = clean[name].gather(order)
    if before.null_count() == before.len() or not (before.dtype.is_numeric() or before.dtype in _KINDS):
        return
    places, values = [], []
    for place, value in zip(order, before, strict=True):
        made = _SAME if value is None else change(value)
        if made is not _SAME and made != value:
            places.append(place)
            values.append(made)
        if len(places) == ROWS:
            break
    after = pl.Series(name, values, dtype=clean.schema[name], strict=False)
    if fault != "null" and after.null_count():  # it does not fit the column's type
        kept = after.is_not_null().arg_true().to_list()
        places, after = [places[n] for n in kept], after.gather(kept)
    if places:
        rows = clean[places].with_columns(after)
        yield Mutant(fault, (name,), places, rows, _told(clean[places], rows, (name,)))


def _swapped(clean: pl.DataFrame, left: str, right: str, order: list[int]) -> Iterator[Mutant]:
    both = clean.select(left, right)[order]
    differs = (both[left] != both[right]).fill_null(False).arg_true().to_list()[:ROWS]
    places = [order[n] for n in differs]
    if places:
        rows = clean[places].with_columns(pl.col(left).alias(right), pl.col(right).alias(left))
        yield Mutant("swap", (left, right), places, rows, _told(clean[places], rows, (left, right)))


def _pairs(clean: pl.DataFrame, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each column with the next one of its type: neighbours are what gets mixed up."""
    last: dict[Any, str] = {}
    for name in names:
        dtype = clean.schema[name]
        if dtype in last and (dtype.is_numeric() or dtype in _KINDS) and dtype != pl.Boolean:
            yield last[dtype], name
        last[dtype] = name


_KINDS = (pl.String, pl.Date, pl.Datetime, pl.Time, pl.Boolean, pl.Categorical, pl.Enum)


def _told(before: pl.DataFrame, after: pl.DataFrame, names: Sequence[str]) -> list[str]:
    texts = [frames.as_text(name, before.schema).fill_null("nothing").alias(name) for name in names]
    pairs = zip(before.head(3).select(texts).rows(), after.head(3).select(texts).rows(), strict=True)
    return [f"{', '.join(old)} → {', '.join(new)}" for old, new in pairs]


def _lost(value: Any) -> Any:
    return None


def _hundredfold(value: Any) -> Any:
    if isinstance(value, bool) or (isinstance(value, float) and not math.isfinite(value)):
        return _SAME
    if isinstance(value, int | float | Decimal):
        return value * 100
    if isinstance(value, str) and _NUMBER.fullmatch(value) and not (value[0] == "0" and value[1:2].isdigit()):
        return f"{Decimal(value) * 100:f}".removesuffix(".00")
    return _SAME


def _cut(value: Any) -> Any:
    return value[: max(len(value) // 2, 1)] if isinstance(value, str) and len(value) >= 2 else _SAME


def _flipped(value: Any) -> Any:
    if isinstance(value, dt.date):  # a timestamp is a date too
        return value.replace(day=value.month, month=value.day) if value.day <= 12 else _SAME
    if not isinstance(value, str):
        return _SAME
    if match := _ISO_DAY.fullmatch(value):
        year, month, day, rest = match.groups()
        return f"{year}{day}-{month}{rest}" if int(day) <= 12 else _SAME
    if match := _LOCAL_DAY.fullmatch(value):
        first, mark, second, rest = match.groups()
        return f"{second}{mark}{first}{rest}" if max(int(first), int(second)) <= 12 else _SAME
    return _SAME


def _recased(value: Any) -> Any:
    if not isinstance(value, str):
        return _SAME
    return value.lower() if value.isupper() else value.upper()


def _unpadded(value: Any) -> Any:
    if isinstance(value, str) and value.isdigit() and value[0] == "0" and len(value) > 1:
        return value.lstrip("0") or "0"
    return _SAME


_CHANGES: dict[str, Callable[[Any], Any]] = {
    "null": _lost,
    "unit": _hundredfold,
    "truncation": _cut,
    "date_flip": _flipped,
    "case": _recased,
    "leading_zero": _unpadded,
}
