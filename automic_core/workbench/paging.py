"""The rows of a table page by page, in any of its states, with a condition on a column or a search in all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl

from automic_core import frames
from automic_core.errors import CatalogError, ConfigError, translate
from automic_core.lake import Lakehouse
from automic_core.workbench.values import Rows, rows_of

PAGE_ROWS, PAGE_COLUMNS = 1_000, 100
OPERATORS = {
    "is": "is",
    "not": "is not",
    "contains": "contains",
    "starts": "starts with",
    "above": "is above",
    "below": "is below",
    "empty": "is empty",
    "filled": "is not empty",
}
SEARCH = "search"
_NEEDS_NOTHING = ("empty", "filled")


@dataclass(frozen=True)
class Filter:
    """Which rows to show: ``column operator value``, or a text anywhere in them (``search``)."""

    column: str
    operator: str
    value: str = ""

    def __str__(self) -> str:
        """As it stands in a link: ``operator:column:value``; see ``parse_filter``."""
        if self.operator == SEARCH:
            return f"{SEARCH}:{self.value}"
        column = self.column.replace("\\", "\\\\").replace(":", "\\:")
        return f"{self.operator}:{column}" + ("" if self.operator in _NEEDS_NOTHING else f":{self.value}")


@dataclass(frozen=True)
class Page:
    """Some rows of a table.

    Attributes:
        rows: With ``_rid`` first; ``rows.total`` counts the rows that fit the filter.
        offset: Place of the first one among them.
        columns: Data columns that fit the search for columns; the page holds the first of them.
        all_columns: Data columns of the table.
    """

    rows: Rows
    offset: int
    columns: int
    all_columns: int


def parse_filter(text: str) -> Filter | None:
    """A filter from a link; None for empty text.

    Raises:
        ConfigError: It is none.
    """
    operator, colon, rest = text.partition(":")
    if not text:
        return None
    if operator == SEARCH and rest:
        return Filter("", SEARCH, rest)
    column, value = "", ""
    place = 0
    while place < len(rest) and rest[place] != ":":
        place += rest[place] == "\\"
        column += rest[place : place + 1]
        place += 1
    value = rest[place + 1 :]
    if operator not in OPERATORS or not colon or not column:
        raise ConfigError(f"{text!r} is no filter.", f"Write operator:column:value with {', '.join(OPERATORS)}.")
    return Filter(column, operator, value)


def page(
    lake: Lakehouse,
    table: str,
    snapshot: int | None = None,
    offset: int = 0,
    where: str = "",
    columns: str = "",
    limit: int = PAGE_ROWS,
) -> Page:
    """One page of rows.

    Args:
        lake: The lake.
        table: Full name.
        snapshot: A state; None = the present one.
        offset: Rows to skip.
        where: A filter as in a link, see ``parse_filter``.
        columns: Only data columns whose name holds this text.
        limit: Rows at most.

    Raises:
        CatalogError: There is no such table or state.
        ConfigError: The filter names no column, or its value does not fit.
    """
    frame = lake.scan(table, snapshot)
    schema = frame.collect_schema()
    data = frames.data_names(schema)
    fitting = [name for name in data if columns.lower() in name.lower()]
    chosen = ([frames.RID] if frames.RID in schema else []) + fitting[:PAGE_COLUMNS]
    wanted = parse_filter(where)
    rows = frame.filter(_condition(wanted, schema, data)) if wanted is not None else frame
    with translate(CatalogError, f"reading {table}"):
        if offset or wanted is None:
            total = int(rows.select(pl.len()).collect().item())
            start = max(0, min(offset, (total - 1) // limit * limit)) if total else 0
            batch = rows.select(chosen).slice(start, limit).collect()
        else:  # one pass, since the filter may read every row
            start = 0
            counted, batch = pl.collect_all([rows.select(pl.len()), rows.select(chosen).head(limit)])
            total = int(counted.item())
    return Page(rows_of(batch, total), start, len(fitting), len(data))


def data_columns(lake: Lakehouse, table: str, snapshot: int | None = None) -> list[str]:
    """Names of the data columns of a state (default: the present one).

    Raises:
        CatalogError: There is no such table or state.
    """
    return frames.data_columns(lake.scan(table, snapshot))


def _condition(wanted: Filter, schema: pl.Schema, data: list[str]) -> pl.Expr:
    if wanted.operator == SEARCH:
        text = wanted.value.lower()
        # Numbers and times hold no text without a digit, and writing millions of them as text takes its time.
        looked = [n for n in data if any(c.isdigit() for c in text) or not _of_digits(schema[n])]
        found = (frames.as_text(n, schema).str.to_lowercase().str.contains(text, literal=True) for n in looked)
        return pl.any_horizontal(pl.lit(False), *(each.fill_null(False) for each in found))
    if wanted.column not in schema:
        raise ConfigError(f"There is no column {wanted.column!r} in this state.", f"Columns: {', '.join(data[:30])}.")
    column, kind, value = pl.col(wanted.column), schema[wanted.column], wanted.value
    as_text = frames.as_text(wanted.column, schema)
    if wanted.operator in _NEEDS_NOTHING:
        empty = column.is_null() | (as_text == "").fill_null(False)
        return empty if wanted.operator == "empty" else ~empty
    if wanted.operator == "contains":
        return as_text.str.to_lowercase().str.contains(value.lower(), literal=True).fill_null(False)
    if wanted.operator == "starts":
        return as_text.str.to_lowercase().str.starts_with(value.lower()).fill_null(False)
    given = pl.lit(_typed(value, kind, wanted.column))
    compare = {"is": column == given, "not": column != given, "above": column > given, "below": column < given}
    return compare[wanted.operator].fill_null(wanted.operator == "not")


def _of_digits(kind: Any) -> bool:
    return bool(kind.is_numeric() or kind.is_temporal())


def _typed(value: str, kind: Any, column: str) -> Any:
    """A typed-in value as the column holds it.

    Raises:
        ConfigError: It does not fit the column's type.
    """
    try:
        if kind.is_integer():
            return int(value.replace(",", "").strip())
        if kind.is_numeric():
            return pl.Series([value.replace(",", "").strip()]).cast(kind).item()
        if kind == pl.Boolean:
            return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[
                value.strip().lower()
            ]
        if isinstance(kind, pl.Datetime):
            moment = datetime.fromisoformat(value.strip())
            if kind.time_zone is None:
                return moment.replace(tzinfo=None)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if kind == pl.Date:
            return datetime.fromisoformat(value.strip()).date()
    except (ValueError, KeyError, pl.exceptions.PolarsError) as exc:
        raise ConfigError(
            f"{value!r} does not fit the column {column!r} ({kind}).", "Write dates as 2026-01-31, yes or no as true."
        ) from exc
    if kind == pl.String:
        return value
    raise ConfigError(f"The column {column!r} ({kind}) cannot be compared.", "Use contains.")
