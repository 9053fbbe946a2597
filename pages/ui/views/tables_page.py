"""The tables page: the picker, the views of one table, and which of them is shown."""

from __future__ import annotations

import streamlit as st

from pages.ui import show, state
from pages.ui.state import Workspace
from pages.ui.views import (
    tables_columns,
    tables_files,
    tables_head,
    tables_rows,
    tables_schema,
    tables_state,
    tables_timeline,
)
from pages.ui.views.tables_state import Screen

VIEWS = {
    "rows": ":material/table_rows: Rows",
    "columns": ":material/bar_chart: Columns",
    "timeline": ":material/timeline: Timeline",
    "schema": ":material/schema: Schema history",
    "files": ":material/folder: Files",
}


def render(ws: Workspace, names: list[str]) -> None:
    """Draw the page for the table of the URL, by default the first one."""
    screen, asked = ws.screen(Screen), st.query_params.get("table", "")
    layers = tables_state.layers(names)
    if asked in names and asked != screen.table:  # a link: the picker may still hold the table of before
        state.put(f"table-{'-'.join(layers)}", asked)
    head, bar = st.container(), st.container(horizontal=True, vertical_alignment="center", key="tables-bar")
    with bar:
        table = show.table_picker(ws, layers) or names[0]
        view = _view(screen)
    if asked in names and table != asked:
        tables_state.forget_table()
    elif asked and asked.rpartition(".")[2] != table.rpartition(".")[2]:
        with bar:
            show.status("attention", f"There is no table {asked}")
    screen.table = table
    with head:
        snapshot = tables_state.snapshot()
        seen = tables_head.render(ws, table, snapshot)
    shown = snapshot if seen is not None else None
    if view == "columns":
        tables_columns.render(ws, table, shown)
    elif view == "timeline":
        tables_timeline.render(ws, table)
    elif view == "schema":
        tables_schema.render(ws, table)
    elif view == "files":
        tables_files.render(ws, table, shown)
    else:
        tables_rows.render(ws, table, shown)


def _view(screen: Screen) -> str:
    """The view that is chosen; it is in the URL."""
    asked = st.query_params.get("view", "rows")
    if asked in VIEWS and asked != screen.view:  # a link
        state.put("tables-view", asked)
    elif not state.drawn("tables-view"):
        state.put("tables-view", "rows")
    chosen = st.segmented_control(
        "View",
        list(VIEWS),
        required=True,
        format_func=VIEWS.__getitem__,
        key="tables-view",
        label_visibility="collapsed",
    )
    screen.view = st.query_params["view"] = chosen or "rows"
    return screen.view
