"""Rows merged into survivors: which one stays, and what the others become."""

from __future__ import annotations

from typing import Any, Literal

import polars as pl

from automic_core import frames
from automic_core.contracts import Fitted

MERGED_RIDS = "_merged_rids"
INTO = "_into"
"""Columns of ``Fitted.keys`` beside ``_rid``, and of the survivors."""

ORDER, QUALITY = "order", "quality"  # digest columns
_PLACE, _MINE = "_place", "_mine"
Strategy = Literal["keep_first", "keep_last", "keep_best_quality"]


def merged(alike: pl.DataFrame, group: list[str], strategy: Strategy) -> pl.DataFrame:
    """``_rid`` of each removed row and of its survivor.

    Args:
        alike: Rows in order with ``_rid``, the columns that make a group, ``order`` and ``quality`` where they rank.
        group: Columns equal within a group.
        strategy: Which row of a group survives.
    """
    ranking, descending = [_PLACE], [strategy == "keep_last"]
    if ORDER in alike.columns:
        ranking, descending = [ORDER, *ranking], descending * 2
    if strategy == "keep_best_quality":
        ranking, descending = [QUALITY, *ranking], [True, *descending]
    ranked = alike.with_row_index(_PLACE).sort(ranking, descending=descending, nulls_last=True)
    groups = ranked.group_by(group).agg(pl.col(frames.RID)).filter(pl.col(frames.RID).list.len() > 1)
    rids = pl.col(frames.RID)
    return groups.select(rids.list.slice(1), rids.list.first().alias(INTO)).explode(frames.RID).sort(frames.RID)


class Deduplicated(Fitted):
    """Removed rows and their survivors; the state names what was compared."""

    def __init__(
        self, keys: pl.DataFrame, compared: list[str], left_out: list[str], learned: dict[str, Any] | None = None
    ) -> None:
        state = {"compared": compared, "left_out": left_out, "removed": keys.height}
        super().__init__(state if learned is None else {**state, "learned": learned}, keys)

    @property
    def note(self) -> str:
        """What was compared, and which column was not since it only numbers the rows."""
        left_out = "".join(
            f"; left out {name} (named like a key, different in every row)" for name in self.state["left_out"]
        )
        return f"compared {', '.join(self.state['compared'])}{left_out}"

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Merge: the removed rows point to their survivor, which lists them in order."""
        merged = pl.DataFrame() if self.keys is None else self.keys
        survivors = merged.group_by(INTO).agg(pl.col(frames.RID).sort().alias(_MINE))
        roles = pl.concat([merged, survivors.rename({INTO: frames.RID})], how="diagonal").lazy()
        frame = frame.join(roles, on=frames.RID, how="left", maintain_order="left")
        frame = frames.condemn(frame, pl.col(INTO).is_not_null(), frames.MERGED, pl.col(INTO))
        mine = pl.col(_MINE)
        if MERGED_RIDS in frame.collect_schema():
            earlier = pl.col(MERGED_RIDS)
            mine = (
                pl.when(mine.is_null())
                .then(earlier)
                .when(earlier.is_null())
                .then(mine)
                .otherwise(earlier.list.concat(mine))
            )
        return frame.with_columns(mine.alias(MERGED_RIDS)).drop(INTO, _MINE)
