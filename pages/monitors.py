"""What is out of the ordinary in all tables, ranked: failed rules, surprises, drift and stale tables."""

from pathlib import Path

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import workspace
from pages.ui.views import job_panel, monitors_chart, monitors_head, monitors_inbox, monitors_marks

ws = workspace()
there = workbench.is_lake(Path(ws.lake)) and bool(calls.read(ws, workbench.table_names))
if not there:
    show.opening("Monitors", "There are no tables to watch yet")
    show.nothing("Failed rules, surprises, drift and stale tables will stand here, the worst first.", "check")
else:
    if job := st.query_params.get("job", ""):
        job_panel.render(ws, job)
    inbox, version = monitors_head.look(ws)
    with show.opening("Monitors", monitors_head.sentence(inbox)):
        monitors_head.button(ws, inbox)
    table = monitors_head.picker(ws, inbox)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        chosen = monitors_inbox.render(ws, inbox, table)
    with right:
        monitors_chart.render(ws, table, chosen, version)
    monitors_marks.render(ws, inbox, table)
    show.next_step("rules", "Set rules")
