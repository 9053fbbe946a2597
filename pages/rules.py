"""Steps and rules of a table: what each does to the rows, before anything is published."""

import streamlit as st

from pages.ui import show
from pages.ui.state import workspace
from pages.ui.views import rules_draft, rules_page

ws = workspace()
head, bar = st.container(), st.container(width=320)
with bar:
    table = show.table_picker(ws) if rules_page.possible(ws) else None
if table is None:
    show.opening("Rules", "There is no table yet to set rules for")
    show.nothing("The steps of a table will stand here, each with the rows it changes and removes.", "flow")
else:
    held = rules_draft.held(ws, table)
    with head, rules_page.opening(ws, held):
        stuck = rules_page.stuck(ws, held)
        if st.button(
            "Review and promote",
            type="primary",
            icon=":material/publish:",
            key="rules-promote",
            disabled=bool(stuck),
            help=stuck or None,
        ):
            show.go("promote", table=table)
    rules_page.render(ws, held)
    show.next_step("promote", "Review what this would change, then publish")
