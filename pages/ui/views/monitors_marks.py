"""What people called expected, and how to take it back."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views.job_panel import LOOK_ONLY

MOST = 20


def render(ws: Workspace, inbox: workbench.Inbox, table: str) -> None:
    """A line each, the newest first; what was called so in one click is one line."""
    marks = {(each.table, each.decided_at): each for each in reversed(inbox.marks) if table in ("", each.table)}
    if not marks:
        return
    with st.container(border=True, key="monitors-marks"):
        st.markdown("##### Called expected")
        for number, each in enumerate(list(marks.values())[::-1][:MOST]):
            with st.container(horizontal=True, vertical_alignment="center", key=f"mark-{number}"):
                value = f"{each.value:.4g}, where {each.expected:.4g} was expected"
                who = f":gray[{show.plain(each.actor)}, {show.when(each.decided_at)}]"
                told = f"{show.code(each.table)} {show.code(each.series)} {value} {who}"
                st.markdown(told, width="stretch", help=show.exact(each.decided_at))
                key, why = f"mark-revoke-{number}", LOOK_ONLY if ws.read_only else None
                pressed = st.button("Take back", key=key, type="tertiary", disabled=ws.read_only, help=why)
                if pressed and show.attempt(calls.change, ws, workbench.unexpect, each.id) is not None:
                    ws.message = "Taken back; the band is as it was"
                    st.rerun()
        if len(marks) > MOST:
            show.note(f"showing {MOST} of {len(marks):,}")
