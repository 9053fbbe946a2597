"""The lakehouse at a glance."""

from pathlib import Path

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import workspace
from pages.ui.views import home_attention, home_graph, home_runs, job_panel

ws = workspace()
lake = show.plain(Path(ws.lake).name)
there = workbench.is_lake(Path(ws.lake))
graph = calls.read(ws, workbench.graph) if there else None
if job := st.query_params.get("job", ""):
    job_panel.render(ws, job)
if graph is None or not graph.nodes:
    show.opening("Home", f"{lake} is empty" if there else f"There is no lake at {show.plain(ws.lake)} yet")
    show.nothing("Tables will stand here, bronze to gold, with where each row came from.", "flow")
else:
    waiting = show.count(len(graph.attention), "thing needs", "things need") + " your attention"
    tables = workbench.table_count(node.name for node in graph.nodes)
    sentence = f"{tables} in {lake}, {waiting if graph.attention else 'all is well'}"
    with show.opening("Home", sentence):
        why = job_panel.LOOK_ONLY if ws.read_only else None
        if st.button("Connect a source", type="primary", icon=":material/add:", disabled=ws.read_only, help=why):
            show.go("connect")
    home_graph.render(ws, graph)
    left, right = st.columns(2)
    with left:
        home_attention.render(ws, graph.attention)
    with right:
        home_runs.render(ws)
