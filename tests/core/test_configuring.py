"""Settings as a person changes them: tried before saved, nobody's change lost, no secret shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from automic_core import workbench
from automic_core.errors import CatalogError, ConfigError, ConflictError

SECRETS = (
    "secrets:\n  key: {env: AUTOMIC_TEST_KEY, hosts: [a.example]}\n  other: {file: /nowhere/x, hosts: [b.example]}\n"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return workbench.create(tmp_path / "lake").path


def test_the_view_of_a_new_lake(root: Path) -> None:
    view = workbench.settings_view(root)
    assert view.problem == ""
    assert {name: values for name, values in view.written.items() if values} == {"lakehouse": {"name": "lake"}}
    assert view.values["jobs"] == {"workers": 1}
    assert set(view.schemas["medallion.silver"]["properties"]) == {"path", "retention_days"}


def test_a_wrong_file_is_told_not_raised(root: Path) -> None:
    (root / "automic.yaml").write_text("jbos: {workers: 2}\n")
    view = workbench.settings_view(root)
    assert "jbos" in view.problem
    assert "jobs" in view.hint
    assert view.text.startswith("jbos")


def test_a_change_is_tried_then_saved_and_keeps_the_head_of_the_file(root: Path) -> None:
    view = workbench.settings_view(root)
    trial = workbench.edit_settings(root, "jobs", {"workers": 3})
    assert (str(trial.tables), trial.before) == ("0 tables", trial.tables)
    workbench.save_settings(root, trial.text, view.version)
    saved = workbench.settings_view(root)
    assert saved.values["jobs"] == {"workers": 3}
    assert saved.text.startswith("# Settings of this lake.")
    assert [file.name for file in root.glob(".*")] == []


def test_a_section_within_a_section(root: Path) -> None:
    view = workbench.settings_view(root)
    trial = workbench.edit_settings(root, "medallion.silver", {"path": "silver/", "retention_days": 30})
    workbench.save_settings(root, trial.text, view.version)
    view = workbench.settings_view(root)
    assert view.values["medallion.silver"]["retention_days"] == 30
    assert view.values["medallion.gold"]["retention_days"] is None
    emptied = workbench.edit_settings(root, "medallion.silver", {})
    assert "medallion" not in emptied.text


def test_a_wrong_value_is_refused_and_nothing_changes(root: Path) -> None:
    before = (root / "automic.yaml").read_text()
    with pytest.raises(ConfigError, match=r"automic.yaml: jobs.workers"):
        workbench.edit_settings(root, "jobs", {"workers": 0})
    with pytest.raises(ConfigError, match="secret"):
        workbench.edit_settings(root, "llm", {"api_key": "sk-123"})
    assert (root / "automic.yaml").read_text() == before


def test_a_catalog_that_cannot_be_opened_is_refused(root: Path) -> None:
    text = "iceberg: {catalog: {type: sql, uri: 'sqlite:////nowhere/at/all/catalog.db'}}\n"
    with pytest.raises(CatalogError, match="cannot be opened"):
        workbench.try_settings(root, text)


def test_the_second_of_two_tabs_is_told(root: Path) -> None:
    version = workbench.settings_view(root).version
    workbench.save_settings(root, "jobs: {workers: 2}\n", version)
    with pytest.raises(ConflictError, match="changed elsewhere"):
        workbench.save_settings(root, "jobs: {workers: 4}\n", version)
    assert workbench.settings_view(root).values["jobs"] == {"workers": 2}


def test_comments_a_form_cannot_keep_are_counted(root: Path) -> None:
    (root / "automic.yaml").write_text("# head\njobs:\n  # why two\n  workers: 2\n")
    assert workbench.edit_settings(root, "jobs", {"workers": 3}).comments_lost == 1


def test_secrets_are_names(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "automic.yaml").write_text(SECRETS)
    monkeypatch.setenv("AUTOMIC_TEST_KEY", "hunter2")
    view = workbench.settings_view(root)
    assert [(each.name, each.found) for each in view.secrets] == [("key", True), ("other", False)]
    assert "hunter2" not in repr(view)


def test_the_environment_that_wins_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOMIC_JOBS__WORKERS", "5")
    view = workbench.settings_view(root)
    assert view.overridden == ["AUTOMIC_JOBS__WORKERS"]
    assert view.values["jobs"] == {"workers": 5}


def test_a_name_under_which_no_table_would_be_seen_is_refused(root: Path, tmp_path: Path) -> None:
    """The catalog keeps its tables under the lake's name."""
    file = tmp_path / "a.csv"
    file.write_text("a\n1\n")
    with workbench.opened(root) as lake:
        workbench.ingest(lake, workbench.build_source(str(file)), "things")
    with pytest.raises(ConfigError, match="none of them would be seen"):
        workbench.edit_settings(root, "lakehouse", {"name": "other"})
    with pytest.raises(ConfigError, match="none of them would be seen"):
        workbench.save_settings(root, "lakehouse: {name: other}\n", workbench.settings_view(root).version)
