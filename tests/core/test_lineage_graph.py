"""The lake as a graph: what was made of what, how fresh it is, what waits for a person."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from automic_core import workbench
from automic_core.errors import AutomicError
from automic_core.lake import Lakehouse
from automic_core.lakehouse import files, maintenance, tables
from automic_core.workbench.lineage import graph
from automic_core.workbench.listing import catalogue, opened_tables

RULES = "rules:\n- {id: cap, kind: range, columns: [amount], max: 100, action: quarantine}\n"
TYPES = "schema: {id: integer, land: string, amount: integer}\n"
GOLD = "SELECT land, count(*) AS n FROM silver.orders GROUP BY land"


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lakehouse]:
    with Lakehouse.open(tmp_path / "lake", actor="ann") as lake:
        yield lake


def give(lake: Lakehouse, folder: Path, text: str, name: str = "a.csv", table: str = "orders") -> None:
    (folder / name).write_text(text)
    workbench.ingest(lake, workbench.build_source(str(folder / name)), table, keys=["id"])


def filled(lake: Lakehouse, folder: Path) -> None:
    give(lake, folder, "id,land,amount\n1,de,10\n2,fr,20\n3,fr,300\n")
    workbench.promote(lake, "orders", workbench.parse_promotion(TYPES + RULES))
    lake.gold.build("by_land", GOLD)


def kinds(lake: Lakehouse) -> list[tuple[str, str]]:
    return [(each.kind, each.table) for each in graph(lake).attention]


def test_an_empty_lake(lake: Lakehouse) -> None:
    found = graph(lake)
    assert (found.nodes, found.edges, found.attention) == ([], [], [])
    assert catalogue(lake) == []


def test_tables_and_what_was_made_of_what(lake: Lakehouse, tmp_path: Path) -> None:
    filled(lake, tmp_path)
    found = graph(lake)
    nodes = {node.name: node for node in found.nodes}
    assert list(nodes) == ["bronze.orders", "silver.orders", "gold.by_land", "quarantine.orders"]
    assert [(e.source, e.target, e.kind, e.stale) for e in found.edges] == [
        ("bronze.orders", "silver.orders", "made", False),
        ("silver.orders", "gold.by_land", "made", False),
        ("bronze.orders", "quarantine.orders", "quarantined", False),
    ]
    bronze, silver, aside = nodes["bronze.orders"], nodes["silver.orders"], nodes["quarantine.orders"]
    assert (bronze.rows, bronze.columns, bronze.batches, bronze.sources, bronze.health) == (3, 3, 1, 1, "good")
    assert (silver.rows, silver.quarantined, silver.health, silver.actor) == (2, 1, "attention", "ann")
    assert silver.why == ["1 row of silver.orders waits in quarantine."]
    assert (aside.rows, aside.quarantined) == (1, 1)
    (waits,) = found.attention
    assert (waits.kind, waits.page, waits.query) == ("quarantine", "quarantine", {"table": "silver.orders"})


def test_what_is_behind_its_source(lake: Lakehouse, tmp_path: Path) -> None:
    filled(lake, tmp_path)
    give(lake, tmp_path, "id,land,amount\n4,it,40\n5,it,50\n", "b.csv")
    behind = [each for each in graph(lake).attention if each.kind == "behind"]
    assert [each.sentence for each in behind] == ["silver.orders is behind: bronze.orders has 2 rows more."]
    assert behind[0].page == "promote"
    workbench.promote(lake, "orders", workbench.parse_promotion(TYPES + RULES))
    assert [each.sentence for each in graph(lake).attention if each.kind == "behind"] == [
        "gold.by_land is older than silver.orders, which was made anew since."
    ]
    assert [edge.stale for edge in graph(lake).edges] == [False, True, False]
    lake.gold.build("by_land", GOLD)
    assert "behind" not in dict(kinds(lake))


def test_compaction_makes_nothing_stale_and_a_rollback_does(lake: Lakehouse, tmp_path: Path) -> None:
    filled(lake, tmp_path)
    give(lake, tmp_path, "id,land,amount\n4,it,40\n", "b.csv")
    workbench.promote(lake, "orders", workbench.parse_promotion(TYPES + RULES))
    lake.gold.build("by_land", GOLD)
    before = graph(lake)
    assert maintenance.compact(lake.context.need("bronze.orders")) == 2
    after = graph(lake)
    assert [edge.stale for edge in after.edges] == [False] * 3
    assert [node.at for node in after.nodes] == [node.at for node in before.nodes]
    first = workbench.timeline(lake, "bronze.orders")[-2]
    lake.rollback("bronze.orders", first.id)
    assert [each.sentence for each in graph(lake).attention if each.kind == "behind"] == [
        "bronze.orders is in another state than the one silver.orders was made from."
    ]


def test_decisions_wait_until_they_are_applied(lake: Lakehouse, tmp_path: Path) -> None:
    filled(lake, tmp_path)
    rid = workbench.quarantine(lake, "orders").rows[0]["_rid"]
    workbench.fix(lake, "orders", rid, {"amount": "30"})
    found = {each.kind: each for each in graph(lake).attention}
    assert set(found) == {"decided"}, "the row is no longer open"
    assert found["decided"].sentence == "1 decision waits to be applied to silver.orders."
    workbench.promote(lake, "orders", workbench.parse_promotion(TYPES + RULES))
    assert [kind for kind, _ in kinds(lake)] == ["behind"], "only gold is left to do"


def test_what_nobody_looked_at_yet(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id,land,amount\n1,de,10\n")
    assert kinds(lake) == [("new", "bronze.orders")]
    workbench.promote(lake, "orders")
    assert kinds(lake) == [("types", "silver.orders")]


def test_a_staged_promotion_waits(lake: Lakehouse, tmp_path: Path) -> None:
    filled(lake, tmp_path)
    staged = workbench.stage(lake, "orders", workbench.parse_promotion(TYPES))
    waits = next(each for each in graph(lake).attention if each.kind == "review")
    assert (waits.page, waits.query) == ("promote", {"review": staged})
    workbench.discard(lake, staged)
    assert "review" not in dict(kinds(lake))


def test_the_last_run_failed_and_the_next_did_not(lake: Lakehouse, tmp_path: Path) -> None:
    filled(lake, tmp_path)
    strict = "rules:\n- {id: cap, kind: range, columns: [amount], max: 100, action: fail}\n"
    with pytest.raises(AutomicError):
        workbench.promote(lake, "orders", workbench.parse_promotion(TYPES + strict))
    first = graph(lake).attention[0]
    assert (first.kind, first.level, first.table, first.page) == ("failed", "bad", "silver.orders", "runs")
    assert lake.runs(1)[0].run_id == first.query["run"]
    workbench.promote(lake, "orders", workbench.parse_promotion(TYPES + RULES))
    assert "failed" not in dict(kinds(lake))


def test_what_it_was_made_of_is_gone(lake: Lakehouse, tmp_path: Path) -> None:
    filled(lake, tmp_path)
    tables.drop(lake.context.catalog, "silver.orders")
    found = graph(lake)
    assert ("gone", "gold.by_land") in kinds(lake)
    assert [(edge.source, edge.target) for edge in found.edges] == [("bronze.orders", "quarantine.orders")]


def test_foreign_and_broken_tables_do_no_harm(lake: Lakehouse, tmp_path: Path) -> None:
    filled(lake, tmp_path)
    frame = pl.DataFrame({"x": [1]})
    for name, properties in {
        "theirs.nothing": {},
        "theirs.odd": {
            tables.RUN_ID: "r",
            "automic.sources": "not json",
            "automic.definition": "[1",
            "automic.report": "?",
        },
        "silver.odd": {
            tables.RUN_ID: "r",
            "automic.sources": "[1]",
            "automic.definition": "{}",
            "automic.report": "[]",
        },
    }.items():
        table = tables.create(lake.context.catalog, name, frame.schema)
        tables.append(table, files.land(table, frame.lazy()).collect(), properties=properties)
    names = [node.name for node in graph(lake).nodes]
    assert "theirs.odd" in names
    assert "theirs.nothing" not in names, "nothing Automic knows of was published in it"
    location = Path(lake.context.need("gold.by_land").metadata_location.removeprefix("file://"))
    location.unlink()
    worst = graph(lake).attention[0]
    assert (worst.kind, worst.level, worst.table) == ("unreadable", "bad", "gold.by_land")
    assert next(node for node in graph(lake).nodes if node.name == "gold.by_land").health == "bad"


def test_the_metadata_of_a_table_is_read_once(lake: Lakehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(lake, tmp_path)
    read: list[str] = []
    catalog = lake.context.catalog
    load = catalog.load_table

    def counted(name: str) -> object:
        read.append(name)
        return load(name)

    monkeypatch.setattr(catalog, "load_table", counted)
    opened_tables(lake)
    assert sorted(read) == sorted(set(read))
    assert len(read) == 5, "four tables and meta.removed"
