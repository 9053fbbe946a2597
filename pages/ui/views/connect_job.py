"""A source on its way into bronze, and where to go when it is there."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views import change_panel, job_panel
from pages.ui.views.connect_state import Connecting


def render(ws: Workspace, state: Connecting) -> None:
    """The job, and where to go when it is done."""
    job = show.attempt(calls.fresh, ws, workbench.job, state.job)
    if job is None or job.kind not in ("ingest", "follow"):
        state.job = ""
        show.next_step("connect", "Choose a source")
        return
    done = job.state == "succeeded"
    top = show.opening("Connect", _outcome(job) if done else show.plain(job.title))
    followed = job.kind == "follow"
    published = done and not followed and _published(ws, job)
    with top:
        if followed:
            _further(ws, state, job)
        elif published and st.button("Promote", type="primary", key="to-promote", icon=":material/publish:"):
            state.forget()
            show.go("promote", table=job.table)
        elif (
            done
            and not published
            and st.button("Decide on the schema", type="primary", key="to-schema", icon=":material/arrow_forward:")
        ):
            state.forget()
            show.go("schema", table=job.table)
    job_panel.render(ws, state.job)
    if followed and job.ended:
        _log(ws, state, job)
    for warning in (job.result or {}).get("warnings", [])[:10]:
        show.note(show.plain(warning))
    with st.container(horizontal=True):
        if job.ended and not done and st.button("Back to the source", key="back", icon=":material/arrow_back:"):
            state.job = state.stood = ""
            st.rerun()
        if st.button("Connect another source", key="another", icon=":material/add:"):
            state.forget()
            st.rerun()
        if published and st.button("Look at the schema", key="to-schema", icon=":material/view_column:"):
            state.forget()
            show.go("schema", table=job.table)


def _published(ws: Workspace, job: workbench.Job) -> bool:
    """Whether silver has the table already, so that the rows go the way the others went."""
    standing = show.attempt(calls.fresh, ws, workbench.promotable, job.table) if job.table else None
    return standing is not None and standing.published


def _further(ws: Workspace, state: Connecting, job: workbench.Job) -> None:
    """From a table that was followed: to its rows; and the way back if its log is lost."""
    back, silver = workbench.way_back(job), job.table.replace("bronze.", "silver.", 1)
    if back is not None:
        if st.button("Begin anew from a snapshot", type="primary", key="anew", icon=":material/restart_alt:"):
            _begun(state, change_panel.submit(ws, job.table, back))
    elif job.state == "succeeded":
        applied = job.arguments.get("silver") != "none"
        goal, where = ("Look at the rows", silver) if applied else ("Decide on the schema", job.table)
        if st.button(goal, type="primary", key="to-rows", icon=":material/arrow_forward:"):
            state.forget()
            show.go("tables" if applied else "schema", table=where)


def _begun(state: Connecting, job: workbench.Job | None) -> None:
    if job is not None:
        state.job = job.id
        st.rerun()


def _log(ws: Workspace, state: Connecting, job: workbench.Job) -> None:
    """How far the log is read."""
    names = calls.read(ws, workbench.table_names)
    view = show.attempt(calls.read, ws, workbench.change_log, job.table) if job.table in names else None
    if view is None:
        return
    if workbench.way_back(job) is not None:
        show.note("A snapshot is compared with what is here: only what differs is taken, and nothing here is lost.")
    with st.container(border=True, key="change-log"):
        again = {**job.arguments, "fresh": False} if job.state == "succeeded" else None
        _begun(state, change_panel.render(ws, view, again))


def _outcome(job: workbench.Job) -> str:
    result = job.result or {}
    table = show.plain(str(result.get("table", job.table)))
    if job.kind == "follow":
        return f"{table}: {show.plain(str(result.get('changes', '')))}"
    if result.get("unchanged") and not result.get("runs"):
        return f"Nothing new: {table} has this content already"
    more = (
        f"; {show.count(len(result['unchanged']), 'file was', 'files were')} there already"
        if result.get("unchanged")
        else ""
    )
    return f"{show.count(result.get('rows'), 'row')} taken into {table}{more}"
