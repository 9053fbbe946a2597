"""Decisions: a fix, a waiver and a redelivered file survive every rebuild."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from automic_core.connectors.databases.sqlite import SQLiteSource
from automic_core.connectors.files.csv import CSVSource
from automic_core.connectors.files.parquet import ParquetSource
from automic_core.contracts import Rule, SourceAdapter
from automic_core.errors import CatalogError, ConfigError
from automic_core.lake import Lakehouse
from automic_core.medallion.silver import Promotion
from automic_core.records import Field, FieldType, Record, Schema
from automic_core.transforms.rules import Range

SCHEMA = Schema("t", [Field("id", FieldType.STRING), Field("v", FieldType.INTEGER)])
RULES: list[tuple[str, Rule]] = [("small", Range(columns=["v"], max=100))]


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lakehouse]:
    with Lakehouse.open(tmp_path / "lake", actor="ann") as lake:
        yield lake


def give(lake: Lakehouse, folder: Path, text: str, name: str = "a.csv", **options: Any) -> None:
    (folder / name).write_text(text)
    lake.bronze.ingest(CSVSource(str(folder / name)), "t", **options)


def promote(lake: Lakehouse) -> Promotion:
    return lake.silver.promote("t", SCHEMA, rules=RULES)


def bronze(lake: Lakehouse, ordinal: int, batch: int = 1) -> dict[str, Any]:
    rid = (batch << 36) | ordinal
    return lake.scan("bronze.t").filter(pl.col("_rid") == rid).collect().row(0, named=True)


def silver(lake: Lakehouse) -> list[Any]:
    return lake.scan("silver.t").sort("_rid").select("id", "v").collect().rows()


@pytest.mark.parametrize("keys", [[], ["id"]])
def test_a_fix_survives_rebuilds_and_redelivery(keys: list[str], lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id,v\n1,10\n2,many\n3,500\n", keys=keys)
    promote(lake)
    assert silver(lake) == [("1", 10)]
    assert lake.quarantine("t")["state"].to_list() == ["open", "open"]
    lake.decisions.fix("t", bronze(lake, 2), keys, {"v": "20"}, reason="read on the phone")
    assert lake.quarantine("t").sort("_rid")["state"].to_list() == ["fixed", "open"]
    assert silver(lake) == [("1", 10)], "a decision counts from the next promotion on"
    promote(lake)
    assert silver(lake) == [("1", 10), ("2", 20)]
    assert lake.quarantine("t")["state"].to_list() == ["open"]
    give(lake, tmp_path, "id,v\n2,many\n4,40\n", "b.csv", keys=keys)
    promote(lake)
    expected = [("1", 10), ("2", 20), ("4", 40)] if keys else [("1", 10), ("2", 20), ("2", 20), ("4", 40)]
    assert sorted(silver(lake)) == expected
    assert bronze(lake, 2)["v"] == "many", "bronze stays as it arrived"


def test_the_later_fix_counts_and_none_empties_a_cell(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id,v\n1,many\n2,few\n")
    lake.decisions.fix("t", bronze(lake, 1), [], {"v": "20"})
    lake.decisions.fix("t", bronze(lake, 1), [], {"v": "30", "id": "one"})
    lake.decisions.fix("t", bronze(lake, 2), [], {"v": None})
    promote(lake)
    assert silver(lake) == [("one", 30), ("2", None)]
    assert [d.value for d in lake.decisions.current("t")] == ["30", "one", None]
    assert lake.decisions.current("other") == []


def test_a_revoked_decision_no_longer_counts(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id,v\n1,many\n")
    for _ in range(4):  # whichever order the lake's files are read in
        (made,) = lake.decisions.fix("t", bronze(lake, 1), [], {"v": "20"})
        promote(lake)
        assert silver(lake) == [("1", 20)]
        revoked = lake.decisions.revoke(made.id)
        assert revoked.revoked_at is not None
        assert lake.decisions.current("t") == []
        promote(lake)
        assert silver(lake) == []
    with pytest.raises(CatalogError, match="no decision"):
        lake.decisions.revoke(made.id)


def test_a_waiver_needs_a_reason_and_exempts_from_its_rule_only(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id,v\n1,500\n2,600\n3,many\n")
    with pytest.raises(ConfigError, match="needs a reason"):
        lake.decisions.waive("t", bronze(lake, 1), [], ["small"], " ")
    lake.decisions.waive("t", bronze(lake, 1), [], ["small"], "it is a truck")
    lake.decisions.waive("t", bronze(lake, 2), [], ["other"], "another rule")
    lake.decisions.waive("t", bronze(lake, 3), [], ["cast"], "nobody knows")
    assert sorted(lake.decisions.current("t")[0].column) == sorted("small")
    promote(lake)
    assert silver(lake) == [("1", 500), ("3", None)]
    again = promote(lake)
    assert again.report.removed() == {"quarantined": 1}
    assert silver(lake) == [("1", 500), ("3", None)]


def test_states_of_quarantine(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id,v\n1,500\n2,600\n3,many\n")
    promote(lake)
    lake.decisions.waive("t", bronze(lake, 1), [], ["small"], "a truck")
    (made,) = lake.decisions.fix("t", bronze(lake, 3), [], {"v": "3"})
    assert lake.quarantine("t").sort("_rid")["state"].to_list() == ["waived", "open", "fixed"]
    lake.decisions.revoke(made.id)
    assert lake.quarantine("t").sort("_rid")["state"].to_list() == ["waived", "open", "open"]


def test_a_fixed_malformed_record_lives_and_the_others_stay_out(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id,v\n1,10\n2\n3\n4,5,6\n")
    first = promote(lake)
    assert first.report.removed() == {"quarantined": 3}
    lake.decisions.fix("t", bronze(lake, 2), [], {"id": "2", "v": "20"})
    assert lake.quarantine("t").sort("_rid")["state"].to_list() == ["fixed", "open", "open"]
    second = promote(lake)
    assert silver(lake) == [("1", 10), ("2", 20)]
    assert second.report.removed() == {"quarantined": 2}


class Garbled(SourceAdapter):
    """One good record, and two of which nothing could be read."""

    def read(self) -> Iterator[Record]:
        yield Record({"id": "1", "v": "1"})
        for line in (2, 3):
            note = {"line": line, "reason": "no record", "text": f"%{line}%"}
            yield Record({"id": None, "v": None, "_rescued": json.dumps(note)})


def test_malformed_records_without_any_value_are_told_apart(lake: Lakehouse) -> None:
    lake.bronze.ingest(Garbled(), "t")
    assert promote(lake).report.removed() == {"quarantined": 2}
    lake.decisions.fix("t", bronze(lake, 2), [], {"id": "2", "v": "2"})
    assert lake.quarantine("t").sort("_rid")["state"].to_list() == ["fixed", "open"]
    assert promote(lake).report.removed() == {"quarantined": 1}
    assert silver(lake) == [("1", 1), ("2", 2)]


def test_rows_without_a_key_are_known_by_their_content(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id,v\n,many\n,few\n", keys=["id"])
    lake.decisions.fix("t", bronze(lake, 1), ["id"], {"v": "20", "id": "1"})
    assert promote(lake).report.removed() == {"quarantined": 1}
    assert silver(lake) == [("1", 20)]


def test_a_column_that_comes_later_does_not_change_what_was_decided(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id,v\n1,500\n2,600\n")
    (made,) = lake.decisions.waive("t", bronze(lake, 1), [], ["nothing"], "just a note")
    lake.decisions.fix("t", bronze(lake, 2), [], {"v": "6"})
    give(lake, tmp_path, "id,v,w\n1,500,x\n", "b.csv")
    promote(lake)
    assert silver(lake) == [("2", 6)]
    aside = lake.quarantine("t").sort("_rid")
    assert aside["state"].to_list() == ["open", "open"], "what was decided has not helped"
    assert [key == made.key for key in aside["_key"]] == [True, False]
    lake.decisions.waive("t", bronze(lake, 1), [], ["small"], "a truck")
    assert lake.quarantine("t").sort("_rid")["state"].to_list() == ["waived", "open"]


def test_what_cannot_be_fixed(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id,v\n1,many\n", keys=["id"])
    row = bronze(lake, 1)
    for column in ("w", "_rid"):
        with pytest.raises(ConfigError, match=f"no column '{column}'"):
            lake.decisions.fix("t", row, ["id"], {column: "1"})
    with pytest.raises(ConfigError, match="part of the key"):
        lake.decisions.fix("t", row, ["id"], {"id": "2"})


def test_decisions_find_rows_that_came_with_types(lake: Lakehouse, tmp_path: Path) -> None:
    from datetime import date, datetime
    from decimal import Decimal

    frame = pl.DataFrame(
        {
            "id": ["1", "2"],
            "v": [500, 600],
            "ok": [True, False],
            "at": [datetime(2024, 1, 2, 3, 4, 5, 60), datetime(2024, 1, 2)],  # noqa: DTZ001
            "day": [date(2024, 1, 2), None],
            "price": [Decimal("1.50"), Decimal("2.00")],
            "ratio": [0.1, 1e21],
            "tags": [["a", "b"], []],
            "blob": [b"\xff\x00", None],
        }
    )
    frame.write_parquet(tmp_path / "a.parquet")
    lake.bronze.ingest(ParquetSource(str(tmp_path / "a.parquet")), "t")
    for ordinal in (1, 2):
        lake.decisions.fix("t", bronze(lake, ordinal), [], {"v": str(ordinal)})
    lake.silver.promote("t", rules=RULES)
    assert silver(lake) == [(1, 1), (2, 2)]
    with sqlite3.connect(tmp_path / "b.db") as db:
        db.execute("CREATE TABLE u (id INTEGER, v REAL)")
        db.execute("INSERT INTO u VALUES (7, 700.0)")
    db.close()
    lake.bronze.ingest(SQLiteSource(str(tmp_path / "b.db"), table="u"), "u")
    row = lake.scan("bronze.u").collect().row(0, named=True)
    lake.decisions.fix("u", row, [], {"v": "7.5"})
    lake.silver.promote("u")
    assert lake.scan("silver.u").collect()["v"].to_list() == [7.5]


def test_a_fix_that_does_not_fit_its_column_is_refused(lake: Lakehouse, tmp_path: Path) -> None:
    pl.DataFrame({"id": ["1"], "v": [500]}).write_parquet(tmp_path / "a.parquet")
    lake.bronze.ingest(ParquetSource(str(tmp_path / "a.parquet")), "t")
    with pytest.raises(ConfigError, match="'many'"):
        lake.decisions.fix("t", bronze(lake, 1), [], {"v": "many"})
    assert lake.decisions.current() == []


def test_the_state_file_is_only_a_cache(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id,v\n1,10\n2,many\n")
    lake.decisions.fix("t", bronze(lake, 2), [], {"v": "20"})
    promote(lake)
    lake.gold.build("g", "SELECT count(*) AS n FROM silver.t")
    before = [(run.run_id, run.pipeline, run.table, run.actor, run.state) for run in lake.runs()]
    reports = [run.report for run in lake.runs()]
    assert len(before) == 3
    lake.close()
    for file in (tmp_path / "lake").glob("state.db*"):
        file.unlink()
    with Lakehouse.open(tmp_path / "lake", actor="bob") as again:
        assert [(run.run_id, run.pipeline, run.table, run.actor, run.state) for run in again.runs()] == before
        assert [json.dumps(run.report, sort_keys=True) for run in again.runs()] == [
            json.dumps(report, sort_keys=True) for report in reports
        ]
        assert again.bronze.ingest(CSVSource(str(tmp_path / "a.csv")), "t").rows == 0
        promote(again)
        assert silver(again) == [("1", 10), ("2", 20)]
