"""Upsert: the same result as an anti-join rewrite, touching only files that hold a changed key."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pyiceberg.catalog import Catalog
from pyiceberg.table import Table

from automic_core.errors import SchemaError, TransformError
from automic_core.lakehouse import branches, catalog, commits, files, schemas, tables
from automic_core.lakehouse.upsert import upsert


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Catalog]:
    with catalog.open_catalog("lake", catalog.local_properties(tmp_path / "lake")) as opened:
        yield opened


def rows(start: int, stop: int, mark: str = "old") -> pl.DataFrame:
    return pl.DataFrame({"id": range(start, stop)}).with_columns(
        name=pl.format("k{}", pl.col("id").cast(pl.String).str.zfill(6)),
        day=pl.date(2024, 1, 1) + pl.duration(days=pl.col("id")),
        mark=pl.lit(mark),
    )


@pytest.fixture
def ten_files(lake: Catalog) -> Table:
    table = tables.create(lake, "silver.orders", rows(0, 1).schema)
    landed = [files.land(table, rows(i * 100, i * 100 + 100).lazy()).collect() for i in range(10)]
    tables.append(table, [file for group in landed for file in group])
    return table


@pytest.mark.parametrize("keys", [["id"], ["name"], ["day"], ["id", "name"]])
@pytest.mark.parametrize(
    ("changes", "touched", "updated", "inserted"),
    [
        (rows(250, 350, "new"), 2, 100, 0),
        (rows(950, 1050, "new"), 1, 50, 50),
        (rows(2000, 2010, "new"), 0, 0, 10),
        (rows(0, 1000, "new").gather_every(7), 10, 143, 0),
        (rows(0, 0, "new"), 0, 0, 0),
    ],
)
def test_result_equals_a_rewrite_and_untouched_files_stay(
    ten_files: Table, keys: list[str], changes: pl.DataFrame, touched: int, updated: int, inserted: int
) -> None:
    before = tables.scan(ten_files).collect()
    result = upsert(ten_files, changes.sample(fraction=1, shuffle=True, seed=1), keys)
    expected = pl.concat([before.join(changes, on=keys, how="anti"), changes])
    assert_frame_equal(tables.scan(ten_files).collect().sort("id"), expected.sort("id"))
    assert (result.rewritten, result.kept) == (touched, 10 - touched)
    assert (result.updated, result.inserted) == (updated, inserted)
    assert result.snapshot_id == commits.head(ten_files)


def test_bad_keys_are_named_and_nothing_is_written(ten_files: Table) -> None:
    now = commits.head(ten_files)
    twice = pl.concat([rows(1, 3), rows(2, 4)])
    with pytest.raises(TransformError, match=r"2 rows share .* id=2"):
        upsert(ten_files, twice, ["id"])
    with pytest.raises(TransformError, match="1 rows have no key: id=None"):
        upsert(ten_files, rows(1, 2).with_columns(id=pl.lit(None, dtype=pl.Int64)), ["id"])
    with pytest.raises(SchemaError, match="'mark'"):
        upsert(ten_files, rows(1, 2).drop("mark"), ["id"])
    with pytest.raises(SchemaError, match="'nope'"):
        upsert(ten_files, rows(1, 2), ["nope"])
    assert commits.head(commits.refresh(ten_files)) == now


def test_rows_with_null_keys_and_old_files_survive(ten_files: Table) -> None:
    schemas.rename_column(ten_files, "mark", "label")
    schemas.add_columns(ten_files, pl.Schema({"extra": pl.Int64}))
    odd = pl.DataFrame({"id": [None], "name": ["odd"], "label": ["kept"], "day": [dt.date(2024, 1, 1)]})
    tables.append(ten_files, files.land(ten_files, odd.lazy().cast({"id": pl.Int64})).collect())
    change = rows(150, 151, "new").rename({"mark": "label"}).with_columns(extra=pl.lit(7, dtype=pl.Int64))
    result = upsert(ten_files, change, ["id"])
    read = tables.scan(ten_files).collect()
    assert (result.rewritten, read.height) == (1, 1001)
    assert read.filter(pl.col("id").is_null())["label"].to_list() == ["kept"]
    assert read.filter(pl.col("id") == 150).select("label", "extra").row(0) == ("new", 7)
    assert read.filter(pl.col("id") == 151).select("label", "extra").row(0) == ("old", None)


def test_upsert_on_a_branch_leaves_main_alone(ten_files: Table) -> None:
    branch = branches.open_branch(ten_files, "run")
    upsert(ten_files, rows(0, 1, "new"), ["id"], branch="run")
    assert tables.scan(ten_files).filter(pl.col("mark") == "new").collect().height == 0
    branches.publish(branch)
    assert tables.scan(ten_files).filter(pl.col("mark") == "new").collect().height == 1


@pytest.mark.parametrize("keys", [["id"], ["name"], ["id", "day"]])
def test_rows_go_in_the_same_snapshot(ten_files: Table, keys: list[str]) -> None:
    before = tables.scan(ten_files).collect()
    changes, gone = rows(250, 300, "new"), pl.concat([rows(300, 320), rows(720, 730), rows(5000, 5001)]).select(keys)
    result = upsert(ten_files, changes, keys, deletes=gone, properties={"mark": "x"})
    assert (result.updated, result.inserted, result.deleted, result.rewritten, result.kept) == (50, 0, 30, 3, 7)
    left = before.join(pl.concat([changes.select(keys), gone]), on=keys, how="anti")
    assert_frame_equal(tables.scan(ten_files).collect().sort("id"), pl.concat([left, changes]).sort("id"))
    whole = upsert(ten_files, rows(0, 0), keys, deletes=before.select(keys))
    assert (whole.deleted, tables.row_count(ten_files)) == (970, 0)
