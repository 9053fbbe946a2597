"""A process that dies at any point of an incremental run: the next one loses nothing and doubles nothing."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from automic_core import Incremental, ParquetSource
from automic_core.lake import Lakehouse
from automic_core.medallion import watermarks
from tests import killing

JOB = """
import sys

from automic_core import Incremental, Lakehouse, ParquetSource

with Lakehouse.open(sys.argv[1] + "/lake") as lake:
    source = ParquetSource(sys.argv[1] + "/t.parquet")
    lake.bronze.ingest(source, "t", incremental=Incremental("at", lag=1))
"""
FIRST = [(1, "a"), (2, "b"), (2, "b"), (None, "c")]
LATER = [*FIRST, (2, "d"), (1, "late"), (3, "e"), (None, "f")]


def deliver(folder: Path, rows: list[tuple[int | None, str]]) -> None:
    pl.DataFrame(rows, schema={"at": pl.Int64, "v": pl.String}, orient="row").write_parquet(folder / "t.parquet")


def work(folder: Path) -> None:
    with Lakehouse.open(folder / "lake") as lake:
        lake.bronze.ingest(ParquetSource(str(folder / "t.parquet")), "t", incremental=Incremental("at", lag=1))


def seen(folder: Path) -> tuple[list[tuple[int | None, str]], object]:
    """The rows, and the watermark beside them."""
    with Lakehouse.open(folder / "lake") as lake:
        rows = lake.scan("bronze.t").select("at", "v").collect().rows()
        (mark,) = watermarks.marks(lake.context.need("bronze.t")).values()
        return sorted(rows, key=repr), mark.value


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Every point of the second run."""
    folder = tmp_path_factory.mktemp("points")
    deliver(folder, FIRST)
    work(folder)
    deliver(folder, LATER)
    found = killing.points(JOB, folder, log=folder / "points.log")
    assert seen(folder) == (sorted(LATER, key=repr), 3)
    return found


def die_and_rerun(folder: Path, point: str) -> None:
    deliver(folder, FIRST)
    work(folder)
    deliver(folder, LATER)
    killing.dies(JOB, folder, at=point)
    before, after = (sorted(FIRST, key=repr), 2), (sorted(LATER, key=repr), 3)
    assert seen(folder) in (before, after), f"{point}: rows and watermark moved together or not at all"
    for _ in range(2):
        work(folder)
        assert seen(folder) == after, point
    with Lakehouse.open(folder / "lake") as lake:
        assert list(lake.context.state.watermarks().values()) == [3], "the mirror is right again"


def test_rows_and_watermark_are_one_commit(points: list[str], tmp_path: Path) -> None:
    assert "publish.after:2" not in points, "there is no second commit for the watermark to be lost in"
    for point in ("publish.before", "publish.after"):
        folder = tmp_path / point
        folder.mkdir()
        die_and_rerun(folder, point)


@pytest.mark.slow
def test_a_kill_at_every_other_point(points: list[str], tmp_path: Path) -> None:
    rest = [point for point in points if not point.startswith("publish.")]
    assert rest
    for number, point in enumerate(rest):
        folder = tmp_path / str(number)
        folder.mkdir()
        die_and_rerun(folder, point)
