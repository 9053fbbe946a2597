"""Steps on whole rows: filter, sort, limit."""

from __future__ import annotations

from typing import Annotated, ClassVar

import polars as pl
from pydantic import Field

from automic_core import frames
from automic_core.contracts import Transformer, configured
from automic_core.contracts.step import Scope
from automic_core.errors import ConfigError, TransformError
from automic_core.transforms import expressions
from automic_core.transforms._checks import known, title

UNKNOWN = f"{frames.FILTERED}:unknown"
LIMIT = f"{frames.FILTERED}:limit"
_KEEP = "_keep"


@configured
class Filter(Transformer):
    """Keeps the rows for which a SQL condition is true.

    A row for which it is null counts as not true: the report names it "filtered:unknown", the others "filtered".
    """

    kind: ClassVar[str] = "filter"

    sql: Annotated[str, Field(min_length=1, description="SQL condition: quantity > 0 AND city IS NOT NULL.")]

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Mark the rows that do not pass.

        Raises:
            TransformError: The expression is wrong, or no condition.
        """
        schema = frame.collect_schema()
        found = expressions.result_type(self.sql, expressions.compile_sql(self.sql, schema), schema)
        if found not in (pl.Boolean, pl.Null):
            raise TransformError(
                f"{title(self.kind)}: {self.sql!r} gives {found}, not true or false.", "Compare it: quantity > 0."
            )
        judged = expressions.derive(frame, _KEEP, self.sql)
        judged = frames.condemn(judged, pl.col(_KEEP).is_null(), UNKNOWN)
        return frames.condemn(judged, ~pl.col(_KEEP), frames.FILTERED).drop(_KEEP)


@configured
class Sort(Transformer):
    """Orders the rows by columns; equal rows keep their order."""

    kind: ClassVar[str] = "sort"
    scope: ClassVar[Scope] = "table"

    by: Annotated[list[str], Field(min_length=1, description="Columns, the first decides first.")]
    descending: Annotated[bool | list[bool], Field(description="Largest first; one value, or one a column.")] = False
    nulls_last: Annotated[bool, Field(description="Missing values at the end.")] = True

    def __post_init__(self) -> None:
        """Check that directions and columns agree.

        Raises:
            ConfigError: Another number of directions than of columns.
        """
        if isinstance(self.descending, list) and len(self.descending) != len(self.by):
            raise ConfigError(
                f"Step sort: {len(self.descending)} directions for {len(self.by)} columns.", "Give one a column."
            )

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Sort."""
        known(self.kind, self.by, frame.collect_schema())
        return frame.sort(self.by, descending=self.descending, nulls_last=self.nulls_last, maintain_order=True)


@configured
class Limit(Transformer):
    """Keeps the first rows; the rest is filtered ("filtered:limit")."""

    kind: ClassVar[str] = "limit"
    scope: ClassVar[Scope] = "table"

    rows: Annotated[int, Field(ge=0, description="Number of rows to keep.")]

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Mark the rows beyond the limit."""
        rank = frames.alive().cast(pl.Int64).cum_sum()
        return frames.condemn(frame, rank > self.rows, LIMIT)
