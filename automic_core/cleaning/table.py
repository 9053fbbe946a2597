"""A table as the finders of errors see it: every column as text, and as numbers that stand for its distinct values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from automic_core import frames

Numbers = npt.NDArray[np.int64]
Shares = npt.NDArray[np.float64]
MISSING = -1


@dataclass(frozen=True)
class Values:
    """One column.

    Attributes:
        name: Of the column.
        texts: Its distinct values as text, the most frequent first; blank text is no value.
        counts: Rows that hold each of them.
        codes: For each row the place of its value in ``texts``; -1 where there is none.
        parts: Of two columns looked at as one, their places in the table; ``texts`` then name both values.
    """

    name: str
    texts: Sequence[str]
    counts: Numbers
    codes: Numbers
    parts: tuple[int, ...] = ()

    def told(self, place: int) -> str:
        """A value with the name of its column, for a sentence."""
        return self.texts[place] if self.parts else f"{self.name} {self.texts[place]!r}"

    @property
    def rows(self) -> int:
        """Rows of the table."""
        return len(self.codes)

    @cached_property
    def filled(self) -> int:
        """Rows that hold a value."""
        return int(self.counts.sum())

    @cached_property
    def place(self) -> dict[str, int]:
        """Text to its place."""
        return {text: number for number, text in enumerate(self.texts)}

    @cached_property
    def new_value_rate(self) -> float:
        """The chance that the next row brings a value not seen before (Good 1953: singletons over rows)."""
        return float((self.counts == 1).sum()) / max(self.filled, 1)

    def hit(self, places: Numbers) -> tuple[Numbers, Numbers]:
        """Rows that hold one of ``places``, and for each the index into ``places``."""
        index = np.full(len(self.texts) + 1, -1, dtype=np.int64)
        index[places] = np.arange(len(places))
        found = index[self.codes]  # a missing value (-1) reads the spare last cell
        rows = np.flatnonzero(found >= 0)
        return rows, found[rows]


def read(frame: pl.DataFrame, names: Sequence[str]) -> list[Values]:
    """The columns ``names`` of a frame."""
    return [_column(frame, name) for name in names]


def _column(frame: pl.DataFrame, name: str) -> Values:
    text = frame.select(frames.as_text(name, frame.schema).alias("text")).to_series()
    text = text.set(~text.str.contains(r"\S").fill_null(False), None)
    counts = text.drop_nulls().value_counts(sort=False, name="count").sort("count", "text", descending=[True, False])
    order = counts.select("text", code=pl.int_range(pl.len(), dtype=pl.Int64))
    codes = text.to_frame().join(order, on="text", how="left", maintain_order="left")["code"].fill_null(MISSING)
    return Values(name, counts["text"].to_list(), counts["count"].cast(pl.Int64).to_numpy(), codes.to_numpy())
