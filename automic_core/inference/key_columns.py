"""Columns that may be keys or point to keys: what there is to know before values are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from automic_core.inference.casting import is_null_token

_SPREAD = 16  # values that are looked up before all are
_HELD = 0.7  # of them that have to be found: less than what makes a reference, for they are few
_MANY = 100_000  # beyond, a set of the values costs more than it saves
_LONGEST = 64  # characters; longer texts are content, not codes
_WHOLE = r"^[+-]?[0-9]{1,18}$"
_FRACTION = r"^[+-]?[0-9]*\.[0-9]+$"
_DATED = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T].*)?$"


@dataclass
class KeyColumn:
    """A column of whole numbers or short texts.

    Attributes:
        position: 0-based place in its table.
        counts: Its different values as text, each with the number of its rows, in the order of the values.
        rows: Rows that hold a value.
        missing: Rows that do not.
        whole: Whether all values are whole numbers.
        spaced: Share of the different values with a blank inside: a title or an address rather than a code.
    """

    table: str
    name: str
    position: int
    counts: pl.DataFrame = field(repr=False)
    rows: int
    missing: int
    whole: bool
    spaced: float

    @property
    def distinct(self) -> int:
        """Different values."""
        return self.counts.height

    @cached_property
    def some(self) -> list[str]:
        """A few different values, evenly spread over their order."""
        return self.counts["value"].gather_every(max(self.distinct // _SPREAD, 1)).to_list()

    @cached_property
    def _values(self) -> frozenset[str]:
        return frozenset(self.counts["value"].to_list())

    def may_hold(self, values: Sequence[str]) -> bool:
        """Whether so many of a few values are among its own that most may be: quicker than to compare all."""
        if self.distinct > _MANY:
            return True
        return sum(value in self._values for value in values) >= _HELD * len(values)

    @property
    def unique(self) -> bool:
        """Whether each row has a value of its own."""
        return self.rows > 0 and self.missing == 0 and self.distinct == self.rows


def key_columns(tables: Mapping[str, pl.LazyFrame]) -> list[KeyColumn]:
    """Columns that can take part in a key: no fractions, dates, long texts, nested or empty columns."""
    found = []
    for table, frame in tables.items():
        kinds = frame.collect_schema().items()
        plain = [
            (position, name)
            for position, (name, kind) in enumerate(kinds)
            if kind.is_integer() or kind == pl.String or isinstance(kind, pl.Categorical | pl.Enum)
        ]
        # All columns of a table at once: to open it costs more than to read a short one.
        counted = pl.collect_all([_counted(frame, position) for position, _ in plain])
        columns = (_column(table, name, at, counts) for (at, name), counts in zip(plain, counted, strict=True))
        found += [column for column in columns if column is not None]
    return found


def _counted(frame: pl.LazyFrame, position: int) -> pl.LazyFrame:
    values = frame.select(pl.nth(position).cast(pl.String).str.strip_chars().alias("value"))
    values = values.select(pl.when(~is_null_token(pl.col("value"))).then(pl.col("value")))
    return values.group_by("value").agg(pl.len().cast(pl.Int64).alias("rows")).sort("value")


def _column(table: str, name: str, position: int, counts: pl.DataFrame) -> KeyColumn | None:
    missing = int(counts.filter(pl.col("value").is_null())["rows"].sum())
    counts = counts.drop_nulls("value")
    text = pl.col("value")
    told = counts.select(
        whole=text.str.contains(_WHOLE).all(),
        other=text.str.contains(_FRACTION).all() | text.str.contains(_DATED).all(),
        spaced=text.str.contains(r"\s").mean(),
        long=text.str.len_chars().max() > _LONGEST,
    ).row(0, named=True)
    if counts.is_empty() or told["other"] or told["long"]:
        return None
    rows = int(counts["rows"].sum())
    return KeyColumn(table, name, position, counts, rows, missing, bool(told["whole"]), float(told["spaced"]))
