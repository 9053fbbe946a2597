"""How quickly the workbench answers: first paint of each page and interactions, in a real browser.

    python benchmarks/workbench_pages.py [--tables 100] [--runs 10] [--only WORDS]

Two lakes: the demo alone, and the demo with so many tables. First paint: a browser without a cache opens a page of a
server that has answered before, until the page's own sentence stands there. Interaction: from the click or key until
its result is shown, the script has run and nothing is stale. Medians in seconds. The floors are an empty Streamlit page
and a button on it, on the same server software, measured in the same run: the browser alone needs that long.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from automic_core import workbench
from automic_core.demo.run import run_demo
from benchmarks.workbench_acts import MAIN, Act, acts, cycle, measure, prepare
from tests.browser.driver import CHROMIUM, FLAGS, STILL, Person, serving

PAINT_BAR, ACT_BAR = 2.0, 1.0
WIDTH = 66
SIZE: Any = {"width": 1280, "height": 800}
EMPTY = """import streamlit as st
n = st.session_state["n"] = st.session_state.get("n", 0) + 1
st.markdown(f"### Empty {n}")
st.button("Press", key="press")
"""
PAGES: dict[str, dict[str, str]] = {
    "home": {},
    "connect": {},
    "schema": {"table": "bronze.customers"},
    "rules": {"table": "bronze.customers"},
    "promote": {"table": "bronze.customers"},
    "monitors": {},
    "quarantine": {"table": "silver.customers"},
    "match": {"table": "bronze.customers"},
    "tables": {"table": "silver.customers"},
    "ask": {},
    "explore": {},
    "runs": {},
    "settings": {},
}
READY = f"{STILL} [data-testid=stMainBlockContainer] h3"


def grow(lake: Path, tables: int) -> None:
    """Add small tables until there are that many."""
    file = lake.parent / "small.csv"
    file.write_text("id,name,amount\n" + "".join(f"{n},name {n},{n / 7:.2f}\n" for n in range(200)), encoding="utf-8")
    with workbench.opened(lake) as opened:
        missing = tables - len(opened.tables())
        for number in range(missing):
            workbench.ingest(opened, workbench.build_source(str(file)), f"more_{number:03}")


def paint(browser: Any, url: str, runs: int) -> float:
    """Seconds until a browser without a cache shows the page."""
    seconds = []
    for _ in range(runs + 1):  # the first one warms the server
        context = browser.new_context(viewport=SIZE)
        page = context.new_page()
        began = time.perf_counter()
        page.goto(url)
        page.wait_for_selector(READY, timeout=60_000)
        seconds.append(time.perf_counter() - began)
        context.close()
    return statistics.median(seconds[1:])


def floors(browser: Any, runs: int) -> None:
    """The same for an empty Streamlit page, and for a button that changes one text."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "app.py"
        page.write_text(EMPTY, encoding="utf-8")
        with serving(Path(folder) / "none", log=Path(folder) / "log", script=page) as url:
            print(f"{'first paint: an empty Streamlit page (floor)':<{WIDTH}} {paint(browser, url, runs):6.2f} s")
            person = Person(browser.new_page(viewport=SIZE), url)
            press = Act("", cycle([".st-key-press button"], f"{MAIN} h3"))
            print(f"{'a button on it (floor)':<{WIDTH}} {measure(person, press, runs):6.2f} s", flush=True)
            person.page.close()


def line(name: str, value: float, bar: float) -> bool:
    """One row of the table; whether the bar is met."""
    met = value <= bar
    print(f"{name:<{WIDTH}} {value:6.2f} s  <= {bar:.0f} s  {'met' if met else 'MISSED'}", flush=True)
    return met


def main() -> None:
    """Print the table; exit with 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tables", type=int, default=100)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--only", default="", help="rows of the table whose name has these words")
    chosen = parser.parse_args()
    if CHROMIUM is None:
        raise SystemExit("Chromium is missing (apt-get install chromium): nothing was measured.")
    from playwright.sync_api import sync_playwright

    met = []
    with sync_playwright() as driver, tempfile.TemporaryDirectory(prefix="automic-bench-") as folder:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        floors(browser, chosen.runs)
        lake = run_demo(Path(folder) / "lake").lake
        prepare(lake)
        for title in ("demo lake", f"{chosen.tables} tables"):
            if title != "demo lake":
                grow(lake, chosen.tables)
            with serving(lake, log=Path(folder) / "log") as url:
                for name, query in PAGES.items():
                    link = url + (
                        "/" if name == "home" else f"/{name}?" + "&".join(f"{k}={v}" for k, v in query.items())
                    )
                    row = f"first paint: {name}, {title}"
                    if chosen.only in row:
                        met.append(line(row, paint(browser, link, chosen.runs), PAINT_BAR))
                for name, each in acts(Path(folder)).items():
                    row = f"{name}, {title}"
                    if chosen.only in row:
                        person = Person(browser.new_page(viewport=SIZE), url)
                        met.append(line(row, measure(person, each, chosen.runs), ACT_BAR))
                        person.page.close()
        browser.close()
    sys.exit(not all(met))


if __name__ == "__main__":
    main()
