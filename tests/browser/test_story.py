"""The whole story in a real browser: from a file to a trusted table, and back again.

After each step the test looks at what the person sees and at the rows of the tables.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from automic_core import workbench
from tests.browser.driver import Person

NewPerson = Callable[..., Person]
TICKETS = """\
ticket_id,customer,opened,minutes,city
T-001,Ada Lovelace,2026-01-04,35,London
T-002,Grace Hopper,2026-01-05,120,New York
T-003,Alan Turing,2026-01-05,12,Wilmslow
T-003,Alan Turing,2026-01-05,12,Wilmslow
T-004,Edsger Dijkstra,2026-01-09,-8,Nuenen
T-005,Barbara Liskov,2026-01-11,47,Boston
T-006,Donald Knuth,2026-01-12,90,Stanford
"""


def rows(lake: Path, sql: str) -> list[tuple[Any, ...]]:
    with workbench.opened(lake) as opened:
        return [tuple(row.values()) for row in workbench.query(opened, sql, limit=None).rows]


def names(lake: Path) -> set[str]:
    with workbench.opened(lake) as opened:
        return {name for name in workbench.table_names(opened) if name.endswith(".tickets")}


def draft(lake: Path) -> dict[str, Any]:
    with workbench.opened(lake) as opened:
        return dict(workbench.draft(opened, "tickets").data)


def becomes(call: Callable[[], Any], expected: Any) -> None:
    """The lake says so soon: a click is heard, run and stored a moment later."""
    deadline = time.monotonic() + 20
    while (found := call()) != expected and time.monotonic() < deadline:
        time.sleep(0.1)
    assert found == expected


def test_from_a_file_to_a_trusted_table_and_back(person: NewPerson, lake: Path, tmp_path: Path) -> None:
    file = tmp_path / "tickets.csv"
    file.write_text(TICKETS, encoding="utf-8")
    ada = person(height=1000)

    # Upload a file, see its rows, take them into bronze.
    ada.open("connect")
    ada.upload(file)
    ada.see("tickets: 7 rows, 5 columns", "Every row could be read")
    assert names(lake) == set()
    ada.click("Take into bronze")
    ada.see("Decide on the schema")
    assert rows(lake, "SELECT count(*) FROM bronze.tickets") == [(7,)]

    # Fix a type; its cost is shown before it is accepted.
    ada.click("Decide on the schema")
    ada.see("5 columns")
    ada.choose("Look at a column", "minutes")
    ada.page.get_by_text("Change this column").click()
    ada.choose("Type", "float")
    ada.click("Show the cost")
    ada.see("Keep as it is")
    assert draft(lake).get("schema", {}) == {}
    ada.click("Accept")
    becomes(lambda: draft(lake)["schema"], {"minutes": "float"})
    ada.settle()

    ada.tap("schema-accept-all")
    ada.see("It costs nothing")
    ada.click("Accept")
    becomes(lambda: set(draft(lake)["schema"]), {"ticket_id", "customer", "opened", "minutes", "city"})
    assert draft(lake)["schema"]["minutes"] == "float"

    # Exact duplicates, a rule, and a step that is taken back.
    ada.click("Set rules")
    ada.see("Review and promote")
    ada.click("Add")
    ada.tap("rules-add-step-dedup")
    becomes(lambda: [step["kind"] for step in draft(lake)["steps"]], ["dedup"])
    ada.settle()
    ada.page.keyboard.press("Escape")
    ada.see("1 of 7 rows that reach it merged")
    ada.click("Add")
    ada.tap("rules-add-step-quality")
    becomes(lambda: [step["kind"] for step in draft(lake)["steps"]], ["dedup", "quality"])
    ada.page.keyboard.press("Escape")
    ada.tap("rules-undo")
    becomes(lambda: [step["kind"] for step in draft(lake)["steps"]], ["dedup"])
    ada.click("Add")
    ada.page.get_by_role("radio", name="Rules").or_(
        ada.page.get_by_role("button", name="Rules", exact=True)
    ).first.click()
    ada.settle()
    ada.tap("rules-add-rule-range")
    becomes(lambda: [rule["kind"] for rule in draft(lake)["rules"]], ["range"])
    ada.page.keyboard.press("Escape")
    ada.settle()
    ada.choose("Columns", "minutes")
    ada.page.keyboard.press("Escape")
    ada.fill("Min", "0")
    becomes(lambda: [(rule["columns"], rule.get("min")) for rule in draft(lake)["rules"]], [(["minutes"], 0)])
    ada.settle()

    # Promote: a review first; nothing is published before somebody says so.
    ada.click("Review and promote")
    ada.see("Prepare review")
    ada.click("Prepare review")
    ada.see("Publish", "1 row goes to quarantine")
    assert names(lake) == {"bronze.tickets"}
    ada.click("Publish")
    becomes(lambda: names(lake), {"bronze.tickets", "silver.tickets", "quarantine.tickets"})
    assert rows(lake, "SELECT count(*), sum(minutes) FROM silver.tickets") == [(5, 304.0)]

    # Fix the row that was set aside, and replay it.
    with workbench.opened(lake) as opened:
        (aside,) = workbench.quarantine(opened, "tickets").rows
    ada.open("quarantine", table="silver.tickets", row=str(aside["_rid"]))
    ada.see("1 row is set aside", "minutes")
    ada.fill("minutes", "8")
    ada.tap("row-save")
    ada.see("Replay into silver")
    assert rows(lake, "SELECT count(*) FROM silver.tickets") == [(5,)]
    ada.click("Replay into silver")
    becomes(lambda: rows(lake, "SELECT count(*), sum(minutes) FROM silver.tickets"), [(6, 312.0)])

    # Ask.
    ada.open("explore", sql="SELECT city, minutes FROM silver.tickets WHERE minutes < 40 ORDER BY minutes")
    ada.click("Run")
    ada.see("showing 3 rows")

    # Where does this cell come from?
    ada.open("tables", table="silver.tickets")
    ada.see("6 rows")
    ada.cell("", 4, 300)
    ada.see("tickets.csv", "line")

    # Back to the state before the replay.
    ada.open("promote", table="bronze.tickets")
    ada.click("Revert")
    ada.click("Revert", nth=-1)
    becomes(lambda: rows(lake, "SELECT count(*), sum(minutes) FROM silver.tickets"), [(5, 304.0)])
    assert ada.errors == []
    assert ada.foreign == []
