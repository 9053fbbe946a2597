"""Submit a job, look at it, stop it; and see to those whose worker has died."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from automic_core.errors import ConfigError
from automic_core.jobs import log, places, slots
from automic_core.jobs.processes import environment
from automic_core.jobs.undoing import restore
from automic_core.lake import Lakehouse
from automic_core.state.jobs import Job

WORKER = "automic_core.workbench.worker"
KEEP = 1000
"""Ended jobs that are remembered."""
_MOST_BYTES = 1 << 20
_LOGIN = re.compile(r"://[^/\s@\"]*:[^/\s@\"]+@")
_AGAIN_SECONDS, _START_SECONDS = 5.0, 60.0
_started: dict[Path, tuple[float, subprocess.Popen[bytes]]] = {}
"""The worker that this process started last in a lake, and when."""


def submit(lake: Lakehouse, kind: str, table: str, arguments: Mapping[str, Any], title: str = "") -> Job:
    """Queue a job and start a worker for it.

    Args:
        lake: The lake; the job runs as its actor.
        kind: What to do.
        table: Full name of the one table it changes; empty = none, or several.
        arguments: Plain JSON values; secrets only by reference.
        title: What a person calls it.

    Raises:
        ConfigError: The arguments are not plain, or too much.
        SecurityError: The lake is open for reading only.
    """
    lake.context.writable()
    try:
        text = json.dumps(dict(arguments), allow_nan=False)
    except (TypeError, ValueError) as exc:
        raise ConfigError(f"The arguments of {kind} are not plain values: {exc}.", "Use text, numbers, lists.") from exc
    if len(text) > _MOST_BYTES:
        raise ConfigError(f"The arguments of {kind} have {len(text):,} bytes.", f"At most {_MOST_BYTES:,} are taken.")
    if _LOGIN.search(text):
        raise ConfigError(
            "An address with a password in it would be kept with the job, for everybody to read.",
            "Leave the password out of the address.",
        )
    job = Job(
        uuid.uuid4().hex[:12],
        kind,
        table,
        title or f"{kind} {table}".strip(),
        json.loads(text),
        lake.context.actor,
        "queued",
        datetime.now(UTC),
        folder=str(Path.cwd()),
    )
    book, root = lake.context.state.jobs, lake.context.root
    book.add(job)
    for old in book.prune(KEEP):
        places.log_file(root, old).unlink(missing_ok=True)
    start_worker(root)
    return job


def jobs(
    lake: Lakehouse, limit: int = 50, tables: Collection[str] = (), states: Collection[str] = (), offset: int = 0
) -> list[Job]:
    """The newest jobs first."""
    tend(lake)
    return lake.context.state.jobs.newest(limit, offset, tables, states)


def job(lake: Lakehouse, job_id: str) -> Job:
    """One job as it is now.

    Raises:
        ConfigError: There is no such job.
    """
    tend(lake)
    found = lake.context.state.jobs.get(job_id)
    if found is None:
        raise ConfigError(f"There is no job {job_id!r}.", "Jobs ended long ago are forgotten; look among the runs.")
    return found


def cancel(lake: Lakehouse, job_id: str) -> Job:
    """Stop a job; its table is as it was before, or will be in a moment."""
    lake.context.writable()
    lake.context.state.jobs.cancel(job(lake, job_id).id)
    return job(lake, job_id)


def rerun(lake: Lakehouse, job_id: str) -> Job:
    """The same again, as a new job of whoever asks.

    Raises:
        ConfigError: It has not ended yet.
    """
    lake.context.writable()
    old = job(lake, job_id)
    if not old.ended:
        raise ConfigError(f"The job {old.title!r} is {old.state}.", "Wait for its end, or cancel it.")
    return submit(lake, old.kind, old.table, old.arguments, old.title)


def job_log(lake: Lakehouse, job_id: str) -> str:
    """What its process printed, capped; empty if nothing."""
    return log.read(places.log_file(lake.context.root, job(lake, job_id).id))


def tend(lake: Lakehouse) -> None:
    """End jobs whose worker is gone, and start a worker if a job waits and nobody takes it.

    Who only looks starts none.
    """
    reap(lake)
    if lake.context.read_only:
        return
    root, workers = lake.context.root, lake.context.settings.jobs.workers
    if not _starting(root) and lake.context.state.jobs.claimable(workers):
        start_worker(root)


def _starting(root: Path) -> bool:
    """Whether a worker may be about to take a job; on a busy machine it needs long to start, and more need longer."""
    if root not in _started:
        return False
    begun, process = _started[root]
    seconds = time.monotonic() - begun
    return seconds < _AGAIN_SECONDS or (seconds < _START_SECONDS and process.poll() is None)


def reap(lake: Lakehouse) -> None:
    """End jobs whose worker is gone: cancelled if that was asked for, else failed; their leases are given back."""
    book = lake.context.state.jobs
    for each in book.newest(1000, states=["running"]):
        if slots.alive(places.folder(lake.context.root), each.worker or ""):
            continue
        if each.cancelling and lake.context.read_only:
            continue  # what it published is taken back by the next who may change tables
        if each.cancelling:
            restore(lake, each)
            book.end(each, "cancelled")
        else:
            hint = "Run it again; what it had not published is not visible."
            book.end(each, "failed", error="The worker died.", hint=hint)
        shutil.rmtree(places.scratch(each.id), ignore_errors=True)
        log.trim(places.log_file(lake.context.root, each.id))


def start_worker(root: Path) -> None:
    """Start a worker process that does not depend on this one; more than are needed end by themselves at once."""
    begun = time.monotonic()
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-P", "-m", WORKER, str(root)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
        start_new_session=True,
    )
    _started[root] = begun, process
    # Somebody must wait for a child, or it stays in the process table.
    threading.Thread(target=process.wait, name="worker", daemon=True).start()
