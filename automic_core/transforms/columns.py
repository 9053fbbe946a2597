"""Steps on whole columns: choose, rename, derive. Types are in `_cast`."""

from __future__ import annotations

from typing import Annotated, ClassVar

import polars as pl
from pydantic import Field

from automic_core import frames
from automic_core.contracts import Transformer, configured
from automic_core.errors import ConfigError
from automic_core.transforms import expressions
from automic_core.transforms._cast import Cast, Target
from automic_core.transforms._checks import known, new_names
from automic_core.transforms._names import data_names

__all__ = ["Cast", "Derive", "Rename", "Select", "Target"]


@configured
class Select(Transformer):
    """Keeps the named columns, in the order given, or all but the excluded ones."""

    kind: ClassVar[str] = "select"

    columns: Annotated[list[str], Field(description="Columns to keep, in this order; empty = all.")] = Field(
        default_factory=list
    )
    exclude: Annotated[list[str], Field(description="Columns to leave out.")] = Field(default_factory=list)

    def __post_init__(self) -> None:
        """Check that something is chosen.

        Raises:
            ConfigError: No column, or one twice.
        """
        if not self.columns and not self.exclude:
            raise ConfigError("Step select: no columns are chosen.", "Give columns, or exclude.")
        new_names(self.kind, self.columns)

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Keep the chosen columns; hidden ones stay."""
        schema = frame.collect_schema()
        known(self.kind, [*self.columns, *self.exclude], schema)
        kept = [name for name in self.columns or data_names(schema) if name not in self.exclude]
        return frame.select(*kept, *(name for name in schema if frames.is_hidden(name)))


@configured
class Rename(Transformer):
    """Gives columns new names; all at once, so names may be swapped."""

    kind: ClassVar[str] = "rename"

    columns: Annotated[dict[str, str], Field(description="Old name to new name.", min_length=1)]

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Rename."""
        schema = frame.collect_schema()
        known(self.kind, self.columns, schema)
        new_names(self.kind, self.columns.values(), [name for name in schema if name not in self.columns])
        return frame.rename(self.columns)


@configured
class Derive(Transformer):
    """Adds a column, or replaces one, by a SQL expression over the row: ``quantity * unit_price``."""

    kind: ClassVar[str] = "derive"

    column: Annotated[str, Field(description="Name of the result.")]
    sql: Annotated[str, Field(min_length=1, description="SQL expression: CASE WHEN total > 100 THEN 'big' END.")]

    def __post_init__(self) -> None:
        """Check the name.

        Raises:
            ConfigError: Empty or hidden.
        """
        new_names(self.kind, [self.column])

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Add the column."""
        return expressions.derive(frame, self.column, self.sql)
