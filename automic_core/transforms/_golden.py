"""The golden record: the survivor of a cluster, completed from the rows merged into it, each value with its source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import polars as pl

from automic_core import frames
from automic_core.transforms._merging import INTO, ORDER, RANK, VALUES_FROM

Golden = Literal["survivor", "most_complete", "most_frequent", "newest"]
VALUE = "value:"  # digest columns
SOURCES = pl.List(pl.Struct({"column": pl.String, "rid": pl.Int64}))


def digest(rules: Mapping[str, Golden]) -> list[pl.Expr]:
    """The values that may be taken over, marked."""
    return [pl.col(name).alias(VALUE + name) for name in rules]


def completed(rows: pl.DataFrame, members: pl.DataFrame, rules: Mapping[str, Golden]) -> pl.DataFrame:
    """What changes in the survivors: ``_rid``, a column for each rule (null = stays as it is), ``_values_from``.

    A missing value never wins. "most_complete": the survivor's, else that of the next row that has one.
    "most_frequent": what most rows hold, of a tie the better ranked row's. "newest": of the row that is last by
    ``order_by``, without it by arrival.

    Args:
        rows: ``_rid``, the marked values, ``order`` where rows are ordered by a column.
        members: ``_rid``, ``_into`` and ``_rank`` of all rows of the clusters, survivors too.
        rules: Column to rule.
    """
    ordered = [ORDER] if ORDER in rows.columns else []
    wanted = [frames.RID, *ordered, *(VALUE + name for name in rules)]
    inside = members.join(rows.select(wanted), on=frames.RID, maintain_order="left")
    made = members.filter(pl.col(RANK) == 0).select(pl.col(frames.RID))
    sources = []
    for name, rule in rules.items():
        value, source = pl.col(VALUE + name), f"source:{name}"
        there = inside.filter(value.is_not_null())
        if rule == "newest":
            there = there.sort(
                [INTO, *ordered, frames.RID], descending=[False, *[True] * (1 + len(ordered))], nulls_last=True
            )
        elif rule == "most_frequent":
            counted = there.with_columns(pl.len().over(INTO, VALUE + name).alias("count"))
            there = counted.sort([INTO, "count", RANK], descending=[False, True, False])
        else:
            there = there.sort([INTO, RANK])
        best = there.group_by(INTO, maintain_order=True).first()
        own = inside.filter(pl.col(RANK) == 0).select(INTO, value.alias("own"))
        best = best.join(own, on=INTO).filter(pl.col("own").ne_missing(value))
        chosen = best.select(pl.col(INTO).alias(frames.RID), value.alias(name), pl.col(frames.RID).alias(source))
        made = made.join(chosen, on=frames.RID, how="left", maintain_order="left")
        told = pl.struct(pl.lit(name).alias("column"), pl.col(source).alias("rid"))
        sources.append(pl.when(pl.col(source).is_not_null()).then(told))
    listed = pl.concat_list(sources).list.drop_nulls().cast(SOURCES)
    return (
        made.with_columns(listed.alias(VALUES_FROM))
        .filter(pl.col(VALUES_FROM).list.len() > 0)
        .select(frames.RID, *rules, VALUES_FROM)
    )
