"""The way into a review: prepare it as a job, and follow that job."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views import job_panel
from pages.ui.views.job_panel import LOOK_ONLY


@dataclass
class Start:
    """The job this visitor follows, and the review that came of it."""

    job: str = ""
    review: str = ""


def button(ws: Workspace, standing: workbench.Promotable, stuck: bool) -> None:
    """The page's primary action: compute what the promotion would change; not while entries of the draft cannot run."""
    busy = _active(ws, standing.table) is not None
    why = (
        LOOK_ONLY
        if ws.read_only
        else "It is being prepared already."
        if busy
        else "Complete the entries that cannot run first; they are listed below."
        if stuck
        else None
    )
    if st.button(
        "Prepare review",
        type="primary",
        icon=":material/rate_review:",
        disabled=why is not None,
        help=why,
        key="prepare",
    ):
        arguments = {"table": standing.table, "spec": standing.draft.text}
        title = f"Prepare a review of {standing.table}"
        job = show.attempt(calls.change, ws, workbench.submit, "review", standing.table, arguments, title)
        if job is not None:
            ws.screen(Start).job = job.id
            st.rerun()  # the button is of no use while it goes on


def render(ws: Workspace, standing: workbench.Promotable) -> None:
    """The job that prepares a review of this table, whoever began it; one that failed until it is repeated."""
    mine = ws.screen(Start)
    newest = next((job for job in calls.fresh(ws, workbench.jobs, 20, standing.table) if job.kind == "review"), None)
    if newest is None:
        return
    if not newest.ended_at:
        mine.job = newest.id
    unsolved = newest.state == "failed" and (standing.at is None or newest.created_at > standing.at)
    if mine.job == newest.id or unsolved:
        job_panel.render(ws, newest.id, _open if mine.job == newest.id else None)
    if mine.review:
        review, mine.job, mine.review = mine.review, "", ""
        st.query_params["review"] = review
        st.rerun()


def _open(job: workbench.Job) -> None:
    """The review stands where the job stood."""
    from pages.ui.state import workspace

    workspace().screen(Start).review = str((job.result or {}).get("review", ""))


def _active(ws: Workspace, table: str) -> workbench.Job | None:
    found = calls.fresh(ws, workbench.jobs, 20, table)
    return next((job for job in found if job.kind == "review" and not job.ended_at), None)
