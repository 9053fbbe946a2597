"""Matching by hand in a real browser: pairs judged by keyboard, the cost, the draft, a promotion, a merge undone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from automic_core import workbench
from tests.browser.driver import Person
from tests.browser.test_story import becomes, rows
from tests.guests import as_csv, guests

NewPerson = Callable[..., Person]


def merged(lake: Path) -> int:
    with workbench.opened(lake) as opened:
        return workbench.match_view(opened, "guests", workbench.draft(opened, "guests").data).here.merged


def said(lake: Path) -> list[str]:
    with workbench.opened(lake) as opened:
        return [each.said for each in workbench.pair_decisions(opened, "guests")]


def steps(lake: Path) -> list[dict[str, Any]]:
    with workbench.opened(lake) as opened:
        return list(workbench.draft(opened, "guests").data["steps"])


def promoted(ada: Person) -> None:
    ada.see("Prepare review")
    ada.click("Prepare review")
    ada.see("Publish")
    ada.click("Publish")


def test_pairs_are_judged_and_a_merge_is_undone(person: NewPerson, lake: Path, tmp_path: Path) -> None:
    file = tmp_path / "guests.csv"
    file.write_text(as_csv(guests()), encoding="utf-8")
    with workbench.opened(lake, "ada") as opened:
        workbench.ingest(opened, workbench.build_source(str(file)), "guests", keys=["id"])
    before = merged(lake)
    ada = person(height=1000)
    ada.open("match", table="bronze.guests")
    ada.see(f"{before} of 80 rows of guests would be merged", "Cluster sizes")

    # Two pairs, by keyboard and blind.
    ada.page.get_by_role("radio", name="Label pairs").or_(
        ada.page.get_by_role("button", name="Label pairs", exact=True)
    ).first.click()
    ada.settle()
    ada.see("pair 1 of", "no probability is shown")
    ada.page.keyboard.press("d")
    becomes(lambda: said(lake), ["different"])
    ada.see("pair 2 of")
    ada.page.keyboard.press("u")
    ada.see("pair 3 of")
    ada.page.keyboard.press("d")
    becomes(lambda: said(lake), ["different", "different"])
    ada.see("2 decisions about pairs")

    # What they change, before anything is taken over.
    after = merged(lake)
    assert after < before
    ada.click("See what they change")
    ada.see(f"{after} of 80 rows of guests would be merged", "2 decisions by people")
    assert steps(lake) == []
    ada.click("Take into draft")
    becomes(lambda: [step["match_mode"] for step in steps(lake)], ["fuzzy"])
    ada.see("Review and promote")
    ada.click("Review and promote")
    promoted(ada)
    becomes(lambda: rows(lake, "SELECT count(*) FROM silver.guests"), [(80 - after,)])

    # One merge undone, and the row is back.
    ada.open("match", table="bronze.guests", view="clusters")
    ada.see("2 rows are one", "The same with a probability of")
    ada.tap("match-undo")
    ada.see("becomes a row of its own in guests")
    ada.click("Undo the merge")
    becomes(lambda: said(lake).count("unmerged"), 1)
    ada.see(f"{after - 1} of 80 rows of guests would be merged")
    ada.open("promote", table="bronze.guests")
    promoted(ada)
    becomes(lambda: rows(lake, "SELECT count(*) FROM silver.guests"), [(80 - after + 1,)])
    assert ada.errors == []
    assert ada.foreign == []
