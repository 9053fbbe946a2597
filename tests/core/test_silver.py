"""Silver: typed, validated, deduplicated; staged out of sight, published by compare-and-set."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from automic_core.connectors.files.csv import CSVSource
from automic_core.errors import ConflictError, GateError, TransformError
from automic_core.events import Event
from automic_core.lake import Lakehouse
from automic_core.lakehouse.maintenance import compact
from automic_core.medallion import reading
from automic_core.records import Field, FieldType, Schema
from automic_core.transforms.aggregate import Aggregator
from automic_core.transforms.columns import Rename
from automic_core.transforms.combine import Join
from automic_core.transforms.dedup import Deduplicator
from automic_core.transforms.reshape import Explode
from automic_core.transforms.rows import Filter
from automic_core.transforms.rules import InSet, NotNull, Range, Unique

TYPED = Schema(
    "t",
    [
        Field("id", FieldType.STRING),
        Field("name", FieldType.STRING),
        Field("amount", FieldType.INTEGER),
        Field("day", FieldType.DATE),
    ],
)


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lakehouse]:
    with Lakehouse.open(tmp_path / "lake", actor="ann") as lake:
        yield lake


def give(lake: Lakehouse, folder: Path, text: str, name: str = "a.csv", table: str = "t", **options: object) -> None:
    (folder / name).write_text(text)
    lake.bronze.ingest(CSVSource(str(folder / name)), table, **options)  # type: ignore[arg-type]


def rows(lake: Lakehouse, table: str = "silver.t", snapshot: int | None = None) -> pl.DataFrame:
    return lake.scan(table, snapshot).sort("_rid").collect()


def messy(count: int = 60) -> str:
    lines = [f"{i:03},n{i % 20},{i if i % 12 else 'many'},2024-01-{i % 28 + 1:02}" for i in range(1, count + 1)]
    return "id,name,amount,day\n" + "\n".join(lines) + "\n61,short\n"


def test_nothing_accepted_means_the_inferred_schema_which_says_so(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id,age,day,code\n1,31,2024-01-05,01\n2,32,2024-02-06,07\n3,n/a?,2024-03-07,10\n")
    promotion = lake.silver.promote("t")
    assert promotion.schema.inferred
    assert any("nobody has accepted it yet" in note for note in promotion.report.notes)
    found = rows(lake)
    assert found["age"].to_list() == ["31", "32", "n/a?"], "one value does not fit, so the column stays text"
    assert found.schema["day"] == pl.Date
    assert found["code"].to_list() == ["01", "07", "10"]
    assert promotion.report.removed() == {}
    accepted = lake.silver.promote("t", schema=Schema("t", [Field("id", FieldType.INTEGER)]))
    assert not any("nobody has accepted" in note for note in accepted.report.notes)


def test_columns_that_are_nearly_of_a_type_are_named_and_so_is_a_rule_that_takes_all(
    lake: Lakehouse, tmp_path: Path
) -> None:
    amounts = ["1.718,50"] * 20 + ["1234,00"]
    days = [f"{i:02}.01.2024" for i in range(1, 19)] + ["2024-01-19", "2024-01-20", "2024-01-21"]
    lines = [f"{i};{amount};{day};0{i}" for i, (amount, day) in enumerate(zip(amounts, days, strict=True))]
    give(lake, tmp_path, "\n".join(["id;betrag;tag;plz", *lines]))
    promotion = lake.silver.promote("t", rules=[("r1", Range(columns=["betrag"], min=0))])
    named = [note for note in promotion.report.notes if "stays text" in note]
    assert [note.partition("; accept")[0] for note in named] == [
        "betrag stays text: 1 of 21 values would not print back from float '1.234,5', e.g. '1234,00'",
        "tag stays text: 3 of 21 values do not fit date '%d.%m.%Y' (85.7% fit), e.g. '2024-01-19'",
    ], "plz is right as text"
    assert promotion.report.warnings == ["r1 quarantined all 21 rows; check that this is meant, and read the reasons."]
    assert {reason["message"] for row in promotion.quarantined["reasons"] for reason in row} == {
        "betrag is not a number"
    }
    again = lake.silver.promote("t", rules=[("r1", Range(columns=["betrag"], min=0))])
    assert again.report.rows_in == 21
    assert any("incremental" in note for note in again.report.notes)
    assert [note for note in again.report.notes if "stays text" in note] == named
    assert again.report.warnings == promotion.report.warnings
    accepted = Schema("t", [Field("betrag", FieldType.FLOAT, format="1.234,5")])
    assert not lake.silver.stage("t", accepted, rules=[Range(columns=["betrag"], min=0)]).report.warnings


def test_types_steps_rules_and_a_quarantine_with_every_reason(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, messy())
    promotion = lake.silver.promote(
        "t",
        TYPED,
        [Deduplicator(match_fields=["name"])],
        [
            ("small", Range(columns=["amount"], max=15)),
            ("known", InSet(columns=["name"], values=["n1", "n2", "n18", "n19"])),
        ],
    )
    promotion.report.check()
    quarantined = lake.quarantine("t")
    stored = {row["_rid"] & 0xFFF: row for row in quarantined.iter_rows(named=True)}
    assert promotion.report.removed()["quarantined"] == quarantined.height == promotion.quarantined.height
    assert stored[61]["reasons"][0]["rule"] == "malformed"
    (cast,) = [reason for reason in stored[12]["reasons"] if reason["rule"] == "cast"]
    assert (cast["step"], cast["column"], cast["value"]) == ("cast", "amount", "many")
    both = {(r["step"], r["rule"], r["column"], r["value"]) for r in stored[17]["reasons"]}
    assert both == {("rules", "small", "amount", "17"), ("rules", "known", "name", "n17")}
    assert json.loads(stored[12]["row"]) == {"id": "012", "name": "n12", "amount": "many", "day": "2024-01-13"}
    assert set(quarantined["state"]) == {"open"}
    assert set(quarantined["actor"]) == {"ann"}
    assert set(quarantined["run_id"]) == {promotion.report.run_id}
    found = rows(lake)
    assert found["name"].to_list() == ["n1", "n2"]
    assert found.schema["amount"] == pl.Int64
    assert promotion.report.rows_in == 61
    everything = set(found["_rid"]) | set(promotion.removed["_rid"])
    assert everything == set(rows(lake, "bronze.t")["_rid"])


def test_rows_removed_after_a_segment_step_can_still_be_found(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, 'id,tags\n1,"[""a"",""bad""]"\n2,"[""bad"",""worse""]"\n3,b\n')
    steps = [Explode(columns=["tags"])]
    promotion = lake.silver.promote("t", steps=steps, rules=[InSet(columns=["tags"], values=["a", "b"])])
    promotion.report.check()
    assert rows(lake)["tags"].to_list() == ["a", "b"]
    quarantined = lake.quarantine("t").sort("_rid")
    assert quarantined.height == promotion.report.removed()["quarantined"] == 3
    bronze = rows(lake, "bronze.t")["_rid"].to_list()
    assert quarantined["_rid"].to_list() == [bronze[0], bronze[1], bronze[1]]
    assert [json.loads(row)["tags"] for row in quarantined["row"]] == ["bad", "bad", "worse"]
    assert [reasons[0]["value"] for reasons in quarantined["reasons"]] == ["bad", "bad", "worse"]
    stored = rows(lake, "meta.removed")
    assert stored.filter(pl.col("run_id") == promotion.report.run_id).height == promotion.removed.height


def test_a_join_may_name_a_table_of_the_lake(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id,land\n1,de\n2,fr\n3,xx\n")
    give(lake, tmp_path, "land,name\nde,Germany\nfr,France\n", "b.csv", table="lands")
    lake.silver.promote("lands")
    promotion = lake.silver.promote("t", steps=[Join(table="silver.lands", on="land", how="inner", matches="one")])
    assert rows(lake)["name"].to_list() == ["Germany", "France"]
    assert promotion.report.removed() == {"filtered": 1}


def test_the_last_version_of_each_key_counts(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id,v\n1,a\n2,a\n,x\n,y\n", keys=["id"])
    give(lake, tmp_path, "id,v\n2,b\n3,b\n2,c\n", "b.csv", keys=["id"])
    promotion = lake.silver.promote("t")
    kept = [(None, "x"), (None, "y"), (1, "a"), (2, "c"), (3, "b")]
    assert rows(lake).sort("id", "v").select("id", "v").rows() == kept
    assert promotion.report.steps[1].removed == {"merged:version": 2}
    superseded = promotion.removed.filter(pl.col("reason") == "merged:version")
    assert superseded["into"].is_in(rows(lake)["_rid"].to_list()).all()


def test_a_snapshot_forgets_rows_that_are_gone_from_it(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id\n1\n2\n", mode="snapshot")
    give(lake, tmp_path, "id\n7\n", "other.csv", mode="snapshot")
    give(lake, tmp_path, "id\n2\n3\n", mode="snapshot")
    promotion = lake.silver.promote("t")
    assert sorted(rows(lake)["id"].to_list()) == [2, 3, 7]
    assert any("1 older batches are superseded" in note for note in promotion.report.notes)
    assert promotion.report.rows_in == 3
    before = lake.history("bronze.t")[-2].id
    lake.rollback("bronze.t", before)
    lake.silver.promote("t")
    assert sorted(rows(lake)["id"].to_list()) == [1, 2, 7]


def test_readers_see_the_old_state_until_it_is_published(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id\n1\n")
    lake.silver.promote("t")
    give(lake, tmp_path, "id\n2\n", "b.csv")
    staged = lake.silver.stage("t")
    assert staged.rows().collect().height == 2
    assert rows(lake).height == 1
    assert lake.query("SELECT count(*) AS n FROM silver.t")["n"].item() == 1
    assert len(lake.runs()) == 3, "a staged promotion is no run yet"
    staged.publish()
    assert rows(lake).height == 2
    assert staged.rows().collect().height == 2
    staged.discard()
    assert rows(lake).height == 2, "what is published cannot be discarded"


def test_a_listener_hears_once_that_it_is_finished(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id\n1\n")
    heard: list[tuple[str, int]] = []

    def listen(event: Event) -> None:
        heard.append((event.kind, len(lake.tables())))

    lake.silver.promote("t", on_event=listen)
    assert [entry for entry in heard if entry[0] == "finished"] == [("finished", 2)]


def test_a_discarded_promotion_leaves_schema_and_rows(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id,v\n1,a\n2,b\n")
    lake.silver.promote("t")
    before = lake.context.need("silver.t")
    files = set((tmp_path / "lake").rglob("*.parquet"))
    give(lake, tmp_path, "id,v,w\n3,c,x\n", "b.csv")
    staged = lake.silver.stage("t", steps=[Rename(columns={"v": "value"})])
    assert staged.rows().collect_schema().names() == ["id", "_rid", "value", "w"]
    staged.discard()
    after = lake.context.need("silver.t")
    assert after.metadata == before.metadata
    assert rows(lake).columns == ["id", "v", "_rid"]
    bronze_files = {path for path in (tmp_path / "lake").rglob("*.parquet") if "silver" in path.parts}
    assert bronze_files == {path for path in files if "silver" in path.parts}
    assert lake.tables() == ["bronze.t", "silver.t"]


def test_a_promotion_whose_state_cannot_be_written_stays_published(
    lake: Lakehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(lake, tmp_path, "id\n1\n2\n")

    def full(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(lake.context.state, "rebuild", full)
    with pytest.raises(OSError, match="No space left"):
        lake.silver.promote("t")
    assert rows(lake)["id"].to_list() == [1, 2], "the files of a published snapshot must not go"


def test_who_was_slower_gets_a_conflict_and_promote_tries_again(
    lake: Lakehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(lake, tmp_path, "id\n1\n")
    lake.silver.promote("t")
    first, second = lake.silver.stage("t"), lake.silver.stage("t", steps=[Filter("id > 5")])
    second.publish()
    with pytest.raises(ConflictError):
        first.publish()
    first.discard()
    assert rows(lake).height == 0

    stage, stages = lake.silver.stage, []

    def overtaken(*args: object, **kwargs: object) -> object:
        promotion = stage(*args, **kwargs)  # type: ignore[arg-type]
        stages.append(promotion)
        if len(stages) == 1:
            stage("t", steps=[Filter("id > 7")]).publish()
        return promotion

    monkeypatch.setattr(lake.silver, "stage", overtaken)
    assert lake.silver.promote("t").report.rows_out == 1
    assert len(stages) == 2
    assert rows(lake).height == 1


def test_a_changed_type_is_a_new_column_and_the_past_stays(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id,v\n1,10\n2,20\n")
    old = lake.silver.promote("t").snapshot
    assert rows(lake).schema["v"] == pl.Int64
    give(lake, tmp_path, "id,v\n3,many\n", "b.csv")
    lake.silver.promote("t")
    assert rows(lake)["v"].to_list() == ["10", "20", "many"]
    assert rows(lake, snapshot=old)["v"].to_list() == [10, 20]
    assert lake.query(f"SELECT sum(v) AS s FROM silver.t AT (VERSION => {old})")["s"].item() == 30
    lake.silver.promote("t", steps=[Rename(columns={"v": "w"})])
    assert rows(lake).columns == ["id", "_rid", "w"]
    assert rows(lake, snapshot=old)["v"].to_list() == [10, 20]


def test_a_gate_that_fails_publishes_nothing(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id,v\n1,a\n1,b\n")
    with pytest.raises(GateError, match="1 row repeats id"):
        lake.silver.promote("t", rules=[Unique(columns=["id"])])
    assert lake.tables() == ["bronze.t"]
    lake.silver.promote("t")
    before = lake.context.need("silver.t").metadata
    with pytest.raises(GateError):
        lake.silver.promote("t", rules=[NotNull(columns=["id"]), Unique(columns=["id"])])
    with pytest.raises(TransformError):
        lake.silver.promote("t", steps=[Filter("nonsense = 1")])
    assert lake.context.need("silver.t").metadata == before
    assert lake.quarantine("t").is_empty()
    assert len([path for path in (tmp_path / "lake").rglob("*.parquet") if "silver" in path.parts]) == 1


def test_quarantine_is_that_of_the_published_state(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id,v\n1,1\n2,200\n3,300\n")
    strict = lake.silver.promote("t", rules=[Range(columns=["v"], max=100)])
    assert lake.quarantine("t").height == 2
    lake.silver.promote("t", rules=[Range(columns=["v"], max=250)])
    assert lake.quarantine("t").height == 1
    staged = lake.silver.stage("t", rules=[Range(columns=["v"], max=0)])
    assert lake.quarantine("t").height == 1
    staged.discard()
    assert strict.snapshot is not None
    lake.rollback("silver.t", strict.snapshot)
    assert lake.quarantine("t").height == 2


def test_compaction_changes_neither_quarantine_nor_fates(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id,v\n1,1\n2,200\n3,3\n3,3\n")
    lake.silver.promote("t", steps=[Deduplicator(match_fields=["id"])], rules=[Range(columns=["v"], max=100)])
    give(lake, tmp_path, "id,v\n9,1\n", "b.csv")
    bronze = lake.context.need("bronze.t")
    assert compact(bronze) == 2
    (tmp_path / "b.csv").touch()
    assert lake.bronze.ingest(CSVSource(str(tmp_path / "b.csv")), "t").rows == 0
    first = rows(lake)["_rid"][0]
    silver = lake.context.need("silver.t")
    compact(silver, least=1)
    assert lake.quarantine("t").height == 1
    assert lake.trace("silver.t", first).origins[0].fate == "kept"


def test_a_silver_table_of_groups_can_be_made_too(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, messy())
    count = {"n": {"field": "*", "function": "count"}}
    promotion = lake.silver.promote("t", TYPED, [Aggregator(group_by=["name"], aggregations=count)])  # type: ignore[arg-type]
    promotion.report.check()
    assert rows(lake)["n"].sum() + promotion.report.removed()["quarantined"] == 61


def test_a_name_of_another_layer_is_refused(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id\n1\n")
    with pytest.raises(Exception, match="not a table of silver"):
        lake.silver.promote("gold.t")
    with pytest.raises(Exception, match=r"no table bronze\.tt"):
        lake.silver.promote("tt")


@pytest.mark.parametrize(("strategy", "kept"), [("keep_first", "old"), ("keep_last", "new")])
@pytest.mark.parametrize("most", [100, 1])
def test_first_and_last_mean_arrival(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, strategy: Any, kept: str, most: int
) -> None:
    """A scan begins with the newest files; of equal rows the one that arrived first is the first all the same."""
    monkeypatch.setattr(reading, "MOST_PARTS", most)
    with Lakehouse.open(tmp_path / "lake") as lake:
        for name, state in (("a", "old"), ("b", "older than new"), ("c", "new")):
            (tmp_path / f"{name}.csv").write_text(f"id,state\nx,{state}\n")
            lake.bronze.ingest(CSVSource(str(tmp_path / f"{name}.csv")), "things")
        step = Deduplicator(match_fields=["id"], merge_strategy=strategy)
        lake.silver.promote("things", steps=[step])
        assert lake.query("SELECT state FROM silver.things")["state"].to_list() == [kept]
