"""Lakes and pages for the tests of the workbench; no browser is needed."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from automic_core import workbench
from tests.kept import Kept
from tests.warm import start_worker

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = "id,name,age,city\n1,Ada,36,London\n2,Grace,85,New York\n3,Alan,-5,Wilmslow\n4,Edsger,72,Nuenen\n"
RULES = "rules:\n- {id: age_range, kind: range, columns: [age], min: 0, max: 130, action: quarantine}\n"

OpenApp = Callable[..., AppTest]


@pytest.fixture(scope="session", autouse=True)
def _components() -> Iterator[None]:
    """A server looks through all installed packages for components when it starts, AppTest at each run of a page."""
    scan = functools.cache(manifest_scanner.scan_component_manifests)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


def unseen(kept: Kept) -> Path:
    """The lake as it was made; nobody has looked at it yet."""
    st.cache_data.clear()
    return kept.again() / "lake"


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AUTOMIC_READ_ONLY", "AUTOMIC_LOGIN", "AUTOMIC_LAKE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.syspath_prepend(str(ROOT))


@pytest.fixture(autouse=True)
def _workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that a page starts is a process of its own, as always, but begins sooner."""
    if os.name == "posix":
        monkeypatch.setattr("automic_core.jobs.supervision.start_worker", start_worker)


@pytest.fixture
def empty_lake(tmp_path: Path) -> Path:
    """A lake without tables."""
    return workbench.create(tmp_path / "lake").path


@pytest.fixture(scope="session")
def kept_people(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("people")
    file = folder / "people.csv"
    file.write_text(PEOPLE, encoding="utf-8")
    with workbench.opened(workbench.create(folder / "lake").path, "tester") as lake:
        workbench.ingest(lake, workbench.build_source(str(file)), "people", keys=["id"])
        workbench.promote(lake, "people", workbench.parse_promotion(RULES))
    return Kept(folder)


@pytest.fixture
def small_lake(kept_people: Kept) -> Path:
    """bronze.people with the key id; silver.people with 3 of its 4 rows, one is in quarantine."""
    return unseen(kept_people)


@pytest.fixture
def warm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that has shown a page before: it knows that pages run inside app.py."""
    begun = PagesManager.__init__

    def init(self: PagesManager, *args: Any, **kwargs: Any) -> None:
        PagesManager.uses_pages_directory = False  # AppTest forgets it before every run
        begun(self, *args, **kwargs)

    monkeypatch.setattr(PagesManager, "__init__", init)


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, warm: None) -> OpenApp:
    """Open a page of the workbench on a lake: ``app("rules", lake, table="bronze.people")``."""

    def opened(page: str, lake: Path, *, check: bool = True, **query: str) -> AppTest:
        monkeypatch.setenv(workbench.VARIABLE, str(lake))
        test = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        for name, value in query.items():
            test.query_params[name] = value
        if page != "home":
            test.switch_page(f"pages/{page}.py")
        test.run()
        if check:
            assert not test.exception
        return test

    return opened
