"""Create, land, commit, read, replace, delete; branches and guarded publish."""

from __future__ import annotations

import datetime as dt
import resource
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pyiceberg.catalog import Catalog

from automic_core.errors import CatalogError, ConfigError, ConflictError, LoadError, SchemaError
from automic_core.lakehouse import branches, catalog, commits, files, tables


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Catalog]:
    with catalog.open_catalog("lake", catalog.local_properties(tmp_path / "lake")) as opened:
        yield opened


def orders(*ids: int) -> pl.DataFrame:
    return pl.DataFrame({"id": list(ids), "name": [f"n{i}" for i in ids]})


def data_files(root: Path) -> set[Path]:
    return {path for path in root.rglob("*.parquet") if path.is_file()}


def test_append_and_read_back_every_type(lake: Catalog) -> None:
    utc = dt.UTC
    frame = pl.DataFrame(
        {
            "i": pl.Series([1, None], dtype=pl.UInt8),
            "u": pl.Series([2**64 - 1, None], dtype=pl.UInt64),
            "text with.dot": ["a", None],
            "category": pl.Series(["x", None], dtype=pl.Categorical),
            "nothing": [None, None],
            "naive": pl.Series(["2024-01-01T02:03:04.000005", None]).str.to_datetime(time_unit="ns"),
            "zoned": pl.Series([dt.datetime(2024, 1, 1, tzinfo=utc), None], dtype=pl.Datetime("ms", "Europe/Berlin")),
            "time": [dt.time(1, 2, 3, 4), None],
            "day": [dt.date(2024, 2, 29), None],
            "money": pl.Series(["12.30", None]).cast(pl.Decimal(10, 2)),
            "took": [dt.timedelta(seconds=2), None],
            "bytes": [b"\x00\xff", None],
            "list": [["a", None], None],
            "fixed": pl.Series([[1, 2], None], dtype=pl.Array(pl.Int16, 2)),
            "nested": [{"a": 1, "b": {"c": ["x"]}}, None],
        }
    )
    table = tables.create(lake, "bronze.types", frame.schema)
    tables.append(table, files.land(table, frame.lazy()).collect())
    read = tables.scan(table).collect()
    assert read.columns == frame.columns
    assert read["u"].to_list() == [2**64 - 1, None]
    assert read["took"].to_list() == [2_000_000, None]
    assert read["zoned"].to_list() == [dt.datetime(2024, 1, 1, tzinfo=utc), None]
    assert read.schema["zoned"] == pl.Datetime("us", "UTC")
    assert read.schema["naive"] == pl.Datetime("us")
    for name in ("text with.dot", "category", "nothing", "naive", "time", "day", "money", "bytes", "list", "nested"):
        assert read[name].to_list() == frame[name].to_list(), name


def test_batch_writer_makes_the_same_rows_as_land(lake: Catalog) -> None:
    frame = orders(*range(1000))
    table = tables.create(lake, "bronze.orders", frame.schema)
    writer = files.BatchWriter(table, target_bytes=1)
    for batch in frame.to_arrow().to_batches(max_chunksize=100):
        writer.write(batch)
    landed = writer.close()
    assert sum(file.record_count for file in landed) == writer.rows == 1000
    tables.append(table, landed)
    assert_frame_equal(tables.scan(table).collect(), frame)
    assert landed[0].lower_bounds is not None


def test_nothing_landed_stays_behind_after_abort_or_failure(lake: Catalog, tmp_path: Path) -> None:
    table = tables.create(lake, "bronze.orders", orders(1).schema)
    landing = files.land(table, orders(1, 2).lazy())
    landing.collect()
    assert data_files(tmp_path)
    landing.abort()
    writer = files.BatchWriter(table)
    writer.write(orders(3).to_arrow().to_batches()[0])
    writer.abort()
    for _ in range(50):  # what the sink leaves to its threads comes later than its error, now and then
        with pytest.raises(LoadError, match="writing rows"):
            files.land(table, orders(1).lazy().with_columns(id=pl.lit("x"))).collect()
    assert files.land(table, orders(1).lazy().filter(pl.col("id") > 5)).collect() == []
    assert not data_files(tmp_path)


def test_columns_that_the_table_lacks_are_refused(lake: Catalog) -> None:
    table = tables.create(lake, "bronze.orders", orders(1).schema)
    with pytest.raises(SchemaError, match="'extra'"):
        files.land(table, orders(1).lazy().with_columns(extra=1))
    with pytest.raises(SchemaError, match="reserve"):
        tables.create(lake, "bronze.x", pl.Schema({"_pos": pl.Int64}))


def test_replace_and_delete_are_single_steps_readers_do_not_notice(lake: Catalog) -> None:
    table = tables.create(lake, "bronze.orders", orders(1).schema)
    first = tables.append(table, files.land(table, orders(1, 2).lazy()).collect(), properties={tables.RUN_ID: "r1"})
    before = tables.scan(table)
    tables.replace(table, files.land(table, orders(3, 4).lazy()).collect())
    tables.delete(table, "id = 3")
    assert before.collect()["id"].to_list() == [1, 2]
    assert tables.scan(table, first).collect()["id"].to_list() == [1, 2]
    assert tables.scan(table).collect()["id"].to_list() == [4]
    assert tables.row_count(table) == 1
    assert tables.replace(table, []) != first
    assert tables.scan(table).collect().height == 0
    assert commits.landed(table, tables.RUN_ID, "r1") == first
    assert commits.landed(table, tables.RUN_ID, "r2") is None


def test_a_replace_that_read_an_older_head_is_refused(lake: Catalog) -> None:
    table = tables.create(lake, "bronze.orders", orders(1).schema)
    seen = commits.head(table)
    other = tables.load(lake, "bronze.orders")
    tables.append(other, files.land(other, orders(1).lazy()).collect())
    with pytest.raises(ConflictError, match="moved"):
        tables.replace(table, [], expected=seen)
    assert tables.scan(table).collect().height == 1


def test_names_are_explained(lake: Catalog) -> None:
    tables.create(lake, "bronze.orders", orders(1).schema)
    with pytest.raises(CatalogError, match=r"Did you mean bronze\.orders"):
        tables.load(lake, "bronze.ordrs")
    with pytest.raises(CatalogError, match=r"There is bronze\.orders") as far:
        tables.load(lake, "bronze.nope")
    assert "Did you mean" not in far.value.hint, "the name of the layer makes no two tables alike"
    with pytest.raises(CatalogError, match="already exists"):
        tables.create(lake, "bronze.orders", orders(1).schema)
    with pytest.raises(CatalogError, match="full table name"):
        tables.create(lake, "orders", orders(1).schema)
    tables.rename(lake, "bronze.orders", "silver.orders")
    assert catalog.tables(lake) == ["silver.orders"]
    tables.drop(lake, "silver.orders", purge=True)
    assert not tables.exists(lake, "silver.orders")


def test_publish_moves_main_to_the_branch(lake: Catalog) -> None:
    table = tables.create(lake, "silver.orders", orders(1).schema)
    branch = branches.open_branch(table, "run-1")
    branch.append(files.land(table, orders(1, 2).lazy()).collect())
    reader = tables.load(lake, "silver.orders")
    assert tables.scan(reader).collect().height == 0
    assert branch.scan().collect().height == 2
    assert branches.publish(branch) == commits.head(commits.refresh(reader))
    assert tables.scan(reader).collect().height == 2
    assert set(reader.refs()) == {"main"}


def test_publish_is_refused_when_main_moved_and_nothing_is_lost(lake: Catalog) -> None:
    table = tables.create(lake, "silver.orders", orders(1).schema)
    branch = branches.open_branch(table, "run-1")
    branch.replace(files.land(table, orders(1).lazy()).collect())
    other = tables.load(lake, "silver.orders")
    tables.append(other, files.land(other, orders(9).lazy()).collect())
    with pytest.raises(ConflictError, match=r"main .*moved"):
        branches.publish(branch)
    assert tables.scan(commits.refresh(other)).collect()["id"].to_list() == [9]


def test_discard_removes_the_branch_its_snapshots_and_its_files(lake: Catalog, tmp_path: Path) -> None:
    table = tables.create(lake, "silver.orders", orders(1).schema)
    tables.append(table, files.land(table, orders(1).lazy()).collect())
    kept, snapshots = data_files(tmp_path), len(table.snapshots())
    branch = branches.open_branch(table, "run-1")
    branch.append(files.land(table, orders(2).lazy()).collect())
    branch.replace(files.land(table, orders(3).lazy()).collect())
    branches.discard(branch)
    branches.discard(branch)
    assert data_files(tmp_path) == kept
    assert len(table.snapshots()) == snapshots
    assert tables.scan(table).collect()["id"].to_list() == [1]


def test_a_leftover_branch_of_a_killed_run_is_replaced(lake: Catalog) -> None:
    table = tables.create(lake, "silver.orders", orders(1).schema)
    branches.open_branch(table, "run-1").append(files.land(table, orders(2).lazy()).collect())
    again = branches.open_branch(table, "run-1")
    assert again.scan().collect().height == 0


def test_an_object_store_gets_the_files_by_way_of_a_spool(
    lake: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tables.create(lake, "bronze.orders", orders(1).schema)
    (tmp_path / "spool").mkdir()
    monkeypatch.setattr(files.tempfile, "tempdir", str(tmp_path / "spool"))
    monkeypatch.setattr(files, "local_path", lambda _: None)
    landed = files.land(table, orders(*range(100)).lazy()).collect()
    assert not list((tmp_path / "spool").iterdir())
    tables.append(table, landed)
    assert_frame_equal(tables.scan(table).collect(), orders(*range(100)))


def test_a_full_disk_is_a_clear_error_and_changes_nothing(lake: Catalog, tmp_path: Path) -> None:
    table = tables.create(lake, "bronze.orders", pl.Schema({"id": pl.Int64}))
    noise = pl.select(id=pl.int_range(200_000)).with_columns(pl.col("id").hash().reinterpret(signed=True))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    try:
        with pytest.raises(LoadError, match=r"writing rows for bronze\.orders"):
            files.land(table, noise.lazy()).collect()
        writer = files.BatchWriter(table)
        with pytest.raises(LoadError, match=r"bronze\.orders"):  # noqa: PT012
            for batch in noise.to_arrow().to_batches():
                writer.write(batch)
            writer.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    writer.abort()
    assert tables.scan(commits.refresh(table)).collect().height == 0
    assert not data_files(tmp_path)


def test_unknown_catalogs_and_columns_are_explained(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unknown type 'oracle'"):
        catalog.open_catalog("x", {"type": "oracle"})
    with pytest.raises(CatalogError, match="cannot be opened"):
        catalog.open_catalog("x", {"type": "sql", "uri": f"sqlite:///{tmp_path}/no/such/folder.db"})
    (tmp_path / "file").write_text("")
    with pytest.raises(CatalogError, match="creating the lake's folder"):
        catalog.local_properties(tmp_path / "file")
