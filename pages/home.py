"""What is in the lake, and where the rows of the newest run went."""

import streamlit as st

from pages.ui import calls, show
from pages.ui.state import workspace

ws = workspace()
st.title("Automic")
st.write("Messy sources in, a trusted lakehouse out, every row accounted for.")
found = show.guarded(calls.overview, ws.lake)
if found is not None and found.tables:
    show.tables(found.tables)
    show.newest_run(found.runs)
elif found is not None:
    show.nothing_yet(ws.lake)
