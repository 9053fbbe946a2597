"""What the changes of a log made of a table: the row that each key has in the end, or all versions it had."""

from __future__ import annotations

import json
from collections.abc import Sequence

import polars as pl

from automic_core import frames
from automic_core.contracts.changes import (
    CHANGE_COLUMNS,
    COMMITTED_AT,
    DELETE,
    INSERT,
    LSN,
    OP,
    TRUNCATE,
    UNCHANGED,
    UPDATE,
)
from automic_core.medallion.batches import RID_BITS

VALID_FROM, VALID_TO, IS_CURRENT = "valid_from", "valid_to", "is_current"
KEPT = (frames.RID, frames.RESCUED)
"""Beside the data of a row: which change made it, and the values of the source that its columns cannot hold."""

_op, _rid = pl.col(OP), pl.col(frames.RID)


def columns(log: pl.LazyFrame) -> list[str]:
    """Names of the columns that a resolved row has."""
    names = log.collect_schema().names()
    return [*frames.data_names(names), *(name for name in KEPT if name in names)]


def as_changes(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Resolved rows as the changes that made them, to go on from."""
    when = pl.lit(None, dtype=pl.Datetime("us", "UTC")).alias(COMMITTED_AT)
    texts = [pl.lit(None, dtype=pl.String).alias(name) for name in CHANGE_COLUMNS if name not in (OP, COMMITTED_AT)]
    return rows.with_columns(pl.lit(INSERT).alias(OP), when, *texts)


def current(log: pl.LazyFrame, keys: Sequence[str]) -> pl.LazyFrame:
    """The row each key has after all changes; a key whose last change is a delete has none.

    Args:
        log: Changes with ``_rid``, which orders them.
        keys: Columns that identify a row.
    """
    seen = log.select(cut=_rid.filter(_op == TRUNCATE).max(), gaps=pl.col(UNCHANGED).is_not_null().any()).collect()
    log = since(log, seen["cut"][0])
    last = last_changes(log, keys).filter(_op != DELETE)
    rows = filled(last, log, keys) if seen["gaps"][0] else last
    return rows.select(columns(log))


def since(log: pl.LazyFrame, cut: int | None) -> pl.LazyFrame:
    """The changes after a truncate; those before it count no more."""
    return log if cut is None else log.filter(_rid > cut)


def last_changes(log: pl.LazyFrame, keys: Sequence[str], per: Sequence[pl.Expr] = ()) -> pl.LazyFrame:
    """The last change of each key (in each of ``per``), in the order in which they were made."""
    ids = log.group_by(*keys, *per).agg(_rid.max()).select(*keys, frames.RID)
    return log.join(ids, on=[*keys, frames.RID], how="semi").sort(frames.RID)


def filled(rows: pl.LazyFrame, log: pl.LazyFrame, keys: Sequence[str]) -> pl.LazyFrame:
    """Rows with the values that their change did not repeat: those of the last change of the key that told them."""
    asked = rows.filter(pl.col(UNCHANGED).is_not_null()).select(*keys, frames.RID, UNCHANGED).collect()
    for name in sorted({name for text in asked[UNCHANGED] for name in _names(text)}):
        wanted = asked.filter(_lacks(name)).select(*keys, pl.col(frames.RID).alias("_for"))
        told = (
            log.filter(_op.is_in([INSERT, UPDATE]) & ~_lacks(name))
            .join(wanted.lazy(), on=list(keys))
            .filter(_rid < pl.col("_for"))
            .group_by("_for")
            .agg(pl.col(name).sort_by(frames.RID).last().alias("_told"))
            .collect()
        )
        joined = rows.join(told.lazy(), left_on=frames.RID, right_on="_for", how="left", maintain_order="left")
        rows = joined.with_columns(pl.when(_lacks(name)).then("_told").otherwise(name).alias(name)).drop("_told")
    return rows


def versions(log: pl.LazyFrame, keys: Sequence[str]) -> pl.LazyFrame:
    """Every version each key had: one a transaction that changed it, valid from its commit until the next one's.

    A change that gives a row another key ends the version of the old one. Changes of one moment (clocks go back) give a
    version that was valid for no time; it is kept.
    """
    log = _truncates_as_deletes(log, keys)
    # one place in the log can be that of a snapshot and of the transaction after it, which are two batches
    last = last_changes(log, keys, [pl.col(LSN), (_rid // (1 << RID_BITS)).alias("_batch")])
    rows = filled(last, log, keys).sort(frames.RID)
    end = pl.col(COMMITTED_AT).shift(-1).over(keys, order_by=frames.RID)
    marked = rows.with_columns(pl.col(COMMITTED_AT).alias(VALID_FROM), end.alias(VALID_TO))
    living = marked.filter(_op != DELETE).with_columns(pl.col(VALID_TO).is_null().alias(IS_CURRENT))
    return living.select(*columns(log), VALID_FROM, VALID_TO, IS_CURRENT)


def _truncates_as_deletes(log: pl.LazyFrame, keys: Sequence[str]) -> pl.LazyFrame:
    """A truncate deletes every key that was there before it."""
    cuts = log.filter(_op == TRUNCATE).select(frames.RID, LSN, COMMITTED_AT).collect()
    rest = log.filter(_op != TRUNCATE)
    parts = [rest]
    for rid, lsn, at in cuts.iter_rows():
        there = rest.filter(_rid < rid).select(keys).unique()
        parts.append(
            there.with_columns(
                pl.lit(DELETE).alias(OP),
                pl.lit(rid, dtype=pl.Int64).alias(frames.RID),
                pl.lit(lsn, dtype=pl.String).alias(LSN),
                pl.lit(at, dtype=pl.Datetime("us", "UTC")).alias(COMMITTED_AT),
            )
        )
    return pl.concat(parts, how="diagonal") if len(parts) > 1 else rest


def _lacks(name: str) -> pl.Expr:
    """Whether a change does not tell the value of a column."""
    # a quote inside of another name is escaped there, so the name in its quotes is the whole name
    return pl.col(UNCHANGED).str.contains(json.dumps(name), literal=True).fill_null(False)


def _names(text: str) -> list[str]:
    return list(json.loads(text))
