"""The field on the Rules page: what is said is staged, ticked, looked at, and accepted as one undo point."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

from tests.ui.test_rules import draft, entries, words

OpenApp = Callable[..., AppTest]


def said(at: AppTest, text: str) -> AppTest:
    at.text_input("rules-say").set_value(text)
    at.button("rules-say-try").click().run()
    assert not at.exception
    return at


def test_said_staged_accepted_undone(app: OpenApp, small_lake: Path) -> None:
    at = said(
        app("rules", small_lake, table="bronze.people"),
        "uppercase the city and rename name to called; age is at least 0",
    )
    assert draft(small_lake).version == 0, "nothing changes before it is accepted"
    assert [each.value for each in at.checkbox if str(each.key).startswith("rules-said-")] == [True] * 3
    assert "1 of 4 rows break it" in "".join(each.label for each in at.checkbox)
    at.checkbox("rules-said-1-1").uncheck().run()
    at.button("rules-say-accept").click().run()
    assert not at.exception
    assert entries(at) == ["cast", "text", "age_range", "range"]
    assert at.button("rules-undo").help.replace("\\", "").startswith("Undo: Say: uppercase the city")
    at.button("rules-undo").click().run()
    assert entries(at) == ["cast", "age_range"]


def test_what_is_not_understood_is_said(app: OpenApp, small_lake: Path) -> None:
    at = said(app("rules", small_lake, table="bronze.people"), "make it nice")
    assert "**make it nice**: I do not know what this means" in words(at)
    assert not [each for each in at.button if each.key == "rules-say-accept"]
    at.button("rules-say-dismiss").click().run()
    assert "make it nice" not in words(at)
    assert at.text_input("rules-say").value == ""


def test_why_a_row_is_set_aside_in_words(app: OpenApp, small_lake: Path) -> None:
    rid = (1 << 36) + 3
    at = app("quarantine", small_lake, table="bronze.people", row=str(rid))
    at.session_state[f"why-people-{rid}"] = True
    at.run()
    assert not at.exception
    assert "age is outside 0 to 130 (it is '-5')." in words(at)


def test_names_and_meaning_are_taken_with_their_cost(app: OpenApp, small_lake: Path) -> None:
    at = app("schema", small_lake, table="bronze.people")
    at.session_state["schema-meaning-bronze.people"] = True
    at.run()
    assert not at.exception
    assert "By rules" in words(at)
    assert "By the model" not in words(at), "no model is set up"
    at.button("schema-take-rules-city").click().run()
    assert "city" in words(at)
    at.button("schema-accept").click().run()
    assert not at.exception
    assert draft(small_lake).data["schema"]["city"]["description"]
    assert draft(small_lake).undo_label.startswith("city: described")
