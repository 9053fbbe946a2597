"""What stands around every page: navigation, who is there, the boundary that turns errors into words."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from automic_core import workbench
from automic_core.errors import CatalogError, SecurityError
from pages.ui import calls
from pages.ui.state import Workspace
from pages.ui.words import count, duration, plain, size, when

OpenApp = Callable[..., AppTest]
ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    "home",
    "connect",
    "schema",
    "rules",
    "promote",
    "quarantine",
    "match",
    "tables",
    "explore",
    "runs",
    "settings",
)


def words(page: AppTest) -> str:
    return "\n".join(str(part.value) for part in [*page.markdown, *page.text, *page.caption, *page.sidebar.markdown])


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens_without_a_lake(app: OpenApp, tmp_path: Path, name: str) -> None:
    page = app(name, tmp_path / "nowhere")
    assert "should not" not in words(page)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens_on_an_empty_lake(app: OpenApp, empty_lake: Path, name: str) -> None:
    page = app(name, empty_lake)
    assert "should not" not in words(page)


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens_on_the_demo(app: OpenApp, demo_lake: Path, name: str) -> None:
    page = app(name, demo_lake)
    assert "should not" not in words(page)


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens_for_who_may_only_look(
    app: OpenApp, demo_lake: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOMIC_READ_ONLY", "1")
    page = app(name, demo_lake)
    assert "should not" not in words(page)
    assert "looking only" in words(page)


def test_the_table_chosen_on_one_page_is_the_one_of_the_next(app: OpenApp, small_lake: Path) -> None:
    file = small_lake.parent / "things.csv"
    file.write_text("a\n1\n")
    with workbench.opened(small_lake) as lake:
        workbench.ingest(lake, workbench.build_source(str(file)), "things")
    page = app("schema", small_lake)
    assert page.query_params["table"] == "bronze.people"
    page.selectbox(key="table-bronze").set_value("bronze.things").run()
    for name in ("quarantine", "tables"):
        page.switch_page(f"pages/{name}.py")
        page.query_params.clear()  # so does a click in the sidebar
        page.run()
        assert not page.exception
        assert page.query_params["table"] == "bronze.things", name
    next(each for each in page.selectbox if each.label == "Table").set_value("silver.people").run()
    page.switch_page("pages/schema.py")
    page.query_params.clear()
    page.run()
    assert page.query_params["table"] == "bronze.people", "of another layer, by its own name"
    page.query_params["table"] = "bronze.things"
    page.run()
    assert page.selectbox(key="table-bronze").value == "bronze.things", "a link wins"
    assert app("schema", small_lake).query_params["table"] == "bronze.people", "another visitor begins anew"


@pytest.mark.parametrize("name", PAGES)
def test_every_page_says_what_is_wrong_with_the_settings(app: OpenApp, empty_lake: Path, name: str) -> None:
    (empty_lake / "automic.yaml").write_text("jbos: {workers: 2}\n")
    page = app(name, empty_lake)
    assert "unknown key" in words(page)
    assert "should not" not in words(page)


@pytest.mark.parametrize("name", PAGES)
def test_every_page_says_that_the_catalog_is_broken(app: OpenApp, empty_lake: Path, name: str) -> None:
    (empty_lake / "catalog.db").write_bytes(b"this is no database")
    page = app(name, empty_lake)
    assert "should not" not in words(page)


def test_nobody_sees_anything_before_the_login(app: OpenApp, demo_lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOMIC_LOGIN", "1")
    page = app("tables", demo_lake)
    assert [button.label for button in page.button] == ["Log in"]
    assert "demo" not in words(page)


@pytest.mark.parametrize("name", [name for name in PAGES if name != "home"])
def test_nor_by_the_first_deep_link_of_a_server(demo_lake: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Before the first navigation Streamlit runs a page by itself; it must not get past the frame."""
    monkeypatch.setenv("AUTOMIC_LOGIN", "1")
    monkeypatch.setenv(workbench.VARIABLE, str(demo_lake))
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    page.switch_page(f"pages/{name}.py")
    page.run()
    assert not page.exception
    assert [button.label for button in page.button] == ["Log in"]
    assert "demo" not in words(page)


def test_an_error_nobody_foresaw_shows_no_trace(
    app: OpenApp, demo_lake: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(workbench, "graph", broken, raising=False)
    page = app("home", demo_lake)
    assert "should not" in words(page)
    assert "secret detail" not in words(page)
    assert "secret detail" in caplog.text


def test_an_error_of_the_core_is_shown_in_its_words(
    app: OpenApp, demo_lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object) -> None:
        raise CatalogError("The catalog <b>is away</b>.", "Wait for it.")

    monkeypatch.setattr(workbench, "graph", broken, raising=False)
    page = app("home", demo_lake)
    assert {"The catalog <b>is away</b>.", "Wait for it."} <= {text.value for text in page.text}


def test_who_may_only_look_cannot_change(small_lake: Path) -> None:
    ws = Workspace(str(small_lake), "guest", read_only=True)
    with pytest.raises(SecurityError, match="looking only"):
        calls.change(ws, workbench.rollback, "silver.people", 1)
    with workbench.opened(small_lake, read_only=True) as lake:
        with pytest.raises(SecurityError, match="reading only"):
            workbench.promote(lake, "people")
        with pytest.raises(SecurityError, match="reading only"):
            workbench.fix(lake, "people", 1 << 36 | 3, {"age": "5"})
        with pytest.raises(SecurityError, match="reading only"):
            workbench.rollback(lake, "silver.people", 1)


def test_answers_are_kept_until_a_table_changes(small_lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def rows(lake: object, name: str) -> int:
        asked.append(name)
        return len(asked)

    ws = Workspace(str(small_lake), "tester")
    first = calls.read(ws, rows, "a", tables=["silver.people"])
    assert calls.read(ws, rows, "a", tables=["silver.people"]) == first
    with workbench.opened(small_lake) as lake:
        workbench.promote(lake, "people")
    assert calls.read(ws, rows, "a", tables=["silver.people"]) == first + 1
    assert calls.read(ws, rows, "a", tables=["bronze.people"]) == first + 2


def test_words() -> None:
    assert (count(1, "row"), count(2340, "row"), count(None, "row")) == ("1 row", "2,340 rows", "? rows")
    assert (duration(0.42), duration(200), duration(4000)) == ("0.4 s", "3 min 20 s", "1 h 6 min")
    assert (size(12), size(1_500_000)) == ("12 B", "1.5 MB")
    assert when(None) == "never"
    assert plain("<script>*x*\n[a](b)") == r"\<script\>\*x\* \[a\]\(b\)"
    assert len(plain("a" * 5000)) == 301
    assert not re.search(r"\w@\w|://|www\\?\.", plain("a@b.example http://c.example WWW.d.example"), re.IGNORECASE)
