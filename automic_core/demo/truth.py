"""The truth beside the demo files: what is wrong where, which rows repeat which, and the clean tables."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, NamedTuple, Self, TypeVar

import polars as pl

from automic_core.errors import SourceError, translate

HEADERS: dict[str, tuple[str, ...]] = {
    "duplicates": ("table", "file", "record", "duplicate_of_file", "duplicate_of_record", "kind"),
    "errors": ("table", "file", "record", "column", "kind", "wrong_value", "right_value"),
    "malformed": ("table", "file", "line", "record", "kind", "key"),
    "outliers": ("table", "file", "record", "column", "wrong_value", "right_value"),
    "records": ("table", "file", "records"),
}
NUMBERS = ("record", "duplicate_of_record", "line", "records")


_as_json = json.JSONEncoder(ensure_ascii=False).encode


class Place(NamedTuple):
    """One record of one file; ``record`` is its 1-based ordinal, malformed ones counted, header and blanks not."""

    table: str
    file: str
    record: int


class Change(NamedTuple):
    """One cell that differs from the clean table, both values as text."""

    column: str
    kind: str
    wrong: str
    right: str


Body = TypeVar("Body")


@dataclass(eq=False, slots=True)
class Entry(Generic[Body]):
    """One record on its way into a file, and what is wrong with it.

    Attributes:
        body: What will be written.
        key: Id of the entity.
        cells: Cells that differ from the clean table.
        malformed: Kind of the broken line; empty for a good record.
        earlier: The record of the same entity that comes first in the files.
        relation: ``exact``, ``version`` or ``near``: how this record repeats ``earlier``.
        place: Where it was written.
    """

    body: Body
    key: str
    cells: list[Change] = field(default_factory=list)
    malformed: str = ""
    earlier: Entry[Body] | None = None
    relation: str = ""
    place: Place | None = None


def show(value: Any) -> str:
    """A value as the clean tables write it: text as it is, null as empty text, anything else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else _as_json(value)


def changes(kind: str, clean: Mapping[str, Any], wrong: Mapping[str, Any]) -> list[Change]:
    """Compare two flat records cell by cell.

    Text where the clean value is a number is shown in JSON quotes, or ``"12.5"`` would look like ``12.5``.
    """
    found = []
    for column, right in clean.items():
        seen = wrong.get(column)
        if seen != right or type(seen) is not type(right):
            mistyped = isinstance(seen, str) and right is not None and not isinstance(right, str)
            found.append(Change(column, kind, _as_json(seen) if mistyped else show(seen), show(right)))
    return found


class TruthWriter:
    """Writes the truth as the files are written, row by row; use it as a context manager.

    Args:
        folder: Where the tables go; created.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._writers = {name: self.table(name, header) for name, header in HEADERS.items()}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def table(self, name: str, header: Sequence[str]) -> Any:
        """Open ``<name>.csv``, write its header and return the ``csv.writer``; closed with the others."""
        file = self._stack.enter_context((self.folder / f"{name}.csv").open("w", encoding="utf-8", newline=""))
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        return writer

    def put(self, entry: Entry[Any], place: Place, line: int = 0) -> None:
        """Record all that is wrong with an entry, once its place is known; of a pair the earlier one comes first.

        Args:
            entry: The record.
            place: Where it was written.
            line: Physical line (1-based), needed for malformed lines only.
        """
        entry.place = place
        for cell in entry.cells:
            self._writers["errors"].writerow((*place, *cell))
            if cell.kind == "outlier":
                self._writers["outliers"].writerow((*place, cell.column, cell.wrong, cell.right))
        if entry.malformed:
            self._writers["malformed"].writerow((*place[:2], line, place.record, entry.malformed, entry.key))
        if entry.earlier and entry.earlier.place:
            # A newer version stands for the older one; any other repetition goes.
            pair = (place, entry.earlier.place)
            gone, stays = reversed(pair) if entry.relation == "version" else pair
            self._writers["duplicates"].writerow((*gone, stays.file, stays.record, entry.relation))

    def count(self, table: str, file: str, records: int) -> None:
        """Record how many records a file has, malformed ones counted."""
        self._writers["records"].writerow((table, file, records))


@dataclass(frozen=True)
class Truth:
    """The truth tables as frames; all text but the record and line numbers (int64). Empty cells are empty text.

    Attributes:
        duplicates: The row that goes, the row that stands for it, and ``exact``, ``version`` (the older delivery of a
            key goes) or ``near`` (the same person under another id).
        errors: Every cell of a well-formed record that differs from the clean table of its entity. ``outdated`` marks
            the old values of a superseded version, ``na_token`` a placeholder for a value that is truly missing.
        malformed: Lines that are no record, with the physical line (1-based).
        outliers: The errors of kind ``outlier``.
        records: Number of records of each file.
    """

    duplicates: pl.DataFrame
    errors: pl.DataFrame
    malformed: pl.DataFrame
    outliers: pl.DataFrame
    records: pl.DataFrame


def read_truth(folder: Path) -> Truth:
    """Read the truth tables from the ``truth`` folder of a demo.

    Raises:
        SourceError: A table is missing or cannot be read.
    """
    return Truth(**{name: _read(folder / f"{name}.csv") for name in HEADERS})


def read_clean(folder: Path, table: str) -> pl.DataFrame:
    """Read ``clean_<table>.csv`` (customers, orders, order_items, products or countries) as text.

    Raises:
        SourceError: There is no such table.
    """
    return _read(folder / f"clean_{table}.csv")


def _read(path: Path) -> pl.DataFrame:
    with translate(SourceError, f"reading {path}", "Write the demo files first: automic demo."):
        frame = pl.read_csv(path, infer_schema=False, empty_string_is_null=False)
    return frame.with_columns(pl.col(name).cast(pl.Int64) for name in NUMBERS if name in frame.columns)
