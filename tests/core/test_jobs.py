"""Jobs in real worker processes: they outlive who began them, die visibly, stop cleanly, wait for their turn."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from automic_core import workbench
from automic_core.jobs import log, places, slots, supervision
from automic_core.lake import Lakehouse
from automic_core.state import State
from automic_core.state.jobs import Job
from tests.warm import start_worker

ROWS, ENDLESS = 2_000_000, 12_000_000
HEAVY = "SELECT count(*) AS n FROM range(1000000) a, range(20000000) b WHERE (a.range * b.range) % 7919 = 1"
pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills processes by signal")


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that takes some seconds to take in."""
    path = tmp_path_factory.mktemp("big") / "people.csv"
    path.write_text("id,name\n" + "".join(f"{i},person {i % 1000:06}\n" for i in range(ROWS)))
    return path


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that takes longer to take in than anybody needs to cancel that."""
    path = tmp_path_factory.mktemp("endless") / "people.csv"
    number = pl.int_range(ENDLESS, dtype=pl.Int64)
    pl.select(id=number, name=pl.format("person {}", number % 1000 + 100_000)).write_csv(path)
    return path


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text("id,name\n1,Ada\n2,Grace\n")
    return path


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lakehouse]:
    """An open lake; no worker is left when the test ends."""
    monkeypatch.chdir(tmp_path.parent)  # what lies below the current folder may be read
    monkeypatch.setattr(supervision, "start_worker", start_worker)
    root = workbench.create(tmp_path / "lake").path
    with workbench.opened(root, "ada") as opened:
        yield opened
        for job in workbench.jobs(opened, 100):
            if not job.ended:
                workbench.cancel(opened, job.id)
        until(lambda: all(job.ended for job in workbench.jobs(opened, 100)))
        until(lambda: not workers(root))


def workers(root: Path) -> list[str]:
    """Workers that live."""
    named = [file.read_text() for file in places.folder(root).glob("worker-*.lock")]
    return [worker for worker in named if worker and slots.alive(places.folder(root), worker)]


def until(true: Callable[[], Any], seconds: float = 60) -> Any:
    """Wait for something to become true; its value."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s")


def ended(lake: Lakehouse, job: Job) -> Job:
    return until(lambda: (now := workbench.job(lake, job.id)).ended and now)  # type: ignore[no-any-return]


def under_way(lake: Lakehouse, job: Job) -> Job:
    """The job, of so many rows that it does not end meanwhile, once it has read some."""
    found: Job = until(lambda: (now := workbench.job(lake, job.id)).rows and now)
    assert found.state == "running"
    return found


def ingest(lake: Lakehouse, place: Path, table: str = "people", **how: Any) -> Job:
    return workbench.submit(lake, "ingest", table, {"place": str(place), "table": table, **how})


def build(lake: Lakehouse, sql: str) -> Job:
    return workbench.submit(lake, "build", "slow", {"name": "slow", "sql": sql})


def count(lake: Lakehouse, table: str) -> int:
    return int(workbench.query(lake, f"SELECT count(*) AS n FROM {table}").rows[0]["n"])


def test_a_job_succeeds_and_tells_how(lake: Lakehouse, small: Path) -> None:
    job = ingest(lake, small, keys=["id"])
    assert (job.state, job.table, job.title, job.actor) == ("queued", "bronze.people", "Ingest bronze.people", "ada")
    done = ended(lake, job)
    assert (done.state, done.error) == ("succeeded", None)
    assert done.result is not None
    assert done.result["rows"] == 2
    run = lake.context.state.run(done.run_id or "")
    assert run is not None
    assert (run.actor, run.state, run.table) == ("ada", "succeeded", "bronze.people")
    assert [phase["name"] for phase in done.phases] == ["rows", "publish", "end"]
    assert sum(phase["seconds"] for phase in done.phases) <= done.seconds
    assert "Ingest bronze.people" in workbench.job_log(lake, job.id)
    assert lake.context.state.leases() == []
    again = ended(lake, workbench.rerun(lake, job.id))
    assert again.result is not None
    assert (again.state, again.result["rows"]) == ("succeeded", 0)
    assert count(lake, "bronze.people") == 2


def test_a_fault_is_told_in_words_and_leaves_a_traceback_in_the_log_only(lake: Lakehouse, small: Path) -> None:
    gone = ended(lake, ingest(lake, small, keys=["nummer"]))
    assert gone.state == "failed"
    assert "nummer" in (gone.error or "")
    assert gone.hint == "Columns: id, name."
    assert "Traceback" not in f"{gone.error}{gone.hint}"
    assert "Traceback" in workbench.job_log(lake, gone.id)
    run = lake.context.state.run(gone.run_id or "")
    assert run is not None
    assert run.state == "failed"


def test_one_at_a_time_in_order(lake: Lakehouse, small: Path) -> None:
    submitted = [ingest(lake, small, f"people{n}") for n in range(3)]
    done = [ended(lake, job) for job in submitted]
    times = [(job.started_at, job.ended_at) for job in done]
    assert all(job.state == "succeeded" for job in done)
    assert all(before[1] <= after[0] for before, after in pairwise(times))  # type: ignore[operator]
    assert "is ahead" not in workbench.waiting_for(lake, done[0].id)


def test_two_workers_but_one_job_a_table(lake: Lakehouse, small: Path, tmp_path: Path) -> None:
    (tmp_path / "lake" / "automic.yaml").write_text("jobs: {workers: 2}\n")
    with workbench.opened(tmp_path / "lake", "ada") as two:
        first = build(two, HEAVY)  # goes on until it is cancelled
        second = build(two, "SELECT 1 AS n")
        other = ended(two, ingest(two, small))
        assert other.state == "succeeded"
        running = workbench.job(two, first.id)
        assert running.state == "running"
        assert running.pid != other.pid
        assert workbench.job(two, second.id).state == "queued"
        assert workbench.waiting_for(two, second.id) == "gold.slow is in use by 'Build gold.slow'"
        workbench.cancel(two, first.id)
        one, after = ended(two, first), ended(two, second)
        assert (one.state, after.state) == ("cancelled", "succeeded")
        assert one.ended_at is not None
        assert after.started_at is not None
        assert one.ended_at <= after.started_at
        assert count(two, "gold.slow") == 1


def test_a_killed_worker_is_seen_and_the_job_can_run_again(lake: Lakehouse, big: Path) -> None:
    job = ingest(lake, big)
    running = under_way(lake, job)
    assert [lease.name for lease in lake.context.state.leases()] == ["bronze.people"]
    assert running.pid is not None
    os.kill(running.pid, signal.SIGKILL)
    dead = ended(lake, job)
    assert (dead.state, dead.error) == ("failed", "The worker died.")
    assert dead.hint
    assert lake.context.state.leases() == []
    assert lake.tables() == []
    assert not places.scratch(job.id).exists()
    again = ended(lake, workbench.rerun(lake, job.id))
    assert again.state == "succeeded"
    assert count(lake, "bronze.people") == ROWS


def test_cancel_leaves_the_table_as_it_was(lake: Lakehouse, endless: Path, small: Path) -> None:
    ended(lake, ingest(lake, small))
    before = lake.history("bronze.people")
    job = ingest(lake, endless)
    waiting = ingest(lake, small, "others")
    running = under_way(lake, job)
    assert running.total == pytest.approx(ENDLESS, rel=0.1)
    assert workbench.cancel(lake, job.id).cancelling
    workbench.cancel(lake, waiting.id)
    assert workbench.job(lake, waiting.id).state == "cancelled"
    stopped = ended(lake, job)
    assert (stopped.state, stopped.error) == ("cancelled", None)
    # A job that had published something is rolled back, which the history says; the table is the one it was.
    assert [(s.id, s.rows) for s in lake.history("bronze.people") if s.current] == [
        (s.id, s.rows) for s in before if s.current
    ]
    assert count(lake, "bronze.people") == 2
    assert lake.tables() == ["bronze.people"]


def test_cancel_takes_back_batches_that_were_already_in(lake: Lakehouse, tmp_path: Path, small: Path) -> None:
    ended(lake, ingest(lake, small))
    for n in range(200):
        (tmp_path / f"part{n:03}.csv").write_text(f"id,name\n{n},x\n")
    old = ingest(lake, tmp_path / "part*.csv")
    until(lambda: len(workbench.job(lake, old.id).run_ids) > 3)
    new = ingest(lake, tmp_path / "part*.csv", "others")
    workbench.cancel(lake, old.id)
    assert ended(lake, old).state == "cancelled"
    assert count(lake, "bronze.people") == 2
    until(lambda: len(workbench.job(lake, new.id).run_ids) > 3)
    workbench.cancel(lake, new.id)
    assert ended(lake, new).state == "cancelled"
    assert lake.tables() == ["bronze.people"]


def test_cancel_ends_one_long_step_that_tells_nothing(lake: Lakehouse) -> None:
    job = build(lake, HEAVY)
    running: Job = until(lambda: (now := workbench.job(lake, job.id)).state == "running" and now)
    begun = time.monotonic()
    workbench.cancel(lake, job.id)
    assert ended(lake, running).state == "cancelled"
    assert time.monotonic() - begun < 15
    assert lake.tables() == []
    assert lake.context.state.leases() == []


def test_a_job_outlives_who_submitted_it_and_others_see_it(lake: Lakehouse, big: Path) -> None:
    script = (  # its worker is started as ever
        "import sys; from automic_core import workbench\n"
        "with workbench.opened(sys.argv[1], 'grace') as lake:\n"
        "    print(workbench.submit(lake, 'ingest', 'people', {'place': sys.argv[2], 'table': 'people'}).id)\n"
    )
    root = lake.context.root
    command = [sys.executable, "-c", script, str(root), str(big)]
    job_id = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    seen = set()
    with State(root / "state.db") as other:  # looks, and starts nothing

        def look() -> Job | None:
            found = other.jobs.get(job_id)
            assert found is not None
            seen.add(found.rows)
            return found if found.ended else None

        done: Job = until(look)
    assert (done.state, done.actor) == ("succeeded", "grace")
    assert len(seen) > 2
    assert count(lake, "bronze.people") == ROWS


def test_a_queued_job_without_a_worker_gets_one_when_somebody_looks(
    lake: Lakehouse, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(supervision, "start_worker", lambda _root: None)
        job = ingest(lake, small)
    supervision._started.clear()
    assert ended(lake, job).state == "succeeded"


def test_logs_are_capped(lake: Lakehouse, tmp_path: Path) -> None:
    """What a job prints beyond the cap loses its middle, not its end."""
    file = tmp_path / "job.log"
    file.write_text("".join(f"line {n:07}\n" for n in range(100_000)))
    log.trim(file)
    text = log.read(file)
    assert file.stat().st_size <= log.LIMIT
    assert text.startswith("line 0000000\n")
    assert text.endswith("line 0099999\n")
    assert "bytes left out" in text
    with file.open("a") as more:
        more.write("more\n")
    assert log.read(file).endswith("line 0099999\nmore\n")
