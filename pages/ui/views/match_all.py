"""A table too large to match while a person waits: all its rows as a job, whose figures then stand here."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views import job_panel
from pages.ui.views.job_panel import LOOK_ONLY
from pages.ui.views.match_state import Desk


def figures(ws: Workspace, desk: Desk, found: workbench.MatchView) -> workbench.MatchView:
    """The view with the figures of all rows, where somebody has had them computed."""
    if found.whole:
        return found
    return calls.fresh(ws, workbench.match_whole, found, desk.data, desk.changes)


def render(ws: Workspace, desk: Desk, found: workbench.MatchView) -> None:
    """Offer the job, or follow it."""
    if found.whole:
        return
    job = calls.fresh(ws, workbench.match_job, desk.own)
    if job is not None and not job.ended:
        job_panel.render(ws, job.id)
        return
    with st.container(horizontal=True, vertical_alignment="center", key="match-all"):
        show.note(f"These figures are of the {show.plain(found.sample)}; more rows find more pairs.")
        if st.button(
            f"Match all {show.count(found.total, 'row')}",
            icon=":material/select_all:",
            key="match-all-rows",
            disabled=ws.read_only,
            help=LOOK_ONLY if ws.read_only else "Runs as a job; nothing is changed by it.",
        ):
            arguments = {"table": desk.own, "data": desk.data, "changes": desk.changes}
            title = f"Match all rows of {desk.table}"
            if show.attempt(calls.change, ws, workbench.submit, "match", desk.own, arguments, title) is not None:
                st.rerun()
