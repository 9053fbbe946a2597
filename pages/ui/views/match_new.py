"""Rows that came since silver was made: which of its rows they are the same as, without matching the table again."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views.match_state import Desk

MOST = 500


def render(ws: Workspace, desk: Desk) -> None:
    """Offer to link them, where silver is there; then show where each belongs."""
    if f"silver.{desk.own}" not in calls.read(ws, workbench.table_names):
        return
    if not desk.linking:
        if st.button("Link new rows to silver", type="tertiary", icon=":material/add_link:", key="match-new"):
            desk.linking = True
            st.rerun()
        return
    found = show.attempt(calls.read, ws, workbench.match_new, desk.own)
    if found is None:
        return
    if not found.new:
        show.note(f"No row came since silver.{show.plain(desk.own)} was made.")
        return
    rest = found.new - found.joined - found.grouped
    st.markdown(
        f"Of **{show.count(found.new, 'row')}** that came since, **{found.joined:,}** belong to rows of silver, "
        f"**{found.grouped:,}** to each other, **{rest:,}** to nothing."
    )
    kinds = {"row": "String", "belongs to": "String", "": "String", "probability": "String"}
    lines = [
        {
            "row": str(each.rid),
            "belongs to": f"row {each.into}",
            "": "in silver" if each.known else "also new",
            "probability": "" if each.probability is None else workbench.percent(each.probability),
        }
        for each in found.rows[:MOST]
        if each.into is not None
    ]
    told = "by the weights silver was made with; the next promotion decides anew"
    show.rows(workbench.Rows(kinds, lines, found.joined + found.grouped), key=f"match-new-{desk.table}", sample=told)
