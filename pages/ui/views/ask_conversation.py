"""The conversation: questions, their answers as cards, the one under way, and the field at the bottom."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views import ask_card, ask_unknown
from pages.ui.views.ask_state import MOST_QUESTION, Ask, Turn, begin, cancel, finish
from pages.ui.words import streamed

_IDEAS = "Begin with a question, or ask your own below"


def render(ws: Workspace, screen: Ask) -> None:
    """Draw the conversation."""
    if not screen.turns and screen.asking is None:
        _start(ws, screen)
    for turn in screen.turns:
        _turn(ws, screen, turn, last=turn is screen.turns[-1])
    if screen.asking is not None:
        _running(screen, screen.asking)
    question = st.chat_input("Ask about your tables", key="ask-question", max_chars=MOST_QUESTION)
    if question:
        begin(ws, screen, question)
        st.rerun()


def chips(ws: Workspace, screen: Ask, questions: Sequence[str], key: str) -> None:
    """Questions to click."""
    with st.container(horizontal=True, gap="small", key=key):
        for place, question in enumerate(questions):
            if st.button(show.plain(question), key=f"{key}-{place}", icon=":material/forum:"):
                begin(ws, screen, question)
                st.rerun()


def _turn(ws: Workspace, screen: Ask, turn: Turn, *, last: bool) -> None:
    with st.chat_message("user", avatar=":material/person:"):
        st.markdown(show.plain(turn.question))
    with st.chat_message("assistant", avatar=":material/database:"):
        if turn.error is not None:
            show.error(turn.error)
        elif turn.answer is not None and turn.answer.sql is not None:
            ask_card.render(ws, screen, turn, turn.answer)
        elif turn.answer is not None:
            ask_unknown.render(ws, screen, turn, turn.answer)
            if last and turn.answer.suggestions:
                show.note("What can be asked")
                chips(ws, screen, turn.answer.suggestions, f"ask-chip-{turn.number}")


def _running(screen: Ask, asking: workbench.AskingInWords) -> None:
    """The question under way: what is told of it, as it is told."""
    with st.chat_message("user", avatar=":material/person:"):
        st.markdown(show.plain(asking.question))
    with st.chat_message("assistant", avatar=":material/database:"):
        if st.button("Cancel", key="ask-cancel", icon=":material/stop_circle:"):
            cancel(screen)
            st.rerun()
        st.write_stream(streamed(asking.told()))
        finish(screen)
        st.rerun()


def _start(ws: Workspace, screen: Ask) -> None:
    """Questions to begin with: those that people approved, then such as the tables suggest."""
    approved = [each.question for each in calls.fresh(ws, workbench.questions) if each.verdict == "right"][:4]
    st.caption(_IDEAS)
    if approved:
        chips(ws, screen, approved, "ask-approved")
    if screen.ideas is None:
        screen.ideas = calls.together(ws, workbench.ask_in_words, "")
        screen.ideas.wait(0.2)
    if screen.ideas.done:
        _ideas(ws, screen, screen.ideas)
    else:
        st.fragment(show.guarded(_awaited), run_every=0.5)(screen)


def _awaited(screen: Ask) -> None:
    """Look whether the lake was read meanwhile; the words in it are what the ideas are made of."""
    if screen.ideas is not None and screen.ideas.done:
        st.rerun()
    show.note("Reading the words of the tables")


def _ideas(ws: Workspace, screen: Ask, asked: workbench.AskingInWords) -> None:
    try:
        found = asked.answer().suggestions
    except AutomicError as exc:
        calls.apart()  # who comes next asks again
        show.error(exc)
        return
    chips(ws, screen, found, "ask-idea")
