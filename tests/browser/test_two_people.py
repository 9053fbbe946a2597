"""Two people, two tabs, a browser that closes, an audience: nobody sees, loses or changes what is another's."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from automic_core import workbench
from tests.browser.driver import STILL, Person, serving
from tests.kept import Kept

NewPerson = Callable[..., Person]
PEOPLE = "id,name,age\n1,Ada,36\n2,Grace,85\n3,Alan,-5\n4,Edsger,72\n"
RULES = "rules:\n- {id: age_range, kind: range, columns: [age], min: 0, action: quarantine}\n"
BLOCK = 50_000


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("people")
    file = folder / "people.csv"
    file.write_text(PEOPLE, encoding="utf-8")
    with workbench.opened(workbench.create(folder / "lake").path, "ann") as opened:
        for name in ("people", "other"):
            workbench.ingest(opened, workbench.build_source(str(file)), name, keys=["id"])
        workbench.promote(opened, "people", workbench.parse_promotion(RULES))
    return Kept(folder)


@pytest.fixture
def lake(kept: Kept) -> Path:
    """silver.people with 3 rows, a fourth in quarantine; bronze.other, not promoted."""
    return kept.again() / "lake"


@pytest.fixture(scope="module")
def url(kept: Kept, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(kept.folder / "lake", log=tmp_path_factory.mktemp("server") / "server.log") as found:
        yield found


def becomes(call: Callable[[], Any], expected: Any, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while (found := call()) != expected and time.monotonic() < deadline:
        time.sleep(0.1)
    assert found == expected


def rows(lake: Path, sql: str) -> list[tuple[Any, ...]]:
    with workbench.opened(lake) as opened:
        return [tuple(row.values()) for row in workbench.query(opened, sql, limit=None).rows]


def steps(lake: Path, table: str) -> list[str]:
    with workbench.opened(lake) as opened:
        return [step["kind"] for step in workbench.draft(opened, table).data["steps"]]


def calm(*visitors: Person) -> None:
    for each in visitors:
        assert each.errors == []
        assert each.foreign == []
        assert "Something went wrong" not in each.text()


def test_unsaved_work_is_ones_own(person: NewPerson, lake: Path) -> None:
    ann, bob = person(), person()
    with workbench.opened(lake) as opened:
        (aside,) = workbench.quarantine(opened, "people").rows
    link = {"table": "bronze.people", "row": str(aside["_rid"])}

    ann.open("connect")
    ann.hand_over("mine.csv", b"a,b\n1,2\n")
    ann.see("mine: 1 row, 2 columns")
    bob.open("connect")
    bob.see("Choose a source")
    assert "mine: 1 row" not in bob.text()

    ann.open("quarantine", **link)
    bob.open("quarantine", **link)
    ann.fill("age", "55")
    ann.see("edited")
    ann.go("Tables")
    ann.open("quarantine", **link)  # a reload begins a new session
    bob.open("quarantine", **link)
    assert bob.value("age") == "-5"
    with workbench.opened(lake) as opened:
        assert opened.decisions.all() == []

    ann.open("explore")
    ann.page.locator("textarea").click()
    ann.page.keyboard.type("SELECT 41 AS only_for_ann", delay=5)
    ann.page.wait_for_timeout(900)
    bob.open("explore")
    assert "only_for_ann" not in bob.page.locator("textarea").input_value()
    ann.go("Tables")
    ann.go("Explore")
    becomes(lambda: "only_for_ann" in ann.page.locator("textarea").input_value(), True)

    ann.open("rules", table="bronze.people", entry="age_range")
    bob.open("rules", table="bronze.people")
    becomes(lambda: ann.page.get_by_label("Min", exact=True).count(), 1)
    bob.see("Review and promote")
    assert bob.page.get_by_label("Min", exact=True).count() == 0
    calm(ann, bob)


def test_two_tabs_edit_one_draft(person: NewPerson, lake: Path) -> None:
    first = person()
    second = first.tab()
    for each in (first, second):
        each.open("rules", table="bronze.other")
        each.see("Review and promote")
    second.click("Add")  # the menu is open while the other tab saves
    add(first, "dedup")
    becomes(lambda: steps(lake, "other"), ["dedup"])
    second.tap("rules-add-step-quality")
    second.see("changed elsewhere")
    assert steps(lake, "other") == ["dedup"]
    becomes(lambda: second.page.locator(".st-key-rules-undo button").first.is_disabled(), True)
    second.click("Reload")
    add(second, "quality")
    becomes(lambda: steps(lake, "other"), ["dedup", "quality"])
    calm(first, second)


def add(visitor: Person, step: str) -> None:
    visitor.click("Add")
    visitor.tap(f"rules-add-step-{step}")
    visitor.page.keyboard.press("Escape")
    visitor.settle()


def test_two_tabs_publish_one_review(person: NewPerson, lake: Path) -> None:
    with workbench.opened(lake, "ann") as opened:
        review = workbench.stage(opened, "other", workbench.parse_promotion(""))
    first = person()
    second = first.tab()
    for each in (first, second):
        each.open("promote", review=review)
        each.see("Publish")
    for each in (first, second):  # neither waits for the other
        each.page.evaluate("document.querySelector('.st-key-publish button').click()")
    for each in (first, second):
        each.page.wait_for_timeout(300)
        each.page.wait_for_selector(STILL, state="attached")
        each.settle()
    becomes(lambda: rows(lake, "SELECT count(*), count(DISTINCT id) FROM silver.other"), [(4, 4)])
    with workbench.opened(lake) as opened:
        states = [state for state in workbench.timeline(opened, "silver.other") if state.operation == "promote"]
        assert len(states) == 1
        assert workbench.reviews(opened) == []

    def told(*words: str) -> int:
        return sum(any(word in each.text() for word in words) for each in (first, second))

    becomes(lambda: told("published already", "Somebody is publishing"), 1)
    becomes(lambda: told("Published: silver.other") >= 1, True)
    calm(first, second)


def test_a_review_discarded_in_one_tab_is_told_in_the_other(person: NewPerson, lake: Path) -> None:
    with workbench.opened(lake, "ann") as opened:
        review = workbench.stage(opened, "other", workbench.parse_promotion(""))
    first = person()
    second = first.tab()
    for each in (first, second):
        each.open("promote", review=review)
        each.see("Publish")
    first.click("Discard")
    first.tap("confirm-yes")
    becomes(lambda: (lake / "reviews" / review).exists(), False)
    second.tap("publish")
    second.see("There is no review")
    with workbench.opened(lake) as opened:
        assert "silver.other" not in workbench.table_names(opened)
    calm(first, second)


def test_a_job_goes_on_without_its_browser(chromium: Any, person: NewPerson, lake: Path, url: str) -> None:
    file = lake.parent / "many.csv"
    block = "".join(f"{n},{n % 997},text {n % 13}\n" for n in range(BLOCK))
    file.write_text("id,v,t\n" + block * 60, encoding="utf-8")
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    ann = Person(context.new_page(), url)
    ann.open("connect")
    ann.fill("Path, pattern or address", str(file))
    ann.see("many: ")
    ann.click("Take into bronze")
    ann.page.wait_for_selector("text=Cancel")
    context.close()

    bob = person()
    bob.open("runs")
    with workbench.opened(lake) as opened:
        (job,) = workbench.jobs(opened)
    bob.open("runs", job=job.id)
    bob.see("Ingest bronze.many")
    becomes(lambda: state(lake, job.id), "succeeded", 120)
    assert rows(lake, "SELECT count(*) FROM bronze.many") == [(60 * BLOCK,)]
    bob.see("3,000,000 rows")
    calm(bob)


def state(lake: Path, job: str) -> str:
    with workbench.opened(lake) as opened:
        return workbench.job(opened, job).state


@pytest.mark.slow  # every button of every page
def test_an_audience_changes_nothing(person: NewPerson, lake: Path) -> None:
    with workbench.opened(lake, "ann") as opened:
        draft = {"steps": [{"kind": "dedup", "match_mode": "exact", "match_fields": ["id"]}], "rules": []}
        workbench.save_draft(opened, "people", draft, 0, "Add")
        review = workbench.stage(opened, "people", workbench.parse_promotion(RULES))
        run = workbench.runs(opened)[0].run_id
        (aside,) = workbench.quarantine(opened, "people").rows
    pages: list[tuple[str, dict[str, str]]] = [
        ("", {}),
        ("connect", {}),
        ("schema", {"table": "bronze.people"}),
        ("rules", {"table": "bronze.people"}),
        ("promote", {"table": "bronze.people"}),
        ("promote", {"review": review}),
        ("quarantine", {"table": "bronze.people", "row": str(aside["_rid"])}),
        ("tables", {"table": "silver.people", "view": "timeline"}),
        ("tables", {"table": "silver.people", "view": "files"}),
        ("explore", {"sql": "SELECT * FROM silver.people"}),
        ("ask", {"question": "How many people are there?"}),
        ("runs", {"run": run}),
        ("settings", {}),
        ("settings", {"part": "File"}),
    ]
    with serving(lake, "--read-only", log=lake.parent / "audience.log") as looking:
        cleo = person(at=looking)
        cleo.open("")
        before = marks(lake)
        for name, about in pages:
            cleo.open(name, **about)
            press_everything(cleo, name, about)
        calm(cleo)
        assert marks(lake) == before


def press_everything(visitor: Person, name: str, about: dict[str, str]) -> None:
    """Press each button of a page that can be pressed; the page is opened anew after one that led elsewhere."""
    buttons = "[data-testid=stMainBlockContainer] .stButton button:not([disabled])"
    address = visitor.page.url
    for number in range(min(visitor.page.locator(buttons).count(), 12)):
        if visitor.page.url != address or visitor.page.locator("[role=dialog]").count():
            visitor.open(name, **about)
            address = visitor.page.url
        button = visitor.page.locator(buttons).nth(number)
        if not button.count() or not button.is_visible():
            continue
        button.click()
        visitor.settle()
        assert "Something went wrong" not in visitor.text()
        for more in ("Revert", "Discard", "Waive", "Build", "Accept", "Save"):  # what a dialog would ask
            asked = visitor.page.locator("[role=dialog] button:not([disabled])").filter(has_text=more)
            if asked.count():
                asked.first.click()
                visitor.settle()


def marks(lake: Path) -> dict[str, Any]:
    """Everything that could be changed: files, tables, drafts, jobs, runs."""
    files = {
        str(file): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in lake.rglob("*")
        if file.is_file() and not file.name.startswith("state.db")
    }
    with workbench.opened(lake, read_only=True) as opened:
        jobs = [(job.id, job.state) for job in opened.context.state.jobs.newest(100)]
        drafts = [(each.name, each.version) for each in opened.context.state.drafts()]
        return {**files, "jobs": jobs, "drafts": drafts, "versions": workbench.versions(opened)}
