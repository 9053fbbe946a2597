"""Runs and jobs as one list: what ran, who began it, how it ended."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from automic_core.jobs import supervision
from automic_core.lake import Lakehouse
from automic_core.state import Run
from automic_core.state.jobs import Job

MOST = 5_000
"""Runs that are looked through; the newest of them."""


@dataclass(frozen=True)
class RunLine:
    """One run, or one job that left no single run.

    Attributes:
        id: Of the run, else of the job.
        removed: Rows that did not come out; None if no ledger was left.
        balanced: Whether the ledger adds up.
        said: Why it failed, or what it is doing.
    """

    id: str
    job_id: str | None
    title: str
    table: str
    state: str
    actor: str
    at: datetime
    seconds: float | None
    rows_in: int | None = None
    rows_out: int | None = None
    removed: int | None = None
    balanced: bool | None = None
    said: str = ""


@dataclass(frozen=True)
class RunPage:
    """Some lines of the list.

    Attributes:
        total: Lines that fit the filter.
        tables: Every table that something ran on, for the filter.
        states: State to number of lines, of the chosen table.
        capped: Older runs than those looked through exist.
    """

    lines: list[RunLine]
    offset: int
    total: int
    tables: list[str]
    states: dict[str, int]
    capped: bool


def run_page(lake: Lakehouse, table: str = "", state: str = "", offset: int = 0, limit: int = 50) -> RunPage:
    """Runs and jobs, the newest first.

    Args:
        lake: The lake.
        table: Only those of this table; a name without a layer means that of any layer.
        state: Only those in this state.
        offset: Lines to skip.
        limit: Lines at most.
    """
    found = lake.context.state.runs(MOST)
    jobs = supervision.jobs(lake, supervision.KEEP)
    made = {run_id: job for job in jobs for run_id in job.run_ids}
    there = {run.run_id for run in found}
    lines = [run_line(run, made.get(run.run_id)) for run in found]
    lines += [job_line(job) for job in jobs if stands_alone(job, there)]
    lines.sort(key=lambda line: line.at, reverse=True)
    tables = sorted({line.table for line in lines if line.table})
    if table:
        lines = [line for line in lines if table in (line.table, line.table.rpartition(".")[2])]
    states = dict(Counter(line.state for line in lines))
    if state:
        lines = [line for line in lines if line.state == state]
    start = max(0, min(offset, (len(lines) - 1) // limit * limit)) if lines else 0
    return RunPage(lines[start : start + limit], start, len(lines), tables, states, len(found) == MOST)


def stands_alone(job: Job, runs: set[str]) -> bool:
    """Whether a job is more than one run on record."""
    known = [run_id for run_id in {*job.run_ids, job.run_id} if run_id in runs]
    return len(known) != 1 or not job.ended


def run_line(run: Run, job: Job | None = None) -> RunLine:
    """A run on record."""
    report = run.report or {}
    ended = run.ended_at or run.started_at
    removed = sum(report.get("removed", {}).values()) if report else None
    return RunLine(
        run.run_id,
        job.id if job is not None else None,
        run.pipeline[:1].upper() + run.pipeline[1:],
        run.table or "",
        run.state,
        run.actor,
        run.started_at,
        report.get("seconds") or ((ended - run.started_at).total_seconds() if run.ended_at else None),
        report.get("rows_in"),
        report.get("rows_out"),
        removed,
        report.get("balanced"),
        run.error or "",
    )


def job_line(job: Job) -> RunLine:
    """A job."""
    said = job.error or (job.phase if job.state == "running" else "")
    seconds = job.seconds if job.started_at else None
    rows = job.rows if job.state == "running" else (job.result or {}).get("rows")
    when = job.started_at or job.created_at
    return RunLine(
        job.id, job.id, job.title, job.table, job.state, job.actor, when, seconds, None, rows, None, None, said
    )
