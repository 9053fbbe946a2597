"""The files behind a table: how many, how large, and what their metadata says of each column."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pyiceberg.conversions import from_bytes
from pyiceberg.manifest import DataFile, ManifestEntry
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.types import NestedField, PrimitiveType, StringType

from automic_core import frames
from automic_core.errors import CatalogError, translate
from automic_core.lake import Lakehouse
from automic_core.lakehouse.commits import head
from automic_core.medallion.tidying import small_bytes
from automic_core.workbench.timelines import named_type

MANY_SMALL = 10
MOST_COLUMNS = 1_000
BOUND_CHARACTERS = 16


@dataclass(frozen=True)
class DataFileInfo:
    """One data file.

    Attributes:
        path: Below the table's folder.
        at: When it was added; None if that state is forgotten.
        deletes: Whether it only says which rows of others are gone.
    """

    path: str
    rows: int
    bytes: int
    at: datetime | None
    snapshot: int | None
    deletes: bool = False


@dataclass(frozen=True)
class ColumnSize:
    """One column over all files.

    Attributes:
        bytes: Compressed; None if the writer did not say.
        nulls: Empty cells; None if the writer did not say.
        low: Smallest value as text; of long text its beginning; empty if the writer did not say.
        high: Largest value as text.
    """

    name: str
    type: str
    bytes: int | None
    nulls: int | None
    low: str
    high: str


@dataclass(frozen=True)
class Files:
    """The files of one state.

    Attributes:
        location: The table's folder.
        small: Data files below the size at which merging stops to pay.
        hint: What to do about the files; empty if they are fine.
        columns: At most ``MOST_COLUMNS``.
    """

    location: str
    rows: int
    bytes: int
    small: int
    hint: str
    files: list[DataFileInfo]
    columns: list[ColumnSize]


def files(lake: Lakehouse, table: str, snapshot: int | None = None) -> Files:
    """The files of a state (default: the present one), largest first; no row is read.

    Raises:
        CatalogError: There is no such table or state, or its metadata cannot be read.
    """
    stored = lake.context.need(table)
    state = stored.snapshot_by_id(snapshot if snapshot is not None else head(stored) or 0)
    if state is None:
        raise CatalogError(f"{table} has no state {snapshot}.", "Choose one of its timeline.")
    with translate(CatalogError, f"listing the files of {table}"):
        entries = [
            entry
            for manifest in state.manifests(stored.io)
            for entry in manifest.fetch_manifest_entry(stored.io, discard_deleted=True)
        ]
    found = sorted((_file(stored, entry) for entry in entries), key=lambda each: -each.bytes)
    data = [each for each in found if not each.deletes]
    limit = small_bytes(stored)
    small = sum(each.bytes < limit for each in data)
    schema = stored.schemas().get(state.schema_id or 0) or stored.schema()
    columns = _columns(schema, [entry.data_file for entry in entries if entry.data_file.content.value == 0])
    rows = sum(each.rows for each in data)
    return Files(stored.location(), rows, sum(each.bytes for each in found), small, _hint(small, limit), found, columns)


def _hint(small: int, limit: int) -> str:
    if small < MANY_SMALL:
        return ""
    size = f"{limit >> 20} MB" if limit >= 1 << 20 else f"{limit >> 10} kB"
    return f"{small:,} files are smaller than {size} each; merging them makes reading faster."


def _file(table: Table, entry: ManifestEntry) -> DataFileInfo:
    file = entry.data_file
    snapshot = table.snapshot_by_id(entry.snapshot_id) if entry.snapshot_id is not None else None
    at = datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC) if snapshot is not None else None
    path = file.file_path.removeprefix(table.location()).lstrip("/")
    return DataFileInfo(
        path, file.record_count, file.file_size_in_bytes, at, entry.snapshot_id, file.content.value != 0
    )


def _columns(schema: Schema, data: list[DataFile]) -> list[ColumnSize]:
    shown = [each for each in schema.fields if not frames.is_hidden(each.name)][:MOST_COLUMNS]
    return [_column(each, data) for each in shown]


def _column(column: NestedField, data: list[DataFile]) -> ColumnSize:
    number, kind = column.field_id, column.field_type
    low = high = ""
    if isinstance(kind, PrimitiveType):
        lows = _bounds(kind, (file.lower_bounds for file in data), number)
        highs = _bounds(kind, (file.upper_bounds for file in data), number)
        low, high = (_text(kind, pick(values)) if values else "" for pick, values in ((min, lows), (max, highs)))
    sizes = [file.column_sizes.get(number) if file.column_sizes else None for file in data]
    nulls = [file.null_value_counts.get(number) if file.null_value_counts else None for file in data]
    return ColumnSize(column.name, named_type(kind), _sum(sizes), _sum(nulls), low, high)


def _bounds(kind: PrimitiveType, each: Iterable[dict[int, bytes] | None], number: int) -> list[Any]:
    return [from_bytes(kind, bounds[number]) for bounds in each if bounds and number in bounds]


def _text(kind: PrimitiveType, value: Any) -> str:
    if isinstance(kind, StringType) and len(value) >= BOUND_CHARACTERS:  # cut, and rounded up at its end
        return f"{value[: BOUND_CHARACTERS - 1]}…"
    if not isinstance(value, int):
        return str(value)
    name = str(kind)
    if name.startswith("timestamp"):
        return datetime.fromtimestamp(value / 1_000_000, UTC).isoformat(" ")
    if name == "date":
        return datetime.fromtimestamp(value * 86_400, UTC).date().isoformat()
    return str(value)


def _sum(values: Iterable[int | None]) -> int | None:
    known = list(values)
    return None if None in known else sum(value for value in known if value is not None)
