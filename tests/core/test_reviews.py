"""Promotions as reviews: staged here, published there; what they say; discard, conflicts, revert, files that stay."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import polars as pl
import pytest

from automic_core import workbench
from automic_core.errors import AutomicError, CatalogError, ConfigError, ConflictError, GateError
from automic_core.events import Event
from automic_core.lake import Lakehouse
from automic_core.lakehouse import maintenance, schemas
from automic_core.lakehouse.commits import head
from automic_core.medallion import reviewing
from automic_core.workbench.reviews import review_task
from tests.kept import Kept

SPEC = """\
schema: {v: integer}
steps:
- {id: once, kind: dedup, match_mode: exact, match_fields: [name]}
rules:
- {id: small, kind: range, columns: [v], max: 60}
- {id: even, kind: sql, sql: "v % 4 = 0", action: warn}
"""


def table(rows: range, prefix: str = "n", factor: int = 2) -> str:
    return "id,name,v\n" + "".join(f"{i},{prefix}{i % 40},{i * factor}\n" for i in rows)


def give(lake: Lakehouse, folder: Path, text: str, name: str = "a.csv", **options: Any) -> None:
    (folder / name).write_text(text, encoding="utf-8")
    workbench.ingest(lake, workbench.build_source(str(folder / name)), "t", **options)


def stage(lake: Lakehouse, spec: str = SPEC) -> str:
    return workbench.stage(lake, "t", workbench.parse_promotion(spec))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("things")
    with workbench.opened(workbench.create(folder / "lake").path, "ann") as opened:
        give(opened, folder, table(range(60)))
    return Kept(folder)


@pytest.fixture
def root(kept: Kept) -> Path:
    return kept.again() / "lake"


@pytest.fixture
def lake(root: Path) -> Iterator[Lakehouse]:
    with workbench.opened(root, "ann") as opened:
        yield opened


def seen(lake: Lakehouse) -> dict[str, Any]:
    """What a promotion leaves: rows, quarantine, removed rows, ledger; without the names of runs and times."""
    silver = lake.context.need("silver.t")
    said = silver.current_snapshot().summary.additional_properties  # type: ignore[union-attr]
    report = json.loads(said["automic.report"])
    removed = lake.scan("meta.removed").filter(pl.col("run_id") == said["automic.run-id"]).drop("run_id").collect()
    return {
        "rows": lake.scan("silver.t").collect().sort("_rid").to_dicts(),
        "quarantine": lake.quarantine("t").drop("run_id", "at", "actor").sort("_rid").to_dicts(),
        "removed": removed.sort("_rid", "step").to_dicts(),
        "ledger": {k: v for k, v in report.items() if k not in {"run_id", "started_at", "seconds"}},
        "spec": said["automic.spec"],
    }


def files(root: Path, layer: str = "silver") -> set[Path]:
    return set((root / "warehouse" / layer).rglob("*.parquet"))


def test_a_review_published_by_another_process_equals_a_promotion(root: Path, tmp_path: Path, lake: Lakehouse) -> None:
    found = stage(lake)
    assert lake.tables() == ["bronze.t"], "readers see nothing of it"
    code = (
        "import sys; from automic_core import workbench\n"
        "with workbench.opened(sys.argv[1], 'bob') as lake: print(workbench.publish(lake, sys.argv[2]))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(root), found], capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    with workbench.opened(root) as again:
        assert int(done.stdout) == head(again.context.need("silver.t"))
        published = seen(again)
        (run,) = [run for run in workbench.runs(again) if run.run_id == found]
        assert (run.actor, run.state, run.balanced) == ("bob", "succeeded", True)
        said = again.context.need("silver.t").current_snapshot().summary.additional_properties  # type: ignore[union-attr]
        assert said["automic.staged-by"] == "ann"
        assert workbench.reviews(again) == []
        assert list((root / "reviews").iterdir()) == []
        workbench.promote(again, "t", workbench.parse_promotion(SPEC), full=True)
        assert seen(again) == published
        assert published["quarantine"]
        assert published["removed"]
        assert published["spec"] == workbench.published_spec(again, "t") == SPEC


def test_what_a_review_says(lake: Lakehouse, tmp_path: Path) -> None:
    workbench.publish(lake, stage(lake))
    before = lake.scan("silver.t").collect()
    give(lake, tmp_path, "id,name,v\n77,new,4\n78,newer,300\n79,newest,many\n", "b.csv")
    louder = '- {id: loud, kind: derive, column: name, sql: "CASE WHEN v < 10 THEN upper(name) ELSE name END"}\n'
    spec = SPEC.replace("v: integer", "v: float").replace("max: 60", "max: 40").replace("rules:", f"{louder}rules:")
    events: list[Event] = []
    done = review_task(lake, {"table": "silver.t", "spec": spec}, events.append)
    found = workbench.review(lake, done["review"])
    assert done["summary"] == found.sentence
    after = reviewing._promotion(lake.context, reviewing.load(lake.context, found.id)).rows().collect()
    old = {row["id"]: row for row in before.to_dicts()}
    new = {row["id"]: row for row in after.to_dicts()}
    assert found.keys == ["id"], "nobody declared a key, but this one is proven"
    assert (found.rows_before, found.rows_after) == (before.height, after.height)
    assert (found.added, found.removed) == (len(new.keys() - old.keys()), len(old.keys() - new.keys()))
    changed = {i for i in old.keys() & new.keys() if (old[i]["name"], old[i]["v"]) != (new[i]["name"], new[i]["v"])}
    assert found.changed == len(changed) > 0
    assert {row["id"] for row in found.cells.rows} == changed
    assert found.changed_columns == {"name": len(changed)}
    assert [(each.column, each.change, each.before, each.after) for each in found.columns] == [
        ("v", "type", "integer", "float")
    ]
    gates = {gate.id: gate for gate in found.gates}
    assert gates["malformed"].failed == 0
    assert (gates["cast"].failed, gates["cast"].outcome) == (1, "quarantined")
    assert gates["small"].failed == found.report["steps"][-1]["removed"]["quarantined:small"]
    assert gates["small"].units == found.report["steps"][-1]["rows_in"]
    assert (gates["even"].outcome, gates["even"].units) == ("warned", after.height)
    assert gates["even"].failed == after.filter(pl.col("v") % 4 != 0).height
    assert any(each.startswith("rule even: ") for each in found.report["warnings"])
    assert not any(each.startswith("rule even: ") for each in found.warnings), "it stands among the checks"
    assert found.quarantined == sum(each.rows for each in found.reasons) == found.quarantined_rows.total
    assert found.quarantined_before == lake.quarantine("t").height
    assert [each.values for each in found.reasons if each.rule == "cast"] == [["many"]]
    assert not found.accepted, "id and name were inferred"
    assert [event.kind for event in events][-1] == "finished"
    assert "Comparing with what is published" in [event.message for event in events]
    told = workbench.reviews(lake, "bronze.t")
    assert [(each.id, each.actor, each.sentence, each.moved) for each in told] == [
        (found.id, "ann", found.sentence, "")
    ]
    assert found.sentence.startswith(f"Adds {found.added} row, removes {found.removed}, changes {found.changed}; ")
    assert "1 column changes type" in found.sentence


def test_a_new_table_and_one_that_stays_as_it_is(lake: Lakehouse) -> None:
    first = workbench.review(lake, stage(lake))
    assert first.new
    assert first.sentence.startswith("A new table of ")
    assert (first.added, first.removed, first.changed, first.columns) == (first.rows_after, 0, 0, [])
    workbench.publish(lake, first.id)
    second = workbench.review(lake, stage(lake))
    aside = lake.quarantine("t").height
    assert second.sentence == f"No row changes; {aside} rows stay in quarantine"


def test_a_review_of_other_columns_is_published_by_another_opening(root: Path, lake: Lakehouse, tmp_path: Path) -> None:
    kinds = {
        "i": pl.Series([1, 2], dtype=pl.Int32),
        "u": pl.Series([1, 2], dtype=pl.UInt8),
        "d": pl.Series(["1.10", None]).str.to_decimal(scale=2),
        "day": pl.Series(["2024-01-02", None]).str.to_date(),
        "at": pl.Series(["2024-01-02 03:04:05", None]).str.to_datetime(time_unit="ms"),
        "flag": pl.Series([True, None]),
        "list": pl.Series([["a"], None]),
        "s": pl.Series([{"x": 1, "y": "z"}, None]),
        "b": pl.Series([b"x", None]),
    }
    pl.DataFrame(kinds).write_parquet(tmp_path / "k.parquet")
    source = workbench.build_source(str(tmp_path / "k.parquet"))
    workbench.publish(lake, stage(lake))
    first = lake.scan("silver.t").collect()
    workbench.ingest(lake, source, "k")
    found = workbench.stage(lake, "k", workbench.parse_promotion(""))
    with workbench.opened(root, "bob") as other:
        workbench.publish(other, found)
        rows = other.scan("silver.k").collect()
        assert rows["list"].to_list() == [["a"], None]
        assert json.loads(rows["s"][0]) == {"x": 1, "y": "z"}
    spec = workbench.parse_promotion("steps: [{kind: rename, columns: {i: number}}]")
    changed = workbench.stage(lake, "k", spec)
    told = workbench.review(lake, changed)
    assert {(each.column, each.change) for each in told.columns} == {("i", "removed"), ("number", "added")}
    with workbench.opened(root, "bob") as other:
        workbench.publish(other, changed)
        assert other.scan("silver.k").collect()["number"].to_list() == [1, 2]
        assert "i" not in other.scan("silver.k").collect_schema()
    assert lake.scan("silver.t").collect().equals(first)


def test_discard_leaves_no_file(root: Path, lake: Lakehouse, tmp_path: Path) -> None:
    workbench.publish(lake, stage(lake))
    before, metadata = files(root), lake.context.need("silver.t").metadata
    give(lake, tmp_path, "id,name,v,w\n99,x,1,2\n", "b.csv")
    found = stage(lake)
    assert files(root) > before
    workbench.discard(lake, found)
    assert files(root) == before
    assert lake.context.need("silver.t").metadata == metadata
    assert list((root / "reviews").iterdir()) == []
    with pytest.raises(CatalogError, match=f"There is no review {found}"):
        workbench.publish(lake, found)
    with pytest.raises(CatalogError, match="There is no review"):
        workbench.discard(lake, found)
    with pytest.raises(CatalogError, match="is not the id of a review"):
        workbench.review(lake, "../../etc")


def test_a_review_on_a_table_that_moved_cannot_be_published(lake: Lakehouse) -> None:
    first, second = stage(lake), stage(lake)
    workbench.publish(lake, first)
    (waiting,) = workbench.reviews(lake)
    assert waiting.id == second
    assert waiting.moved == "silver.t has changed since this was prepared; ann published it."
    with pytest.raises(ConflictError, match="moved from snapshot"):
        workbench.publish(lake, second)
    assert workbench.review(lake, second).moved
    rows = lake.scan("quarantine.t").collect()
    assert set(rows["run_id"]) == {first}, "nothing of the other was written"
    workbench.discard(lake, second)
    assert workbench.reviews(lake) == []
    with pytest.raises(ConflictError, match=r"This review of silver\.t was published already by ann"):
        workbench.publish(lake, first)
    with pytest.raises(ConflictError, match="published already by ann"):
        workbench.review(lake, first)


def test_a_table_that_moved_there_and_back_with_another_schema_in_between(lake: Lakehouse, tmp_path: Path) -> None:
    workbench.publish(lake, stage(lake))
    fork = head(lake.context.need("silver.t"))
    assert fork is not None
    give(lake, tmp_path, "id,name,v,w\n99,x,1,2\n", "b.csv")
    found = stage(lake)
    schemas.add_columns(lake.context.need("silver.t"), pl.Schema({"other": pl.String}))
    lake.rollback("silver.t", fork)
    with pytest.raises(ConflictError, match=r"The schema of silver\.t changed since"):
        workbench.publish(lake, found)
    workbench.discard(lake, found)


def test_what_came_in_between_is_told(lake: Lakehouse, tmp_path: Path) -> None:
    workbench.publish(lake, stage(lake))
    found = stage(lake)
    give(lake, tmp_path, "id,name,v\n98,x,1\n99,y,1\n", "b.csv")
    rid = lake.quarantine("t")["_rid"][0]
    workbench.waive(lake, "t", rid, ["small"], "as agreed")
    told = workbench.review(lake, found)
    assert (told.bronze_newer, told.decisions_newer, told.moved) == (2, 1, "")
    workbench.publish(lake, found)
    assert lake.scan("silver.t").collect().filter(pl.col("id") == 98).height == 0


def test_a_gate_that_fails_leaves_nothing_but_the_record(root: Path, lake: Lakehouse) -> None:
    with pytest.raises(GateError, match="rule whole"):
        stage(lake, "rules: [{id: whole, kind: range, columns: [v], max: 5, action: fail}]")
    assert workbench.reviews(lake) == []
    assert files(root) == set()
    (run,) = [run for run in workbench.runs(lake) if run.state == "failed"]
    assert "rule whole" in (run.error or "")
    with pytest.raises(ConfigError, match="no column 'nope'"):
        stage(lake, "schema: {nope: integer}")


def test_two_who_publish_at_once(root: Path, lake: Lakehouse) -> None:
    found = stage(lake)
    together = Barrier(2)
    results: list[int | AutomicError] = []

    def act(who: str) -> None:
        with workbench.opened(root, who) as mine:
            together.wait()
            try:
                results.append(workbench.publish(mine, found))
            except AutomicError as exc:
                results.append(exc)

    threads = [Thread(target=act, args=(who,)) for who in ("bob", "cleo")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    won = [each for each in results if isinstance(each, int)]
    (lost,) = [each for each in results if isinstance(each, ConflictError)]
    assert won == [head(lake.context.need("silver.t"))]
    assert "right now" in lost.message or "published already" in lost.message
    assert lake.scan("quarantine.t").collect()["_rid"].is_unique().all()
    assert [info.run_id for info in lake.history("silver.t") if info.run_id] == [found]


def test_nobody_decides_while_another_does(root: Path, lake: Lakehouse) -> None:
    found = stage(lake)
    with reviewing._deciding(lake.context, found), pytest.raises(ConflictError, match="right now"):
        workbench.discard(lake, found)
    workbench.discard(lake, found)


def test_clean_up_spares_what_a_review_waits_for(lake: Lakehouse) -> None:
    workbench.publish(lake, stage(lake))
    found = stage(lake)
    silver = lake.context.need("silver.t")
    waiting = reviewing.staged_files(lake.context)
    assert waiting
    now = timedelta(seconds=-5)
    gone = {str(path) for path in maintenance.remove_orphans(silver, older_than=now, keep=waiting)}
    assert not any(path.endswith(".parquet") for path in gone)
    workbench.publish(lake, found)
    other = stage(lake)
    maintenance.remove_orphans(lake.context.need("silver.t"), older_than=now)
    with pytest.raises(AutomicError, match="reading the footer"):
        workbench.publish(lake, other)
    workbench.discard(lake, other)


def test_a_review_that_cannot_be_read_says_so(root: Path, lake: Lakehouse) -> None:
    found = stage(lake)
    manifest = root / "reviews" / found / "review.json"
    whole = manifest.read_text(encoding="utf-8")
    for broken in ("{", "{}", whole.replace('"fork"', '"spoon"')):
        manifest.write_text(broken, encoding="utf-8")
        with pytest.raises(CatalogError, match="cannot be read"):
            workbench.reviews(lake)
    manifest.write_text(whole, encoding="utf-8")
    workbench.discard(lake, found)


def test_revert_goes_back_one_promotion_and_no_further(root: Path, lake: Lakehouse, tmp_path: Path) -> None:
    first = stage(lake)
    workbench.publish(lake, first)
    rows, aside = lake.scan("silver.t").collect(), lake.quarantine("t")
    assert workbench.revertible(lake, "bronze.t") is None
    with pytest.raises(CatalogError, match=r"first time by .* no state before.*Promote it again"):
        workbench.revert(lake, "t", first)
    give(lake, tmp_path, "id,name,v,w\n99,x,1,2\n", "b.csv")
    second = stage(lake, "")
    snapshot = workbench.publish(lake, second)
    with workbench.opened(root, "bob") as other:
        found = workbench.revertible(other, "silver.t")
        assert found is not None
        assert (found.run_id, found.snapshot, found.rows_before) == (second, snapshot, rows.height)
        with pytest.raises(ConflictError, match="has another state by now, published by ann"):
            workbench.revert(other, "t", first)
        workbench.revert(other, "t", second)
    assert lake.scan("silver.t").collect().equals(rows)
    assert lake.quarantine("t").equals(aside)
    assert lake.history("silver.t")[-1].current
    (run,) = [run for run in workbench.runs(lake) if run.pipeline == "revert t"]
    assert (run.actor, run.table, run.state) == ("bob", "silver.t", "succeeded")
    with pytest.raises(ConflictError, match="has another state by now"):
        workbench.revert(lake, "t", second)
    lake.rollback("silver.t", snapshot)
    workbench.revert(lake, "t", snapshot)
    assert lake.scan("silver.t").collect().equals(rows)
    assert workbench.published_spec(lake, "t") == SPEC
    assert workbench.published_spec(lake, "bronze.t", snapshot) == ""
    assert workbench.published_spec(lake, "nowhere") == ""


def test_rows_without_a_key_of_their_own_are_matched_by_their_record_or_whole(lake: Lakehouse, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("name,v\na,1\na,1\nb,2\n", encoding="utf-8")
    workbench.ingest(lake, workbench.build_source(str(tmp_path / "d.csv")), "d")
    workbench.publish(lake, workbench.stage(lake, "d", workbench.parse_promotion("")))
    by_record = workbench.review(lake, workbench.stage(lake, "d", workbench.parse_promotion("schema: {v: string}")))
    assert (by_record.keys, by_record.changed, by_record.sentence) == (
        ["_rid"],
        0,
        "No row changes; 1 column changes type",
    )
    groups = "steps: [{kind: aggregate, group_by: [name], aggregations: {v: {field: v, function: sum}}}]"
    summed = workbench.review(lake, workbench.stage(lake, "d", workbench.parse_promotion(groups)))
    assert summed.rows_after == 2
    assert summed.removed - summed.added == 1
    keyed = workbench.parse_promotion("")
    (tmp_path / "e.csv").write_text("code,v\nx,1\n,2\n,3\n", encoding="utf-8")
    workbench.ingest(lake, workbench.build_source(str(tmp_path / "e.csv")), "e", keys=["code"])
    workbench.publish(lake, workbench.stage(lake, "e", keyed))
    declared = workbench.review(lake, workbench.stage(lake, "e", keyed))
    assert (declared.keys, declared.sentence) == (["code"], "No row changes")
