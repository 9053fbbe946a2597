"""The tables page: rows and filters, a cell back to its line, the timeline with diff and rollback, files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from automic_core import workbench
from automic_core.errors import ConflictError
from tests.kept import Kept
from tests.ui.conftest import OpenApp, unseen

FIX = "rules:\n- {id: age_range, kind: range, columns: [age], min: -10, max: 130, action: quarantine}\n"
HOSTILE = "**bold** <img src=x> [a](javascript:b)"


def texts(test: AppTest) -> str:
    """Everything the page says."""
    parts = [*test.markdown, *test.caption, *test.text, *test.code]
    return "\n".join(str(part.value).replace("\\", "") for part in parts)


def grid(test: AppTest, *columns: str) -> Any:
    """The data of the table that has these columns."""
    return next(each.value for each in test.dataframe if set(columns) <= set(each.value.columns))


def link(test: AppTest, name: str) -> str:
    """A parameter of the page's address."""
    value: list[str] | str = test.query_params[name]
    return value[0] if isinstance(value, list) else value


def button(test: AppTest, key: str) -> Any:
    return next(each for each in test.button if each.key == key)


def answer_yes(test: AppTest) -> None:
    """A dialog is a fragment, which a browser runs alone: here it is asked for again in the same run."""
    button(test, "back").click()
    button(test, "confirm-yes").click().run()


@pytest.fixture(scope="module")
def kept_lived(kept_people: Kept) -> Kept:
    folder = kept_people.again()
    with workbench.opened(folder / "lake", "bob") as lake:
        workbench.promote(lake, "people", workbench.parse_promotion(FIX))
    return Kept(folder)


@pytest.fixture
def lived(kept_lived: Kept) -> Path:
    """silver.people in two states: the second one lets the row of the first's quarantine in."""
    return unseen(kept_lived)


def states(lake: Path, table: str = "silver.people") -> list[workbench.State]:
    with workbench.opened(lake) as opened:
        return workbench.timeline(opened, table)


def choose(monkeypatch: pytest.MonkeyPatch, *places: int) -> None:
    """Mark states in the list, which only a browser can do."""
    monkeypatch.setattr(
        "pages.ui.views.tables_timeline._list", lambda ws, table, past: [past[place] for place in places]
    )


def test_no_tables_yet(app: OpenApp, empty_lake: Path, tmp_path: Path) -> None:
    for lake in (empty_lake, tmp_path / "nowhere"):
        test = app("tables", lake)
        assert "There are no tables yet" in texts(test)
        assert {"nothing-action", "load-demo"} <= {each.key for each in test.button}


def test_the_rows_of_a_table(app: OpenApp, small_lake: Path) -> None:
    test = app("tables", small_lake, table="silver.people")
    sentence = r"silver\.people has 3 rows in 4 columns, published (just now|\d+ minutes? ago) by tester"
    assert re.search(sentence, texts(test))
    assert grid(test, "_rid")["name"].tolist() == ["Ada", "Grace", "Edsger"]
    assert "showing 3 rows" in texts(test)
    assert link(test, "view") == "rows"


def test_every_table_and_view_of_the_demo(app: OpenApp, demo_lake: Path) -> None:
    with workbench.opened(demo_lake) as lake:
        names = workbench.table_names(lake)
    for name in names:
        app("tables", demo_lake, table=name)
    for view in ("columns", "timeline", "schema", "files"):
        for name in (
            "bronze.orders",
            "silver.customers",
            "gold.sales_by_category",
            "quarantine.orders",
            "meta.removed",
        ):
            test = app("tables", demo_lake, table=name, view=view)
            assert "That did not work" not in texts(test)


def test_pages_of_a_large_table(app: OpenApp, demo_lake: Path) -> None:
    test = app("tables", demo_lake, table="bronze.orders")
    assert "showing 1,000 of 2," in texts(test)
    assert len(grid(test, "_rid")) == 1_000


def test_filters_are_in_the_link(app: OpenApp, small_lake: Path) -> None:
    test = app("tables", small_lake, table="silver.people", filter="above:age:50")
    assert grid(test, "_rid")["name"].tolist() == ["Grace", "Edsger"]
    button(test, "filter-off").click().run()
    assert len(grid(test, "_rid")) == 3
    assert "filter" not in test.query_params
    search = next(each for each in test.text_input if (each.key or "").startswith("rows-search-"))
    search.set_value("lond").run()
    assert link(test, "filter") == "search:lond"
    assert grid(test, "_rid")["name"].tolist() == ["Ada"]
    search = next(each for each in test.text_input if (each.key or "").startswith("rows-search-"))
    search.set_value("nobody").run()
    assert "No row is like that" in texts(test)


def test_a_condition_by_form(app: OpenApp, small_lake: Path) -> None:
    test = app("tables", small_lake, table="silver.people")
    column, operator = (each for each in test.selectbox if each.label in ("Column", "is"))
    column.set_value("city")
    operator.set_value("starts")
    next(each for each in test.text_input if each.label == "Value").set_value("New")
    next(each for each in test.button if each.label == "Show these rows").click().run()
    assert link(test, "filter") == "starts:city:New"
    assert grid(test, "_rid")["name"].tolist() == ["Grace"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"filter": "like:a"}, "is no filter"),
        ({"filter": "is:nope:1"}, "There is no column 'nope' in this state."),
        ({"filter": "above:age:much"}, "does not fit the column 'age'"),
        ({"snapshot": "7"}, "never had the state 7"),
        ({"rid": "7", "column": "age"}, "silver.people has no row 7."),
        ({"rid": "68719476737", "column": "nope"}, "silver.people has no column 'nope'"),
    ],
)
def test_wrong_links_say_what_is_wrong(wrong: dict[str, str], said: str, app: OpenApp, small_lake: Path) -> None:
    test = app("tables", small_lake, table="silver.people", **wrong)
    assert said in texts(test)


def test_an_unknown_table_is_said(app: OpenApp, small_lake: Path) -> None:
    test = app("tables", small_lake, table="silver.nobody")
    assert "There is no table silver.nobody" in texts(test)
    assert "bronze.people has 4 rows" in texts(test)


def test_another_table_begins_anew(app: OpenApp, small_lake: Path) -> None:
    test = app("tables", small_lake, table="silver.people", filter="above:age:50", rid="68719476737", column="age")
    test.selectbox[0].set_value("bronze.people").run()
    assert "bronze.people has 4 rows" in texts(test)
    assert len(grid(test, "_rid")) == 4
    assert not {"filter", "rid", "column"} & set(test.query_params)


def test_a_cell_back_to_its_line(app: OpenApp, small_lake: Path) -> None:
    rid = str(1 << 36 | 2)
    test = app("tables", small_lake, table="silver.people", rid=rid, column="age")
    said = texts(test)
    assert "people.csv**, line 3" in said
    assert "2,Grace,85,New York" in said
    assert "age in bronze: `85`" in said
    assert "1 record behind it" in said
    button(test, "trace-close").click().run()
    assert "rid" not in test.query_params
    assert "people.csv" not in texts(test)


def test_the_cell_that_is_clicked_goes_into_the_link(
    app: OpenApp, small_lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pages.ui.grid.draw", lambda data, **options: (1, "city") if options["select"] else None)
    test = app("tables", small_lake, table="silver.people")
    assert (link(test, "rid"), link(test, "column")) == (str(1 << 36 | 2), "city")
    assert "people.csv**, line 3" in texts(test)


def test_a_gold_cell_shows_the_rows_behind_it(app: OpenApp, demo_lake: Path) -> None:
    test = app("tables", demo_lake, table="gold.orders_by_status", rid="0", column="revenue_eur")
    said = texts(test)
    assert "revenue_eur is sum of total_eur." in said
    assert "rows behind it" in said
    assert "orders.jsonl" in said


def test_hostile_names_and_cells_stay_text(app: OpenApp, empty_lake: Path, tmp_path: Path) -> None:
    file = tmp_path / "evil.csv"
    file.write_text(f'id,{HOSTILE}\n1,"{HOSTILE}`tick`"\n')
    with workbench.opened(empty_lake, HOSTILE) as lake:
        workbench.ingest(lake, workbench.build_source(str(file)), "evil")
    rid = str(1 << 36 | 1)
    for view in ("rows", "columns", "timeline", "schema", "files"):
        test = app("tables", empty_lake, table="bronze.evil", view=view, rid=rid, column=HOSTILE)
        for part in [*test.markdown, *test.caption]:
            outside = re.sub(r"`[^`]*`", "", str(part.value))
            assert not re.search(r"(?<!\\)<img|(?<!\\)\*\*bold|(?<!\\)\]\(", outside), part.value


def test_the_columns(app: OpenApp, small_lake: Path) -> None:
    test = app("tables", small_lake, table="silver.people", view="columns")
    found = grid(test, "filled")
    assert found["column"].tolist() == ["id", "name", "age", "city"]
    assert found["type"].tolist() == ["integer", "text", "integer", "text"]
    assert "figures of all rows" in texts(test)
    test.text_input[0].set_value("nothing like that").run()
    assert "No column has such a name." in texts(test)


def test_the_timeline(app: OpenApp, lived: Path) -> None:
    test = app("tables", lived, table="silver.people", view="timeline")
    found = grid(test, "what")
    assert found["what"].tolist() == ["◆ Promoted from bronze.people", "Promoted from bronze.people"]
    assert found["who"].tolist() == ["bob", "tester"]
    assert found["rows"].tolist() == [4, 3]
    assert found["change"].tolist() == [1, 3]
    assert "two to compare" in texts(test)


def test_a_single_state(app: OpenApp, small_lake: Path) -> None:
    test = app("tables", small_lake, table="silver.people", view="timeline")
    assert "its only state so far" in texts(test)


def test_two_states_are_compared(app: OpenApp, lived: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(monkeypatch, 0, 1)
    test = app("tables", lived, table="silver.people", view="timeline")
    said = texts(test)
    assert "to the present state" in said
    assert "1 row added" in said
    assert "0 rows removed" in said
    assert grid(test, "_rid")["name"].tolist() == ["Alan"]
    test.multiselect[0].set_value([]).run()
    assert "1 row added" in texts(test)


def test_many_rows_are_compared_only_on_request(app: OpenApp, lived: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(monkeypatch, 0, 1)
    monkeypatch.setattr("pages.ui.views.tables_diff.AT_ONCE", 2)
    test = app("tables", lived, table="silver.people", view="timeline")
    assert "row added" not in texts(test)
    test.toggle[0].set_value(True).run()
    assert "1 row added" in texts(test)


def test_three_states_are_one_too_many(app: OpenApp, lived: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with workbench.opened(lived, "bob") as lake:
        workbench.promote(lake, "people")
    choose(monkeypatch, 0, 1, 2)
    test = app("tables", lived, table="silver.people", view="timeline")
    assert "Two states can be compared" in texts(test)


def test_looking_at_a_past_state(app: OpenApp, lived: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(monkeypatch, 1)
    test = app("tables", lived, table="silver.people", view="timeline")
    before = states(lived)[1]
    button(test, "look").click().run()
    assert link(test, "snapshot") == str(before.id)
    test = app("tables", lived, table="silver.people", snapshot=str(before.id))
    assert "silver.people as it was" in texts(test)
    assert grid(test, "_rid")["name"].tolist() == ["Ada", "Grace", "Edsger"]
    for view in ("columns", "files"):
        assert "as it was" in texts(app("tables", lived, table="silver.people", snapshot=str(before.id), view=view))
    button(test, "to-present").click().run()
    assert "snapshot" not in test.query_params
    assert len(grid(test, "_rid")) == 4


def test_setting_a_table_back(app: OpenApp, lived: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(monkeypatch, 1)
    test = app("tables", lived, table="silver.people", view="timeline")
    button(test, "back").click().run()
    said = texts(test)
    assert "silver.people returns to the state of" in said
    assert "with 3 rows" in said
    assert "That removes 1 row, brings 0 rows back and changes 0 rows" in said
    assert states(lived)[0].operation == "promote", "nothing happens before the answer"
    answer_yes(test)
    assert not test.exception
    now = states(lived)[0]
    assert (now.operation, now.rows) == ("rollback", 3)


def test_a_table_that_changed_meanwhile_is_not_set_back(
    app: OpenApp, lived: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(monkeypatch, 1)
    test = app("tables", lived, table="silver.people", view="timeline")
    button(test, "back").click().run()

    def beaten(*_: object) -> int:
        raise ConflictError("silver.people changed meanwhile.", "Look at it again, then decide.")

    beaten.__module__, beaten.__qualname__ = "tests", "beaten"
    monkeypatch.setattr("pages.ui.views.tables_rollback.workbench.rollback_to", beaten, raising=False)
    answer_yes(test)
    assert "silver.people changed meanwhile." in texts(test)
    assert states(lived)[0].operation == "promote"


def test_who_may_only_look_sets_nothing_back(app: OpenApp, lived: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOMIC_READ_ONLY", "1")
    choose(monkeypatch, 1)
    test = app("tables", lived, table="silver.people", view="timeline")
    assert button(test, "back").disabled


def test_what_automic_keeps_is_not_set_back(app: OpenApp, lived: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with workbench.opened(lived, "bob") as lake:
        workbench.promote(lake, "people", workbench.parse_promotion(FIX.replace("-10", "0")))
    choose(monkeypatch, 1)
    test = app("tables", lived, table="quarantine.people", view="timeline")
    assert "back" not in {each.key for each in test.button}


def test_what_became_of_the_columns(app: OpenApp, lived: Path) -> None:
    test = app("tables", lived, table="silver.people", view="schema")
    assert "have been the same" in texts(test)
    renamed = "steps:\n- {id: r, kind: rename, columns: {city: town}}\n" + FIX
    with workbench.opened(lived, "bob") as lake:
        workbench.promote(lake, "people", workbench.parse_promotion(renamed))
    test = app("tables", lived, table="silver.people", view="schema")
    found = grid(test, "old", "new")
    assert sorted(zip(found["kind"], found["column"], strict=True)) == [("+ added", "town"), ("- removed", "city")]
    assert set(found["who"]) == {"bob"}


def test_the_files(app: OpenApp, small_lake: Path) -> None:
    test = app("tables", small_lake, table="silver.people", view="files")
    assert [each.value for each in test.metric][:3:2] == ["1", "3"]
    assert grid(test, "share")["column"].tolist() == ["id", "name", "age", "city"]
    assert grid(test, "path")["rows"].tolist() == [3]
    assert "small files" not in texts(test)


def test_small_files_can_be_merged(
    app: OpenApp, small_lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with workbench.opened(small_lake, "bob") as lake:
        for number in range(10):
            (tmp_path / f"{number}.csv").write_text(f"id,name,age,city\n{number + 10},n,1,c\n")
            workbench.ingest(lake, workbench.build_source(str(tmp_path / f"{number}.csv")), "people", keys=["id"])
    asked: list[tuple[object, ...]] = []

    def submit(lake: object, *arguments: object) -> None:
        asked.append(arguments)

    submit.__module__, submit.__qualname__ = "tests", "submit"
    monkeypatch.setattr(workbench, "submit", submit, raising=False)
    test = app("tables", small_lake, table="bronze.people", view="files")
    assert "11 files are smaller" in texts(test)
    button(test, "tidy").click().run()
    assert asked == [("tidy", "bronze.people", {"table": "bronze.people"})]
