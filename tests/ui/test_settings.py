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


def test_retention_says_when_old_states_go_and_that_batches_stay(app: OpenApp, empty_lake: Path) -> None:
    told = [each.value for each in app("settings", empty_lake, part="Retention").caption]
    assert sum("published, followed or tidied up" in each for each in told) == 2
    assert any("followed or tidied up; batches stay" in each for each in told)
    assert not any("nothing removes" in each for each in told)


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


REMOTE = """lakehouse: {name: lake}
secrets: {key: {env: AUTOMIC_TEST_MODEL_KEY, hosts: [api.openai.com]}}
llm: {mode: remote, provider: openai, model: gpt-4o-mini, api_key: 'secret:key', input_price: 1, output_price: 1}
"""


def test_what_would_be_sent_is_shown_before_somebody_agrees(
    app: OpenApp, small_lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOMIC_TEST_MODEL_KEY", "sk-hunter2")
    (small_lake / "automic.yaml").write_text(REMOTE)
    page = app("settings", small_lake, part="Model")
    shown = [each.value for each in page.code]
    assert any("<data>" in text and '\\"name\\": \\"city\\"' in text for text in shown)
    assert not any("London" in text or "hunter2" in text for text in shown)
    assert {each.label: each.value for each in page.metric} == {"Tokens today": "0", "US dollars today": "0.0000"}
    page.button(key="model-agree").click().run()
    assert not page.exception
    with workbench.opened(small_lake) as lake:
        assert [each.subject for each in workbench.model_status(lake).consents] == ["send to api.openai.com"]
    assert any("send to" in each.value for each in page.markdown)
    page.button(key="withdraw-0").click().run()
    with workbench.opened(small_lake) as lake:
        assert workbench.model_status(lake).consents == []


def test_the_calls_on_record_are_shown(app: OpenApp, empty_lake: Path) -> None:
    with workbench.opened(empty_lake) as lake:
        call = {"actor": "ann", "purpose": "describe <b>x</b>", "model": "openai/small", "host": "127.0.0.1:1"}
        spent = {"tokens_in": 100, "tokens_out": 20, "cost": 0.25, "seconds": 1.5}
        sent = {"messages": [{"role": "user", "content": "Which city?"}]}
        lake.context.state.models.record(**call, **spent, sent=sent, answer="Rome", outcome="answered", error=None)
    page = app("settings", empty_lake, part="Model")
    assert any("120 tokens" in each.label and "0\\.2500" in each.label for each in page.expander)
    assert [each.value for each in page.code if "Which city?" in each.value or each.value == "Rome"][-1] == "Rome"
