"""The columns of a table at a glance: type, empty cells, different values, where the values lie."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from automic_core import frames
from automic_core.errors import CatalogError, ConfigError, translate
from automic_core.inference.histograms import histogram
from automic_core.lake import Lakehouse
from automic_core.workbench.paging import PAGE_COLUMNS
from automic_core.workbench.values import plain

SAMPLE_ROWS = 20_000
_TOP, _BINS, _CELL = 8, 16, 80


@dataclass(frozen=True)
class ColumnProfile:
    """One column of a sample.

    Attributes:
        type: As people name it.
        filled: Share of cells that are not empty, 0 to 1.
        distinct: Share of the filled cells that are different values, 0 to 1.
        bins: Cells a bin over the range of numbers and times, or of the most frequent values of anything else; none if
            no value comes twice.
        labels: What each bin stands for.
        top: Most frequent values, each with its number of cells.
    """

    name: str
    type: str
    filled: float
    distinct: float
    different: int
    low: str
    high: str
    bins: list[int] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    top: list[tuple[str, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Profile:
    """Columns of a table, looked at on its first rows.

    Attributes:
        rows: Rows that were looked at.
        total: Rows of the table.
        all_columns: Data columns that fit the search; ``columns`` holds the first of them.
    """

    columns: list[ColumnProfile]
    rows: int
    total: int
    all_columns: int


def profile(lake: Lakehouse, table: str, snapshot: int | None = None, columns: str = "", only: str = "") -> Profile:
    """Look at the columns of a state.

    Args:
        lake: The lake.
        table: Full name.
        snapshot: A state; None = the present one.
        columns: Only data columns whose name holds this text.
        only: Only the column of exactly this name.

    Raises:
        CatalogError: There is no such table or state.
        ConfigError: There is no such column.
    """
    frame = lake.scan(table, snapshot)
    schema = frame.collect_schema()
    fitting = [name for name in frames.data_names(schema) if columns.lower() in name.lower()]
    if only:
        if only not in schema:
            raise ConfigError(f"{table} has no column {only!r} in this state.", "Choose another one.")
        fitting = [only]
    with translate(CatalogError, f"reading {table}"):
        total = int(frame.select(pl.len()).collect().item())
        sample = frame.select(fitting[:PAGE_COLUMNS]).head(SAMPLE_ROWS).collect()
    return Profile([_profile(each) for each in sample.get_columns()], min(total, SAMPLE_ROWS), total, len(fitting))


def _profile(cells: pl.Series) -> ColumnProfile:
    known = cells.drop_nulls()
    if isinstance(known.dtype, pl.List | pl.Array | pl.Struct | pl.Binary | pl.Object):
        known = pl.Series(cells.name, [str(value) for value in known.to_list()], dtype=pl.String)
    if known.dtype == pl.String:
        known = known.filter(known != "")
    different = known.n_unique() if known.len() else 0
    counted = known.value_counts(sort=True).head(_TOP) if known.len() else None
    top = [(_text(value), int(rows)) for value, rows in counted.iter_rows()] if counted is not None else []
    often = top if different < known.len() else []
    found = histogram(known, _BINS)
    ordered = known.len() and known.dtype != pl.Boolean
    return ColumnProfile(
        cells.name,
        type_name(cells.dtype),
        known.len() / cells.len() if cells.len() else 0.0,
        different / known.len() if known.len() else 0.0,
        different,
        _text(known.min()) if ordered else "",
        _text(known.max()) if ordered else "",
        found.counts or [rows for _, rows in often],
        [_text(edge) for edge in found.edges[:-1]] or [value for value, _ in often],
        top,
    )


def type_name(kind: Any) -> str:
    """A type of the rows as people name it."""
    if isinstance(kind, pl.Decimal):
        return f"decimal({kind.precision}, {kind.scale})"
    if kind.is_integer():
        return "integer"
    if kind.is_float():
        return "float"
    base = str(kind.base_type()).lower()
    return {"list": "array"}.get(base, base)


def _text(value: Any) -> str:
    text = str(plain(round(value, 4) if isinstance(value, float) else value))
    return text if len(text) <= _CELL else text[:_CELL] + "…"
