"""Gold: answers kept as tables, made anew all at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from automic_core.connectors.files.csv import CSVSource
from automic_core.errors import AutomicError, CatalogError, ConfigError, ConflictError
from automic_core.lake import Lakehouse
from automic_core.medallion.staged import StagedTable
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
