"""One column in full: distribution, forms, round trip, and the values that do not fit with their lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from automic_core import frames
from automic_core.inference import DEFAULT_NULL_TOKENS
from automic_core.inference.casting import cast_stripped
from automic_core.inference.columns import stripped
from automic_core.inference.detail import quantiles
from automic_core.inference.histograms import Bins, histogram, shapes
from automic_core.inference.readings import keeps_text
from automic_core.inference.typed import ORDERED
from automic_core.lake import Lakehouse
from automic_core.records import Field, FieldType
from automic_core.workbench.fields import FieldChange
from automic_core.workbench.schema_rows import Example, cut, placed, readable, spread
from automic_core.workbench.values import all_rows, plain

ROWS = 1_000_000
"""Rows of a column that are looked at; of longer ones a spread sample."""
_EXAMPLES, _TOP, _READ = 8, 8, 3
_SHOWN_RANKS = {"min": 0, "5% below": 1, "25% below": 5, "median": 10, "75% below": 15, "95% below": 19, "max": 20}


@dataclass(frozen=True)
class ColumnDetail:
    """What the panel of a column shows.

    Attributes:
        change: The type it was measured with.
        rows: Rows looked at, of ``total``.
        values: Rows that hold a value.
        misfits: Values that do not fit the type.
        changed: Values that fit and would not print back.
        reads: Frequent values that fit: text before, value after.
        altered: Values that would not print back: text before, text after.
        examples: Most frequent values that do not fit, with the line of the first.
        bins: Histogram, of types that have an order.
        ranks: Quantiles by name, as text.
        top: Most frequent values with their counts.
        lengths: Characters of the shortest, middle and longest text; None for typed columns.
        shapes: Forms of texts: form, share of the values, an example.
    """

    name: str
    change: FieldChange
    rows: int
    total: int
    values: int
    misfits: int
    changed: int
    distinct: int
    reads: list[tuple[str, str]] = field(default_factory=list)
    altered: list[tuple[str, str]] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)
    bins: Bins = field(default_factory=Bins)
    ranks: dict[str, str] = field(default_factory=dict)
    top: list[tuple[str, int]] = field(default_factory=list)
    lengths: tuple[int, int, int] | None = None
    shapes: list[tuple[str, float, str]] = field(default_factory=list)

    @property
    def sample(self) -> str:
        """Which rows these are, in words."""
        if self.rows == self.total:
            return all_rows(self.total)
        return f"{self.rows:,} rows spread over {self.total:,}"


def column_detail(lake: Lakehouse, table: str, column: str, change: FieldChange, *, lines: bool = True) -> ColumnDetail:
    """Look closely at one column as the given type.

    Args:
        lake: The lake.
        table: A bronze table.
        column: Its name in bronze.
        change: The type to measure it with.
        lines: Find the lines of the values that do not fit too; each is a look into its file.

    Raises:
        ConfigError: A type or format is unknown.
    """
    target = change.field("text")
    rows = readable(lake, table)
    position = rows.collect_schema().names().index(column)
    total = int(rows.select(pl.len()).collect().item())
    data = spread(rows, -(-total // ROWS)).select(frames.RID, pl.nth(position).alias("text")).collect()
    if data.schema["text"] != pl.String:
        return _typed(data, column, change, total)
    looked = data.height
    data = data.with_columns(stripped("text", DEFAULT_NULL_TOKENS).alias("text")).drop_nulls("text")
    values = data.height
    data = data.with_columns(cast_stripped(target, pl.col("text")).alias("value"))
    data = data.with_columns(keeps_text(target, pl.col("text")).fill_null(False).alias("kept"))
    misfits, fitting = data.filter(pl.col("value").is_null()), data.filter(pl.col("value").is_not_null())
    altered = fitting.filter(~pl.col("kept")) if target.type is not FieldType.ARRAY else fitting.head(0)
    text = data["text"]
    lengths = text.str.len_chars()
    return ColumnDetail(
        column,
        change,
        looked,
        total,
        values,
        misfits.height,
        altered.height,
        text.n_unique(),
        _pairs(_frequent(fitting)) if target.type is not FieldType.STRING else [],
        _pairs(altered.unique("text", maintain_order=True).head(_EXAMPLES)),
        placed(lake, table, _examples(misfits)) if lines else _examples(misfits),
        histogram(fitting["value"]),
        _ranks(fitting["value"], target),
        [(cut(value), int(count)) for value, count in text.value_counts(sort=True).head(_TOP).iter_rows()],
        (int(lengths.min() or 0), int(lengths.median() or 0), int(lengths.max() or 0)) if values else None,  # type: ignore[arg-type]
        [(form, count / values, cut(example)) for form, count, example in shapes(text)],
    )


def _typed(data: pl.DataFrame, column: str, change: FieldChange, total: int) -> ColumnDetail:
    """A column that came with a type: nothing is read, so nothing can fail to fit."""
    values = data["text"].drop_nulls()
    kind = Field("", change.field(column).type)
    top = [] if values.dtype.is_nested() else values.value_counts(sort=True).head(_TOP).rows()
    return ColumnDetail(
        column,
        change,
        data.height,
        total,
        len(values),
        0,
        0,
        0 if values.dtype.is_nested() else values.n_unique(),
        bins=histogram(values),
        ranks=_ranks(values, kind),
        top=[(cut(plain(value)), int(count)) for value, count in top],
    )


def _frequent(fitting: pl.DataFrame) -> pl.DataFrame:
    counted = fitting.group_by("text", maintain_order=True).agg(pl.col("value").first(), pl.len().alias("n"))
    return counted.sort("n", descending=True, maintain_order=True).head(_READ)


def _pairs(rows: pl.DataFrame) -> list[tuple[str, str]]:
    return [(cut(text), cut(plain(value))) for text, value in rows.select("text", "value").iter_rows()]


def _examples(misfits: pl.DataFrame) -> list[Example]:
    counted = misfits.group_by("text").agg(pl.len().alias("n"), pl.col(frames.RID).min().alias("rid"))
    first = counted.sort(["n", "rid"], descending=[True, False]).head(_EXAMPLES)
    return [Example(cut(row["text"]), row["n"], rid=row["rid"]) for row in first.iter_rows(named=True)]


def _ranks(values: pl.Series, target: Field) -> dict[str, str]:
    if target.type not in ORDERED or values.dtype.is_nested():
        return {}
    found: list[Any] = values.rename("v").to_frame().select(quantiles(pl.col("v"))).item().to_list()
    return {name: _short(found[rank]) for name, rank in _SHOWN_RANKS.items()} if found else {}


def _short(value: Any) -> str:
    return f"{value:,.6g}" if isinstance(value, float) else str(value)
