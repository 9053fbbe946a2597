"""Processes that die at a commit point, and processes that commit at once: nothing lost, nothing half seen."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from automic_core import faults
from automic_core.lakehouse import catalog, history, tables
from tests import killing

# A job that can be run again after it died anywhere: each step asks whether its commit is there already.
JOB = """
import sys
from pathlib import Path

import polars as pl

from automic_core.lakehouse import branches, catalog, commits, files, history, schemas, staging, tables
from automic_core.lakehouse.upsert import upsert


def rows(*ids, mark="a"):
    return pl.DataFrame({"id": ids, "mark": [mark] * len(ids)}, schema={"id": pl.Int64, "mark": pl.String})


def land(table, frame):
    return files.land(table, frame.lazy()).collect()


def run(root):
    with catalog.open_catalog("lake", catalog.local_properties(Path(root))) as lake:
        table = tables.create(lake, "silver.t", rows().schema, exist_ok=True)

        def step(number, work):
            if commits.landed(commits.refresh(table), tables.RUN_ID, f"s{number}") is None:
                work({tables.RUN_ID: f"s{number}"})

        step(1, lambda tag: tables.append(table, land(table, rows(1, 2, 3)), properties=tag))
        step(2, lambda tag: tables.replace(table, land(table, rows(1, 2, 3, 4)), properties=tag))
        step(3, lambda tag: tables.delete(table, "id = 4", properties=tag))
        step(4, lambda tag: schemas.alter(table, lambda u: u.rename_column("mark", "label"), "rename", properties=tag))
        step(5, lambda tag: upsert(table, rows(3, 5, mark="b").rename({"mark": "label"}), ["id"], properties=tag))
        step(6, promote_on_branch(table))
        step(7, promote_with_schema(table))
        step(8, lambda tag: undo(table, tag))


def promote_on_branch(table):
    def work(tag):
        branch = branches.open_branch(table, "run")
        branch.append(land(table, rows(6, 7).rename({"mark": "label"})), properties=tag)
        branches.publish(branch)

    return work


def promote_with_schema(table):
    def work(tag):
        staged = staging.open_staging(table, lambda u: u.rename_column("label", "title"))
        staged.replace(land(staged.table, rows(8, 9, mark="c").rename({"mark": "title"})))
        staged.publish(tag)

    return work


def undo(table, tag):
    before = next(s.id for s in history.history(table) if s.run_id == "s6")
    history.rollback(table, before)
    tables.append(table, [], properties=tag)


if __name__ == "__main__":
    run(sys.argv[1])
"""

# What a reader may see of the job: the state after a step, never anything between.
STATES = [
    [],
    [(1, "a"), (2, "a"), (3, "a")],
    [(1, "a"), (2, "a"), (3, "a"), (4, "a")],
    [(1, "a"), (2, "a"), (3, "b"), (5, "b")],
    [(1, "a"), (2, "a"), (3, "b"), (5, "b"), (6, "a"), (7, "a")],
    [(8, "c"), (9, "c")],
]
FINAL = STATES[4]
QUICK = [
    *("create.after", "land.after", "append.after", "upsert.before", "branch.after"),
    *("publish.before", "publish.after", "publish.after:2"),
]
THOROUGH = [
    *("create.before", "append.before", "replace.before", "replace.after", "delete.before", "delete.after"),
    *("alter.before", "alter.after", "upsert.after", "branch.before", "rollback.before", "rollback.after"),
    *("append.before:2", "append.after:2", "append.before:3", "publish.before:2", "land.after:4"),
]


def read(root: Path) -> list[tuple[object, ...]]:
    with catalog.open_catalog("lake", catalog.local_properties(root)) as lake:
        if not tables.exists(lake, "silver.t"):
            return []
        return tables.scan(tables.load(lake, "silver.t")).collect().sort("id").rows()


def test_the_points_are_all_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    killing.points(JOB, tmp_path / "lake", log=tmp_path / "points")
    monkeypatch.setenv(faults.VARIABLE, f"record:{tmp_path / 'points'}")
    assert sorted(faults.commit_points()) == sorted({point.partition(":")[0] for point in QUICK + THOROUGH})
    assert read(tmp_path / "lake") == FINAL


@pytest.mark.parametrize("point", [*QUICK, *(pytest.param(point, marks=pytest.mark.slow) for point in THOROUGH)])
def test_a_run_killed_at_any_commit_point_can_be_run_again(tmp_path: Path, point: str) -> None:
    root = tmp_path / "lake"
    killing.dies(JOB, root, at=point)
    assert read(root) in STATES
    run: dict[str, object] = {"__name__": "job"}
    exec(compile(JOB, "job", "exec"), run)
    run["run"](str(root))  # type: ignore[operator]
    assert read(root) == FINAL
    with catalog.open_catalog("lake", catalog.local_properties(root)) as lake:
        table = tables.load(lake, "silver.t")
        assert set(table.refs()) == {"main"}
        runs = [info.run_id for info in history.history(table) if info.run_id]
    assert sorted(set(runs)) == [f"s{i}" for i in range(1, 9)]


RACER = """
import json, sys, time
from pathlib import Path

import polars as pl

from automic_core.errors import ConflictError
from automic_core.lakehouse import branches, catalog, files, tables


def together(folder, name, others):
    (folder / f"{name}.{sys.argv[2]}").touch()
    deadline = time.monotonic() + 120
    while len(list(folder.glob(f"{name}.*"))) < others:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def land(table, key):
    return files.land(table, pl.LazyFrame({"id": [key]})).collect()


root, me, rounds, racers = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
rejected, keys = 0, []
together(root, "start", racers)
with catalog.open_catalog("lake", catalog.local_properties(root / "lake")) as lake:
    table = tables.create(lake, "silver.t", pl.Schema({"id": pl.Int64}), exist_ok=True)
    for round in range(rounds):
        key = me * 1000 + round * 2
        tables.append(table, land(table, key))
        first = True
        while True:
            branch = branches.open_branch(table, f"racer-{me}")
            branch.append(land(table, key + 1))
            if first:
                # All have forked from the same head: at most one can publish.
                together(root, f"forked-{round}", racers)
                first = False
            try:
                branches.publish(branch)
                break
            except ConflictError:
                rejected += 1
                branches.discard(branch)
        keys += [key, key + 1]
print(json.dumps({"rejected": rejected, "keys": keys}))
"""


def test_three_processes_appending_and_publishing_at_once_lose_nothing(tmp_path: Path) -> None:
    racers, rounds = 3, 4
    running = [killing.start(RACER, tmp_path, me, rounds, racers) for me in range(racers)]
    results = [json.loads(output) for output in killing.finish(*running)]
    expected = sorted(key for result in results for key in result["keys"])
    with catalog.open_catalog("lake", catalog.local_properties(tmp_path / "lake")) as lake:
        table = tables.load(lake, "silver.t")
        assert tables.scan(table).collect()["id"].sort().to_list() == expected
        assert len(expected) == racers * rounds * 2
        assert tables.row_count(table) == len(expected)
        assert set(table.refs()) == {"main"}
        assert len(history.history(table)) >= len(expected)
        # Each state main ever had can still be read, and none has fewer rows than the one before.
        counts = [tables.scan(table, state.id).select(pl.len()).collect().item() for state in history.history(table)]
    assert counts == sorted(counts)
    assert sum(result["rejected"] for result in results) >= (racers - 1) * rounds
