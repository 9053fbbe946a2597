"""One run in full: how long its parts took, its ledger, its log, the state it made, the rows it removed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl
from pyiceberg.table import Table

from automic_core import frames
from automic_core.errors import CatalogError, ConfigError, translate
from automic_core.jobs import supervision
from automic_core.lake import Lakehouse
from automic_core.medallion import removals
from automic_core.medallion.context import RUN_ID, made_by
from automic_core.medallion.silver import SOURCES
from automic_core.state.jobs import Job
from automic_core.workbench.runlist import RunLine, job_line, run_line
from automic_core.workbench.values import Rows, rows_of

_PHASES = {
    "prepare": "Prepare",
    "rows": "Read, compute and write",
    "publish": "Publish",
    "end": "Finish",
}


@dataclass(frozen=True)
class Timing:
    """A part of a run; measured while it ran."""

    name: str
    seconds: float
    rows: int


@dataclass(frozen=True)
class RunDetail:
    """A run, or a job.

    Attributes:
        line: As in the list.
        job: What it ran as; None if it was not begun in the workbench.
        report: Its ledger; None if it left none.
        timings: While it ran as a job, by phase.
        snapshot: The state of its table that it made; None if it made none, or it is gone.
        current: Whether that is the present state.
        sources: Table to the snapshot that was read.
        runs: Runs of a job that made several, oldest first.
        removed: Kinds of removed rows that can be shown.
    """

    line: RunLine
    job: Job | None
    report: dict[str, Any] | None
    timings: list[Timing]
    snapshot: int | None
    current: bool
    sources: dict[str, int]
    runs: list[RunLine] = field(default_factory=list)
    ended_at: datetime | None = None
    hint: str = ""
    removed: list[str] = field(default_factory=list)

    @property
    def notes(self) -> list[str]:
        """What the run remarked."""
        return list((self.report or {}).get("notes", []))

    @property
    def warnings(self) -> list[str]:
        """What the run warned of."""
        return list((self.report or {}).get("warnings", []))


def run_detail(lake: Lakehouse, run_id: str) -> RunDetail:
    """A run by its id, or a job by its own.

    Raises:
        ConfigError: There is neither.
    """
    supervision.tend(lake)
    book, run = lake.context.state.jobs, lake.context.state.run(run_id)
    if run is None:
        job = book.get(run_id)
        if job is None:
            raise ConfigError(f"There is no run {run_id!r}.", "Choose one from the list.")
        alone = lake.context.state.run(job.run_id) if job.run_id and len(job.run_ids) < 2 else None
        if alone is None:
            return _job_detail(lake, job)
        run = alone
    job = book.of_run(run.run_id)
    snapshot, properties, current = snapshot_of(lake, run.table or "", run.run_id)
    report = run.report
    return RunDetail(
        run_line(run, job),
        job,
        report,
        _timings(job, run.run_id) if job is not None else [],
        snapshot,
        current,
        json.loads(properties.get(SOURCES, "{}")),
        ended_at=run.ended_at,
        hint=(job.hint or "") if job is not None and job.run_id == run.run_id else "",
        removed=sorted((report or {}).get("removed", {})) if (run.table or "").startswith("silver.") else [],
    )


def snapshot_of(lake: Lakehouse, table: str, run_id: str) -> tuple[int | None, dict[str, str], bool]:
    """The state a run made, its properties, and whether its rows are the present ones."""
    stored = lake.context.table(table) if table else None
    if stored is None:
        return None, {}, False
    return *_made(stored, run_id), made_by(stored).get(RUN_ID) == run_id


def _made(table: Table, run_id: str) -> tuple[int | None, dict[str, str]]:
    for snapshot in reversed(table.snapshots()):
        properties = snapshot.summary.additional_properties if snapshot.summary is not None else {}
        if properties.get(RUN_ID) == run_id:
            return snapshot.snapshot_id, dict(properties)
    return None, {}


def removed_rows(lake: Lakehouse, run_id: str, kind: str, limit: int = 1_000) -> Rows:
    """Rows that a promotion removed in one way, with step and reason, as bronze has them.

    Args:
        lake: The lake.
        run_id: The run.
        kind: merged, filtered, quarantined or dropped.
        limit: Rows at most.
    """
    run = lake.context.state.run(run_id)
    if run is None or not run.table:
        return Rows({}, [], 0)
    own = run.table.rpartition(".")[2]
    made = {RUN_ID: run_id, **snapshot_of(lake, run.table, run_id)[1]}
    bronze = lake.scan(f"bronze.{own}")
    with translate(CatalogError, f"reading what the run {run_id} removed"):
        gone = removals.removed(lake.context, own, made, pl.col("reason").str.split(":").list.first() == kind)
        first = gone.select(frames.RID, "step", "reason", "into").head(limit)
        names = [name for name in frames.data_columns(bronze) if name not in first.columns]
        rows = bronze.select(frames.RID, *names).join(first.lazy(), on=frames.RID, how="inner").collect()
    return rows_of(rows.select(frames.RID, "step", "reason", "into", *names), gone.height)


def _job_detail(lake: Lakehouse, job: Job) -> RunDetail:
    found = [run for run_id in job.run_ids if (run := lake.context.state.run(run_id)) is not None]
    return RunDetail(
        job_line(job),
        job,
        None,
        _timings(job),
        None,
        False,
        {},
        [run_line(run, job) for run in found],
        job.ended_at,
        job.hint or "",
    )


def _timings(job: Job, run_id: str = "") -> list[Timing]:
    """Phases of a job, of one of its runs if it is given; those of several runs are added up by name."""
    found: dict[str, Timing] = {}
    for phase in job.phases:
        if run_id and phase["run_id"] not in ("", run_id):
            continue
        name = _PHASES.get(phase["name"]) or phase["name"][:1].upper() + phase["name"][1:]
        before = found.get(name, Timing(name, 0.0, 0))
        found[name] = Timing(name, before.seconds + phase["seconds"], before.rows + phase["rows"])
    return list(found.values())
