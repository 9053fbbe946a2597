"""A process that dies at any commit point, three that work at once, a full disk: a rerun gives exact counts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from automic_core.connectors.files.csv import CSVSource
from automic_core.errors import AutomicError
from automic_core.lake import Lakehouse
from tests import killing

JOB = """
import json
import sys
from pathlib import Path

from automic_core.connectors.files.csv import CSVSource
from automic_core.lake import Lakehouse
from automic_core.errors import ConflictError
from automic_core.transforms.dedup import Deduplicator
from automic_core.transforms.rules import Range

COUNT = {"n": {"field": "*", "function": "count"}}


def promote(lake):
    rules = [("small", Range(columns=["v"], max=90))]
    return lake.silver.promote("t", steps=[Deduplicator(match_fields=["name"])], rules=rules)


def work(folder):
    folder = Path(folder)
    with Lakehouse.open(folder / "lake") as lake:
        lake.bronze.ingest(CSVSource(str(folder / "*.csv")), "t")
        promote(lake)
        lake.gold.build("g", source="silver.t", group_by=["batch"], aggregations=COUNT)


def race(folder, who, rounds):
    folder, conflicts = Path(folder), 0
    with Lakehouse.open(folder / "lake", actor=who) as lake:
        for number in range(int(rounds)):
            lake.bronze.ingest(CSVSource(str(folder / f"{who}-{number}.csv")), "t")
            staged = lake.silver.stage("t")
            while True:
                try:
                    staged.publish()
                    break
                except ConflictError:
                    conflicts += 1
                    staged.discard()
                    staged = lake.silver.stage("t")
    print(conflicts)


if __name__ == "__main__":
    {"work": work, "race": race}[sys.argv[1]](*sys.argv[2:])
"""


def deliver(folder: Path, batch: str, rows: int = 60) -> None:
    """Rows of which a third are duplicates by name and some break the rule."""
    lines = [f"{batch}{i},{batch}{i % 40},{i * 2},{batch}" for i in range(rows)]
    (folder / f"{batch}.csv").write_text("id,name,v,batch\n" + "\n".join(lines) + "\n")


def aside(folder: Path) -> dict[str, str]:
    """Variables of a process whose temporary files go to a folder of their own."""
    (folder / "tmp").mkdir(exist_ok=True)
    return {"TMPDIR": str(folder / "tmp")}


def work(folder: Path) -> None:
    """The job in this process: quicker where nothing is to be killed."""
    job: dict[str, Any] = {"__name__": "job"}
    exec(compile(JOB, "job.py", "exec"), job)
    job["work"](folder)


State = dict[str, object]


def state(folder: Path) -> State:
    """What a reader sees of each table; the tables of one run belong together."""
    with Lakehouse.open(folder / "lake") as lake:
        seen: State = {}
        for name in ("bronze.t", "silver.t", "gold.g"):
            if name not in lake.tables():
                seen[name] = None
                continue
            rows = lake.scan(name).collect()
            by_batch = dict(rows.group_by("batch").len().sort("batch").iter_rows())
            seen[name] = by_batch if name != "gold.g" else dict(rows.select("batch", "n").sort("batch").iter_rows())
            assert lake.query(f"SELECT count(*) AS n FROM {name}")["n"].item() == rows.height
        seen["quarantine"] = lake.quarantine("t").height
        if seen["silver.t"] is not None:
            silver, bronze = lake.scan("silver.t").collect(), lake.scan("bronze.t").collect()
            assert silver["_rid"].is_unique().all()
            removed = lake.context.need("meta.removed")
            report = json.loads(lake.context.need("silver.t").current_snapshot().summary["automic.report"])  # type: ignore[union-attr,index]
            gone = pl.scan_iceberg(removed).filter(pl.col("run_id") == report["run_id"]).collect()
            assert gone["_rid"].is_unique().all()
            assert report["rows_in"] == silver.height + gone.height
            assert set(silver["_rid"]) | set(gone["_rid"]) <= set(bronze["_rid"])
        return seen


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], list[State], State]:
    """Every commit point of the second run of a job, the states a reader may see meanwhile, and the last one."""
    folder = tmp_path_factory.mktemp("lives")
    deliver(folder, "a")
    work(folder)
    before = state(folder)
    deliver(folder, "b")
    points = killing.points(JOB, "work", folder, log=folder / "points.log", **aside(folder))
    after = state(folder)
    assert list((folder / "tmp").iterdir()) == []
    order = ["bronze.t", "silver.t", "gold.g"]
    states = [before]
    for name in order:
        step = {**states[-1], name: after[name]}
        if name == "silver.t":
            step["quarantine"] = after["quarantine"]
        states.append(step)
    return points, states, after


def die_and_rerun(folder: Path, point: str, states: list[State], after: State) -> None:
    deliver(folder, "a")
    work(folder)
    deliver(folder, "b")
    killing.dies(JOB, "work", folder, at=point)
    assert state(folder) in states, point
    work(folder)
    assert state(folder) == after, point


def test_the_points_are_those_of_ingest_promote_and_build(lives: tuple[list[str], list[State], State]) -> None:
    points, states, after = lives
    reached = [point.partition(":")[0] for point in points]
    assert {"land.after", "append.before", "append.after", "publish.before", "publish.after"} <= set(reached)
    assert reached.count("publish.after") == 3, "bronze, silver and gold"
    assert after["bronze.t"] == {"a": 60, "b": 60}
    assert after["silver.t"] == {"a": 40, "b": 40}
    assert after["gold.g"] == {"a": 40, "b": 40}
    assert len({json.dumps(each) for each in states}) == 4


QUICK = ["publish.before:1", "append.after:1", "publish.before:2", "publish.after:2"]


@pytest.mark.parametrize("point", QUICK)
def test_a_kill_at_a_commit_point(point: str, lives: tuple[list[str], list[State], State], tmp_path: Path) -> None:
    points, states, after = lives
    assert point in points
    die_and_rerun(tmp_path, point, states, after)


@pytest.mark.slow
def test_a_kill_at_every_other_commit_point(lives: tuple[list[str], list[State], State], tmp_path: Path) -> None:
    points, states, after = lives
    rest = [point for point in points if point not in QUICK]
    assert rest
    for number, point in enumerate(rest):
        folder = tmp_path / str(number)
        folder.mkdir()
        die_and_rerun(folder, point, states, after)


@pytest.mark.slow
def test_a_kill_at_every_commit_point_of_the_first_run(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    deliver(whole, "a")
    points = killing.points(JOB, "work", whole, log=tmp_path / "points.log", **aside(whole))
    after = state(whole)
    assert "create.after:1" in points
    for number, point in enumerate(points):
        folder = tmp_path / str(number)
        folder.mkdir()
        deliver(folder, "a")
        killing.dies(JOB, "work", folder, at=point)
        for name, rows in state(folder).items():
            assert rows in (None, 0, after[name]), point
        work(folder)
        assert state(folder) == after, point


def test_three_processes_on_one_table(tmp_path: Path) -> None:
    rounds, who = 3, ("ann", "bob", "cleo")
    for name in who:
        for number in range(rounds):
            deliver(tmp_path, f"{name}-{number}", rows=30)
    running = [killing.start(JOB, "race", tmp_path, name, rounds, **aside(tmp_path)) for name in who]
    results = killing.finish(*running)
    assert sum(map(int, results)) > 0, "publishes must have collided, or this proves nothing"
    expected = {f"{name}-{number}": 30 for name in who for number in range(rounds)}
    with Lakehouse.open(tmp_path / "lake") as lake:
        bronze = lake.scan("bronze.t").collect()
        assert dict(bronze.group_by("batch").len().iter_rows()) == expected
        assert bronze["_rid"].is_unique().all()
        assert lake.silver.promote("t").report.rows_out == sum(expected.values())
        runs = [info.run_id for info in lake.history("silver.t") if info.run_id]
        assert len(runs) == len(set(runs)) == len(who) * rounds + 1, "each publish is there once"
        assert len(lake.history("bronze.t")) == len(who) * rounds + 1
    assert list((tmp_path / "tmp").iterdir()) == []


def test_the_same_file_taken_by_three_processes_at_once_is_one_batch(tmp_path: Path) -> None:
    deliver(tmp_path, "a", rows=2000)
    with Lakehouse.open(tmp_path / "lake"):
        pass
    code = (
        "import sys; from automic_core.lake import Lakehouse; from automic_core.connectors.files.csv import CSVSource\n"
        f"with Lakehouse.open({str(tmp_path / 'lake')!r}) as lake:\n"
        f"    print(lake.bronze.ingest(CSVSource({str(tmp_path / 'a.csv')!r}), 't').rows)"
    )
    results = killing.finish(*(killing.start(code) for _ in range(3)))
    assert sorted(map(int, results)) == [0, 0, 2000]
    with Lakehouse.open(tmp_path / "lake") as lake:
        assert lake.scan("bronze.t").collect().height == 2000


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lakehouse]:
    deliver(tmp_path, "a")
    with Lakehouse.open(tmp_path / "lake") as lake:
        lake.bronze.ingest(CSVSource(str(tmp_path / "a.csv")), "t")
        lake.silver.promote("t")
        yield lake


def test_a_full_disk_is_said_and_changes_nothing(tmp_path: Path) -> None:
    deliver(tmp_path, "a")
    work(tmp_path)
    before = state(tmp_path)
    lines = [f"{i * 7919 % 1_000_003},{i * 104_729 % 999_983},{i},big" for i in range(100_000)]
    (tmp_path / "big.csv").write_text("id,name,v,batch\n" + "\n".join(lines) + "\n")
    files = set((tmp_path / "lake").rglob("*.parquet"))
    said = killing.fails(JOB, "work", tmp_path, largest=400_000, **aside(tmp_path))
    last = said.strip().splitlines()[-1]
    assert "Error" in last.split(":")[0]
    assert "automic_core.errors." in last, said
    assert "File too large" in last or "No space" in last or "disk" in last.lower()
    assert state(tmp_path) == before
    assert set((tmp_path / "lake").rglob("*.parquet")) == files
    assert list((tmp_path / "tmp").iterdir()) == []
    work(tmp_path)
    assert state(tmp_path)["bronze.t"] == {"a": 60, "big": 100_000}


def test_a_file_that_vanishes_while_it_is_read(
    lake: Lakehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(tmp_path, "b", rows=50_000)
    before = lake.context.need("bronze.t").metadata
    source = CSVSource(str(tmp_path / "b.csv"))
    hashed = type(source).content_hash

    def vanish(self: CSVSource) -> str | None:
        found = hashed(self)
        (tmp_path / "b.csv").unlink(missing_ok=True)
        return found

    monkeypatch.setattr(CSVSource, "content_hash", vanish)
    with pytest.raises(AutomicError, match=r"b\.csv"):
        lake.bronze.ingest(source, "t")
    assert lake.context.need("bronze.t").metadata == before
    assert [run.state for run in lake.runs()] == ["failed", "succeeded", "succeeded"]


def test_data_files_that_vanish_under_a_promotion(lake: Lakehouse, tmp_path: Path) -> None:
    before = lake.context.need("silver.t").metadata
    for task in lake.context.need("bronze.t").scan().plan_files():
        Path(task.file.file_path.removeprefix("file://")).unlink()
    with pytest.raises(AutomicError):
        lake.silver.promote("t", full=True)
    assert lake.context.need("silver.t").metadata == before
    assert lake.scan("silver.t").collect().height == 60
