"""A better statement for a question: written by a person, tried, and kept as its verified answer."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views.ask_state import Ask, Turn, begin

MOST_LINK = 4_000


def render(ws: Workspace, screen: Ask, turn: Turn, sql: str) -> None:
    """Draw the statement, to be changed and kept; ``sql`` is the one the answer is from, empty if there is none."""
    key = f"ask-statement-{turn.number}"
    height = 24 * min(max(sql.count("\n") + len(sql) // 110 + 2, 4), 14)
    text = st.text_area("SQL", sql, key=key, height=height, label_visibility="collapsed", disabled=ws.read_only)
    changed = text.strip() != sql.strip() and bool(text.strip())
    with st.container(horizontal=True, vertical_alignment="center"):
        if not ws.read_only and st.button(
            "Keep as the answer",
            key=f"ask-keep-{turn.number}",
            icon=":material/verified_user:",
            disabled=not changed or (turn.answer is not None and turn.answer.follows),
            help="The statement is tried; then this question is answered so, also with other values in it.",
        ):
            _keep(ws, screen, turn, text)
        if text.strip() and len(text) <= MOST_LINK:
            st.page_link(
                "pages/explore.py",
                label="Open in Explore",
                query_params={"sql": text},
                icon=":material/edit:",
                width="content",
            )


def _keep(ws: Workspace, screen: Ask, turn: Turn, sql: str) -> None:
    try:
        calls.change(ws, workbench.approve_question, turn.question, sql)
    except AutomicError as exc:
        show.error(exc)
        return
    begin(ws, screen, turn.question)
    st.rerun()
