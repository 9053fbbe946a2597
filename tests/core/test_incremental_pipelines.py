"""Incremental pipelines: the destination keeps the watermark, in the transaction that brings the rows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from automic_core import Incremental, Pipeline, PipelineSpec, SQLiteLoader, SQLiteSource, registry
from automic_core.connectors.files.csv import CSVLoader, CSVSource
from automic_core.connectors.files.parquet import ParquetSource
from automic_core.errors import AutomicError, ConfigError, TransformError
from automic_core.extraction import resuming
from automic_core.lake import Lakehouse
from automic_core.transforms.rules import Range
from tests import servers

Make = Callable[[str], Any]
SCHEMA = {"at": pl.Int64, "id": pl.Int64, "v": pl.String}
FIRST = [(1, 1, "a"), (2, 2, "b"), (2, 3, "b"), (None, 4, "c")]
LATER = [*FIRST, (2, 5, "d"), (3, 6, "e"), (None, 7, "f"), (1, 8, "late")]


@pytest.fixture(params=["sqlite", "iceberg", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Kind and options of a table that is not there yet."""
    if request.param == "sqlite":
        yield "sqlite", {"path": str(tmp_path / "t.db"), "table": "t"}
    elif request.param == "iceberg":
        with Lakehouse.open(tmp_path / "lake"):
            pass
        yield "iceberg", {"lake": str(tmp_path / "lake"), "table": "silver.t"}
    else:
        with servers.schema(f"automic_inc_{abs(hash(str(tmp_path)))}") as space:
            yield "postgresql", {**servers.postgresql().options, "schema": space, "table": "t"}


def deliver(folder: Path, rows: list[tuple[Any, ...]]) -> ParquetSource:
    pl.DataFrame(rows, schema=SCHEMA, orient="row").write_parquet(folder / "in.parquet")
    return ParquetSource(str(folder / "in.parquet"))


def pipeline(source: Any, target: tuple[str, dict[str, Any]], mode: Any = "append", **how: Any) -> Pipeline:
    loader = registry.build("loader", *target)
    keys = ["id"] if mode == "upsert" else []
    return Pipeline("p").extract(source, Incremental("at", **how)).load(loader, mode=mode, keys=keys)


def loaded(target: tuple[str, dict[str, Any]]) -> list[tuple[Any, ...]]:
    frame = registry.build("source", *target).scan().select(*SCHEMA).collect()
    return sorted(frame.rows(), key=repr)


@pytest.mark.parametrize("mode", ["append", "upsert"])
def test_runs_go_on_from_each_other(target: tuple[str, dict[str, Any]], mode: str, tmp_path: Path) -> None:
    report = pipeline(deliver(tmp_path, FIRST), target, mode, lag=1).run().report
    assert (report.rows_in, report.rows_out) == (4, 4)
    report = pipeline(deliver(tmp_path, LATER), target, mode, lag=1).run().report
    assert (report.rows_in, report.rows_out, report.removed()) == (8, 4, {"merged": 4})
    assert loaded(target) == sorted(LATER, key=repr)
    report = pipeline(deliver(tmp_path, LATER), target, mode, lag=1).run().report
    assert (report.rows_in, report.rows_out) == (6, 0), "with a lag of 1 the rows below 2 are not read any more"
    assert loaded(target) == sorted(LATER, key=repr)


def test_a_run_that_fails_moves_no_watermark(target: tuple[str, dict[str, Any]], tmp_path: Path) -> None:
    pipeline(deliver(tmp_path, FIRST), target).run()
    failing = pipeline(deliver(tmp_path, LATER), target).check(Range(columns=["at"], max=2, action="fail"), id="small")
    with pytest.raises(AutomicError, match="small"):
        failing.run()
    assert loaded(target) == sorted(FIRST, key=repr)
    assert pipeline(deliver(tmp_path, LATER), target).run().report.rows_out == 3
    assert loaded(target) == sorted(LATER[:-1], key=repr)


def test_each_pipeline_has_its_own_watermark(target: tuple[str, dict[str, Any]], tmp_path: Path) -> None:
    source = deliver(tmp_path, FIRST)
    pipeline(source, target).run()
    other = pipeline(source, target)
    other._name = "q"
    assert other.run().report.rows_out == 4


def test_rows_that_a_rule_removed_do_not_come_again(target: tuple[str, dict[str, Any]], tmp_path: Path) -> None:
    for rows, out in ((FIRST, 3), (LATER, 1)):
        report = pipeline(deliver(tmp_path, rows), target).check(Range(columns=["id"], max=5, min=2)).run().report
        report.check()
        assert report.rows_out == out
    assert [row[1] for row in sorted(loaded(target), key=lambda row: row[1])] == [2, 3, 4, 5]


def test_a_backfill_is_an_upsert(target: tuple[str, dict[str, Any]], tmp_path: Path) -> None:
    source = deliver(tmp_path, LATER)
    pipeline(deliver(tmp_path, FIRST), target, "upsert").run()
    deliver(tmp_path, LATER)
    assert pipeline(source, target, "upsert", backfill=("1", "2"), nulls="skip").run().report.rows_out == 2
    assert (1, 8, "late") in loaded(target)
    assert pipeline(source, target, "upsert").run().report.rows_out == 3, "the watermark stayed"
    with pytest.raises(ConfigError, match="nothing tells which"):
        pipeline(source, target, "append", backfill=("1", "2")).run()


def test_a_longer_lag_than_before_doubles_nothing(tmp_path: Path) -> None:
    target = ("sqlite", {"path": str(tmp_path / "t.db"), "table": "t"})
    pipeline(deliver(tmp_path, FIRST), target).run()
    report = pipeline(deliver(tmp_path, LATER), target, lag=5).run().report
    assert (report.rows_in, report.rows_out) == (6, 3)


def test_what_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = deliver(tmp_path, FIRST)
    with pytest.raises(ConfigError, match="cannot overwrite"):
        Pipeline().extract(source, Incremental("at")).load(SQLiteLoader(str(tmp_path / "t.db"))).run()
    load = CSVLoader(str(tmp_path / "t.csv"))
    with pytest.raises(ConfigError, match="cannot keep the watermark"):
        Pipeline().extract(source, Incremental("at")).load(load, mode="append").run()
    monkeypatch.setattr(resuming, "MOST", 1)
    with pytest.raises(TransformError, match="3 rows again"):
        pipeline(source, ("sqlite", {"path": str(tmp_path / "t.db"), "table": "t"})).run()
    assert not (tmp_path / "t.db").exists()


def test_the_table_of_watermarks_is_not_listed(tmp_path: Path) -> None:
    place = str(tmp_path / "t.db")
    pipeline(deliver(tmp_path, FIRST), ("sqlite", {"path": place, "table": "t"})).run()
    assert SQLiteSource(place).relations() == (["t"], [])
    assert SQLiteSource(place).scan().collect().height == 4


def test_records_of_a_file_and_a_preview(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,v\n1,a\n2,b\nbroken,c,d,e\n")
    target = SQLiteLoader(str(tmp_path / "t.db"), table="t")
    one = Pipeline("p").extract(CSVSource(str(tmp_path / "a.csv"), types="text"), Incremental("id", type="integer"))
    one.load(target, mode="append")
    assert one.preview().height == 2
    assert one.run().report.removed() == {"quarantined": 1}
    (tmp_path / "a.csv").write_text("id,v\n1,a\n2,b\nbroken,c,d,e\n3,c\n")
    report = one.run().report
    assert (report.rows_in, report.rows_out, report.removed()) == (3, 1, {"merged": 2})


def test_yaml_and_script_say_the_same(tmp_path: Path) -> None:
    deliver(tmp_path, FIRST)
    spec = PipelineSpec.parse(
        f"""
name: p
extract:
  kind: parquet
  path: {tmp_path}/in.parquet
  incremental: {{cursor: at, lag: 1, nulls: skip}}
load: {{kind: sqlite, path: "{tmp_path}/t.db", table: t, mode: append}}
"""
    )
    assert PipelineSpec.from_pipeline(spec.to_pipeline()) == spec == PipelineSpec.parse(spec.to_yaml())
    assert spec.to_pipeline().run().report.rows_out == 3
    deliver(tmp_path, LATER)
    script = tmp_path / "p.py"
    script.write_text(spec.to_python())
    done = subprocess.run([sys.executable, "-W", "error", str(script)], capture_output=True, text=True, check=True)
    assert "3 rows out to t" in done.stdout, "the script goes on where the YAML stopped"
    for wrong in ("incremental: {lag: 1}", "incremental: {cursor: at, lagg: 1}", "incremental: at"):
        text = f"extract: {{kind: parquet, path: a, {wrong}}}"
        with pytest.raises(ConfigError, match=r"incremental|cursor is needed|lagg"):
            PipelineSpec.parse(text, "p.yaml").to_pipeline()


KILLED = """
import os, sys
from automic_core import Incremental, ParquetSource, Pipeline, SQLiteLoader

class Dying(SQLiteLoader):
    def {point}(self, *given):
        {before}os.kill(os.getpid(), 9)
        super().{point}(*given)
        os.kill(os.getpid(), 9)

folder = sys.argv[1]
loader = Dying(folder + "/t.db", table="t")
Pipeline("p").extract(ParquetSource(folder + "/in.parquet"), Incremental("at")).load(loader, mode="append").run()
"""


@pytest.mark.parametrize(
    ("point", "before", "there"), [("commit", "", False), ("commit", "# ", True), ("remember", "# ", False)]
)
def test_a_kill_loses_and_doubles_nothing(point: str, before: str, there: bool, tmp_path: Path) -> None:
    target = ("sqlite", {"path": str(tmp_path / "t.db"), "table": "t"})
    pipeline(deliver(tmp_path, FIRST), target).run()
    deliver(tmp_path, LATER[:-1])
    code = KILLED.format(point=point, before=before)
    died = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True)
    assert died.returncode == -9, died.stderr
    assert loaded(target) == sorted(LATER[:-1] if there else FIRST, key=repr)
    pipeline(deliver(tmp_path, LATER[:-1]), target).run()
    assert loaded(target) == sorted(LATER[:-1], key=repr)
