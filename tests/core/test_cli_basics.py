"""The command line before any lake: help, wrong use, errors, logs, exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from automic_core import cli, registry, workbench
from automic_core.errors import GateError
from automic_core.workbench import health

COMMANDS = [
    *("init", "demo", "connectors", "preview", "infer", "ingest", "promote", "build", "run", "tables", "show"),
    *("history", "rollback", "query", "trace", "export", "runs", "doctor", "quarantine", "fix", "waive", "serve"),
]


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("AUTOMIC_LAKE", "AUTOMIC_LOG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([]) == 0
    text = capsys.readouterr().out
    assert all(f"\n  {command} " in text for command in COMMANDS)


@pytest.mark.parametrize("command", [c for c in COMMANDS if c != "serve"])
def test_every_command_prints_json(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([command, "--help"]) == 0
    assert "--json" in capsys.readouterr().out


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("automic 0.")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom automic_core import cli\ncli.run(['--help'])\n"
        "sys.exit(','.join({'polars', 'duckdb', 'pyiceberg', 'streamlit'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ingets"], "ingest"),
        (["ingest", "a.csv"], "--table"),
        (["ingest", "a.csv"], "automic ingest --help"),
        (["preview", "--rows", "many", "a.csv"], "--rows"),
        (["tables", "--lake"], "--lake"),
        (["--log-level", "loud", "connectors"], "debug"),
        (["export", "p.yaml"], "--python"),
    ],
)
def test_wrong_use_exits_2_and_says_what(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(arguments) == 2
    streams = capsys.readouterr()
    assert message in streams.err
    assert streams.out == ""


@pytest.mark.parametrize("command", [["tables"], ["runs"], ["query", "SELECT 1"], ["show", "t"], ["serve"]])
def test_no_lake_says_how_to_make_one(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(command) == 2
    assert "automic init" in capsys.readouterr().err
    assert not Path("lake").exists()


def test_init_once_again_and_elsewhere(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert cli.run(["init"]) == 0
    assert (tmp_path / "lake" / "automic.yaml").is_file()
    assert "Created" in capsys.readouterr().out
    assert cli.run(["init", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["created"] is False
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("x")
    assert cli.run(["init", "full"]) == 2
    assert "not empty" in capsys.readouterr().err
    assert os.listdir(tmp_path / "full") == ["letter.txt"]


def test_the_lake_of_the_environment(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("AUTOMIC_LAKE", "elsewhere")
    assert cli.run(["init"]) == 0
    assert Path("elsewhere/catalog.db").is_file()
    capsys.readouterr()
    assert cli.run(["tables", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_connectors_are_those_of_the_registry(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["connectors", "--json"]) == 0
    found = {each["kind"]: each for each in json.loads(capsys.readouterr().out)}
    assert set(found) == set(registry.entries("source")) | set(registry.entries("loader"))
    assert found["csv"]["reads"]
    assert found["csv"]["writes"]
    assert "delimiter" in found["csv"]["options"]


def test_a_missing_driver_is_said_with_its_pip_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(health.EXTRAS, "excel", ("no_such_driver",))
    assert cli.run(["doctor", "--json"]) == 0
    found = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert found["excel"]["state"] == "missing"
    assert found["excel"]["hint"] == "pip install 'automic[excel]'"
    assert cli.run(["connectors"]) == 0
    assert "automic[excel]" in capsys.readouterr().out.replace("\n", "").replace(" ", "")


def test_a_defect_shows_no_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(workbench, "connectors", lambda: 1 / 0, raising=False)
    assert cli.run(["connectors"]) == 1
    error = capsys.readouterr().err
    assert "ZeroDivisionError: division by zero" in error
    assert "--log-level debug" in error
    assert "Traceback" not in error
    assert cli.run(["--log-level", "debug", "connectors"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert "Traceback" in json.loads(lines[0])["exception"]


@pytest.mark.parametrize(("error", "code"), [(GateError("closed", "open it"), 1), (KeyboardInterrupt(), 130)])
def test_errors_have_their_exit_code(
    error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop() -> None:
        raise error

    monkeypatch.setattr(workbench, "connectors", stop, raising=False)
    assert cli.run(["connectors", "--json"]) == code
    streams = capsys.readouterr()
    assert streams.out == ""
    assert streams.err.startswith(("Error: closed\nHint: open it", "Error: Interrupted"))


def test_a_reader_that_goes_away_is_no_error() -> None:
    code = "from automic_core import cli\ncli.main(['connectors', '--json'])"
    command = f'"{sys.executable}" -c "{code}" | head -1'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
