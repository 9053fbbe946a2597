"""The settings page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from automic_core import workbench

OpenApp = Callable[..., AppTest]
PARTS = ("Storage", "Catalog", "Retention", "Model", "Jobs", "Limits", "Secrets", "Connectors", "File")


@pytest.mark.parametrize("part", PARTS)
def test_every_part_opens(app: OpenApp, empty_lake: Path, part: str) -> None:
    page = app("settings", empty_lake, part=part)
    assert not page.exception
    assert page.segmented_control(key="part").value == part


def test_the_number_of_workers_is_changed(app: OpenApp, empty_lake: Path) -> None:
    page = app("settings", empty_lake, part="Jobs")
    box = next(each for each in page.text_input if each.label == "Workers")
    box.set_value("3").run()
    assert not page.exception
    page.button(key="save-jobs").click().run()
    assert not page.exception
    assert workbench.settings_view(empty_lake).values["jobs"] == {"workers": 3}


def test_a_wrong_file_can_be_mended_on_the_page(app: OpenApp, empty_lake: Path) -> None:
    (empty_lake / "automic.yaml").write_text("jbos: {workers: 2}\n")
    page = app("settings", empty_lake, part="File")
    assert any("jbos" in text.value for text in page.text)
    page.text_area[0].set_value("jobs: {workers: 2}\n").run()
    page.button(key="save-file").click().run()
    assert workbench.settings_view(empty_lake).problem == ""


@pytest.mark.parametrize("part", ["File", "Jobs"])
def test_nothing_can_be_typed_where_people_log_in(
    app: OpenApp, empty_lake: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    monkeypatch.setenv(workbench.LOGIN, "1")
    monkeypatch.setattr("pages.ui.login.passed", lambda: True)
    page = app("settings", empty_lake, part=part)
    assert not page.exception
    assert any("changed in automic.yaml on its machine" in each.value for each in page.caption)
    assert all(field.disabled for field in [*page.text_area, *page.text_input])


def test_who_only_looks_cannot_save(app: OpenApp, empty_lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOMIC_READ_ONLY", "1")
    page = app("settings", empty_lake, part="File")
    assert page.text_area[0].disabled
    assert not [button for button in page.button if button.label == "Save"]
