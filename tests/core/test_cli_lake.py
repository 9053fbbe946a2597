"""The command line over a lake: ingest, promote, look, decide, build, ask, roll back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from automic_core import cli, workbench
from automic_core.cli import output
from automic_core.events import Event
from automic_core.state import State
from tests.kept import Kept

PEOPLE = """id,name,email,age
01,Ada,ada@example.org,36
02,Grace,grace@example,85
03,Alan,alan@example.org,n/a
04,Edsger,edsger@example.org,72
04,Edsger,edsger@example.org,72
05,Barbara,barbara@example.org,two
"""
RULES = """
schema: {age: integer}
steps:
  - {id: twice, kind: dedup, match_mode: exact, match_fields: [id, name, email, age]}
rules:
  - {id: mail, kind: regex, columns: [email], pattern: '^[^@]+@[^@]+[.][a-z]+$'}
  - {id: young, kind: range, columns: [age], max: 80, action: warn}
"""
Call = Callable[..., Any]


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """A folder with two files and an empty lake."""
    folder = tmp_path_factory.mktemp("begun")
    (folder / "people.csv").write_text(PEOPLE)
    (folder / "rules.yaml").write_text(RULES)
    workbench.create(folder / "lake")
    return Kept(folder)


@pytest.fixture(scope="module")
def advanced(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """The same with people ingested and promoted."""
    folder = tmp_path_factory.mktemp("advanced")
    (folder / "people.csv").write_text(PEOPLE)
    (folder / "rules.yaml").write_text(RULES)
    with workbench.opened(workbench.create(folder / "lake").path) as lake:
        workbench.ingest(lake, workbench.build_source(str(folder / "people.csv")), "people")
        workbench.promote(lake, "people", workbench.load_promotion(folder / "rules.yaml"))
    return Kept(folder)


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run a command with --json and return what it printed; code= is the exit code that is expected."""
    monkeypatch.delenv("AUTOMIC_LAKE", raising=False)

    def run(*arguments: object, code: int = 0, text: bool = False) -> Any:
        capsys.readouterr()
        assert cli.run([*map(str, arguments), *([] if text else ["--json"])]) == code, capsys.readouterr().err
        streams = capsys.readouterr()
        if code:
            assert streams.out == ""
            return streams.err
        assert streams.err == ""
        return streams.out if text else json.loads(streams.out)

    return run


@pytest.fixture
def call(begun: Kept, printed: Call, monkeypatch: pytest.MonkeyPatch) -> Call:
    """A command in a folder with an empty lake."""
    monkeypatch.chdir(begun.again())
    return printed


@pytest.fixture
def promoted(advanced: Kept, printed: Call, monkeypatch: pytest.MonkeyPatch) -> Call:
    """A command in a folder with a lake that has people."""
    monkeypatch.chdir(advanced.again())
    return printed


def rid_of(call: Call, identifier: str) -> int:
    answer = call("query", f"SELECT min(_rid) AS rid FROM bronze.people WHERE id = '{identifier}'")
    return int(answer["rows"][0]["rid"])


def test_a_new_lake_says_what_comes_next(call: Call) -> None:
    assert call("init", "other", text=True).endswith("Next: automic ingest FILE --table NAME --lake other\n")


def test_ingest_counts_and_adds_nothing_twice(call: Call) -> None:
    first = call("ingest", "people.csv", "--table", "people")
    assert (first["table"], first["rows"], first["unchanged"]) == ("bronze.people", 6, [])
    assert first["batches"][0]["balanced"] is True
    again = call("ingest", "people.csv", "--table", "people")
    assert again["rows"] == 0
    assert again["unchanged"] == [str(Path("people.csv").absolute())]
    assert "nothing added" in call("ingest", "people.csv", "--table", "people", text=True)
    assert call("ingest", "people.csv", "--table", "people", "--force")["rows"] == 6


def test_promote_prints_a_ledger_that_adds_up(call: Call) -> None:
    call("ingest", "people.csv", "--table", "people")
    text = call("promote", "people", "--rules", "rules.yaml", text=True)
    assert "3 rows out to silver.people; the ledger adds up (6 = 3 + 3)." in text
    assert "1  mail email" in text
    done = call("promote", "people", "--rules", "rules.yaml")
    assert done["report"]["removed"] == {"quarantined": 2, "merged": 1}
    assert done["quarantined"] == {"cast age": 1, "mail email": 1}
    assert done["schema"]["age"] == "integer"
    assert done["accepted"] is False  # one column of four was accepted


def test_a_dry_run_publishes_nothing(call: Call) -> None:
    call("ingest", "people.csv", "--table", "people")
    done = call("promote", "people", "--rules", "rules.yaml", "--dry-run")
    assert done["snapshot"] is None
    assert len(done["sample"]["rows"]) == done["report"]["rows_out"] == 3
    assert [each["name"] for each in call("tables")] == ["bronze.people"]


def test_tables_show_history_runs(promoted: Call) -> None:
    tables = {each["name"]: each["rows"] for each in promoted("tables")}
    assert tables == {"bronze.people": 6, "silver.people": 3, "quarantine.people": 2}
    assert [each["name"] for each in promoted("tables", "--layer", "silver")] == ["silver.people"]
    assert "quarantine, meta" in promoted("tables", "--layer", "slver", code=2)
    assert promoted("tables", "--layer", "gold", text=True) == "gold has no tables.\n"
    shown = promoted("show", "people", "--limit", "2")
    assert (len(shown["rows"]), shown["total"]) == (2, 3)
    assert list(shown["columns"]) == ["_rid", "id", "name", "email", "age"]
    assert "showing 2 of 3 rows" in promoted("show", "people", "--limit", "2", text=True)
    assert "_batch_id" in promoted("show", "bronze.people", "--all-columns")["columns"]
    runs = promoted("runs")
    assert [each["pipeline"] for each in runs] == ["promote people", "ingest bronze.people"]
    assert all(each["balanced"] for each in runs)
    assert promoted("history", "silver.people")[-1]["run_id"] == runs[0]["run_id"]


def test_query_now_then_and_in_part(promoted: Call) -> None:
    before = promoted("history", "bronze.people")[-1]["id"]
    Path("more.csv").write_text(PEOPLE.splitlines()[0] + "\n06,Tony,tony@example.org,46\n")
    promoted("ingest", "more.csv", "--table", "people")
    count = "SELECT count(*) AS n FROM bronze.people"
    assert promoted("query", count)["rows"] == [{"n": 7}]
    assert promoted("query", count, "--as-of", before)["rows"] == [{"n": 6}]
    assert "showing 3 of 7 rows" in promoted("query", "SELECT * FROM bronze.people", "--limit", "3", text=True)
    assert len(promoted("query", "SELECT * FROM range(30)")["rows"]) == 30
    assert "yesterday" in promoted("query", count, "--as-of", "yesterday", code=2)


@pytest.mark.parametrize(
    ("sql", "code", "message"),
    [
        ("SELECT * FROM silver.peple", 2, "silver.people"),
        ("SELECT nam FROM silver.people", 1, "name"),
        ("DROP TABLE silver.people", 2, ""),
        ("SELECT * FROM read_csv('people.csv')", 2, ""),
    ],
)
def test_a_wrong_query_is_explained(promoted: Call, sql: str, code: int, message: str) -> None:
    assert message in promoted("query", sql, code=code)
    assert promoted("query", "SELECT count(*) AS n FROM silver.people")["rows"] == [{"n": 3}]


def test_rollback_returns_to_an_earlier_state(promoted: Call) -> None:
    first = promoted("history", "silver.people")[-1]["id"]
    Path("more.csv").write_text(PEOPLE.splitlines()[0] + "\n06,Tony,tony@example.org,46\n")
    promoted("ingest", "more.csv", "--table", "people")
    promoted("promote", "people", "--rules", "rules.yaml")
    assert promoted("show", "silver.people")["total"] == 4
    assert promoted("rollback", "silver.people", first)["snapshot"] == first
    assert promoted("show", "silver.people")["total"] == 3
    assert promoted("rollback", "silver.people", "12345", code=2)


def test_a_fix_survives_every_promotion(promoted: Call) -> None:
    found = promoted("quarantine", "people")
    assert found["total"] == 2
    assert {row["state"] for row in found["rows"]} == {"open"}
    rid = rid_of(promoted, "05")
    promoted("fix", "people", rid, "age=82", "--reason", "asked her")
    assert {row["state"] for row in promoted("quarantine", "people")["rows"]} == {"open", "fixed"}
    for _ in range(2):
        done = promoted("promote", "people", "--rules", "rules.yaml")
        assert done["report"]["rows_out"] == 4
    assert promoted("query", "SELECT age FROM silver.people WHERE id = '05'")["rows"] == [{"age": 82}]
    odd = promoted("fix", "people", rid, "age=abc", text=True)
    assert "But age does not fit integer: the promotion will set the row aside" in odd
    assert "does not fit" not in promoted("fix", "people", rid, "age=81", text=True)
    assert "no column" in promoted("fix", "people", rid, "agge=82", code=2)
    assert "no row" in promoted("fix", "people", "7", "age=82", code=2)


def test_a_waiver_lets_one_row_through(promoted: Call) -> None:
    promoted("waive", "people", rid_of(promoted, "02"), "mail", "--reason", "old address")
    done = promoted("promote", "people", "--rules", "rules.yaml")
    assert done["quarantined"] == {"cast age": 1}
    rid = rid_of(promoted, "05")
    assert "reason" in promoted("waive", "people", rid, "cast", "--reason", " ", code=2)
    assert f"It breaks cast. Run: automic waive people {rid} cast" in promoted("waive", "people", rid, code=2)


def test_gold_by_groups_and_by_sql_and_back_to_the_file(promoted: Call) -> None:
    groups = promoted("build", "people", "--group-by", "age", "--agg", "people=count", "--agg", "oldest=max:age")
    assert groups["table"] == "gold.people"
    assert groups["report"]["balanced"] is True
    promoted("build", "adults", "--sql", "SELECT age IS NULL AS unknown, count(*) AS n FROM silver.people GROUP BY 1")
    rows = promoted("query", "SELECT _rid, n FROM gold.adults WHERE NOT unknown")["rows"]
    assert rows[0]["n"] == 2
    trace = promoted("trace", "gold.adults", rows[0]["_rid"])
    assert {origin["values"]["name"] for origin in trace["origins"]} == {"Ada", "Edsger"}
    assert {(Path(origin["source"]).name, origin["record"]) for origin in trace["origins"]} == {
        ("people.csv", 1),
        ("people.csv", 4),
        ("people.csv", 5),  # merged into record 4
    }
    assert "3 bronze records" in promoted("trace", "gold.adults", rows[0]["_rid"], text=True)


def test_the_fate_of_a_merged_row_can_be_found(promoted: Call) -> None:
    last = promoted("query", "SELECT max(_rid) AS rid FROM bronze.people WHERE id = '04'")["rows"][0]["rid"]
    assert "twice: merged into" in promoted("trace", "silver.people", last, code=2)
    trace = promoted("trace", "bronze.people", last)
    assert trace["origins"][0]["fate"].startswith("twice: merged into")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--agg", "n=median:age"], "median"),
        (["--agg", "sum:age"], "name=function:column"),
        (["--group-by", "agee", "--agg", "n=count"], "age"),
        (["--sql", "SELECT 1 AS a", "--group-by", "age"], "--sql"),
        ([], "sql or group_by"),
    ],
)
def test_a_wrong_build_is_explained(promoted: Call, arguments: list[str], message: str) -> None:
    expected = 1 if "agee" in arguments else 2
    assert message in promoted("build", "people", *arguments, code=expected)
    assert not promoted("tables", "--layer", "gold")


def test_a_failing_gate_publishes_nothing(promoted: Call) -> None:
    Path("gate.yaml").write_text("- {id: all_known, kind: set, columns: [age], values: ['36', '72'], action: fail}\n")
    before = promoted("history", "silver.people")[-1]["id"]
    assert "all_known" in promoted("promote", "people", "--rules", "gate.yaml", code=1)
    assert promoted("history", "silver.people")[-1]["id"] == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rulez: []", "rules"),
        ("rules: [{kind: rnge, columns: [age]}]", "range"),
        ("rules: [{kind: range, colums: [age]}]", "colums"),
        ("schema: {age: integr}", "integr"),
        ("schema: {agee: integer}", "age"),
        ("steps: {kind: dedup}", "list"),
        ("- just text", "kind"),
        ("rules: [", "wrong.yaml, line"),
    ],
)
def test_a_wrong_promotion_file_is_explained(promoted: Call, text: str, message: str) -> None:
    Path("wrong.yaml").write_text(text)
    assert message in promoted("promote", "people", "--rules", "wrong.yaml", code=2)


def test_doctor_finds_the_lake_in_order_and_a_lost_file(promoted: Call) -> None:
    found = {each["name"]: each for each in promoted("doctor") if each["area"] == "lake"}
    assert {each["state"] for each in found.values()} == {"ok"}
    next(file for file in Path("lake/warehouse").rglob("*.parquet") if "silver" in str(file)).unlink()
    assert cli.run(["doctor"]) == 1


def test_doctor_compares_state_and_lake(promoted: Call) -> None:
    Path("lake/state.db").unlink()
    State("lake/state.db").close()
    assert cli.run(["doctor"]) == 1
    Path("lake/state.db").unlink()
    assert {each["state"] for each in promoted("doctor") if each["name"] == "state"} == {"ok"}


@pytest.mark.parametrize("command", [["ingest", "more.csv", "--table", "people"], ["promote", "people"]])
def test_an_interrupted_run_publishes_nothing(
    promoted: Call, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("more.csv").write_text(PEOPLE.splitlines()[0] + "\n06,Tony,tony@example.org,46\n")
    before = {each["name"]: (each["rows"], each["run_id"]) for each in promoted("tables")}

    def interrupt(_progress: output.Progress, event: Event) -> None:
        if event.kind in ("progress", "loaded"):
            raise KeyboardInterrupt

    monkeypatch.setattr(output.Progress, "__call__", interrupt)
    assert promoted(*command, code=130).startswith("Error: Interrupted")
    assert {each["name"]: (each["rows"], each["run_id"]) for each in promoted("tables")} == before
    monkeypatch.undo()


def test_progress_shows_on_a_terminal_after_two_seconds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0.0, 1.0, 4.0, 4.1])
    monkeypatch.setattr(output, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr(output.sys.stderr, "isatty", lambda: True, raising=False)
    with output.Progress() as progress:
        progress(Event("progress", "r", 500))  # 1 s: the run's clock starts
        progress(Event("progress", "r", 3000, 9000))  # 4 s
        progress(Event("progress", "r", 3100, 9000))  # 4.1 s: too soon again
    assert capsys.readouterr().err == "\r\x1b[Kprogress  3,000 rows  1,000 rows/s  33%  6 s left\r\x1b[K"
