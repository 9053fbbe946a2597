"""Retention: states older than the settings say go when a table is published, but none that others rest on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from automic_core.connectors.files.csv import CSVSource
from automic_core.lake import Lakehouse
from automic_core.lakehouse.maintenance import compact
from automic_core.medallion import retention

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
    retention.retain(lake.context, "silver.t")
    assert states(lake, "silver.t")[-2:] == [made, states(lake, "silver.t")[-1]]
    assert lake.quarantine("t").is_empty()
    assert lake.silver.promote("t").report.rows_out == 3


def test_bronze_remembers_every_batch(lake: Lakehouse, tmp_path: Path) -> None:
    for number in range(3):
        give(lake, tmp_path, number)
    assert retention.retain(lake.context, "bronze.t") == []
    give(lake, tmp_path, 0)
    assert lake.scan("bronze.t").collect().height == 3, "what was taken in is not taken in again"


def test_nothing_goes_without_a_setting(tmp_path: Path) -> None:
    with Lakehouse.open(tmp_path / "lake") as lake:
        give(lake, tmp_path, 1)
        made = [lake.silver.promote("t").snapshot for _ in range(3)]
        assert states(lake, "silver.t")[-3:] == made
