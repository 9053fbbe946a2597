"""The run loop: every row accounted for, whatever the steps are."""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from automic_core import frames
from automic_core.connectors.files.csv import CSVLoader, CSVSource
from automic_core.connectors.files.parquet import ParquetSource
from automic_core.contracts import DestinationAdapter, Fitted, ReadRequest, SourceAdapter, Transformer
from automic_core.errors import AutomicError, ConfigError, GateError, LedgerError, SourceError, TransformError
from automic_core.events import Event
from automic_core.pipeline import Pipeline
from automic_core.records import Record
from automic_core.transforms.aggregate import Aggregator
from automic_core.transforms.anomaly import AnomalyDetector
from automic_core.transforms.dedup import Deduplicator
from automic_core.transforms.nulls import NullRemover
from automic_core.transforms.quality import QualityScorer
from automic_core.transforms.reshape import Explode, Pivot
from automic_core.transforms.rows import Filter, Limit
from automic_core.transforms.rules import InSet, NotNull, Range, Unique


class Rows(SourceAdapter):
    """Rows from memory that counts how often it was read."""

    def __init__(self, rows: pl.DataFrame, repeatable: bool = True) -> None:
        self.rows, self.repeatable = rows, repeatable  # type: ignore[misc]
        self.passes = 0
        self.delivered = 0

    def scan(self, request: ReadRequest = ReadRequest()) -> pl.LazyFrame:
        def produce(_rows: int | None) -> Iterator[pl.DataFrame]:
            self.passes += 1
            if not self.repeatable and self.passes > 1:
                raise AssertionError("read twice")
            for batch in self.rows.iter_slices(50):
                self.delivered += batch.height
                yield batch

        return frames.lazy(produce, self.rows.schema)


class Memory(DestinationAdapter):
    """Keeps what it was given, and how the run loop called it."""

    def __init__(self) -> None:
        self.rows = pl.DataFrame()
        self.calls: list[str] = []
        self.fails_at = ""

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if name == self.fails_at:
            raise OSError(f"{name} failed")

    def connect(self) -> None:
        self._call("connect")

    def begin_transaction(self) -> None:
        self._call("begin")

    def load(self, frame: Any, mode: Any = "append", keys: Any = ()) -> int:
        stream = frames.stream(frame)
        self.rows = pl.concat([pl.DataFrame(schema=stream.schema), *stream])
        self._call("load")
        return self.rows.height

    def commit(self) -> None:
        self._call("commit")

    def rollback(self) -> None:
        self._call("rollback")

    def close(self) -> None:
        self._call("close")


def table(rows: int = 200) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id": list(range(rows)),
            "name": [f"n{i % 40}" for i in range(rows)],
            "amount": [None if i % 10 == 0 else float(i % 17) for i in range(rows)],
        },
        schema={"id": pl.Int64, "name": pl.String, "amount": pl.Float64},
    )


def run(*steps: Transformer, rows: pl.DataFrame | None = None, rules: Any = (), **options: Any) -> tuple[Pipeline, Any]:
    memory = Memory()
    pipeline = Pipeline("test").extract(Rows(table() if rows is None else rows))
    for step in steps:
        pipeline.transform(step)
    for rule in rules:
        pipeline.check(rule)
    return pipeline.load(memory, **options).run(), memory.rows


def whole(pipeline: Pipeline) -> None:
    """The ledger adds up, and names every removed row once."""
    pipeline.report.check()
    removed = pipeline.removed
    assert removed.select("stage", "_rid").is_unique().all()
    counted = removed.group_by("step", "reason").len().sort("step", "reason").rows()
    lines = [(line.id, reason, rows) for line in pipeline.report.steps for reason, rows in line.removed.items()]
    assert counted == sorted(lines)


# The fluent API


def test_rows_in_are_rows_out_plus_rows_removed_by_reason() -> None:
    pipeline, rows = run(NullRemover(), Deduplicator(match_fields=["name"]), Filter("amount > 3"))
    assert [(s.id, s.kind, s.rows_in, s.rows_out, s.removed) for s in pipeline.report.steps] == [
        ("extract", "source", 200, 200, {}),
        ("s1", "nulls", 200, 180, {"dropped:nulls": 20}),
        ("s2", "dedup", 180, 36, {"merged": 144}),
        ("s3", "filter", 36, rows.height, {"filtered": 36 - rows.height}),
    ]
    whole(pipeline)
    assert pipeline.report.rows_out == rows.height
    assert pipeline.report.removed() == {"dropped": 20, "merged": 144, "filtered": 36 - rows.height}


def test_bookkeeping_columns_are_loaded_only_on_request() -> None:
    _, rows = run(Deduplicator(match_fields=["name"]))
    assert rows.columns == ["id", "name", "amount"]
    _, rows = run(Deduplicator(match_fields=["name"]), metadata=True)
    assert rows.columns == ["_rid", "id", "name", "amount", "_merged_rids"]


def test_a_merged_row_points_to_its_survivor() -> None:
    pipeline, rows = run(Deduplicator(match_fields=["name"]), metadata=True)
    removed = pipeline.removed
    assert removed["into"].is_in(rows["_rid"].to_list()).all()
    listed = rows.explode("_merged_rids").select(pl.col("_merged_rids").alias("_rid"), pl.col("_rid").alias("into"))
    assert listed.sort("_rid").equals(removed.select("_rid", "into").sort("_rid"))


def test_a_row_has_the_fate_of_the_first_step_that_removed_it() -> None:
    pipeline, _ = run(Filter("id >= 100"), Filter("id >= 150"), NullRemover())
    assert [dict(s.removed) for s in pipeline.report.steps] == [
        {},
        {"filtered": 100},
        {"filtered": 50},
        {"dropped:nulls": 5},
    ]
    whole(pipeline)


def test_get_stats_has_the_names_of_the_first_design() -> None:
    pipeline, rows = run(NullRemover(), Deduplicator(match_fields=["name"]))
    stats = pipeline.get_stats()
    assert stats["records_extracted"] == 200
    assert stats["records_transformed"] == stats["records_loaded"] == rows.height == 36
    assert stats["removed"] == {"dropped": 20, "merged": 144}
    assert stats["steps"]["s2"]["kind"] == "dedup"
    assert stats["learned"]["s2"]["removed"] == 144


def test_the_report_as_text_and_as_data() -> None:
    pipeline, _ = run(NullRemover(), Filter("id < 100"))
    text = str(pipeline.report)
    assert text.splitlines()[0] == "test: 200 rows in from Rows"
    assert "s1           nulls                 180 rows  20 dropped:nulls" in text
    assert text.splitlines()[-1] == "90 rows out to Memory; the ledger adds up (200 = 90 + 110)."
    one = str(run(Filter("id = 100"))[0].report).splitlines()
    assert one[1:] == [
        "  extract      source                200 rows",
        "  s1           filter                  1 row   199 filtered",
        "1 row out to Memory; the ledger adds up (200 = 1 + 199).",
    ]
    data = pipeline.report.to_dict()
    assert data["balanced"] is True
    again = type(pipeline.report).from_dict(data)
    assert str(again) == text


def test_a_cooked_report_does_not_add_up() -> None:
    pipeline, _ = run(NullRemover())
    pipeline.report.steps[1].removed["dropped:nulls"] = 19
    assert not pipeline.report.balanced
    assert "DOES NOT ADD UP" in str(pipeline.report)
    with pytest.raises(LedgerError, match=r"Step s1 \(nulls\)"):
        pipeline.report.check()


def test_a_loader_that_miscounts_is_caught() -> None:
    class Forgetful(Memory):
        def load(self, frame: Any, mode: Any = "append", keys: Any = ()) -> int:
            return super().load(frame) - 1

    memory = Forgetful()
    with pytest.raises(LedgerError, match="200 rows left the last step, but 199 were loaded"):
        Pipeline().extract(Rows(table())).load(memory).run()
    assert memory.calls == ["connect", "begin", "load", "rollback", "close"]


def test_wrong_use_is_said() -> None:
    with pytest.raises(ConfigError, match="no source"):
        Pipeline().run()
    with pytest.raises(ConfigError, match="no destination"):
        Pipeline().extract(Rows(table())).run()
    with pytest.raises(ConfigError, match="cannot upsert"):
        Pipeline().extract(Rows(table())).load(Memory(), mode="upsert", keys=["id"]).run()
    with pytest.raises(ConfigError, match="has not run"):
        _ = Pipeline().report
    with pytest.raises(ConfigError, match="'a'"):
        Pipeline().transform(NullRemover(), id="a").transform(NullRemover(), id="a")
    for reserved in ("extract", "rules"):
        with pytest.raises(ConfigError, match=f"'{reserved}' is a line of every report"):
            Pipeline().transform(NullRemover(), id=reserved)
    with pytest.raises(ConfigError, match="'a'"):
        Pipeline().check(NotNull(columns=["id"]), id="a").check(NotNull(columns=["id"]), id="a")


def test_a_disabled_step_does_nothing() -> None:
    pipeline = Pipeline().extract(Rows(table())).transform(NullRemover(), enabled=False).load(Memory()).run()
    assert pipeline.report.rows_out == 200
    assert [s.id for s in pipeline.report.steps] == ["extract"]


# Fits


def test_consecutive_fits_share_one_pass() -> None:
    source = Rows(table())
    steps = (
        Deduplicator(match_fields=["name"]),
        AnomalyDetector(method="statistical", numeric_fields=["amount"]),
        QualityScorer(),
    )
    pipeline = Pipeline().extract(source).transform(NullRemover(fields=["name"]))
    for step in steps:
        pipeline.transform(step)
    whole(pipeline.load(Memory()).run())
    # one pass to learn, one to load, and one that counts the rows of a source that does not count itself
    assert source.passes == 3


def test_gathered_fits_learn_the_same_as_fits_one_by_one() -> None:
    rows = table().with_columns(pl.when(pl.col("id") == 3).then(pl.lit(9999.0)).otherwise("amount").alias("amount"))
    steps = (Deduplicator(match_fields=["name"]), AnomalyDetector(method="mad", numeric_fields=["amount"]))
    _, together = run(*steps, rows=rows, metadata=True)
    alone = frames.track(rows.lazy())
    for step in steps:
        alone = frames.track(frames.survivors(step.apply(alone)).collect().lazy())
    assert together.equals(frames.survivors(alone).collect().select(together.columns))


# Segments


def test_an_aggregate_opens_a_segment_and_its_groups_hold_all_rows() -> None:
    count = {"rows": {"field": "*", "function": "count"}}
    pipeline, rows = run(NullRemover(), Aggregator(group_by=["name"], aggregations=count), Filter("rows > 4"))
    by_id = {line.id: line for line in pipeline.report.steps}
    assert (by_id["s2"].rows_in, by_id["s2"].grouped, by_id["s2"].rows_out) == (180, 144, 36)
    assert by_id["s3"].rows_in == 36
    assert rows["rows"].sum() == 180 - sum(by_id["s3"].removed.values())
    whole(pipeline)


def test_children_and_further_inputs_are_counted_as_added() -> None:
    rows = pl.DataFrame({"id": [1, 2, 3], "tags": [["a", "b", "c"], [], None]})
    pipeline, out = run(Explode(columns=["tags"]), rows=rows)
    line = pipeline.report.steps[-1]
    assert (line.rows_in, line.added, line.rows_out) == (3, 2, 5)
    assert out["id"].to_list() == [1, 1, 1, 2, 3]
    whole(pipeline)


def test_two_segments_after_one_another() -> None:
    rows = pl.DataFrame({"id": [1, 1, 2], "k": ["a", "b", "a"], "v": [1, 2, 3]})
    count = {"n": {"field": "*", "function": "count"}}
    pipeline, out = run(
        Pivot(index=["id"], on="k", values=["v"], aggregate="sum"),
        Aggregator(group_by=["a"], aggregations=count),
        rows=rows,
    )
    assert [(s.rows_in, s.grouped, s.rows_out) for s in pipeline.report.steps] == [(3, 0, 3), (3, 1, 2), (2, 0, 2)]
    assert out.sort("a").rows() == [(1, 1), (3, 1)]
    whole(pipeline)


class Wrongly(Transformer):
    """A segment step that loses a row."""

    segment = True

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame.with_columns((pl.col(frames.RID) > 0).cast(pl.Int64).alias(frames.WEIGHT)).filter(
            pl.col(frames.WEIGHT) > 0
        )


def test_a_segment_step_must_account_for_its_rows() -> None:
    with pytest.raises(LedgerError, match="accounts for 199 of the 200"):
        run(Wrongly())


class Twice(Transformer):
    """A segment step that reads its input twice, and not always to the end."""

    segment = True

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        first = frame.select(pl.col("name").first().alias("first"))
        weighed = frame.with_columns(pl.lit(1, dtype=pl.Int64).alias(frames.WEIGHT))
        return weighed.join(first, how="cross").join(
            frame.head(3).select("id", pl.lit(1).alias("early")), on="id", how="left"
        )


def test_a_segment_step_may_read_its_input_more_than_once() -> None:
    pipeline, rows = run(NullRemover(), Twice())
    assert rows.height == 180
    whole(pipeline)


# Steps from elsewhere


class Half(Transformer):
    """A foreign step that filters, although it should not."""

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame.filter(pl.col("id") % 2 == 0)


class Bare(Transformer):
    """A foreign step that drops the bookkeeping."""

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame.select("id")


class Doubling(Transformer):
    """A foreign step that multiplies rows in silence."""

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        return pl.concat([frame, frame])


class Greedy(Transformer):
    """A foreign step that learns, and whose fitted form filters."""

    def digest(self, schema: pl.Schema) -> list[pl.Expr]:
        return [pl.col("amount")]

    def learn(self, digest: pl.DataFrame) -> Fitted:
        return AboveMean({"mean": digest["amount"].mean()})


class AboveMean(Fitted):
    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame.filter(pl.col("amount") > self.state["mean"])


def test_rows_a_foreign_step_filters_get_a_fate() -> None:
    pipeline, rows = run(NullRemover(), Half(), Filter("id < 150"))
    assert pipeline.report.steps[2].removed == {"filtered": 100}
    assert rows["id"].to_list() == [i for i in range(150) if i % 2 == 0 and i % 10]
    whole(pipeline)


def test_rows_a_foreign_fitted_step_filters_get_a_fate() -> None:
    pipeline, rows = run(Greedy(), Deduplicator(match_fields=["name"]))
    assert 0 < rows.height < 200
    assert pipeline.report.steps[1].removed["filtered"] > 0
    whole(pipeline)


def test_a_foreign_step_must_keep_the_bookkeeping() -> None:
    with pytest.raises(TransformError, match="Step s1 dropped the columns"):
        run(Bare())


def test_a_foreign_step_that_multiplies_rows_is_caught() -> None:
    with pytest.raises(AutomicError, match=r"ledger|more than once|multipl"):
        run(Doubling())


# Record steps


class Greet(Transformer):
    """Removes some records, adds keys to others."""

    def transform(self, record: Record) -> Record | None:
        data = record.data
        if data["id"] % 5 == 0:
            return None
        data["greeting"] = f"hello {data['name']}"
        if data["id"] >= 1500:
            data["late"] = data["id"]
        if data["id"] == 1700:
            data["id"] = "seventeen hundred"
        return record


def test_a_record_step_keeps_the_ledger_and_rescues_what_comes_late() -> None:
    pipeline, rows = run(Greet(), rows=table(2000), metadata=True)
    assert pipeline.report.steps[1].removed == {"filtered": 400}
    whole(pipeline)
    assert rows.height == 1600
    assert rows.schema["id"] == pl.Int64
    assert "late" not in rows.columns
    rescued = rows.filter(pl.col("_rescued").is_not_null())
    assert rescued.height == 400
    assert rows.filter(pl.col("_rid") == 1501)["_rescued"].item() == '{"values": {"late": 1501}}'
    misfit = rows.filter(pl.col("_rid") == 1700)
    assert misfit.is_empty()  # 1700 is a multiple of 5
    kept = rows.filter(pl.col("_rid") == 1)
    assert kept["greeting"].item() == "hello n1"


class Misfit(Transformer):
    def transform(self, record: Record) -> Record | None:
        if record.data["id"] == 1701:
            record.data["id"] = "many"
        return record


def test_a_value_that_does_not_fit_its_column_is_rescued() -> None:
    _, rows = run(Misfit(), rows=table(2000), metadata=True)
    row = rows.filter(pl.col("_rid") == 1701)
    assert row["id"].item() is None
    assert row["_rescued"].item() == '{"values": {"id": "many"}}'
    assert rows["_rescued"].is_not_null().sum() == 1


class Broken(Transformer):
    def transform(self, record: Record) -> Record | None:
        record.data["x"] = 1 / (record.data["id"] - 1203)
        return record


def test_an_error_in_a_record_step_names_step_and_row() -> None:
    with pytest.raises(TransformError, match=r"Step s1 \(Broken\) failed on row 1203: ZeroDivisionError") as caught:
        run(Broken(), rows=table(2000))
    assert isinstance(caught.value, AutomicError)


class Once(Transformer):
    """Counts for itself: a step with a memory must see each record once a pass."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def transform(self, record: Record) -> Record | None:
        self.seen.append(record.data["id"])
        self.stats.records_in += 1
        return record


def test_a_record_step_sees_each_record_once() -> None:
    step = Once()
    pipeline, _ = run(step, rows=table(1500))
    assert step.seen == list(range(1500))
    assert pipeline.get_stats()["steps"]["s1"]["records_in"] == 1500


class Batchwise(Transformer):
    def __init__(self, times: int) -> None:
        self.times = times

    def transform_batch(self, records: list[Record]) -> list[Record]:
        return [record for record in records for _ in range(self.times) if record.data["id"] % 2]


def test_a_batch_step_may_drop_records_but_not_make_them() -> None:
    pipeline, rows = run(Batchwise(1))
    assert rows.height == 100
    assert pipeline.report.steps[1].removed == {"filtered": 100}
    with pytest.raises(TransformError, match="made 2 records of one"):
        run(Batchwise(2))


class Sometimes(Transformer):
    """Adds a key to few records."""

    def transform(self, record: Record) -> Record | None:
        if record.data["id"] < 10:
            record.data["few"] = record.data["id"] * 10
        return record


def test_quarantine_after_a_record_step_sees_the_columns_the_run_saw() -> None:
    pipeline, _ = run(Sometimes(), rules=[Range(columns=["few", "id"], max=150)])
    found = pipeline.quarantine()
    assert found.height == 49
    assert set(found["column"]) == {"id"}


# Sources


def test_a_source_that_can_be_read_once_is_spilled_once() -> None:
    source = Rows(table(), repeatable=False)
    memory = Memory()
    pipeline = Pipeline().extract(source).transform(Deduplicator(match_fields=["name"]))
    pipeline.check(Range(columns=["id"], max=10)).load(memory).run()
    assert source.passes == 1
    assert pipeline.quarantine().height == 29
    whole(pipeline)


def test_nothing_stays_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    count = {"rows": {"field": "*", "function": "count"}}
    pipeline, _ = run(Aggregator(group_by=["name"], aggregations=count))
    pipeline.preview(10)
    del pipeline
    gc.collect()
    broken = Pipeline().extract(Rows(table(), repeatable=False)).transform(Broken()).load(Memory())
    broken.transform(Aggregator(group_by=["name"], aggregations=count))
    with pytest.raises(TransformError):
        broken.transform(Filter("nonsense > 1")).run()
    del broken
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_preview_reads_only_what_it_shows(tmp_path: Path) -> None:
    class Endless(SourceAdapter):
        asked: int | None = None
        read_rows = 0

        def read(self) -> Iterator[Record]:
            while True:
                self.read_rows += 1
                assert self.read_rows < 20_000
                yield Record({"id": self.read_rows})

    source = Endless()
    shown = Pipeline().extract(source).transform(Filter("id > 2")).preview(5)
    assert shown["id"].to_list() == [3, 4, 5]
    assert source.read_rows <= 6
    file = tmp_path / "a.csv"
    file.write_text("id\n" + "".join(f"{i}\n" for i in range(1000)))
    assert Pipeline().extract(CSVSource(str(file))).preview(7).height == 7


def test_malformed_records_are_set_aside_with_line_and_reason(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("id,name\n1,a\n2\n3,c,d,e\n4,d\n")
    memory = Memory()
    pipeline = Pipeline().extract(CSVSource(str(file))).load(memory).run()
    pipeline.report.check()
    assert pipeline.report.steps[0].removed == {"quarantined:malformed": 2}
    found = pipeline.quarantine()
    assert found["rule"].to_list() == ["malformed", "malformed"]
    assert found["message"][0].startswith("line 3: ")
    assert memory.rows["id"].to_list() == [1, 4]


def test_a_column_that_begins_with_an_underscore_is_not_lost() -> None:
    rows = pl.DataFrame({"_id": ["x", "y"], "id_": [1, 2], "_rid": [7, 7]})
    pipeline, out = run(rows=rows)
    assert out.rows() == [("x", 1, 7), ("y", 2, 7)]
    assert out.columns == ["id", "id_", "rid"]
    assert "Column _id is called id here." in pipeline.report.notes
    assert Pipeline().extract(Rows(rows)).preview(1).columns == out.columns


# Rollback


@pytest.mark.parametrize("kind", ["started", "fit", "progress", "loaded"])
def test_an_exception_of_the_listener_cancels_and_rolls_back(kind: str, tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def listen(event: Event) -> None:
        if event.kind == kind:
            raise Stop

    target = tmp_path / "out.csv"
    target.write_text("as it was")
    pipeline = Pipeline().extract(Rows(table())).transform(Deduplicator(match_fields=["name"]))
    with pytest.raises(Stop):
        pipeline.load(CSVLoader(str(target))).run(on_event=listen)
    assert target.read_text() == "as it was"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    memory = Memory()
    with pytest.raises(Stop):
        pipeline.load(memory).run(on_event=listen)
    assert memory.calls[-2:] == ["rollback", "close"]
    assert "commit" not in memory.calls


def test_the_listener_hears_the_whole_run() -> None:
    heard: list[str] = []
    Pipeline().extract(Rows(table())).transform(Deduplicator(match_fields=["name"])).load(Memory()).run(
        on_event=lambda event: heard.append(event.kind)
    )
    assert heard[0] == "started"
    assert list(dict.fromkeys(heard)) == ["started", "fit", "progress", "loaded", "finished"]
    heard.clear()
    with pytest.raises(TransformError):
        Pipeline().extract(Rows(table())).transform(Broken()).load(Memory()).transform(Filter("id % 0 > zzz")).run(
            on_event=lambda event: heard.append(event.kind)
        )
    assert heard[-1] == "failed"


@pytest.mark.parametrize(
    ("point", "rolled_back"), [("connect", False), ("begin", True), ("load", True), ("commit", True)]
)
def test_the_destination_is_closed_and_rolled_back_whatever_fails(point: str, rolled_back: bool) -> None:
    memory = Memory()
    memory.fails_at = point
    with pytest.raises(OSError, match=f"{point} failed"):
        Pipeline().extract(Rows(table())).load(memory).run()
    assert ("rollback" in memory.calls) == rolled_back
    assert memory.calls[-1] == "close"


# Rules


def test_rules_that_warn_and_rules_that_stop() -> None:
    pipeline, rows = run(rules=[NotNull(columns=["amount"], action="warn"), Unique(columns=["name"], action="warn")])
    assert rows.height == 200
    assert pipeline.report.steps[-1].warned == {"r1": 20}
    assert len(pipeline.report.warnings) == 2
    memory = Memory()
    stopped = Pipeline().extract(Rows(table())).check(NotNull(columns=["amount"], action="fail")).load(memory)
    with pytest.raises(GateError, match="rule r1: 20 of 200 rows"):
        stopped.run()
    assert memory.calls[-2:] == ["rollback", "close"]
    assert stopped.report.balanced
    run(rules=[NotNull(columns=["amount"], action="fail", max_fail=0.1)])


def test_quarantine_has_every_reason_of_every_row() -> None:
    pipeline, _ = run(
        Filter("id < 30"),
        rules=[
            NotNull(columns=["amount"]),
            Range(columns=["id"], min=15),
            InSet(columns=["name"], values=["n1"], action="drop"),
        ],
    )
    found = pipeline.quarantine()
    quarantined = pipeline.removed.filter(pl.col("reason").str.starts_with("quarantined"))["_rid"].to_list()
    assert set(found["_rid"]) == set(quarantined) == {*range(15), 20}
    ten = found.filter(pl.col("_rid") == 10).sort("rule")
    assert ten.select("step", "rule", "column", "value").rows() == [
        ("rules", "r1", "amount", None),
        ("rules", "r2", "id", "10"),
        ("rules", "r3", "name", "n10"),
    ]
    whole(pipeline)


def test_rows_quarantined_after_a_segment_have_their_reasons_too() -> None:
    rows = pl.DataFrame({"id": [1, 2], "tags": [["a", "bad"], ["bad", "b"]]})
    pipeline, out = run(Explode(columns=["tags"]), rows=rows, rules=[InSet(columns=["tags"], values=["a", "b"])])
    assert out["tags"].to_list() == ["a", "b"]
    found = pipeline.quarantine()
    assert found["value"].to_list() == ["bad", "bad"]
    assert set(found["_rid"]) == set(pipeline.removed["_rid"])
    whole(pipeline)


def test_limit_counts_the_rows_it_leaves_out() -> None:
    pipeline, rows = run(Limit(rows=10))
    assert rows.height == 10
    assert pipeline.report.steps[-1].removed == {"filtered:limit": 190}
    whole(pipeline)


def test_a_parquet_file_that_vanishes_under_the_run_is_named(tmp_path: Path) -> None:
    path, target = tmp_path / "a.parquet", tmp_path / "out.csv"
    pl.DataFrame({"a": [1, 2]}).write_parquet(path)
    pipeline = Pipeline().extract(ParquetSource(str(path))).transform(VanishingFile(path)).load(CSVLoader(str(target)))
    with pytest.raises(SourceError, match=r"a\.parquet"):
        pipeline.run()
    assert not target.exists()


class VanishingFile(Transformer):
    """Removes the file between the planning of a run and its reading."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        frame.collect_schema()
        self.path.unlink(missing_ok=True)
        return frame.with_columns(b=pl.col("a"))
