"""Compaction, forgetting old states, deleting orphans."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pyiceberg.catalog import Catalog
from pyiceberg.table import Table

from automic_core.errors import CatalogError, ConflictError
from automic_core.lakehouse import branches, catalog, commits, files, history, maintenance, schemas, tables

NOW = timedelta(seconds=-1)


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Catalog]:
    with catalog.open_catalog("lake", catalog.local_properties(tmp_path / "lake")) as opened:
        yield opened


@pytest.fixture
def table(lake: Catalog) -> Table:
    table = tables.create(lake, "silver.t", pl.Schema({"id": pl.Int64, "v": pl.String}))
    for i in range(3):
        tables.append(table, land(table, i))
    return table


def land(table: Table, key: int) -> list[files.DataFile]:
    name = table.schema().fields[1].name
    return files.land(table, pl.LazyFrame({"id": [key], name: [f"v{key}"]})).collect()


def test_compaction_keeps_the_rows_and_old_states(table: Table) -> None:
    schemas.rename_column(table, "v", "w")
    before, old = tables.scan(table).collect().sort("id"), commits.head(table)
    assert maintenance.compact(table) == 3
    assert len(list(table.scan().plan_files())) == 1
    assert_frame_equal(tables.scan(table).collect().sort("id"), before)
    assert_frame_equal(tables.scan(table, old).collect().sort("id"), before)
    assert maintenance.compact(table) == 0


@pytest.mark.parametrize("rewrites", [False, True])
def test_compaction_gives_way_to_a_writer(
    lake: Catalog, table: Table, monkeypatch: pytest.MonkeyPatch, rewrites: bool
) -> None:
    """Who adds rows meanwhile does not disturb it; who rewrites one of its files comes first."""
    close = files.BatchWriter.close

    def overtaken(writer: files.BatchWriter) -> list[files.DataFile]:
        other = tables.load(lake, "silver.t")
        tables.append(other, land(other, 9))
        if rewrites:
            tables.delete(other, "id = 1")
        return close(writer)

    monkeypatch.setattr(files.BatchWriter, "close", overtaken)
    if rewrites:
        with pytest.raises(ConflictError, match="rewrote files"):
            maintenance.compact(table)
    else:
        assert maintenance.compact(table) == 3
    found = tables.scan(commits.refresh(table)).collect()["id"].sort().to_list()
    assert found == ([0, 2, 9] if rewrites else [0, 1, 2, 9])
    if not rewrites:
        assert len(list(table.scan().plan_files())) == 2
        return
    assert not [path for path in maintenance.remove_orphans(table, older_than=NOW) if path.suffix == ".parquet"]


def test_expired_states_and_their_files_go_and_nothing_else(table: Table, tmp_path: Path) -> None:
    draft = branches.open_branch(table, "draft")
    draft.append(land(table, 7))
    tables.replace(table, land(table, 8))
    count = len(table.snapshots())
    assert maintenance.expire(table) == []
    assert maintenance.expire(table, older_than=NOW, keep=count) == []
    gone = maintenance.expire(table, older_than=NOW, keep=1)
    assert gone
    assert [info.id for info in history.history(table)][-1] == commits.head(table)
    with pytest.raises(CatalogError, match="no snapshot"):
        tables.scan(table, gone[0])
    landed = files.land(table, pl.LazyFrame({"id": [1]})).collect()
    assert maintenance.remove_orphans(table) == []
    removed = maintenance.remove_orphans(table, older_than=NOW)
    assert files.local_path(landed[0].file_path) in removed
    assert tables.scan(table).collect().rows() == [(8, "v8")]
    assert sorted(draft.scan().collect()["id"].to_list()) == [0, 1, 2, 7]
    assert maintenance.remove_orphans(table, older_than=NOW) == []
    tables.append(table, land(table, 9))
    assert tables.scan(table).collect().height == 2


def test_a_table_that_takes_the_name_of_a_renamed_one_has_a_folder_of_its_own(lake: Catalog, table: Table) -> None:
    renamed = tables.rename(lake, "silver.t", "silver.old")
    again = tables.create(lake, "silver.t", pl.Schema({"id": pl.Int64}))
    assert maintenance.remove_orphans(again, older_than=NOW) == []
    assert tables.scan(renamed).collect().height == 3
    assert again.location() != table.location()
