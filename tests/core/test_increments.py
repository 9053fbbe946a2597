"""A promotion that reads only what bronze gained makes the silver, the ledger and the quarantine of all rows."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from automic_core.connectors.files.csv import CSVSource
from automic_core.errors import GateError
from automic_core.lake import Lakehouse
from automic_core.lakehouse.maintenance import compact
from automic_core.lakehouse.rowhash import row_hash
from automic_core.medallion import removals
from automic_core.medallion.context import made_by
from automic_core.medallion.row_history import row_history
from automic_core.medallion.separable import Kept
from automic_core.medallion.silver import Promotion
from automic_core.planning import NamedStep
from automic_core.records import Field, FieldType, Schema
from automic_core.transforms.anomaly import AnomalyDetector
from automic_core.transforms.columns import Derive
from automic_core.transforms.dedup import Deduplicator
from automic_core.transforms.nulls import NullRemover
from automic_core.transforms.reshape import Explode
from automic_core.transforms.rows import Filter
from automic_core.transforms.rules import InSet, Range, SQLRule, Unique
from tests.core.changelogs import MemorySource, Table
from tests.drawing import draws

COLUMNS = ("id", "name", "amount")
TYPED = Schema("t", [Field("id", FieldType.STRING), Field("name"), Field("amount", FieldType.INTEGER)])
STEPS = [
    NamedStep("whole", NullRemover(strategy="drop", fields=["name"])),
    NamedStep("twice", Derive(column="twice", sql="amount * 2")),
    NamedStep("known", Filter(sql="name <> 'zoe'")),
]
RULES = [
    ("small", Range(columns=["amount"], max=50)),
    ("no_eve", InSet(columns=["name"], values=["ann", "bob", "x"], action="drop")),
    ("odd", SQLRule(sql="amount % 2 = 0", action="warn")),
    ("once", Unique(columns=["name"], action="warn")),
]


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lakehouse]:
    with Lakehouse.open(tmp_path / "lake", actor="ann") as opened:
        yield opened


def give(lake: Lakehouse, rows: Sequence[Sequence[str]], keys: list[str] | None = None, **how: Any) -> None:
    path = lake.context.root.parent / f"{len(list(lake.context.root.parent.glob('*.csv')))}.csv"
    path.write_text("\n".join(",".join(row) for row in [how.pop("columns", COLUMNS), *rows]) + "\n")
    lake.bronze.ingest(CSVSource(str(path)), "t", keys=keys, **how)


def note(promotion: Promotion) -> str:
    """What it says about the rows that it read."""
    return next((each for each in promotion.report.notes if "rows (incremental)" in each or "were read" in each), "")


def same(lake: Lakehouse, done: Promotion, schema: Any, steps: Any = (), rules: Any = ()) -> None:
    """What was published is what all rows give: rows, ledger, removed rows and quarantine."""
    whole = lake.silver.stage("t", schema, steps, rules)
    try:
        assert str(row_hash(done.rows())) == str(row_hash(whole.rows()))
        mine, theirs = (each.rows().sort("_rid").collect() for each in (done, whole))
        assert mine.select(sorted(mine.columns)).equals(theirs.select(sorted(theirs.columns)))
        assert [vars(line) for line in done.report.steps] == [vars(line) for line in whole.report.steps]
        assert (done.report.rows_in, done.report.rows_out) == (whole.report.rows_in, whole.report.rows_out)
        assert done.report.warnings == whole.report.warnings
        assert done.gates == whole.gates
        known = ["_rid", "step", "reason", "into"]
        assert stored(lake, done).equals(whole.removed.select(known).sort("_rid"))
        assert lake.quarantine("t").select(*ASIDE).sort("_rid").equals(whole.quarantined.select(*ASIDE).sort("_rid"))
        done.report.check()
    finally:
        whole.discard()


ASIDE = ("_rid", "_key", "reasons", "row")


def stored(lake: Lakehouse, done: Promotion) -> pl.DataFrame:
    rows = removals.removed(lake.context, "t", made_by(lake.context.need("silver.t"), done.snapshot))
    return rows.select("_rid", "step", "reason", "into").sort("_rid")


names = st.sampled_from(["ann", "bob", "eve", "zoe", "", "x"])
amounts = st.sampled_from(["1", "2", "51", "007", "many", "", "3.5"])
ids = st.sampled_from(["1", "2", "3", "4", "01", "", "n/a"])
rows_of_a_batch = st.lists(st.one_of(st.tuples(ids, names, amounts), st.just(("9", "short"))), min_size=1, max_size=5)
acts = st.one_of(
    rows_of_a_batch.map(lambda rows: ("give", rows)),
    rows_of_a_batch.map(lambda rows: ("give", rows)),
    st.just(("compact", None)),
    st.just(("decide", None)),
    st.just(("back", None)),
    st.just(("nothing", None)),
)


# an example is a lake: a smaller one that fails is not looked for
@settings(max_examples=draws(12), deadline=None, phases=[Phase.explicit, Phase.generate])
@given(
    st.lists(acts, min_size=2, max_size=5),
    st.booleans(),
    st.sampled_from([None, TYPED]),
    st.sampled_from([False, True]),
)
def test_incremental_equals_full(story: Any, keyed: bool, schema: Schema | None, worked: bool) -> None:
    steps, rules = (STEPS, RULES) if worked and schema is not None else ([], [])
    few = mock.patch.object(removals, "MOST", 3)
    with few, tempfile.TemporaryDirectory() as folder, Lakehouse.open(Path(folder) / "lake") as lake:
        keys = ["id"] if keyed else None
        give(lake, [("1", "ann", "1"), ("2", "bob", "2"), ("3", "eve", "51")], keys)
        done = lake.silver.promote("t", schema, steps, rules)
        for act, rows in story:
            if act == "give":
                give(lake, rows, keys)
            elif act == "compact":
                compact(lake.context.need("bronze.t"))
            elif act == "decide" and lake.quarantine("t").height:
                decide(lake, keys or [])
            elif act == "back":
                lake.rollback("silver.t", lake.history("silver.t")[-1].id)
            done = lake.silver.promote("t", schema, steps, rules)
            same(lake, done, schema, steps, rules)


def decide(lake: Lakehouse, keys: list[str]) -> None:
    """The first row in quarantine is exempt from all that it broke."""
    aside = lake.quarantine("t").sort("_rid")
    row = lake.scan("bronze.t").filter(pl.col("_rid") == aside["_rid"][0]).collect().row(0, named=True)
    lake.decisions.waive("t", row, keys, {reason["rule"] for reason in aside["reasons"][0]}, "it is right")


def test_only_the_new_rows_are_read(lake: Lakehouse) -> None:
    give(lake, [(str(i), "ann", str(i % 60)) for i in range(200)])
    first = lake.silver.promote("t", TYPED, STEPS, RULES)
    assert note(first) == ""
    give(lake, [("201", "bob", "7"), ("202", "bob", "99"), ("203", "zoe", "1")])
    done = lake.silver.promote("t", TYPED, STEPS, RULES)
    assert note(done) == "Read 3 of 203 rows (incremental)."
    same(lake, done, TYPED, STEPS, RULES)
    before = {
        task.file.file_path for task in lake.context.need("silver.t").scan(snapshot_id=first.snapshot).plan_files()
    }
    after = {task.file.file_path for task in lake.context.need("silver.t").scan(snapshot_id=done.snapshot).plan_files()}
    assert before < after, "files of old rows stay as they are"
    assert note(lake.silver.promote("t", TYPED, STEPS, RULES)) == "Read 0 of 203 rows (incremental)."
    assert note(lake.silver.promote("t", TYPED, STEPS, RULES, full=True)) == ""


def test_a_new_version_takes_the_place_of_the_old_wherever_it_ended(lake: Lakehouse) -> None:
    give(lake, [("1", "ann", "1"), ("2", "bob", "99"), ("3", "eve", "1"), ("4", "ann", "2"), ("4", "ann", "3")], ["id"])
    lake.silver.promote("t", TYPED, STEPS, RULES)
    give(lake, [("1", "ann", "99"), ("2", "bob", "2"), ("3", "ann", "1"), ("4", "ann", "4"), ("5", "bob", "5")], ["id"])
    done = lake.silver.promote("t", TYPED, STEPS, RULES)
    assert note(done) == "Read 5 of 10 rows (incremental), and id of the others."
    same(lake, done, TYPED, STEPS, RULES)
    assert sorted(lake.scan("silver.t").collect()["id"]) == ["2", "3", "4", "5"]
    assert done.report.removed() == {"merged": 5, "quarantined": 1}


def test_what_was_removed_before_is_not_written_again(lake: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removals, "MOST", 3)

    def written(*rows: tuple[str, str, str]) -> tuple[int, int]:
        """Rows that a promotion of new ones writes into meta.removed and into quarantine."""
        give(lake, rows, ["id"])
        done = lake.silver.promote("t", TYPED, STEPS, RULES)
        same(lake, done, TYPED, STEPS, RULES)
        run = pl.col("run_id") == done.report.run_id
        removed, aside = (lake.scan(name).filter(run).collect().height for name in ("meta.removed", "quarantine.t"))
        return removed, aside

    assert written(("1", "ann", "99"), ("2", "bob", "98"), ("3", "eve", "1"), ("4", "ann", "1")) == (3, 2)
    assert written(("5", "ann", "97"), ("6", "ann", "2")) == (1, 1)
    assert written(("2", "bob", "3")) == (1, 0), "a newer version of a row that was set aside"
    assert written(("7", "ann", "96")) == (5, 3), "after some runs all of it, so that few are to be read"
    assert written(("1", "ann", "95")) == (2, 1)
    first, _, *again = lake.scan("bronze.t").filter(pl.col("id").is_in(["1", "2"])).collect()["_rid"].sort()
    assert [event.kind for event in row_history(lake.context, "t", first)] == [
        "arrived",
        "quarantined",
        "superseded",
        "now",
    ]
    assert "merged:version into" in row_history(lake.context, "t", first)[-1].text
    assert [event.text for event in row_history(lake.context, "t", again[0])][-1] == "in silver.t"
    assert row_history(lake.context, "t", again[1])[-1].text == "in quarantine"


@pytest.mark.parametrize(
    ("steps", "rules", "why"),
    [
        ([Deduplicator(match_fields=["name"])], [], "compares rows or learns from all of them"),
        ([Explode(columns=["name"])], [], "makes other rows of its rows"),
        ([AnomalyDetector(method="isolation_forest")], [], "compares rows or learns"),
        ([], [SQLRule(sql="current_date > DATE '2020-01-01'")], "asks what time it is"),
    ],
    ids=["dedup", "explode", "forest", "clock"],
)
def test_what_needs_all_rows_reads_them_and_says_so(lake: Lakehouse, steps: Any, rules: Any, why: str) -> None:
    give(lake, [(str(i), "ann", str(i)) for i in range(5)])
    lake.silver.promote("t", TYPED, steps, rules)
    give(lake, [("9", "bob", "1")])
    done = lake.silver.promote("t", TYPED, steps, rules)
    assert why in note(done)
    assert note(done).startswith("All 6 rows were read: ")
    assert done.report.rows_in == 6


def test_what_changed_besides_is_read_whole_and_said(lake: Lakehouse) -> None:
    give(lake, [("1", "ann", "1"), ("2", "bob", "99")])
    lake.silver.promote("t", TYPED, rules=RULES)
    assert "not the one that was made last" in note(lake.silver.promote("t", TYPED, rules=RULES[:1]))
    decide(lake, [])
    done = lake.silver.promote("t", TYPED, rules=RULES[:1])
    assert "people have decided" in note(done)
    assert done.report.rows_out == 2
    give(lake, [("3", "ann", "1", "new")], columns=(*COLUMNS, "more"))
    assert "columns are not those" in note(lake.silver.promote("t", TYPED, rules=RULES[:1]))
    early = lake.history("bronze.t")[1].id
    lake.rollback("bronze.t", early)
    assert "rolled back" in note(lake.silver.promote("t", TYPED, rules=RULES[:1]))


def test_batches_that_replace_others_are_read_whole(lake: Lakehouse) -> None:
    path = lake.context.root.parent / "a.csv"
    for rows in ("1,ann,1\n2,bob,2\n", "2,bob,3\n"):
        path.write_text("id,name,amount\n" + rows)
        lake.bronze.ingest(CSVSource(str(path)), "t", mode="snapshot")
        done = lake.silver.promote("t", TYPED)
    assert "takes the place of the one before" in note(done)
    assert lake.scan("silver.t").collect()["id"].to_list() == ["2"]


def test_a_change_log_is_read_whole(lake: Lakehouse) -> None:
    table = Table()
    table.commit([("put", 1, "a", "b"), ("put", 2, "a", "b")])
    lake.bronze.follow(MemorySource(table), "t", silver="none")
    lake.silver.promote("t", rules=[InSet(columns=["v"], values=["a"])])
    table.commit([("drop", 2), ("put", 3, "a", "b")])
    lake.bronze.follow(MemorySource(table), "t", silver="none")
    done = lake.silver.promote("t", rules=[InSet(columns=["v"], values=["a"])])
    assert "bronze is a change log" in note(done)
    assert sorted(lake.scan("silver.t").collect()["id"]) == [1, 3]


def test_decisions_hold_for_new_rows(lake: Lakehouse) -> None:
    give(lake, [("1", "ann", "1"), ("2", "bob", "99")])
    lake.silver.promote("t", TYPED, rules=RULES)
    decide(lake, [])
    lake.silver.promote("t", TYPED, rules=RULES)
    give(lake, [("2", "bob", "99"), ("3", "bob", "98")])
    done = lake.silver.promote("t", TYPED, rules=RULES)
    assert note(done).startswith("Read 2 of 4 rows")
    same(lake, done, TYPED, (), RULES)
    assert done.report.rows_out == 3, "the row that was delivered again is exempt too"


@pytest.mark.parametrize(
    ("more", "whole"),
    [
        ([("4", "ann", "7")], False),
        ([("4", "", "")], False),
        ([("4", "ann", "007")], True),
        ([("4", "ann", "7.5")], True),
        ([("x", "ann", "7")], True),
    ],
    ids=["alike", "empty", "zeros", "fraction", "text"],
)
def test_a_type_that_nobody_accepted_must_still_be_proven(lake: Lakehouse, more: Any, whole: bool) -> None:
    give(lake, [("1", "ann", "10"), ("2", "bob", "20"), ("3", "x", "35")])
    lake.silver.promote("t")
    give(lake, more)
    done = lake.silver.promote("t")
    assert ("were read" in note(done)) is whole
    same(lake, done, None)


def test_the_rules_about_all_rows_see_all_rows(lake: Lakehouse) -> None:
    rules = [("once", Unique(columns=["id"]))]
    give(lake, [("1", "ann", "1"), ("2", "bob", "2")])
    lake.silver.promote("t", TYPED, rules=rules)
    give(lake, [("1", "eve", "3")])
    before = lake.history("silver.t")[-1].id
    with pytest.raises(GateError, match="row repeats id: 1"):
        lake.silver.promote("t", TYPED, rules=rules)
    assert lake.history("silver.t")[-1].id == before


@pytest.mark.parametrize(
    "step",
    [
        AnomalyDetector(method="mad", numeric_fields=["amount"]),
        NullRemover(strategy="fill", fields=["amount"], fill_method="median"),
    ],
    ids=["anomaly", "fill"],
)
def test_what_a_step_learned_is_kept_until_all_rows_are_read_again(lake: Lakehouse, step: Any) -> None:
    steps = [NamedStep("learns", step)]
    give(lake, [(str(i), "ann", str(i % 7)) for i in range(40)])
    lake.silver.promote("t", TYPED, steps)
    give(lake, [("50", "bob", "1000"), ("51", "bob", ""), *((str(i), "bob", "900") for i in range(60, 99))])
    done = lake.silver.promote("t", TYPED, steps)
    assert "What learns learned from all rows is kept" in note(done)
    state = json.loads(done.properties["automic.definition"])["fitted"]["learns"]
    kept = step.kept(state)
    assert kept is not None
    alike = lake.silver.stage("t", TYPED, [NamedStep("learns", Kept(step, kept))])
    assert str(row_hash(alike.rows())) == str(row_hash(done.rows()))
    assert alike.rows().sort("_rid").collect().equals(done.rows().sort("_rid").collect())
    anew = lake.silver.promote("t", TYPED, steps, full=True)
    assert json.loads(anew.properties["automic.definition"])["fitted"]["learns"] != state
