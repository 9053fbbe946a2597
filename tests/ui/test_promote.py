"""The Promote page, driven without a browser: before, during and after a review; errors; looking only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from automic_core import workbench
from automic_core.workbench.promotions import promotion_text
from automic_core.workbench.reviews import review_task

OpenApp = Callable[..., AppTest]
TYPED = "schema: {age: float}\n"


def text(page: AppTest) -> str:
    """All that is written on the page."""
    parts = [getattr(each, "value", "") for kind in ("markdown", "caption", "text") for each in page.get(kind)]
    return "\n".join(str(part) for part in parts).replace("\\", "")


def labels(page: AppTest) -> dict[str, Any]:
    return {button.label: button for button in page.button}


def confirm(page: AppTest, key: str, answer: str) -> None:
    """Answer a dialog: the button that opens it and the one inside, in one run, since only a browser reruns a part."""
    page.button(key=key).click()
    page.button(key=f"confirm-{answer}").click()
    page.run()
    assert not page.exception


def staged(lake: Path, spec: str = TYPED, actor: str = "ann") -> str:
    with workbench.opened(lake, actor) as opened:
        return workbench.stage(opened, "people", workbench.parse_promotion(spec))


def more(lake: Path, tmp_path: Path, rows: str = "5,Barbara,29,London\n") -> None:
    (tmp_path / "more.csv").write_text("id,name,age,city\n" + rows, encoding="utf-8")
    with workbench.opened(lake, "tester") as opened:
        workbench.ingest(opened, workbench.build_source(str(tmp_path / "more.csv")), "people", keys=["id"])


def ages(lake: Path) -> list[Any]:
    with workbench.opened(lake) as opened:
        return opened.scan("silver.people").collect().sort("id")["age"].to_list()


def test_no_lake_and_an_empty_one(app: OpenApp, tmp_path: Path, empty_lake: Path) -> None:
    for lake in (tmp_path / "nowhere", empty_lake):
        page = app("promote", lake, review="abc")
        assert "There is nothing to promote yet" in text(page)
        assert {"Connect a source", "Load demo"} <= set(labels(page))
        assert "Prepare review" not in labels(page)


def test_where_a_table_stands(app: OpenApp, small_lake: Path, tmp_path: Path) -> None:
    page = app("promote", small_lake)
    assert "people is published; nothing waits" in text(page)
    assert "0 accepted types, 0 steps, 1 rule" in text(page)
    assert labels(page)["Revert"].disabled
    assert "no state before its first promotion. Promote again" in labels(page)["Revert"].help
    assert not labels(page)["Prepare review"].disabled
    more(small_lake, tmp_path)
    with workbench.opened(small_lake, "tester") as lake:
        draft = workbench.draft(lake, "people")
        workbench.save_draft(lake, "people", {**draft.data, "schema": {"age": "float"}}, draft.version, "Type age")
    page.run()
    assert "people: 1 row of bronze wait and the draft was edited" in text(page)
    assert "edited by tester" in text(page)


def test_no_review_of_what_cannot_run(app: OpenApp, small_lake: Path) -> None:
    with workbench.opened(small_lake, "tester") as lake:
        draft = workbench.draft(lake, "people")
        steps = [{"id": "s1", "kind": "derive"}]
        workbench.save_draft(lake, "people", {**draft.data, "steps": steps}, draft.version, "Add derive")
    page = app("promote", small_lake)
    assert not page.exception
    assert labels(page)["Prepare review"].disabled
    assert "cannot run" in labels(page)["Prepare review"].help
    assert "1 entry cannot run: complete it, then prepare the review" in text(page)


def test_a_review_is_prepared_as_a_job_and_opens_when_it_is_there(
    app: OpenApp, small_lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more(small_lake, tmp_path)
    page = app("promote", small_lake)
    monkeypatch.setattr("automic_core.jobs.supervision.start_worker", lambda root: None)
    labels(page)["Prepare review"].click()
    page.run()
    assert not page.exception
    with workbench.opened(small_lake) as lake:
        (job,) = workbench.jobs(lake, 10, "silver.people")
    assert (job.kind, job.title) == ("review", "Prepare a review of silver.people")
    assert job.arguments["spec"].startswith("rules:")
    assert "Prepare a review of silver.people" in text(page)
    assert labels(page)["Prepare review"].disabled, "it is being prepared already"
    with workbench.opened(small_lake, "tester") as lake:
        done = review_task(lake, job.arguments, lambda _: None)
    waiting = app("promote", small_lake)
    assert "1 review waits for a decision" in text(waiting)
    labels(waiting)["Open"].click()
    waiting.run()
    assert waiting.query_params["review"] == done["review"]
    assert done["summary"] in text(waiting)
    with workbench.opened(small_lake) as lake:
        workbench.cancel(lake, job.id)


def test_a_review_reads_like_a_change_request(app: OpenApp, small_lake: Path, tmp_path: Path) -> None:
    more(small_lake, tmp_path, "1,Ada,37,London\n5,Barbara,29,London\n6,Bob,-1,Rome\n7,Eve,many,Rome\n")
    rules = "schema: {age: float}\nrules:\n- {id: age_range, kind: range, columns: [age], min: 0, max: 130}\n"
    review = staged(small_lake, rules)
    page = app("promote", small_lake, review=review)
    said = text(page)
    assert "Adds 1 row, changes 1; 1 column changes type; 3 rows go to quarantine (1 before)" in said
    assert "some types are inferred" in said
    assert "every row accounted for" in said
    assert "prepared by ann just now" in said
    assert "**age_range** · age is outside 0 to 130" in said
    assert "**cast** · a value does not fit its column's type" in said
    assert "integer → float" in said
    assert "3 → 4 rows; rows are matched by `id`" in said
    assert "3 rows; the promotion before set 1 aside" in said
    assert [tab.label for tab in page.tabs] == ["Added 1", "Changed 1"]
    tables = [list(frame.value.columns) for frame in page.dataframe]
    assert ["id", "column", "was", "now"] in tables
    assert ["Reason", "Column", "Rows", "For example"] in tables
    assert page.query_params["table"] == "bronze.people"
    assert "Step by step" in said


def test_a_review_warns_of_a_rule_that_takes_every_row(app: OpenApp, small_lake: Path) -> None:
    said = text(
        app("promote", small_lake, review=staged(small_lake, "rules:\n- {kind: range, columns: [age], min: 99}"))
    )
    assert "quarantined all 4 rows; check that this is meant" in said
    assert "nobody has accepted it yet" in said


def test_publish_and_revert(app: OpenApp, small_lake: Path, tmp_path: Path) -> None:
    before = ages(small_lake)
    page = app("promote", small_lake, review=staged(small_lake))
    labels(page)["Publish"].click()
    page.run()
    assert not page.exception
    assert ages(small_lake) == [36.0, 85.0, -5.0, 72.0]
    assert "Published: `silver.people`" in text(page)
    assert any("silver.people is published: 4 rows" in toast.value.replace("\\", "") for toast in page.toast)
    labels(page)["Revert"].click()
    page.run()
    assert "`silver.people` goes back from 4 rows to 3 rows" in text(page)
    confirm(page, "revert", "yes")
    assert ages(small_lake) == before
    assert any("silver.people is as it was before: 3 rows" in toast.value.replace("\\", "") for toast in page.toast)


def test_discard_asks_first(app: OpenApp, small_lake: Path) -> None:
    review = staged(small_lake)
    page = app("promote", small_lake, review=review)
    labels(page)["Discard"].click()
    page.run()
    assert "The 4 rows prepared for `silver.people` are deleted." in text(page)
    assert "stays as it is, with 3 rows" in text(page)
    confirm(page, "discard", "no")
    with workbench.opened(small_lake) as lake:
        assert [each.id for each in workbench.reviews(lake)] == [review]
    labels(page)["Discard"].click()
    page.run()
    confirm(page, "discard", "yes")
    assert not list((small_lake / "reviews").iterdir())
    assert "people is published; nothing waits" in text(page)


def test_a_review_that_is_gone_or_cannot_be_published_says_why(app: OpenApp, small_lake: Path) -> None:
    gone = app("promote", small_lake, review="0123456789ab")
    assert "There is no review 0123456789ab." in text(gone)
    first, second = staged(small_lake), staged(small_lake, "")
    page = app("promote", small_lake, review=first)
    stale = app("promote", small_lake, review=second)
    assert not labels(stale)["Publish"].disabled
    labels(page)["Publish"].click()
    page.run()
    labels(stale)["Publish"].click()
    stale.run()
    assert not stale.exception
    said = text(stale)
    assert "moved from snapshot" in said or "has changed since this was prepared" in said
    stale.run()
    assert labels(stale)["Publish"].disabled
    assert "cannot be published" in text(stale)
    assert not labels(stale)["Discard"].disabled
    published = app("promote", small_lake, review=first)
    assert "was published already" in text(published)


def test_looking_only(app: OpenApp, small_lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    review = staged(small_lake)
    monkeypatch.setenv("AUTOMIC_READ_ONLY", "1")
    page = app("promote", small_lake, review=review)
    assert labels(page)["Publish"].disabled
    assert labels(page)["Discard"].disabled
    assert "open for looking only" in labels(page)["Publish"].help
    before = app("promote", small_lake)
    assert labels(before)["Prepare review"].disabled
    assert labels(before)["Revert"].disabled


def test_names_and_cells_are_only_text(app: OpenApp, empty_lake: Path, tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script> **b** `c`"
    (tmp_path / "h.csv").write_text(f"id,{hostile}\n1,{hostile}\n2,x\n", encoding="utf-8")
    with workbench.opened(empty_lake, hostile) as lake:
        workbench.ingest(lake, workbench.build_source(str(tmp_path / "h.csv")), "h", keys=["id"])
        workbench.promote(lake, "h")
        rule = {"id": "r<b>", "kind": "regex", "columns": [hostile], "pattern": "<b>"}
        review = workbench.stage(lake, "h", workbench.parse_promotion(promotion_text({"rules": [rule]})))
    page = app("promote", empty_lake, review=review)
    for each in page.markdown:
        assert "<script>" not in each.value
        assert not each.allow_html
    assert "No row changes" not in text(page)


def test_gold_tables_older_than_their_sources_are_built_anew(app: OpenApp, small_lake: Path, tmp_path: Path) -> None:
    with workbench.opened(small_lake, "tester") as lake:
        workbench.build(lake, "old", "SELECT count(*) AS n FROM silver.people")
        workbench.build(lake, "older", "SELECT n + 1 AS m FROM gold.old")
    page = app("promote", small_lake)
    assert "All gold tables are up to date" in text(page)
    with workbench.opened(small_lake, "tester") as lake:
        workbench.publish(lake, staged(small_lake))
    page.run()
    assert "1 table is older than the sources" in text(page)
    labels(page)["Rebuild 1"].click()
    page.run()
    assert not page.exception
    with workbench.opened(small_lake) as lake:
        (job,) = [job for job in workbench.jobs(lake, 10) if job.kind == "build"]
        workbench.cancel(lake, job.id)
    assert (job.table, job.arguments) == ("gold.old", {"name": "old", "sql": "SELECT count(*) AS n FROM silver.people"})


def test_the_demo(app: OpenApp, demo_lake: Path) -> None:
    page = app("promote", demo_lake, table="silver.orders")
    assert "orders is published; nothing waits" in text(page)
    assert "gold.revenue_by_country_month" in text(page)
