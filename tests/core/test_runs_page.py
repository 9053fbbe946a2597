"""What the Runs page is made of: the list, a run in full, two runs side by side, exports and their proof."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from automic_core import workbench
from automic_core.errors import ConfigError, TransformError
from automic_core.jobs import processes, supervision
from automic_core.lake import Lakehouse
from automic_core.lakehouse.rowhash import row_hash
from automic_core.workbench import scripts
from tests.kept import Kept

PEOPLE = (
    "id,name,age,city\n1, Ada ,36,London\n2,Grace,85,New York\n3,Alan,-5,Wilmslow\n3,Alan,-5,Wilmslow\n4,,72,Nuenen\n"
)
SPEC = """\
schema:
  id: string
  age: {type: integer, description: 'in "years"'}
steps:
- {id: trim, kind: text, columns: [name], trim: true}
- {id: same, kind: dedup, match_mode: exact, match_fields: [id]}
- {id: off, kind: limit, rows: 1, enabled: false}
rules:
- {id: age_range, kind: range, columns: [age], min: 0, max: 130, action: quarantine}
- {id: named, kind: not_null, columns: [name], action: warn}
"""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("people")
    (folder / "people.csv").write_text(PEOPLE)
    with pytest.MonkeyPatch.context() as patch, workbench.opened(workbench.create(folder / "lake").path, "ada") as made:
        patch.chdir(folder)
        workbench.ingest(made, workbench.build_source("people.csv"), "people")
        workbench.promote(made, "people", workbench.parse_promotion(SPEC))
        workbench.build(made, "cities", "SELECT city, count(*) AS n FROM silver.people GROUP BY city")
        count = {"n": {"function": "count", "field": "*"}}
        workbench.build(made, "ages", source="people", group_by=["age"], aggregations=count)
    return Kept(folder)


@pytest.fixture
def tmp_path(kept: Kept) -> Path:
    return kept.again()


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lakehouse]:
    """bronze.people, silver.people by a spec, gold.cities by SQL, gold.ages by groups."""
    monkeypatch.chdir(tmp_path)
    with workbench.opened(tmp_path / "lake", "ada") as opened:
        yield opened


def run_of(lake: Lakehouse, table: str) -> str:
    return next(line.id for line in workbench.run_page(lake, table).lines if line.state == "succeeded")


def test_row_hash_knows_rows_not_their_order() -> None:
    moments = [datetime(2026, 1, 1), None, None]  # noqa: DTZ001
    rows = pl.LazyFrame(
        {"i": [1, 2, None], "s": ['a"b', "", None], "f": [0.5, float("nan"), None], "t": moments, "l": [[1], [], None]}
    )
    hashed = row_hash(rows)
    assert hashed.rows == 3
    assert hashed == row_hash(rows.reverse().select("t", "s", "l", "i", "f"))
    assert hashed == row_hash(rows.with_columns(pl.col("i").cast(pl.Int16), _rid=pl.lit(1)))
    for other in (
        rows.with_columns(pl.col("s").fill_null("")),
        rows.with_columns(pl.col("f").fill_nan(None)),
        rows.with_columns(pl.col("i").cast(pl.String)),
        rows.rename({"i": "j"}),
        rows.head(2),
        pl.concat([rows, rows.head(1)]),
    ):
        assert row_hash(other) != hashed
    assert int(row_hash(rows.head(0)).digest, 16) == 0
    twice = pl.concat([rows, rows])
    assert row_hash(twice).digest == f"{2 * int(hashed.digest, 16) % 2**256:064x}"


def test_the_list_joins_runs_and_jobs(lake: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError):
        workbench.build(lake, "nothing", "SELECT nme FROM silver.people", group_by=["x"])
    monkeypatch.setattr(supervision, "start_worker", lambda _root: None)
    job = workbench.submit(lake, "build", "slow", {"name": "slow", "sql": "SELECT 1 AS n"})
    page = workbench.run_page(lake)
    assert [line.table for line in page.lines] == [
        "gold.slow", "gold.ages", "gold.cities", "silver.people", "bronze.people"
    ]  # fmt: skip
    queued, promoted = page.lines[0], page.lines[3]
    assert (queued.id, queued.state, queued.actor) == (job.id, "queued", "ada")
    assert (promoted.title, promoted.rows_in, promoted.rows_out, promoted.removed) == ("Promote people", 5, 3, 2)
    assert page.tables == ["bronze.people", "gold.ages", "gold.cities", "gold.slow", "silver.people"]
    assert [line.table for line in workbench.run_page(lake, "people").lines] == ["silver.people", "bronze.people"]
    assert workbench.run_page(lake, state="queued").total == 1
    second = workbench.run_page(lake, offset=2, limit=2)
    assert [line.table for line in second.lines] == ["gold.cities", "silver.people"]
    assert (second.total, second.offset) == (5, 2)
    assert workbench.run_page(lake, offset=900, limit=2).offset == 4
    workbench.cancel(lake, job.id)
    assert workbench.run_page(lake, state="cancelled").lines[0].id == job.id


def test_hundreds_of_runs_page_quickly(lake: Lakehouse) -> None:
    began = datetime(2026, 1, 1, tzinfo=UTC)
    runs = [
        {"run_id": f"r{n}", "pipeline": f"build gold.t{n % 9}", "table": f"gold.t{n % 9}", "started_at": began}
        | {"ended_at": began + timedelta(seconds=n)}
        for n in range(700)
    ]
    lake.context.state.rebuild(runs=runs)
    page = workbench.run_page(lake, table="gold.t3", offset=50, limit=25)
    assert (page.total, len(page.lines)) == (78, 25)
    assert not page.capped


def test_a_run_in_full(lake: Lakehouse) -> None:
    run = workbench.run_detail(lake, run_of(lake, "silver.people"))
    assert run.report is not None
    assert run.report["balanced"]
    assert run.current
    assert run.snapshot is not None
    assert list(run.sources) == ["bronze.people"]
    assert run.job is None
    assert run.removed == ["merged", "quarantined"]
    gone = workbench.removed_rows(lake, run.line.id, "merged")
    assert gone.total == 1
    assert (gone.rows[0]["step"], gone.rows[0]["id"]) == ("same", "3")
    aside = workbench.removed_rows(lake, run.line.id, "quarantined")
    assert [row["reason"] for row in aside.rows] == ["quarantined:age_range"]
    with pytest.raises(ConfigError, match="no run 'nope'"):
        workbench.run_detail(lake, "nope")


def test_steps_are_timed_on_a_sample(lake: Lakehouse) -> None:
    times = workbench.step_times(lake, "silver.people", run_of(lake, "silver.people"))
    assert times.sample == "all 5 rows of bronze.people"
    assert [(step.id, step.rows) for step in times.steps] == [("cast", 5), ("trim", 5), ("same", 5), ("rules", 4)]
    assert all(step.seconds > 0 for step in times.steps)
    assert not times.stopped


def test_two_runs_side_by_side(lake: Lakehouse) -> None:
    first = run_of(lake, "silver.people")
    changed = (
        SPEC.replace("max: 130", "max: 80")
        .replace("id: trim", "id: clean")
        .replace("age: {type: integer", "age: {type: float")
    )
    workbench.promote(lake, "people", workbench.parse_promotion(changed))
    second = run_of(lake, "silver.people")
    found = workbench.compare_runs(lake, first, second)
    assert found.figures == {
        "rows in": (5, 5), "rows out": (3, 2), "merged by same": (1, 1), "quarantined by age_range": (1, 2),
        "warned by named": (1, 1),
    }  # fmt: skip
    steps = {pair.step: (pair.rows_in, pair.removed) for pair in found.steps}
    assert list(steps) == ["extract", "cast", "trim", "clean", "same", "rules"]
    assert steps["trim"] == ((5, None), (0, None))
    assert steps["rules"] == ((4, 4), (1, 2))
    assert found.columns is not None
    assert [(pair.name, pair.types) for pair in found.columns] == [("age", ("integer", "float"))]
    assert found.spec is not None
    assert not found.same_spec
    assert [line for kind, line in found.spec if kind == "new"] != []
    assert workbench.compare_runs(lake, first, first).same_spec
    with pytest.raises(ConfigError, match="no run"):
        workbench.compare_runs(lake, first, "nope")


@pytest.mark.parametrize("table", ["silver.people", "gold.cities", "gold.ages"])
def test_yaml_and_script_are_proved_equal(lake: Lakehouse, table: str) -> None:
    before = lake.history(table)
    proof = workbench.prove(lake, run_of(lake, table))
    assert proof.equal
    assert proof.reproduced
    assert proof.moved == []
    assert proof.yaml == proof.script == proof.published
    assert proof.yaml.rows == workbench.show(lake, table).total
    assert lake.history(table) == before


def test_a_script_that_does_something_else_is_found_out(lake: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_of(lake, "silver.people")
    right = scripts.promotion_script
    monkeypatch.setattr("automic_core.workbench.exporting.promotion_script", lambda *a: right(*a).replace("130", "80"))
    assert not workbench.prove(lake, run).equal
    monkeypatch.setattr("automic_core.workbench.exporting.promotion_script", lambda *_: "raise SystemExit('no lake')")
    with pytest.raises(TransformError, match="no lake"):
        workbench.prove(lake, run)


def test_a_proof_says_when_bronze_has_moved_on(lake: Lakehouse) -> None:
    run = run_of(lake, "silver.people")
    Path("more.csv").write_text("id,name,age,city\n9,Kurt,40,Brno\n")
    workbench.ingest(lake, workbench.build_source("more.csv"), "people")
    proof = workbench.prove(lake, run)
    assert proof.equal
    assert proof.yaml.rows == proof.published.rows + 1
    assert proof.moved == ["bronze.people has changed since"]
    assert proof.reproduced is None


def test_scripts_publish_what_the_runs_published(lake: Lakehouse, tmp_path: Path) -> None:
    """All scripts, run by hand on a fresh lake, one after another, give the same tables."""
    fresh = workbench.create(tmp_path / "fresh").path
    tables = ["bronze.people", "silver.people", "gold.cities", "gold.ages"]
    for number, table in enumerate(tables):
        file = tmp_path / f"{number}.py"
        file.write_text(workbench.export_run(lake, run_of(lake, table)).script)
        subprocess.run([sys.executable, str(file), str(fresh)], check=True, env=processes.environment())
    with workbench.opened(fresh) as other:
        for table in tables:
            assert row_hash(other.scan(table)) == row_hash(lake.scan(table)), table
        spec = workbench.published_spec(other, "people")
        assert workbench.parse_promotion(spec).rules == workbench.parse_promotion(SPEC).rules


def test_what_cannot_be_exported_says_why(lake: Lakehouse) -> None:
    run = run_of(lake, "bronze.people")
    exported = workbench.export_run(lake, run)
    assert not exported.provable
    assert exported.command.endswith('people.csv" --table bronze.people')
    with pytest.raises(ConfigError, match="taking it in again"):
        workbench.prove(lake, run)
    with pytest.raises(ConfigError, match="no table of this lake"):
        workbench.export_run(lake, "nope")


def test_runs_of_the_command_line_run_again_as_jobs(lake: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "start_worker", lambda _root: None)
    kinds = {}
    for table in ("bronze.people", "silver.people", "gold.cities", "gold.ages"):
        job = workbench.rerun_run(lake, run_of(lake, table))
        kinds[table] = (job.kind, job.table)
        workbench.cancel(lake, job.id)
    assert kinds == {
        "bronze.people": ("ingest", "bronze.people"),
        "silver.people": ("review", "silver.people"),
        "gold.cities": ("build", "gold.cities"),
        "gold.ages": ("build", "gold.ages"),
    }
