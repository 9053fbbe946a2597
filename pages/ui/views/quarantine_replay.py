"""Replay: what was decided reaches silver, by a job that anybody can watch."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from automic_core.workbench.quarantining import Listing
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views import job_panel
from pages.ui.views.quarantine_desk import Desk


def button(ws: Workspace, desk: Desk, found: Listing) -> None:
    """The primary action: there is something to do as soon as a decision is not in silver."""
    waiting = found.waiting + found.revoked
    why = _why_not(ws, found, waiting)
    told = f"{show.count(waiting, 'decision')} not in silver yet." if waiting else why
    if st.button(
        "Replay into silver",
        type="primary",
        icon=":material/replay:",
        disabled=bool(why),
        help=f"{told} Silver is made again from bronze, the published rules and all decisions.",
        key="replay",
    ):
        title = f"Replay {found.table}"
        job = show.attempt(calls.change, ws, workbench.submit, "replay", found.table, {"table": found.table}, title)
        if job is not None:
            desk.jobs[found.table] = job.id
            st.rerun()
    if why:
        show.note(why)


def _why_not(ws: Workspace, found: Listing, waiting: int) -> str:
    """Why there is nothing to replay now; empty if there is."""
    if ws.read_only:
        return job_panel.LOOK_ONLY
    if _active(ws, found.table) is not None:
        return "A replay goes on."
    return "" if waiting else "Save a fix or waive a row first."


def progress(ws: Workspace, desk: Desk, table: str) -> None:
    """The replay of this table that goes on, whoever began it, or the one this visitor began."""
    if not table:
        return
    job_id = _active(ws, table) or desk.jobs.get(table)
    if job_id is None:
        return
    desk.jobs[table] = job_id
    job_panel.render(ws, job_id, lambda job: _told(ws, desk, table, job))


def _told(ws: Workspace, desk: Desk, table: str, job: workbench.Job) -> None:
    done = job.result or {}
    desk.verdicts.pop(table, None)
    desk.jobs.pop(table, None)
    rows = show.count(int(done.get("replayed", 0)), "row")
    ws.message = f"{rows} went to silver, {int(done.get('still', 0)):,} still set aside"
    st.rerun()


def _active(ws: Workspace, table: str) -> str | None:
    jobs = calls.fresh(ws, workbench.jobs, 20, table=table)
    return next((job.id for job in jobs if job.kind == "replay" and not job.ended), None)
