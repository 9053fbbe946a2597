"""Plain data: what the use-cases return, ready for JSON, for a terminal and for a page."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl


@dataclasses.dataclass(frozen=True)
class Rows:
    """Some rows of a table.

    Attributes:
        columns: Column name to the name of its type.
        rows: The rows shown, column by column.
        total: Rows there are; None if nobody counted.
    """

    columns: dict[str, str]
    rows: list[dict[str, Any]]
    total: int | None = None


def rows_of(frame: pl.DataFrame, total: int | None = None) -> Rows:
    """A frame as plain rows."""
    return Rows({n: str(t) for n, t in frame.schema.items()}, frame.to_dicts(), total)


def narrowed(frame: pl.DataFrame) -> pl.DataFrame:
    """Sums of whole numbers, which DuckDB gives as wide decimals, as whole numbers where they fit."""
    import polars as pl

    wide = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Decimal) and not kind.scale]
    small = [name for name in wide if frame[name].cast(pl.Int64, strict=False).null_count() == frame[name].null_count()]
    return frame.with_columns(pl.col(small).cast(pl.Int64))


def all_rows(number: int) -> str:
    """That every row was looked at, in words: "all 21 rows", "the only row"."""
    return "no row" if not number else "the only row" if number == 1 else f"all {number:,} rows"


def plain(value: Any) -> Any:
    """A value as JSON can hold it: times as ISO 8601, decimals and what JSON has no number for as text."""
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value) if not f.name.startswith("_")}
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(v) for v in value]
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Decimal | timedelta | Path):
        return str(value)
    return str(value)
