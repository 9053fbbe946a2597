"""The Monitors page, driven without a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from automic_core import workbench

OpenApp = Callable[..., AppTest]


@pytest.fixture
def jumping_lake(empty_lake: Path, tmp_path: Path) -> Path:
    """bronze.visits: nine batches of 200 rows; in the newest 40 % of the emails are missing, else 1 %."""
    with workbench.opened(empty_lake, "tester") as lake:
        for day in range(9):
            holes = 80 if day == 8 else 2
            emails = ["" if row < holes else f"p{day * 200 + row}@example.org" for row in range(200)]
            file = tmp_path / f"visits_{day}.csv"
            pl.DataFrame({"visit_id": range(day * 200, day * 200 + 200), "email": emails}).write_csv(file)
            workbench.ingest(lake, workbench.build_source(str(file)), "visits", keys=["visit_id"])
    return empty_lake


@pytest.fixture
def watched_lake(jumping_lake: Path) -> Path:
    """The same, measured."""
    with workbench.opened(jumping_lake, "tester") as lake:
        workbench.measure(lake)
    return jumping_lake


def said(page: AppTest) -> str:
    return " ".join(part.value for part in [*page.markdown, *page.caption])


def test_without_tables_it_says_what_will_be_here(app: OpenApp, empty_lake: Path, tmp_path: Path) -> None:
    for lake in (empty_lake, tmp_path / "nowhere"):
        page = app("monitors", lake)
        assert "will stand here, the worst first" in said(page)
        assert any(button.label == "Load demo" for button in page.button)


def test_a_jump_is_first_is_called_expected_and_comes_back(app: OpenApp, watched_lake: Path) -> None:
    page = app("monitors", watched_lake)
    assert "1 surprise in 1 table" in said(page)
    assert "40% of email is empty" in said(page)
    assert "expected 0%" in said(page)
    page.button(key="alert-expected-0").click().run()
    assert not page.exception
    assert "Nothing is out of the ordinary" in said(page)
    page = app("monitors", watched_lake, table="bronze.visits", series="nulls:email")
    assert "Nothing is out of the ordinary" in said(page)
    assert "Called expected" in said(page)
    page.button(key="mark-revoke-0").click().run()
    assert not page.exception
    assert "40% of email is empty" in said(page)


def test_the_demo_has_its_failing_rules(app: OpenApp, demo_lake: Path) -> None:
    page = app("monitors", demo_lake)
    assert "failing rules in 4 tables" in said(page), "those of silver; the others are well"
    page.selectbox(key="monitors-table").select("silver.products").run()
    assert not page.exception
    assert page.query_params["table"] == "silver.products"
    assert "fail it" in said(page)
    assert "silver.orders" not in said(page)


def test_a_long_inbox_is_shown_in_parts(app: OpenApp, demo_lake: Path) -> None:
    page = app("monitors", demo_lake)
    few = [button.key for button in page.button if str(button.key).startswith("alert-open-")]
    assert len(few) == 8
    page.button(key="monitors-more").click().run()
    assert not page.exception
    more = [button.key for button in page.button if str(button.key).startswith("alert-open-")]
    assert len(more) > len(few)
    assert not any(button.key == "monitors-more" for button in page.button)


def test_who_only_looks_decides_nothing(app: OpenApp, watched_lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOMIC_READ_ONLY", "1")
    page = app("monitors", watched_lake)
    button = page.button(key="alert-expected-0")
    assert button.disabled
    assert button.help == "This workbench is open for looking only."


def test_a_link_to_nothing_says_so(app: OpenApp, watched_lake: Path) -> None:
    page = app("monitors", watched_lake, table="silver.nowhere", series="nulls:nothing")
    assert "40% of email is empty" in said(page)


def test_a_table_that_cannot_be_read_is_said_beside_what_is_known(app: OpenApp, jumping_lake: Path) -> None:
    for file in jumping_lake.rglob("visits-*/data/**/*.parquet"):
        file.unlink()
    page = app("monitors", jumping_lake)
    assert "9 states not measured yet" in said(page)
    assert not next(button for button in page.button if button.label == "Measure 9 states").disabled
