"""Steps whose output rows are not their input rows: the boundary, and the weights that keep the row ledger whole."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from automic_core import frames

Plan = Callable[[pl.LazyFrame], pl.LazyFrame]


def cross(frame: pl.LazyFrame, expand: Plan, prepare: Plan = lambda frame: frame) -> pl.LazyFrame:
    """Run ``expand`` on the living rows.

    The run loop hands over living rows without ``_fate`` and takes ``_weight`` back; a ``_rid`` that stays in the
    result is the row's origin. A tracked frame (a step used by itself) is split here, and its result tracked anew.
    """
    if frames.FATE not in frame.collect_schema():
        return expand(frame)
    return frames.track(expand(frames.survivors(prepare(frame))).drop(frames.WEIGHT, frames.RID, strict=False))


def child_weight() -> pl.Expr:
    """``_weight`` of children behind their parent's first: 1 on the first of each ``_rid``, 0 on the others."""
    rid = pl.col(frames.RID)
    return (rid.is_not_null() & rid.ne_missing(rid.shift(1))).cast(pl.Int64).alias(frames.WEIGHT)
