"""Bronze: every record as it arrived, once, with its origin."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from automic_core.connectors.databases.sqlite import SQLiteSource
from automic_core.connectors.files.csv import CSVSource
from automic_core.connectors.files.json import JSONSource
from automic_core.connectors.files.parquet import ParquetSource
from automic_core.contracts import ReadRequest, SourceAdapter
from automic_core.errors import AutomicError, SchemaError, SourceError
from automic_core.lake import Lakehouse
from automic_core.records import Record

BITS = 36


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lakehouse]:
    with Lakehouse.open(tmp_path / "lake", actor="ann") as lake:
        yield lake


def csv(folder: Path, name: str, text: str) -> CSVSource:
    (folder / name).write_text(text)
    return CSVSource(str(folder / name))


def rows(lake: Lakehouse, table: str = "bronze.t") -> pl.DataFrame:
    return lake.scan(table).sort("_rid").collect()


class Given(SourceAdapter):
    """Records from memory; breaks after some of them if it is told to."""

    def __init__(self, records: list[dict[str, object]], breaks_after: int | None = None) -> None:
        self.records, self.breaks_after = records, breaks_after

    def read(self) -> Iterator[Record]:
        for number, data in enumerate(self.records):
            if number == self.breaks_after:
                raise SourceError("The line went dead.", "Call again.")
            yield Record(dict(data))


def test_text_stays_text_and_every_row_knows_its_origin(lake: Lakehouse, tmp_path: Path) -> None:
    source = csv(tmp_path, "a.csv", "id,amount,day\n007,1.50,2024-01-01\n008,NA,\n")
    done = lake.bronze.ingest(source, "t")
    found = rows(lake)
    assert found.select("id", "amount", "day").rows() == [("007", "1.50", "2024-01-01"), ("008", "NA", "")]
    assert found["_rid"].to_list() == [(1 << BITS) | 1, (1 << BITS) | 2]
    assert found["_batch_id"].to_list() == [1, 1]
    assert found["_source_row"].to_list() == [1, 2]
    assert found["_source"].unique().to_list() == [str(tmp_path / "a.csv")]
    assert found["_ingested_at"].dtype == pl.Datetime("us", "UTC")
    assert found["_ingested_at"].n_unique() == 1
    assert done.rows == 2
    done.reports[0].check()


def test_a_glob_is_many_batches(lake: Lakehouse, tmp_path: Path) -> None:
    for name in "abc":
        csv(tmp_path, f"{name}.csv", f"id\n{name}1\n{name}2\n")
    done = lake.bronze.ingest(CSVSource(str(tmp_path / "*.csv")), "t")
    assert [report.rows_out for report in done.reports] == [2, 2, 2]
    found = rows(lake)
    assert found["id"].to_list() == ["a1", "a2", "b1", "b2", "c1", "c2"]
    assert found["_batch_id"].to_list() == [1, 1, 2, 2, 3, 3]
    assert (found["_rid"] // 2**BITS).to_list() == [1, 1, 2, 2, 3, 3]


def test_malformed_records_count_in_the_ordinals(lake: Lakehouse, tmp_path: Path) -> None:
    done = lake.bronze.ingest(csv(tmp_path, "a.csv", "id,v\n1,a\n2\n3,c,x,y\n4,d\n"), "t")
    found = rows(lake)
    assert found["_source_row"].to_list() == [1, 2, 3, 4]
    rescued = [json.loads(text) if text else None for text in found["_rescued"]]
    assert rescued[0] is None
    assert rescued[3] is None
    assert (rescued[1]["line"], rescued[1]["byte"]) == (3, 9)
    assert rescued[2]["line"] == 4
    assert done.reports[0].rows_in == 4
    assert "2 rows" in done.reports[0].warnings[0]


def test_a_redelivered_file_adds_nothing(lake: Lakehouse, tmp_path: Path) -> None:
    source = csv(tmp_path, "a.csv", "id\n1\n")
    lake.bronze.ingest(source, "t")
    again = lake.bronze.ingest(source, "t")
    assert again.rows == 0
    assert again.unchanged == [str(tmp_path / "a.csv")]
    changed = lake.bronze.ingest(csv(tmp_path, "a.csv", "id\n1\n2\n"), "t")
    assert changed.rows == 2
    assert rows(lake)["_batch_id"].to_list() == [1, 2, 2]
    forced = lake.bronze.ingest(source, "t", force=True)
    assert forced.rows == 2
    assert rows(lake)["_rid"].is_unique().all()
    assert rows(lake).height == 5


def test_rows_that_a_snapshot_replaced_are_not_told_to_be_there(lake: Lakehouse, tmp_path: Path) -> None:
    for text in ("id\n1\n2\n3\n", "id\n1\n2\n"):
        lake.bronze.ingest(csv(tmp_path, "a.csv", text), "t", mode="snapshot")
    (report,) = lake.bronze.ingest(csv(tmp_path, "a.csv", "id\n9\n"), "t").reports
    assert "its 2 rows are there still" in report.warnings[0]


@pytest.mark.parametrize(
    ("how", "silver", "warned"),
    [({}, 5, True), ({"keys": ["id"]}, 3, False), ({"mode": "snapshot"}, 3, False)],
    ids=["append", "keys", "snapshot"],
)
def test_a_corrected_file_beside_its_older_rows_is_told_with_what_replaces_them(
    lake: Lakehouse, tmp_path: Path, how: dict[str, Any], silver: int, warned: bool
) -> None:
    lake.bronze.ingest(csv(tmp_path, "a.csv", "id,v\n1,a\n2,b\n"), "t", **how)
    assert not lake.bronze.ingest(csv(tmp_path, "b.csv", "id,v\n3,c\n"), "t", **how).reports[0].warnings
    corrected = csv(tmp_path, "a.csv", "id,v\n1,a\n2,B\n")
    (report,) = lake.bronze.ingest(corrected, "t", **how).reports
    told = ["a.csv was taken in before, with other content: its 2 rows are there still, beside the new ones"]
    assert [warning.split(". To")[0] for warning in report.warnings] == (told if warned else [])
    assert lake.silver.promote("t").report.rows_out == silver
    if warned:  # what it advises does replace them
        lake.bronze.ingest(corrected, "t", "snapshot", force=True)
        assert lake.silver.promote("t").report.rows_out == 3


def test_a_redelivered_extract_adds_nothing_although_its_hash_is_known_only_after_reading(lake: Lakehouse) -> None:
    records: list[dict[str, object]] = [{"id": 1, "v": "a"}, {"id": 2, "v": None}]
    assert lake.bronze.ingest(Given(records), "t").rows == 2
    assert lake.bronze.ingest(Given(records), "t").unchanged == ["Given"]
    renamed = [{"id": row["id"], "w": row["v"]} for row in records]
    assert lake.bronze.ingest(Given(renamed), "t").rows == 2, "other columns are other content"
    assert lake.bronze.ingest(Given(records[:1]), "t").rows == 1
    assert rows(lake)["_rid"].is_unique().all()


def test_a_batch_that_was_rolled_back_can_come_again(lake: Lakehouse, tmp_path: Path) -> None:
    lake.bronze.ingest(csv(tmp_path, "a.csv", "id\n1\n"), "t")
    before = lake.history("bronze.t")[-1].id
    second = csv(tmp_path, "b.csv", "id\n2\n")
    lake.bronze.ingest(second, "t")
    lake.rollback("bronze.t", before)
    assert rows(lake)["id"].to_list() == ["1"]
    assert lake.bronze.ingest(second, "t").rows == 1
    assert rows(lake)["id"].to_list() == ["1", "2"]
    assert lake.bronze.ingest(second, "t").rows == 0


def test_numbers_go_on_where_they_were_without_the_state_file(lake: Lakehouse, tmp_path: Path) -> None:
    first = csv(tmp_path, "a.csv", "id\n1\n")
    lake.bronze.ingest(first, "t")
    lake.close()
    (tmp_path / "lake" / "state.db").unlink()
    with Lakehouse.open(tmp_path / "lake") as again:
        assert again.bronze.ingest(first, "t").rows == 0
        again.bronze.ingest(csv(tmp_path, "b.csv", "id\n2\n"), "t")
        assert rows(again)["_batch_id"].to_list() == [1, 2]


# Schema contracts: nothing a source delivers is lost


def deliver(lake: Lakehouse, tmp_path: Path, contract: str) -> pl.DataFrame:
    lake.bronze.ingest(csv(tmp_path, "a.csv", "id,v\n1,a\n"), "t")
    (tmp_path / "b.jsonl").write_text('{"id": "2", "v": "b", "extra": "x"}\n{"id": "3", "v": "c"}\n')
    lake.bronze.ingest(JSONSource(str(tmp_path / "b.jsonl")), "t", contract=contract)
    return rows(lake)


def test_evolve_adds_columns(lake: Lakehouse, tmp_path: Path) -> None:
    found = deliver(lake, tmp_path, "evolve")
    assert found["extra"].to_list() == [None, "x", None]
    assert found["_rescued"].null_count() == 3


def test_freeze_refuses(lake: Lakehouse, tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="extra"):
        deliver(lake, tmp_path, "freeze")
    assert rows(lake)["id"].to_list() == ["1"]
    assert "extra" not in rows(lake).columns


def test_discard_value_keeps_the_value_aside(lake: Lakehouse, tmp_path: Path) -> None:
    found = deliver(lake, tmp_path, "discard_value")
    assert "extra" not in found.columns
    assert found["_rescued"].to_list() == [None, '{"values": {"extra": "x"}}', None]
    promotion = lake.silver.promote("t")
    assert promotion.report.rows_out == 3


def test_discard_row_keeps_the_row_and_silver_sets_it_aside(lake: Lakehouse, tmp_path: Path) -> None:
    found = deliver(lake, tmp_path, "discard_row")
    assert found["id"].to_list() == ["1", "2", "3"]
    note = json.loads(found["_rescued"][1])
    assert note["values"] == {"extra": "x"}
    assert "extra" in note["reason"]
    promotion = lake.silver.promote("t")
    assert promotion.report.removed() == {"quarantined": 1}
    assert promotion.quarantined["_rid"].to_list() == [found["_rid"][1]]


def test_an_unknown_contract_is_refused(lake: Lakehouse, tmp_path: Path) -> None:
    with pytest.raises(AutomicError, match="whatever"):
        deliver(lake, tmp_path, "whatever")


def test_a_value_of_another_type_is_rescued_under_evolve(lake: Lakehouse) -> None:
    lake.bronze.ingest(Given([{"id": 1}, {"id": 2}]), "t")
    lake.bronze.ingest(Given([{"id": "three"}, {"id": "4"}]), "t")
    found = rows(lake)
    assert found["id"].to_list() == [1, 2, None, 4]
    assert json.loads(found["_rescued"][2])["values"] == {"id": "three"}


# What goes wrong


class Breaking(SourceAdapter):
    """Delivers one batch and breaks."""

    def batches(self, request: ReadRequest = ReadRequest()) -> Iterator[pa.RecordBatch]:
        yield pa.RecordBatch.from_pydict({"id": range(200_000), "new": ["x"] * 200_000})
        raise SourceError("The line went dead.", "Call again.")


def test_a_first_batch_that_breaks_leaves_no_columns(lake: Lakehouse) -> None:
    with pytest.raises(SourceError):
        lake.bronze.ingest(Breaking(), "t")
    assert lake.tables() == []
    lake.bronze.ingest(Given([{"id": "a", "v": 1}]), "t", contract="freeze")
    assert rows(lake).select("id", "v").rows() == [("a", 1)]
    assert "new" not in rows(lake).columns


def test_the_first_rows_of_two_processes_with_other_columns_both_stay(
    lake: Lakehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Overtaken(SourceAdapter):
        def read(self) -> Iterator[Record]:
            yield Record({"a": 1})
            if not lake.tables():
                lake.bronze.ingest(Given([{"b": 2}]), "t")

    with pytest.raises(SourceError):
        lake.bronze.ingest(Breaking(), "t")
    lake.bronze.ingest(Overtaken(), "t")
    assert rows(lake).select("a", "b").rows() == [(None, 2), (1, None)] or rows(lake).select("a", "b").rows() == [
        (1, None),
        (None, 2),
    ]


def test_a_source_that_breaks_leaves_nothing(lake: Lakehouse, tmp_path: Path) -> None:
    records: list[dict[str, object]] = [{"id": n, "v": "a"} for n in range(25_000)]
    with pytest.raises(SourceError, match="The line went dead"):
        lake.bronze.ingest(Given(records, breaks_after=20_000), "t")
    assert lake.tables() == []
    assert [run.state for run in lake.runs()] == ["failed"]
    lake.bronze.ingest(Given([{"id": 1}]), "t")
    before = lake.context.need("bronze.t")

    with pytest.raises(SourceError):
        lake.bronze.ingest(Breaking(), "t")
    after = lake.context.need("bronze.t")
    assert after.metadata == before.metadata, "not even the schema changed"
    assert rows(lake)["id"].to_list() == [1]
    referred = {task.file.file_path.removeprefix("file://") for task in after.scan().plan_files()}
    on_disk = {str(path) for path in (tmp_path / "lake").rglob("*.parquet")}
    assert on_disk == referred
    assert lake.bronze.ingest(Given(records), "t").rows == 25_000
    assert rows(lake)["_rid"].is_unique().all()


def test_an_empty_file_is_refused_and_a_header_alone_is_an_empty_batch(lake: Lakehouse, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"empty|no columns"):
        lake.bronze.ingest(csv(tmp_path, "empty.csv", ""), "t")
    assert lake.tables() == []
    source = csv(tmp_path, "header.csv", "id,v\n")
    done = lake.bronze.ingest(source, "t")
    assert done.rows == 0
    assert len(done.reports) == 1
    assert lake.tables() == ["bronze.t"]
    assert rows(lake).columns[:2] == ["id", "v"]
    assert lake.bronze.ingest(source, "t").unchanged == [source.identity]
    assert lake.silver.promote("t").report.rows_out == 0


def test_columns_that_begin_with_an_underscore_are_not_lost(lake: Lakehouse, tmp_path: Path) -> None:
    lake.bronze.ingest(csv(tmp_path, "a.csv", "_id,v\nx1,a\n"), "t")
    (tmp_path / "b.jsonl").write_text('{"_id": "x2", "v": "b", "_file": "f"}\n')
    lake.bronze.ingest(JSONSource(str(tmp_path / "b.jsonl")), "t")
    done = lake.bronze.ingest(Given([{"_id": "x3", "v": "c"}]), "t")
    assert "Column _id is called id here." in done.reports[0].notes
    found = rows(lake)
    assert found.select("id", "v", "file").rows() == [("x1", "a", None), ("x2", "b", "f"), ("x3", "c", None)]


def test_keys_once_declared_stay_until_others_are(lake: Lakehouse, tmp_path: Path) -> None:
    lake.bronze.ingest(csv(tmp_path, "a.csv", "id,v\n1,a\n2,b\n"), "t", keys=["id"])
    lake.bronze.ingest(csv(tmp_path, "b.csv", "id,v\n2,c\n"), "t")
    assert lake.silver.promote("t").rows().sort("id").select("v").collect()["v"].to_list() == ["a", "c"]
    lake.bronze.ingest(csv(tmp_path, "c.csv", "id,v\n2,d\n"), "t", keys=[])
    assert lake.silver.promote("t").report.rows_out == 4


def test_database_types_stay(lake: Lakehouse, tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "a.db") as db:
        db.execute("CREATE TABLE t (id INTEGER, v REAL, n TEXT)")
        db.executemany("INSERT INTO t VALUES (?, ?, ?)", [(1, 1.5, "007"), (2, None, None)])
    db.close()
    source = SQLiteSource(str(tmp_path / "a.db"), table="t")
    lake.bronze.ingest(source, "t")
    assert rows(lake).select("id", "v", "n").rows() == [(1, 1.5, "007"), (2, None, None)]
    assert lake.bronze.ingest(source, "t").rows == 0


def test_json_is_one_column_a_top_level_key(lake: Lakehouse, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": 1, "who": {"name": "Ann", "tags": ["x"]}}\n{"id": 2}\n')
    lake.bronze.ingest(JSONSource(str(tmp_path / "a.jsonl")), "t")
    found = rows(lake)
    assert found["id"].to_list() == ["1", "2"]
    assert json.loads(found["who"][0]) == {"name": "Ann", "tags": ["x"]}
    assert found["who"][1] is None


def test_names_are_checked(lake: Lakehouse, tmp_path: Path) -> None:
    source = csv(tmp_path, "a.csv", "id\n1\n")
    for name in ("silver.t", "a b", "", "1t", "_t", "t;drop"):
        with pytest.raises(AutomicError):
            lake.bronze.ingest(source, name)
    with pytest.raises(AutomicError, match="mode"):
        lake.bronze.ingest(source, "t", mode="replace")  # type: ignore[arg-type]
    with pytest.raises(AutomicError, match="'nope'"):
        lake.bronze.ingest(source, "t", keys=["nope"])
    assert lake.tables() == []


def test_a_parquet_file_that_vanishes_is_named_and_nothing_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"a": range(300_000)}).write_parquet(path, row_group_size=1000)

    class Vanishing(ParquetSource):
        def scan(self, request: ReadRequest = ReadRequest()) -> pl.LazyFrame:
            frame = super().scan(request)
            frame.collect_schema()
            path.unlink()
            return frame

    with Lakehouse.open(tmp_path / "lake") as lake:
        with pytest.raises(SourceError, match=r"a\.parquet"):
            lake.bronze.ingest(Vanishing(str(path)), "a")
        assert lake.tables() == []
