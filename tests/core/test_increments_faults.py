"""A promotion of what bronze gained, killed at any commit point or overtaken: done again it is that of all rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from automic_core import workbench
from automic_core.errors import ConflictError
from automic_core.lake import Lakehouse
from automic_core.lakehouse.rowhash import row_hash
from automic_core.medallion import removals
from automic_core.medallion.context import made_by
from automic_core.medallion.silver import Promotion
from tests import killing
from tests.kept import Kept

SPEC = """\
schema: {v: {type: integer}}
steps: [{id: named, kind: nulls, strategy: drop, fields: [name]}]
rules: [{id: small, kind: range, columns: [v], max: 60}, {id: many, kind: row_count, min: 10}]
"""
JOB = """
import sys
from automic_core import workbench

with workbench.opened(sys.argv[1], "bob") as opened:
    workbench.promote(opened, "t", workbench.parse_promotion(sys.argv[2]))
"""
QUICK = ["append.after:1", "publish.before:1", "publish.after:1"]
REST = ["land.after:1", "land.after:2", "append.before:1", "append.before:2", "append.after:2"]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """One promotion published; bronze has gained new rows and new versions of old ones since."""
    folder = tmp_path_factory.mktemp("things")
    with workbench.opened(workbench.create(folder / "lake").path, "ann") as opened:
        for name, rows in (("a", range(60)), ("b", range(30, 80))):
            lines = "".join(f"{i},{name if i % 9 else ''},{i * 2 if name == 'a' else 100 - i}\n" for i in rows)
            (folder / f"{name}.csv").write_text("id,name,v\n" + lines, encoding="utf-8")
            workbench.ingest(opened, workbench.build_source(str(folder / f"{name}.csv")), "t", keys=["id"])
            if name == "a":
                workbench.promote(opened, "t", workbench.parse_promotion(SPEC))
    return Kept(folder)


@pytest.fixture
def lake(kept: Kept) -> Path:
    return kept.again() / "lake"


def test_the_points_are_those_of_a_promotion(lake: Path, tmp_path: Path) -> None:
    passed = killing.points(JOB, lake, SPEC, log=tmp_path / "points")
    assert sorted(set(passed) - {"land.after:3", "land.after:4"}) == sorted([*QUICK, *REST])


@pytest.mark.parametrize("point", [*QUICK, *(pytest.param(point, marks=pytest.mark.slow) for point in REST)])
def test_a_kill_at_a_commit_point(lake: Path, point: str) -> None:
    killing.dies(JOB, lake, SPEC, at=point)
    with workbench.opened(lake) as opened:
        done = workbench.promote(opened, "t", workbench.parse_promotion(SPEC))
        assert f"Read {0 if point == 'publish.after:1' else 50} of 110 rows (incremental)" in str(done.report)
        equal_to_all_rows(opened)


def equal_to_all_rows(lake: Lakehouse) -> None:
    spec = workbench.parse_promotion(SPEC)
    whole = lake.silver.stage("t", spec, spec.steps, spec.rules)
    try:
        assert str(row_hash(lake.scan("silver.t"))) == str(row_hash(whole.rows()))
        removed = removals.removed(lake.context, "t", made_by(lake.context.need("silver.t"))).select("_rid", "reason")
        assert removed.sort("_rid").equals(whole.removed.select("_rid", "reason").sort("_rid"))
        assert lake.quarantine("t")["_rid"].sort().equals(whole.quarantined["_rid"].sort())
    finally:
        whole.discard()


def stage(lake: Lakehouse) -> Promotion:
    spec = workbench.parse_promotion(SPEC)
    return lake.silver.stage("t", spec, spec.steps, spec.rules, spec_text=spec.text, full=False)


def test_who_is_overtaken_publishes_nothing(lake: Path) -> None:
    with workbench.opened(lake) as opened:
        slow = stage(opened)
        assert "Read 50 of 110 rows" in str(slow.report)
        workbench.promote(opened, "t", workbench.parse_promotion(SPEC))
        with pytest.raises(ConflictError, match="moved"):
            slow.publish()
        slow.discard()
        equal_to_all_rows(opened)


def test_what_is_discarded_leaves_silver_as_it_was(lake: Path) -> None:
    with workbench.opened(lake) as opened:
        before = str(row_hash(opened.scan("silver.t")))
        promotion = stage(opened)
        files = promotion.staged.staging.locations
        promotion.discard()
        assert str(row_hash(opened.scan("silver.t"))) == before
        assert not [path for path in files if Path(path.removeprefix("file://")).exists()]
