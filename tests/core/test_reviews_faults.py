"""A process killed at any commit point of a review's life: nothing is half done, and doing it again finishes it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from automic_core import workbench
from automic_core.errors import CatalogError, ConflictError
from automic_core.medallion import reviewing
from tests import killing
from tests.kept import Kept

SPEC = """\
steps: [{id: once, kind: dedup, match_mode: exact, match_fields: [name]}]
rules: [{id: small, kind: range, columns: [v], max: 60}]
"""
JOB = """
import sys
from automic_core import workbench

what, lake, review = sys.argv[1:]
with workbench.opened(lake, "bob") as opened:
    if what == "stage":
        print(workbench.stage(opened, "t", workbench.parse_promotion(review)))
    elif what == "publish":
        print(workbench.publish(opened, review))
    else:
        workbench.discard(opened, review)
"""
POINTS = [
    "append.before:1",
    "append.after:1",
    "append.before:2",
    "append.after:2",
    "publish.before:1",
    "publish.after:1",
    "review.clear:1",
]
QUICK = ["append.after:1", "publish.before:1", "publish.after:1"]
REST = [point for point in [*POINTS, "land.after:1", "land.after:2"] if point not in QUICK]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("things")
    with workbench.opened(workbench.create(folder / "lake").path, "ann") as opened:
        for name, rows in (("a", range(60)), ("b", range(30, 80))):
            lines = "".join(f"{name}{i},{name}{i % 40},{i * 2}\n" for i in rows)
            (folder / f"{name}.csv").write_text("id,name,v\n" + lines, encoding="utf-8")
            workbench.ingest(opened, workbench.build_source(str(folder / f"{name}.csv")), "t")
            if name == "a":
                workbench.promote(opened, "t", workbench.parse_promotion(SPEC))
    return Kept(folder)


@pytest.fixture
def lake(kept: Kept) -> Path:
    """One promotion published, and more rows in bronze."""
    return kept.again() / "lake"


def staged(root: Path) -> str:
    with workbench.opened(root, "ann") as opened:
        return workbench.stage(opened, "t", workbench.parse_promotion(SPEC))


Seen = tuple[pl.DataFrame, pl.DataFrame]


def seen(root: Path) -> Seen:
    """What a reader sees: silver, and its quarantine."""
    with workbench.opened(root) as opened:
        aside = opened.quarantine("t").select("_rid", "row", "reasons")
        return opened.scan("silver.t").collect().sort("_rid"), aside.sort("_rid")


def same(one: Seen, other: Seen) -> bool:
    return one[0].equals(other[0]) and one[1].equals(other[1])


def test_the_points_are_all_there_are(lake: Path, tmp_path: Path) -> None:
    passed = killing.points(JOB, "publish", lake, staged(lake), log=tmp_path / "points")
    assert [point for point in passed if not point.startswith("land.")] == POINTS


@pytest.mark.parametrize("point", [*QUICK, *(pytest.param(point, marks=pytest.mark.slow) for point in REST)])
def test_a_publish_killed_at_any_point_can_be_repeated(lake: Path, point: str) -> None:
    review, before = staged(lake), seen(lake)
    killing.dies(JOB, "publish", lake, review, at=point)
    between = seen(lake)
    done = POINTS.index(point) > POINTS.index("publish.before:1") if point in POINTS else False
    with workbench.opened(lake) as opened:
        assert [(each.id, each.moved) for each in workbench.reviews(opened)] == [(review, "")]
        assert not workbench.review(opened, review).moved
    killing.finish(killing.start(JOB, "publish", lake, review))
    after = seen(lake)
    assert not same(before, after)
    assert same(between, after if done else before)
    with workbench.opened(lake) as opened:
        workbench.promote(opened, "t", workbench.parse_promotion(SPEC))
        assert workbench.reviews(opened) == []
        assert list((lake / "reviews").iterdir()) == []
        rows = opened.scan("quarantine.t").filter(pl.col("run_id") == review).collect()
        assert rows["_rid"].is_unique().all()
        assert rows.height == after[1].height
        removed = opened.scan("meta.removed").filter(pl.col("run_id") == review).collect()
        assert removed["_rid"].is_unique().all()
        assert [run.run_id for run in workbench.runs(opened)].count(review) == 1
        assert [info.run_id for info in opened.history("silver.t")].count(review) == 1
        with pytest.raises(ConflictError, match="published already"):
            workbench.publish(opened, review)
    assert same(seen(lake), after), "a promotion of its own gives the same"


def test_what_was_published_by_a_process_that_died_is_not_discarded(lake: Path) -> None:
    review = staged(lake)
    killing.dies(JOB, "publish", lake, review, at="publish.after")
    after = seen(lake)
    with workbench.opened(lake) as opened, pytest.raises(ConflictError, match="published from this review already"):
        workbench.discard(opened, review)
    assert same(seen(lake), after)
    assert list((lake / "reviews").iterdir()) == []


@pytest.mark.parametrize("point", ["review.discarded", "review.clear"])
def test_a_discard_killed_at_any_point_can_be_repeated(lake: Path, point: str) -> None:
    files, before = set(lake.rglob("silver/**/*.parquet")), seen(lake)
    review = staged(lake)
    assert set(lake.rglob("silver/**/*.parquet")) > files
    killing.dies(JOB, "discard", lake, review, at=point)
    assert same(seen(lake), before)
    with workbench.opened(lake) as opened:
        assert [each.id for each in workbench.reviews(opened)] == [review]
        workbench.discard(opened, review)
        assert workbench.reviews(opened) == []
    assert set(lake.rglob("silver/**/*.parquet")) == files
    assert list((lake / "reviews").iterdir()) == []


def test_a_worker_killed_before_the_review_is_whole_leaves_none(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = seen(lake)
    killing.dies(JOB, "stage", lake, SPEC, at="review.before")
    (left,) = (lake / "reviews").iterdir()
    with workbench.opened(lake) as opened:
        assert workbench.reviews(opened) == []
        with pytest.raises(CatalogError, match="There is no review"):
            workbench.publish(opened, left.name)
    assert same(seen(lake), before)
    other = staged(lake)
    assert left.exists(), "it may still be written by somebody"
    monkeypatch.setattr(reviewing, "YOUNG_SECONDS", 0)
    third = staged(lake)
    assert {path.name for path in (lake / "reviews").iterdir()} == {other, third}


def test_a_worker_killed_after_the_review_is_whole_leaves_a_whole_one(lake: Path) -> None:
    killing.dies(JOB, "stage", lake, SPEC, at="review.after")
    with workbench.opened(lake) as opened:
        (found,) = workbench.reviews(opened)
        assert workbench.review(opened, found.id).quarantined
        workbench.publish(opened, found.id)
        assert workbench.reviews(opened) == []
