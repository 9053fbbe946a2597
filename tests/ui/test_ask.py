"""The Ask page, driven without a browser: answers, follow-ups, what it abstains from, thumbs, golden set, words."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from automic_core import workbench
from automic_core.lake import Lakehouse
from automic_core.queries.process import pool

OpenApp = Callable[..., AppTest]
LAYER = "version: 1\ntables:\n  silver.people:\n    synonyms: [folk]\n    measures: {oldest_age: {sql: max(age)}}\n"


@pytest.fixture(scope="module", autouse=True)
def _processes() -> Iterator[None]:
    yield
    pool().close()


def settled(page: AppTest) -> AppTest:
    """The page once its questions are answered, and the words of the tables are read."""
    deadline = time.monotonic() + 60
    while "Reading the words of the tables" in words(page):
        assert time.monotonic() < deadline
        time.sleep(0.1)
        page.run()
    assert not page.exception
    return page


def words(page: AppTest) -> str:
    return "\n".join(str(each.value) for each in [*page.markdown, *page.caption, *page.text]).replace("\\", "")


def ask(page: AppTest, question: str) -> AppTest:
    return settled(page.chat_input[0].set_value(question).run())


def part(page: AppTest, name: str) -> AppTest:
    page.segmented_control(key="ask-part").set_value(name).run()
    return settled(page)


def badges(page: AppTest) -> str:
    return " | ".join(str(each.value) for each in page.markdown if "-badge" in str(each.value))


def test_an_empty_lake_says_what_will_be_here(app: OpenApp, empty_lake: Path) -> None:
    page = app("ask", empty_lake)
    assert "No tables to ask yet" in words(page)
    assert not page.chat_input


def test_begins_with_questions_that_its_tables_can_answer(app: OpenApp, demo_lake: Path) -> None:
    page = settled(app("ask", demo_lake))
    assert "12 tables to ask in plain language" in words(page)
    [first, *_] = [each for each in page.button if str(each.key).startswith("ask-idea-")]
    settled(first.click().run())
    assert "trust " in words(page)
    assert page.query_params["question"]


def test_visitors_wait_for_the_same_questions(app: OpenApp, small_lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, ask_in_words = [], workbench.ask_in_words

    def counted(lake: Lakehouse, question: str, *args: Any) -> workbench.AskingInWords:
        asked.append(question)
        return ask_in_words(lake, question, *args)

    monkeypatch.setattr(workbench, "ask_in_words", counted)
    for _ in range(3):
        settled(app("ask", small_lake))
    assert asked == [""], "each would take a process of its own"


def test_an_answer_says_who_read_it_how_and_from_what(app: OpenApp, small_lake: Path) -> None:
    page = ask(app("ask", small_lake), "How many people are there?")
    said = words(page)
    assert "grammar" in badges(page)
    assert "Shows the number of people." in said
    assert [each.value for each in page.metric] == ["3"]
    assert "silver.people had 1 of 4 rows set aside." in said
    assert page.text_area[0].value == "SELECT count(*) AS number_of_people FROM silver.people"
    assert page.query_params["question"] == "How many people are there?"


def test_a_question_in_the_address_is_asked_once(app: OpenApp, small_lake: Path) -> None:
    page = settled(app("ask", small_lake, question="What is the average age of people?"))
    page.run()
    assert words(page).count("Shows the average of people.age.") == 1
    long = app("ask", small_lake, question="x" * 600)
    assert "500 may be" in words(long)


def test_rows_stand_beside_their_chart(app: OpenApp, demo_lake: Path) -> None:
    page = ask(app("ask", demo_lake), "How many orders are there for each status?")
    assert len(page.dataframe[0].value) == 6
    assert page.get("plotly_chart")
    ask(page, "top 3")
    assert "with the question before" in badges(page)
    assert len(page.dataframe[1].value) == 3


def test_what_is_not_understood_is_said_with_questions_to_click(app: OpenApp, small_lake: Path) -> None:
    page = ask(app("ask", small_lake), "How many unicorns are there?")
    assert "“unicorns”" in words(page)
    assert page.text_area(key="ask-statement-1").value == ""
    settled(page.button(key="ask-chip-1-0").click().run())
    assert "Shows the number of people." in words(page)
    page.button(key="ask-teach-1").click().run()
    assert page.button(key="ask-layer-propose")


def test_a_thumb_up_verifies_and_can_be_undone(app: OpenApp, small_lake: Path) -> None:
    page = ask(app("ask", small_lake), "How many people are from London?")
    page.button(key="ask-right-1").click().run()
    assert "verified, it is answered so" in badges(page)
    ask(page, "How many people are from New York?")
    assert "with New York, approved by" in words(page)
    part(page, "Approved")
    assert "`London`" in words(page)
    part(page, "Conversation")
    page.button(key="ask-undo-1").click().run()
    with workbench.opened(small_lake) as lake:
        assert workbench.questions(lake) == []


def test_a_thumb_down_keeps_the_answer_from_coming_again(app: OpenApp, small_lake: Path) -> None:
    page = ask(app("ask", small_lake), "How many people are there?")
    page.text_input(key="ask-reason-1").set_value("The quarantined one counts too")
    page.button(key="ask-wrong-1").click().run()
    ask(page, "How many people are there?")
    assert "The quarantined one counts too" in words(page)
    assert "No answer: rather none than a wrong one" in words(page)


def test_a_person_writes_what_nobody_could_read(app: OpenApp, small_lake: Path) -> None:
    page = ask(app("ask", small_lake), "How is the youth of London?")
    assert "No answer" in words(page)
    page.text_area(key="ask-statement-1").set_value("SELECT nme FROM silver.people").run()
    page.button(key="ask-keep-1").click().run()
    assert "Did you mean name?" in words(page)
    page.text_area(key="ask-statement-1").set_value("SELECT min(age) AS age FROM silver.people WHERE city = 'London'")
    page.run()
    settled(page.button(key="ask-keep-1").click().run())
    assert "verified" in badges(page)
    assert [each.value for each in page.metric] == ["36"]
    ask(page, "how is the youth of New York")
    assert [each.value for each in page.metric] == ["36", "85"]


def test_the_golden_set_shows_what_changed(app: OpenApp, small_lake: Path) -> None:
    page = ask(app("ask", small_lake), "What is the average age of people?")
    page.button(key="ask-golden-1").click().run()
    part(page, "Golden set")
    settled(page.button(key="ask-golden-run").click().run())
    assert "all 1 as kept" in badges(page)
    with workbench.opened(small_lake) as lake:
        workbench.approve_question(lake, "What is the average age of people?", "SELECT 1 AS age")
    settled(page.button(key="ask-golden-run").click().run())
    assert "1 of 1 not as kept" in badges(page)
    assert "new: 1" in words(page)


def test_words_are_proposed_checked_and_saved(app: OpenApp, small_lake: Path) -> None:
    page = part(app("ask", small_lake), "Words of the lake")
    page.button(key="ask-layer-propose").click().run()
    assert "silver.people" in page.text_area[0].value
    page.text_area[0].set_value(LAYER.replace("max(age)", "max(agee)"))
    settled(page.button(key="ask-layer-check").click().run())
    assert "Line 5** oldest_age" in words(page)
    assert "age" in words(page)
    assert page.button(key="ask-layer-save").disabled
    page.text_area[0].set_value(LAYER)
    settled(page.button(key="ask-layer-check").click().run())
    assert "measure silver.people.oldest_age: max(age) — 85 over all rows" in words(page)
    page.button(key="ask-layer-save").click().run()
    part(page, "Conversation")
    ask(page, "How many folk are there?")
    assert "Shows the number of people." in words(page)
    ask(page, "What is the oldest age?")
    assert "85" in [each.value for each in page.metric]


def test_a_semantic_layer_that_is_no_yaml_is_said(app: OpenApp, small_lake: Path) -> None:
    (small_lake / "semantic.yaml").write_text("tables: [\n", encoding="utf-8")
    page = ask(app("ask", small_lake), "How many people are there?")
    assert "The semantic layer is not read." in words(page)
    assert [each.value for each in page.metric] == ["3"]
    part(page, "Words of the lake")
    settled(page.button(key="ask-layer-check").click().run())
    assert "semantic.yaml, line 2" in words(page)


def test_an_audience_asks_and_changes_nothing(app: OpenApp, small_lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOMIC_READ_ONLY", "1")
    page = ask(app("ask", small_lake), "What is the average age of people?")
    assert page.metric
    for key in ("ask-right-1", "ask-golden-1", "ask-gold-1"):
        assert page.button(key=key).disabled
    part(page, "Words of the lake")
    assert page.button(key="ask-layer-propose").disabled
