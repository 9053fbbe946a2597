"""Rows that could not be trusted: every reason, and what a person decides about them."""

import streamlit as st

from automic_core.workbench import quarantining
from pages.ui import calls, show
from pages.ui.state import workspace
from pages.ui.views import (
    quarantine_actions,
    quarantine_dialogs,
    quarantine_empty,
    quarantine_filters,
    quarantine_grid,
    quarantine_replay,
    quarantine_row,
)
from pages.ui.views.quarantine_desk import Desk

ws = workspace()
desk = ws.screen(Desk)
head = st.container()
counts = calls.read(ws, quarantining.aside_counts)
if not ("table" in st.query_params or ws.table) and counts:
    st.query_params["table"] = f"bronze.{next(iter(counts))}"
bar = st.columns([2, 5, 2], vertical_alignment="center")
with bar[0]:
    own = (show.table_picker(ws, short=True) or "").partition(".")[2]
if desk.turn_to(own):
    st.query_params.pop("row", None)
quarantine_replay.progress(ws, desk, own)
if own not in counts:
    with head:
        show.opening("Quarantine", quarantine_empty.not_promoted(own))
    quarantine_empty.teach(own)
else:
    whole = calls.read(ws, quarantining.listing, own)
    with head, show.opening("Quarantine", quarantine_empty.sentence(whole)):
        quarantine_replay.button(ws, desk, whole)
    if whole.total or whole.states["replayed"]:
        view = quarantine_filters.render(whole, bar[1], bar[2])
        chosen = quarantine_row.chosen()
        left, right = st.columns([2, 1], gap="medium") if chosen is not None else (st.container(), st.empty())
        with left:
            toolbar, pager = quarantine_grid.places()
            with pager:
                found = quarantine_grid.page(ws, own, view)
            marked = quarantine_grid.render(ws, desk, found, view)
            with toolbar:
                quarantine_actions.render(ws, desk, found, view, marked)
        if chosen is not None:
            with right:
                quarantine_row.render(ws, desk, whole, chosen)
        quarantine_dialogs.render(ws, desk, found, view)
    else:
        quarantine_empty.calm(own, counts)
    show.next_step("tables", "Look at the table")
