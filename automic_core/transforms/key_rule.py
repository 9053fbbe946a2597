"""The rule between tables: what a row refers to must be there."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import polars as pl
from pydantic import Field, field_serializer

from automic_core import frames
from automic_core.contracts import Rule, configured
from automic_core.errors import ConfigError, TransformError
from automic_core.transforms import _second
from automic_core.transforms._names import require
from automic_core.transforms.combine import Right, Source, Table
from automic_core.transforms.rules import Action, Columns, MaxFail

_WHAT = "Rule foreign_key"


@configured
class References(Rule):
    """The values of the columns together must be a row of a second table, as a foreign key demands.

    A row that lacks one of them (null, or blank text) passes, as in SQL. The keys of the second table are read once a
    run, and held in memory.
    """

    kind: ClassVar[str] = "foreign_key"
    scope: ClassVar[Literal["row", "table"]] = "table"

    columns: Columns
    table: Table = None
    source: Source = None
    right: Right = None
    right_on: Annotated[
        list[str], Field(description="Columns of the second table, in the same order; empty = those of the same name.")
    ] = Field(default_factory=list)
    action: Action = "quarantine"
    max_fail: MaxFail = 0.0

    def __post_init__(self) -> None:
        """Check that one second table and as many columns of it are named.

        Raises:
            ConfigError: Names what is wrong.
        """
        _second.check(_WHAT, self.table, self.source, self.right)
        if len(self.right_on) not in (0, len(self.columns)):
            raise ConfigError(
                f"{_WHAT}: {len(self.columns)} columns cannot refer to {len(self.right_on)}.",
                "Give right_on as many columns as columns, in the same order.",
            )

    @field_serializer("right")
    def _export(self, right: Any) -> None:
        _second.export(_WHAT, right)

    @property
    def judged(self) -> list[str]:
        """The row as a whole: its key."""
        return [""]

    def check(self, schema: pl.Schema) -> None:
        """Check the columns of both tables.

        Raises:
            TransformError: One is missing, or two cannot be compared.
            ConfigError: There is no such table.
        """
        self._keys(schema)

    def fails(self, column: str, schema: pl.Schema) -> pl.Expr:
        """True where all columns have values and the second table has no such row; reads its keys."""
        keys, types = self._keys(schema)
        known = keys.drop_nulls().unique().collect().to_struct("key")
        mine = [pl.col(name).cast(dtype) for name, dtype in zip(self.columns, types, strict=True)]
        there = pl.all_horizontal(
            pl.col(name).str.contains(r"\S") if schema[name] == pl.String else pl.col(name).is_not_null()
            for name in self.columns
        )
        if len(mine) == 1:
            found = mine[0].is_in(pl.lit(known.struct.field(self.columns[0])).implode())
        else:
            found = pl.struct(mine).is_in(pl.lit(known).implode())
        return there & ~found

    def message(self, column: str) -> str:
        """The reason."""
        where = self.table or (self.source or {}).get("table") or (self.source or {}).get("path") or "the second table"
        theirs = f" ({' + '.join(self.right_on)})" if self.right_on and self.right_on != self.columns else ""
        return f"{' + '.join(self.columns)} is not in {where}{theirs}"

    def failures(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Every failing row, once, with all columns of its key."""
        schema = frame.collect_schema()
        texts = [frames.as_text(name, schema) for name in self.columns]
        named = [pl.concat_str(pl.lit(f"{n} = "), text) for n, text in zip(self.columns, texts, strict=True)]
        return frame.filter(self.fails("", schema).fill_null(False)).select(
            frames.RID,
            pl.lit(self.kind).alias("rule"),
            pl.lit(", ".join(self.columns)).alias("column"),
            (texts[0] if len(texts) == 1 else pl.concat_str(named, separator=", ")).alias("value"),
            pl.lit(self.message("")).alias("message"),
        )

    def _keys(self, schema: pl.Schema) -> tuple[pl.LazyFrame, list[Any]]:
        """The second table's key columns, under the names and in the types in which they are compared.

        Raises:
            TransformError: A column is missing, or two cannot be compared.
        """
        require(self.columns, schema, _WHAT)
        second = _second.frame(_WHAT, self.table, self.source, self.right)
        theirs = second.collect_schema()
        wanted = require(self.right_on or self.columns, theirs, f"{_WHAT}, second table")
        types = []
        for mine, other in zip(self.columns, wanted, strict=True):
            common = _second.common(schema[mine], theirs[other])
            if common is None:
                raise TransformError(
                    f"{_WHAT}: {mine!r} is {schema[mine]}, but {other!r} of the second table is {theirs[other]}.",
                    "Cast one of them first.",
                )
            types.append(common)
        pairs = zip(wanted, self.columns, types, strict=True)
        return second.select(pl.col(other).cast(dtype).alias(mine) for other, mine, dtype in pairs), types
