"""A real browser before a real server; skipped by name where there is no Chromium."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from automic_core.demo.run import run_demo
from tests.browser.driver import CHROMIUM, FLAGS, Person, serving
from tests.kept import Kept

NewPerson = Callable[..., Person]
FAILED = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="Chromium is not installed (apt-get install chromium)"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """One browser for all tests; each person has a profile of their own in it."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def kept_demo(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return Kept(run_demo(tmp_path_factory.mktemp("browser") / "demo-lake", orders=2_000).lake.parent)


@pytest.fixture(scope="module")
def lake(kept_demo: Kept) -> Path:
    """A demo of 2,000 orders, for the tests of one file."""
    return kept_demo.again() / "demo-lake"


@pytest.fixture(scope="module")
def url(lake: Path) -> Iterator[str]:
    """The workbench on that lake."""
    with serving(lake, log=lake.parent / "server.log") as found:
        yield found


@pytest.fixture
def person(chromium: Any, url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[NewPerson]:
    """Make visitors: ``person()``, ``person(dark=True)``."""
    contexts = []

    def visitor(*, dark: bool = False, at: str = url, width: int = 1280, height: int = 800) -> Person:
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        contexts.append(context)
        return Person(context.new_page(), at)

    yield visitor
    for number, context in enumerate(contexts):
        if request.node.stash.get(FAILED, False):
            context.pages[0].screenshot(path=str(tmp_path / f"left-{number}.png"))  # what it saw last
        context.close()
