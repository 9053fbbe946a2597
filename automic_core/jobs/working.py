"""What a worker process does: claim a job, run it, say how it went, until there is none to claim."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from automic_core import logs
from automic_core.errors import AutomicError
from automic_core.events import Listener
from automic_core.jobs import log, places, slots
from automic_core.jobs.progress import Progress
from automic_core.jobs.supervision import reap, start_worker
from automic_core.jobs.undoing import base, restore
from automic_core.lake import Lakehouse
from automic_core.medallion.context import current_job
from automic_core.state.jobs import Job

Task = Callable[[Lakehouse, dict[str, Any], Listener], Mapping[str, Any]]
TICK_SECONDS = 0.5
BEAT_SECONDS = 5.0
PATIENCE_SECONDS = 5.0
"""How long a cancelled job may take to come to its next event."""


def work(root: Path, task_of: Callable[[str], Task], keeps: Callable[[str], bool] = lambda kind: False) -> None:
    """Run jobs one after another until none can be claimed.

    Args:
        root: Folder of the lake.
        task_of: Gives the function of a kind.
        keeps: Whether what a job of a kind committed stays when the job is stopped.
    """
    while True:
        with Lakehouse.open(root) as lake:
            workers = lake.context.settings.jobs.workers
            slot = slots.take(places.folder(root), workers)
            if slot is None:
                return
            try:
                while _one(lake, slot, workers, task_of, keeps):
                    pass
            finally:
                slot.release()
            # A job that came after the last claim, but before the slot was free, found no worker.
            if not lake.context.state.jobs.claimable(workers):
                return


def _one(
    lake: Lakehouse, slot: slots.Slot, workers: int, task_of: Callable[[str], Task], keeps: Callable[[str], bool]
) -> bool:
    """Run one job; False if there is none."""
    reap(lake)
    job = lake.context.state.jobs.claim(slot.worker, os.getpid(), workers)
    if job is None:
        return False
    root = lake.context.root
    file, scratch = places.log_file(root, job.id), places.scratch(job.id)
    scratch.mkdir(mode=0o700, exist_ok=True)
    tempfile.tempdir = str(scratch)
    log.capture(file)
    logs.configure("info")
    say(f"{job.title} ({job.kind} {job.table}), by {job.actor}, in process {os.getpid()}")
    try:
        _run(root, job, task_of, keeps(job.kind))
    finally:
        log.capture(places.worker_log(root))
        tempfile.tempdir = None
        shutil.rmtree(scratch, ignore_errors=True)
        log.trim(file)
    return True


def _run(root: Path, job: Job, task_of: Callable[[str], Task], keeps: bool) -> None:
    progress = Progress()
    with suppress(OSError):
        os.chdir(job.folder)
    with Lakehouse.open(root, actor=job.actor) as lake:
        book = lake.context.state.jobs
        before = None if keeps else base(lake, job.table)
        if book.beat(job, {"base": before}) is None:
            return
        heart = _Heart(lake, job, progress)
        heart.start()
        current_job.set(job.id)
        ending = _attempt(lake, job, progress, task_of)
        heart.stopped.set()
        heart.join()
        ending |= progress.close()
        if progress.cancelled:
            restore(lake, replace(job, base=before, run_ids=progress.run_ids))
            ending |= {"state": "cancelled", "error": None, "hint": None, "result": None}
        elif ending["state"] == "failed":
            ending["run_id"] = _failed_run(lake, job) or ending["run_id"]
        result = ending.get("result") or {}
        ending["run_id"] = result.get("run_id") or ending["run_id"]
        say(f"{ending['state']}. {ending.get('error') or ''}".strip())
        book.end(job, ending.pop("state"), **ending)


def _attempt(lake: Lakehouse, job: Job, progress: Progress, task_of: Callable[[str], Task]) -> dict[str, Any]:
    """Run the task; how it ended."""
    try:
        result = json.loads(json.dumps(dict(task_of(job.kind)(lake, job.arguments, progress)), default=str))
    except KeyboardInterrupt:
        return {"state": "cancelled"}
    except AutomicError as exc:
        traceback.print_exc()
        return {"state": "failed", "error": exc.message, "hint": exc.hint}
    except MemoryError:
        traceback.print_exc()
        return {"state": "failed", "error": "The memory of this machine was not enough.", "hint": "Take less at once."}
    except Exception as exc:
        traceback.print_exc()
        message = f"It stopped on something unexpected ({type(exc).__name__})."
        return {"state": "failed", "error": message, "hint": "The log says where. Nothing unfinished is visible."}
    return {"state": "succeeded", "result": result}


def _failed_run(lake: Lakehouse, job: Job) -> str | None:
    """The run on record that failed in this job."""
    begun = job.started_at or job.created_at
    found = [run for run in lake.runs(20) if run.state != "succeeded" and run.started_at >= begun]
    return next((run.run_id for run in found if run.table == job.table and run.actor == job.actor), None)


class _Heart(threading.Thread):
    """Renews job and lease, stores progress, trims the log, and sees to it that a cancel is obeyed."""

    def __init__(self, lake: Lakehouse, job: Job, progress: Progress) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._lake, self._job, self._progress = lake, job, progress
        self._file = places.log_file(lake.context.root, job.id)
        self.stopped = threading.Event()

    def run(self) -> None:
        beaten, deadline = -BEAT_SECONDS, None
        while not self.stopped.wait(TICK_SECONDS):
            now = time.monotonic()
            log.trim(self._file)
            with suppress(AutomicError):  # the state is busy: the next beat will do
                values = self._progress.values()
                if values or now - beaten >= BEAT_SECONDS or self._asked():
                    cancelling = self._lake.context.state.jobs.beat(self._job, values)
                    beaten = now
                    if cancelling is not False and deadline is None:
                        say("asked to stop" if cancelling else "the job is no longer this worker's")
                        self._progress.cancelled = True
                        deadline = now + PATIENCE_SECONDS
            if deadline is not None and now > deadline and not self.stopped.is_set():
                self._end_hard()

    def _asked(self) -> bool:
        job = self._lake.context.state.jobs.get(self._job.id)
        return job is None or job.state != "running" or job.cancelling

    def _end_hard(self) -> None:
        """One long native call is running, and no event will come.

        What is not committed is not visible; whoever looks next sees that the worker is gone and cleans up.
        """
        say("stopped in the middle of a long step")
        start_worker(self._lake.context.root)
        os._exit(0)


def say(text: str) -> None:
    """A line of the log."""
    print(f"{datetime.now(UTC).isoformat(timespec='seconds')} {text}", file=sys.stderr, flush=True)  # noqa: T201
