"""Following goes on after a kill between data and acknowledgement, and through a restart of the server."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from automic_core import registry
from automic_core.errors import SourceError
from automic_core.lake import Lakehouse
from automic_core.lakehouse.rowhash import row_hash
from tests import killing, mysql_servers, servers

JOB = """
import json
import sys

from automic_core import registry
from automic_core.lake import Lakehouse

with Lakehouse.open(sys.argv[1]) as lake:
    lake.bronze.follow(registry.build("source", sys.argv[2], json.loads(sys.argv[3])), "t", silver=sys.argv[4])
"""


@dataclass(frozen=True)
class Kept:
    """A table of 500 rows on a server that keeps a log."""

    kind: str
    server: servers.Address

    @property
    def options(self) -> dict[str, Any]:
        return {**self.server.options, "table": "followed", "retries": 5}

    def source(self, **options: Any) -> Any:
        return registry.build("source", self.kind, {**self.options, **options})

    def change(self, number: int) -> None:
        """Some of everything, in one transaction."""
        self.server.transaction(
            f"UPDATE followed SET v = 'w{number}' WHERE id % 7 = {number % 7}",
            f"DELETE FROM followed WHERE id % 50 = {number}",
            f"INSERT INTO followed VALUES ({1000 + number}, 'new')",
            f"UPDATE followed SET v = 'x{number}' WHERE id = {1000 + number}",
        )

    def is_in(self, lake: Lakehouse) -> bool:
        """Whether silver, of any kind, has just the rows that the table has."""
        silver = lake.scan("silver.t")
        if "is_current" in silver.collect_schema():
            silver = silver.filter("is_current").drop("valid_from", "valid_to", "is_current")
        return str(row_hash(silver)) == str(row_hash(self.source().scan()))


@pytest.fixture
def kept(request: pytest.FixtureRequest) -> Iterator[Kept]:
    kind = getattr(request, "param", "postgresql")
    server = servers.logical_postgresql() if kind == "postgresql" else mysql_servers.logged_mysql()
    server.run("CREATE TABLE followed (id int PRIMARY KEY, v varchar(20))")
    server.run("INSERT INTO followed VALUES " + ", ".join(f"({key}, 'v')" for key in range(1, 501)))
    yield Kept(kind, server)
    if kind == "postgresql":
        servers.forget_logs(server)
    server.run("DROP TABLE followed")


def log(lake: Lakehouse) -> list[tuple[Any, ...]]:
    """The changes without what differs from run to run."""
    return lake.scan("bronze.t").sort("_rid").select("_op", "id", "v", "_rid").collect().rows()


FEW = ["acknowledge.before", "upsert.before"]
EVERY = ["land.after", "append.before", "append.after", "acknowledge.before", "apply.before", "upsert.before"]
EVERY += ["upsert.after"]


@pytest.mark.parametrize(
    ("kept", "silver", "points"),
    [
        ("postgresql", "state", FEW),
        pytest.param("postgresql", "state", EVERY, marks=pytest.mark.slow),
        pytest.param("postgresql", "history", EVERY, marks=pytest.mark.slow),
        pytest.param("mysql", "state", EVERY, marks=pytest.mark.slow),
        pytest.param("mysql", "history", FEW, marks=pytest.mark.slow),
    ],
    ids=["few", "postgresql-state", "postgresql-history", "mysql-state", "mysql-history"],
    indirect=["kept"],
)
def test_a_kill_at_any_point_loses_and_repeats_nothing(
    tmp_path: Path, kept: Kept, silver: str, points: list[str]
) -> None:
    job = (JOB, tmp_path / "lake", kept.kind, json.dumps(kept.options), silver)
    killing.dies(*job, at="publish.before")  # during the first snapshot
    killing.finish(killing.start(*job))
    for number, point in enumerate(points):
        kept.change(number)
        killing.dies(*job, at=point)
    kept.change(40)
    killing.finish(killing.start(*job))
    with Lakehouse.open(tmp_path / "lake") as lake:
        assert kept.is_in(lake)
        found = log(lake)
        assert len({row[3] for row in found}) == len(found), "no number twice"
        assert [row[:2] for row in found].count(("i", 1000)) == 1, "no transaction came twice"
    with Lakehouse.open(tmp_path / "other") as other:  # who follows from the present has the same in the end
        other.bronze.follow(kept.source(), "t")
        assert kept.is_in(other)


@pytest.mark.parametrize("kept", ["postgresql", "mysql"], indirect=True)
def test_the_server_restarts_while_it_is_followed(tmp_path: Path, kept: Kept) -> None:
    stop, failed, come = threading.Event(), [], threading.Event()

    def follow() -> None:
        try:
            with Lakehouse.open(tmp_path / "lake") as lake:
                how: Any = {"until_now": False, "every": 0.1, "stop": stop.is_set}
                lake.bronze.follow(kept.source(), "t", **how, on_event=lambda event: event.rows >= 500 and come.set())
        except BaseException as exc:
            failed.append(exc)

    def arrived(key: int) -> bool:
        with Lakehouse.open(tmp_path / "lake", read_only=True) as lake:
            return ("i", key) in [row[:2] for row in log(lake)]

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        assert come.wait(30), failed
        for number in range(6):
            kept.change(number)
            if number in (1, 3):
                servers.restart(kept.server, crash=number == 1)
            time.sleep(0.3)
        wait(lambda: not thread.is_alive() or arrived(1005))
    finally:
        stop.set()
        thread.join(60)
    assert not failed
    with Lakehouse.open(tmp_path / "lake") as lake:
        lake.bronze.follow(kept.source(), "t")
        assert kept.is_in(lake)
        found = log(lake)
        assert len({row[3] for row in found}) == len(found)
        assert [row[:2] for row in found].count(("i", 1003)) == 1, "no transaction came twice"


def test_only_one_process_follows_a_table(tmp_path: Path, kept: Kept) -> None:
    stop = threading.Event()
    with Lakehouse.open(tmp_path / "lake") as lake:
        lake.bronze.follow(kept.source(), "t")

        def follow() -> None:
            with Lakehouse.open(tmp_path / "lake") as mine:
                mine.bronze.follow(kept.source(), "t", until_now=False, stop=stop.is_set)

        thread = threading.Thread(target=follow)
        thread.start()
        try:
            wait(lambda: kept.server.run("SELECT 1 FROM pg_replication_slots WHERE active"))
            with pytest.raises(SourceError, match="somebody else uses it"):
                lake.bronze.follow(kept.source(retries=0), "t", stop=lambda: True)
        finally:
            stop.set()
            thread.join(60)


def wait(until: Any, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.1)
