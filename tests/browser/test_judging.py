"""A person judges a table on the Rules page: a wrong cell is fixed, faults are planted, a rule's past is seen."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from automic_core import workbench
from automic_core.workbench.promotions import parse_promotion
from tests.browser.driver import Person, serving

NewPerson = Callable[..., Person]
TOWNS = ["Berlin", "Hamburg", "Cologne", "Munich", "Dresden"]
AMOUNT = (0, 60)
RULES = "rules: [{id: amount, kind: range, columns: [amount], min: 0, max: 60, action: quarantine}]"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """silver.shop, promoted twice; two towns are misspelt and one amount is too large."""
    folder, draw = tmp_path_factory.mktemp("judging"), random.Random(1)
    lines = ["id,town,amount,ordered"]
    for n in range(1, 301):
        town = {7: "Hambrug", 9: "Berlni"}.get(n) or draw.choice(TOWNS)
        day = f"2024-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}"
        lines.append(f"{n},{town},{99 if n == 3 else draw.randint(500, 5000) / 100},{day}")
    (folder / "shop.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    path = workbench.create(folder / "lake").path
    with workbench.opened(path, "ada") as lake:
        workbench.ingest(lake, workbench.build_source(str(folder / "shop.csv")), "shop", keys=["id"])
        for _ in range(2):
            workbench.promote(lake, "shop", parse_promotion(RULES))
    return path


@pytest.fixture(scope="module")
def server(shop: Path) -> Iterator[str]:
    with serving(shop, log=shop.parent / "server.log") as found:
        yield found


def becomes(look: Callable[[], Any], wanted: Any, seconds: float = 45) -> None:
    """Wait until the lake is as it should be."""
    until = time.monotonic() + seconds
    while (found := look()) != wanted:
        assert time.monotonic() < until, f"{found!r} did not become {wanted!r}"
        time.sleep(0.2)


def decided(path: Path) -> list[tuple[str, str, str | None]]:
    with workbench.opened(path) as lake:
        return sorted((each.kind, each.column, each.value) for each in lake.decisions.current("shop"))


def kinds(path: Path) -> list[str]:
    with workbench.opened(path) as lake:
        return [rule["kind"] for rule in workbench.draft(lake, "shop").data["rules"]]


def rule(path: Path) -> tuple[float, float]:
    with workbench.opened(path) as lake:
        found = workbench.draft(lake, "shop").data["rules"][0]
    return found["min"], found["max"]


def test_a_table_is_judged(person: NewPerson, shop: Path, server: str, tmp_path: Path) -> None:
    ada = person(at=server, height=1000)
    ada.open("rules", table="bronze.shop", entry="amount")
    ada.see("Found so far in 2 published runs", "1 of 300 rows")
    assert ada.page.locator("[class*=st-key-rules-history] rect").count() == 2

    # The curve of a threshold: a point takes its value, by mouse or keyboard, as one undo point.
    ada.page.locator("[class*=st-key-rules-curve] .pick").last.hover()
    ada.page.locator("[class*=st-key-rules-curve] .tip").last.get_by_text("rows").wait_for()
    ada.page.locator("[class*=st-key-rules-curve] .pick").last.press("Enter")
    becomes(lambda: rule(shop) != AMOUNT, True)
    ada.settle()
    ada.tap("rules-undo")
    becomes(lambda: rule(shop), AMOUNT)

    # A cell that no rule speaks of is fixed, another one is found right.
    ada.page.get_by_text("Cells that are probably wrong").first.click()
    ada.see("Found without any rule", "showing 2 rows")
    ada.cell("rules-suspects-grid-bronze-shop-0-2", 0, 16)
    ada.page.get_by_label("New value", exact=True).wait_for()
    ada.tap("rules-suspects-fix")
    becomes(lambda: decided(shop), [("fix", "town", "Hamburg")])
    ada.see("1 cell fixed", "showing 1 row")
    ada.cell("rules-suspects-grid-bronze-shop-1-1", 0, 16)
    ada.page.get_by_label("New value", exact=True).wait_for()
    ada.tap("rules-suspects-right")
    becomes(lambda: decided(shop), [("fix", "town", "Hamburg"), ("waive", "suspect:town", None)])
    ada.see("None found in the first 300 rows")
    ada.page.get_by_text("Cells that are probably wrong").first.click()

    # Faults are planted; the rules for those that nothing notices come as one undo point.
    ada.page.get_by_text("What the rules would notice").first.click()
    ada.see("planted in a copy of 300 rows", "id is unique")
    ada.page.locator(".st-key-rules-mutation-matrix-bronze-shop .heatmaplayer").wait_for()
    ada.page.locator(".st-key-rules-mutation-score").first.scroll_into_view_if_needed()
    ada.shoot(tmp_path / "mutation.png")
    ada.tap("rules-remedy-all")
    becomes(lambda: {"unique", "not_null"} <= set(kinds(shop)), True)
    ada.settle()
    ada.tap("rules-undo")
    becomes(lambda: kinds(shop), ["range"])
    assert ada.errors == []
    assert ada.foreign == []
