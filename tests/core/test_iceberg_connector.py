"""Iceberg tables as source and destination of pipelines that are no promotions."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from automic_core import IcebergLoader, IcebergSource, Lakehouse, Pipeline, PipelineSpec
from automic_core.errors import AutomicError, ConfigError
from automic_core.workbench import run

PEOPLE = pl.DataFrame({"id": [1, 2, 3], "name": ["a", "b", "c"]})


def rows(lake: Path, table: str = "silver.people") -> list[dict[str, object]]:
    frame = IcebergSource(table, lake=str(lake)).scan().collect()
    return frame.sort("id").to_dicts()


def test_overwrite_append_upsert(tmp_path: Path) -> None:
    loader = IcebergLoader("silver.people", lake=str(tmp_path))
    assert loader.load(PEOPLE, "overwrite") == 3
    assert loader.load(pl.DataFrame({"id": [4], "age": [30]}), "append") == 1
    assert rows(tmp_path)[3] == {"id": 4, "name": None, "age": 30}
    changes = pl.DataFrame({"id": [2, 5], "name": ["B", "e"], "age": [20, 50]})
    assert loader.load(changes, "upsert", ["id"]) == 2
    assert [row["name"] for row in rows(tmp_path)] == ["a", "B", "c", None, "e"]
    assert loader.load(PEOPLE, "overwrite") == 3
    assert rows(tmp_path) == PEOPLE.to_dicts()


def test_a_column_that_changes_its_type_starts_anew(tmp_path: Path) -> None:
    loader = IcebergLoader("silver.people", lake=str(tmp_path))
    loader.load(PEOPLE, "overwrite")
    loader.load(pl.DataFrame({"id": ["x"], "name": ["y"]}), "overwrite")
    assert rows(tmp_path) == [{"id": "x", "name": "y"}]
    with Lakehouse.open(tmp_path) as lake:
        before = next(info for info in lake.history("silver.people") if info.rows == 3)
        assert lake.scan("silver.people", before.id).collect().sort("id").to_dicts() == PEOPLE.to_dicts()


def test_a_failed_run_leaves_the_table_as_it_was(tmp_path: Path) -> None:
    IcebergLoader("silver.people", lake=str(tmp_path)).load(PEOPLE, "overwrite")
    source = IcebergSource("silver.people", lake=str(tmp_path))
    pipeline = Pipeline("x").extract(source).load(IcebergLoader("silver.people", lake=str(tmp_path)))

    def cancel(event: object) -> None:
        if getattr(event, "kind", "") == "loaded":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.run(cancel)
    assert rows(tmp_path) == PEOPLE.to_dicts()


def test_upsert_needs_keys_and_a_lake_that_exists(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="needs keys"):
        IcebergLoader("silver.people", lake=str(tmp_path)).load(PEOPLE, "upsert")
    with pytest.raises(ConfigError, match="There is no lake"):
        IcebergSource("silver.people", lake=str(tmp_path / "none")).scan()


def test_a_pipeline_file_works_on_the_lake_of_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("people.csv").write_text("id,name\n1,a\n2,b\n")
    text = "extract: {kind: csv, path: people.csv}\nload: {kind: iceberg, table: silver.people, mode: overwrite}\n"
    Path("p.yaml").write_text(text)
    assert PipelineSpec.load_file("p.yaml").load is not None
    with Lakehouse.open(tmp_path / "mine") as lake:
        assert run("p.yaml", lake).rows_out == 2
        assert lake.query("SELECT count(*) AS n FROM silver.people")["n"].to_list() == [2]
    assert not Path("lake").exists()


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    IcebergLoader("silver.people", lake=str(tmp_path)).load(PEOPLE)
    with pytest.raises(AutomicError, match=r"silver\.poeple"):
        IcebergSource("silver.poeple", lake=str(tmp_path)).scan()
