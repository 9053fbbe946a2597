"""Retention: states older than the settings say go when a table is published, but none that others rest on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from automic_core import cli
from automic_core.connectors.files.csv import CSVSource
from automic_core.lake import Lakehouse
from automic_core.lakehouse.maintenance import compact
from automic_core.medallion import retention, tidying

KEPT = {layer: {"retention_days": 1} for layer in ("bronze", "silver", "gold")}


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lakehouse]:
    """Every state is older than a day."""
    monkeypatch.setattr(retention, "DAY", timedelta(seconds=-1))
    with Lakehouse.open(tmp_path / "lake", medallion=KEPT) as opened:
        yield opened


def give(lake: Lakehouse, folder: Path, number: int) -> None:
    path = folder / f"{number}.csv"
    path.write_text(f"id,v\n{number},a\n")
    lake.bronze.ingest(CSVSource(str(path)), "t")


def states(lake: Lakehouse, name: str) -> list[int]:
    return [info.id for info in lake.history(name)]


def test_old_states_go_when_a_table_is_published(lake: Lakehouse, tmp_path: Path) -> None:
    made: list[int | None] = []
    for number in range(4):
        give(lake, tmp_path, number)
        made.append(lake.silver.promote("t").snapshot)
        if number == 1:
            lake.gold.build("g", "SELECT count(*) AS n FROM silver.t")
    assert states(lake, "silver.t") == [made[1], made[3]], "gold was made of one of them"
    lake.gold.build("g", "SELECT count(*) AS n FROM silver.t")
    lake.silver.promote("t")
    assert len(states(lake, "gold.g")) == 1
    assert made[1] not in states(lake, "silver.t")
    assert lake.scan("gold.g").collect()["n"].to_list() == [4]


def test_the_run_behind_the_present_rows_stays(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, 1)
    lake.silver.promote("t")
    for number in (2, 3):
        give(lake, tmp_path, number)
    made = lake.silver.promote("t").snapshot
    table = lake.context.need("silver.t")
    assert compact(table) == 2, "what an increment added is a file of its own"
    retention.retain(lake.context, "silver.t", [])
    assert states(lake, "silver.t")[-2:] == [made, states(lake, "silver.t")[-1]]
    assert lake.quarantine("t").is_empty()
    assert lake.silver.promote("t").report.rows_out == 3


def test_bronze_remembers_every_batch(lake: Lakehouse, tmp_path: Path) -> None:
    for number in range(3):
        give(lake, tmp_path, number)
    assert retention.retain(lake.context, "bronze.t", []) == []
    give(lake, tmp_path, 0)
    assert lake.scan("bronze.t").collect().height == 3, "what was taken in is not taken in again"


def test_nothing_goes_without_a_setting(tmp_path: Path) -> None:
    with Lakehouse.open(tmp_path / "lake") as lake:
        give(lake, tmp_path, 1)
        made = [lake.silver.promote("t").snapshot for _ in range(3)]
        assert states(lake, "silver.t")[-3:] == made


def test_a_table_is_tidied_up_by_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Lakehouse.open(tmp_path / "lake") as lake:
        for number in range(3):
            give(lake, tmp_path, number)
            lake.silver.promote("t")
        rows = {name: lake.scan(name).sort("_rid").collect() for name in ("bronze.t", "silver.t")}
        tagged = states(lake, "silver.t")[1]
        lake.context.need("silver.t").manage_snapshots().create_tag(tagged, "audited").commit()
        kept = states(lake, "bronze.t")
    how = ["--lake", str(tmp_path / "lake")]
    assert cli.run(["maintain", "silver.t", *how]) == 0
    assert capsys.readouterr().out == (
        "silver.t: 3 files merged\nNote: Old states stay where retention_days is not set.\n"
    )
    assert cli.run(["maintain", "t", "--older-than", "0", "--json", *how]) == 0
    bronze, silver = json.loads(capsys.readouterr().out)
    assert (bronze["table"], bronze["merged"], bronze["states"]) == ("bronze.t", 3, 0)
    assert "record of what was taken in" in bronze["stays"][0]
    assert (silver["merged"], silver["states"], silver["stays"]) == (0, 2, [])
    assert cli.run(["maintain", "nothing", *how]) == 2
    assert "no table nothing" in capsys.readouterr().err
    assert cli.run(["maintain", "t", "--older-than", "-1", *how]) == 2
    with Lakehouse.open(tmp_path / "lake") as lake:
        for name, before in rows.items():
            assert lake.scan(name).sort("_rid").collect().equals(before)
        assert lake.scan("silver.t", tagged).collect().height == 1, "what a tag names stays"
        assert states(lake, "bronze.t")[:-1] == kept
        assert len(list(lake.context.need("bronze.t").scan().plan_files())) == 1
        assert lake.silver.promote("t").report.rows_out == 3


def test_many_small_batches_are_merged_by_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tidying, "MERGE_AFTER", 3)
    with Lakehouse.open(tmp_path / "lake") as lake:
        files = []
        for number in range(4):
            give(lake, tmp_path, number)
            files.append(len(list(lake.context.need("bronze.t").scan().plan_files())))
        assert files == [1, 2, 1, 2]
        assert sorted(lake.scan("bronze.t").collect()["id"]) == ["0", "1", "2", "3"]
        give(lake, tmp_path, 0)
        assert lake.scan("bronze.t").collect().height == 4, "what was taken in is not taken in again"
