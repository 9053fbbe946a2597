"""Changes of a table that keeps no log, by comparing hashes of its rows with those of the state before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from automic_core import frames
from automic_core.contracts.changes import DELETE, INSERT, OP, UPDATE
from automic_core.errors import SourceError

_HASHES = ("_h1", "_h2")
_SEEDS = (1, 99_991)


class Comparison:
    """Takes the rows of a table as they are now, batch by batch, and tells which are new, changed or gone.

    Of the state before it holds keys and 128 bits a row in memory. The columns of the table as it is now are compared:
    one that is gone from it keeps its values in the state.

    Args:
        before: The state before, one row a key.
        keys: Columns that identify a row.
        where: What is compared, for messages.
    """

    def __init__(self, before: pl.LazyFrame, keys: Sequence[str], where: str) -> None:
        self._before, self._keys, self._where = before, list(keys), where
        self._types = before.collect_schema()
        self._known: pl.DataFrame | None = None
        self._seen = np.zeros(0, dtype=np.int32)
        self._new: list[pl.DataFrame] = []

    def take(self, batch: pl.DataFrame) -> pl.DataFrame:
        """The rows of a batch that are new or changed, with ``_op``.

        Raises:
            SourceError: A key is null, or stands twice.
        """
        if missing := [key for key in self._keys if key not in batch.columns]:
            raise SourceError(f"{self._where} has no column {missing[0]!r} to be the key.", f"{batch.columns}")
        names = frames.data_names(batch.columns)
        known = self._hashed(names)
        now = batch.lazy().select(_as_before(name, self._types) for name in names).select(*self._keys, *_hashes(names))
        joined = (
            now.join(known.lazy(), on=self._keys, how="left", maintain_order="left", suffix="_before")
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

    def _hashed(self, names: Sequence[str]) -> pl.DataFrame:
        """Keys and hashes of the state, over the columns that the table has now."""
        if self._known is None:
            frame = self._before.with_columns(
                pl.lit(None, dtype=pl.String).alias(name) for name in names if name not in self._types
            )
            found = frame.select(*self._keys, *_hashes(names)).collect()
            self._known = found.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("_place"))
            self._seen = np.zeros(found.height, dtype=np.int32)
        return self._known


def _as_before(name: str, types: pl.Schema) -> pl.Expr:
    """A column in the type that the state has it in; a column that the state lacks counts as text, which is null there.

    What does not fit its type is null there too: the state has such a value in ``_rescued``.
    """
    return pl.col(name).cast(types.get(name, pl.String), strict=False)


def _hashes(names: Sequence[str]) -> list[pl.Expr]:
    row = pl.struct(sorted(names))
    return [row.hash(seed).alias(name) for name, seed in zip(_HASHES, _SEEDS, strict=True)]
