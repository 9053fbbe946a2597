"""All tables of a lake at a glance, from their metadata alone: each is read once, no row is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

from automic_core import frames
from automic_core.errors import AutomicError
from automic_core.lake import Lakehouse
from automic_core.lakehouse import tables
from automic_core.lakehouse.catalog import tables as names_of
from automic_core.lakehouse.history import line
from automic_core.medallion.context import ACTOR, LAYERS, RUN_ID, is_published
from automic_core.medallion.silver import SOURCES

Health = Literal["good", "attention", "bad"]


@dataclass(frozen=True)
class TableFacts:
    """One table, without its rows.

    Attributes:
        rows: Rows now; None if the writer did not say.
        columns: Data columns.
        bytes: Size of the data files; None if the writer did not say.
        files: Data files; None if the writer did not say.
        at: When the rows it has now were published (compaction does not count).
        run_id: The run that made them.
        error: Why the table cannot be read; empty if it can.
    """

    name: str
    layer: str
    rows: int | None = None
    columns: int = 0
    bytes: int | None = None
    files: int | None = None
    snapshots: int = 0
    at: datetime | None = None
    run_id: str | None = None
    actor: str = ""
    error: str = ""


@dataclass(frozen=True)
class Opened:
    """A table's facts, with its metadata for a closer look.

    Attributes:
        made: The snapshot that made the rows it has now.
        properties: What that snapshot says of itself.
    """

    facts: TableFacts
    table: Table | None = None
    made: Snapshot | None = None
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TableCount:
    """How many tables a lake has, as every page says it; those Automic keeps for itself are none of them.

    Attributes:
        tables: Of bronze, silver and gold, and those that other programs made.
        quarantine: Of rows set aside, kept beside those.
    """

    tables: int
    quarantine: int

    def __bool__(self) -> bool:
        return bool(self.tables or self.quarantine)

    def __str__(self) -> str:
        told = f"{self.tables:,} {'table' if self.tables == 1 else 'tables'}"
        aside = f"{self.quarantine:,} quarantine {'table' if self.quarantine == 1 else 'tables'}"
        return f"{told} and {aside}" if self.quarantine else told


def table_count(names: Iterable[str]) -> TableCount:
    """Count tables by their full names."""
    layers = [name.partition(".")[0] for name in names]
    aside, own = layers.count("quarantine"), layers.count("meta")
    return TableCount(len(layers) - aside - own, aside)


def catalogue(lake: Lakehouse, *, system: bool = False) -> list[TableFacts]:
    """Every published table, bronze first.

    Args:
        lake: The lake.
        system: Also the tables Automic keeps for itself.
    """
    return [each.facts for each in opened_tables(lake).values() if system or each.facts.layer != "meta"]


def table_facts(lake: Lakehouse, table: str) -> TableFacts:
    """One table at a glance.

    Raises:
        CatalogError: There is no such table.
    """
    return look(table, lake.context.need(table)).facts


def opened_tables(lake: Lakehouse) -> dict[str, Opened]:
    """Every published table by full name, its metadata read once; one that cannot be read says why."""
    order = {layer: number for number, layer in enumerate(LAYERS)}
    names = names_of(lake.context.catalog)
    found: dict[str, Opened] = {}
    for name in sorted(names, key=lambda name: (order.get(name.split(".")[0], len(order)), name)):
        try:
            table = tables.load(lake.context.catalog, name)
        except AutomicError as exc:
            found[name] = Opened(TableFacts(name, name.split(".")[0], error=f"{exc.message} {exc.hint}".strip()))
            continue
        if is_published(table):
            found[name] = look(name, table)
    return found


def look(name: str, table: Table) -> Opened:
    """What the metadata of one table tells."""
    past = line(table)
    now = past[0] if past else None
    made = next((each for each in past if RUN_ID in properties_of(each)), None)
    said = properties_of(made)
    counts = properties_of(now)
    facts = TableFacts(
        name,
        name.split(".")[0],
        _number(counts, "total-records"),
        sum(not frames.is_hidden(each.name) for each in table.schema().fields),
        _number(counts, "total-files-size"),
        _number(counts, "total-data-files"),
        len(past),
        _moment(made or now),
        said.get(RUN_ID),
        said.get(ACTOR, ""),
    )
    return Opened(facts, table, made, said)


def past_of(opened: Opened) -> list[Snapshot]:
    """The states that led to the present one, newest first."""
    return line(opened.table) if opened.table is not None else []


def sources_of(opened: Opened) -> dict[str, int]:
    """The tables a table was made of, each with the state that was read."""
    try:
        said = json.loads(opened.properties.get(SOURCES, "{}"))
    except ValueError:  # another writer's property of that name
        return {}
    return {str(name): state for name, state in said.items() if state} if isinstance(said, dict) else {}


def moved_on(source: Opened, snapshot: int) -> bool:
    """Whether a table has other rows than in the state that was read; compaction changes none."""
    past = [each.snapshot_id for each in past_of(source)]
    if snapshot not in past:
        return True
    return source.made is not None and past.index(source.made.snapshot_id) < past.index(snapshot)


def properties_of(snapshot: Snapshot | None) -> dict[str, str]:
    """What a snapshot says of itself."""
    return dict(snapshot.summary.additional_properties) if snapshot is not None and snapshot.summary else {}


def _moment(snapshot: Snapshot | None) -> datetime | None:
    return datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC) if snapshot is not None else None


def _number(properties: Mapping[str, str], name: str) -> int | None:
    return int(properties[name]) if properties.get(name, "").isdigit() else None
