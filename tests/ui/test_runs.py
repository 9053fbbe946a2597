"""The Runs page and the job panel, driven without a browser."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from automic_core import workbench
from automic_core.errors import AutomicError
from automic_core.jobs import places, slots, supervision

OpenApp = Callable[..., AppTest]


@pytest.fixture
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs stay queued: nobody works on them."""
    monkeypatch.setattr(supervision, "start_worker", lambda _root: None)


def run_of(lake: Path, table: str, state: str = "succeeded") -> str:
    with workbench.opened(lake) as opened:
        return workbench.run_page(opened, table, state).lines[0].id


def words(page: AppTest) -> str:
    """Everything the page says, without the marks of Markdown."""
    parts = [*page.markdown, *page.text, *page.caption, *page.code]
    return "\n".join(str(part.value) for part in parts).replace("\\", "")


def labels(page: AppTest) -> set[str]:
    return {button.label for button in page.button}


def press(page: AppTest, label: str) -> AppTest:
    next(button for button in page.button if button.label == label).click().run()
    assert not page.exception
    return page


def tab(page: AppTest, name: str) -> AppTest:
    control = next(each for each in page.get("button_group") if name in each.options)
    control.set_value(name).run()
    assert not page.exception
    return page


def test_an_empty_lake_says_what_will_be_here(app: OpenApp, empty_lake: Path) -> None:
    page = app("runs", empty_lake)
    assert "Nothing has run yet" in words(page)
    assert "will stand here" in words(page)


def test_without_a_lake_it_says_so(app: OpenApp, tmp_path: Path) -> None:
    assert "There is no lake" in words(app("runs", tmp_path / "nowhere"))


def test_the_list_filters_by_table_and_state(app: OpenApp, small_lake: Path) -> None:
    with workbench.opened(small_lake, "tester") as lake, pytest.raises(AutomicError):
        workbench.build(lake, "broken", "SELECT nme FROM silver.people")
    page = app("runs", small_lake)
    assert "3 runs: 2 done, 1 failed" in words(page)
    grid = page.dataframe[0].value
    assert list(grid["What"]) == ["Build gold.broken", "Promote people", "Ingest bronze.people"]
    assert [state[0] for state in grid["State"]] == ["Failed", "Done", "Done"]
    page.selectbox(key="runs-table").set_value("silver.people").run()
    assert list(page.dataframe[0].value["Rows out"]) == [3]
    assert page.query_params["table"] == "silver.people"
    only = app("runs", small_lake, state="failed")
    assert list(only.dataframe[0].value["What"]) == ["Build gold.broken"]
    assert "No run fits" in words(app("runs", small_lake, state="cancelled"))


def test_hundreds_of_runs_are_paged(app: OpenApp, empty_lake: Path) -> None:
    from datetime import UTC, datetime

    with workbench.opened(empty_lake) as lake:
        began = datetime(2026, 1, 1, tzinfo=UTC)
        entry: dict[str, Any] = {"pipeline": "build gold.t", "table": "gold.t", "started_at": began, "ended_at": began}
        lake.context.state.rebuild(runs=[{**entry, "run_id": f"r{n}"} for n in range(320)])
    begun = time.perf_counter()
    page = app("runs", empty_lake)
    assert time.perf_counter() - begun < 20
    assert len(page.dataframe[0].value) == 50
    assert "showing 1 to 50 of 320 runs" in words(page)
    assert "showing 51 to 100 of 320 runs" in words(press(page, "Older"))
    assert "showing 1 to 50 of 320 runs" in words(press(page, "Newer"))


def test_a_run_shows_its_ledger_and_its_steps(app: OpenApp, small_lake: Path) -> None:
    page = app("runs", small_lake, run=run_of(small_lake, "silver.people"))
    assert "Promote people: 3 of 4 rows kept, 1 removed" in words(page)
    steps = page.dataframe[0].value
    assert list(steps["Step"]) == ["extract", "latest", "cast", "rules"]
    assert list(steps["Why"])[-1] == "1 quarantined by age_range"
    press(page, "All runs")
    assert "2 runs: 2 done" in words(page)
    assert "run" not in page.query_params


def test_removed_rows_are_one_click_away(app: OpenApp, small_lake: Path) -> None:
    page = app("runs", small_lake, run=run_of(small_lake, "silver.people"), part="quarantined")
    assert "Rows that were quarantined" in words(page)
    rows = page.dataframe[0].value
    assert list(rows["name"]) == ["Alan"]
    assert list(rows["reason"]) == ["quarantined:age_range"]


def test_timings_are_honest_about_what_was_measured(app: OpenApp, small_lake: Path) -> None:
    page = app("runs", small_lake, run=run_of(small_lake, "silver.people"), tab="timings")
    assert "did not run as a job" in words(page)
    assert "all 4 rows of bronze.people" in words(page)
    assert list(page.dataframe[0].value["Part"]) == ["latest", "cast", "rules"]


def test_two_runs_are_compared(app: OpenApp, small_lake: Path) -> None:
    first = run_of(small_lake, "silver.people")
    alone = tab(app("runs", small_lake, run=first), "Compare")
    assert "no other run" in words(alone)
    with workbench.opened(small_lake, "tester") as lake:
        rules = "rules:\n- {id: age_range, kind: range, columns: [age], min: 0, max: 80, action: quarantine}\n"
        workbench.promote(lake, "people", workbench.parse_promotion(rules))
    page = tab(app("runs", small_lake, run=run_of(small_lake, "silver.people")), "Compare")
    figures = page.dataframe[0].value
    assert dict(zip(figures["Rows"], figures["Change"], strict=True)) == {
        "rows in": 0, "rows out": -1, "quarantined by age_range": 1,
    }  # fmt: skip
    assert "The same 4 columns" in words(page)
    assert "+ " in words(page)
    assert "max: 80" in words(page)


def test_a_run_is_exported_and_the_proof_is_asked_for(app: OpenApp, small_lake: Path, no_worker: None) -> None:
    run = run_of(small_lake, "silver.people")
    page = app("runs", small_lake, run=run, tab="pipeline")
    assert "age_range" in words(page)
    assert "lake.silver.stage(" in words(page)
    assert "automic promote people --rules people.yaml" in words(page)
    press(page, "Prove them equal")
    assert f"Prove the run {run}" in words(page)
    assert "a worker is starting" in words(page)
    press(page, "Cancel")
    with workbench.opened(small_lake) as lake:
        (job,) = workbench.jobs(lake)
    assert (job.kind, job.arguments, job.state) == ("prove", {"run": run}, "cancelled")


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({}, ["Proved: YAML and script give the same 3 rows", "the rows that the run published"]),
        ({"moved": ["bronze.people has changed since"], "reproduced": None}, ["bronze.people has changed since"]),
        ({"equal": False, "script": {"rows": 2, "digest": "00"}}, ["Not equal: the YAML gives 3 rows, the script 2"]),
        ({"reproduced": False}, ["They are not the rows that the run published"]),
    ],
)
def test_a_proof_is_told(
    app: OpenApp, small_lake: Path, no_worker: None, result: dict[str, Any], said: list[str]
) -> None:
    run = run_of(small_lake, "silver.people")
    same = {"rows": 3, "digest": "ab"}
    proof = {"yaml": same, "script": same, "published": same, "equal": True, "moved": [], "reproduced": True}
    with workbench.opened(small_lake) as lake:
        job = workbench.submit(lake, "prove", None, {"run": run})
        book = lake.context.state.jobs
        taken = book.claim("1:test", 1, 1)
        assert taken is not None
        book.end(taken, "succeeded", result={**proof, **result})
        assert workbench.job(lake, job.id).state == "succeeded"
    page = app("runs", small_lake, run=run, tab="pipeline")
    assert all(each in words(page) for each in said)
    assert "Prove again" in labels(page)


def test_run_again_makes_a_job(app: OpenApp, small_lake: Path, no_worker: None) -> None:
    page = app("runs", small_lake, run=run_of(small_lake, "bronze.people"))
    press(page, "Run again")
    with workbench.opened(small_lake) as lake:
        (job,) = workbench.jobs(lake)
    assert (job.kind, job.table, job.state) == ("ingest", "bronze.people", "queued")
    assert "Waiting: a worker is starting" in words(page)


def test_a_failed_job_says_why_and_keeps_its_log(app: OpenApp, small_lake: Path, no_worker: None) -> None:
    with workbench.opened(small_lake, "ada") as lake:
        job = workbench.submit(lake, "build", "x", {"name": "x", "sql": "SELECT 1 AS n"}, "Build `x` <b>")
        book = lake.context.state.jobs
        taken = book.claim("1:gone", 1, 1)
        assert taken is not None
        places.log_file(small_lake, job.id).write_text("what it said\n")
    page = app("runs", small_lake, job=job.id)  # its worker is not there
    assert "The worker died." in words(page)
    assert "Run it again" in words(page)
    assert "Build `x` <b>: failed" in words(page)
    assert "what it said" in words(page)
    assert not any("<b>" in m.value for m in page.markdown)
    press(page, "Run again")
    with workbench.opened(small_lake) as lake:
        assert [each.state for each in workbench.jobs(lake)] == ["queued", "failed"]


def test_a_job_of_several_runs_shows_each(app: OpenApp, small_lake: Path, no_worker: None) -> None:
    runs = [run_of(small_lake, table) for table in ("bronze.people", "silver.people")]
    with workbench.opened(small_lake) as lake:
        job = workbench.submit(lake, "demo", None, {}, "Load demo")
        taken = lake.context.state.jobs.claim("1:test", 1, 1)
        assert taken is not None
        phases = [{"name": "rows", "seconds": 0.5, "rows": 4, "run_id": run} for run in runs]
        lake.context.state.jobs.beat(taken, {"run_ids": runs, "run_id": runs[1], "phases": phases})
        lake.context.state.jobs.end(taken, "succeeded", result={"rows": 4})
    page = app("runs", small_lake, job=job.id)
    assert "Load demo: 4 rows" in words(page)
    assert "2 runs in this job" in words(page)
    times = page.dataframe[0].value
    assert (list(times["Part"]), list(times["Time"])) == (["Read, compute and write"], [1.0])
    page.button(key=f"open-{runs[1]}").click().run()
    assert "3 of 4 rows kept" in words(page)


def test_the_demo_lake_lists_its_runs(app: OpenApp, demo_lake: Path) -> None:
    page = app("runs", demo_lake)
    assert "13 runs: 13 done" in words(page)
    assert "Promote customers" in list(page.dataframe[0].value["What"])
    page = app("runs", demo_lake, run=run_of(demo_lake, "gold.orders_by_status"), tab="pipeline")
    assert "lake.gold.stage(" in words(page)


def test_an_unknown_run_leads_back(app: OpenApp, small_lake: Path) -> None:
    page = app("runs", small_lake, run="nope")
    assert "There is no run 'nope'." in words(page)
    press(page, "All runs")
    assert "2 runs" in words(page)


def test_onlookers_change_nothing(app: OpenApp, small_lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOMIC_READ_ONLY", "1")
    page = app("runs", small_lake, run=run_of(small_lake, "silver.people"), tab="pipeline")
    buttons = {button.label: button.disabled for button in page.button}
    assert buttons["Prepare a review"]
    assert buttons["Prove them equal"]


def panel(lake: str, job: str) -> None:
    """The panel alone; says how often it was told of the success."""
    import streamlit as st

    from pages.ui.state import Workspace
    from pages.ui.views import job_panel

    ws = st.session_state.setdefault("ws", Workspace(lake, "ada"))
    told = st.session_state.setdefault("told", [])
    job_panel.render(ws, job, lambda done: told.append(done.id))
    st.text(f"told {len(told)} times")


def test_the_panel_tells_progress_and_success_once(small_lake: Path, no_worker: None) -> None:
    from pages.ui.views import job_panel

    with workbench.opened(small_lake, "ada") as lake:
        book = lake.context.state.jobs
        job = workbench.submit(lake, "ingest", "people", {"place": "x", "table": "people"})
        page = AppTest.from_function(panel, args=(str(small_lake), job.id), default_timeout=30).run()
        assert "Waiting: a worker is starting" in words(page)
        slot = slots.take(places.folder(small_lake), 1)
        assert slot is not None
        taken = book.claim(slot.worker, 1, 1)
        assert taken is not None
        begun = workbench.job(lake, job.id)
        assert job_panel.in_short(begun) == "starting"
        book.beat(taken, {"phase": "Reading", "rows": 0, "total": 3000})
        assert job_panel.in_short(workbench.job(lake, job.id)) == "reading"
        page.run()
        assert not page.get("progress"), "no bar before the first rows"
        assert "Reading" in words(page)
        book.beat(taken, {"phase": "Writing rows", "rows": 1500, "total": 3000, "eta": 9.0})
        page.run()
        assert "1,500 of about 3,000 rows" in str(page.get("progress")[0].proto).replace("\\", "")
        press(page, "Cancel")
        assert "Stopping" in words(page)
        assert job_panel.in_short(workbench.job(lake, job.id)) == "stopping"
        page.run()
        assert [(each.label, each.disabled) for each in page.button] == [("Stopping…", True)]
        assert book.end(taken, "succeeded", result={})
        slot.release()
        page.run()
        page.run()
        assert not page.exception
    assert "told 1 times" in words(page)
    assert "Done" in words(page)


def test_the_panel_runs_a_failed_job_again(small_lake: Path, no_worker: None) -> None:
    with workbench.opened(small_lake, "ada") as lake:
        job = workbench.submit(lake, "ingest", "people", {"place": "x", "table": "people"})
        lake.context.state.jobs.claim("1:gone", 1, 1)
        page = AppTest.from_function(panel, args=(str(small_lake), job.id), default_timeout=30).run()
        assert "The worker died." in words(page)
        press(page, "Run again")
        assert [each.state for each in workbench.jobs(lake)] == ["queued", "failed"]
    assert "Waiting: a worker is starting" in words(page)
    assert "told 0 times" in words(page)
