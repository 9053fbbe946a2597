"""What the layers share: the open catalog, the state, the settings, and who is acting."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
from pyiceberg.catalog import Catalog
from pyiceberg.table import Table

from automic_core import frames
from automic_core.errors import AutomicError, CatalogError, ConfigError, SecurityError
from automic_core.events import Listener, RunReport
from automic_core.lakehouse import tables
from automic_core.lakehouse.catalog import tables as list_tables
from automic_core.lakehouse.commits import ancestors, head
from automic_core.lakehouse.connector import current_lake
from automic_core.settings import Settings
from automic_core.state import State

LAYERS = ("bronze", "silver", "gold", "quarantine", "meta")
RUN_ID = tables.RUN_ID
REPORT = "automic.report"
SOURCES = "automic.sources"
"""Snapshot property: the states of other tables that the rows were made of, as JSON."""
ACTOR = "automic.actor"
JOB = "automic.job"

current_job: ContextVar[str] = ContextVar("automic_job", default="")
"""The job that this process works on, for the records."""


@dataclass
class LakeContext:
    """One open lake."""

    root: Path
    settings: Settings
    catalog: Catalog
    state: State
    actor: str = "unknown"
    read_only: bool = False
    _published: dict[str, Table] = field(default_factory=dict)

    def table(self, name: str) -> Table | None:
        """A table by full name, or None if it does not exist or nothing was published in it yet."""
        table = tables.find(self.catalog, name)
        return table if table is not None and is_published(table) else None

    def need(self, name: str) -> Table:
        """The same, or an error with similar names.

        Raises:
            CatalogError: There is no such table.
        """
        found = self.table(name)
        if found is None:
            raise CatalogError(f"There is no table {name}.", tables.suggestion(name, self.names()))
        return found

    def names(self, layer: str | None = None) -> list[str]:
        """Full names of the published tables, sorted by layer, then name."""
        found = [name for name in list_tables(self.catalog) if layer is None or name.split(".")[0] == layer]
        known = [name for name in found if is_published(tables.load(self.catalog, name))]
        order = {layer: number for number, layer in enumerate(LAYERS)}
        return sorted(known, key=lambda name: (order.get(name.split(".")[0], len(order)), name))

    def create(self, name: str, schema: Mapping[str, Any], properties: Mapping[str, str] | None = None) -> Table:
        """The table, ready to be written: created empty if it is missing.

        Raises:
            SecurityError: The lake is open for reading only.
        """
        self.writable()
        found = tables.find(self.catalog, name)
        if found is None:
            return tables.create(self.catalog, name, pl.Schema(schema), properties=properties, exist_ok=True)
        return found

    def writable(self) -> None:
        """Check that tables may be changed.

        Raises:
            SecurityError: The lake is open for reading only.
        """
        if self.read_only:
            raise SecurityError("This lake is open for reading only.", "Open it without read_only to change it.")

    @contextmanager
    def resolving(self) -> Iterator[None]:
        """Let steps, sources and loaders that name a table without a lake find it here."""
        token = frames.table_resolver.set(lambda name: tables.scan(self.need(name)))
        folder = current_lake.set(str(self.root))
        try:
            yield
        finally:
            current_lake.reset(folder)
            frames.table_resolver.reset(token)

    @contextmanager
    def recording(self, what: str, table: str) -> Iterator[None]:
        """Put a run that fails or is interrupted on record; one that succeeds records itself when it is published.

        Raises:
            SecurityError: The lake is open for reading only; that is no run.
        """
        self.writable()
        started = now()
        try:
            yield
        except BaseException as exc:
            ended = "failed" if isinstance(exc, Exception) else "cancelled"
            run = {"run_id": uuid.uuid4().hex[:12], "pipeline": what, "table": table, "actor": self.actor}
            times = {"started_at": started, "ended_at": now()}
            with suppress(AutomicError):  # what went wrong first is what the person must hear
                self.state.rebuild(runs=[{**run, **times, "state": ended, "error": str(exc) or type(exc).__name__}])
            raise

    def summary(self, report: RunReport) -> dict[str, str]:
        """Snapshot properties of a run: enough to rebuild the state from the lake."""
        told = {RUN_ID: report.run_id, ACTOR: self.actor, REPORT: json.dumps(report.to_dict(), default=str)}
        return {**told, JOB: current_job.get()} if current_job.get() else told


def is_published(table: Table) -> bool:
    """Whether a run has put something into the table; a table just created for a run that died has nothing."""
    return any(
        snapshot.summary is not None and RUN_ID in snapshot.summary.additional_properties
        for snapshot in table.snapshots()
    )


def made_by(table: Table, snapshot_id: int | None = None) -> dict[str, str]:
    """Snapshot properties of the run that made the rows of a snapshot (default: main's head), not of compactions since.

    Empty if no run did.
    """
    for each in ancestors(table, snapshot_id or head(table)):
        snapshot = table.snapshot_by_id(each)
        properties = snapshot.summary.additional_properties if snapshot and snapshot.summary else {}
        if RUN_ID in properties:
            return dict(properties)
    return {}


def until_published(listener: Listener | None) -> Listener | None:
    """What a run inside a promotion or build tells: all but that it is finished, which it is when it is published."""
    if listener is None:
        return None
    return lambda event: None if event.kind == "finished" else listener(event)


def split_name(name: str, layer: str) -> str:
    """The table's own name, with or without its layer before it.

    Raises:
        ConfigError: The name belongs to another layer, or cannot be a table name.
    """
    head, _, tail = name.rpartition(".")
    if head not in ("", layer):
        raise ConfigError(f"{name!r} is not a table of {layer}.", f"Write {layer}.{tail} or {tail}.")
    if not tail.replace("_", "a").isalnum() or tail[0].isdigit() or tail.startswith("_"):
        raise ConfigError(f"{tail!r} cannot be a table name.", "Use letters, digits and underscores, a letter first.")
    return tail


def now() -> datetime:
    """The present, in UTC."""
    return datetime.now(UTC)


def run_entry(report: RunReport, table: str, actor: str) -> dict[str, Any]:
    """A run as the state keeps it."""
    return {
        "run_id": report.run_id,
        "pipeline": report.name,
        "table": table,
        "actor": actor,
        "started_at": report.started_at,
        "ended_at": now(),
        "report": json.loads(json.dumps(report.to_dict(), default=str)),
    }
