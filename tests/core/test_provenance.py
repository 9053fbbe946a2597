"""Provenance: from a gold or silver row to its bronze records, file and line; every removed row can be found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from automic_core.connectors.files.csv import CSVSource
from automic_core.errors import CatalogError
from automic_core.lake import Lakehouse
from automic_core.transforms.dedup import Deduplicator
from automic_core.transforms.reshape import Explode
from automic_core.transforms.rules import Range
from tests.kept import Kept

COUNT = {"n": {"field": "*", "function": "count"}}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("orders")
    with Lakehouse.open(folder / "lake", actor="ann") as lake:
        text = "id,land,amount\n1,de,10\n2,de,20\n3,fr,30\n3,fr,30\n4,xx\n5,fr,900\n6,,60\n"
        give(lake, folder, text)
        steps, rules = [Deduplicator(match_fields=["id"])], [("small", Range(columns=["amount"], max=100))]
        lake.silver.promote("orders", steps=steps, rules=rules)  # type: ignore[arg-type]
    return Kept(folder)


@pytest.fixture
def tmp_path(kept: Kept) -> Path:
    return kept.again()


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lakehouse]:
    with Lakehouse.open(tmp_path / "lake", actor="ann") as lake:
        yield lake


def give(lake: Lakehouse, folder: Path, text: str, name: str = "a.csv", table: str = "orders", **more: object) -> None:
    (folder / name).write_text(text)
    lake.bronze.ingest(CSVSource(str(folder / name)), table, **more)  # type: ignore[arg-type]


def rid(ordinal: int, batch: int = 1) -> int:
    return (batch << 36) | ordinal


def behind(lake: Lakehouse, table: str, where: pl.Expr) -> list[int]:
    """Ordinals of the bronze records behind the first row of a table that fits."""
    row = lake.scan(table).filter(where).collect().row(0, named=True)
    trace = lake.trace(table, row["_rid"])
    assert trace.note == ""
    return [origin.record for origin in trace.origins]


def test_from_silver_to_file_and_record(lake: Lakehouse, tmp_path: Path) -> None:
    trace = lake.trace("silver.orders", rid(1))
    (origin,) = trace.origins
    assert (origin.table, origin.source, origin.record) == ("bronze.orders", str(tmp_path / "a.csv"), 1)
    assert origin.values == {"id": "1", "land": "de", "amount": "10"}
    assert origin.fate == "kept"
    assert trace.row["amount"] == 10


def test_merged_records_appear_with_their_fate(lake: Lakehouse) -> None:
    origins = lake.trace("silver.orders", rid(3)).origins
    assert [(origin.record, origin.fate) for origin in origins] == [(3, "kept"), (4, f"s2: merged into {rid(3)}")]


def test_every_removed_row_can_be_found(lake: Lakehouse) -> None:
    everything = lake.scan("bronze.orders").collect()["_rid"].to_list()
    fates = {each & 0xFF: lake.trace("bronze.orders", each).origins[0].fate for each in everything}
    assert fates == {
        1: "kept",
        2: "kept",
        3: "kept",
        4: f"s2: merged into {rid(3)}",
        5: "extract: quarantined:malformed",
        6: "rules: quarantined:small",
        7: "kept",
    }
    for ordinal in (4, 5, 6):
        with pytest.raises(CatalogError, match="has no row") as caught:
            lake.trace("silver.orders", rid(ordinal))
        assert fates[ordinal] in caught.value.hint
    with pytest.raises(CatalogError, match="has no row 12345"):
        lake.trace("silver.orders", 12345)
    malformed = lake.trace("bronze.orders", rid(5)).origins[0]
    assert malformed.line == 6


def test_what_was_not_promoted_yet_and_what_is_superseded(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id,land,amount\n9,de,90\n", "b.csv")
    assert lake.trace("bronze.orders", rid(1, 2)).origins[0].fate == "not promoted yet"
    give(lake, tmp_path, "id\n1\n2\n", "s.csv", "snap", mode="snapshot")
    assert lake.trace("bronze.snap", rid(1)).origins[0].fate == "not promoted yet"
    give(lake, tmp_path, "id\n2\n", "s.csv", "snap", mode="snapshot")
    lake.silver.promote("snap")
    assert lake.trace("bronze.snap", rid(1)).origins[0].fate == "superseded by a newer batch of its source"
    assert lake.trace("bronze.snap", rid(1, 2)).origins[0].fate == "kept"


def test_earlier_versions_of_a_key_are_origins_too(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id,v\n1,a\n", "k.csv", "keyed", keys=["id"])
    give(lake, tmp_path, "id,v\n1,b\n", "k2.csv", "keyed", keys=["id"])
    lake.silver.promote("keyed")
    assert lake.trace("bronze.keyed", rid(1)).origins[0].fate == f"latest: merged:version into {rid(1, 2)}"


def test_children_of_a_record_lead_to_it(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, 'id,tags\n1,"[""a"",""b""]"\n', "e.csv", "lists")
    lake.silver.promote("lists", steps=[Explode(columns=["tags"])])
    assert lake.scan("silver.lists").collect()["tags"].to_list() == ["a", "b"]
    assert [origin.record for origin in lake.trace("silver.lists", rid(1)).origins] == [1]


def test_from_gold_by_groups(lake: Lakehouse) -> None:
    lake.gold.build("by_land", source="orders", group_by=["land"], aggregations=COUNT)
    assert behind(lake, "gold.by_land", pl.col("land") == "de") == [1, 2]
    assert behind(lake, "gold.by_land", pl.col("land") == "fr") == [3, 4], "the merged record too"
    assert behind(lake, "gold.by_land", pl.col("land").is_null() | (pl.col("land") == "")) == [7]
    row = lake.scan("gold.by_land").filter(pl.col("land") == "de").collect().row(0, named=True)
    assert lake.trace("gold.by_land", row["_rid"]).silver == [("silver.orders", rid(1)), ("silver.orders", rid(2))]


def test_from_gold_by_sql(lake: Lakehouse, tmp_path: Path) -> None:
    lake.gold.build("s", "SELECT land, sum(amount) AS total FROM silver.orders WHERE amount > 10 GROUP BY land")
    assert behind(lake, "gold.s", pl.col("land") == "de") == [2]
    lake.gold.build("d", "SELECT DISTINCT upper(land) AS land FROM silver.orders")
    assert behind(lake, "gold.d", pl.col("land") == "DE") == [1, 2]
    lake.gold.build("all", "SELECT count(*) AS n FROM silver.orders")
    assert behind(lake, "gold.all", pl.lit(True)) == [1, 2, 3, 4, 7]
    give(lake, tmp_path, "land,name\nde,Germany\nfr,France\n", "b.csv", "lands")
    lake.silver.promote("lands")
    lake.gold.build(
        "j",
        "SELECT l.name, count(*) AS n FROM silver.orders AS o JOIN silver.lands l ON o.land = l.land GROUP BY l.name",
    )
    row = lake.scan("gold.j").filter(pl.col("name") == "Germany").collect().row(0, named=True)
    trace = lake.trace("gold.j", row["_rid"])
    assert sorted((o.table, o.record) for o in trace.origins) == [
        ("bronze.lands", 1),
        ("bronze.orders", 1),
        ("bronze.orders", 2),
    ]


def test_a_trace_reads_the_state_the_gold_row_was_made_of(lake: Lakehouse, tmp_path: Path) -> None:
    lake.gold.build("g", "SELECT land, count(*) AS n FROM silver.orders GROUP BY land")
    give(lake, tmp_path, "id,land,amount\n8,de,80\n", "b.csv")
    lake.silver.promote("orders")
    assert behind(lake, "gold.g", pl.col("land") == "de") == [1, 2]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT land, n FROM (SELECT land, count(*) AS n FROM silver.orders GROUP BY land)",
        "SELECT land, amount FROM silver.orders UNION ALL SELECT land, amount FROM silver.orders",
        "WITH t AS (SELECT * FROM silver.orders) SELECT land, count(*) AS n FROM t GROUP BY land",
        "SELECT * FROM silver.orders",
        "SELECT _rid, land FROM silver.orders",
        "SELECT a.land FROM silver.orders a JOIN silver.orders b ON a.id = b.id",
    ],
)
def test_a_form_that_does_not_tell_says_so(sql: str, lake: Lakehouse) -> None:
    lake.gold.build("g", sql)
    trace = lake.trace("gold.g", lake.scan("gold.g").collect()["_rid"][0])
    assert "cannot be told" in trace.note
    assert trace.origins == []
