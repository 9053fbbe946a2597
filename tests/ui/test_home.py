"""The home page, driven without a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from automic_core.connectors.files.csv import CSVSource
from automic_core.lake import Lakehouse

APP = Path(__file__).resolve().parents[2] / "app.py"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AUTOMIC_LAKE", str(tmp_path / "lake"))
    monkeypatch.syspath_prepend(str(APP.parent))
    return tmp_path


def opened() -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    assert not app.exception
    return app


def test_without_a_lake_it_says_how_to_make_one(folder: Path) -> None:
    app = opened()
    assert "There is no lake" in app.error[0].value
    assert "automic init" in app.text[0].value
    assert not (folder / "lake").exists()


def test_an_empty_lake_says_what_to_do(folder: Path) -> None:
    Lakehouse.open(folder / "lake").close()
    app = opened()
    assert "no tables yet" in app.info[0].value
    assert "automic ingest" in app.code[0].value


def test_tables_and_the_ledger_of_the_newest_run(folder: Path) -> None:
    (folder / "a.csv").write_text("a\n1\n2\n")
    with Lakehouse.open(folder / "lake") as lake:
        lake.bronze.ingest(CSVSource(str(folder / "a.csv")), "numbers")
        app = opened()
        assert list(app.dataframe[0].value["table"]) == ["bronze.numbers"]
        report = lake.silver.promote("numbers").report
    app.run()
    assert not app.exception
    shown = app.dataframe[0].value
    assert dict(zip(shown["table"], shown["rows"], strict=True)) == {"bronze.numbers": 2, "silver.numbers": 2}
    assert app.code[0].value == str(report)
