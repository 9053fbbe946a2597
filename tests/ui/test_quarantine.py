"""The quarantine page, driven without a browser."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from automic_core import workbench
from automic_core.workbench import quarantining

OpenApp = Callable[..., AppTest]
ALAN = (1 << 36) | 3


def texts(page: AppTest) -> str:
    """Everything the page says in words."""
    parts = [*page.markdown, *page.caption, *page.text]
    return "\n".join(str(part.value).replace("\\", "") for part in parts)


def grid(page: AppTest) -> Any:
    return page.data_editor[0].value


def button(page: AppTest, key: str) -> Any:
    return page.button(key=key)


def promote(lake: Path, table: str, spec: str) -> None:
    with workbench.opened(lake, "tester") as opened:
        workbench.promote(opened, table, workbench.parse_promotion(spec))


def ingest(lake: Path, table: str, text: str) -> None:
    file = lake.parent / f"{table}.csv"
    file.write_text(text, encoding="utf-8")
    with workbench.opened(lake, "tester") as opened:
        workbench.ingest(opened, workbench.build_source(str(file)), table)


def listing(lake: Path, table: str = "people", **filters: Any) -> quarantining.Listing:
    with workbench.opened(lake, "tester") as opened:
        return quarantining.listing(opened, table, **filters)


def test_an_empty_lake_says_what_will_be_here(app: OpenApp, empty_lake: Path) -> None:
    page = app("quarantine", empty_lake)
    assert "Nothing is set aside" in texts(page)
    assert button(page, "load-demo").label == "Load demo"
    assert not page.data_editor


def test_a_table_that_was_not_promoted(app: OpenApp, empty_lake: Path) -> None:
    ingest(empty_lake, "things", "a\n1\n")
    page = app("quarantine", empty_lake, table="bronze.things")
    assert "things was not promoted yet" in texts(page)
    assert button(page, "nothing-action").label == "Promote"


def test_when_nothing_is_set_aside_it_is_calm_and_says_where_something_is(app: OpenApp, small_lake: Path) -> None:
    ingest(small_lake, "things", "a\n1\n")
    promote(small_lake, "things", "")
    page = app("quarantine", small_lake, table="bronze.things")
    assert "Nothing of things is set aside" in texts(page)
    assert "Every row of things passed its checks" in texts(page)
    assert not page.data_editor
    assert button(page, "to-people").label == "people: 1 row"
    button(page, "to-people").click().run()
    assert not page.exception
    assert page.query_params["table"] == "bronze.people"
    assert list(grid(page)["id"]) == ["3"]


def test_another_table_is_not_asked_for_the_row_of_this_one(app: OpenApp, small_lake: Path) -> None:
    ingest(small_lake, "things", "a\n1\n")
    promote(small_lake, "things", "")
    page = app("quarantine", small_lake, table="bronze.people", row=str(ALAN))
    page.selectbox[0].set_value("bronze.things").run()
    assert "row" not in page.query_params
    assert "Nothing of things is set aside" in texts(page)


def test_without_a_table_in_the_url_the_one_with_most_rows_opens(app: OpenApp, small_lake: Path) -> None:
    ingest(small_lake, "all_good", "a\n1\n")
    promote(small_lake, "all_good", "")
    page = app("quarantine", small_lake)
    assert page.query_params["table"] == "bronze.people"


def test_rows_stand_with_reasons_place_and_cells(app: OpenApp, small_lake: Path) -> None:
    page = app("quarantine", small_lake, table="bronze.people")
    assert "1 row is set aside from people, for 1 reason" in texts(page)
    shown = grid(page)
    assert list(shown["id"]) == ["3"]
    assert list(shown["age"]) == ["-5"]
    assert [list(each) for each in shown["_why"]] == [["age_range age"]]
    assert list(shown["_line"]) == ["record 3"]
    assert list(shown["_check"]) == ["open"]
    assert "age is outside 0 to 130" in str(page.pills[0].options)
    assert button(page, "replay").disabled
    assert "Save a fix or waive a row first." in texts(page)
    assert page.selectbox(key="table-bronze").options == ["people"]
    assert button(page, "save").disabled
    assert button(page, "waive").disabled
    assert button(page, "recheck").label == "Re-check 1 row"


def test_a_row_is_fixed_checked_saved_replayed_and_followed(app: OpenApp, small_lake: Path) -> None:
    page = app("quarantine", small_lake, table="bronze.people", row=str(ALAN))
    assert "age_range: age is outside 0 to 130" in texts(page)
    assert "arrived: line 4 of people.csv" in texts(page)
    field = next(each for each in page.text_input if each.label == "age")
    assert field.value == "-5"
    assert button(page, "row-save").disabled
    assert "change a value first" in button(page, "row-save").help
    field.set_value("500").run()
    button(page, "row-recheck").click().run()
    assert "still fails" in texts(page)
    next(each for each in page.text_input if each.label == "age").set_value("41").run()
    assert "1 cell of 1 row edited, not saved yet" in texts(page)
    assert list(grid(page)["age"]) == ["41"]
    assert list(grid(page)["_check"]) == ["edited"]
    button(page, "row-recheck").click().run()
    assert list(grid(page)["_check"]) == ["would pass"]
    assert listing(small_lake).states["open"] == 1, "nothing is saved yet"

    button(page, "save").click().run()
    assert not page.exception
    assert "1 decided" in texts(page)
    assert "not saved" not in texts(page)
    saved = listing(small_lake)
    assert (saved.states["fixed"], saved.waiting) == (1, 1)
    assert "changed age: “-5” → “41”" in texts(page)

    button(page, "replay").click().run()
    deadline = time.monotonic() + 60
    while (found := listing(small_lake)).total and time.monotonic() < deadline:
        time.sleep(0.3)
    assert (found.total, found.states["replayed"]) == (0, 1)
    while not (job := _newest(small_lake)).ended and time.monotonic() < deadline:
        time.sleep(0.2)
    assert job.result is not None
    assert (job.result["replayed"], job.result["still"]) == (1, 0)
    page.run()
    assert not page.exception
    assert "Nothing of people is set aside" in texts(page)
    page.segmented_control(key="state-people").set_value("replayed").run()
    assert list(grid(page)["_check"]) == ["in silver"]
    assert "replayed into silver" in texts(page)
    with workbench.opened(small_lake) as lake:
        rows = workbench.query(lake, "SELECT age FROM silver.people WHERE id = 3").rows
    assert [str(row["age"]) for row in rows] == ["41"]


def _newest(lake: Path) -> workbench.Job:
    with workbench.opened(lake) as opened:
        return workbench.jobs(opened, 1)[0]


def test_a_decision_is_taken_back_from_the_history(app: OpenApp, small_lake: Path) -> None:
    with workbench.opened(small_lake, "bob") as lake:
        (made,) = quarantining.fix_many(lake, "people", {ALAN: {"age": "41"}}, "by telephone")
    page = app("quarantine", small_lake, table="bronze.people", row=str(ALAN))
    assert "by telephone" in texts(page)
    assert "by bob" in texts(page)
    button(page, f"revoke-{made.id}").click().run()
    assert not page.exception
    assert "took back the fix of age" in texts(page)
    assert listing(small_lake).states["open"] == 1


def test_a_waiver_asks_why(app: OpenApp, small_lake: Path) -> None:
    page = app("quarantine", small_lake, table="bronze.people", row=str(ALAN))
    button(page, "row-waive").click().run()
    assert not page.exception
    assert button(page, "waive-yes").disabled
    page.text_input(key="waive-reason").set_value("He is a ghost").run()
    button(page, "waive-yes").click().run()
    assert not page.exception
    found = listing(small_lake)
    assert (found.states["waived"], found.waiting) == (1, 1)
    assert "He is a ghost" in texts(page)


def test_a_bulk_edit_is_looked_at_then_put_on_the_desk(app: OpenApp, small_lake: Path) -> None:
    page = app("quarantine", small_lake, table="bronze.people", filter="age_range age")
    button(page, "bulk").click().run()
    assert page.selectbox(key="bulk-column").value == "age", "the column at fault comes first"
    assert '"E-Mail"' in texts(page), "how names with signs are written"
    page.text_input(key="bulk-sql-age").set_value("no_such(age)").run()
    assert "there is no function 'no_such'" in texts(page)
    page.text_input(key="bulk-sql-age").set_value("replace(age, '-', '')").run()
    assert "1 row would change, 0 stay as they are" in texts(page)
    button(page, "bulk-yes").click().run()
    assert not page.exception
    assert list(grid(page)["age"]) == ["5"]
    assert "1 cell of 1 row edited, not saved yet" in texts(page)
    assert listing(small_lake).waiting == 0
    button(page, "discard").click().run()
    assert list(grid(page)["age"]) == ["-5"]


def test_a_bulk_edit_begins_where_most_rows_fail(app: OpenApp, small_lake: Path) -> None:
    page = app("quarantine", small_lake, table="bronze.people")
    button(page, "bulk").click().run()
    assert page.selectbox(key="bulk-column").value == "age"


def test_a_record_that_could_not_be_read_can_be_typed(app: OpenApp, empty_lake: Path) -> None:
    file = empty_lake.parent / "things.jsonl"
    file.write_text('{"id": 1, "E-Mail": "a"}\n{"id": 2, oops\n', encoding="utf-8")
    with workbench.opened(empty_lake, "tester") as lake:
        workbench.ingest(lake, workbench.build_source(str(file)), "things")
    promote(empty_lake, "things", "")
    (broken,) = listing(empty_lake, "things").rows
    page = app("quarantine", empty_lake, table="bronze.things", row=str(broken.rid))
    assert [code.value for code in page.code] == ['{"id": 2, oops']
    assert "No value could be read." in texts(page)
    assert (
        "Or correct line 2 of things.jsonl and take the file in again as a snapshot (the whole table each time)"
        in texts(page)
    )
    for name, value in (("id", "2"), ("E-Mail", "b")):
        next(each for each in page.text_input if each.label.replace("\\", "") == name).set_value(value).run()
    button(page, "row-recheck").click().run()
    assert "would pass" in texts(page)
    button(page, "row-save").click().run()
    assert not page.exception
    with workbench.opened(empty_lake, "tester") as lake:
        quarantining.replay(lake, "things")
        rows = workbench.query(lake, 'SELECT id, "E-Mail" AS mail FROM silver.things ORDER BY id').rows
    assert [(str(row["id"]), row["mail"]) for row in rows] == [("1", "a"), ("2", "b")]


def test_the_filter_is_in_the_url_and_searching_narrows(app: OpenApp, demo_lake: Path) -> None:
    page = app("quarantine", demo_lake, table="bronze.customers", filter="limit credit_limit")
    whole = listing(demo_lake, "customers")
    one = listing(demo_lake, "customers", reason="limit credit_limit")
    assert f"{whole.total:,} rows are set aside from customers, for {len(whole.reasons)} reasons" in texts(page)
    assert len(grid(page)) == one.matching
    assert f"showing {one.matching} rows" in texts(page)
    assert "credit_limit" in list(grid(page).columns)[:7], "the column at fault comes before the others"
    by_rule = app("quarantine", demo_lake, table="bronze.customers", filter="limit")
    assert by_rule.query_params["filter"] == "limit credit_limit"
    page.pills[0].set_value("cast birth_date").run()
    assert page.query_params["filter"] == "cast birth_date"
    page.text_input(key="search-customers").set_value("no such text anywhere").run()
    assert "No row is like that" in texts(page)
    assert not page.data_editor


def test_many_rows_come_in_pages(app: OpenApp, empty_lake: Path) -> None:
    ingest(empty_lake, "people", "id,age\n" + "".join(f"{n},-{n}\n" for n in range(1, 251)))
    promote(empty_lake, "people", "rules: [{id: r, kind: range, columns: [age], min: 0}]")
    page = app("quarantine", empty_lake, table="bronze.people")
    assert "250 rows are set aside from people, for 1 reason" in texts(page)
    assert list(grid(page)["id"]) == [str(n) for n in range(1, 101)]
    assert "showing 100 of 250 rows" in texts(page)
    page.pagination[0].set_value(3).run()
    assert not page.exception
    assert list(grid(page)["id"]) == [str(n) for n in range(201, 251)]


def test_a_row_that_is_not_set_aside_is_an_error_in_words(app: OpenApp, small_lake: Path) -> None:
    page = app("quarantine", small_lake, table="bronze.people", row=str((1 << 36) | 1))
    assert "is not set aside" in texts(page)
    assert "in silver.people" in texts(page), "its history is told all the same"
    button(page, "row-close").click().run()
    assert "row" not in page.query_params


def test_rules_nobody_kept_are_told_at_a_recheck(app: OpenApp, empty_lake: Path) -> None:
    ingest(empty_lake, "people", "id,age\n1,-5\n2,5\n")
    spec = workbench.parse_promotion("rules: [{kind: range, columns: [age], min: 0}]")
    with workbench.opened(empty_lake, "tester") as lake:
        lake.silver.promote("people", rules=spec.rules)
    page = app("quarantine", empty_lake, table="bronze.people")
    button(page, "recheck").click().run()
    assert "rules that were not kept with it" in texts(page)


def test_who_only_looks_changes_nothing(app: OpenApp, small_lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with workbench.opened(small_lake, "bob") as lake:
        (made,) = quarantining.fix_many(lake, "people", {ALAN: {"age": "41"}})
    monkeypatch.setenv("AUTOMIC_READ_ONLY", "1")
    page = app("quarantine", small_lake, table="bronze.people", row=str(ALAN))
    for key in ("replay", "save", "waive", "bulk", "row-save", "row-waive", f"revoke-{made.id}"):
        assert button(page, key).disabled, key
    assert next(each for each in page.text_input if each.label == "age").disabled
    button(page, "recheck").click().run()
    assert list(grid(page)["_check"]) == ["would pass"], "looking includes trying"


def test_hostile_names_and_cells_stay_text(app: OpenApp, empty_lake: Path) -> None:
    long = "x" * 5_000
    ingest(empty_lake, "odd", f"id,<script>alert(1)</script>,[a](b) **c**\n1,-5,<b>{long}</b>\n")
    rule = "rules: [{id: r, kind: range, columns: ['<script>alert(1)</script>'], min: 0}]"
    promote(empty_lake, "odd", rule)
    page = app("quarantine", empty_lake, table="bronze.odd", row=str((1 << 36) | 1))
    assert not page.exception
    assert len(grid(page)["[a](b) **c**"][0]) < 2_100
    assert not any("<script>" in str(each.value) for each in [*page.markdown, *page.caption])
    assert "<script>alert(1)</script> is" in texts(page)


def test_edits_of_one_visitor_are_not_those_of_another(app: OpenApp, small_lake: Path) -> None:
    mine = app("quarantine", small_lake, table="bronze.people", row=str(ALAN))
    next(each for each in mine.text_input if each.label == "age").set_value("41").run()
    other = app("quarantine", small_lake, table="bronze.people", row=str(ALAN))
    assert list(grid(other)["age"]) == ["-5"]
    assert list(grid(mine)["age"]) == ["41"]
