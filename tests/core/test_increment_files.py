"""What a promotion of some rows reads and writes: parts of files that cannot hold a key that came stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from automic_core.connectors.files.csv import CSVSource
from automic_core.lake import Lakehouse
from automic_core.lakehouse import files, maintenance
from automic_core.lakehouse.files import local_path
from automic_core.medallion import staged, tidying
from automic_core.records import Field, FieldType, Schema
from automic_core.transforms.rules import InSet, Range, SQLRule

TYPED = Schema("t", [Field("id", FieldType.STRING), Field("name"), Field("amount", FieldType.INTEGER)])
FILE_ROWS, ROWS = 10, 100


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lakehouse]:
    """Ten rows a file of silver, and a part of a file of bronze."""
    monkeypatch.setattr(files, "ROW_GROUP_ROWS", FILE_ROWS)
    monkeypatch.setattr(staged, "FILE_BYTES", 1)
    monkeypatch.setattr(staged, "FILE_SHARE", 0)
    monkeypatch.setattr(tidying, "TINY_BYTES", 1)
    monkeypatch.setattr(tidying, "MERGE_AFTER", 2)
    with Lakehouse.open(tmp_path / "lake", actor="ann") as opened:
        yield opened


def give(lake: Lakehouse, ids: range | list[int], amount: int) -> None:
    path = lake.context.root.parent / f"{len(list(lake.context.root.parent.glob('*.csv')))}.csv"
    path.write_text("id,name,amount\n" + "".join(f"{i:04},n{i},{amount}\n" for i in ids))
    lake.bronze.ingest(CSVSource(str(path)), "t", keys=["id"])


def of(lake: Lakehouse, name: str) -> dict[str, int]:
    """Files of a table and their rows."""
    tasks = lake.context.need(name).scan().plan_files()
    return {task.file.file_path: task.file.record_count for task in tasks}


def test_only_the_file_of_an_old_version_is_written_anew(lake: Lakehouse) -> None:
    give(lake, range(ROWS), 1)
    lake.silver.promote("t", TYPED)
    before = of(lake, "silver.t")
    assert set(before.values()) == {FILE_ROWS}
    give(lake, [95], 2)
    lake.silver.promote("t", TYPED)
    after = of(lake, "silver.t")
    assert len(before.keys() - after.keys()) == 1
    assert sorted(after.values()) == [1, FILE_ROWS - 1, *[FILE_ROWS] * (ROWS // FILE_ROWS - 1)]


def test_versions_of_rows_everywhere_leave_files_as_small_as_they_were(lake: Lakehouse) -> None:
    give(lake, range(ROWS), 1)
    lake.silver.promote("t", TYPED)
    give(lake, list(range(5, ROWS, FILE_ROWS)), 2)
    lake.silver.promote("t", TYPED)
    assert max(of(lake, "silver.t").values()) == FILE_ROWS
    assert lake.scan("silver.t").collect()["amount"].sum() == ROWS + ROWS // FILE_ROWS


def test_files_are_tidied_as_they_are_meant_to_be(lake: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    give(lake, range(ROWS), 1)
    lake.silver.promote("t", TYPED)
    before = of(lake, "silver.t")
    assert tidying.tidy(lake.context, "silver.t").merged == 0
    monkeypatch.setattr(tidying, "TINY_BYTES", maintenance.SMALL_BYTES)
    assert tidying.tidy(lake.context, "silver.t").merged == len(before)


def test_many_increments_leave_few_files_everywhere(lake: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tidying, "MERGE_AFTER", 4)
    monkeypatch.setattr(tidying, "TINY_BYTES", 1 << 18)
    rules: list[Any] = [("more", SQLRule(sql="amount > 1"))]
    for number in range(9):
        for amount in (1, 2):
            give(lake, [2 * number + amount], amount)
        assert lake.silver.promote("t", TYPED, rules=rules).report.warnings == []
    assert {name: len(of(lake, name)) for name in ("silver.t", "quarantine.t", "meta.removed")} == {
        "silver.t": 3,
        "quarantine.t": 3,
        "meta.removed": 3,
    }
    aside = lake.quarantine("t")
    assert aside["_rid"].n_unique() == aside.height == lake.scan("silver.t").collect().height == 9


@pytest.mark.parametrize("warns", [True, False])
def test_rows_far_from_what_came_are_not_read(lake: Lakehouse, warns: bool) -> None:
    rules: list[Any] = [("few", Range(columns=["amount"], max=50))]
    rules += [("known", InSet(columns=["name"], values=["n0"], action="warn"))] if warns else []
    give(lake, range(ROWS), 1)
    lake.silver.promote("t", TYPED, rules=rules)
    for name in ("bronze.t", "silver.t"):
        spoil(local_path(min(of(lake, name))))
        with pytest.raises(pl.exceptions.PolarsError):
            lake.scan(name).collect()
    give(lake, [95, 101], 3)
    done = lake.silver.promote("t", TYPED, rules=rules)
    assert (done.report.rows_in, done.report.rows_out) == (ROWS + 2, ROWS + 1)
    assert done.report.steps[-1].warned == ({"known": ROWS} if warns else {})


def spoil(path: Path | None) -> None:
    """Make the first part of a file unreadable."""
    assert path is not None
    content, columns = bytearray(path.read_bytes()), pq.read_metadata(path).row_group(0)
    for place in range(columns.num_columns):
        begin = columns.column(place).dictionary_page_offset or columns.column(place).data_page_offset
        content[begin : begin + columns.column(place).total_compressed_size] = bytes(
            columns.column(place).total_compressed_size
        )
    path.write_bytes(content)
