"""Watermarks as people see them: how far each source was read by its cursor; set or cleared by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

import polars as pl

from automic_core import frames, registry
from automic_core.contracts import CursorType, Incremental
from automic_core.errors import ConfigError, SourceError
from automic_core.extraction.cursors import cursor
from automic_core.lake import Lakehouse
from automic_core.medallion import watermarks as marking
from automic_core.medallion.context import split_name
from automic_core.workbench.sampling import Sample

_ENOUGH = 2_000
_LIKELY = ("updated", "modified", "changed", "created", "inserted", "time", "date", "seq", "version", "id")


@dataclass(frozen=True)
class WatermarkView:
    """One watermark.

    Attributes:
        table: The bronze table, in full.
        source: Where the rows come from.
        cursor: The column by which it is read.
        value: The largest value read, as text; None = cleared, so that the next run reads from the beginning.
        at: When it came there.
        actor: Who ran that, or set it.
        by_hand: Whether a person set it.
        options: How it was read last (those of ``Incremental`` that are not the default).
    """

    table: str
    source: str
    cursor: str
    value: str | None
    at: datetime
    actor: str
    by_hand: bool
    options: Mapping[str, Any]


@dataclass(frozen=True)
class CursorChoice:
    """A column by which a source can be read in parts.

    Attributes:
        type: What its texts hold; None = it is no column of text.
        timed: Whether it holds dates or times, so that a lag is a time.
    """

    column: str
    type: CursorType | None
    timed: bool


def watermarks(lake: Lakehouse, table: str | None = None) -> list[WatermarkView]:
    """The watermarks of a bronze table, or of all of them.

    Raises:
        CatalogError: There is no such table.
    """
    names = lake.tables("bronze") if table is None else [f"bronze.{split_name(table, 'bronze')}"]
    return [_view(mark) for name in names for mark in marking.marks(lake.context.need(name)).values()]


def put_watermark(
    lake: Lakehouse, table: str, value: str | None, source: str | None = None, cursor: str | None = None
) -> WatermarkView:
    """Set a watermark by hand, or clear it (None): then the next run reads from the beginning. Nothing is doubled.

    Args:
        lake: The lake.
        table: The bronze table.
        value: As people write it; dates and times in ISO 8601.
        source, cursor: Which of its watermarks; needed if it has several.

    Raises:
        CatalogError: There is no such table.
        ConfigError: There is no such watermark, or it is no value of its cursor.
        SecurityError: The lake is open for reading only.
    """
    found = marking.chosen(lake.context, f"bronze.{split_name(table, 'bronze')}", source, cursor)
    return _view(marking.put(lake.context, found, value))


def backfill_range(text: str) -> tuple[str | None, str | None]:
    """The ends of a range as people write it: ``FROM..TO``; either may be missing.

    Raises:
        ConfigError: It is not of this form.
    """
    first, dots, last = (part.strip() for part in text.partition(".."))
    if not dots or ".." in last or not (first or last):
        raise ConfigError(f"{text!r} is no range.", "Write FROM..TO, as 2024-01-01..2024-02-01; TO is not included.")
    return first or None, last or None


def incremental_problem(options: Mapping[str, Any]) -> str:
    """Why a source cannot be read incrementally like this; empty if the options are right."""
    try:
        Incremental(**options)
    except ConfigError as exc:
        return exc.message
    return ""


def cursor_choices(seen: Sample) -> list[CursorChoice]:
    """Columns of a source that have an order, likely ones first.

    A column of text is one only if all its values among the first rows are numbers, dates or times in ISO 8601.
    """
    rows = seen.head.head(_ENOUGH)
    found = [choice for name in frames.data_names(seen.schema) if (choice := _choice(seen, name, rows)) is not None]
    return sorted(found, key=lambda choice: (not choice.timed, _likely(choice.column)))


def _choice(seen: Sample, name: str, rows: pl.DataFrame) -> CursorChoice | None:
    known: tuple[CursorType | None, ...] = (None,)
    if seen.schema[name] == pl.String:
        texts = rows[name].str.strip_chars() if name in rows.columns else pl.Series(name, [], dtype=pl.String)
        texts = texts.filter((texts != "").fill_null(False))
        kinds = [kind for kind in get_args(CursorType) if kind != "string"]
        known = tuple(kind for kind in kinds if texts.len() and _all_are(texts.alias(name), kind))[:1]
    for kind in known:
        try:
            order = cursor(seen.schema, name, kind, seen.name).order
        except SourceError:
            continue
        return CursorChoice(name, kind, order in ("date", "time", "zoned"))
    return None


def _all_are(texts: pl.Series, kind: CursorType) -> bool:
    found = cursor(pl.Schema({texts.name: pl.String}), texts.name, kind, "")
    return not texts.to_frame().select(found.values.is_null().any()).item()


def _likely(column: str) -> int:
    """Place of the first word that says what grows."""
    return next((place for place, word in enumerate(_LIKELY) if word in column.lower()), len(_LIKELY))


def _view(mark: marking.Mark) -> WatermarkView:
    value = None if mark.value is None else getattr(mark.value, "isoformat", mark.value.__str__)()
    options = registry.options(mark.how) if mark.how is not None else {}
    return WatermarkView(mark.table, mark.source, mark.cursor, value, mark.at, mark.actor, mark.run_id is None, options)
