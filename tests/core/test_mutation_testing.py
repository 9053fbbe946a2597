"""Faults planted in a copy: what each kind does to a value, which rules notice, and what is proposed for the rest."""

from __future__ import annotations

import datetime as dt
import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automic_core import CSVSource, Lakehouse, cli, frames, load_rules, mutation_test, registry, workbench
from automic_core.assist import mutations
from automic_core.contracts import Rule

TOWNS = {"10115": "Berlin", "20095": "Hamburg", "50667": "Cologne", "01067": "Dresden", "04109": "Leipzig"}


def orders(rows: int = 400) -> pl.DataFrame:
    """A clean table."""
    draw = random.Random(3)
    zips = [draw.choice(list(TOWNS)) for _ in range(rows)]
    days = [dt.date(2024, 1, 1) + dt.timedelta(days=draw.randint(0, 364)) for _ in range(rows)]
    return pl.DataFrame(
        {
            "id": range(1, rows + 1),
            "zip": zips,
            "town": [TOWNS[each] for each in zips],
            "status": [draw.choice(["open", "paid", "sent"]) for _ in range(rows)],
            "amount": [round(draw.uniform(5, 50), 2) for _ in range(rows)],
            "ordered": days,
            "shipped": [day + dt.timedelta(days=draw.randint(0, 9)) for day in days],
        }
    )


RULES = load_rules("""
- {id: amount, kind: range, columns: [amount], min: 0, max: 60}
- {id: status, kind: set, columns: [status], values: [open, paid, sent]}
- {id: town, kind: dependency, columns: [zip], settles: town}
- {id: fresh, kind: freshness, columns: [ordered], hours: 1}
""")


@pytest.mark.parametrize(
    ("fault", "before", "after"),
    [
        ("unit", [2.5, float("nan")], [250.0]),
        ("unit", ["2.50", "007", "a"], ["250"]),
        ("truncation", ["Berlin", "x"], ["Ber"]),
        ("date_flip", [dt.date(2024, 3, 4), dt.date(2024, 3, 14), dt.date(2024, 3, 3)], [dt.date(2024, 4, 3)]),
        ("date_flip", ["04.03.2024", "2024-03-04T10:00", "14/03/2024"], ["03.04.2024", "2024-04-03T10:00"]),
        ("case", ["Berlin", "USA", "12"], ["BERLIN", "usa"]),
        ("leading_zero", ["01067", "10115", "0"], ["1067"]),
    ],
)
def test_what_a_fault_does(fault: str, before: list[Any], after: list[Any]) -> None:
    clean = frames.track(pl.LazyFrame({"x": before}, strict=False)).collect()
    found = [each for each in mutations.mutants(clean, range(len(before))) if each.fault == fault]
    assert sorted(value for each in found for value in each.rows["x"]) == sorted(after)


def test_a_number_that_does_not_fit_its_column_is_no_fault() -> None:
    clean = frames.track(pl.LazyFrame({"x": pl.Series([1, 2, 100], dtype=pl.Int8)})).collect()
    found = next(each for each in mutations.mutants(clean, range(3)) if each.fault == "unit")
    assert sorted(found.rows["x"]) == [100]


def test_which_rules_notice_which_faults() -> None:
    found = mutation_test(orders(), RULES, keys=["id"])
    seen = {(each.fault, each.columns): each.caught for each in found.faults}
    assert seen["unit", ("amount",)] == {"amount": 1.0}
    assert seen["case", ("status",)] == {"status": 1.0}
    assert seen["truncation", ("town",)] == {"town": 1.0}
    assert seen["swap", ("town", "status")] == {"status": 1.0, "town": 1.0}
    assert seen["null", ("id",)] == {}
    assert not any("fresh" in each for each in seen.values()), "it failed before, and fails for the same reason"
    matrix = {line.fault: line for line in found.matrix()}
    assert matrix["duplicate"].caught == {"amount": 0, "status": 0, "town": 0, "fresh": 0}
    assert matrix["case"].caught["status"] == matrix["case"].caught["town"] == matrix["case"].share / 2
    assert found.score == pytest.approx(sum(each.share for each in found.faults) / len(found.faults))


def test_each_proposal_is_proven() -> None:
    clean = orders()
    found = mutation_test(clean, RULES, keys=["id"])
    caught = {(each.fault, each.columns) for remedy in found.remedies for each in remedy.catches}
    assert {
        ("null", ("id",)),
        ("leading_zero", ("zip",)),
        ("duplicate", ()),
        ("swap", ("ordered", "shipped")),
    } <= caught
    assert all(each.proposal.affected == 0 for each in found.remedies), "clean data breaks none of them"
    more: list[tuple[str, Rule]] = [
        (f"new{n}", registry.build("rule", each.proposal.kind, each.proposal.options))
        for n, each in enumerate(found.remedies)
    ]
    again = mutation_test(clean, [*RULES, *more], keys=["id"])
    assert again.score == pytest.approx(found.reachable)
    assert again.score > 0.9 > found.score
    assert not {(each.fault, each.columns) for each in again.missed} & caught


def test_a_rule_that_holds_by_chance_is_not_proposed() -> None:
    draw = random.Random(1)
    frame = pl.DataFrame({"note": [f"{draw.choice('xyz')} {draw.getrandbits(30):x}" for _ in range(200)]})
    found = mutation_test(frame, [])
    assert "set" not in {each.proposal.kind for each in found.remedies}
    half_empty = pl.DataFrame({"x": [None, "a"] * 100})
    assert "not_null" not in {each.proposal.kind for each in mutation_test(half_empty, []).remedies}


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.none() | st.integers(-5, 5), st.none() | st.text(max_size=4), st.none() | st.booleans())),
    st.integers(0, 5),
)
def test_any_table_is_tested_and_the_seed_decides(rows: list[Any], seed: int) -> None:
    frame = pl.DataFrame(rows, schema={"n": pl.Int64, "t": pl.String, "b": pl.Boolean}, orient="row")
    rules = load_rules("- {kind: range, columns: [n], min: 0}\n- {kind: unique, columns: [n, t], action: warn}")
    found = mutation_test(frame, rules, seed=seed)
    assert 0 <= found.score <= found.reachable <= 1
    assert found == mutation_test(frame, rules, seed=seed)


def test_a_lake_tests_its_draft(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    orders().write_csv(tmp_path / "orders.csv")
    with Lakehouse.open(tmp_path / "lake") as lake:
        lake.bronze.ingest(CSVSource(str(tmp_path / "orders.csv")), "orders", keys=["id"])
        data = {"rules": [{"id": "amount", "kind": "range", "columns": ["amount"], "min": 0, "max": 60}]}
        workbench.save_draft(lake, "orders", data, 0, "Add")
        found = workbench.mutation_test(lake, "orders", data)
        edit = workbench.accept_remedies(data, found.remedies)
        assert len(edit.data["rules"]) == 1 + len(found.remedies)
        assert workbench.mutation_test(lake, "orders", edit.data).score > found.score
    assert cli.run(["test-rules", "orders", "--lake", str(tmp_path / "lake")]) == 0
    text = capsys.readouterr().out
    assert f"Score {found.score:.0%}" in text
    assert "id is unique" in text
    assert cli.run(["test-rules", "orders", "--lake", str(tmp_path / "lake"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["faults"]
