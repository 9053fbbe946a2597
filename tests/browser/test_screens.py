"""Every page in a real browser, light and dark: nothing fails, nothing is fetched from elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from automic_core import workbench
from automic_core.workbench.promotions import promotion_of
from tests.browser.driver import Person

NewPerson = Callable[..., Person]
PAGES = {
    "home": {},
    "connect": {},
    "schema": {"table": "bronze.customers", "column": "country_code"},
    "rules": {"table": "bronze.customers", "entry": "trim"},
    "promote": {"table": "bronze.customers"},
    "monitors": {},
    "quarantine": {"table": "silver.customers"},
    "match": {"table": "bronze.customers", "view": "clusters"},
    "tables": {"table": "silver.customers"},
    "explore": {
        "sql": "SELECT country, month, revenue_eur FROM gold.revenue_by_country_month ORDER BY revenue_eur DESC"
    },
    "runs": {},
    "settings": {},
}
DOCS = os.environ.get("AUTOMIC_SCREENSHOTS", "")


THEMES = pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])


@pytest.fixture
def review(lake: Path) -> Iterator[str]:
    """A review of customers with other limits, in which rows come, go and change; discarded in the end."""
    with workbench.opened(lake) as opened:
        published = workbench.draft(opened, "customers").data
        steps = [*published["steps"]]
        steps.insert(1, {"id": "no_phone", "kind": "nulls", "strategy": "fill", "fields": ["phone"], "fill_value": "?"})
        other = {"limit": {"max": 12_000}, "email_form": {"action": "warn"}}
        rules = [{**rule, **other.get(rule["id"], {})} for rule in published["rules"]]
        spec = promotion_of({**published, "steps": steps, "rules": rules}, "customers")
        staged = workbench.stage(opened, "customers", spec)
    yield staged
    with workbench.opened(lake) as opened:
        workbench.discard(opened, staged)


@THEMES
@pytest.mark.parametrize("name", list(PAGES))
def test_every_page(person: NewPerson, tmp_path: Path, name: str, dark: bool) -> None:
    visitor = person(dark=dark)
    visitor.open("" if name == "home" else name, **PAGES[name])
    if name == "schema":
        visitor.tap("schema-find-keys")
        visitor.see("this table to others", "What it is for", "is a key of")
        visitor.page.locator("[data-testid=stMain]").evaluate("main => main.scrollTo(0, 0)")
    if name == "quarantine":
        visitor.cell("", 1, 56)
        visitor.see("arrived", "Waive")
    if name == "monitors":
        visitor.see("failing rules", "Ranked by", "Expected")
    if name == "tables":
        visitor.cell("", 2, 480)
        visitor.see("customers_1.csv", "line")
    if name == "explore":
        visitor.see("showing", "Download")
    _shoot(visitor, tmp_path, name, dark)


@THEMES
def test_a_review(person: NewPerson, tmp_path: Path, review: str, dark: bool) -> None:
    visitor = person(dark=dark)
    visitor.open("promote", review=review)
    visitor.see("Publish")
    _shoot(visitor, tmp_path, "review", dark)


def _shoot(visitor: Person, folder: Path, name: str, dark: bool) -> None:
    """Nothing is wrong with what is seen; the picture lies in the folder the environment names, else in ``folder``."""
    assert "Something went wrong" not in visitor.text()
    assert "That did not work" not in visitor.text()
    wide = visitor.page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    assert not wide, "the page is wider than the window"
    visitor.shoot((Path(DOCS) if DOCS else folder) / f"{name}-{'dark' if dark else 'light'}.png")
    assert visitor.errors == []
    assert visitor.foreign == []
