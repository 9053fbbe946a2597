"""A question without an answer: why, what would have to be known, and where to go from here."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from pages.ui import show
from pages.ui.state import Workspace
from pages.ui.views import ask_teaching
from pages.ui.views.ask_state import PARTS, Ask, Turn, go_to


def render(ws: Workspace, screen: Ask, turn: Turn, answer: workbench.AnswerInWords) -> None:
    """Draw why there is no answer."""
    with st.container(key=f"ask-unknown-{turn.number}", gap="small"):
        show.status("attention", "No answer: rather none than a wrong one")
        st.markdown(show.plain(answer.explanation))
        for note in answer.notes:
            show.note(show.plain(note))
        with st.container(horizontal=True, vertical_alignment="center"):
            if answer.unknown and not ws.read_only:
                st.button(
                    "Say what it means",
                    key=f"ask-teach-{turn.number}",
                    icon=":material/menu_book:",
                    on_click=go_to,
                    args=(screen, PARTS[3]),
                    help="Synonyms and measures stand in the semantic layer.",
                )
        with st.expander("Answer it in SQL", icon=":material/code:", key=f"ask-sql-{turn.number}"):
            ask_teaching.render(ws, screen, turn, "")
