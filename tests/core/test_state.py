"""State: what survives a process, and what several processes may do at once."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automic_core.errors import ConfigError, ConflictError, LoadError, MissingDriverError
from automic_core.state import MAX_BATCH, State

RESERVE = """
import sys
from automic_core.state import State
state = State(sys.argv[1])
for i in range(int(sys.argv[3])):
    own = state.reserve_batch("bronze.orders", f"{sys.argv[2]}-{i}.csv", "h")
    shared = state.reserve_batch("bronze.orders", f"shared-{i}.csv", "h")
    print("own", own, "shared", i, shared)
state.close()
"""


def reserve_in_processes(url: str, processes: int, each: int) -> list[list[str]]:
    running = [
        subprocess.Popen([sys.executable, "-c", RESERVE, url, str(p), str(each)], stdout=subprocess.PIPE, text=True)
        for p in range(processes)
    ]
    outputs = [process.communicate(timeout=120)[0] for process in running]
    assert [process.returncode for process in running] == [0] * processes
    return [line.split() for output in outputs for line in output.splitlines()]


def check_race(url: str, processes: int, each: int) -> None:
    lines = reserve_in_processes(url, processes, each)
    own = [int(line[1]) for line in lines]
    shared: dict[str, set[int]] = {}
    for line in lines:
        shared.setdefault(line[3], set()).add(int(line[4]))
    assert all(len(numbers) == 1 for numbers in shared.values()), "one content, one number"
    numbers = own + [number for (number,) in shared.values()]
    assert sorted(numbers) == list(range(1, processes * each + each + 1)), "distinct and gapless"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep/state.db"


@pytest.fixture
def state(path: Path) -> Iterator[State]:
    with State(path) as opened:
        yield opened


class TestBatches:
    def test_the_same_content_keeps_its_number(self, state: State) -> None:
        assert [state.reserve_batch("b.t", "a.csv", h) for h in ("x", "y", "x", "z", "y")] == [1, 2, 1, 3, 2]
        assert state.reserve_batch("b.u", "a.csv", "x") == 1
        assert state.batches("b.t") == {("a.csv", "x"): 1, ("a.csv", "y"): 2, ("a.csv", "z"): 3}

    def test_the_lakes_floor(self, state: State) -> None:
        assert state.reserve_batch("b.t", "a", "x", floor=7) == 8
        assert state.reserve_batch("b.t", "a", "x", floor=70) == 8
        assert state.reserve_batch("b.t", "b", "x", floor=3) == 9

    def test_numbers_end_where_row_ids_would_overflow(self, state: State) -> None:
        assert state.reserve_batch("b.t", "a", "x", floor=MAX_BATCH - 1) == MAX_BATCH
        assert MAX_BATCH << 36 | (1 << 36) - 1 == 2**63 - 1
        with pytest.raises(LoadError, match="used all"):
            state.reserve_batch("b.t", "b", "x")

    @settings(max_examples=25, deadline=None)
    @given(
        st.lists(
            st.tuples(st.sampled_from("tu"), st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(0, 9)),
            max_size=25,
        )
    )
    def test_against_a_model(self, tmp_path_factory: pytest.TempPathFactory, asked: list) -> None:
        model: dict[tuple[str, str, str], int] = {}
        with State(tmp_path_factory.mktemp("model") / "s.db") as state:
            for table, source, content, floor in asked:
                last = max((n for key, n in model.items() if key[0] == table), default=0)
                expected = model.setdefault((table, source, content), max(last, floor) + 1)
                assert state.reserve_batch(table, source, content, floor) == expected

    def test_processes_at_once_get_distinct_gapless_numbers(self, path: Path) -> None:
        check_race(str(path), processes=4, each=25)

    def test_first_opening_by_many_at_once(self, path: Path) -> None:
        check_race(str(path), processes=6, each=1)


class TestRebuild:
    BATCHES = (
        {"table": "b.t", "source": "a", "content_hash": "x", "batch": 1},
        {"table": "b.t", "source": "b", "content_hash": "x", "batch": 5},
    )
    RUNS = ({"run_id": "r1", "pipeline": "p", "table": "b.t", "started_at": datetime(2026, 1, 1, tzinfo=UTC)},)

    def test_a_deleted_state_comes_back(self, state: State) -> None:
        assert state.rebuild(self.BATCHES, self.RUNS) == (2, 1)
        assert state.rebuild(self.BATCHES, self.RUNS) == (0, 0)
        assert state.reserve_batch("b.t", "b", "x") == 5
        assert state.reserve_batch("b.t", "c", "x") == 6
        run = state.run("r1")
        assert run is not None
        assert (run.state, run.table, run.started_at) == ("succeeded", "b.t", self.RUNS[0]["started_at"])

    def test_the_lake_wins_and_reservations_stay(self, state: State) -> None:
        kept = state.reserve_batch("b.t", "not written yet", "x", floor=10)
        state.reserve_batch("b.t", "b", "x", floor=20)
        squatter = state.reserve_batch("b.u", "squatter", "x")
        state.rebuild([*self.BATCHES, {"table": "b.u", "source": "a", "content_hash": "x", "batch": squatter}])
        assert state.reserve_batch("b.t", "not written yet", "x") == kept
        assert state.reserve_batch("b.t", "b", "x") == 5
        assert state.batches("b.u") == {("a", "x"): squatter}

    def test_a_run_killed_after_its_commit_is_found_finished(self, state: State) -> None:
        state.start_run("r1", "p")
        state.rebuild(runs=self.RUNS)
        assert [run.state for run in state.runs()] == ["succeeded"]


class TestRuns:
    def test_a_run_from_start_to_end(self, state: State) -> None:
        state.start_run("r1", "orders", table="silver.orders", actor="ada")
        running = state.run("r1")
        assert running is not None
        assert (running.state, running.ended_at, running.actor) == ("running", None, "ada")
        state.finish_run("r1", "succeeded", {"rows": {"in": 3}})
        run = state.run("r1")
        assert run is not None
        assert (run.state, run.report, run.error) == ("succeeded", {"rows": {"in": 3}}, None)
        assert run.ended_at is not None
        assert run.started_at <= run.ended_at <= datetime.now(UTC)

    def test_the_first_ending_stands(self, state: State) -> None:
        state.start_run("r1", "p")
        state.finish_run("r1", "cancelled", error="by ada")
        with pytest.raises(ConflictError, match="cancelled, not running"):
            state.finish_run("r1", "succeeded")
        with pytest.raises(ConflictError, match="unknown"):
            state.finish_run("r2", "failed")
        with pytest.raises(ConfigError, match="cannot end as 'running'"):
            state.finish_run("r1", "running")
        with pytest.raises(ConflictError, match="exists already"):
            state.start_run("r1", "p")

    def test_newest_first_and_chosen(self, state: State) -> None:
        for number in range(5):
            state.start_run(f"r{number}", "pq"[number % 2])
        state.finish_run("r2", "failed", error="x")
        assert [run.run_id for run in state.runs(limit=2)] == ["r4", "r3"]
        assert [run.run_id for run in state.runs(pipeline="p")] == ["r4", "r2", "r0"]
        assert [run.run_id for run in state.runs(state="failed")] == ["r2"]
        assert state.run("r9") is None


class TestWatermarks:
    @pytest.mark.parametrize(
        "value",
        [0, -(2**70), 1.5, 0.1, "007", "", Decimal("1.10"), date(2026, 2, 3), datetime(2026, 2, 3, 4, 5, 6, 789),  # noqa: DTZ001
         datetime(2026, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2)))],
    )  # fmt: skip
    def test_a_value_comes_back_equal_and_of_its_type(self, state: State, value: object) -> None:
        assert state.watermark("orders") is None
        state.set_watermark("orders", "older")
        state.set_watermark("orders", value, run_id="r1")
        back = state.watermark("orders")
        assert (type(back), back) == (type(value), value)

    @pytest.mark.parametrize("value", [None, True, float("nan"), Decimal("nan"), b"x", []])
    def test_what_has_no_order_is_refused(self, state: State, value: object) -> None:
        with pytest.raises(ConfigError, match="cannot be a watermark"):
            state.set_watermark("orders", value)


class TestDrafts:
    def test_saving_over_somebody_else_is_refused(self, state: State) -> None:
        assert state.save_draft("orders", "one", 0, "ada") == 1
        assert state.save_draft("orders", "two", 1, "bob") == 2
        with pytest.raises(ConflictError, match="changed elsewhere: it is at version 2"):
            state.save_draft("orders", "three", 1, "ada")
        with pytest.raises(ConflictError):
            state.save_draft("orders", "new", 0)
        draft = state.draft("orders")
        assert draft is not None
        assert (draft.spec, draft.version, draft.actor) == ("two", 2, "bob")
        state.save_draft("customers", "x", 0)
        assert [one.name for one in state.drafts()] == ["customers", "orders"]
        state.delete_draft("orders")
        assert state.draft("orders") is None


class TestLeases:
    def test_one_owner_at_a_time(self, state: State) -> None:
        lease = state.acquire("promote", "a", 60)
        assert state.acquire("promote", "a", 90).expires_at > lease.expires_at
        with pytest.raises(ConflictError, match="held by 'a'"):
            state.acquire("promote", "b", 60)
        state.release("promote", "b")
        assert [(one.name, one.owner) for one in state.leases()] == [("promote", "a")]
        state.release("promote", "a")
        assert state.acquire("promote", "b", 60).owner == "b"

    def test_a_dead_owners_lease_expires(self, state: State) -> None:
        state.acquire("promote", "dead", 0.05)
        time.sleep(0.06)
        assert state.leases() == []
        with pytest.raises(ConflictError, match="is lost"):
            state.renew("promote", "dead", 60)
        assert state.acquire("promote", "b", 60).owner == "b"
        with pytest.raises(ConflictError, match="is lost"):
            state.renew("promote", "dead", 60)

    def test_renewing_keeps_it(self, state: State) -> None:
        first = state.acquire("promote", "a", 60)
        assert state.renew("promote", "a", 60).expires_at > first.expires_at


class TestSamples:
    def test_the_newest_in_order(self, state: State) -> None:
        for number in range(5):
            state.add_sample("collect", {"rows": number})
        state.add_sample("other", {"rows": 9})
        assert state.samples("collect", limit=3) == [{"rows": 2}, {"rows": 3}, {"rows": 4}]


class TestDatabase:
    def test_closing_leaves_no_handle(self, path: Path) -> None:
        def handles() -> list[str]:
            links = [f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd")]
            return [os.readlink(link) for link in links if os.path.lexists(link)]

        state = State(path)
        state.reserve_batch("t", "a", "x")
        assert any(str(path) in handle for handle in handles())
        state.close()
        assert not any(str(path) in handle for handle in handles())
        assert os.listdir(path.parent) == ["state.db"], "the log is folded in on the last close"

    def test_it_is_in_wal_mode_so_readers_do_not_wait_for_a_writer(self, path: Path, state: State) -> None:
        state.reserve_batch("t", "a", "x")
        writer = sqlite3.connect(path, isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        assert state.batches("t") == {("a", "x"): 1}
        writer.execute("ROLLBACK")
        writer.close()

    def test_a_long_lock_is_a_conflict_worth_retrying(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("automic_core.state.engine._WAIT_SECONDS", 0.1)
        with State(path) as state:
            writer = sqlite3.connect(path, isolation_level=None)
            writer.execute("BEGIN IMMEDIATE")
            with pytest.raises(ConflictError, match="locked by another writer") as caught:
                state.reserve_batch("t", "a", "x")
            writer.close()
            assert caught.value.retryable
            assert state.reserve_batch("t", "a", "x") == 1

    def test_a_killed_writer_leaves_nothing_half_done(self, path: Path, state: State) -> None:
        code = (
            "import sys, os, signal\nfrom sqlalchemy import event\nfrom automic_core.state import State\n"
            "state = State(sys.argv[1])\n"
            "event.listen(state._db._engine, 'commit', lambda c: os.kill(os.getpid(), signal.SIGKILL))\n"
            "state.reserve_batch('t', 'a', 'x')\n"
        )
        assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == -9
        assert state.batches("t") == {}
        assert state.reserve_batch("t", "b", "x") == 1

    def test_a_connection_is_not_carried_over_a_fork(self, path: Path, state: State) -> None:
        state.reserve_batch("t", "a", "x")
        child = os.fork()
        if child == 0:
            try:
                state.reserve_batch("t", "b", "x")
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
        assert state.batches("t") == {("a", "x"): 1, ("b", "x"): 2}

    def test_faults_speak(self, tmp_path: Path) -> None:
        (tmp_path / "rubbish.db").write_bytes(b"this is no database at all" * 100)
        with pytest.raises(LoadError, match="delete it, it is rebuilt"):
            State(tmp_path / "rubbish.db")
        with pytest.raises(LoadError, match="cannot be created"):
            State(tmp_path / "rubbish.db/below/state.db")
        with pytest.raises(ConfigError, match="no such kind"):
            State("nosuch://x/y")
        with pytest.raises(ConfigError, match="not a database URL"):
            State("://")

    def test_a_missing_driver_names_its_extra(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "psycopg", None)
        with pytest.raises(MissingDriverError, match=r"automic\[postgresql\]"):
            State("postgresql://nobody@127.0.0.1/none")


@pytest.mark.server
class TestPostgresql:
    """Against ``AUTOMIC_TEST_POSTGRESQL`` (a database URL), in a schema of its own."""

    @pytest.fixture
    def url(self) -> Iterator[str]:
        base = os.environ.get("AUTOMIC_TEST_POSTGRESQL")
        psycopg = pytest.importorskip("psycopg")
        if not base:
            pytest.skip("AUTOMIC_TEST_POSTGRESQL is not set")
        schema = f"automic_test_{os.getpid()}"
        with psycopg.connect(base, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {schema}")
            yield f"{base}?options=-csearch_path%3D{schema}"
            connection.execute(f"DROP SCHEMA {schema} CASCADE")

    def test_the_race(self, url: str) -> None:
        check_race(url, processes=4, each=25)

    def test_every_table(self, url: str) -> None:
        with State(url) as state:
            state.start_run("r1", "p")
            state.finish_run("r1", "succeeded", {"rows": 1})
            assert state.runs()[0].report == {"rows": 1}
            state.set_watermark("w", Decimal("1.10"))
            assert state.watermark("w") == Decimal("1.10")
            assert state.save_draft("d", "x", 0) == 1
            with pytest.raises(ConflictError):
                state.save_draft("d", "x", 0)
            lease = state.acquire("l", "a", 60)
            assert state.leases() == [lease]
            state.add_sample("k", {"a": 1})
            assert state.samples("k") == [{"a": 1}]
            assert state.rebuild(TestRebuild.BATCHES, TestRebuild.RUNS) == (2, 0)
