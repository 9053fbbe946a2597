"""The home page, driven without a browser."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from automic_core import workbench

OpenApp = Callable[..., AppTest]


def test_without_a_lake_it_offers_to_begin(app: OpenApp, tmp_path: Path) -> None:
    page = app("home", tmp_path / "nowhere")
    assert "no lake" in page.markdown[0].value or any("no lake" in m.value for m in page.markdown)
    assert any(button.label == "Load demo" for button in page.button)
    assert not (tmp_path / "nowhere").exists()


def test_an_empty_lake_says_what_will_be_here(app: OpenApp, empty_lake: Path) -> None:
    page = app("home", empty_lake)
    assert any("will stand here" in m.value for m in page.markdown)
    assert {button.label for button in page.button} >= {"Connect a source", "Load demo"}


def test_load_demo_fills_an_empty_lake(app: OpenApp, empty_lake: Path) -> None:
    page = app("home", empty_lake)
    page.button(key="load-demo").click().run()
    assert not page.exception
    deadline = time.monotonic() + 120
    with workbench.opened(empty_lake) as lake:
        while not (job := workbench.jobs(lake)[0]).ended_at and time.monotonic() < deadline:
            time.sleep(0.2)
        assert (job.kind, job.state, job.error) == ("demo", "succeeded", None)
        assert "gold.revenue_by_country_month" in workbench.table_names(lake)
    page = app("home", empty_lake)
    assert any("12 tables and 3 quarantine tables in lake" in part.value for part in page.markdown)


def test_a_lake_with_tables_shows_graph_attention_and_runs(app: OpenApp, demo_lake: Path) -> None:
    page = app("home", demo_lake)
    text = " ".join(part.value for part in page.markdown)
    assert "12 tables and 3 quarantine tables in lake" in text
    assert "Needs attention" in text
    assert not next(each for each in page.button if each.label == "Connect a source").disabled
    assert "Last runs" in text
    page.button(key="attention-0").click().run()
    assert not page.exception


def test_who_only_looks_connects_nothing(app: OpenApp, small_lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOMIC_READ_ONLY", "1")
    page = app("home", small_lake)
    button = next(each for each in page.button if each.label == "Connect a source")
    assert button.disabled
    assert button.help == "This workbench is open for looking only."
