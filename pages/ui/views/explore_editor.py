"""The editor with what stands around it: time travel, history, the error."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show, sqleditor
from pages.ui.state import Workspace
from pages.ui.views import explore_past
from pages.ui.views.explore_state import Explore, again, begin

MOST_HISTORY = 30


def render(ws: Workspace, screen: Explore, tables: list[workbench.TreeTable], run: bool) -> None:
    """Draw the editor; ask the statement if the person wants it."""
    known = sqleditor.model(tables, workbench.vocabulary())
    position = screen.error.position if screen.error is not None else None
    asked = sqleditor.draw(known, screen.sql, screen.nonce, position, key="sql-editor", on_text=screen.hear)
    with st.container(horizontal=True, vertical_alignment="center", key="explore-tools"):
        explore_past.render(ws, screen, tables)
        if not ws.read_only:
            _history(ws, screen)
    if run or asked:
        begin(ws, screen)
        again()
    if screen.error is not None:
        show.error(screen.error)


def _history(ws: Workspace, screen: Explore) -> None:
    box = st.popover("History", icon=":material/history:", on_change="rerun", key="explore-history", width="content")
    if not box.open:
        return
    with box:
        words = st.text_input(
            "Find a statement",
            key="explore-history-find",
            placeholder="Find a statement",
            label_visibility="collapsed",
            icon=":material/search:",
        )
        found = calls.fresh(ws, workbench.recent_statements, MOST_HISTORY, words)
        if not found:
            st.caption("No statement has these words." if words else "Statements you run are kept here, for you alone.")
        for place, ran in enumerate(found):
            _entry(screen, place, ran)


def _entry(screen: Explore, place: int, ran: workbench.Ran) -> None:
    st.code(ran.sql if len(ran.sql) <= 400 else f"{ran.sql[:400]}…", language="sql", wrap_lines=True)
    outcome = "failed" if ran.error else f"{show.count(ran.rows, 'row')} in {ran.ms:,} ms"
    about = f" · {ran.as_of}" if ran.as_of else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Use", key=f"history-{place}", icon=":material/north_west:"):
            screen.show(ran.sql)
            again()
        st.caption(show.plain(f"{show.when(ran.at)} · {outcome}{about}"), help=show.plain(ran.error) or None)
