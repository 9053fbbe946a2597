"""A source on its way into bronze, and where to go when it is there."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views import job_panel
from pages.ui.views.connect_state import Connecting


def render(ws: Workspace, state: Connecting) -> None:
    """The job, and where to go when it is done."""
    job = show.attempt(calls.fresh, ws, workbench.job, state.job)
    if job is None:
        state.job = ""
        return
    done = job.state == "succeeded"
    top = show.opening("Connect", _outcome(job) if done else show.plain(job.title))
    with top:
        if done and st.button("Decide on the schema", type="primary", key="to-schema", icon=":material/arrow_forward:"):
            state.forget()
            show.go("schema", table=job.table)
    job_panel.render(ws, state.job)
    for warning in (job.result or {}).get("warnings", [])[:10]:
        show.note(show.plain(warning))
    with st.container(horizontal=True):
        if job.ended and not done and st.button("Back to the source", key="back", icon=":material/arrow_back:"):
            state.job = state.stood = ""
            st.rerun()
        if st.button("Connect another source", key="another", icon=":material/add:"):
            state.forget()
            st.rerun()


def _outcome(job: workbench.Job) -> str:
    result = job.result or {}
    table = show.plain(str(result.get("table", job.table)))
    if result.get("unchanged") and not result.get("runs"):
        return f"Nothing new: {table} has this content already"
    more = (
        f"; {show.count(len(result['unchanged']), 'file was', 'files were')} there already"
        if result.get("unchanged")
        else ""
    )
    return f"{show.count(result.get('rows'), 'row')} taken into {table}{more}"
