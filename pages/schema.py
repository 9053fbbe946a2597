"""What each column of a table is: proposals with their evidence, what a change costs, decisions."""

from pathlib import Path

import streamlit as st

from automic_core import workbench
from pages.ui import show
from pages.ui.state import workspace
from pages.ui.views import schema_page

ws = workspace()
head, bar = st.container(), st.container(horizontal=True, vertical_alignment="center", key="schema-bar")
with bar:
    table = show.table_picker(ws) if workbench.is_lake(Path(ws.lake)) else None
if table is None:
    with head:
        show.opening("Schema", "There is no table to type yet")
    show.nothing("Every column will stand here with the type its values prove, and the values that speak against it.")
else:
    schema_page.render(ws, table, head, bar)
