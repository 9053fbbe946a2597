"""Asking in plain language: how the question was read and how far to trust it, or why there is no answer."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views.explore_state import Explore, again, begin

_RUNGS = {"grammar": "the grammar, without a model"}


def render(ws: Workspace, screen: Explore) -> None:
    """Draw the field, and what came of the last question."""
    question = st.text_input(
        "Ask in plain language",
        value=screen.question,
        placeholder="Ask in plain English: how many … are there for each …?",
        label_visibility="collapsed",
        icon=":material/forum:",
        key=f"ask-in-words-{screen.questions}",
    )
    if question.strip() != screen.question:
        _ask(ws, screen, question.strip())
        again()
    if screen.words_error is not None:
        show.error(screen.words_error)
    elif screen.words is not None and screen.words.sql is None:
        _abstained(ws, screen, screen.words)
    elif screen.words is not None and screen.words.sql == screen.sql:
        _read(screen.words)


def _ask(ws: Workspace, screen: Explore, question: str) -> None:
    """Read a question; its statement goes into the editor, and is asked."""
    screen.question, screen.words, screen.words_error = question, None, None
    if not question:
        return
    try:
        screen.words = calls.fresh(ws, workbench.read_question, question)
    except AutomicError as exc:
        screen.words_error = exc
        return
    if screen.words.sql is not None:
        screen.show(screen.words.sql)
        begin(ws, screen)


def _read(words: workbench.AnswerInWords) -> None:
    with st.container(key="explore-read"):
        st.markdown(f"**Read as** {show.plain(words.explanation)}")
        by = _RUNGS.get(words.rung or "", words.rung)
        st.caption(
            f"By {by}; trust {words.trust:.0%}. Its statement stands in the editor, where it can be changed.",
            help="About so many of a hundred answers with this trust were right on questions whose answer is known.",
        )


def _abstained(ws: Workspace, screen: Explore, words: workbench.AnswerInWords) -> None:
    with st.container(border=True, key="explore-abstained"):
        show.status("attention", "No answer: rather none than a wrong one")
        st.markdown(show.plain(words.explanation))
        if not words.suggestions:
            return
        st.caption("Questions that can be answered")
        with st.container(horizontal=True, gap="small"):
            for place, suggestion in enumerate(words.suggestions):
                if st.button(show.plain(suggestion), key=f"ask-suggestion-{place}", icon=":material/forum:"):
                    screen.questions += 1
                    _ask(ws, screen, suggestion)
                    again()
