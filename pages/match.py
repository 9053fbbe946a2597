"""Which rows are the same thing: what a threshold would merge and why, and what a person says of single pairs."""

from pathlib import Path

import streamlit as st

from automic_core import workbench
from pages.ui import show
from pages.ui.state import workspace
from pages.ui.views import match_clusters, match_new, match_page, match_queue, match_threshold
from pages.ui.views.match_state import desk_of

ws = workspace()
head = st.container()
bar = st.container(horizontal=True, vertical_alignment="center")
with bar:
    table = show.table_picker(ws) if workbench.is_lake(Path(ws.lake)) else None
if table is None:
    with head:
        show.opening("Match", "There is no table yet in which rows could be the same")
    show.nothing("Rows that are the same thing will stand here side by side, each pair with its reasons.", "check")
else:
    desk = desk_of(ws, table)
    with bar:
        part = match_page.parts(desk)
    if part == "label":
        with head:
            match_page.asking(ws, desk)
        match_queue.render(ws, desk)
    else:
        with head:
            found = match_page.opening(ws, desk)
        panel = match_clusters if part == "clusters" else match_threshold
        if found is not None:
            panel.render(ws, desk, found)
            match_new.render(ws, desk)
    show.next_step("promote", "Review what this would change, then publish")
