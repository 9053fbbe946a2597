"""Expressions worked out for some rows only: costly texts and samples without paying for every row."""

from __future__ import annotations

from typing import Any, cast

import polars as pl

_MASK = "_mask"
_SEPARATOR = "\x1f"  # the unit separator of ASCII


def only_where(mask: pl.Expr, value: pl.Expr, dtype: Any) -> pl.Expr:
    """``value`` where ``mask`` is true, else null, evaluated on no other row.

    ``when(mask).then(value)`` evaluates ``value`` on every row first; here those rows are taken out, worked out
    and put back.

    Args:
        mask: Boolean; null counts as false.
        value: A row-wise expression.
        dtype: Type of ``value``.
    """

    def build(rows: pl.Series) -> pl.Series:
        batch = rows.struct.unnest()
        wanted = batch[_MASK].arg_true()
        if not wanted.len():
            return pl.repeat(None, batch.height, dtype=dtype, eager=True)
        built = batch[wanted].select(value.alias(_MASK)).to_series().cast(dtype)
        places = pl.repeat(None, batch.height, dtype=pl.UInt32, eager=True)
        order = pl.int_range(wanted.len(), dtype=pl.UInt32, eager=True)
        return built.gather(cast(Any, places.scatter(wanted, order)))

    read = dict.fromkeys(value.meta.root_names())
    return pl.struct(mask.alias(_MASK), *read).map_batches(build, return_dtype=dtype, is_elementwise=True)


def reasons(mask: pl.Expr, parts: list[pl.Expr]) -> pl.Expr:
    """A list of the texts that are not null, for the rows where ``mask`` is true; null elsewhere."""
    dtype = pl.List(pl.String())
    if not parts:
        return pl.lit(None, dtype=dtype)
    # Joined and split again: a fifteenth of the cost of a list made of columns.
    joined = pl.concat_str(parts, separator=_SEPARATOR, ignore_nulls=True)
    texts = pl.when(joined != "").then(joined.str.split(_SEPARATOR)).otherwise(pl.lit([], dtype=dtype))
    return only_where(mask, texts, dtype)
