"""Where the values of a column lie: bins of numbers and moments, shapes and lengths of texts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

BINS = 24
_FENCE = 3  # Tukey's outer fences: so many interquartile ranges beyond the quartiles (Exploratory Data Analysis, 1977)
_FAR = 2  # a range this many times what lies inside them would squash the picture
_TOP_SHAPES = 6
_LETTERS, _DIGITS = (r"\p{Lu}+", r"\p{Ll}+"), r"[0-9]"


@dataclass(frozen=True)
class Bins:
    """A histogram.

    Attributes:
        edges: Lower edge of each bin and the upper edge of the last, in the column's type.
        counts: Values in each bin.
        clipped: Whether the first and last bin also hold everything that lies far outside on their side.
    """

    edges: list[Any] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    clipped: bool = False


def histogram(values: pl.Series, bins: int = BINS) -> Bins:
    """Bins of equal width over numbers, dates, timestamps or times; empty for anything else or without values."""
    numbers = _numbers(values)
    if numbers is None or numbers.is_empty():
        return Bins()
    low, high = float(numbers.min()), float(numbers.max())  # type: ignore[arg-type]
    first, third = (float(numbers.quantile(share, "nearest") or 0.0) for share in (0.25, 0.75))
    reach = _FENCE * (third - first)
    inner = max(low, first - reach), min(high, third + reach)
    clipped = reach > 0 and high - low > _FAR * (inner[1] - inner[0])
    if clipped:
        low, high = inner
    width = (high - low) / bins or 1.0
    place = ((numbers - low) / width).floor().clip(0, bins - 1).cast(pl.Int64)
    found = dict(place.value_counts().iter_rows())
    return Bins(
        [_back(low + width * i, values.dtype) for i in range(bins + 1)], [found.get(i, 0) for i in range(bins)], clipped
    )


def _numbers(values: pl.Series) -> pl.Series | None:
    """The values as finite floats; None if they have no order on a line."""
    known = values.drop_nulls()
    if known.dtype.is_temporal():
        return known.to_physical().cast(pl.Float64)
    if known.dtype.is_numeric():
        floats = known.cast(pl.Float64)
        return floats.filter(floats.is_finite())
    return None


def _back(number: float, kind: pl.DataType) -> Any:
    if isinstance(kind, pl.Date):
        return date(1970, 1, 1) + timedelta(days=int(number))
    if isinstance(kind, pl.Datetime):
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(number))
        return moment if kind.time_zone else moment.replace(tzinfo=None)
    if isinstance(kind, pl.Time):
        seconds = int(number) // 10**9
        return time(seconds // 3600 % 24, seconds // 60 % 60, seconds % 60)
    return Decimal(repr(number)) if isinstance(kind, pl.Decimal) else number


def shapes(texts: pl.Series) -> list[tuple[str, int, str]]:
    """Forms of texts, most frequent first: form, count, an example. A run of letters is one letter, a digit a 9."""
    form = pl.col("text")
    for pattern, sign in zip((*_LETTERS, _DIGITS), ("A", "a", "9"), strict=True):
        form = form.str.replace_all(pattern, sign)
    counted = (
        texts.rename("text")
        .to_frame()
        .group_by(form.str.slice(0, 40).alias("form"))
        .agg(pl.len().alias("n"), pl.col("text").min().alias("example"))
        .sort(["n", "form"], descending=[True, False])
    )
    return [(str(row[0]), int(row[1]), str(row[2])) for row in counted.head(_TOP_SHAPES).iter_rows()]
