"""The Schema page, driven without a browser."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from automic_core import workbench
from automic_core.workbench.drafts import draft, save_draft
from automic_core.workbench.fields import FieldChange
from automic_core.workbench.schema_edits import accept_fields
from tests.kept import Kept
from tests.ui.conftest import OpenApp, unseen

RECORDS = 200


@pytest.fixture(scope="module")
def kept_deals(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("deals")
    file = folder / "deals.csv"
    amounts = {7: "n/k", 9: "five"}
    rows = [f"{i:04d},{amounts.get(i, f'{i}.25')},0{1 + i % 9}/0{1 + i % 8}/2024" for i in range(1, RECORDS + 1)]
    file.write_text("id,amount,day\n" + "\n".join(rows) + "\n", encoding="utf-8")
    with workbench.opened(workbench.create(folder / "lake").path, "tester") as lake:
        workbench.ingest(lake, workbench.build_source(str(file)), "deals")
    return Kept(folder)


@pytest.fixture
def deals(kept_deals: Kept) -> Path:
    """bronze.deals: codes with zeros, amounts with two misfits, days that read in two ways."""
    return unseen(kept_deals)


def said(app: AppTest) -> str:
    """All text on the page."""
    kinds = (app.markdown, app.caption, app.text)
    return "\n".join(str(each.value) for kind in kinds for each in kind).replace("\\", "")


def table(app: AppTest, key: str = "schema-grid") -> Any:
    """The grid whose key begins so."""
    return next(each for each in app.dataframe if str(each.key).startswith(key))


def edit(app: AppTest, row: int, **cells: object) -> AppTest:
    """Type into a row of the grid."""
    app.session_state[table(app).key] = {"edited_rows": {row: cells}, "added_rows": [], "deleted_rows": []}
    return app.run()


def saved(lake: Path) -> dict[str, Any]:
    with workbench.opened(lake, "tester") as opened:
        return draft(opened, "deals").data


def test_an_empty_lake_teaches(app: OpenApp, empty_lake: Path) -> None:
    page = app("schema", empty_lake)
    assert "There is no table to type yet" in said(page)
    assert "Every column will stand here" in said(page)


def test_a_row_a_column_and_what_needs_a_decision(app: OpenApp, deals: Path) -> None:
    page = app("schema", deals, table="bronze.deals")
    assert "### 3 columns, 2 need a decision" in said(page)
    shown = table(page).value
    assert list(shown["Column"]) == ["id", "amount", "day"]
    assert list(shown["Type"]) == ["text", "float", "text"]
    assert [list(state) for state in shown["State"]] == [["proposed"], ["decide"], ["decide"]]
    assert list(shown["Fits"]) == [1.0, 0.99, 1.0]
    assert "`id` stays text: 200 values have leading zeros, e.g. '0001'" in said(page)
    assert "From all 200 rows" in said(page)


def test_a_change_shows_its_cost_and_is_accepted_once(app: OpenApp, deals: Path) -> None:
    page = edit(app("schema", deals, table="bronze.deals"), 1, Type="decimal(10, 2)")
    text = said(page)
    assert "amount: float to decimal(10, 2)" in text
    assert "2 rows of 200 would go to quarantine." in text
    assert "2 of 200 values (1.0%) cannot be read as decimal(10, 2):" in text
    cells = next(each for each in page.dataframe if "Value" in each.value).value
    assert [(row["Value"], row["Line"]) for _, row in cells.iterrows()] == [("n/k", 8), ("five", 10)]
    assert saved(deals)["schema"] == {}, "nothing is decided before it is accepted"
    page.button(key="schema-accept").click().run()
    assert saved(deals)["schema"] == {"amount": {"type": "decimal", "precision": 10, "scale": 2}}
    assert "### 3 columns, 1 needs a decision" in said(page)
    assert list(table(page).value["Type"]) == ["text", "decimal(10, 2)", "text"]
    page.button(key="schema-undo").click().run()
    assert saved(deals)["schema"] == {}
    page.button(key="schema-redo").click().run()
    assert "amount" in saved(deals)["schema"]


def test_keep_as_it_is_forgets_the_change(app: OpenApp, deals: Path) -> None:
    page = edit(app("schema", deals, table="bronze.deals"), 2, Type="date")
    assert "day: text to date" in said(page)
    page.button(key="schema-keep").click().run()
    assert "day: text to date" not in said(page)
    assert saved(deals)["schema"] == {}


def test_every_cell_of_a_row_can_be_changed(app: OpenApp, deals: Path) -> None:
    cells = {"Column": "total", "Type": "text", "Nullable": False}
    page = edit(app("schema", deals, table="bronze.deals"), 1, **cells)
    assert "amount: float to text, called total, must have a value" in said(page)
    page.button(key="schema-accept").click().run()
    data = saved(deals)
    assert data["schema"] == {"amount": "string"}
    assert data["steps"] == [{"id": "rename", "kind": "rename", "columns": {"amount": "total"}}]
    rule = {"id": "required_total", "kind": "not_null", "columns": ["total"], "action": "quarantine"}
    assert data["rules"] == [rule]
    assert list(table(page).value["Column"]) == ["id", "total", "day"]


def test_a_format_is_read_with_the_column(app: OpenApp, deals: Path) -> None:
    page = edit(app("schema", deals, table="bronze.deals"), 2, Type="date", Format="%Y-%m-%d")
    assert "cannot be read as date %Y-%m-%d" in said(page)
    page = edit(app("schema", deals, table="bronze.deals"), 2, Type="date", Format="month first")
    assert "is not a date or time format" in said(page)


def test_accept_all_shows_the_cost_of_all(app: OpenApp, deals: Path) -> None:
    page = app("schema", deals, table="bronze.deals")
    page.button(key="schema-accept-all").click().run()
    assert "2 rows of 200 would go to quarantine." in said(page)
    page.button(key="schema-accept").click().run()
    assert saved(deals)["schema"] == {"id": "string", "amount": "float"}, "day reads in two ways, so it stays open"
    with workbench.opened(deals) as lake:
        assert draft(lake, "deals").undo_label == "Accept 2 proposals"


def test_only_what_needs_a_decision(app: OpenApp, deals: Path) -> None:
    page = app("schema", deals, table="bronze.deals")
    page.segmented_control(key="schema-show").set_value("Needs a decision").run()
    assert list(table(page).value["Column"]) == ["amount", "day"]
    page.text_input(key="schema-search").set_value("nothing like it").run()
    assert "No column here" in said(page)


def test_a_column_in_full(app: OpenApp, deals: Path) -> None:
    page = app("schema", deals, table="bronze.deals", column="amount")
    text = said(page)
    assert "2 values do not fit float: quarantine, or keep text?" in text
    assert "**198** of 200 values agree." in text
    assert "2 values do not fit float" in text
    assert page.get("plotly_chart")
    assert "min **1.25**" in text
    page.selectbox(key="column").set_value("id").run()
    assert "Kept as text: 200 values have leading zeros" in said(page)
    page.button(key="schema-close").click().run()
    assert page.selectbox(key="column").value is None


@pytest.mark.parametrize(
    ("answer", "label", "kept"),
    [
        ("Accept float", "amount: float accepted", "float"),
        ("Keep text", "amount: float to text", "string"),
        ("Show the cost", "amount: float accepted", "float"),
    ],
)
def test_a_proposal_is_answered_from_its_own_panel(
    app: OpenApp, deals: Path, answer: str, label: str, kept: str
) -> None:
    page = app("schema", deals, table="bronze.deals", column="amount")
    next(each for each in page.button if each.label == answer).click().run()
    assert label in said(page)
    assert ("2 rows of 200 would go to quarantine" in said(page)) == (kept == "float")
    assert not saved(deals).get("schema"), "the cost is seen before"
    page.button(key="schema-accept").click().run()
    assert saved(deals)["schema"] == {"amount": kept}
    assert not [each for each in page.button if each.label in ("Accept float", "Keep text")], "it is answered"
    page.button(key="schema-undo").click().run()
    assert not saved(deals).get("schema")


def test_a_column_can_be_changed_by_its_form(app: OpenApp, deals: Path) -> None:
    page = app("schema", deals, table="bronze.deals", column="amount")
    form = next(each for each in page.selectbox if str(each.key).startswith("schema-type-"))
    form.set_value("decimal(10, 2)")
    next(each for each in page.button if each.label == "Show the cost").click().run()
    assert "amount: float to decimal(10, 2)" in said(page)


def test_changed_elsewhere_is_said(app: OpenApp, deals: Path) -> None:
    page = edit(app("schema", deals, table="bronze.deals"), 1, Type="text")
    with workbench.opened(deals, "somebody") as lake:
        accept_fields(lake, "deals", {"id": FieldChange()}, 0, "id: text accepted")
    page.button(key="schema-accept").click().run()
    text = said(page)
    assert "changed elsewhere" in text.lower()
    assert saved(deals)["schema"] == {"id": "string"}, "the last write does not win"
    assert "amount: float to text" in said(page), "what was typed is still there"
    page.button(key="schema-accept").click().run()
    assert saved(deals)["schema"] == {"id": "string", "amount": "string"}


def test_undo_takes_back_what_was_seen(app: OpenApp, deals: Path) -> None:
    with workbench.opened(deals, "tester") as lake:
        accept_fields(lake, "deals", {"id": FieldChange()}, 0, "id: text accepted")
    page = app("schema", deals, table="bronze.deals")
    with workbench.opened(deals, "somebody") as lake:
        accept_fields(lake, "deals", {"day": FieldChange()}, 1, "day: text accepted")
    page.button(key="schema-undo").click().run()
    assert "changed elsewhere" in said(page).lower()
    assert saved(deals)["schema"] == {"id": "string", "day": "string"}


def test_columns_the_table_lost_can_be_taken_out(app: OpenApp, deals: Path) -> None:
    with workbench.opened(deals, "tester") as lake:
        save_draft(lake, "deals", {"schema": {"old": "date", "id": "string"}}, 0, "by hand")
    page = app("schema", deals, table="bronze.deals")
    assert "The draft decides on old" in said(page)
    page.button(key="schema-take-out").click().run()
    assert saved(deals)["schema"] == {"id": "string"}


def test_a_wrong_draft_is_said_in_words(app: OpenApp, deals: Path) -> None:
    with workbench.opened(deals, "tester") as lake:
        save_draft(lake, "deals", {"schema": {"id": "money"}}, 0, "by hand")
    page = app("schema", deals, table="bronze.deals")
    assert "There is no type 'money'" in said(page)


def test_looking_only_changes_nothing(app: OpenApp, deals: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOMIC_READ_ONLY", "1")
    page = app("schema", deals, table="bronze.deals")
    assert page.button(key="schema-accept-all").disabled


def test_many_columns_are_paged(app: OpenApp, empty_lake: Path, tmp_path: Path) -> None:
    file = tmp_path / "wide.csv"
    names = [f"c{i}" for i in range(230)]
    lines = [",".join("x" if i % 50 == 0 and row == 3 else str(i * row) for i in range(230)) for row in range(1, 21)]
    file.write_text("\n".join([",".join(names), *lines]) + "\n", encoding="utf-8")
    with workbench.opened(empty_lake, "tester") as lake:
        workbench.ingest(lake, workbench.build_source(str(file)), "wide")
    page = app("schema", empty_lake, table="bronze.wide")
    assert "### 230 columns, of the 100 shown 2 need a decision" in said(page)
    assert page.button(key="schema-accept-all").label == "Accept 100 proposals shown"
    assert len(table(page).value) == 100
    page.segmented_control(key="schema-show").set_value("Needs a decision").run()
    assert list(table(page).value["Column"]) == ["c0", "c50", "c100", "c150", "c200"]


def test_names_from_data_are_no_markup(app: OpenApp, empty_lake: Path, tmp_path: Path) -> None:
    file = tmp_path / "odd.csv"
    name = "<script>alert(1)</script> **b**"
    file.write_text(f"{name},n\n01,1\n02,2\n", encoding="utf-8")
    with workbench.opened(empty_lake, "tester") as lake:
        workbench.ingest(lake, workbench.build_source(str(file)), "odd")
    page = edit(app("schema", empty_lake, table="bronze.odd", column=name), 0, Type="integer")
    shown = [each.value for each in page.markdown if "script" in each.value]
    assert shown
    assert all(each.startswith("##### `") or "\\<script\\>" in each for each in shown)


def test_what_a_column_is_for_and_what_it_says_about_people(app: OpenApp, demo_lake: Path) -> None:
    page = app("schema", demo_lake, table="bronze.customers")
    shown = table(page).value
    personal = dict(zip(shown["Column"], shown["Personal data"], strict=True))
    assert personal["email"].startswith("e-mail address")
    assert personal["customer_id"] == ""
    assert all(text[-1] == "%" for text in shown["Kind"])
    assert "Personal data: " in said(page)
    page.selectbox(key="column").set_value("email").run()
    text = said(page)
    assert ":gray[What it is for]" in text
    assert "different values** agree." in text
    assert "have the form of an e-mail address" in text
    assert "likely" in text, "what else it may be is told"


def test_keys_of_other_tables_are_looked_for_when_asked(app: OpenApp, deals: Path, tmp_path: Path) -> None:
    file = tmp_path / "visits.csv"
    rows = [f"{i},{1 + i * 7 % RECORDS if i != 5 else 9999:04d},note {i % 3}" for i in range(400)]
    file.write_text("visit,deal_id,note\n" + "\n".join(rows) + "\n", encoding="utf-8")
    with workbench.opened(deals, "tester") as lake:
        workbench.ingest(lake, workbench.build_source(str(file)), "visits")
    page = app("schema", deals, table="bronze.visits", column="deal_id")
    assert ":gray[Key]" not in said(page)
    page.button(key="schema-find-keys").click().run()
    text = said(page)
    assert "1 key ties** this table to others" in text
    assert "**399 of 400 values** agree." in text
    assert "'9999' in 1 rows is no key there" not in text
    assert "'9999' in 1 row is no key there" in text
    assert ":gray[Key]" in text
    page.selectbox(key="column").set_value("note").run()
    assert ":gray[Key]" not in said(page)


def test_an_interaction_takes_less_than_a_second_of_work(app: OpenApp, demo_lake: Path) -> None:
    page = app("schema", demo_lake, table="bronze.orders")
    taken = []
    for column in ("total", "ordered_at", "status", "total", "ordered_at"):
        began = time.process_time()
        page.selectbox(key="column").set_value(column).run()
        taken.append(time.process_time() - began)
    assert sorted(taken)[2] < 1.0
