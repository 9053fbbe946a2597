"""New rows of bronze and the clusters of silver: which they belong to, without matching the table again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from automic_core import frames
from automic_core.errors import ConfigError
from automic_core.lake import Lakehouse
from automic_core.lakehouse import tables
from automic_core.medallion import removals
from automic_core.medallion.context import made_by
from automic_core.medallion.silver import DEFINITION, SOURCES
from automic_core.transforms.dedup import Deduplicator
from automic_core.workbench.deciding import own_name
from automic_core.workbench.replaying import spec_of
from automic_core.workbench.trials import Trial, base_of, conditions, parts_of

_CLUSTER, _CHANCE = "_cluster_id", "_match_probability"


@dataclass(frozen=True)
class NewRow:
    """A row that came into bronze since silver was made.

    Attributes:
        into: ``_rid`` of the row of silver it is the same thing as; of a new cluster the first of its rows; None if
            it is like no other row.
        known: Whether that is a row of silver.
    """

    rid: int
    into: int | None
    known: bool
    probability: float | None


@dataclass(frozen=True)
class NewRows:
    """Where the new rows of a table belong.

    Attributes:
        joined: Rows that belong to a row of silver.
        grouped: Rows that are like other new rows only.
        rows: Those that belong somewhere, then the others.
    """

    table: str
    new: int
    joined: int
    grouped: int
    rows: list[NewRow]


def match_new(lake: Lakehouse, table: str) -> NewRows:
    """Link the rows that came since to the clusters of silver, by the weights it was made with; nothing is published.

    Only pairs with a new row are compared. The next promotion matches all rows again, and learns anew.

    Raises:
        ConfigError: Silver was not made by matching, or its steps were not kept.
        CatalogError: The table is not in silver.
    """
    own = own_name(table)
    silver = lake.context.need(f"silver.{own}")
    made = made_by(silver)
    spec = spec_of(lake, own)
    fitted = json.loads(made.get(DEFINITION, "{}")).get("fitted", {})
    steps = [named for named in spec.steps if "learned" in fitted.get(named.id, {})]
    if not steps:
        raise ConfigError(
            f"silver.{own} was not made by matching: no step learned how alike its rows are.",
            f"Promote {own} with a deduplication whose match_mode is fuzzy.",
        )
    entry = steps[-1].id
    base = base_of(lake, own, None)
    with conditions(lake, base):
        trial = Trial(own, base, parts_of(spec, base.inferred))
        position = trial.position(entry)
        rows = trial.entering(position)
    step = trial.steps[position].step
    assert isinstance(step, Deduplicator), "only a deduplication learns so"
    seen = json.loads(made[SOURCES])[f"bronze.{own}"]
    old = tables.scan(lake.context.need(f"bronze.{own}"), seen).select(frames.RID).collect()
    new = rows.join(old, on=frames.RID, how="anti", maintain_order="left")
    existing = rows.join(old, on=frames.RID, how="semi", maintain_order="left").join(
        _into(lake, own, made, entry), on=frames.RID, how="left", maintain_order="left"
    )
    if not new.height:
        return NewRows(f"silver.{own}", 0, 0, 0, [])
    survivors = existing.select(pl.coalesce("into", frames.RID).alias("into"))
    numbers = survivors.unique().sort("into").with_row_index(_CLUSTER).with_columns(pl.col(_CLUSTER).cast(pl.Int64))
    existing = existing.with_columns(survivors["into"]).join(numbers, on="into", maintain_order="left").drop("into")
    placed = step.assign(existing, new, fitted[entry]["learned"]).collect()
    placed = placed.join(numbers, on=_CLUSTER, how="left", maintain_order="left")
    first = pl.col(frames.RID).min().over(_CLUSTER)
    there = pl.col("into").is_not_null()
    alone = pl.len().over(_CLUSTER) < 2
    into = pl.when(there).then("into").when(~alone).then(first)
    told = placed.select(frames.RID, into.alias("into"), there.alias("known"), _CHANCE)
    told = told.sort(pl.col("into").is_null(), ~pl.col("known"), frames.RID)
    joined = int(told["known"].sum())
    grouped = told.height - joined - told["into"].null_count()
    return NewRows(f"silver.{own}", told.height, joined, grouped, [NewRow(*row) for row in told.iter_rows()])


def _into(lake: Lakehouse, own: str, made: Mapping[str, str], entry: str) -> pl.DataFrame:
    """``_rid`` of each row that a step of a run merged, and of its survivor."""
    mine = removals.removed(lake.context, own, made, pl.col("step") == entry, pl.col("reason") == frames.MERGED)
    return mine.select(frames.RID, "into")
