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
