"""The Explore page, driven without a browser; the editor's own part is a component that only a browser runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from automic_core import workbench
from automic_core.queries.process import pool

OpenApp = Callable[..., AppTest]
SLOW = "SELECT count(*) FROM range(1e9::BIGINT) a, range(1e9::BIGINT) b WHERE a.range % 7 = 3"


@pytest.fixture(scope="module", autouse=True)
def _processes() -> Iterator[None]:
    yield
    pool().close()


def settled(app: AppTest) -> AppTest:
    """The page once the query under way has ended."""
    deadline = time.monotonic() + 60
    while any("Running for" in each.value for each in app.markdown):
        assert time.monotonic() < deadline
        app.run()
    assert not app.exception
    return app


def asked(app: OpenApp, lake: Path, sql: str) -> AppTest:
    opened = app("explore", lake, sql=sql)
    return settled(opened.button(key="run").click().run())


def words(app: AppTest) -> str:
    return "\n".join(str(each.value) for each in [*app.markdown, *app.caption, *app.text]).replace("\\", "")


def grid(app: AppTest) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = app.dataframe[0].value.to_dict("records")
    return rows


def test_an_empty_lake_says_what_will_be_here(app: OpenApp, empty_lake: Path) -> None:
    page = app("explore", empty_lake)
    assert "No tables to ask yet" in words(page)
    assert not page.dataframe


def test_begins_with_questions_about_its_own_tables(app: OpenApp, demo_lake: Path) -> None:
    page = app("explore", demo_lake)
    assert "12 tables and 3 quarantine tables to ask in SQL" in words(page)
    assert "gold.revenue_by_country_month" in words(page)
    settled(page.button(key="ask-0").click().run())
    assert page.dataframe
    assert "row" in words(page)
    assert page.query_params["sql"].startswith("SELECT")


def test_a_link_to_sql_opens_its_answer(app: OpenApp, small_lake: Path) -> None:
    page = settled(app("explore", small_lake, sql="SELECT name FROM silver.people ORDER BY id"))
    assert [row["name"] for row in grid(page)] == ["Ada", "Grace", "Edsger"]
    assert "**3 rows** in" in words(page)


def test_a_link_to_a_table_shows_its_first_rows(app: OpenApp, small_lake: Path) -> None:
    page = settled(app("explore", small_lake, table="silver.people"))
    assert len(grid(page)) == 3
    assert page.query_params["sql"] == "SELECT *\nFROM silver.people\nLIMIT 100"


def test_a_link_to_nothing_says_so(app: OpenApp, small_lake: Path) -> None:
    page = app("explore", small_lake, table="silver.peple")
    assert "There is no table silver.peple." in words(page)
    assert "silver.people" in words(page)
    long = app("explore", small_lake, sql="SELECT 1 --" + "x" * 5_000)
    assert "4,000 may be" in words(long)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT nme FROM silver.people", "line 1, column 8"),
        ("SELECT nme FROM silver.people", "Did you mean name?"),
        ("FROM silver.peple", "There is no table silver.peple."),
        ("DELETE FROM silver.people", "Only a SELECT may run here."),
        ("SELECT error('<b>boom</b>')", "<b>boom</b>"),
    ],
)
def test_an_error_stands_by_the_editor_in_its_words(app: OpenApp, small_lake: Path, sql: str, message: str) -> None:
    page = asked(app, small_lake, sql)
    assert any(message in each.value for each in page.text)
    assert not page.dataframe


def test_nothing_written_is_said(app: OpenApp, small_lake: Path) -> None:
    page = app("explore", small_lake)
    page.button(key="run").click().run()
    assert "There is no statement." in words(page)


def test_says_how_many_of_how_many(app: OpenApp, small_lake: Path) -> None:
    page = asked(app, small_lake, "FROM range(5000)")
    assert "showing 1,000 of 5,000 rows" in words(page)
    assert len(grid(page)) == 1000


def test_grid_or_chart_and_other_charts(app: OpenApp, demo_lake: Path) -> None:
    page = asked(app, demo_lake, "SELECT status, count(*) AS n, sum(total) AS t FROM silver.orders GROUP BY ALL")
    page.segmented_control(key="explore-shape").set_value("Chart").run()
    assert not page.exception
    assert page.get("plotly_chart")
    assert "One n for each status." in words(page)
    kind = next(box for box in page.selectbox if box.label == "Chart")
    assert kind.value == "bar"
    next(box for box in page.selectbox if box.label == "Height").set_value("t").run()
    assert "Chosen by you." in words(page)
    next(box for box in page.selectbox if box.label == "Chart").set_value("scatter").run()
    assert not page.exception
    assert next(box for box in page.selectbox if box.label == "Chart").value == "scatter"
    for kind_name in ("line", "area", "histogram", "bar"):
        next(box for box in page.selectbox if box.label == "Chart").set_value(kind_name).run()
        assert not page.exception
        assert page.get("plotly_chart")


def test_one_figure_and_no_chart(app: OpenApp, small_lake: Path) -> None:
    page = asked(app, small_lake, "SELECT 1234567 AS people")
    page.segmented_control(key="explore-shape").set_value("Chart").run()
    assert [(metric.label, metric.value) for metric in page.metric] == [("people", "1,234,567")]
    none = asked(app, small_lake, "SELECT [1] AS l WHERE false")
    none.segmented_control(key="explore-shape").set_value("Chart").run()
    assert "There are no rows." in words(none)


def test_time_travel_to_a_snapshot_and_to_a_time(app: OpenApp, small_lake: Path) -> None:
    with workbench.opened(small_lake, "tester") as lake:
        workbench.promote(lake, "people")  # no rule: all four rows
        old = workbench.history(lake, "silver.people")[-2]
    page = asked(app, small_lake, "SELECT count(*) AS n FROM silver.people")
    assert grid(page) == [{"n": 4}]
    page.radio(key="past-mode").set_value("One table at a snapshot").run()
    page.selectbox(key="past-table").set_value("silver.people").run()
    page.selectbox(key="past-snapshot-silver.people").set_value(old.id).run()
    settled(page.button(key="run").click().run())
    assert grid(page) == [{"n": 3}]
    assert str(old.id) in str([link.label for link in page.get("page_link")])
    page.radio(key="past-mode").set_value("Now").run()
    settled(page.button(key="run").click().run())
    assert grid(page) == [{"n": 4}]


def test_history_brings_a_statement_back(app: OpenApp, small_lake: Path) -> None:
    page = asked(app, small_lake, "SELECT 1 AS one")
    page.session_state["explore-history"] = True
    page.run()
    assert any("SELECT 1 AS one" in code.value for code in page.code)
    page.button(key="history-0").click().run()
    settled(page.button(key="run").click().run())
    assert grid(page) == [{"one": 1}]


def test_a_download_is_made_of_all_rows(app: OpenApp, small_lake: Path) -> None:
    page = asked(app, small_lake, "FROM range(3000)")
    page.button(key="download-make").click().run()
    assert not page.exception
    button = page.get("download_button")[0]
    assert "answer.csv" in button.label


def test_saving_as_gold_asks_for_a_name_and_builds(app: OpenApp, small_lake: Path) -> None:
    page = asked(app, small_lake, "SELECT city, count(*) AS n FROM silver.people GROUP BY ALL")
    page.button(key="save-gold").click().run()
    assert page.button(key="gold-build").disabled
    page = named(page, "by city")
    assert "cannot be a table name" in words(page)
    page = named(page, "by_city")
    assert "`gold.by_city` from `silver.people`" in words(page)
    page.button(key="gold-build").click()
    page.button(key="save-gold").click().run()
    assert not page.exception
    deadline = time.monotonic() + 90
    while "gold.by_city" not in names(small_lake):
        assert time.monotonic() < deadline
        time.sleep(0.3)


def named(page: AppTest, name: str) -> AppTest:
    """The dialog with this name; only its own button keeps it open where no browser does."""
    page.text_input(key="gold-name").set_value(name)
    return page.button(key="save-gold").click().run()


def names(lake: Path) -> list[str]:
    with workbench.opened(lake) as opened:
        return opened.tables("gold")


def test_a_long_query_can_be_cancelled(app: OpenApp, small_lake: Path) -> None:
    page = app("explore", small_lake, sql=SLOW)
    page.button(key="run").click().run()
    assert "Running for" in words(page)
    page.button(key="cancel-query").click().run()
    settled(page.run())
    assert "The query was cancelled." in words(page)


def test_looking_only_keeps_no_history_and_saves_nothing(
    app: OpenApp, small_lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOMIC_READ_ONLY", "1")
    page = asked(app, small_lake, "SELECT 1 AS looked_at")
    assert grid(page) == [{"looked_at": 1}]
    assert page.button(key="save-gold").disabled
    assert not [file for file in (small_lake / "explore").rglob("*.jsonl") if "looked_at" in file.read_text()]


def test_an_audience_does_not_see_what_the_owner_asked(
    app: OpenApp, small_lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(app, small_lake, "SELECT 1 AS mine")
    with workbench.opened(small_lake) as lake:
        assert [ran.sql for ran in workbench.recent_statements(lake)] == ["SELECT 1 AS mine"]
    monkeypatch.setenv("AUTOMIC_READ_ONLY", "1")
    page = app("explore", small_lake)
    page.session_state["explore-history"] = True
    page.run()
    assert not page.exception
    assert not page.get("popover") or all("History" not in each.proto.popover.label for each in page.get("popover"))
    assert not any("mine" in code.value for code in page.code)
    with workbench.opened(small_lake, read_only=True) as lake:
        assert workbench.recent_statements(lake) == []


def test_two_people_do_not_see_each_other(app: OpenApp, small_lake: Path) -> None:
    one = asked(app, small_lake, "SELECT 1 AS one")
    two = app("explore", small_lake)
    assert not two.dataframe
    assert grid(one) == [{"one": 1}]
