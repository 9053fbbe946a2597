"""A run whose rows are in has succeeded, whatever becomes of what is done for the table afterwards."""

from __future__ import annotations

import re
import resource
from pathlib import Path

import polars as pl
import pytest

from automic_core.connectors.files.parquet import ParquetSource
from automic_core.errors import ConflictError
from automic_core.events import RunReport
from automic_core.lake import Lakehouse
from automic_core.lakehouse import maintenance
from automic_core.medallion import retention, tidying
from tests.core.changelogs import MemorySource, Table

DISK = 1_000_000  # bytes that a file may have


def give(lake: Lakehouse, folder: Path, number: int) -> list[str]:
    """One batch of about 400 KB; the warnings of its run."""
    path = folder / f"{number}.parquet"
    noise = pl.select(id=pl.int_range(25_000)).with_columns(
        v=pl.col("id").hash(number), w=pl.col("id").hash(number + 99)
    )
    noise.write_parquet(path)
    (report,) = lake.bronze.ingest(ParquetSource(str(path)), "t").reports
    return report.warnings


def files(lake: Lakehouse, name: str) -> int:
    return len(list(lake.context.need(name).scan().plan_files()))


def told(report: RunReport) -> set[tuple[str, str]]:
    """What failed for which table, by the warnings of a run."""
    found = [
        re.fullmatch(r".* but (.*) failed: .*away.*automic maintain (\S+), or.*", each) for each in report.warnings
    ]
    return {(each[1], each[2]) for each in found if each is not None}


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two small files are many, however large a share of their table."""
    monkeypatch.setattr(tidying, "MERGE_AFTER", 2)
    monkeypatch.setattr(tidying, "SMALL_SHARE", 1)
    monkeypatch.setattr(retention, "days", lambda *_: 1)


@pytest.mark.usefixtures("soon")
def test_rows_are_in_when_the_disk_is_too_full_to_merge_files(lake: Lakehouse, tmp_path: Path) -> None:
    assert give(lake, tmp_path, 0) == []
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (DISK, limits[1]))
    try:
        assert give(lake, tmp_path, 1) == []
        (warning,) = give(lake, tmp_path, 2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "merging small files failed" in warning
    assert "File too large" in warning
    assert "automic maintain bronze.t" in warning
    assert lake.scan("bronze.t").collect().height == 75_000
    newest = lake.context.state.runs()[0]
    assert (newest.state, newest.report["warnings"]) == ("succeeded", [warning])
    before = files(lake, "bronze.t")
    assert give(lake, tmp_path, 3) == [], "done the next time"
    assert (before, files(lake, "bronze.t")) == (2, 1)


@pytest.mark.usefixtures("soon")
def test_rows_are_in_when_the_store_goes_away(lake: Lakehouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    give(lake, tmp_path, 0)

    def gone(*_: object, **__: object) -> None:
        raise OSError("the store is away")

    monkeypatch.setattr(maintenance, "compact", gone)
    monkeypatch.setattr(maintenance, "expire", gone)
    lake.silver.promote("t")
    give(lake, tmp_path, 1)
    promoted = lake.silver.promote("t", full=False)
    built = lake.gold.build("g", sql="SELECT count(*) AS n FROM silver.t")
    table = Table()
    table.commit([("put", 1, "a", "b")])
    followed = lake.bronze.follow(MemorySource(table), "f")
    assert told(promoted.report) == {("merging small files", "silver.t"), ("forgetting old states", "silver.t")}
    assert told(built.report) == {("forgetting old states", "gold.g")}
    assert ("merging small files", "bronze.f") in told(followed.report)


@pytest.mark.usefixtures("soon")
def test_who_changes_the_table_meanwhile_comes_first(
    lake: Lakehouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    give(lake, tmp_path, 0)

    def overtaken(*_: object, **__: object) -> None:
        raise ConflictError("Somebody else was there.")

    monkeypatch.setattr(maintenance, "compact", overtaken)
    assert give(lake, tmp_path, 1) == []
