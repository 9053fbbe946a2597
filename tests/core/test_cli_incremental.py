"""The command line of incremental reading: --cursor and what goes with it, and the watermark."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from automic_core import cli, workbench

Call = Callable[..., Any]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run a command; what it printed, read as JSON if asked for, or its error if code= is one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUTOMIC_LAKE", raising=False)
    insert("CREATE TABLE t (id INTEGER, at DATETIME)", *[f"({n}, '2024-05-0{n} 10:00:00')" for n in (1, 2, 3)])

    def run(*arguments: object, code: int = 0, data: bool = False) -> Any:
        capsys.readouterr()
        assert cli.run([*map(str, arguments), *(["--json"] if data else [])]) == code, capsys.readouterr().err
        streams = capsys.readouterr()
        return streams.err if code else json.loads(streams.out) if data else streams.out

    run("init")
    return run


def insert(*parts: str) -> None:
    create, values = (parts[0], parts[1:]) if parts[0].startswith("CREATE") else ("SELECT 1", parts)
    with sqlite3.connect("a.db") as db:
        db.execute(create)
        db.execute(f"INSERT INTO t VALUES {', '.join(values)}")
    db.close()


INGEST = ("ingest", "a.db", "--table", "t", "--cursor", "at")


def test_a_cursor_of_text_says_how_to_give_its_type(call: Call) -> None:
    with sqlite3.connect("texts.db") as db:
        db.executescript("CREATE TABLE t (at TEXT); INSERT INTO t VALUES ('2024-05-01')")
    db.close()
    order = ("ingest", "texts.db", "--table", "texts", "--cursor", "at")
    assert "Give its type (--cursor-type)" in call(*order, code=1)
    assert "bronze.texts: 1 row" in call(*order, "--cursor-type", "date")


def test_doctor_finds_parts_and_content_taken_again_in_the_state(call: Call) -> None:
    call(*INGEST)
    insert("(4, '2024-05-04 10:00:00')")
    call(*INGEST)
    Path("f.csv").write_text("a\n1\n")
    for _ in range(2):
        call("ingest", "f.csv", "--table", "f", "--force")
    assert {each["state"] for each in call("doctor", data=True) if each["name"] == "state"} == {"ok"}


def test_only_what_is_new_is_taken_and_the_watermark_is_shown(call: Call) -> None:
    assert "No watermarks yet" in call("watermark")
    assert "Read from the beginning by at; the watermark is 2024-05-03 10:00:00 now." in call(*INGEST)
    insert("(4, '2024-05-03 09:30:00')", "(5, '2024-05-04 10:00:00')")
    text = call(*INGEST, "--lag", "1h")
    assert "bronze.t: 2 rows" in text
    assert "behind the watermark 2024-05-03 10:00:00 of at, which moved to 2024-05-04 10:00:00." in text
    assert "has nothing new, nothing added" in call(*INGEST)
    (mark,) = call("watermark", "t", data=True)
    assert (mark["table"], mark["cursor"], mark["value"]) == ("bronze.t", "at", "2024-05-04T10:00:00")
    assert (mark["by_hand"], mark["options"]) == (False, {"cursor": "at", "lag": 3600})
    assert "2024-05-04T10:00:00" in call("watermark", "t")
    assert call("watermark", data=True) == [mark]


def test_the_watermark_is_set_and_cleared(call: Call) -> None:
    call(*INGEST)
    insert("(0, '2024-05-01 12:00:00')")
    assert "by hand" in call("watermark", "t", "--set", "2024-05-01T11:00")
    done = call(*INGEST, data=True)
    assert (done["rows"], done["batches"][0]["rows_in"], done["batches"][0]["balanced"]) == (1, 3, True)
    assert "none" in call("watermark", "t", "--clear")
    assert call(*INGEST, data=True)["batches"][0]["rows_in"] == 4
    assert call("watermark", "t", data=True)[0]["value"] == "2024-05-03T10:00:00"
    kinds = [state.operation for state in workbench.timeline(_opened(), "bronze.t")]
    assert kinds.count("watermark") == 2


def _opened() -> Any:
    from automic_core.lake import Lakehouse

    return Lakehouse.open("lake")


def test_a_range_is_filled_in(call: Call) -> None:
    call(*INGEST)
    insert("(7, '2024-04-01 00:00:00')", "(8, '2024-04-02 00:00:00')")
    assert call(*INGEST, "--backfill", "2024-04-01..2024-04-02", data=True)["rows"] == 1
    assert call(*INGEST, "--backfill", "..2024-05-01", data=True)["rows"] == 1
    assert call("watermark", "t", data=True)[0]["value"] == "2024-05-03T10:00:00"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("ingest", "a.db", "--table", "t", "--lag", "1h"), 2, "no cursor"),
        ((*INGEST, "--lag", "soon"), 2, "lag"),
        ((*INGEST, "--backfill", "2024"), 2, "is no range"),
        ((*INGEST, "--backfill", "x..y"), 2, "'x' is no value"),
        ((*INGEST, "--backfill", "x..y"), 2, "Write it as 2024-12-31 or 2024-12-31T23:59:59."),
        ((*INGEST, "--mode", "snapshot"), 2, "do not go together"),
        (("ingest", "a.db", "--table", "t", "--cursor", "nope"), 1, "no column 'nope'"),
        (("watermark", "t"), 2, "There is no table bronze.t"),
        (("watermark", "t", "--set", "1", "--clear"), 2, "Give one of them"),
        (("watermark", "--clear"), 2, "No table is named"),
    ],
)
def test_what_is_wrong_is_said(call: Call, arguments: tuple[str, ...], code: int, words: str) -> None:
    assert words in call(*arguments, code=code)


def test_a_table_without_a_watermark(call: Call) -> None:
    call("ingest", "a.db", "--table", "t")
    assert "--cursor COLUMN" in call("watermark", "t", "--set", "1", code=2)


def test_cursors_that_a_sample_suggests(call: Call, tmp_path: Path) -> None:
    Path("a.csv").write_text("name,id,changed,day,mixed\nA,7,2024-05-01T10:00:00Z,2024-05-01,x\nB,8,,2024-05-02,3\n")
    found = workbench.cursor_choices(workbench.sample("a.csv"))
    assert [(each.column, each.type, each.timed) for each in found] == [
        ("changed", "datetime", True),
        ("day", "date", True),
        ("id", "integer", False),
    ]
    assert [(each.column, each.type) for each in workbench.cursor_choices(workbench.sample("a.db"))] == [
        ("at", None),
        ("id", None),
    ]
