"""Exact duplicates: found by two 64-bit hashes a row, merged into one survivor."""

from __future__ import annotations

import json
from typing import Annotated, Any, ClassVar, Literal

import polars as pl
from pydantic import Field

from automic_core import frames
from automic_core.contracts import Fitted, Scope, Transformer, configured
from automic_core.transforms._keylike import key_candidates
from automic_core.transforms._names import data_names, require

MERGED_RIDS = "_merged_rids"
INTO = "_into"
"""Columns of ``Fitted.keys`` beside ``_rid``, and of the survivors."""

_SEEDS = (1, 99991)
_COMPARED, _SECOND, _KEY, _ORDER, _QUALITY = "compared:", "second", "key:", "order", "quality"  # digest columns
_PLACE, _MINE = "_place", "_mine"


@configured
class Deduplicator(Transformer):
    """Merges rows that are equal in the compared columns; null equals null.

    Rows in which every one of the match_fields is null are left alone: two unknown addresses are not the same address.
    Without match_fields every column is compared but the inferred primary key: a column named like a key whose values
    are unique and never missing. The survivor keeps its place and lists the rows merged into it in ``_merged_rids``.

    Rows are equal if two 64-bit hashes with different seeds are; hashes live only as long as a run.
    """

    kind: ClassVar[str] = "dedup"
    scope: ClassVar[Scope] = "table"

    match_mode: Annotated[Literal["exact"], Field(description="How rows are compared.")] = "exact"
    match_fields: Annotated[
        list[str] | None, Field(description="Columns to compare; empty = all but an inferred primary key.")
    ] = None
    merge_strategy: Annotated[
        Literal["keep_first", "keep_last", "keep_best_quality"],
        Field(
            description="Which of equal rows survives. Best quality is the highest _quality_score if an earlier step "
            "made one, else the fewest nulls; the first row of a tie."
        ),
    ] = "keep_first"
    ignore_case: Annotated[bool, Field(description="Compare texts whatever their case.")] = False
    ignore_blanks: Annotated[
        bool, Field(description="Compare texts without blanks around them, runs of blanks inside as one.")
    ] = False
    order_by: Annotated[
        str | None,
        Field(
            description="Column that says which row is first and last (an update time); empty = the order of the rows."
        ),
    ] = None

    @property
    def reads_marks(self) -> bool:
        """The best row is told by ``_quality_score``."""
        return self.merge_strategy == "keep_best_quality"

    def digest(self, schema: pl.Schema) -> list[pl.Expr]:
        """Two hashes of what is compared, one of each column that may be the primary key, and what ranks equal rows.

        The names of the compared columns ride as the name of the first hash.
        """
        columns, candidates = self._columns(schema)
        fixed = [self._folded(name, schema[name]) for name in columns if name not in candidates] or [pl.lit(0)]
        names = (_COMPARED + json.dumps(columns), _SECOND)
        hashes = [pl.struct(fixed).hash(seed) for seed in _SEEDS]
        if self.match_fields:
            hashes[0] = pl.when(pl.any_horizontal(pl.col(name).is_not_null() for name in columns)).then(hashes[0])
        wanted = [value.alias(name) for value, name in zip(hashes, names, strict=True)]
        for name in candidates:
            one = pl.struct(self._folded(name, schema[name])).hash(_SEEDS[0])
            wanted.append(pl.when(pl.col(name).is_not_null()).then(one).alias(_KEY + name))
        if self.order_by is not None:
            require([self.order_by], schema, "Deduplicator, order_by")
            wanted.append(pl.col(self.order_by).alias(_ORDER))
        if self.merge_strategy == "keep_best_quality":
            nulls = pl.sum_horizontal(pl.col(name).is_null() for name in data_names(schema))
            best = pl.col("_quality_score") if "_quality_score" in schema else -nulls.cast(pl.Int32)
            wanted.append(best.alias(_QUALITY))
        return wanted

    def learn(self, digest: pl.DataFrame) -> Fitted:
        """Which rows are merged into which, and which columns decided it."""
        first = next(name for name in digest.columns if name.startswith(_COMPARED))
        columns: list[str] = json.loads(first.removeprefix(_COMPARED))
        living = digest if digest[frames.FATE].null_count() == digest.height else digest.filter(frames.alive())
        candidates = [name.removeprefix(_KEY) for name in living.columns if name.startswith(_KEY)]
        key = next((name for name in candidates if len(columns) > 1 and _is_key(living[_KEY + name])), None)
        hashes = [pl.col(first), pl.col(_SECOND)]
        for name in candidates:
            if name != key:  # named like a key, but none: compared like the others
                value = pl.col(_KEY + name).fill_null(0)
                hashes = [h ^ value.hash(seed) for h, seed in zip(hashes, _SEEDS, strict=True)]
        h1, h2 = (h.alias(name) for h, name in zip(hashes, ("h1", "h2"), strict=True))
        rest = [name for name in (frames.RID, _ORDER, _QUALITY) if name in living.columns]
        alike = living.select(h1, h2, *rest).filter(pl.col("h1").is_duplicated() & pl.col("h1").is_not_null())
        return _Deduplicated(self._merged(alike), [name for name in columns if name != key], key)

    def _columns(self, schema: pl.Schema) -> tuple[list[str], list[str]]:
        """Columns to compare, and those of them that may turn out to be the primary key."""
        if self.match_fields:
            return require(self.match_fields, schema, "Deduplicator"), []
        return data_names(schema), key_candidates(schema)

    def _folded(self, name: str, dtype: Any) -> pl.Expr:
        column = pl.col(name)
        if dtype != pl.String:
            return column
        if self.ignore_blanks:
            column = column.str.strip_chars().str.replace_all(r"\s+", " ")
        return column.str.to_lowercase() if self.ignore_case else column

    def _merged(self, alike: pl.DataFrame) -> pl.DataFrame:
        """``_rid`` of each removed row and of its survivor, from rows in order that share their first hash."""
        ranking, descending = [_PLACE], [self.merge_strategy == "keep_last"]
        if self.order_by is not None:
            ranking, descending = [_ORDER, *ranking], descending * 2
        if self.merge_strategy == "keep_best_quality":
            ranking, descending = [_QUALITY, *ranking], [True, *descending]
        ranked = alike.with_row_index(_PLACE).sort(ranking, descending=descending, nulls_last=True)
        groups = ranked.group_by("h1", "h2").agg(pl.col(frames.RID)).filter(pl.col(frames.RID).list.len() > 1)
        rids = pl.col(frames.RID)
        return groups.select(rids.list.slice(1), rids.list.first().alias(INTO)).explode(frames.RID).sort(frames.RID)


class _Deduplicated(Fitted):
    """Removed rows and their survivors; the state names what was compared."""

    def __init__(self, merged: pl.DataFrame, compared: list[str], key: str | None) -> None:
        left_out = [key] if key else []
        super().__init__({"compared": compared, "left_out": left_out, "removed": merged.height}, merged)

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


def _is_key(hashes: pl.Series) -> bool:
    return hashes.null_count() == 0 and hashes.n_unique() == hashes.len()
