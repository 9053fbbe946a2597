"""One run: how it ended, its ledger, and behind tabs its steps, timings, log, code and a comparison."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views import job_panel, runs_compare, runs_pipeline, runs_steps

Tab = Callable[[Workspace, workbench.RunDetail], None]


def render(ws: Workspace, detail: workbench.RunDetail) -> None:
    """The whole page of a run."""
    line, job = detail.line, detail.job
    with show.opening("Runs", sentence(detail)):
        back()
        _again(ws, detail)
    _facts(detail)
    if job is not None and not job.ended:
        job_panel.render(ws, job.id)
    if line.state == "failed":
        _why(line.said, detail.hint)
    if line.state == "cancelled":
        st.text("It was stopped. The tables are as they were before.")
    if detail.report is not None:
        _ledger(ws, detail)
    if detail.runs:
        _made(detail)
    tabs: dict[str, Tab] = {}
    if detail.report is not None:
        tabs["Steps"] = runs_steps.ledger
    if detail.timings or detail.removed or line.table.startswith("silver."):
        tabs["Timings"] = runs_steps.timings
    if detail.snapshot is not None:
        tabs["Pipeline"] = runs_pipeline.render
    if detail.report is not None:
        tabs["Compare"] = runs_compare.render
    if job is not None and job.ended:
        tabs["Log"] = _log
    if tabs:
        _tabs(ws, detail, tabs)


def back() -> None:
    """To the list, which keeps its filter."""
    if st.button("All runs", icon=":material/arrow_back:", type="tertiary", key="runs-back"):
        for name in ("run", "job", "part", "tab", "with"):
            if name in st.query_params:
                del st.query_params[name]
        st.rerun()


def sentence(detail: workbench.RunDetail) -> str:
    """What a run did, in one sentence."""
    line = detail.line
    title = show.plain(line.title)
    if line.state in ("queued", "running"):
        return title
    if line.state != "succeeded":
        return f"{title}: {job_panel.STATES[line.state][1].lower()}"
    if line.rows_out is None:
        return f"{title}: done"
    kept = show.count(line.rows_out, "row")
    if line.removed and line.rows_in is not None:
        return f"{title}: {line.rows_out:,} of {show.count(line.rows_in, 'row')} kept, {line.removed:,} removed"
    return f"{title}: {kept}" if line.rows_in in (None, line.rows_out) else f"{title}: {kept} from {line.rows_in:,}"


def _again(ws: Workspace, detail: workbench.RunDetail) -> None:
    """Run again: the one primary action, where there is something to run."""
    line, job = detail.line, detail.job
    running = (job is not None and not job.ended) or line.state == "running"
    if running or (job is None and detail.snapshot is None):
        return
    label = "Prepare a review" if line.table.startswith("silver.") and job is None else "Run again"
    if st.button(label, type="primary", icon=":material/replay:", key="runs-again", disabled=ws.read_only):
        known = job is not None and job.id == line.id
        use_case = workbench.rerun if known else workbench.rerun_run
        fresh = show.attempt(calls.change, ws, use_case, line.id)
        if fresh is not None:
            show.go("runs", job=fresh.id)


def _facts(detail: workbench.RunDetail) -> None:
    """State, table, when, how long, who; and the way to the table."""
    line = detail.line
    kind, word = job_panel.STATES[line.state]
    with st.container(horizontal=True, vertical_alignment="center"):
        if line.state not in ("queued", "running") or detail.job is None:  # else the panel says so, and is newer
            show.status(kind, word)
        if line.table:
            show.layer(line.table.partition(".")[0])
            st.markdown(show.code(line.table), width="content")
        took = f" · {show.duration(line.seconds)}" if line.seconds is not None else ""
        st.markdown(
            f":gray[{show.when(line.at)}{took} · by {show.plain(line.actor)} · {show.plain(line.id)}]",
            width="content",
            help=show.exact(line.at),
        )
        if detail.snapshot is not None:
            query = {"table": line.table} if detail.current else {"table": line.table, "snapshot": str(detail.snapshot)}
            label = "Open the table" if detail.current else "Open the state it made"
            st.page_link("pages/tables.py", label=label, icon=":material/table:", query_params=query)
        review = (detail.job.result or {}).get("review") if detail.job is not None else None
        if review and detail.snapshot is None:
            st.page_link(
                "pages/promote.py",
                label="Look at what it would change",
                icon=":material/publish:",
                query_params={"review": str(review)},
            )


def _why(said: str, hint: str) -> None:
    with st.container(border=True, key="runs-why"):
        st.text(said or "It did not say why.")
        if hint:
            st.text(hint)


def _ledger(ws: Workspace, detail: workbench.RunDetail) -> None:
    """The ledger bar; a click on a removed part shows its rows."""
    assert detail.report is not None
    part = show.ledger(detail.report, key=f"ledger-{detail.line.id}")
    if part:
        st.query_params["part"] = part
    show.remarks(detail.warnings, detail.notes)
    wanted = st.query_params.get("part", "")
    if wanted == "quarantined" and detail.current:
        st.page_link(
            "pages/quarantine.py",
            label="Decide about these rows in Quarantine",
            icon=":material/healing:",
            query_params={"table": f"bronze.{detail.line.table.partition('.')[2]}"},
        )
    if wanted in detail.removed:
        found = show.attempt(calls.fresh, ws, workbench.removed_rows, detail.line.id, wanted)
        if found is not None:
            st.markdown(f"**Rows that were {show.plain(wanted)}**, as bronze has them")
            show.rows(found, key=f"removed-{wanted}", height=260)


def _made(detail: workbench.RunDetail) -> None:
    """Runs of one job."""
    st.markdown(f"#### {show.count(len(detail.runs), 'run')} in this job")
    for line in detail.runs:
        with st.container(horizontal=True, vertical_alignment="center", key=f"line-{line.id}"):
            kind, word = job_panel.STATES[line.state]
            show.status(kind, word)
            st.markdown(show.plain(line.title), width="stretch")
            st.markdown(f":gray[{show.count(line.rows_out, 'row')} · {show.duration(line.seconds)}]", width="content")
            if st.button("Open", key=f"open-{line.id}", type="tertiary", icon=":material/arrow_forward:"):
                show.go("runs", run=line.id)


def _tabs(ws: Workspace, detail: workbench.RunDetail, tabs: dict[str, Tab]) -> None:
    """One part at a time; only that is computed, and it stands in the link."""
    wanted = st.query_params.get("tab", "").capitalize()
    names = list(tabs)
    chosen = st.segmented_control(
        "Show",
        names,
        default=wanted if wanted in names else names[0],
        required=True,
        key=f"runs-tab-{detail.line.id}",
        label_visibility="collapsed",
    )
    if chosen:
        st.query_params["tab"] = chosen.lower()
        tabs[chosen](ws, detail)


def _log(ws: Workspace, detail: workbench.RunDetail) -> None:
    """What the process said."""
    assert detail.job is not None
    text = calls.fresh(ws, workbench.job_log, detail.job.id)
    if text:
        st.code(text, language=None, height=420)
    else:
        show.note("The process has said nothing.")
