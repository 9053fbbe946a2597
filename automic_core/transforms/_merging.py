"""Rows merged into survivors: which one stays, and what the others become."""

from __future__ import annotations

from typing import Any, Literal

import polars as pl

from automic_core import frames
from automic_core.contracts import Fitted

MERGED_RIDS = "_merged_rids"
INTO = "_into"
"""Columns of ``Fitted.keys`` beside ``_rid``, and of the survivors."""

VALUES_FROM = "_values_from"
"""Of a survivor: which values are those of another row (``column`` and the row's ``rid``); null = all are its own."""

RANK = "_rank"
ORDER, QUALITY = "order", "quality"  # digest columns
_PLACE, _MINE = "_place", "_mine"
Strategy = Literal["keep_first", "keep_last", "keep_best_quality"]


def ranked(alike: pl.DataFrame, group: list[str], strategy: Strategy) -> pl.DataFrame:
    """All rows of groups of several: ``_rid``, its survivor, and its rank in the group (0 = it survives).

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
    ordered = alike.with_row_index(_PLACE).sort(ranking, descending=descending, nulls_last=True)
    groups = ordered.group_by(group).agg(pl.col(frames.RID)).filter(pl.col(frames.RID).list.len() > 1)
    rids = pl.col(frames.RID)
    placed = groups.select(rids, rids.list.first().alias(INTO), pl.int_ranges(rids.list.len()).alias(RANK))
    return placed.explode(frames.RID, RANK).sort(frames.RID)


def removed(members: pl.DataFrame) -> pl.DataFrame:
    """``_rid`` of each removed row and of its survivor."""
    return members.filter(pl.col(RANK) > 0).select(frames.RID, INTO)


class Deduplicated(Fitted):
    """Removed rows and their survivors; the state names what was compared.

    Attributes:
        golden: What survivors take over from the rows merged into them; None = nothing was asked for.
    """

    def __init__(
        self,
        keys: pl.DataFrame,
        compared: list[str],
        left_out: list[str],
        learned: dict[str, Any] | None = None,
        golden: pl.DataFrame | None = None,
        labels: int = 0,
    ) -> None:
        state: dict[str, Any] = {"compared": compared, "left_out": left_out, "removed": keys.height}
        state |= {"labels": labels} if labels else {}
        super().__init__(state if learned is None else {**state, "learned": learned}, keys)
        self.golden = golden

    @property
    def note(self) -> str:
        """What was compared, which column was not since it only numbers the rows, and who was heard."""
        left_out = "".join(
            f"; left out {name} (named like a key, different in every row)" for name in self.state["left_out"]
        )
        count = self.state.get("labels", 0)
        heard = (
            f"; obeyed {'1 decision' if count == 1 else f'{count:,} decisions'} about pairs of rows" if count else ""
        )
        return f"compared {', '.join(self.state['compared'])}{left_out}{heard}"

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Merge: the removed rows point to their survivor, which lists them in order."""
        merged = pl.DataFrame() if self.keys is None else self.keys
        survivors = merged.group_by(INTO).agg(pl.col(frames.RID).sort().alias(_MINE))
        roles = pl.concat([merged, survivors.rename({INTO: frames.RID})], how="diagonal").lazy()
        if self.golden is not None:
            frame = taken_over(frame, self.golden)
        frame = frame.join(roles, on=frames.RID, how="left", maintain_order="left")
        frame = frames.condemn(frame, pl.col(INTO).is_not_null(), frames.MERGED, pl.col(INTO))
        return frame.with_columns(_with_earlier(MERGED_RIDS, _MINE, frame)).drop(INTO, _MINE)


def taken_over(frame: pl.LazyFrame, golden: pl.DataFrame) -> pl.LazyFrame:
    """The survivors with the values of their golden records."""
    names = [name for name in golden.columns if name not in (frames.RID, VALUES_FROM)]
    new = {name: f"_golden:{name}" for name in (*names, VALUES_FROM)}
    joined = frame.join(golden.rename(new).lazy(), on=frames.RID, how="left", maintain_order="left")
    changes = [pl.coalesce(new[name], name).alias(name) for name in names]
    told = _with_earlier(VALUES_FROM, new[VALUES_FROM], joined)
    return joined.with_columns(*changes, told).drop(list(new.values()))


def _with_earlier(name: str, mine: str, frame: pl.LazyFrame) -> pl.Expr:
    """A list of this step behind that of an earlier one, where there was one."""
    if name not in frame.collect_schema():
        return pl.col(mine).alias(name)
    both = pl.when(pl.col(mine).is_null()).then(pl.col(name)).when(pl.col(name).is_null()).then(pl.col(mine))
    return both.otherwise(pl.col(name).list.concat(pl.col(mine))).alias(name)
