"""Rows that are there already: the boundary of an incremental read, which is read again because its start is closed."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

import polars as pl

from automic_core import frames

_HASHES, _TIMES = ["h1", "h2"], "times"
_SEEDS = (1, 99_991)
"""Two hashes of 64 bits: of a trillion rows hardly two different ones share both."""


def latest(there: pl.LazyFrame, keys: Sequence[str], batch: str) -> pl.LazyFrame:
    """Of rows that have a key its last delivery: a row that changed and changed back is a new version.

    Args:
        there: The rows that are there.
        keys: Columns that identify a row; rows that lack a part of it all stay.
        batch: Column with the number of the delivery.
    """
    whole = pl.all_horizontal(pl.col(key).is_not_null() for key in keys)
    return there.filter(~whole | (pl.col(batch) == pl.col(batch).max().over(keys)))


def told_beside(rescued: pl.Series, columns: Collection[str] | None = None) -> pl.Series:
    """What ``_rescued`` says about rows, so that the same content is the same text wherever its rows stand.

    Args:
        rescued: The column.
        columns: Columns whose values count; None = all.
    """

    def told(text: str) -> str | None:
        note = json.loads(text)
        values = {name: value for name, value in note.get("values", {}).items() if columns is None or name in columns}
        if "text" in note:  # a malformed record: its line changes with the others
            return json.dumps([note["text"], values], sort_keys=True)
        return (json.dumps(values, sort_keys=True) if values else None) if "values" in note else text

    if rescued.null_count() == rescued.len():
        return rescued
    texts = [None if text is None else told(text) for text in rescued]
    return pl.Series(rescued.name, texts, dtype=pl.String)


class Boundary:
    """Removes rows that are there already, each as often as it is there.

    Two identical rows may both be meant, so a row that comes twice and is there once is kept once: parts of a source
    that are read one after the other give what the whole of it gives.

    Args:
        there: The rows that are there.
        columns: What makes two rows the same; a column that only new rows have is null in those that are there.
        types: Types of the table.
        beside: Columns whose values count although the table does not take them and ``_rescued`` has them; None = all.
    """

    def __init__(
        self, there: pl.LazyFrame, columns: Sequence[str], types: pl.Schema, beside: Collection[str] | None = None
    ) -> None:
        self.removed = 0
        self._columns, self._beside = list(columns), beside
        frame = frames.align(there, {name: types[name] for name in columns})
        parts = [self._hashed(batch) for batch in frames.stream(frame)]
        hashes = pl.concat([pl.DataFrame(schema=dict.fromkeys(_HASHES, pl.UInt64)), *parts])
        self._there = hashes.group_by(_HASHES).agg(pl.len().alias(_TIMES))

    def sift(self, batch: pl.DataFrame) -> pl.DataFrame:
        """The rows of a batch that are not there yet."""
        if not self._there.height or not batch.height:
            return batch
        hashes = self._hashed(batch.select(self._columns)).with_row_index("row")
        known = hashes.join(self._there, on=_HASHES, how="inner").sort("row")
        gone = known.filter(pl.int_range(pl.len()).over(_HASHES) < pl.col(_TIMES))
        if not gone.height:
            return batch
        self.removed += gone.height
        used = gone.group_by(_HASHES).agg(pl.len().alias("used"))
        left = pl.col(_TIMES) - pl.col("used").fill_null(0)
        self._there = (
            self._there.join(used, on=_HASHES, how="left")
            .select(*_HASHES, left.alias(_TIMES))
            .filter(pl.col(_TIMES) > 0)
        )
        rows = pl.int_range(batch.height, eager=True)
        return batch.filter(~rows.is_in(gone["row"].cast(pl.Int64).implode()))

    def _hashed(self, batch: pl.DataFrame) -> pl.DataFrame:
        if frames.RESCUED in batch.columns:
            batch = batch.with_columns(told_beside(_without_repeated(batch), self._beside))
        return pl.DataFrame({name: batch.hash_rows(seed) for name, seed in zip(_HASHES, _SEEDS, strict=True)})


def _without_repeated(batch: pl.DataFrame) -> pl.Series:
    """``_rescued`` without values that a column of another type than text holds as they are.

    Of a source that mixes types in a field, a number is there both as what it is and as a value that is no text.
    """
    rescued = batch[frames.RESCUED]
    if rescued.null_count() == rescued.len():
        return rescued
    types = {name: dtype for name, dtype in batch.schema.items() if dtype.is_numeric() or dtype == pl.Boolean}
    held = batch.select(pl.col(name).cast(pl.String) for name in types)

    def left(row: int, text: str) -> str | None:
        note = json.loads(text)
        if "values" not in note:
            return text
        kept = {name: value for name, value in note["values"].items() if name not in types or held[name][row] != value}
        return json.dumps({**note, "values": kept}) if kept or set(note) != {"values"} else None

    texts = [None if text is None else left(row, text) for row, text in enumerate(rescued)]
    return pl.Series(rescued.name, texts, dtype=pl.String)
