"""Thumbs: a right answer makes a verified question, a wrong one is not given again; a golden one must stay as it is."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views.ask_state import Ask, Turn

_LOOK = "This workbench is open for looking only."
_FOLLOWS = "It goes on from the question before; ask it in full to approve it."


def render(ws: Workspace, screen: Ask, turn: Turn, answer: workbench.AnswerInWords) -> None:
    """Draw the buttons, or what was said."""
    if turn.judged is not None:
        right = turn.judged.verdict == "right"
        show.status("good" if right else "bad", "verified, it is answered so from now on" if right else "called wrong")
        if st.button("Undo", key=f"ask-undo-{turn.number}", icon=":material/undo:"):
            _undo(ws, turn)
    else:
        _thumbs(ws, turn, answer)
    if turn.golden:
        show.status("neutral", "in the golden set")
    elif st.button(
        "Keep in golden set",
        key=f"ask-golden-{turn.number}",
        icon=":material/bookmark_add:",
        disabled=ws.read_only,
        help=_LOOK if ws.read_only else "The rows it has now are what it must have when it is asked again.",
    ):
        _keep(ws, screen, turn)


def _thumbs(ws: Workspace, turn: Turn, answer: workbench.AnswerInWords) -> None:
    follows = answer.follows and not answer.verified
    if answer.rung != "verified" and st.button(
        "Right",
        key=f"ask-right-{turn.number}",
        icon=":material/thumb_up:",
        disabled=ws.read_only or follows,
        help=_LOOK if ws.read_only else _FOLLOWS if follows else "Keep it as a verified question.",
    ):
        _say(ws, turn, workbench.approve_answer, answer)
    with st.popover("Wrong", icon=":material/thumb_down:", disabled=ws.read_only, width="content"):
        reason = st.text_input("What is wrong", key=f"ask-reason-{turn.number}", placeholder="May stay empty")
        show.note("The same statement is not given again for this question.")
        if st.button("It is wrong", key=f"ask-wrong-{turn.number}", icon=":material/thumb_down:"):
            _say(ws, turn, workbench.reject_answer, answer, reason=reason.strip())


def _say(ws: Workspace, turn: Turn, use_case: object, answer: workbench.AnswerInWords, **more: str) -> None:
    try:
        turn.judged = calls.change(ws, use_case, answer, **more)  # type: ignore[arg-type]
    except AutomicError as exc:
        show.error(exc)
        return
    st.rerun()


def _undo(ws: Workspace, turn: Turn) -> None:
    assert turn.judged is not None
    try:
        calls.change(ws, workbench.revoke_question, turn.judged.id)
    except AutomicError as exc:
        show.error(exc)
        return
    turn.judged = None
    st.rerun()


def _keep(ws: Workspace, screen: Ask, turn: Turn) -> None:
    try:
        calls.change(ws, workbench.add_golden, turn.question, turn.after)
    except AutomicError as exc:
        show.error(exc)
        return
    turn.golden, screen.outcomes = True, None
    st.rerun()
