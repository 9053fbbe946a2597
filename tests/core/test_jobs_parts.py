"""The parts of jobs, each alone: who gets one, who lives, what progress says, what is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from automic_core import workbench
from automic_core.errors import ConfigError
from automic_core.events import Event
from automic_core.jobs import places, processes, progress, slots, supervision, undoing, working
from automic_core.lake import Lakehouse
from automic_core.state import State
from automic_core.state.jobs import Job
from automic_core.workbench import tasks


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with State(tmp_path / "state.db") as opened:
        yield opened


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lakehouse]:
    """A lake in which nobody works."""
    monkeypatch.setattr(supervision, "start_worker", lambda _root: None)
    with workbench.opened(workbench.create(tmp_path / "lake").path, "ada") as opened:
        yield opened


def queued(state: State, job_id: str, table: str = "") -> Job:
    job = Job(job_id, "build", table, job_id, {}, "ada", "queued", datetime.now(UTC), folder="/")
    state.jobs.add(job)
    return job


def test_many_workers_never_get_the_same_job(state: State) -> None:
    for number in range(40):
        queued(state, f"j{number:02}", f"gold.t{number}")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: state.jobs.claim(f"1:w{n}", n, 30), range(60)))
    taken = [job.id for job in found if job is not None]
    assert sorted(taken) == [f"j{number:02}" for number in range(30)]
    assert not state.jobs.claimable(30)
    assert state.jobs.claimable(31)


def test_a_table_in_use_makes_others_wait_but_not_the_rest(state: State) -> None:
    for job_id, table in (("a", "gold.x"), ("b", "gold.x"), ("c", ""), ("d", "gold.y")):
        queued(state, job_id, table)
    first = state.jobs.claim("1:w", 1, 9)
    assert first is not None
    state.acquire("gold.y", "somebody else", 60)
    assert [job.id if (job := state.jobs.claim("2:w", 2, 9)) else None for _ in range(2)] == ["c", None]
    assert state.jobs.end(first, "succeeded", result={"n": 1})
    assert not state.jobs.end(first, "failed")
    assert not state.jobs.beat(first, {})
    second = state.jobs.claim("3:w", 3, 9)
    assert second is not None
    assert second.id == "b"
    ended = state.jobs.get("a")
    assert ended is not None
    assert (ended.state, ended.result) == ("succeeded", {"n": 1})


def test_a_heartbeat_sees_the_cancel_and_the_lost_lease(state: State) -> None:
    queued(state, "a", "gold.x")
    job = state.jobs.claim("1:w", 1, 1)
    assert job is not None
    assert state.jobs.beat(job, {"rows": 5}) is False
    state.jobs.cancel("a")
    assert state.jobs.beat(job, {}) is True
    state.release("gold.x", job.owner)
    state.acquire("gold.x", "somebody else", 60)
    assert state.jobs.beat(job, {}) is None
    queued(state, "b")
    state.jobs.cancel("b")
    cancelled = state.jobs.get("b")
    assert cancelled is not None
    assert cancelled.state == "cancelled"


def test_old_jobs_are_forgotten_with_their_logs(lake: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "KEEP", 2)
    ids = []
    for number in range(5):
        job = workbench.submit(lake, "build", "x", {"name": "x", "sql": f"SELECT {number}"})
        places.log_file(lake.context.root, job.id).write_text("said")
        workbench.cancel(lake, job.id)
        ids.append(job.id)
    workbench.submit(lake, "build", "x", {"name": "x", "sql": "SELECT 1"})
    assert [job.id for job in workbench.jobs(lake)][1:] == ids[:2:-1]
    assert [places.log_file(lake.context.root, job_id).exists() for job_id in ids] == [False] * 3 + [True] * 2


def test_what_cannot_be_submitted_is_refused(lake: Lakehouse) -> None:
    with pytest.raises(ConfigError, match="no job of the kind 'dance'"):
        workbench.submit(lake, "dance", None, {})
    with pytest.raises(ConfigError, match="not plain values"):
        workbench.submit(lake, "build", "x", {"name": object()})
    with pytest.raises(ConfigError, match="bytes"):
        workbench.submit(lake, "build", "x", {"name": "x" * 2_000_000})
    with pytest.raises(ConfigError, match="no job 'nope'"):
        workbench.job(lake, "nope")
    job = workbench.submit(lake, "build", "x", {"name": "x", "sql": "SELECT 1"})
    with pytest.raises(ConfigError, match="is queued"):
        workbench.rerun(lake, job.id)
    assert workbench.jobs(lake, table="x") == workbench.jobs(lake, table="gold.x") != []
    assert workbench.jobs(lake, table="silver.x") == []


def test_every_kind_of_job_has_its_function() -> None:
    assert all(callable(tasks.task_of(name)) for name in tasks.KINDS)


def test_looking_at_jobs_writes_nothing(lake: Lakehouse) -> None:
    workbench.jobs(lake)
    assert not (lake.context.root / "jobs").exists()


def test_a_slot_is_free_when_its_process_is_gone(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from automic_core.jobs import slots\n"
        "print(slots.take(pathlib.Path(sys.argv[1]), 1).worker, flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=processes.environment(),
    )
    with child:
        assert child.stdout is not None
        worker = child.stdout.readline().strip()
        assert slots.alive(tmp_path, worker)
        assert slots.take(tmp_path, 1) is None
        second = slots.take(tmp_path, 2)
        assert second is not None
        assert second.worker.startswith("2:")
        child.kill()
        child.wait()
        assert not slots.alive(tmp_path, worker)
        mine = slots.take(tmp_path, 1)
        assert mine is not None
        assert slots.alive(tmp_path, mine.worker)
        assert not slots.alive(tmp_path, worker), "another process has the place now"
        mine.release()
        second.release()
    assert not slots.alive(tmp_path, "7:never")


def test_progress_tells_phases_rows_and_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: clock[0])
    told = progress.Progress()

    def event(after: float, kind: str, rows: int = 0, total: int | None = None, message: str = "") -> dict[str, object]:
        clock[0] += after
        told(Event(kind, "r1", rows, total, 0.0, message))  # type: ignore[arg-type]
        return told.values()

    assert told.values()["phase"] == "Starting"
    assert event(1, "started", total=300)["phase"] == "Reading"
    assert event(2, "fit", message="dedup")["phase"] == "Measured dedup"
    assert event(1, "progress", 100, 300)["eta"] is None
    assert event(2, "progress", 200, 300)["eta"] == pytest.approx(2.0)
    assert event(1, "progress", 300, 300, "Comparing")["phase"] == "Comparing"
    assert event(3, "loaded", 300)["phase"] == "Checking and publishing"
    assert told.values() == {}
    assert [(p["name"], p["seconds"], p["rows"]) for p in told.close()["phases"]] == [
        ("prepare", 1, 0),
        ("measure dedup", 2, 0),
        ("rows", 4, 300),
        ("Comparing", 3, 300),
        ("end", 0, 300),
    ]


def test_a_cancelled_job_stops_at_the_next_event_but_not_after_the_commit() -> None:
    told = progress.Progress()
    told.cancelled = True
    told(Event("finished", "r1"))
    with pytest.raises(KeyboardInterrupt):
        told(Event("progress", "r1", 1))


def test_what_others_published_on_top_is_not_taken_back(lake: Lakehouse) -> None:
    workbench.build(lake, "x", "SELECT 1 AS n")
    job = Job("mine", "build", "gold.x", "", {}, "ada", "running", datetime.now(UTC))
    base = undoing.base(lake, "gold.x")
    run = workbench.build(lake, "x", "SELECT 2 AS n").report.run_id
    mine = replace(job, base=base, run_ids=[run])
    workbench.build(lake, "x", "SELECT 3 AS n")
    undoing.restore(lake, mine)
    assert workbench.query(lake, "SELECT n FROM gold.x").rows == [{"n": 3}]
    base = undoing.base(lake, "")
    run = workbench.build(lake, "x", "SELECT 4 AS n").report.run_id
    new = workbench.build(lake, "y", "SELECT 5 AS n").report.run_id
    undoing.restore(lake, replace(job, table="", base=base, run_ids=[run, new]))
    assert workbench.query(lake, "SELECT n FROM gold.x").rows == [{"n": 3}]
    assert lake.tables() == ["gold.x"]
    told = {each.run_id: (each.state, each.error) for each in lake.runs()}
    assert {told[run][0], told[new][0]} == {"cancelled"}
    assert "taken back" in (told[run][1] or "")
    assert [state for state, _ in told.values()].count("succeeded") == 3


@pytest.mark.parametrize("kind", ["follow", "ingest"])
def test_a_stop_takes_back_what_a_job_did_but_not_how_far_it_read_a_log(lake: Lakehouse, kind: str) -> None:
    file = lake.context.root / "t.csv"
    file.write_text("id,v\n1,a\n")
    arguments = {"place": str(file), "table": "t", "keys": ["id"]}
    workbench.submit(lake, kind, "t", arguments)
    job = lake.context.state.jobs.claim("1:w", os.getpid(), 1)
    assert job is not None

    def stopped_at_the_end(lake: Lakehouse, arguments: dict[str, Any], on_event: Any) -> Any:
        done = tasks.task_of(kind)(lake, arguments, on_event)
        on_event.cancelled = True
        return done

    run = partial(working._run, lake.context.root, job, lambda _: stopped_at_the_end, tasks.kind_of(kind).keeps)
    copy_context().run(run)
    ended = lake.context.state.jobs.get(job.id)
    assert ended is not None
    assert ended.state == "cancelled"
    assert ("bronze.t" in lake.tables()) == (kind == "follow"), "the source's log begins where the table ends"


def test_a_checkout_is_found_by_its_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    parts = processes.environment()["PYTHONPATH"].split(os.pathsep)
    assert parts[-1] == "/somewhere"


def test_while_a_worker_starts_no_other_is_started(lake: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a worker needs long until it takes a job; more of them would only make it longer."""
    monkeypatch.undo()
    begun, start = [], subprocess.Popen

    def slow(_command: list[str], **_options: object) -> subprocess.Popen[bytes]:
        begun.append(start([sys.executable, "-S", "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE))
        return begun[-1]

    monkeypatch.setattr(supervision, "_AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(subprocess, "Popen", slow)
    try:
        workbench.submit(lake, "build", "x", {"name": "x", "sql": "SELECT 1"})
        supervision.tend(lake)
        assert len(begun) == 1
        begun[0].kill()
        begun[0].wait()
        supervision.tend(lake)
        assert len(begun) == 2, "it died before it took the job"
    finally:
        for process in begun:
            process.communicate()
