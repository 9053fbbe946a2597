"""Watermarks of a bronze table: how far each source was read by its cursor.

A watermark is a property of the very snapshot that brought the rows, so that both are there or neither, and a rollback
takes both back. The state only mirrors it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import polars as pl
from pyiceberg.table import Table

from automic_core import frames
from automic_core.contracts import Bound, CursorValue, Incremental
from automic_core.errors import ConfigError, SchemaError, SourceError
from automic_core.extraction.boundary import Boundary, latest
from automic_core.extraction.bounded import within
from automic_core.extraction.cursors import cursor as cursor_of
from automic_core.lakehouse import tables
from automic_core.lakehouse.commits import ancestors, head, refresh
from automic_core.lakehouse.schemas import CHANGE
from automic_core.medallion.batches import INCREMENTAL, SOURCE, layout
from automic_core.medallion.context import ACTOR, RUN_ID, LakeContext
from automic_core.state.values import decode, encode

WATERMARK = "automic.watermark"
Marks = dict[tuple[str, str], "Mark"]


@dataclass(frozen=True)
class Mark:
    """How far a source was read.

    Attributes:
        table: The bronze table, in full.
        source: Identity of the source.
        cursor: Its column.
        value: The largest value read; None = cleared, or not read by this cursor yet.
        at: When it came to this value (UTC).
        actor: Who ran or set it.
        run_id: The run; None = set by hand.
        how: How the source was read last by this cursor.
    """

    table: str
    source: str
    cursor: str
    value: CursorValue | None
    at: datetime
    actor: str = ""
    run_id: str | None = None
    how: Incremental | None = None


Stand = tuple[int, dict[str, CursorValue | None]]


def standing(table: Table | None, source: str) -> Stand:
    """What an incremental read of a source rests on: its newest batch in a table, and its watermarks."""
    newest = layout(table).newest.get(source, 0) if table is not None else 0
    return newest, {cursor: mark.value for (of, cursor), mark in marks(table).items() if of == source}


def rows_there(table: Table, source: str, bound: Bound) -> pl.LazyFrame:
    """The rows of a source that an incremental read of it may meet again."""
    frame = tables.scan(table)
    schema = frame.collect_schema()
    mine = pl.col("_source") == source
    try:
        found = cursor_of(schema, bound.column, bound.type, source)
        mine = mine & within(found, replace(bound, nulls=True))
    except (SourceError, SchemaError):  # stored in another type, or not yet: any row may come again
        pass
    return frame.filter(mine)


def boundary(there: pl.LazyFrame, types: pl.Schema, keys: Sequence[str], read: Collection[str]) -> Boundary:
    """What removes those rows from a read.

    A column that the source has no more says nothing about its rows. Rows of one key are versions of it: only the last
    one counts, and a value in a column that is new makes another one. Without a key nothing tells a new column from a
    second row, so only columns are compared that were there before.

    Args:
        there: The rows.
        types: Types of the table.
        keys: Columns that identify a row.
        read: Columns of the source.
    """
    old = there.collect_schema()
    known = [key for key in keys if key in old]
    data = [name for name in types if name in read and not frames.is_hidden(name) and (known or name in old)]
    rows = latest(there, known, "_batch_id") if known else there
    return Boundary(rows, [*data, frames.RESCUED], types, read if known else data)


def told(cursor: str, value: CursorValue | None) -> str:
    """A watermark as a snapshot property."""
    kind, text = (None, None) if value is None else encode(value)
    return json.dumps({"cursor": cursor, "type": kind, "value": text})


def marks(table: Table | None) -> Marks:
    """Watermarks by (source, cursor) in the present state of a table; those that were cleared have no value."""
    found: Marks = {}
    for snapshot_id in reversed(ancestors(table, head(table))) if table is not None else ():
        assert table is not None
        snapshot = table.snapshot_by_id(snapshot_id)
        summary = dict(snapshot.summary.additional_properties) if snapshot is not None and snapshot.summary else {}
        if snapshot is None or SOURCE not in summary:
            continue
        how = Incremental(**json.loads(summary[INCREMENTAL])) if INCREMENTAL in summary else None
        at = datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC)
        if WATERMARK in summary:
            _take(found, ".".join(table.name()), summary, how, at)
    return found


def _take(found: Marks, table: str, summary: Mapping[str, str], how: Incremental | None, at: datetime) -> None:
    said: dict[str, Any] = json.loads(summary[WATERMARK])
    key = (summary[SOURCE], said["cursor"])
    before = found.get(key)
    how = how or (before.how if before is not None else None)
    value = None if said["type"] is None else decode(said["type"], said["value"])
    found[key] = Mark(table, *key, value, at, summary.get(ACTOR, ""), summary.get(RUN_ID), how)


def chosen(lake: LakeContext, name: str, source: str | None = None, cursor: str | None = None) -> Mark:
    """The one watermark of a table that is meant.

    Raises:
        CatalogError: There is no such table.
        ConfigError: There is none, or several to choose from; says which.
    """
    known = marks(lake.need(name))
    found = [m for m in known.values() if source in (None, m.source) and cursor in (None, m.cursor)]
    if len(found) == 1:
        return found[0]
    if not found:
        there = f"It has: {'; '.join(f'{m.cursor} of {m.source}' for m in known.values())}." if known else ""
        raise ConfigError(
            f"{name} has no such watermark.",
            there or "Read it once: automic ingest SOURCE --table NAME --cursor COLUMN",
        )
    several = "; ".join(f"{m.cursor} of {m.source}" for m in found)
    raise ConfigError(f"{name} has {len(found)} watermarks.", f"Name source and cursor, of: {several}.")


def put(lake: LakeContext, mark: Mark, text: str | None) -> Mark:
    """Give a watermark another value, or none: then the next run reads from the beginning.

    Args:
        lake: The lake.
        mark: The watermark.
        text: The value as a person writes it; None = clear it.

    Raises:
        SecurityError: The lake is open for reading only.
        ConfigError: It is no value of the cursor.
    """
    lake.writable()
    table = refresh(lake.need(mark.table))
    value: CursorValue | None = None
    if text is not None:
        schema = tables.scan(table).collect_schema()
        kind = mark.how.type if mark.how is not None else None
        value = cursor_of(schema, mark.cursor, kind, mark.table).parsed(text)
    change = f"watermark of {mark.cursor} " + ("cleared" if value is None else f"set to {value}")
    properties = {SOURCE: mark.source, WATERMARK: told(mark.cursor, value), ACTOR: lake.actor, CHANGE: change}
    tables.append(table, [], properties=properties)
    mirror(lake, table)
    return marks(table)[mark.source, mark.cursor]


def mirror(lake: LakeContext, table: Table) -> None:
    """Let the state say what the table says."""
    name = ".".join(table.name())
    known = [(m.source, m.cursor, m.value, m.run_id) for m in marks(table).values() if m.value is not None]
    lake.state.mirror_watermarks(name, known)
