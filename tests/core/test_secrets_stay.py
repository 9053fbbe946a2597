"""What pages and jobs may read never includes the files that hold secrets, however they are named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from automic_core import workbench
from automic_core.errors import ConfigError, SecurityError
from automic_core.workbench import configuring, tasks

SETTINGS = "secrets:\n  key: {file: KEYFILE, hosts: [example.com]}\nsecurity: {allowed_roots: ['..']}\n"
RULES = "steps:\n- {id: j, kind: join, on: k, source: {kind: csv, path: PLACE}}\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lake in a folder that may be read, with a secret, a login file and hidden files beside it."""
    monkeypatch.chdir(tmp_path)
    root = workbench.create(tmp_path / "lake").path
    for name in ("key.csv", "login.toml", ".env", ".ssh/id_rsa", "plain.csv", "lake/explore/0.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("k,v\nhush,1\n")
    os.symlink(tmp_path / "key.csv", tmp_path / "link.csv")
    (root / "automic.yaml").write_text(SETTINGS.replace("KEYFILE", str(tmp_path / "key.csv")))
    monkeypatch.setenv("AUTOMIC_LOGIN", str(tmp_path / "login.toml"))
    return root


PLACES = ["key.csv", "./key.csv", "link.csv", "login.toml", ".env", ".ssh/id_rsa", "file://{}/key.csv"]
PLACES += ["ke?.csv", "*.toml", ".s*/*", "lake/../key.csv", "lake/explore/0.jsonl"]


@pytest.mark.parametrize("place", PLACES)
def test_no_source_reads_them(root: Path, place: str) -> None:
    place = place.format(root.parent)
    with pytest.raises(SecurityError):
        workbench.sample(place, "csv", policy=workbench.policy(root))
    with workbench.opened(root, "ann") as lake, pytest.raises(SecurityError):
        tasks.ingest(lake, {"place": place, "kind": "csv", "table": "t"}, lambda event: None)


def test_no_second_input_reads_them(root: Path) -> None:
    with workbench.opened(root, "ann") as lake:
        workbench.ingest(lake, workbench.build_source("plain.csv", policy=workbench.policy(root)), "t")
        spec = workbench.parse_promotion(RULES.replace("PLACE", str(root.parent / "key.csv")))
        with pytest.raises(SecurityError):
            workbench.stage(lake, "t", spec, policy=workbench.policy(root))


def test_the_browser_of_files_does_not_list_them(root: Path) -> None:
    found = workbench.browse(str(root.parent), policy=workbench.policy(root))
    assert {entry.name for entry in found.entries} == {"lake", "plain.csv"}
    inside = workbench.browse(str(root), policy=workbench.policy(root))
    assert "explore" not in {entry.name for entry in inside.entries}


def test_a_hidden_folder_can_be_allowed(root: Path) -> None:
    hidden = root.parent / ".data"
    hidden.mkdir()
    (hidden / "a.csv").write_text("k\n1\n")
    assert workbench.sample(str(hidden / "a.csv"), policy=workbench.policy(root, [hidden])).records == 1
    with pytest.raises(SecurityError, match="hidden"):
        workbench.sample(str(hidden / "a.csv"), policy=workbench.policy(root))


def test_a_page_of_a_shared_workbench_changes_no_settings(root: Path) -> None:
    """Whoever could would name any variable or file as a secret, and send it to a catalog of theirs."""
    view = workbench.settings_view(root)
    evil = "secrets:\n  k: {env: HOME, hosts: [127.0.0.1]}\n"
    for call in (
        lambda: workbench.save_settings(root, evil, view.version),
        lambda: workbench.try_settings(root, evil),
        lambda: workbench.edit_settings(root, "security", {"allowed_roots": ["/"]}),
    ):
        with pytest.raises(SecurityError, match="shared"):
            call()
    assert configuring.settings_view(root).text == view.text


@pytest.mark.parametrize("place", ["https://ann:hush@example.com/a.csv", "zip://a.csv::s3://k:hush@bucket/a.zip"])
def test_no_job_keeps_a_password(root: Path, place: str) -> None:
    with workbench.opened(root, "ann") as lake:
        with pytest.raises(ConfigError, match="password") as refused:
            workbench.submit(lake, "ingest", "t", {"place": place, "table": "t"})
        assert "hush" not in str(refused.value)
        assert workbench.jobs(lake) == []
    assert b"hush" not in (root / "state.db").read_bytes()
