"""The cost of a setting in rows is what the promotion really does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from automic_core import workbench
from automic_core.connectors.files.csv import CSVSource
from automic_core.demo.run import TABLES
from automic_core.lake import Lakehouse
from automic_core.workbench.drafts import numbered
from automic_core.workbench.promotions import promotion_data
from tests.kept import Kept

COUNTRIES, CUSTOMERS, ORDERS = "countries", "customers", "orders"


@pytest.fixture
def demo(demo_lake: Path) -> Iterator[Lakehouse]:
    with Lakehouse.open(demo_lake) as lake:
        yield lake


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("numbers")
    lines = ["id,amount,word"] + [f"{n},{n},{'x' * (n % 7)}" for n in range(2000)]
    (folder / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with Lakehouse.open(folder / "lake") as opened:
        opened.bronze.ingest(CSVSource(path=str(folder / "t.csv")), "t")
    return Kept(folder)


@pytest.fixture
def lake(kept: Kept) -> Iterator[Lakehouse]:
    with Lakehouse.open(kept.again() / "lake") as opened:
        yield opened


def rules_of(table: str) -> dict[str, Any]:
    folder = Path(workbench.__file__).parent.parent / "demo/rules"
    return numbered(promotion_data((folder / f"{table}.yaml").read_text(encoding="utf-8")))


@pytest.mark.parametrize("table", TABLES)
def test_cost_on_all_rows_is_what_the_promotion_did(demo: Lakehouse, table: str) -> None:
    draft = rules_of(table)
    spec = workbench.parse_promotion(workbench.published_spec(demo, f"silver.{table}"))
    assert {each.id for each in spec.steps} == {each["id"] for each in draft["steps"]}
    run = next(each for each in workbench.runs(demo, 50) if each.table == f"silver.{table}")
    assert run.report is not None
    lines = {line["id"]: line for line in run.report["steps"]}
    silver = demo.scan(f"silver.{table}").collect()
    set_aside = workbench.quarantine(demo, table, None).rows
    judged = [row for row in set_aside if not any(_names(row, each) for each in ("cast", "malformed"))]
    for item in [*draft["steps"], *draft["rules"]]:
        found = workbench.cost(demo, table, draft, item["id"], whole=True)
        removed = sum(lines.get(item["id"], {}).get("removed", {}).values())
        if found is None:
            assert removed == 0, item
        elif item["kind"] in ("quality", "anomaly"):
            flagged = silver["_is_anomaly"] if item["kind"] == "anomaly" else silver["_quality_score"] < 0.7
            assert flagged.sum() <= found.affected <= flagged.sum() + len(judged)
        elif item["id"] in lines:
            assert (found.affected, found.of) == (removed, lines[item["id"]]["rows_in"]), item
        elif item.get("action") == "warn":
            warned = lines["rules"]["warned"].get(item["id"], 0)
            assert warned <= found.affected <= warned + len(judged), item
        elif item["kind"] != "unique":
            assert found.affected == sum(_names(row, item["id"]) for row in judged), item


def _names(row: dict[str, Any], rule: str) -> bool:
    return any(reason.startswith(f"{rule}:") for reason in row["reasons"])


def test_the_curve_of_a_bound_is_counted(lake: Lakehouse) -> None:
    draft = numbered({"rules": [{"id": "r", "kind": "range", "columns": ["amount"], "min": 10, "max": 1990}]})
    found, curves = workbench.row_costs(lake, "t", draft, "r", whole=True)
    assert found is not None
    assert (found.affected, found.of, found.verb, found.whole) == (10 + 9, 2000, "quarantined", True)
    low, high = curves
    assert (low.option, high.option) == ("min", "max")
    assert {point.value: point.affected for point in low.points} == {
        point.value: point.value + 9 for point in low.points
    }, "rows below, and the nine above max"
    assert {point.value: point.affected for point in high.points} == {
        point.value: 10 + 1999 - point.value for point in high.points
    }
    assert (low.current, high.current) == (10, 1990)
    sample, _ = workbench.row_costs(lake, "t", draft, "r")
    assert sample is not None
    assert (sample.affected, sample.of, sample.whole) == (10, 1000, False)


def test_the_curve_of_a_bound_not_set_yet(lake: Lakehouse) -> None:
    draft = numbered({"rules": [{"id": "r", "kind": "range", "columns": ["amount"]}]})
    found, curves = workbench.row_costs(lake, "t", draft, "r")
    assert found is None
    assert [curve.option for curve in curves] == ["min", "max"]
    assert [curve.current for curve in curves] == [None, None]


def test_every_point_is_what_the_value_would_cost(lake: Lakehouse) -> None:
    far = {"id": "x", "kind": "anomaly", "method": "iqr", "numeric_fields": ["amount"], "filter_anomalies": True}
    score = {"id": "x", "kind": "quality", "min_score": 0.5}
    length = {"id": "x", "kind": "length", "columns": ["word"], "min": 2}
    for key, item in (("steps", far), ("steps", score), ("rules", length)):
        draft = numbered({key: [item]})
        _, curves = workbench.row_costs(lake, "t", draft, "x")
        assert curves, item
        for curve in curves:
            for point in curve.points[::4]:
                other = workbench.set_options(draft, "x", {**item, curve.option: point.value}).data
                again = workbench.cost(lake, "t", other, "x")
                assert again is not None
                assert again.affected == point.affected, (curve.option, point)


def test_choices_of_columns(lake: Lakehouse) -> None:
    dedup = numbered({"steps": [{"id": "d", "kind": "dedup", "match_fields": ["word", "amount"]}]})
    _, (curve,) = workbench.row_costs(lake, "t", dedup, "d", whole=True)
    assert not curve.ordered
    counts = {point.label: point.affected for point in curve.points}
    assert counts == {"word": 2000 - 7, "amount": 0, "word + amount": 0}
    nulls = numbered({"steps": [{"id": "n", "kind": "nulls", "fields": ["word"]}]})
    found = workbench.cost(lake, "t", nulls, "n", whole=True)
    assert found is not None
    assert found.affected == 2000 // 7 + 1, "the empty word is a missing one"


def test_rows_absorbed_by_groups(lake: Lakehouse) -> None:
    count = {"n": {"field": "*", "function": "count"}}
    draft = numbered({"steps": [{"id": "g", "kind": "aggregate", "group_by": ["word"], "aggregations": count}]})
    found, curves = workbench.row_costs(lake, "t", draft, "g", whole=True)
    assert found is not None
    assert (found.affected, found.verb) == (2000 - 7, "absorbed into groups")
    assert {point.label: point.affected for point in curves[0].points} == {"id": 0, "amount": 0, "word": 1993}


def test_a_step_that_changes_cells_has_no_cost(lake: Lakehouse) -> None:
    draft = numbered({"steps": [{"id": "t", "kind": "text", "columns": ["word"], "trim": True}]})
    assert workbench.row_costs(lake, "t", draft, "t") == (None, [])


def test_filled_rows_are_counted(lake: Lakehouse) -> None:
    fill = {"id": "f", "kind": "nulls", "strategy": "fill", "fields": ["word"], "fill_value": "none"}
    found = workbench.cost(lake, "t", numbered({"steps": [fill]}), "f", whole=True)
    assert found is not None
    assert found.affected == 2000 // 7 + 1


def test_table_rules_count_repeats(lake: Lakehouse) -> None:
    draft = numbered({"rules": [{"id": "u", "kind": "unique", "columns": ["word"], "action": "warn"}]})
    found = workbench.cost(lake, "t", draft, "u", whole=True)
    assert found is not None
    assert found.affected == 2000 - 7


def test_small_tables_are_counted_whole(lake: Lakehouse) -> None:
    assert workbench.rows_of_bronze(lake, "t") == 2000
    assert workbench.may_count_all(lake, "t")
