"""Gold tables: which are older than their sources, and building them anew."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views import job_panel
from pages.ui.views.job_panel import LOOK_ONLY

MOST = 20


def render(ws: Workspace) -> None:
    """The gold tables, those out of date first; nothing if there is none."""
    found = show.attempt(calls.read, ws, workbench.gold_tables)
    if not found:
        return
    stale = [each for each in found if each.stale and each.arguments]
    st.space("small")
    with st.container(horizontal=True, vertical_alignment="center"):
        show.layer("gold")
        told = show.count(len(stale), "table is", "tables are") + " older than the sources"
        st.markdown(f"**{told}**" if stale else "**All gold tables are up to date**", width="content")
        st.space("stretch")
        why = LOOK_ONLY if ws.read_only else None
        if stale and st.button(
            f"Rebuild {len(stale)}", icon=":material/refresh:", disabled=ws.read_only, help=why, key="rebuild-all"
        ):
            _submit(ws, stale)
    active = [job for job in calls.fresh(ws, workbench.jobs, 50) if job.kind == "build" and not job.ended_at]
    for job in active[:5]:
        job_panel.render(ws, job.id)
    for each in sorted(found, key=lambda table: not table.stale)[:MOST]:
        _line(ws, each, busy=each.name in {job.table for job in active})
    if len(found) > MOST:
        show.note(f"showing {MOST} of {len(found):,} gold tables")


def _line(ws: Workspace, each: workbench.GoldTable, *, busy: bool) -> None:
    left, middle, right = st.columns([5, 3, 1], vertical_alignment="center")
    with left.container(horizontal=True, vertical_alignment="center"):
        if each.stale:
            show.status("attention", "older than its sources")
        else:
            show.status("good", "up to date")
        st.markdown(
            show.code(each.name),
            width="content",
            help=show.plain(f"Made of {', '.join(each.sources)}") if each.sources else None,
        )
    middle.caption(
        f"{show.count(each.rows, 'row')} · {show.plain(each.actor)} · {show.when(each.at)}", help=show.exact(each.at)
    )
    why = (
        LOOK_ONLY
        if ws.read_only
        else "It is being built."
        if busy
        else None
        if each.arguments
        else "Its definition is not known."
    )
    if right.button("Rebuild", key=f"rebuild-{each.name}", disabled=why is not None, help=why, width="stretch"):
        _submit(ws, [each])


def _submit(ws: Workspace, wanted: Sequence[workbench.GoldTable]) -> None:
    """One job a table, those that others read first."""
    for each in wanted:
        show.attempt(calls.change, ws, workbench.submit, "build", each.name, each.arguments, f"Build {each.name}")
    st.rerun()
