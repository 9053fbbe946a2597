"""Preview of a step on a sample: rows side by side, changed cells, removed rows with reasons, problems unrun."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from automic_core import workbench
from automic_core.connectors.files.csv import CSVSource
from automic_core.errors import CatalogError, ConfigError, TransformError
from automic_core.lake import Lakehouse
from automic_core.transforms.dedup import Deduplicator
from automic_core.transforms.quality import QualityScorer
from automic_core.workbench import trials
from tests.kept import Kept

ORDERS = """id,name,amount,day,email
1, Ada ,10,2024-01-01,a@x.org
2,Bob,-3,2024-01-02,b@x.org
3,bob,20,2024-01-03,B@X.ORG
4,,30,2024-01-04,d@x.org
5,Eve,40,2024-01-05,a@x.org
6,Fay,9000,2024-01-06,f@x.org
"""
ADA, BOB, LOW_BOB, NOBODY, EVE, FAY = range(6)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("orders")
    (folder / "orders.csv").write_text(ORDERS, encoding="utf-8")
    with Lakehouse.open(folder / "lake", actor="ann") as opened:
        opened.bronze.ingest(CSVSource(path=str(folder / "orders.csv")), "orders")
    return Kept(folder)


@pytest.fixture
def lake(kept: Kept) -> Iterator[Lakehouse]:
    with Lakehouse.open(kept.again() / "lake", actor="ann") as opened:
        yield opened


def data(*steps: dict[str, Any], rules: Any = (), schema: Any = None) -> dict[str, Any]:
    return {"schema": schema or {}, "steps": list(steps), "rules": list(rules)}


TRIM = {"id": "trim", "kind": "text", "columns": ["name"], "trim": True}
LOW = {"id": "low", "kind": "range", "columns": ["amount"], "min": 0}


def test_typing_is_the_first_step(lake: Lakehouse) -> None:
    found = workbench.preview_step(lake, "orders", data(schema={"amount": "integer", "day": "date"}), "cast")
    assert found.sample == "all 6 rows of bronze.orders"
    assert (found.before.columns["day"], found.after.columns["day"]) == ("String", "Date")
    assert [row["amount"] for row in found.after.rows] == [10, -3, 20, 30, 40, 9000]
    assert found.changes == [], "a date that prints as it was written is no change"


def test_changed_cells(lake: Lakehouse) -> None:
    found = workbench.preview_step(lake, "bronze.orders", data(TRIM), "trim")
    assert found.changes == [workbench.Change(ADA, "name", " Ada ", "Ada")]
    assert (found.changed, found.findings, found.aligned) == (1, [], True)
    assert [row["_rid"] for row in found.before.rows] == [row["_rid"] for row in found.after.rows]
    assert found.focus[0] == "name"


def test_sees_the_steps_before_it(lake: Lakehouse) -> None:
    lower = {"id": "lower", "kind": "text", "columns": ["name"], "case": "lower"}
    found = workbench.preview_step(lake, "orders", data(TRIM, lower), "lower")
    assert found.before.rows[ADA]["name"] == "Ada"
    assert (found.changes[0].before, found.changes[0].after) == ("Ada", "ada")


def test_merged_rows_name_the_survivor(lake: Lakehouse) -> None:
    dedup = {"id": "same", "kind": "dedup", "match_fields": ["email"], "ignore_case": True}
    found = workbench.preview_step(lake, "orders", data(dedup), "same")
    assert [(each.row, each.fate, each.reason) for each in found.findings] == [
        (LOW_BOB, "merged", "the same as row 2"),
        (EVE, "merged", "the same as row 1"),
    ]
    assert all(each.removed for each in found.findings)
    assert found.effects == {"same": "\N{MINUS SIGN}2"}
    assert found.cost is not None
    assert (found.cost.affected, found.cost.of) == (2, 6)


def test_dropped_filtered_and_limited_rows(lake: Lakehouse) -> None:
    nulls = {"id": "gap", "kind": "nulls", "fields": ["name"]}
    keep = {"id": "keep", "kind": "filter", "sql": "amount < 100"}
    few = {"id": "few", "kind": "limit", "rows": 2}
    pipeline = data(nulls, keep, few)
    gap = workbench.preview_step(lake, "orders", pipeline, "gap")
    assert [(each.row, each.fate, each.reason) for each in gap.findings] == [(NOBODY, "dropped", "a value is missing")]
    assert [e.reason for e in workbench.preview_step(lake, "orders", pipeline, "keep").findings] == [
        "the condition is not true"
    ]
    limited = workbench.preview_step(lake, "orders", pipeline, "few")
    assert {each.reason for each in limited.findings} == {"beyond the number of rows kept"}
    assert len(limited.before.rows) == 4
    assert limited.ledger["rows_out"] == 2


def test_a_rule_shows_all_rows_that_break_it(lake: Lakehouse) -> None:
    both = [{**LOW, "id": "first", "min": 1}, LOW, {**LOW, "id": "soft", "min": 15, "action": "warn"}]
    found = workbench.preview_step(lake, "orders", data(rules=both), "low")
    assert [(each.row, each.fate, each.reason, each.columns) for each in found.findings] == [
        (BOB, "quarantined", "amount is below 0", ("amount",))
    ], "whatever the rules before it say"
    soft = workbench.preview_step(lake, "orders", data(rules=both), "soft")
    assert [(each.row, each.fate, each.removed) for each in soft.findings] == [
        (ADA, "warned", False),
        (BOB, "warned", False),
    ]
    assert soft.effects == {"first": "\N{MINUS SIGN}1", "soft": "1 warned"}


def test_a_rule_that_would_stop_says_so(lake: Lakehouse) -> None:
    unique = {"id": "one", "kind": "unique", "columns": ["email"]}
    found = workbench.preview_step(lake, "orders", data(rules=[unique]), "one")
    assert [(each.row, each.fate, each.reason) for each in found.findings] == [
        (EVE, "stops", "repeats the email of row 1")
    ]
    assert any("would stop the promotion" in note for note in found.notes)


def test_flagged_rows_stay(lake: Lakehouse) -> None:
    far = {"id": "far", "kind": "anomaly", "method": "mad", "numeric_fields": ["amount"], "threshold": 10}
    found = workbench.preview_step(lake, "orders", data(far), "far")
    assert [(each.row, each.fate, each.columns) for each in found.findings] == [(FAY, "flagged", ("amount",))]
    assert "_is_anomaly" in found.added
    gone = workbench.preview_step(lake, "orders", data({**far, "filter_anomalies": True}), "far")
    assert [(each.fate, each.removed) for each in gone.findings] == [("filtered", True)]
    assert "deviations from the median" in gone.findings[0].reason


def test_columns_made_dropped_and_renamed(lake: Lakehouse) -> None:
    steps: list[dict[str, Any]] = [
        {"id": "new", "kind": "derive", "column": "twice", "sql": "amount * 2"},
        {"id": "name", "kind": "rename", "columns": {"day": "date"}},
        {"id": "less", "kind": "select", "exclude": ["email"]},
    ]
    assert workbench.preview_step(lake, "orders", data(*steps), "new").added == ["twice"]
    renamed = workbench.preview_step(lake, "orders", data(*steps), "name")
    assert (renamed.renamed, renamed.added, renamed.dropped) == ({"day": "date"}, [], [])
    assert workbench.preview_step(lake, "orders", data(*steps), "less").dropped == ["email"]


def test_a_step_that_makes_rows_of_its_own(lake: Lakehouse) -> None:
    group = {
        "id": "sum",
        "kind": "aggregate",
        "group_by": ["email"],
        "aggregations": {"n": {"field": "*", "function": "count"}},
    }
    found = workbench.preview_step(lake, "orders", data(group, rules=[{**LOW, "columns": ["n"]}]), "sum")
    assert not found.aligned
    assert [row["n"] for row in found.after.rows] == [2, 1, 1, 1, 1]
    assert (len(found.before.rows), found.effects["sum"]) == (6, "→ 5")


def test_values_that_do_not_fit_are_quarantined_with_reasons(lake: Lakehouse) -> None:
    found = workbench.preview_step(lake, "orders", data(schema={"name": "integer"}), "cast")
    assert {each.fate for each in found.findings} == {"quarantined"}
    assert found.findings[0].reason == "name does not fit integer"
    assert found.ledger["removed"] == {"quarantined": 5}


def test_a_broken_step_leaves_its_input_to_be_seen(lake: Lakehouse) -> None:
    wrong = {"id": "far", "kind": "anomaly", "numeric_fields": ["name"]}
    found = workbench.preview_step(lake, "orders", data(TRIM, wrong), "far")
    assert found.problem is not None
    assert "not a number" in found.problem.message
    assert (len(found.before.rows), found.after.rows) == (6, [])
    with pytest.raises(TransformError, match="not a number"):
        workbench.preview_step(lake, "orders", data(wrong, {**TRIM, "id": "later"}), "later")
    with pytest.raises(ConfigError, match="no option 'mni'"):
        workbench.preview_step(lake, "orders", data(rules=[{**LOW, "mni": 1}]), "low")
    with pytest.raises(ConfigError, match="does not run"):
        workbench.preview_step(lake, "orders", data({**TRIM, "enabled": False}), "trim")
    with pytest.raises(CatalogError):
        workbench.preview_step(lake, "nowhere", data(), "cast")


def test_the_sample_is_named(lake: Lakehouse) -> None:
    found = workbench.preview_step(lake, "orders", data(), "cast", rows=2)
    assert found.sample == "first 2 of 6 rows of bronze.orders"
    assert len(found.before.rows) == 2


def test_the_sample_follows_the_table(lake: Lakehouse, tmp_path: Path) -> None:
    assert workbench.preview_step(lake, "orders", data(), "cast").ledger["rows_in"] == 6
    (tmp_path / "more.csv").write_text("id,name,amount,day,email\n7,Gus,1,2024-01-07,g@x.org\n", encoding="utf-8")
    lake.bronze.ingest(CSVSource(path=str(tmp_path / "more.csv")), "orders")
    assert workbench.preview_step(lake, "orders", data(), "cast").ledger["rows_in"] == 7


def test_a_preview_equals_the_promotion(lake: Lakehouse) -> None:
    dedup = {"id": "same", "kind": "dedup", "match_fields": ["email"], "ignore_case": True}
    draft = data(TRIM, dedup, rules=[LOW])
    view = workbench.save_draft(lake, "orders", draft, 0, "all")
    found = workbench.preview_step(lake, "orders", draft, "low")
    done = workbench.promote(lake, "orders", workbench.parse_promotion(view.text))
    assert [line["removed"] for line in found.ledger["steps"]] == [line.removed for line in done.report.steps]
    kept = [row["_rid"] for row in found.after.rows if row["_rid"] not in {each.rid for each in found.findings}]
    assert sorted(kept) == sorted(lake.scan("silver.orders").collect()["_rid"].to_list())


def test_a_waived_row_is_not_removed(lake: Lakehouse) -> None:
    workbench.promote(lake, "orders", workbench.parse_promotion("- {id: low, kind: range, columns: [amount], min: 0}"))
    rid = workbench.quarantine(lake, "orders").rows[0]["_rid"]
    workbench.waive(lake, "orders", rid, ["low"], "known")
    found = workbench.preview_step(lake, "orders", data(rules=[LOW]), "low")
    assert [(each.fate, each.removed) for each in found.findings] == [("waived", False)]
    assert found.ledger["rows_out"] == 6
    assert found.cost is not None
    assert found.cost.affected == 0


def test_a_join_may_read_only_what_the_lake_may(lake: Lakehouse) -> None:
    outside = {"id": "u", "kind": "union", "source": {"kind": "csv", "path": "/etc/passwd"}}
    found = workbench.preview_step(lake, "orders", data(outside), "u")
    assert found.problem is not None
    assert "/etc/passwd" in found.problem.message


# Problems, without running


def problems(lake: Lakehouse, draft: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each.entry, each.message) for each in workbench.problems(lake, "orders", draft)]


def test_a_vanished_column_is_found_without_rows(lake: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    trials.base_of(lake, "orders")
    monkeypatch.setattr(trials.Trial, "run", lambda *_: pytest.fail("a check runs nothing"))
    gone = {"id": "x", "kind": "select", "exclude": ["email"]}
    dedup = {"id": "same", "kind": "dedup", "match_fields": ["email"]}
    found = problems(lake, data(gone, dedup, rules=[{**LOW, "columns": ["total"]}]))
    assert [entry for entry, _ in found] == ["same", "low"]
    assert "there is no column 'email'" in found[0][1]
    assert problems(lake, data(dedup, gone, rules=[LOW])) == [], "the order counts"


def test_problems_of_kinds_options_and_types(lake: Lakehouse) -> None:
    found = problems(
        lake,
        data(
            {"id": "a", "kind": "nonsense"},
            {"id": "b", "kind": "dedup", "match_field": ["email"]},
            {"id": "cast", "kind": "limit", "rows": 3},
            {"id": "off", "kind": "nonsense", "enabled": False},
            rules=[{"id": "r", "kind": "range", "columns": ["name"], "min": "2024-01-31x"}, LOW],
            schema={"gone": "integer", "day": "dat"},
        ),
    )
    assert {entry for entry, _ in found} == {"a", "b", "cast"} | {entry for entry, _ in found if entry == "r"}
    assert sum(entry == "cast" for entry, _ in found) == 3, "two columns of the schema, and an id that is taken"


def test_what_a_broken_step_would_have_made_is_no_problem_of_its_own(lake: Lakehouse) -> None:
    derive = {"id": "d", "kind": "derive", "column": "total", "sql": "nothing + 1"}
    later = {"id": "n", "kind": "nulls", "fields": ["total"]}
    found = problems(lake, data(derive, later, rules=[{**LOW, "columns": ["total"]}]))
    assert [entry for entry, _ in found] == ["d"]


def test_columns_that_reach_each_entry(lake: Lakehouse) -> None:
    draft = data({"id": "d", "kind": "derive", "column": "twice", "sql": "amount * 2"}, TRIM, rules=[LOW])
    _, reach = workbench.checked(lake, "orders", draft)
    assert "twice" not in reach["d"]
    assert reach["trim"]["twice"] == "Int64"
    assert list(reach["low"]) == ["id", "name", "amount", "day", "email", "twice"]
    assert workbench.columns_at(lake, "orders", draft, "low") == reach["low"]


@pytest.mark.parametrize(
    "step",
    [
        {"kind": "aggregate", "group_by": ["day"], "aggregations": {"n": {"field": "*", "function": "count"}}},
        {"kind": "pivot", "index": ["day"], "on": "email", "values": ["amount"], "aggregate": "sum"},
        {"kind": "unpivot", "columns": ["name", "email"], "index": ["id"]},
        {"kind": "schema"},
        {"kind": "quality"},
        {"kind": "nulls", "strategy": "fill", "fill_method": "mean", "fields": ["amount"]},
        {"kind": "sort", "by": ["amount"]},
        {"kind": "split", "column": "email", "into": ["user", "host"], "by": "@"},
    ],
    ids=lambda step: step["kind"],
)
def test_steps_check_clean_and_preview(lake: Lakehouse, step: dict[str, Any]) -> None:
    draft = data({"id": "x", **step})
    assert problems(lake, draft) == []
    assert workbench.preview_step(lake, "orders", draft, "x").problem is None


SCORED = {"id": "score", "kind": "quality"}
SAME = {"id": "same", "kind": "dedup", "match_fields": ["email"], "ignore_case": True}
FAR = {"id": "far", "kind": "anomaly", "numeric_fields": ["amount"]}
DRAFTS = [
    data(TRIM, SAME, SCORED, FAR, rules=[LOW], schema={"amount": "integer"}),
    data(TRIM, SAME, SCORED, FAR, rules=[LOW | {"min": 15}], schema={"amount": "integer"}),
    data(TRIM, SAME, SCORED, FAR | {"threshold": 2.0}, rules=[LOW], schema={"amount": "integer"}),
    data(TRIM, SAME | {"ignore_case": False}, SCORED, FAR, rules=[LOW], schema={"amount": "integer"}),
    data(SAME, SCORED, FAR, rules=[LOW], schema={"amount": "integer"}),
    data(TRIM, SAME, SCORED, FAR, rules=[LOW], schema={"amount": "number"}),
    data(SCORED, TRIM, SAME, FAR, rules=[LOW], schema={"amount": "integer"}),
]


@pytest.mark.parametrize("entry", ["far", "low"])
def test_an_edited_draft_shows_what_a_new_one_would(
    lake: Lakehouse, entry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seen(draft: dict[str, Any]) -> workbench.Preview:
        found = workbench.preview_step(lake, "orders", draft, entry)
        ledger = {name: found.ledger[name] for name in ("steps", "notes", "rows_in", "rows_out", "warnings")}
        return replace(found, ms=0, ledger=ledger)

    edited = [seen(draft) for draft in (*DRAFTS, DRAFTS[0])]
    for draft, found in zip((*DRAFTS, DRAFTS[0]), edited, strict=True):
        monkeypatch.setattr(trials, "_known", trials.Kept(1))
        assert found == seen(draft)


def test_a_step_learns_again_only_if_something_before_it_changed(
    lake: Lakehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials, "_known", trials.Kept(1))
    learned: list[str] = []
    for step in (QualityScorer, Deduplicator):
        learn = step.learn

        def noted(self: Any, digest: pl.DataFrame, learn: Any = learn) -> Any:
            learned.append(self.kind)
            return learn(self, digest)

        monkeypatch.setattr(step, "learn", noted)
    seen = []
    for draft in DRAFTS[:5]:
        learned.clear()
        workbench.preview_step(lake, "orders", draft, "low")
        seen.append(sorted(learned))
    assert seen == [["dedup", "quality"], [], [], ["dedup", "quality"], ["dedup", "quality"]]
