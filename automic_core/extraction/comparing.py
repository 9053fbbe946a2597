"""Changes of a table that keeps no log, by comparing hashes of its rows with those of the state before."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl

from automic_core import frames
from automic_core.contracts.changes import DELETE, INSERT, OP, UPDATE
from automic_core.errors import SourceError
from automic_core.extraction.boundary import told_beside

_HASHES = ("_h1", "_h2")
_SEEDS = (1, 99_991)


class Comparison:
    """Takes the rows of a table as they are now, batch by batch, and tells which are new, changed or gone.

    Of the state before it holds keys and 128 bits a row in memory. The columns of the table as it is now are compared:
    one that is gone from it keeps its values in the state. What stands beside the columns is compared too.

    Args:
        before: The state before, one row a key.
        keys: Columns that identify a row.
        where: What is compared, for messages.
        fit: Gives rows as the state takes them in, what it has no place for in ``_rescued``.
    """

    def __init__(
        self,
        before: pl.LazyFrame,
        keys: Sequence[str],
        where: str,
        fit: Callable[[pl.DataFrame], pl.DataFrame] = lambda rows: rows,
    ) -> None:
        self._before, self._keys, self._where, self._fit = before, list(keys), where, fit
        self._shape = pl.Schema()
        self._known: pl.DataFrame | None = None
        self._seen = np.zeros(0, dtype=np.int32)
        self._new: list[pl.DataFrame] = []

    def take(self, batch: pl.DataFrame) -> pl.DataFrame:
        """The rows of a batch that are new or changed, fitted, with ``_op``.

        Raises:
            SourceError: A key is null, or stands twice.
        """
        if missing := [key for key in self._keys if key not in batch.columns]:
            raise SourceError(f"{self._where} has no column {missing[0]!r} to be the key.", f"{batch.columns}")
        columns, batch = batch.columns, self._fit(batch)
        known = self._hashed(batch, columns)
        joined = (
            self._hashes(batch.lazy(), columns)
            .join(known.lazy(), on=self._keys, how="left", maintain_order="left", suffix="_before")
            .select(
                *self._keys, "_place", changed=pl.any_horizontal(pl.col(h) != pl.col(f"{h}_before") for h in _HASHES)
            )
            .collect()
        )
        if joined.select(pl.any_horizontal(pl.col(self._keys).is_null()).any()).item():
            raise SourceError(f"{self._where}: a row has no {' and '.join(self._keys)}.", "Choose other keys.")
        fresh = joined["_place"].is_null()
        np.add.at(self._seen, joined["_place"].drop_nulls().to_numpy(), 1)
        self._new.append(joined.filter(fresh).select(self._keys))
        op = pl.when(fresh).then(pl.lit(INSERT)).otherwise(pl.lit(UPDATE))
        return batch.with_columns(op.alias(OP)).filter(fresh | joined["changed"].fill_null(False))

    def gone(self) -> pl.DataFrame:
        """Keys that were there and are no more, with ``_op``; call it after the last batch.

        Raises:
            SourceError: A key stands twice in the table.
        """
        twice = [self._known.filter(pl.Series(self._seen > 1))] if self._known is not None else []
        twice += [new.filter(new.is_duplicated()) for new in ([pl.concat(self._new)] if self._new else [])]
        for rows in twice:
            if rows.height:
                key = ", ".join(f"{name}={rows[name][0]!r}" for name in self._keys)
                raise SourceError(f"{self._where}: the key {key} stands in several rows.", "Choose other keys.")
        if self._known is None:
            return self._before.select(self._keys).head(0).with_columns(pl.lit(DELETE).alias(OP)).collect()
        left = self._known.filter(pl.Series(self._seen == 0)).select(self._keys)
        return left.with_columns(pl.lit(DELETE).alias(OP))

    def _hashed(self, batch: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
        """Keys and hashes of the state, over the columns that the table has now."""
        if self._known is None:
            old = self._before.collect_schema()
            names = sorted(frames.data_names(batch.columns))
            there = pl.DataFrame(schema={name: old[name] for name in names if name in old})
            # of two types of a column the larger one, lest what only that one holds looks like nothing
            self._shape = pl.concat([there, batch.select(names).clear()], how="diagonal_relaxed").select(names).schema
            found = self._hashes(self._before, columns).collect()
            self._known = found.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("_place"))
            self._seen = np.zeros(found.height, dtype=np.int32)
        return self._known

    def _hashes(self, rows: pl.LazyFrame, columns: Sequence[str]) -> pl.LazyFrame:
        """Keys of rows, and hashes of what they hold in some columns, or beside them."""
        beside = pl.col(frames.RESCUED).map_batches(lambda texts: told_beside(texts, columns), return_dtype=pl.String)
        row = pl.struct(*self._shape, beside)
        hashes = [row.hash(seed).alias(name) for name, seed in zip(_HASHES, _SEEDS, strict=True)]
        return frames.align(rows, {**self._shape, frames.RESCUED: pl.String}).select(*self._keys, *hashes)
