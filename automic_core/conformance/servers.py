"""What every source and loader behind an address promises."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from automic_core import frames, registry
from automic_core.conformance.relay import relay
from automic_core.contracts import ReadRequest
from automic_core.errors import AutomicError, ConfigError, LoadError, SecurityError, SourceError
from automic_core.lake import Lakehouse
from automic_core.settings import Secret, Settings
from automic_core.storage import AccessPolicy, confined

WRONG = "wr0ng-pa55"


def address(case: Any) -> dict[str, Any]:
    options = case.server.place(Path("none"), "none")
    return {name: value for name, value in options.items() if name not in ("schema", "table")}


def reading(case: Any, what: dict[str, Any], **more: Any) -> Any:
    return registry.build("source", case.kind, {**address(case), **what, **more})


def eventually(holds: Callable[[], bool], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def test_what_is_left_unread_is_stopped(server_case: Any, request: Any) -> None:
    mark = f"stop {request.node.nodeid} {time.time_ns()}"
    batches = reading(server_case, server_case.server.many(5_000_000, mark)).batches()
    assert next(batches).num_rows > 0
    assert server_case.server.running(mark) == 1
    batches.close()
    assert eventually(lambda: server_case.server.running(mark) == 0)


def test_a_lost_connection_is_said_and_takes_nothing_in(server_case: Any, tmp_path: Path) -> None:
    mark = f"lost {tmp_path.name} {time.time_ns()}"
    source = reading(server_case, server_case.server.many(1_000_000, mark))
    with Lakehouse.open(tmp_path / "lake") as lake:

        def on_event(event: Any) -> None:
            if event.kind == "progress":
                server_case.server.sever(mark)

        with pytest.raises(SourceError, match=r"lost|ended"):
            lake.bronze.ingest(source, "t", on_event=on_event)
        assert lake.tables() == []


def test_a_limit_and_columns_reach_the_server(server_case: Any) -> None:
    there = address(server_case)
    with relay(there["host"], there["port"]) as (port, answered):
        what = {**server_case.server.many(20_000, "limited"), "host": "127.0.0.1", "port": port}
        source = reading(server_case, what)
        source.get_schema()  # of some documents, where only they tell the columns
        assert answered() > 0
        assert source.scan(ReadRequest(limit=3)).collect().height == 3
        limited = answered()
        assert source.scan(ReadRequest(columns=("half",))).collect().shape == (20_000, 1)
        narrow = answered()
        assert source.scan().collect().height == 20_000
        whole = answered()
    assert limited < whole / 4, "rows are most of it"
    assert narrow < whole / 2, "texts are most of a row"


@pytest.mark.parametrize("group", ["source", "loader"])
def test_a_wrong_password_is_said_and_not_repeated(server_case: Any, group: Any) -> None:
    about = {**server_case.server.guarded(), "table": "t", "password": Secret.literal(WRONG)}
    adapter = registry.build(group, server_case.kind, about)
    with pytest.raises(AutomicError, match="password is wrong") as caught:
        adapter.check() if group == "source" else adapter.load(pl.DataFrame({"a": [1]}))
    seen = f"{caught.value!r} {caught.value} {adapter!r} {registry.options(adapter)} {adapter.name}"
    assert WRONG not in seen + (adapter.identity if group == "source" else "")


def test_the_right_password_goes_to_its_host_only(
    server_case: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = server_case.server.guarded()
    monkeypatch.setenv("WORD", "right")
    hosts = {"word": {"env": "WORD", "hosts": [about["host"]]}, "other": {"env": "WORD", "hosts": ["db.example.com"]}}
    security = {"allowed_hosts": [about["host"]]}
    policy = AccessPolicy.from_settings(Settings.load(secrets=hosts, security=security), tmp_path)

    def built(secret: str) -> Any:
        return registry.build("source", server_case.kind, {**about, "password": f"secret:{secret}"})

    confined(built("word"), policy).check()
    with pytest.raises(SecurityError, match=r"may go to db\.example\.com"):
        confined(built("other"), policy).check()
    with pytest.raises(ConfigError, match="not declared"):
        confined(built("unknown"), policy).check()
    with pytest.raises(ConfigError, match="not declared"):
        built("word").check()
    with pytest.raises(ConfigError, match="never written here"):
        registry.build("source", server_case.kind, {**about, "password": "right"})
    strict = AccessPolicy.from_settings(Settings.load(secrets=hosts), tmp_path)
    with pytest.raises(SecurityError, match="not listed"):
        confined(built("word"), strict).check()


def test_a_server_that_is_away_is_tried_again_and_named(server_case: Any) -> None:
    about = {**address(server_case), "port": 1, "retries": 1}
    with pytest.raises(SourceError, match="does not answer") as caught:
        registry.build("source", server_case.kind, about).check()
    assert ":1/" in str(caught.value)
    with pytest.raises(LoadError, match="does not answer"):
        registry.build("loader", server_case.kind, about).load(pl.DataFrame({"a": [1]}))


def test_an_unknown_host_database_and_a_timeout_are_named(server_case: Any) -> None:
    about = address(server_case)
    with pytest.raises(SourceError, match=r"nowhere\.invalid"):
        registry.build("source", server_case.kind, {**about, "host": "nowhere.invalid"}).check()
    with pytest.raises(SourceError, match="there is no such database"):
        registry.build("source", server_case.kind, {**about, "database": "automic_absent"}).check()
    slow = reading(server_case, server_case.server.many(50_000_000, "slow"), statement_timeout=0.2)
    with pytest.raises(SourceError, match="too long"):
        for _ in slow.batches():
            pass


def test_a_load_that_loses_its_connection_changes_nothing(server_loader_case: Any, tmp_path: Path) -> None:
    loader = registry.build("loader", server_loader_case.kind, server_loader_case.at(tmp_path))
    loader.load(pl.DataFrame({"a": [1]}), "overwrite")
    before = server_loader_case.content(tmp_path)

    def batches() -> Iterator[pl.DataFrame]:
        yield pl.DataFrame({"a": range(50_000)})
        assert server_loader_case.server.sever_loader(tmp_path)
        for _ in range(50):
            yield pl.DataFrame({"a": range(50_000)})

    with pytest.raises(LoadError, match=r"lost|ended"):
        loader.load(frames.BatchStream(pl.Schema({"a": pl.Int64}), batches()), "append")
    assert server_loader_case.content(tmp_path) == before
    assert loader.load(pl.DataFrame({"a": [2]}), "append") == 1, "it can go on"


MEMORY = """
import json, resource, sys
from automic_core import registry
kind, options = json.loads(sys.argv[1])
source = registry.build("source", kind, options)
next(source.batches())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rows = sum(batch.num_rows for batch in source.batches())
print(rows, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.slow
def test_many_rows_in_bounded_memory(server_case: Any) -> None:
    with server_case.server.large() as (what, rows, most):
        command = [sys.executable, "-c", MEMORY, json.dumps([server_case.kind, {**address(server_case), **what}])]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=240)
    read, megabytes = map(int, done.stdout.split())
    assert read == rows
    assert megabytes < most, "all rows together take 150 MB more than some of them"
