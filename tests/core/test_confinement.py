"""Whatever a file of steps names, nothing outside the allowed folders is read or written."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import fsspec
import pytest
import yaml

from automic_core import workbench
from automic_core.connectors.databases.sqlite import SQLiteLoader
from automic_core.connectors.files.csv import CSVSource
from automic_core.errors import AutomicError, SecurityError
from automic_core.lake import Lakehouse
from automic_core.storage import AccessPolicy

CSV = "{kind: csv, path: a.csv}"


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder beside the one being worked in; only the latter is allowed."""
    inside, beside = tmp_path / "work", tmp_path / "outside"
    inside.mkdir()
    beside.mkdir()
    monkeypatch.chdir(inside)
    (inside / "a.csv").write_text("k,v\n1,2\n")
    (beside / "s.csv").write_text("k,secret\n1,hidden\n")
    with sqlite3.connect(beside / "s.db") as database:
        database.execute("CREATE TABLE t (k, secret)")
    database.close()
    return beside


def policy() -> AccessPolicy:
    return AccessPolicy(allowed_roots=(Path.cwd(),), allowed_schemes=("file",), refuse_private=True)


SECOND = [
    "{kind: join, on: k, source: {kind: csv, path: ../outside/s.csv}}",
    "{kind: union, source: {kind: csv, path: ../outside/s.csv}}",
    "{kind: join, on: k, source: {kind: sqlite, path: ../outside/s.db}}",
    "{kind: join, on: k, source: {kind: iceberg, table: bronze.t, lake: ../outside}}",
    "{kind: join, on: k, source: {kind: csv, path: 'http://127.0.0.1:1/s.csv'}}",
]


@pytest.mark.parametrize("step", SECOND)
def test_a_second_input_of_a_pipeline(step: str, outside: Path) -> None:
    Path("p.yaml").write_text(f"extract: {CSV}\nsteps: [{step}]\nload: {{kind: csv, path: out.csv}}\n")
    with pytest.raises(SecurityError):
        workbench.run("p.yaml", policy=policy())
    assert not Path("out.csv").exists()


@pytest.mark.parametrize("step", SECOND)
@pytest.mark.parametrize("dry_run", [True, False])
def test_a_second_input_of_a_promotion(step: str, dry_run: bool, outside: Path) -> None:
    Path("rules.yaml").write_text(f"steps: [{step}]\n")
    spec = workbench.load_promotion("rules.yaml")
    with Lakehouse.open("lake") as lake:
        lake.bronze.ingest(CSVSource("a.csv"), "t")
        with pytest.raises(SecurityError):
            workbench.promote(lake, "t", spec, dry_run=dry_run, policy=policy())
        assert lake.tables("silver") == []


@pytest.mark.parametrize("step", SECOND[:1] + SECOND[2:])
def test_the_second_table_of_a_rule(step: str, outside: Path) -> None:
    rule = step.replace("kind: join, on: k", "kind: foreign_key, columns: [k]")
    Path("rules.yaml").write_text(f"rules: [{rule}]\n")
    spec = workbench.load_promotion("rules.yaml")
    with Lakehouse.open("lake") as lake:
        lake.bronze.ingest(CSVSource("a.csv"), "t")
        with pytest.raises(SecurityError):
            workbench.promote(lake, "t", spec, policy=policy())
        with pytest.raises(SecurityError):
            workbench.cost(lake, "t", {"rules": [{"id": "r", **yaml.safe_load(rule)}]}, "r")
        assert lake.tables("silver") == []


@pytest.mark.parametrize(
    "load",
    [
        "{kind: sqlite, table: t, path: 'x://../../outside/new.db'}",
        "{kind: iceberg, table: bronze.t, lake: 'x://../../outside/new'}",
        "{kind: csv, path: ../outside/new.csv}",
    ],
)
def test_a_destination(load: str, outside: Path) -> None:
    before = sorted(outside.iterdir())
    Path("p.yaml").write_text(f"extract: {CSV}\nload: {load}\n")
    with pytest.raises(SecurityError):
        workbench.run("p.yaml", policy=policy())
    assert sorted(outside.iterdir()) == before


def test_a_path_is_no_address_to_sqlite(outside: Path) -> None:
    """Some builds of SQLite take "file:/elsewhere?mode=rwc" for an address, which no check of paths sees through."""
    loader = SQLiteLoader(f"file:{outside}/new.db?mode=rwc", table="t")
    loader.load(CSVSource("a.csv").scan())
    assert not (outside / "new.db").exists()
    assert (Path.cwd() / loader.path).exists()


@pytest.mark.parametrize(
    "url",
    [
        "https://user:hid@den@127.0.0.1:1/a.csv",
        "http://user:hidden@[::1/a.csv",
        "ftp://user:hidden@127.0.0.1:1/*.csv",
        "memory://user:hidden@host/*.csv",
        "zip://x.csv::https://user:hidden@127.0.0.1:1/a.zip?sig=hidden",
    ],
)
@pytest.mark.parametrize("strict", [True, False])
def test_no_password_is_shown(url: str, strict: bool, outside: Path) -> None:
    source = CSVSource(url).within(policy()) if strict else CSVSource(url)
    assert "den" not in source.name
    for use in (source.content_hash, lambda: source.location):
        try:
            shown = use()
        except AutomicError as error:
            shown = str(error)
        assert "den" not in shown


def test_no_password_of_a_pattern_is_shown(outside: Path) -> None:
    files = fsspec.filesystem("memory")
    for name in ("1.csv", "2.csv"):
        files.pipe(f"/user:hidden@host/{name}", b"a\n1\n")
    try:
        source = CSVSource("memory://user:hidden@host/*.csv")
        assert len(source.parts()) == 2
        assert source.location == "memory://host/*.csv"
    finally:
        files.rm("/user:hidden@host", recursive=True)


def test_where_people_log_in_the_folder_of_the_server_is_not_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "payroll.csv").write_text("a\n1\n", encoding="utf-8")
    lake = workbench.create(tmp_path / "lake").path
    workbench.policy(lake).check_path(tmp_path / "payroll.csv")
    monkeypatch.setenv(workbench.LOGIN, "login.toml")
    with pytest.raises(SecurityError):
        workbench.policy(lake).check_path(tmp_path / "payroll.csv")
    workbench.policy(lake).check_path(lake / "uploads")
