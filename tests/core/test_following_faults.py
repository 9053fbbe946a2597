"""Following goes on after a kill between data and acknowledgement, and through a restart of the server."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from automic_core import registry
from automic_core.errors import SourceError
from automic_core.lake import Lakehouse
from automic_core.lakehouse.rowhash import row_hash
from tests import killing, servers

JOB = """
import json
import sys

from automic_core import registry
from automic_core.lake import Lakehouse

with Lakehouse.open(sys.argv[1]) as lake:
    lake.bronze.follow(registry.build("source", "postgresql", json.loads(sys.argv[2])), "t", silver=sys.argv[3])
"""


@pytest.fixture
def server() -> Iterator[servers.Address]:
    found = servers.logical_postgresql()
    found.run("CREATE TABLE followed (id int PRIMARY KEY, v text)")
    found.run("INSERT INTO followed SELECT g, 'v' FROM generate_series(1, 500) g")
    yield found
    found.run("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active")
    for (name,) in found.run("SELECT pubname FROM pg_publication"):
        found.run(f"DROP PUBLICATION {name}")
    found.run("DROP TABLE followed")


OPTIONS = {"table": "followed", "retries": 5}


def source(server: servers.Address) -> Any:
    return registry.build("source", "postgresql", {**server.options, **OPTIONS})


def change(server: servers.Address, number: int) -> None:
    """Some of everything, in one transaction."""
    server.run(
        f"BEGIN; UPDATE followed SET v = 'w{number}' WHERE id % 7 = {number % 7};"
        f"DELETE FROM followed WHERE id % 50 = {number}; INSERT INTO followed VALUES ({1000 + number}, 'new');"
        f"UPDATE followed SET v = 'x{number}' WHERE id = {1000 + number}; COMMIT"
    )


def log(lake: Lakehouse) -> list[tuple[Any, ...]]:
    """The changes without what differs from run to run."""
    return lake.scan("bronze.t").sort("_rid").select("_op", "id", "v", "_rid").collect().rows()


EVERY = ["land.after", "append.before", "append.after", "acknowledge.before", "apply.before", "upsert.before"]
EVERY += ["upsert.after"]


@pytest.mark.parametrize(
    ("kind", "points"),
    [
        ("state", ["acknowledge.before", "upsert.before"]),
        pytest.param("state", EVERY, marks=pytest.mark.slow),
        pytest.param("history", EVERY, marks=pytest.mark.slow),
    ],
    ids=["two", "state", "history"],
)
def test_a_kill_at_any_point_loses_and_repeats_nothing(
    tmp_path: Path, server: servers.Address, kind: str, points: list[str]
) -> None:
    job = (JOB, tmp_path / "lake", json.dumps({**server.options, **OPTIONS}), kind)
    killing.dies(*job, at="publish.before")  # during the first snapshot
    killing.finish(killing.start(*job))
    for number, point in enumerate(points):
        change(server, number)
        killing.dies(*job, at=point)
    change(server, 40)
    killing.finish(killing.start(*job))
    with Lakehouse.open(tmp_path / "lake") as lake:
        silver = lake.scan("silver.t")
        if kind == "history":
            silver = silver.filter("is_current").drop("valid_from", "valid_to", "is_current")
        assert str(row_hash(silver)) == str(row_hash(source(server).scan()))
        found = log(lake)
        assert len({row[3] for row in found}) == len(found), "no number twice"
    with Lakehouse.open(tmp_path / "other") as other:  # who follows from the present has the same in the end
        other.bronze.follow(source(server), "t")
        assert str(row_hash(other.scan("silver.t"))) == str(row_hash(source(server).scan()))


def test_the_server_restarts_while_it_is_followed(tmp_path: Path, server: servers.Address) -> None:
    stop, failed = threading.Event(), []

    def follow() -> None:
        try:
            with Lakehouse.open(tmp_path / "lake") as lake:
                lake.bronze.follow(source(server), "t", until_now=False, every=0.1, stop=stop.is_set)
        except BaseException as exc:
            failed.append(exc)

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        wait(lambda: server.run("SELECT 1 FROM pg_replication_slots WHERE active AND confirmed_flush_lsn IS NOT NULL"))
        for number in range(6):
            change(server, number)
            if number in (1, 3):
                servers.restart(server, "immediate" if number == 1 else "fast")
            time.sleep(0.3)
        (now,) = server.run("SELECT pg_current_wal_flush_lsn() - '0/0'")
        wait(
            lambda: (
                not thread.is_alive()
                or server.run(
                    f"SELECT 1 FROM pg_replication_slots WHERE confirmed_flush_lsn - '0/0' >= {now[0]} - 1000000"
                )
            )
        )
    finally:
        stop.set()
        thread.join(60)
    assert not failed
    with Lakehouse.open(tmp_path / "lake") as lake:
        lake.bronze.follow(source(server), "t")
        assert str(row_hash(lake.scan("silver.t"))) == str(row_hash(source(server).scan()))
        found = log(lake)
        assert len({row[3] for row in found}) == len(found)
        assert [row[:2] for row in found].count(("i", 1003)) == 1, "no transaction came twice"


def test_only_one_process_follows_a_table(tmp_path: Path, server: servers.Address) -> None:
    stop = threading.Event()
    with Lakehouse.open(tmp_path / "lake") as lake:
        lake.bronze.follow(source(server), "t")

        def follow() -> None:
            with Lakehouse.open(tmp_path / "lake") as mine:
                mine.bronze.follow(source(server), "t", until_now=False, stop=stop.is_set)

        thread = threading.Thread(target=follow)
        thread.start()
        try:
            wait(lambda: server.run("SELECT 1 FROM pg_replication_slots WHERE active"))
            other = registry.build("source", "postgresql", {**server.options, "table": "followed", "retries": 0})
            with pytest.raises(SourceError, match="somebody else uses it"):
                lake.bronze.follow(other, "t", stop=lambda: True)
        finally:
            stop.set()
            thread.join(60)


def wait(until: Any, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.1)
