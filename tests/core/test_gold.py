"""Gold: answers kept as tables, made anew all at once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from automic_core.connectors.files.csv import CSVSource
from automic_core.errors import AutomicError, CatalogError, ConfigError, ConflictError, SchemaError, TransformError
from automic_core.events import Event
from automic_core.lake import Lakehouse
from automic_core.lakehouse import tables
from automic_core.lakehouse.pinning import pinned, unpinned
from automic_core.medallion import statements
from automic_core.medallion.silver import SOURCES
from automic_core.medallion.staged import StagedTable
from automic_core.transforms.rules import Range
from tests.kept import Kept

COUNT = {"orders": {"field": "*", "function": "count"}, "total": {"field": "amount", "function": "sum"}}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("orders")
    with Lakehouse.open(folder / "lake", actor="ann") as lake:
        give(lake, folder, "id,land,amount\n1,de,10\n2,de,20\n3,fr,30\n4,,40\n")
        lake.silver.promote("orders")
    return Kept(folder)


@pytest.fixture
def tmp_path(kept: Kept) -> Path:
    return kept.again()


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lakehouse]:
    with Lakehouse.open(tmp_path / "lake", actor="ann") as lake:
        yield lake


def give(lake: Lakehouse, folder: Path, text: str, name: str = "a.csv", table: str = "orders") -> None:
    (folder / name).write_text(text)
    lake.bronze.ingest(CSVSource(str(folder / name)), table)


def test_groups_hold_all_rows(lake: Lakehouse) -> None:
    built = lake.gold.build("by_land", source="orders", group_by=["land"], aggregations=COUNT)
    built.report.check()
    line = built.report.steps[-1]
    assert (line.rows_in, line.grouped, line.rows_out) == (4, 1, 3)
    rows = lake.scan("gold.by_land").select("land", "orders", "total").collect()
    assert rows.rows() == [("de", 2, 30), ("fr", 1, 30), ("", 1, 40)]
    by_name = lake.gold.build("gold.orders", group_by=["land"], aggregations=COUNT)
    assert by_name.table == "gold.orders", "the source is silver's table of that name"


def test_sql_over_several_tables(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "land,name\nde,Germany\nfr,France\n", "b.csv", "lands")
    lake.silver.promote("lands")
    sql = "SELECT l.name, sum(o.amount) AS total FROM silver.orders o JOIN silver.lands l USING (land) GROUP BY 1"
    built = lake.gold.build("totals", sql + " ORDER BY 1")
    told = "The statement read rows of tables: 2 of silver.lands, 4 of silver.orders. Rows in are those that it gave."
    assert (built.report.rows_in, built.report.notes) == (2, [told])
    assert lake.scan("gold.totals").select("name", "total").collect().rows() == [("France", 30), ("Germany", 30)]


def test_rows_of_an_answer_have_ids_of_their_own(lake: Lakehouse) -> None:
    for sql in (
        "SELECT * FROM silver.orders",
        "SELECT a._rid, a.id, b.id AS other FROM silver.orders a, silver.orders b",
        "SELECT NULL AS _rid, id FROM silver.orders",
        "SELECT 'x' AS _rid, 1 AS _fate, id FROM silver.orders",
    ):
        lake.gold.build("g", sql)
        rows = lake.scan("gold.g").collect()
        assert rows["_rid"].dtype == pl.Int64
        assert rows["_rid"].null_count() == 0
        assert rows["_rid"].is_unique().all(), sql
        assert "_fate" not in rows.columns


def test_a_build_replaces_what_was_and_the_past_stays(lake: Lakehouse, tmp_path: Path) -> None:
    first = lake.gold.build("g", "SELECT land, count(*) AS n FROM silver.orders GROUP BY land")
    moment = datetime.now(UTC)
    give(lake, tmp_path, "id,land,amount\n5,de,50\n", "b.csv")
    lake.silver.promote("orders")
    assert lake.scan("gold.g").select(pl.col("n").sum()).collect().item() == 4
    lake.gold.build("g", "SELECT land, count(*) AS n, sum(amount) AS total FROM silver.orders GROUP BY land")
    assert lake.scan("gold.g").select(pl.col("n").sum()).collect().item() == 5
    assert lake.scan("gold.g", first.snapshot).collect().columns == ["_rid", "land", "n"]
    then = lake.query(f"SELECT sum(n) AS n FROM gold.g AT (VERSION => {first.snapshot})")
    assert then["n"].item() == 4
    assert lake.query("SELECT sum(n) AS n FROM gold.g", as_of=moment)["n"].item() == 4
    both = "SELECT (SELECT sum(n) FROM gold.g) AS g, (SELECT count(*) FROM silver.orders) AS s"
    assert lake.query(both, as_of=moment).rows() == [(4, 4)]
    past = "SELECT count(*) AS n FROM silver.orders AT (TIMESTAMP => '" + moment.strftime("%Y-%m-%d %H:%M:%S.%f") + "')"
    lake.gold.build("then", past)
    assert lake.scan("gold.then").collect()["n"].item() == 4


def test_an_empty_answer_is_an_empty_table(lake: Lakehouse) -> None:
    lake.gold.build("none", "SELECT id, amount FROM silver.orders WHERE amount > 1000")
    assert lake.scan("gold.none").collect().height == 0
    assert "gold.none" in lake.tables("gold")


def test_wrong_builds_publish_nothing(lake: Lakehouse, tmp_path: Path) -> None:
    for wrong in (
        {},
        {"sql": "SELECT 1 AS x", "group_by": ["land"]},
    ):
        with pytest.raises(ConfigError, match="either sql or group_by"):
            lake.gold.build("g", **wrong)  # type: ignore[arg-type]
    with pytest.raises(CatalogError, match=r"silver\.ordrs.*Did you mean"):
        lake.gold.build("g", "SELECT * FROM silver.ordrs")
    for sql in (
        "DROP TABLE silver.orders",
        "SELECT nope FROM silver.orders",
        "SELECT * FROM read_csv('/etc/passwd')",
        "COPY (SELECT 1) TO '/tmp/x'",
        "SELECT 1 AS x; SELECT 2 AS y",
    ):
        with pytest.raises(AutomicError):
            lake.gold.build("g", sql)
    with pytest.raises(AutomicError, match="nope"):
        lake.gold.build("g", source="orders", group_by=["nope"], aggregations=COUNT)
    assert lake.tables("gold") == []
    assert [path for path in (tmp_path / "lake").rglob("*.parquet") if "gold" in path.parts] == []


def test_a_type_that_no_table_holds_is_told(lake: Lakehouse) -> None:
    for value, kind in (("INTERVAL 1 DAY", "month_day_nano_interval"), ("union_value(a := 1)", "union")):
        with pytest.raises(SchemaError, match=f"'x' has the type .*{kind}.*which a table cannot store"):
            lake.gold.build("g", f"SELECT {value} AS x")
    assert lake.tables("gold") == []


def test_who_cancels_stops_the_statement(lake: Lakehouse) -> None:
    def listener(event: Event) -> None:
        if event.message == "Running the statement":
            raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        lake.gold.build("g", "SELECT count(*) FROM range(9e9::BIGINT) a, range(9e9::BIGINT) b", on_event=listener)
    assert time.monotonic() - began < 60, "it would run for minutes"
    assert lake.runs(1)[0].state == "cancelled"
    assert lake.tables("gold") == []
    assert lake.gold.build("g", "SELECT 1 AS x").report.rows_out == 1


def test_limits_are_those_of_the_settings(lake: Lakehouse) -> None:
    slow = "SELECT count(*) FROM range(9e9::BIGINT) a, range(9e9::BIGINT) b WHERE a.range % 7 = 3"
    long = "SELECT md5(i::VARCHAR) AS x FROM range(100000) t(i)"
    for limit, sql, said in (
        ({"kept_seconds": 0.5}, slow, r"longer than 0\.5 s"),
        ({"spill_bytes": 10_000}, long, "more than the 10,000 bytes"),
    ):
        with Lakehouse.open(lake.context.root, sql=limit) as hasty, pytest.raises(TransformError, match=said):
            hasty.gold.build("g", sql)
    assert lake.tables("gold") == []


def test_a_lake_whose_settings_are_no_file_is_asked_too(tmp_path: Path) -> None:
    with Lakehouse.open(tmp_path / "other", storage={"local": {"path": str(tmp_path / "elsewhere")}}) as lake:
        give(lake, tmp_path, "id\n1\n2\n")
        lake.gold.build("g", "SELECT count(*) AS n FROM bronze.orders")
        assert lake.scan("gold.g").collect()["n"].item() == 2


def test_quarantine_is_read_as_it_stands_and_whatever_happens_meanwhile(
    lake: Lakehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = Range(columns=["amount"], max=35)
    lake.silver.promote("orders", rules=[rule])
    lake.silver.promote("orders", rules=[rule])
    sql = "SELECT q.state, (SELECT count(*) FROM silver.orders) AS n FROM quarantine.orders q"
    resolve = statements._present

    def moving(*args: Any) -> dict[str, str]:
        found = resolve(*args)
        lake.silver.promote("orders")
        return found

    monkeypatch.setattr(statements, "_present", moving)
    lake.gold.build("g", sql)
    assert lake.scan("gold.g").select("state", "n").collect().rows() == [("open", 3)], "once, not once a run"
    told = json.loads(lake.history("gold.g")[-1].summary[SOURCES])
    assert lake.scan("silver.orders", told["silver.orders"]).collect().height == 3
    assert lake.scan("silver.orders").collect().height == 4


def test_another_process_is_told_no_address_of_the_catalog(lake: Lakehouse) -> None:
    told = pinned(lake.context.need("silver.orders"))
    assert "uri" not in told["access"]
    assert tables.row_count(unpinned(json.loads(json.dumps(told)))) == 4
    with pytest.raises(CatalogError, match=r"opening silver\.orders"):
        unpinned({**told, "metadata": told["metadata"].replace("metadata/", "metadata/no")})


def test_a_build_that_was_overtaken_is_done_again(lake: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.gold.build("g", "SELECT 1 AS x FROM silver.orders LIMIT 1")
    publish, calls = StagedTable.publish, []

    def overtaken(self: StagedTable, properties: dict[str, str]) -> int:
        calls.append(self)
        if len(calls) == 1:
            raise ConflictError("Somebody was faster.")
        return publish(self, properties)

    monkeypatch.setattr(StagedTable, "publish", overtaken)
    lake.gold.build("g", "SELECT 2 AS x FROM silver.orders LIMIT 1")
    assert len(calls) == 2
    assert lake.scan("gold.g").collect()["x"].to_list() == [2]
