"""Every page in a real browser, light and dark: nothing fails, nothing is fetched from elsewhere."""

from __future__ import annotations

import os
import random
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
    "quarantine": {"table": "silver.customers"},
    "match": {"table": "bronze.customers", "view": "clusters"},
    "tables": {"table": "silver.customers"},
    "ask": {"question": "What is the revenue for each month?"},
    "explore": {
        "sql": "SELECT country, month, revenue_eur FROM gold.revenue_by_country_month ORDER BY revenue_eur DESC"
    },
    "runs": {},
    "settings": {},
}
DOCS = os.environ.get("AUTOMIC_SCREENSHOTS", "")


DARK = pytest.param(True, id="dark", marks=[] if DOCS else pytest.mark.slow)
THEMES = pytest.mark.parametrize("dark", [pytest.param(False, id="light"), DARK])
"""Each page in both looks; the dark ones only where all tests or the pictures of the docs are asked for."""


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
        visitor.see("this table to others", "What it is for", "refers to")
        visitor.page.locator("[data-testid=stMain]").evaluate("main => main.scrollTo(0, 0)")
    if name == "quarantine":
        visitor.cell("", 1, 56)
        visitor.see("arrived", "Waive")
    if name == "tables":
        visitor.cell("", 2, 480)
        visitor.see("customers_1.csv", "line")
    if name == "ask":
        visitor.see("Shows orders.revenue, for each orders.month", "Save as gold")
    if name == "explore":
        visitor.see("showing", "Download")
    _shoot(visitor, tmp_path, name, dark)


@THEMES
def test_a_review(person: NewPerson, tmp_path: Path, review: str, dark: bool) -> None:
    visitor = person(dark=dark)
    visitor.open("promote", review=review)
    visitor.see("Publish")
    _shoot(visitor, tmp_path, "review", dark)


@pytest.fixture(scope="module")
def surprise(lake: Path) -> None:
    """A table beside the demo's, of nine batches; in the newest four of ten emails are missing."""
    draw = random.Random(4)
    with workbench.opened(lake, "ann") as opened:
        for day in range(9):
            holes = 0.4 if day == 8 else 0.01
            lines = ["visit_id,email,country,minutes"]
            for row in range(400 + draw.randint(-20, 20)):
                email = "" if draw.random() < holes else f"p{day * 500 + row}@example.org"
                country = draw.choices(["DE", "FR", "IT"], [6, 3, 1])[0]
                lines.append(f"{day * 500 + row},{email},{country},{round(draw.gammavariate(4, 10), 1)}")
            file = lake.parent / f"visits_{day}.csv"
            file.write_text("\n".join(lines), encoding="utf-8")
            workbench.ingest(opened, workbench.build_source(str(file)), "visits", keys=["visit_id"])
        workbench.measure(opened)


@THEMES
def test_a_surprise(person: NewPerson, tmp_path: Path, surprise: None, dark: bool) -> None:
    visitor = person(dark=dark)
    visitor.open("monitors")
    visitor.see("1 surprise and", "of email is empty", "Ranked by", "times as far as the band reaches")
    visitor.page.locator(".st-key-monitors-figure svg").first.wait_for()
    _shoot(visitor, tmp_path, "monitors", dark)


def _shoot(visitor: Person, folder: Path, name: str, dark: bool) -> None:
    """Nothing is wrong with what is seen; the picture lies in the folder the environment names, else in ``folder``."""
    assert "Something went wrong" not in visitor.text()
    assert "That did not work" not in visitor.text()
    wide = visitor.page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    assert not wide, "the page is wider than the window"
    visitor.shoot((Path(DOCS) if DOCS else folder) / f"{name}-{'dark' if dark else 'light'}.png")
    assert visitor.errors == []
    assert visitor.foreign == []
