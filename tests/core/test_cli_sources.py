"""The command line over sources and pipeline files: preview, infer, run, export, and what policy forbids."""

from __future__ import annotations

import json
import runpy
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from automic_core import cli
from automic_core.errors import LedgerError
from automic_core.events import RunReport

PEOPLE = "id;name;born\n01;Ada;1815-12-10\n02;Grace;1906-12-09\n03;Alan;23.06.1912\n04;Edsger;1930-05-11;x\n"
PIPELINE = """\
version: 1
name: people
extract: {kind: csv, path: people.csv}
steps:
  - {id: known, kind: nulls, strategy: drop, fields: [name]}
rules:
  - {id: short, kind: length, columns: [name], max: 4}
load: {kind: sqlite, path: out.db, table: people}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    inside = tmp_path / "inside"
    inside.mkdir()
    monkeypatch.chdir(inside)
    monkeypatch.delenv("AUTOMIC_LAKE", raising=False)
    Path("people.csv").write_text(PEOPLE)
    (tmp_path / "outside.csv").write_text(PEOPLE)
    return inside


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    capsys.readouterr()
    assert cli.run([*arguments, "--json"]) == 0, capsys.readouterr().err
    streams = capsys.readouterr()
    assert streams.err == ""
    return json.loads(streams.out)


def failed(capsys: pytest.CaptureFixture[str], code: int, *arguments: str) -> str:
    capsys.readouterr()
    assert cli.run(list(arguments)) == code
    streams = capsys.readouterr()
    assert "Traceback" not in streams.err
    assert streams.out == ""
    return streams.err


def test_preview_shows_rows_and_what_is_broken(capsys: pytest.CaptureFixture[str]) -> None:
    found = printed(capsys, "preview", "people.csv")
    assert [row["name"] for row in found["sample"]["rows"]] == ["Ada", "Grace", "Alan", "Edsger"]
    assert found["broken"] == 1
    assert "reason" in found["sample"]["rows"][3]["_rescued"]
    assert len(printed(capsys, "preview", "people.csv", "--rows", "2")["sample"]["rows"]) == 2
    assert cli.run(["preview", "people.csv"]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 100
    assert "1 of them could not be read properly" in text


def test_preview_says_why_a_record_is_broken(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["preview", "people.csv"]) == 0
    assert "1 of them could not be read properly:\n  line 5: 4 fields, expected 3\n" in capsys.readouterr().out
    Path("twice.jsonl").write_text('{"id": 3, "id": 4}\n')
    assert cli.run(["preview", "twice.jsonl"]) == 0
    assert '\n  {"values": {"id": "3"}}\n' in capsys.readouterr().out


def test_options_are_typed_and_checked(capsys: pytest.CaptureFixture[str]) -> None:
    found = printed(capsys, "preview", "people.csv", "-o", "delimiter=,", "-o", "header=true", "-o", "skip_lines=0")
    assert next(iter(found["sample"]["columns"])) == "id;name;born"
    assert "'delimiter'" in failed(capsys, 2, "preview", "people.csv", "-o", "delimeter=,")
    assert "skip_lines" in failed(capsys, 2, "preview", "people.csv", "-o", "skip_lines=some")
    assert "key=value" in failed(capsys, 2, "preview", "people.csv", "-o", "delimiter")
    assert "twice" in failed(capsys, 2, "preview", "people.csv", "-o", "delimiter=a", "-o", "delimiter=b")
    tokens = printed(capsys, "preview", "people.csv", "-o", "null_values=Ada,Grace", "-o", "infer_rows=2")
    assert tokens["sample"]["rows"][0]["name"] is None


def test_kinds_are_found_or_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path("people.data").write_text(PEOPLE)
    assert ".csv" in failed(capsys, 2, "preview", "people.data")
    assert printed(capsys, "preview", "people.data", "--kind", "csv")["kind"] == "csv"
    assert "'csv'" in failed(capsys, 2, "preview", "people.data", "--kind", "cvs")


def test_infer_gives_a_row_a_column_with_its_evidence(capsys: pytest.CaptureFixture[str]) -> None:
    lines = "".join(f"{n:02};Name {n};2001-01-{n:02}\n" for n in range(10, 29))
    Path("people.csv").write_text(PEOPLE.replace("23.06.1912", "circa 1912") + lines)
    found = printed(capsys, "infer", "people.csv")
    columns = {each["column"]: each for each in found["columns"]}
    assert {name: each["type"] for name, each in columns.items()} == {"id": "string", "name": "string", "born": "date"}
    assert columns["born"]["counter_examples"] == [["circa 1912", 1]]
    assert (columns["id"]["type"], columns["id"]["against"]) == ("string", "integer")
    assert 0.9 < columns["born"]["confidence"] < 1
    assert found["rows"] == 22  # the malformed record is left out
    assert cli.run(["infer", "people.csv"]) == 0
    text = capsys.readouterr().out
    assert "circa 1912" in text
    assert "no integer: '" in text, "digits that stay text: what speaks against a number, named"
    assert max(map(len, text.splitlines())) <= 100


def test_only_allowed_folders_are_read(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    outside = str(folder.parent / "outside.csv")
    assert "outside the folders" in failed(capsys, 2, "preview", outside)
    (folder / "link.csv").symlink_to(outside)
    assert "leads to" in failed(capsys, 2, "infer", "link.csv")
    assert printed(capsys, "preview", outside, "--allow", str(folder.parent))["broken"] == 1
    cli.run(["init"])
    assert "outside the folders" in failed(capsys, 2, "ingest", outside, "--table", "people")
    assert "outside the folders" in failed(capsys, 2, "ingest", "link.csv", "--table", "people")
    assert printed(capsys, "tables") == []


@pytest.mark.parametrize("command", [["preview"], ["infer"], ["ingest", "--table", "t"]])
def test_a_file_that_is_not_there(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    cli.run(["init"])
    assert "nowhere.csv" in failed(capsys, 1, *command, "nowhere.csv")


def test_a_folder_is_told_where_it_may_be_read(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "in").mkdir()
    words = failed(capsys, 2, "preview", "in")
    assert "in is a folder." in words
    assert "Name its files: in/*.csv" in words
    assert "is a folder" not in failed(capsys, 2, "preview", str(folder.parent))
    assert "Cannot tell what kind" in failed(capsys, 2, "preview", "x" * 5_000)


def test_a_database_of_several_tables_says_how_to_choose(capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite3.connect("shop.db") as db:
        db.executescript(
            "CREATE TABLE a (x); CREATE TABLE b (x); CREATE VIEW c AS SELECT x FROM a; INSERT INTO b VALUES (1)"
        )
    db.close()
    assert "Choose one by the option table: a, b, c." in failed(capsys, 1, "preview", "shop.db")
    assert printed(capsys, "preview", "shop.db", "-o", "table=b")["sample"]["rows"] == [{"x": 1}]


def test_run_prints_the_ledger_and_loads(capsys: pytest.CaptureFixture[str]) -> None:
    Path("people.yaml").write_text(PIPELINE)
    assert cli.run(["run", "people.yaml"]) == 0
    text = capsys.readouterr().out
    assert "the ledger adds up (4 = 2 + 2)" in text
    with sqlite3.connect("out.db") as db:
        assert db.execute("SELECT name FROM people").fetchall() == [("Ada",), ("Alan",)]
    db.close()


def test_runs_are_remembered_by_a_lake(capsys: pytest.CaptureFixture[str]) -> None:
    cli.run(["init"])
    Path("people.yaml").write_text(PIPELINE)
    Path("broken.yaml").write_text(PIPELINE.replace("people.csv", "nowhere.csv").replace("name: people", "name: lost"))
    printed(capsys, "run", "people.yaml")
    failed(capsys, 1, "run", "broken.yaml")
    runs = printed(capsys, "runs")
    assert [(run["pipeline"], run["state"]) for run in runs] == [("lost", "failed"), ("people", "succeeded")]
    assert "nowhere.csv" in runs[0]["error"]
    assert runs[1]["balanced"] is True


def test_a_pipeline_between_lake_tables(capsys: pytest.CaptureFixture[str]) -> None:
    cli.run(["init"])
    Path("into.yaml").write_text(
        PIPELINE.replace("{kind: sqlite, path: out.db, table: people}", "{kind: iceberg, table: silver.people}")
    )
    printed(capsys, "run", "into.yaml")
    Path("names.csv").write_text("name;city\nAda;London\nAlan;Wilmslow\n")
    Path("join.yaml").write_text(
        "extract: {kind: csv, path: names.csv}\n"
        "steps: [{kind: join, table: silver.people, left_on: name, right_on: name, matches: one}]\n"
        "load: {kind: json, path: joined.json}\n"
    )
    printed(capsys, "run", "join.yaml")
    assert [row["city"] for row in json.loads(Path("joined.json").read_text())] == ["London", "Wilmslow"]


def test_run_fails_if_the_ledger_does_not_add_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("people.yaml").write_text(PIPELINE)

    def broken(_report: RunReport) -> None:
        raise LedgerError("One row is missing.")

    monkeypatch.setattr(RunReport, "check", broken)
    assert "One row is missing." in failed(capsys, 1, "run", "people.yaml")
    assert not Path("out.db").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("steps:", "stepz:"), "steps"),
        (("name: people", "schema: {}"), "Keys: version, name"),
        (("kind: nulls", "kind: nuls"), "'nulls'"),
        (("strategy: drop", "strategy: dorp"), "dorp"),
        (("load: {kind: sqlite, path: out.db, table: people}", ""), "load"),
        (("extract: {kind: csv, path: people.csv}", ""), "Keys: version, name, extract"),
        (("path: out.db", "path: ../out.db"), "outside the folders"),
        (("path: people.csv", "path: ../outside.csv"), "outside the folders"),
    ],
)
def test_a_wrong_pipeline_file_is_explained(
    change: tuple[str, str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("people.yaml").write_text(PIPELINE.replace(*change))
    assert message in failed(capsys, 2, "run", "people.yaml")


def test_an_exported_script_gives_the_same_rows(capsys: pytest.CaptureFixture[str]) -> None:
    Path("people.yaml").write_text(PIPELINE)
    assert cli.run(["export", "people.yaml", "--python"]) == 0
    Path("people.py").write_text(capsys.readouterr().out)
    printed(capsys, "run", "people.yaml")
    with sqlite3.connect("out.db") as db:
        expected = db.execute("SELECT * FROM people").fetchall()
    db.close()
    Path("out.db").unlink()
    runpy.run_path("people.py")
    with sqlite3.connect("out.db") as db:
        assert db.execute("SELECT * FROM people").fetchall() == expected
    db.close()


def test_logs_are_json_lines_on_stderr(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    Path("people.yaml").write_text(PIPELINE)
    assert cli.run(["--log-level", "info", "run", "people.yaml", "--json"]) == 0
    streams = capsys.readouterr()
    events = [json.loads(line)["event"] for line in streams.err.splitlines()]
    assert events[0] == "started"
    assert events[-1] == "finished"
    assert json.loads(streams.out)["balanced"] is True
    monkeypatch.setenv("AUTOMIC_LOG", "error")
    assert cli.run(["run", "people.yaml", "--json"]) == 0
    assert capsys.readouterr().err == ""
