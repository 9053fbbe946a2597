"""What a person does on each page with a preview of 1,000 rows; each act says by what its result is known.

Nothing waits for a while: an act is over when the element it changes shows the new state and no script runs.
"""

from __future__ import annotations

import csv
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from automic_core import workbench
from tests.browser.driver import STILL, Person

ROWS, WIDE = 1_000, 60
Gesture = Callable[[], Any]
Turn = Callable[[Person, int], tuple[Gesture, str]]
CUSTOMERS = {"table": "bronze.customers"}
MAIN = "[data-testid=stMain]"


@dataclass(frozen=True)
class Act:
    """An interaction.

    Attributes:
        turn: Makes the n-th turn ready; gives what the person does, and JavaScript that is true only once the result
            is shown. Only from the doing on time counts.
        first: Done once before.
    """

    page: str
    turn: Turn
    query: dict[str, str] = field(default_factory=dict)
    first: Callable[[Person], None] | None = None


def measure(person: Person, act: Act, runs: int) -> float:
    """Median seconds until the result is shown and nothing runs any more; the first turn does not count."""
    person.open(act.page, **act.query)
    if act.first is not None:
        act.first(person)
    seconds = []
    for number in range(runs + 1):
        gesture, sign = act.turn(person, number)
        person.page.wait_for_selector(STILL, state="attached")
        if person.page.evaluate(sign):
            raise SystemExit(f"{act.page}: {sign} holds before anything was done, so nothing would be measured.")
        began = time.perf_counter()
        gesture()
        person.page.wait_for_function(sign)
        person.page.wait_for_selector(STILL, state="attached")
        person.page.wait_for_function("!document.querySelector('[data-stale=true]')")
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds[1:])


def shows(selector: str) -> str:
    """There is such an element."""
    return f"!!document.querySelector({json.dumps(selector)})"


def changed(person: Person, selector: str) -> str:
    """The element reads otherwise than it does now."""
    text = f"(document.querySelector({json.dumps(selector)})?.innerText ?? '')"
    return f"![{json.dumps(person.page.evaluate(text))}, ''].includes({text})"


def renamed(person: Person, selector: str) -> str:
    """Another element stands there: its key is another one."""
    name = f"(document.querySelector({json.dumps(selector)})?.className ?? '')"
    return f"![{json.dumps(person.page.evaluate(name))}, ''].includes({name})"


def click(person: Person, selector: str, nth: int = 0) -> Gesture:
    """Press it; already in view, so that scrolling is not measured."""
    target = person.page.locator(selector).nth(nth)
    target.wait_for()
    target.scroll_into_view_if_needed()
    return lambda: target.click()


def cell(person: Person, selector: str, row: int, left: int, height: int = 34, head: int = 34) -> Gesture:
    """Click into a grid: a row from 0, so many pixels from its left edge."""
    grid = person.page.locator(f"{selector} [data-testid=stDataFrame]").first
    grid.wait_for()
    grid.scroll_into_view_if_needed()
    person.settle()
    box = grid.bounding_box()
    return lambda: person.page.mouse.click(box["x"] + left, box["y"] + head + height * (row + 0.5))


def cycle(selectors: list[str], sign: str) -> Turn:
    """Press one after the other; the element ``sign`` reads otherwise each time."""
    return lambda person, number: (click(person, selectors[number % len(selectors)]), changed(person, sign))


def switch(presses: list[tuple[str, str]]) -> Turn:
    """Press one after the other; each has a sign that is true for it alone."""

    def turn(person: Person, number: int) -> tuple[Gesture, str]:
        press, result = presses[number % len(presses)]
        return click(person, press), result

    return turn


def undo_redo(page: str) -> Turn:
    """Undo, redo, undo: what can be redone is known by its button."""
    redo = f"document.querySelector('.st-key-{page}-redo button').disabled"

    def turn(person: Person, number: int) -> tuple[Gesture, str]:
        able = not person.page.evaluate(redo)
        return click(person, f".st-key-{page}-{'redo' if able else 'undo'} button"), redo if able else f"!{redo}"

    return turn


def sources(folder: Path) -> dict[str, Path]:
    """Files to connect: 1,000 rows of usual width, and of so many columns that they come in pages."""
    made = {}
    for name, columns in (("usual", 12), ("wide", 4 * WIDE)):
        made[name] = folder / f"{name}.csv"
        with made[name].open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([f"column_{place:03}" for place in range(columns)])
            writer.writerows(
                [f"{(row * place or row) % 1009}" for place in range(columns)] for row in range(1, ROWS + 1)
            )
    return made


def _connect(files: dict[str, Path]) -> dict[str, Act]:
    said = ":has(> [data-testid=stPagination]) + *"

    def other_columns(person: Person, number: int) -> tuple[Gesture, str]:
        arrow = "[data-testid=stPagination] button"
        last = person.page.locator(arrow).last
        nth = person.page.locator(arrow).count() - 1 if last.is_enabled() else 0
        return click(person, arrow, nth), changed(person, said)

    def option(person: Person, number: int) -> tuple[Gesture, str]:
        field = person.page.get_by_label("Skip lines", exact=True).first
        field.fill(str(number % 2 + 1))
        return lambda: field.press("Enter"), changed(person, ".st-key-connect-facts")

    def read_by(person: Person) -> None:
        person.upload(files["usual"])
        person.see("usual:")
        person.page.get_by_text("How it is read").click()

    def wide(person: Person) -> None:
        person.upload(files["wide"])
        person.see("wide:")

    return {
        "Connect: read with another option": Act("connect", option, first=read_by),
        f"Connect: other columns, {ROWS:,} rows x 100": Act("connect", other_columns, first=wide),
    }


def _schema() -> dict[str, Act]:
    def column(person: Person, number: int) -> tuple[Gesture, str]:
        grid = "[class*=st-key-schema-grid]"
        return cell(person, grid, 1 + number % 8, 18), changed(person, ".st-key-schema-panel h5")

    def ask(person: Person, number: int) -> tuple[Gesture, str]:
        if person.page.locator(".st-key-schema-keep").count():
            person.click("Keep as it is")
        person.open("schema", **CUSTOMERS, column=("birth_date", "signup_date", "updated_at")[number % 3])
        person.page.get_by_text("Change this column").click()
        person.choose("Type", "integer")
        return click(person, "[class*=st-key-schema-ask] button"), shows(".st-key-schema-cost .st-key-schema-accept")

    def accept(person: Person, number: int) -> tuple[Gesture, str]:
        person.open("schema", **CUSTOMERS, column="updated_at")
        person.page.get_by_text("Change this column").click()
        now = person.page.get_by_role("combobox", name="Type").input_value()
        person.choose("Type", "date" if now != "date" else "datetime")  # both fit, so that later acts see the same rows
        person.page.locator("[class*=st-key-schema-ask] button").click()
        person.page.locator(".st-key-schema-accept button").wait_for()
        person.settle()
        return click(person, ".st-key-schema-accept button"), f"!{shows('.st-key-schema-cost')}"

    return {
        "Schema: open a column": Act("schema", column, CUSTOMERS),
        "Schema: show the cost of a type": Act("schema", ask, CUSTOMERS),
        "Schema: accept it": Act("schema", accept, CUSTOMERS),
        "Schema: undo, redo": Act("schema", undo_redo("schema"), CUSTOMERS),
    }


def _rules() -> dict[str, Act]:
    def field(person: Person, number: int) -> tuple[Gesture, str]:
        box = person.page.get_by_label("Max", exact=True).first
        box.fill(str(int(person.value("Max")) + 1))
        return lambda: box.press("Tab"), changed(person, ".st-key-rules-entry-limit")

    def suggestion(person: Person, number: int) -> tuple[Gesture, str]:
        if number:
            person.tap("rules-undo")
            person.see("only typed so far")
        return click(person, ".st-key-rules-accept-0 button"), changed(person, f"{MAIN} h3")

    def empty(person: Person) -> None:
        if "only typed so far" not in person.text():
            person.tap("rules-undo")
            person.see("only typed so far")
            person.open("rules", table="bronze.usual")  # a draft that begins empty shows its suggestions

    steps = [f".st-key-rules-entry-{name} button" for name in ("trim", "same_person", "limit", "segment")]
    link = {**CUSTOMERS, "entry": "limit"}
    return {
        "Rules: select another step": Act("rules", cycle(steps, ".st-key-rules-open code"), link),
        "Rules: change a field": Act("rules", field, link),
        "Rules: undo, redo": Act("rules", undo_redo("rules"), link),
        "Rules: accept a suggestion": Act("rules", suggestion, {"table": "bronze.usual"}, empty),
    }


def _trust() -> dict[str, Act]:
    orders = {"table": "silver.orders"}

    def review(person: Person, number: int) -> tuple[Gesture, str]:
        person.open("promote", **CUSTOMERS)
        return click(person, "[class*=st-key-open-] button"), shows(".st-key-publish")

    def reason(person: Person, number: int) -> tuple[Gesture, str]:
        pills = "[class*=st-key-reason] button"
        return click(person, pills, number % 3), renamed(person, "[class*=st-key-grid]")

    def row(person: Person, number: int) -> tuple[Gesture, str]:
        return cell(person, "[class*=st-key-grid]", number % 10, 56), changed(person, ".st-key-row-panel")

    def recheck(person: Person, number: int) -> tuple[Gesture, str]:
        person.open("quarantine", **orders)
        return click(person, ".st-key-recheck button"), changed(person, ".st-key-checked")

    def traced(person: Person, number: int) -> tuple[Gesture, str]:
        grid = "[class*=st-key-rows-]"
        return cell(person, grid, 1 + number % 10, 250, 32), changed(person, ".st-key-trace")

    def diff(person: Person, number: int) -> tuple[Gesture, str]:
        person.open("tables", table="silver.customers", view="timeline")
        cell(person, "[class*=st-key-timeline-]", 0, 16)()
        person.settle()
        return cell(person, "[class*=st-key-timeline-]", 1, 16), shows(".st-key-diff [data-testid=stMultiSelect]")

    bar = "[class*=st-key-tables-view] button:nth-of-type"
    views = [
        (f"{bar}({place})", shows(f"{MAIN} {part}"))
        for place, part in (
            (2, "[class*=st-key-columns-]"),
            (3, "[class*=st-key-timeline-]"),
            (5, "[data-testid=stMetric]"),
            (1, "[class*=st-key-rows-search]"),
        )
    ]
    return {
        "Promote: open a review": Act("promote", review, CUSTOMERS),
        "Quarantine: filter by a reason": Act("quarantine", reason, orders),
        "Quarantine: open a row": Act("quarantine", row, orders),
        "Quarantine: check 100 rows again": Act("quarantine", recheck, orders),
        "Tables: follow a cell to its file and line": Act("tables", traced, {"table": "silver.customers"}),
        "Tables: another view": Act("tables", switch(views), {"table": "silver.customers"}),
        "Tables: compare two states": Act("tables", diff),
    }


def _look() -> dict[str, Act]:
    def ask(person: Person, number: int) -> tuple[Gesture, str]:
        rows = ROWS - number
        editor = person.page.locator(".st-key-sql-editor [contenteditable=true], .st-key-sql-editor textarea").first
        editor.click()
        person.page.keyboard.press("Control+A")
        person.page.keyboard.insert_text(f"SELECT * FROM silver.orders LIMIT {rows}")
        person.settle()
        said = f"(document.querySelector('.st-key-explore-head')?.innerText ?? '').includes('{rows:,} rows')"
        return click(person, ".st-key-run button"), said

    def run(person: Person, number: int) -> tuple[Gesture, str]:
        person.open("runs")
        return cell(person, "[class*=st-key-runs-grid]", number % 10, 180), shows(".st-key-runs-back")

    def silver(person: Person) -> None:
        person.open("runs", table="silver.customers")
        cell(person, "[class*=st-key-runs-grid]", 0, 180)()
        person.page.locator(".st-key-runs-back").wait_for()
        person.settle()

    sql = {"sql": f"SELECT country, month, revenue_eur FROM gold.revenue_by_country_month LIMIT {ROWS}"}
    chart = shows(".st-key-explore-chart .js-plotly-plot")
    compared = shows("[class*=st-key-compare-] [data-testid=stSelectbox]")
    shape = "[class*=st-key-explore-shape] button:nth-of-type"
    tab = "[class*=st-key-runs-tab] button"
    parts = [f"[class*=st-key-part] button:nth-of-type({place})" for place in (2, 3, 8, 9, 1)]
    pages = [f"[data-testid=stSidebarNav] a[href$='{name}']" for name in ("/tables", "/rules", "/runs", "/schema")]
    return {
        f"Explore: run a query of {ROWS:,} rows": Act("explore", ask, {"sql": "SELECT 1 AS n"}),
        "Explore: grid, chart": Act("explore", switch([(f"{shape}(2)", chart), (f"{shape}(1)", f"!{chart}")]), sql),
        "Runs: open a run": Act("runs", run),
        "Runs: compare with another": Act(
            "runs",
            switch([(f"{tab}:has-text('Compare')", compared), (f"{tab}:has-text('Steps')", f"!{compared}")]),
            first=silver,
        ),
        "Settings: another part": Act("settings", cycle(parts, MAIN)),
        "Sidebar: another page": Act("", cycle(pages, f"{MAIN} h3")),
    }


def acts(folder: Path) -> dict[str, Act]:
    """Everything that is measured, by name."""
    return {**_connect(sources(folder)), **_schema(), **_rules(), **_trust(), **_look()}


def prepare(lake: Path) -> None:
    """Two states of a table, a review that waits, and a table nobody has set rules for."""
    with workbench.opened(lake) as opened:
        text = workbench.published_spec(opened, "silver.customers")
        workbench.promote(opened, "customers", workbench.parse_promotion(text.replace("50000", "4000")))
        workbench.stage(opened, "customers", workbench.parse_promotion(text))
        workbench.ingest(opened, workbench.build_source(str(sources(lake.parent)["usual"])), "usual")
