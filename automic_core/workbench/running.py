"""Jobs: submit one, see how far it is, stop it, run it again, read its log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from automic_core.jobs import supervision
from automic_core.lake import Lakehouse
from automic_core.medallion.context import LAYERS
from automic_core.state.jobs import Job
from automic_core.workbench.tasks import kind_of

__all__ = ["Job", "cancel", "job", "job_log", "jobs", "rerun", "submit", "waiting_for"]

job = supervision.job
cancel = supervision.cancel
rerun = supervision.rerun
job_log = supervision.job_log


def submit(lake: Lakehouse, kind: str, table: str | None, arguments: Mapping[str, Any], title: str = "") -> Job:
    """Queue a job and start a worker for it; it outlives the process that asks.

    Args:
        lake: The lake; the job runs as its actor.
        kind: See ``tasks.KINDS``.
        table: The table it changes, with or without its layer; empty = none, or several.
        arguments: Plain values, as the task of this kind takes them; secrets only by reference.
        title: What a person calls it.

    Raises:
        ConfigError: There is no such kind, or the arguments are not plain.
    """
    known = kind_of(kind)
    full = f"{known.layer}.{table}" if table and known.layer and "." not in table else table or ""
    title = title or f"{known.verb} {full}".strip()
    return supervision.submit(lake, kind, full if known.layer else "", arguments, title)


def jobs(lake: Lakehouse, limit: int = 50, table: str | None = None) -> list[Job]:
    """The newest jobs first.

    Args:
        lake: The lake.
        limit: So many at most.
        table: Only those of this table; a name without a layer means that of any layer.
    """
    names = [] if not table else [table] if "." in table else [f"{layer}.{table}" for layer in LAYERS]
    return supervision.jobs(lake, limit, names)


def waiting_for(lake: Lakehouse, job_id: str) -> str:
    """Why a queued job has not begun; empty if it is not queued."""
    this = job(lake, job_id)
    if this.state != "queued":
        return ""
    running = supervision.jobs(lake, 1000, states=["running"])
    same = next((each for each in running if each.table and each.table == this.table), None)
    if same is not None:
        return f"{this.table} is in use by {same.title!r}"
    waiting = supervision.jobs(lake, 1000, states=["queued"])
    ahead = len([each for each in waiting if each.created_at < this.created_at]) + len(running)
    return f"{ahead} {'job is' if ahead == 1 else 'jobs are'} ahead" if ahead else "a worker is starting"
