"""What is published now, where its rows went, and the way back."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views.job_panel import LOOK_ONLY

FIRST = "There is no state before its first promotion. Promote again: the new rows take the place of all of these."


def render(ws: Workspace, standing: workbench.Promotable) -> None:
    """The newest promotion of the table; nothing if there is none."""
    if not standing.published:
        return
    own = {"table": standing.table}
    with st.container(border=True, key="published"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**Published: {show.code(standing.table)}**", width="content")
            who = f"{show.count(standing.rows, 'row')} · {show.plain(standing.actor)} · {show.when(standing.at)}"
            st.caption(who, help=show.exact(standing.at), width="content")
            st.space("stretch")
            st.page_link("pages/tables.py", label="Table", icon=":material/table:", query_params=own)
            st.page_link("pages/quarantine.py", label="Quarantine", icon=":material/healing:", query_params=own)
            _revert(ws, standing)
        if standing.report is not None:
            show.ledger(standing.report, key=f"published-{standing.run_id}")


def _revert(ws: Workspace, standing: workbench.Promotable) -> None:
    """Take the newest promotion back, after asking."""
    found = standing.revertible
    why = LOOK_ONLY if ws.read_only else None if found is not None else FIRST
    if not st.button("Revert", icon=":material/undo:", disabled=why is not None, help=why, key="revert"):
        return
    if found is None:
        return

    def back() -> None:
        calls.change(ws, workbench.revert, standing.table, found.run_id)
        ws.message = f"{standing.table} is as it was before: {show.count(found.rows_before, 'row')}."

    rows, before = show.count(found.rows, "row"), show.count(found.rows_before, "row")
    sentence = (
        f"{show.code(standing.table)} goes back from {rows} to {before}, as published {show.when(found.before)}. "
        f"What {show.plain(found.actor)} published {show.when(found.at)} stays in the history."
    )
    show.confirm("Revert the newest promotion?", sentence, "Revert", back)
