"""Incremental reading into bronze: what is new comes once, whatever shares the boundary or comes late."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from automic_core import Incremental
from automic_core.connectors.databases.sqlite import SQLiteSource
from automic_core.connectors.files.csv import CSVSource
from automic_core.contracts import ReadRequest, SourceAdapter
from automic_core.errors import AutomicError, ConfigError, SchemaError, SecurityError, SourceError
from automic_core.lake import Lakehouse
from automic_core.lakehouse.maintenance import compact
from automic_core.medallion import watermarks

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


class Rows(SourceAdapter):
    """A frame that changes between reads."""

    def __init__(self, **columns: Any) -> None:
        self.frame = pl.DataFrame(columns)

    def scan(self, request: ReadRequest = ReadRequest()) -> pl.LazyFrame:
        frame = self.frame.lazy()
        frame = frame if request.columns is None else frame.select(request.columns)
        return frame if request.limit is None else frame.head(request.limit)


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lakehouse]:
    with Lakehouse.open(tmp_path / "lake", actor="ann") as lake:
        yield lake


def take(lake: Lakehouse, source: SourceAdapter, cursor: str = "at", keys: list[str] | None = None, **how: Any) -> Any:
    return lake.bronze.ingest(source, "t", keys=keys, incremental=Incremental(cursor, **how))


def stored(lake: Lakehouse, *columns: str) -> list[tuple[Any, ...]]:
    return lake.scan("bronze.t").sort("_rid").select(columns).collect().rows()


def mark(lake: Lakehouse) -> Any:
    return watermarks.chosen(lake.context, "bronze.t").value


def test_the_boundary_comes_once_and_the_ledger_says_so(lake: Lakehouse) -> None:
    source = Rows(at=[1, 2, 2], v=["a", "b", "c"])
    assert take(lake, source).rows == 3
    assert mark(lake) == 2
    source.frame = pl.DataFrame({"at": [1, 2, 2, 2, 3], "v": ["a", "b", "c", "d", "e"]})
    report = take(lake, source).reports[0]
    assert (report.rows_in, report.rows_out, report.removed()) == (4, 2, {"merged": 2})
    assert [step.removed for step in report.steps] == [{}, {"merged:there already": 2}]
    report.check()
    assert stored(lake, "at", "v") == [(1, "a"), (2, "b"), (2, "c"), (2, "d"), (3, "e")]
    assert mark(lake) == 3
    assert lake.scan("bronze.t").collect()["_rid"].is_unique().all()


def test_a_run_that_finds_nothing_new_leaves_no_state(lake: Lakehouse) -> None:
    source = Rows(at=[1, 2])
    take(lake, source)
    before = len(lake.history("bronze.t"))
    again = take(lake, source)
    assert (again.rows, again.unchanged) == (0, ["Rows"])
    assert len(lake.history("bronze.t")) == before


def test_identical_rows_count_as_often_as_they_are_there(lake: Lakehouse) -> None:
    source = Rows(at=[1, 1], v=["a", "a"])
    take(lake, source)
    source.frame = pl.DataFrame({"at": [1, 1, 1], "v": ["a", "a", "a"]})
    assert take(lake, source).rows == 1
    assert take(lake, source).rows == 0
    assert stored(lake, "at", "v") == [(1, "a")] * 3


def test_a_second_change_within_one_tick_is_a_version_of_its_key(lake: Lakehouse) -> None:
    source = Rows(at=[1, 2], id=[7, 8], v=["a", "b"])
    take(lake, source, keys=["id"])
    source.frame = pl.DataFrame({"at": [1, 2], "id": [7, 8], "v": ["a", "B"]})
    assert take(lake, source).rows == 1
    silver = lake.silver.promote("t").rows().sort("id").select("id", "v").collect().rows()
    assert silver == [(7, "a"), (8, "B")]


def test_late_rows_within_the_lag(lake: Lakehouse) -> None:
    source = Rows(at=[NOON], v=["a"])
    take(lake, source, lag="1h")
    late = [NOON - timedelta(minutes=59), NOON - timedelta(hours=1), NOON - timedelta(minutes=61)]
    source.frame = pl.DataFrame({"at": [NOON, *late], "v": ["a", "b", "c", "too late"]})
    assert take(lake, source, lag="1h").rows == 2
    assert [v for (v,) in stored(lake, "v")] == ["a", "b", "c"]
    assert mark(lake) == NOON


@pytest.mark.parametrize(
    ("first", "lag", "late"),
    [(10, 3, 7), (Decimal("1.50"), 1, Decimal("0.50")), (2.5, 1, 1.5), (date(2024, 1, 9), "1d", date(2024, 1, 8))],
)
def test_a_lag_in_the_unit_of_the_cursor(lake: Lakehouse, first: Any, lag: Any, late: Any) -> None:
    source = Rows(at=[first])
    take(lake, source, lag=lag)
    source.frame = pl.DataFrame({"at": [first, late]})
    assert take(lake, source, lag=lag).rows == 1
    assert mark(lake) == first


def test_the_smallest_day_has_a_lag_too(lake: Lakehouse) -> None:
    source = Rows(at=[date(1, 1, 2)])
    take(lake, source)
    source.frame = pl.DataFrame({"at": [date(1, 1, 2), date(1, 1, 1)]})
    assert take(lake, source, lag="30d").rows == 1


# Rows without a cursor


def test_nulls_are_taken_once_each(lake: Lakehouse) -> None:
    source = Rows(at=[1.0, None, float("nan")], v=["a", "b", "c"])
    report = take(lake, source).reports[0]
    assert report.rows_out == 3
    assert any("2 rows have no at" in note for note in report.notes)
    source.frame = pl.DataFrame({"at": [1.0, None, float("nan"), None], "v": ["a", "b", "c", "d"]})
    assert take(lake, source).rows == 1
    assert [v for (v,) in stored(lake, "v")] == ["a", "b", "c", "d"]


def test_nulls_are_left_unread_if_asked(lake: Lakehouse) -> None:
    source = Rows(at=[1, None], v=["a", "b"])
    report = take(lake, source, nulls="skip").reports[0]
    assert (report.rows_in, report.rows_out) == (1, 1)
    assert "Rows without a at were left unread." in report.notes


def test_nulls_stop_the_run_if_asked(lake: Lakehouse) -> None:
    with pytest.raises(SourceError, match=r"Row 2 .* has no at"):
        take(lake, Rows(at=[1, None]), nulls="fail")
    assert lake.tables() == []


# Backfill


def test_a_backfill_brings_its_range_and_leaves_the_watermark(lake: Lakehouse) -> None:
    source = Rows(at=[5, 6], v=["e", "f"])
    take(lake, source)
    source.frame = pl.DataFrame({"at": [1, 2, 3, 4, 5, 6], "v": list("abcdef")})
    assert take(lake, source).rows == 0, "older rows are not looked for"
    report = take(lake, source, backfill=("2", "6")).reports[0]
    assert (report.rows_in, report.rows_out) == (4, 3), "the end is not included"
    assert mark(lake) == 6
    assert take(lake, source, backfill=(None, 2)).rows == 1
    assert sorted(v for (v,) in stored(lake, "v")) == list("abcdef")
    assert take(lake, source, backfill=(None, None)).rows == 0


def test_a_backfill_before_the_first_run(lake: Lakehouse) -> None:
    source = Rows(at=[NOON, NOON + timedelta(days=1)])
    take(lake, source, backfill=("2024-05-02", None))
    with pytest.raises(ConfigError, match="no such watermark"):
        mark(lake)
    assert take(lake, source).rows == 1
    assert mark(lake) == NOON + timedelta(days=1)


@pytest.mark.parametrize(
    ("ends", "words"),
    [(("x", None), "'x' is no value"), (("3", "3"), "is empty"), (("1.5", None), "whole numbers")],
)
def test_a_backfill_that_is_none(lake: Lakehouse, ends: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        take(lake, Rows(at=[1]), backfill=ends)


# What cannot be


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ([True], "Boolean has no order"),
        ([b"x"], "Binary has no order"),
        ([[1]], "has no order"),
        (["x"], "'10' stands"),
    ],
)
def test_a_column_without_an_order(lake: Lakehouse, column: Any, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        take(lake, Rows(at=column))
    assert lake.tables() == []


def test_a_column_that_is_missing_is_named_with_those_there_are(lake: Lakehouse) -> None:
    with pytest.raises(SourceError, match=r"no column 'nope' to be the cursor.*Columns: at, v"):
        take(lake, Rows(at=[1], v=[2]), "nope")


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (NOON, NOON.replace(tzinfo=None), "times without a zone, but the watermark is one of times with a zone"),
        (NOON.replace(tzinfo=None), NOON, "times with a zone, but the watermark is one of times without a zone"),
        (5, NOON, "times with a zone, but the watermark is one of whole numbers"),
        (date(2024, 1, 1), NOON, "but the watermark is one of dates"),
    ],
)
def test_a_cursor_that_becomes_another_kind(lake: Lakehouse, before: Any, after: Any, words: str) -> None:
    source = Rows(at=[before])
    take(lake, source)
    source.frame = pl.DataFrame({"at": [after]})
    with pytest.raises(SchemaError, match=words):
        take(lake, source)
    assert mark(lake) == before


def test_numbers_of_another_width_go_on(lake: Lakehouse) -> None:
    source = Rows(at=pl.Series([1, 2], dtype=pl.Int16))
    take(lake, source)
    source.frame = pl.DataFrame({"at": [1, 2, 3]})
    assert take(lake, source).rows == 1
    assert mark(lake) == 3


def test_a_cursor_that_goes_back_is_said(lake: Lakehouse) -> None:
    source = Rows(at=[10, 11])
    take(lake, source)
    source.frame = pl.DataFrame({"at": [1, 2]})
    with pytest.raises(SourceError, match="went back: the watermark is 11, and all values are smaller, such as 1"):
        take(lake, source)
    source.frame = source.frame.clear()
    assert take(lake, source).rows == 0, "nothing there is nothing new"


def test_a_lag_on_texts_and_modes_that_do_not_go_together(lake: Lakehouse) -> None:
    with pytest.raises(ConfigError, match="no sense"):
        take(lake, Rows(at=["a"]), type="string", lag=1)
    for more in ({"mode": "snapshot"}, {"force": True}):
        with pytest.raises(ConfigError, match="do not go together"):
            lake.bronze.ingest(Rows(at=[1]), "t", incremental=Incremental("at"), **more)  # type: ignore[arg-type]
    for wrong in ({"lag": -1}, {"lag": "soon"}, {"nulls": "drop"}, {"cursor": ""}, {"lag": float("inf")}):
        with pytest.raises(ConfigError):
            Incremental(**{"cursor": "at", **wrong})  # type: ignore[arg-type]


def test_a_lag_is_written_in_many_ways() -> None:
    assert Incremental("at", lag="90m") == Incremental("at", lag=5400) == Incremental("at", lag=timedelta(minutes=90))  # type: ignore[arg-type]
    assert Incremental("at", lag="1.5h").lag == 5400
    assert Incremental("at", lag=0.5).lag == 0.5


# Sources


def test_texts_of_a_file_in_the_order_of_what_they_hold(lake: Lakehouse, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,at\n9,2024-05-01T12:00:00\n10,2024-05-01 13:00\n")
    source = CSVSource(str(path))
    take(lake, source, "id", type="integer")
    assert mark(lake) == 10
    path.write_text(path.read_text() + "11,\nx,2024-05-01T15:00+01:00\n2,\n")
    report = take(lake, source, "id", type="integer").reports[0]
    assert [row for (row,) in stored(lake, "id")] == ["9", "10", "11", "x"]
    assert report.rows_in == 3
    other = lake.bronze.ingest(source, "u", incremental=Incremental("at", type="datetime"))
    assert other.rows == 5
    assert watermarks.chosen(lake.context, "bronze.u").value == datetime(2024, 5, 1, 14)  # noqa: DTZ001


def test_a_part_of_a_file_is_not_the_whole_of_it(lake: Lakehouse, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id\n1\n2\n3\n")
    source = CSVSource(str(path))
    take(lake, source, "id", type="integer", backfill=("2", "3"))
    assert lake.bronze.ingest(source, "t").rows == 3, "the file itself was not taken yet"
    assert lake.bronze.ingest(source, "t").rows == 0
    assert lake.scan("bronze.t").collect()["_rid"].is_unique().all()


def test_lines_of_a_part_are_found_again(lake: Lakehouse, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id\n1\n2\n")
    take(lake, CSVSource(str(path)), "id", type="integer")
    path.write_text("id\n1\n2\n3\n")
    take(lake, CSVSource(str(path)), "id", type="integer")
    rid = lake.scan("bronze.t").collect()["_rid"].max()
    assert lake.trace("bronze.t", rid).origins[0].line == 4  # type: ignore[arg-type]


def test_malformed_records_are_known_again_where_they_moved(lake: Lakehouse, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,v\n1,a\n2,b,x,y\n3,c\n")
    source = CSVSource(str(path))
    take(lake, source, "id", type="integer")
    path.write_text("id,v\n0,new\n1,a\n2,b,x,y\n3,c\n4,d\n")
    assert take(lake, source, "id", type="integer").rows == 1


def test_each_source_has_its_own_watermark(lake: Lakehouse, tmp_path: Path) -> None:
    for name, last in (("a", 5), ("b", 9)):
        (tmp_path / f"{name}.csv").write_text(f"id\n1\n{last}\n")
    source = CSVSource(str(tmp_path / "*.csv"))
    take(lake, source, "id", type="integer")
    known = watermarks.marks(lake.context.need("bronze.t"))
    assert {Path(of).name: m.value for (of, _), m in known.items()} == {"a.csv": 5, "b.csv": 9}
    (tmp_path / "a.csv").write_text("id\n1\n5\n6\n")
    (tmp_path / "c.csv").write_text("id\n2\n")
    assert take(lake, source, "id", type="integer").rows == 2
    with pytest.raises(ConfigError, match="3 watermarks"):
        mark(lake)


def test_sqlite_is_read_from_the_watermark_on(lake: Lakehouse, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "a.db") as db:
        db.execute("CREATE TABLE t (id INTEGER, at DATETIME)")
        db.executemany("INSERT INTO t VALUES (?, ?)", [(n, f"2024-05-{n:02} 10:00:00") for n in range(1, 29)])
    source = SQLiteSource(str(tmp_path / "a.db"), table="t")
    take(lake, source)
    with sqlite3.connect(tmp_path / "a.db") as db:
        db.execute("INSERT INTO t VALUES (29, '2024-05-28T10:00:00'), (30, '2024-05-29 00:00')")
    db.close()
    report = take(lake, source).reports[0]
    assert (report.rows_in, report.rows_out) == (3, 2)


def test_what_is_called_with_an_underscore(lake: Lakehouse) -> None:
    source = Rows(_id=[1, 2], v=["a", "b"])
    take(lake, source, "_id")
    source.frame = pl.DataFrame({"_id": [1, 2, 3], "v": ["a", "b", "c"]})
    report = take(lake, source, "_id").reports[0]
    assert (report.rows_in, report.rows_out) == (2, 1)
    assert stored(lake, "id", "v") == [(1, "a"), (2, "b"), (3, "c")]
    put = watermarks.put(lake.context, watermarks.chosen(lake.context, "bronze.t"), "1")
    assert put.value == 1


def test_columns_that_come_and_go_double_nothing(lake: Lakehouse) -> None:
    source = Rows(at=[1, 2], v=["a", "b"])
    take(lake, source)
    source.frame = pl.DataFrame({"at": [1, 2, 3], "v": ["a", "b", "c"], "new": [7, 8, 9]})
    assert take(lake, source).rows == 1
    source.frame = pl.DataFrame({"at": [2, 3, 4], "new": [8, 9, None]})
    assert take(lake, source).rows == 1, "a column that is gone says nothing about row 3; row 4 is new"
    source.frame = pl.DataFrame({"at": ["3", "4", "5"]})
    with pytest.raises(SourceError, match="column of text"):
        take(lake, source)


def test_with_a_key_a_value_in_a_new_column_is_a_version(lake: Lakehouse) -> None:
    source = Rows(at=[1, 2])
    take(lake, source, keys=["at"])
    source.frame = pl.DataFrame({"at": [1, 2, 3], "new": [7, 8, 9]})
    assert take(lake, source).rows == 2
    assert lake.silver.promote("t").report.rows_out == 3


def test_rows_that_were_there_before_the_first_incremental_run(lake: Lakehouse) -> None:
    source = Rows(at=[1, 2], v=["a", "b"])
    lake.bronze.ingest(source, "t")
    source.frame = pl.DataFrame({"at": [1, 2, 3], "v": ["a", "b", "c"]})
    report = take(lake, source).reports[0]
    assert (report.rows_in, report.rows_out) == (3, 1)
    assert mark(lake) == 3


# The watermark


def test_a_watermark_is_set_and_cleared_by_hand(lake: Lakehouse) -> None:
    source = Rows(at=[1, 2, 3])
    take(lake, source)
    found = watermarks.put(lake.context, watermarks.chosen(lake.context, "bronze.t"), "1")
    assert (found.value, found.actor, found.run_id) == (1, "ann", None)
    assert lake.context.state.watermarks() == {("bronze.t", "Rows", "at"): 1}
    report = take(lake, source).reports[0]
    assert (report.rows_in, report.rows_out) == (3, 0), "read again from there, and nothing doubled"
    assert mark(lake) == 3
    cleared = watermarks.put(lake.context, found, None)
    assert cleared.value is None
    assert lake.context.state.watermarks() == {}
    assert take(lake, source).reports[0].rows_in == 3
    with pytest.raises(ConfigError, match="'soon' is no value of the cursor 'at', which holds whole numbers"):
        watermarks.put(lake.context, found, "soon")
    with Lakehouse.open(lake.context.root, read_only=True) as shown, pytest.raises(SecurityError):
        watermarks.put(shown.context, found, "1")


@pytest.mark.parametrize(
    "value",
    [3, Decimal("2.50"), 1.5, date(2024, 2, 29), datetime(2024, 2, 29, 1, 2, 3, 4), NOON, "01J5"],  # noqa: DTZ001
)
def test_every_kind_of_value_survives(lake: Lakehouse, value: Any) -> None:
    source = Rows(at=[value])
    kind = "string" if isinstance(value, str) else None
    take(lake, source, type=kind)
    assert (type(mark(lake)), mark(lake)) == (type(value), value)
    assert take(lake, source, type=kind).rows == 0


def test_other_zones_are_one_moment(lake: Lakehouse) -> None:
    here = timezone(timedelta(hours=2))
    source = Rows(at=pl.Series([NOON]).dt.convert_time_zone("Europe/Berlin"))
    take(lake, source)
    assert mark(lake) == NOON
    assert take(lake, source, backfill=(NOON.astimezone(here), None)).rows == 0


def test_a_rollback_takes_the_watermark_back(lake: Lakehouse) -> None:
    source = Rows(at=[1, 2])
    take(lake, source)
    before = lake.history("bronze.t")[-1].id
    source.frame = pl.DataFrame({"at": [1, 2, 3]})
    take(lake, source)
    lake.rollback("bronze.t", before)
    assert mark(lake) == 2
    assert lake.context.state.watermarks() == {("bronze.t", "Rows", "at"): 2}
    assert take(lake, source).rows == 1
    assert stored(lake, "at") == [(1,), (2,), (3,)]


def test_a_compaction_changes_nothing(lake: Lakehouse) -> None:
    source = Rows(at=[1])
    for last in range(2, 5):
        take(lake, source)
        source.frame = pl.DataFrame({"at": range(1, last)})
    assert compact(lake.context.need("bronze.t"))
    assert take(lake, source).rows == 1
    assert stored(lake, "at") == [(1,), (2,), (3,)]


def test_the_state_is_rebuilt_from_the_tables(lake: Lakehouse, tmp_path: Path) -> None:
    source = Rows(at=[NOON])
    take(lake, source)
    lake.close()
    (tmp_path / "lake" / "state.db").unlink()
    with Lakehouse.open(tmp_path / "lake") as again:
        assert again.context.state.watermarks() == {("bronze.t", "Rows", "at"): NOON}
        source.frame = pl.DataFrame({"at": [NOON, NOON + timedelta(seconds=1)]})
        assert take(again, source).rows == 1
        assert stored(again, "_batch_id") == [(1,), (2,)]


def test_two_runs_at_once_take_a_row_once(lake: Lakehouse, tmp_path: Path) -> None:
    class Overtaken(Rows):
        reads = 0

        def scan(self, request: ReadRequest = ReadRequest()) -> pl.LazyFrame:
            self.reads += 1
            if self.reads == 1:
                with Lakehouse.open(tmp_path / "lake") as other:
                    take(other, self)
            return super().scan(request)

    source = Overtaken(at=[1, 2])
    assert take(lake, source).rows == 0
    assert source.reads == 3
    assert stored(lake, "at") == [(1,), (2,)]


def test_a_run_that_breaks_moves_no_watermark(lake: Lakehouse) -> None:
    source = Rows(at=[1])
    take(lake, source)
    source.frame = pl.DataFrame({"at": [1, 2], "extra": ["x", "y"]})
    with pytest.raises(AutomicError, match="extra"):
        lake.bronze.ingest(source, "t", contract="freeze", incremental=Incremental("at"))
    assert mark(lake) == 1
    assert take(lake, source).rows == 1
