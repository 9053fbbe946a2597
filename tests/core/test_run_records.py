"""Runs that fail are on record too, with their error; what succeeded is there once."""

from __future__ import annotations

from pathlib import Path

import pytest

from automic_core import CSVSource, Lakehouse, NotNull, XMLSource, cli
from automic_core.cli.output import describe
from automic_core.errors import AutomicError, GateError
from automic_core.events import Event


def test_failures_of_every_layer_are_recorded(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("id,name\n1,a\n2,\n")
    with Lakehouse.open(tmp_path / "lake", actor="ada") as lake:
        with pytest.raises(AutomicError):
            lake.bronze.ingest(CSVSource(str(tmp_path / "gone.csv")), "people")
        lake.bronze.ingest(CSVSource(str(path)), "people")
        with pytest.raises(GateError):
            lake.silver.promote("people", rules=[NotNull(columns=["name"], action="fail")])
        lake.silver.promote("people")
        with pytest.raises(AutomicError):
            lake.gold.build("names", "SELECT nme FROM silver.people")
        found = [(run.pipeline, run.state) for run in reversed(lake.runs())]
        assert found[-4:] == [
            ("ingest bronze.people", "succeeded"),
            ("promote people", "failed"),
            ("promote people", "succeeded"),
            ("build gold.names", "failed"),
        ]
        failed = next(run for run in lake.runs() if run.pipeline == "build gold.names")
        assert "nme" in (failed.error or "")
        assert failed.actor == "ada"


def test_an_interrupted_run_is_cancelled(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("id,name\n1,a\n")

    def stop(_event: object) -> None:
        raise KeyboardInterrupt

    with Lakehouse.open(tmp_path / "lake") as lake:
        with pytest.raises(KeyboardInterrupt):
            lake.bronze.ingest(CSVSource(str(path)), "people", on_event=stop)
        assert [run.state for run in lake.runs()] == ["cancelled"]


def test_a_file_without_columns_says_why(tmp_path: Path) -> None:
    path = tmp_path / "bad.xml"
    path.write_text("<rows>\n<row><id>1</id>\n")
    with Lakehouse.open(tmp_path / "lake") as lake, pytest.raises(AutomicError, match="Line 3: not XML"):
        lake.bronze.ingest(XMLSource(str(path)), "bad")


def test_after_a_rollback_one_state_is_current(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("id,name\n1,a\n")
    with Lakehouse.open(tmp_path / "lake") as lake:
        lake.bronze.ingest(CSVSource(str(path)), "people")
        first = lake.silver.promote("people").snapshot
        lake.silver.promote("people")
        assert first is not None
        lake.rollback("silver.people", first)
        states = lake.history("silver.people")
        assert [info.current for info in states].count(True) == 1
        assert states[-1].current
        assert states[-1].id == first


def test_the_command_says_why_a_run_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Lakehouse.open(tmp_path / "lake") as lake, pytest.raises(AutomicError):
        lake.gold.build("names", "SELECT nme FROM silver.people")
    assert cli.run(["runs", "--lake", str(tmp_path / "lake")]) == 0
    assert "failed: There is no table silver.people" in capsys.readouterr().out


def test_an_empty_query_is_told_so(tmp_path: Path) -> None:
    with Lakehouse.open(tmp_path / "lake") as lake, pytest.raises(AutomicError, match="There is no statement"):
        lake.query("  ")


def test_ingest_and_promote_know_how_much_is_ahead(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("id,name\n" + "".join(f"{i},person {i:06}\n" for i in range(300_000)))
    events: list[Event] = []
    with Lakehouse.open(tmp_path / "lake") as lake:
        lake.bronze.ingest(CSVSource(str(path)), "people", on_event=events.append)
        first = next(event for event in events if event.kind == "progress")
        assert first.rows < 300_000
        assert first.total == pytest.approx(300_000, rel=0.1)
        events.clear()
        lake.silver.promote("people", on_event=events.append)
        seen = [event for event in events if event.kind == "progress"]
        assert seen[0].rows < seen[0].total == 300_000  # type: ignore[operator]
    assert "s left" in describe(seen[0], 2.0)
