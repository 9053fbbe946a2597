"""The head of Monitors: what is measured, where things stand, whose table is looked at."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from automic_core.workbench import monitoring
from pages.ui import calls, show, state
from pages.ui.state import Workspace
from pages.ui.views.job_panel import LOOK_ONLY

ALL = "All tables"
PICKER = "monitors-table"


def look(ws: Workspace) -> tuple[workbench.Inbox, str]:
    """The inbox, after a short measuring of what is new, if it is little; and the version of both for caches."""
    version = calls.fresh(ws, workbench.monitors_version)
    inbox = calls.read(ws, workbench.monitors, as_of=version)
    if 0 < inbox.left <= monitoring.FEW and not inbox.unreadable:
        calls.fresh(ws, workbench.measure, seconds=monitoring.FIRST_LOOK)
        version = calls.fresh(ws, workbench.monitors_version)
        inbox = calls.read(ws, workbench.monitors, as_of=version)
    return inbox, version


def sentence(inbox: workbench.Inbox) -> str:
    """How many things need a look, and in how many tables; what is not measured yet."""
    surprises = sum(each.kind != "rule" or each.score > 1 for each in inbox.alerts)
    rules = len(inbox.alerts) - surprises
    parts = [show.count(surprises, "surprise")] if surprises else []
    parts += [show.count(rules, "failing rule")] if rules else []
    told = " and ".join(parts) or "Nothing is out of the ordinary"
    where = f"{told} in {show.count(len({each.table for each in inbox.alerts}) or inbox.tables, 'table')}"
    return f"{where}; {show.count(inbox.left, 'state')} not measured yet" if inbox.left else where


def button(ws: Workspace, inbox: workbench.Inbox) -> None:
    """Measure what is left, as a job."""
    why = LOOK_ONLY if ws.read_only else None if inbox.left else "Every state of every table is measured."
    label = f"Measure {show.count(inbox.left, 'state')}" if inbox.left else "Measure"
    pressed = st.button(label, type="primary", icon=":material/monitoring:", disabled=why is not None, help=why)
    if pressed:
        job = show.attempt(calls.change, ws, workbench.submit, "measure", None, {}, "Measure tables")
        if job is not None:
            st.query_params["job"] = job.id
            st.rerun()


def picker(ws: Workspace, inbox: workbench.Inbox) -> str:
    """The table whose series are looked at; the choice is in the URL. Empty = all."""
    known = [name for name in calls.read(ws, workbench.table_names) if name.partition(".")[0] in monitoring.LAYERS]
    asked = st.query_params.get("table", "")
    wanted = asked if asked in known else ALL
    if wanted != state.value(f"{PICKER}-link") or not state.drawn(PICKER):  # a link wins over what was chosen before
        state.put(PICKER, wanted)
    with st.container(horizontal=True, vertical_alignment="center", key="monitors-bar"):
        found = st.selectbox("Table", [ALL, *known], key=PICKER, label_visibility="collapsed", width=280)
        if asked and asked not in known:
            show.status("attention", f"There is no table {asked}")
        show.note(f"{show.count(inbox.series, 'series', 'series')} of {show.count(inbox.tables, 'table')} are watched")
    for name, why in inbox.unreadable.items():
        show.note(f"{show.plain(name)} cannot be read: {show.plain(why)}")
    state.put(f"{PICKER}-link", found)
    if found == ALL:
        st.query_params.pop("table", None)
    else:
        ws.table = st.query_params["table"] = str(found)
    return "" if found == ALL else str(found)
