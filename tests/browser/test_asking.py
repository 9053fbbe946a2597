"""A person asks the lake: an answer, what goes on from it, none where nothing is known, thumbs, gold, golden set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from automic_core import workbench
from tests.browser.driver import Person

NewPerson = Callable[..., Person]


def test_a_conversation(person: NewPerson, lake: Path) -> None:
    ann = person()
    ann.open("ask", question="What is the revenue for each region?")
    ann.see("grammar", "Shows orders.revenue, for each orders.region.", "gates found something", "silver.orders")
    assert ann.page.locator(".js-plotly-plot").count() == 1
    ann.ask("only for Germany")
    ann.see("with the question before", "orders.name is Germany")
    ann.ask("How many unicorns are there?")
    ann.see("No answer: rather none than a wrong one", "unicorns", "What can be asked")
    ann.page.locator("[class*=st-key-ask-chip-] button").first.click()
    ann.see("Shows the number of")
    assert not ann.errors
    assert not ann.foreign


def test_a_thumb_up_a_gold_table_and_the_golden_set(person: NewPerson, lake: Path) -> None:
    ann = person()
    ann.open("ask", question="How many orders are there for each region?")
    ann.see("grammar")
    ann.tap("ask-right-1")
    ann.see("verified, it is answered so from now on")
    bob = person()
    bob.open("ask", question="how many orders are there for each region")
    bob.see("As the verified question “How many orders are there for each region?”", "trust 99%")
    bob.tap("ask-gold-1")
    bob.fill("Name", "orders_by_region")
    bob.see("gold.orders_by_region")
    bob.click("Build")
    bob.see("gold.orders_by_region is built")
    bob.tap("ask-golden-1")
    bob.see("in the golden set")
    bob.page.get_by_role("radio", name="Golden set").or_(bob.page.get_by_text("Golden set", exact=True)).first.click()
    bob.settle()
    bob.tap("ask-golden-run")
    bob.see("all 1 as kept")
    with workbench.opened(lake) as opened:
        assert "gold.orders_by_region" in workbench.table_names(opened)
        assert [each.verdict for each in workbench.questions(opened)] == ["right"]
    assert not ann.errors + bob.errors
