"""What a rule promises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import polars as pl

from automic_core import frames
from automic_core.contracts.options import check_pair


class Rule:
    """A check on rows. Override ``fails`` (a row rule), or ``aggregate`` (a table rule: may only warn or fail).

    Options every rule has: ``columns``, ``action`` (warn | quarantine | drop | fail) and ``max_fail``: the share of
    rows (0 to 1) that may fail before action "fail" stops the run.

    Attributes:
        scope: "table" if what the rule says of a row hangs on other rows, or on another table.
    """

    kind: ClassVar[str] = ""
    scope: ClassVar[Literal["row", "table"]] = "row"
    columns: list[str]
    action: Literal["warn", "quarantine", "drop", "fail"]
    max_fail: float

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not abstract:
            check_pair(cls, Rule, ("fails", "aggregate"))

    @property
    def is_row_rule(self) -> bool:
        """Whether the rule judges single rows."""
        return type(self).fails is not Rule.fails

    @property
    def judged(self) -> list[str]:
        """What a row rule looks at one by one: its columns, or one empty name if it judges the row as a whole."""
        return self.columns or [""]

    def check(self, schema: pl.Schema) -> None:
        """Check that the rule can judge columns of these types; reads no row.

        Raises:
            TransformError: It cannot.
        """
        if self.is_row_rule:
            for column in self.judged:
                self.fails(column, schema)
        else:
            self.aggregate(schema)

    def fails(self, column: str, schema: pl.Schema) -> pl.Expr:
        """True where the row breaks the rule on ``column``; null and false pass."""
        raise TypeError(f"{type(self).__name__} is a table rule.")

    def aggregate(self, schema: pl.Schema) -> pl.Expr:
        """A table rule: one text value over all living rows, null = passes, else the reason."""
        raise TypeError(f"{type(self).__name__} is a row rule.")

    def message(self, column: str) -> str:
        """Why a failing row fails, in words."""
        return f"{column} breaks {self.kind}"

    def says(self, schema: Mapping[str, Any]) -> str:
        """What a row rule finds fault with in columns of these types, in words."""
        return "; ".join(dict.fromkeys(self.message(column) for column in self.judged))

    def reason(self, column: str, schema: pl.Schema) -> pl.Expr:
        """Why a failing row fails, as text; the same for every row unless overridden."""
        return pl.lit(self.message(column))

    def failures(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Every failing row: ``_rid``, ``rule``, ``column``, ``value`` (text), ``message``."""
        schema = frame.collect_schema()
        parts = [
            frame.filter(self.fails(column, schema).fill_null(False)).select(
                frames.RID,
                pl.lit(self.kind).alias("rule"),
                pl.lit(column).alias("column"),
                frames.as_text(column, schema).alias("value"),
                self.reason(column, schema).alias("message"),
            )
            for column in self.judged
        ]
        return pl.concat(parts)
