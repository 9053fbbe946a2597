"""The head of the Match page: where things stand, the one primary action, and the three ways to look."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views import match_all
from pages.ui.views.job_panel import LOOK_ONLY
from pages.ui.views.match_state import Desk

PARTS = {"threshold": "Threshold", "clusters": "Clusters", "label": "Label pairs"}


def parts(desk: Desk) -> str:
    """Which way to look; in the URL."""
    wanted = st.query_params.get("view", "")
    if not wanted and ("cluster" in st.query_params or "pair" in st.query_params):
        wanted = "clusters"
    chosen = st.segmented_control(
        "View",
        list(PARTS),
        default=wanted if wanted in PARTS else "threshold",
        required=True,
        format_func=PARTS.__getitem__,
        key=f"match-view-{desk.table}-{wanted}",
        label_visibility="collapsed",
    )
    if chosen != st.query_params.get("view", "threshold"):
        st.query_params["view"] = chosen
        st.rerun()
    return str(chosen)


def asking(ws: Workspace, desk: Desk) -> None:
    """Draw the head over the pairs to judge; what the answers change is computed when somebody looks at it."""
    with show.opening("Match", f"Which rows of {show.plain(desk.own)} are the same? Say it of these pairs"):
        _action(ws, desk, "")


def opening(ws: Workspace, desk: Desk) -> workbench.MatchView | None:
    """Draw the head; gives what matching would do, or None where that cannot be told."""
    try:
        found = match_all.figures(ws, desk, calls.read(ws, workbench.match_view, desk.table, desk.data, desk.changes))
    except AutomicError as exc:
        with show.opening("Match", f"The rows of {show.plain(desk.own)} cannot be compared yet"):
            _action(ws, desk, "The rows cannot be compared; see below.")
        show.error(exc)
        return None
    with show.opening("Match", sentence(found)):
        _action(ws, desk, "")
    return found


def sentence(found: workbench.MatchView) -> str:
    """How many rows are another one again, and who said so."""
    name = show.plain(found.table)
    if not found.here.merged:
        told = f"No two of {show.count(found.rows, 'row')} of {name} are the same at {found.threshold:g}"
    else:
        others = show.count(found.here.clusters, "other", "others")
        told = f"{found.here.merged:,} of {found.rows:,} rows of {name} would be merged into {others}"
    return f"{told}; {show.count(found.pairs, 'decision')} by people" if found.pairs else told


def _action(ws: Workspace, desk: Desk, stuck: str) -> None:
    """Take what is set here into the draft; when it is there, go on to the review."""
    if not desk.waits:
        if st.button("Review and promote", type="primary", icon=":material/publish:", key="match-promote"):
            show.go("promote", table=desk.table)
        return
    edit = desk.step.edit
    why = stuck or (LOOK_ONLY if ws.read_only else "")
    told = why or f"{show.plain(edit.label)}. Nothing is published by this; undo it on the Rules page."
    if st.button(
        "Take into draft", type="primary", icon=":material/add_task:", key="match-take", disabled=bool(why), help=told
    ):
        done = show.attempt(
            calls.change, ws, workbench.save_draft, desk.table, edit.data, desk.view.version, edit.label
        )
        if done is not None:
            desk.changes = {}
            ws.message = f"In the draft of {desk.own}: {edit.label}"
            st.rerun()
