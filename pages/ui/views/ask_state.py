"""What the Ask page remembers, and the steps from a question to its answer."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError, ConfigError
from pages.ui import calls
from pages.ui.state import Workspace, put
from pages.ui.views.save_gold import Saving

PARTS = ("Conversation", "Approved", "Golden set", "Words of the lake")
PATIENCE = 0.4
"""Seconds the page waits for an answer before it shows how far it is."""
MOST_QUESTION = 500
MOST_TURNS = 30
MOST_AFTER = 8


@dataclass
class Turn:
    """A question and what came of it.

    Attributes:
        judged: What the person said of it: right or wrong.
        golden: Whether it was kept in the golden set.
        saving: The answer on its way to a gold table.
    """

    number: int
    question: str
    after: tuple[str, ...]
    answer: workbench.AnswerInWords | None = None
    error: AutomicError | None = None
    judged: workbench.Judgement | None = None
    golden: bool = False
    saving: Saving = field(default_factory=Saving)


@dataclass
class Ask:
    """The screen's state.

    Attributes:
        asking: The question under way.
        taken: The deep link that was taken over already.
        ideas: Questions to begin with; None until they are asked for.
        part: What is shown.
        layer: The text of the semantic layer as it is being edited; None = as it is kept.
        checked: That text, checked.
        outcomes: The golden set, asked again.
    """

    turns: list[Turn] = field(default_factory=list)
    asked: int = 0
    asking: workbench.AskingInWords | None = None
    taken: str = ""
    ideas: workbench.AskingInWords | None = None
    part: str = PARTS[0]
    layer: str | None = None
    checked: workbench.SemanticView | None = None
    outcomes: tuple[workbench.GoldenOutcome, ...] | None = None

    def after(self) -> tuple[str, ...]:
        """The questions that the next one may go on from: the answered ones since one stood for itself."""
        found: list[str] = []
        for turn in reversed(self.turns):
            if turn.answer is None or turn.answer.sql is None:
                continue
            found.append(turn.question)
            if not turn.answer.follows:
                break
        return tuple(reversed(found[:MOST_AFTER]))


def begin(ws: Workspace, screen: Ask, question: str) -> None:
    """Ask; the answer is there at once if it is quick."""
    question = question.strip()
    if screen.asking is not None:
        screen.asking.cancel()
    screen.asking = None
    if not question:
        return
    screen.asking = calls.fresh(ws, workbench.ask_in_words, question, screen.after())
    if len(question) <= MOST_QUESTION:
        screen.taken = question
        st.query_params.from_dict({"question": question})
    if screen.asking.wait(PATIENCE):
        finish(screen)


def finish(screen: Ask) -> None:
    """Take the answer, or what is wrong, of a question that is done."""
    assert screen.asking is not None
    asking, screen.asking = screen.asking, None
    screen.asked += 1
    turn = Turn(screen.asked, asking.question, asking.after)
    try:
        turn.answer = asking.answer()
    except AutomicError as exc:
        turn.error = exc
    screen.turns = [*screen.turns, turn][-MOST_TURNS:]


def cancel(screen: Ask) -> None:
    """Stop the question under way."""
    if screen.asking is not None:
        screen.asking.cancel()
    screen.asking = None


def forget(screen: Ask) -> None:
    """Begin a new conversation."""
    cancel(screen)
    screen.turns, screen.taken = [], ""
    st.query_params.clear()


def go_to(screen: Ask, part: str) -> None:
    """Show another part of the page; before its parts are drawn, such as in a callback."""
    screen.part = part
    put("ask-part", part)


def follow_link(ws: Workspace, screen: Ask) -> None:
    """Open what the address names: ``?question=`` asks it, once."""
    question = st.query_params.get("question", "")
    if not question or question == screen.taken:
        return
    screen.taken = question
    go_to(screen, PARTS[0])
    if len(question) > MOST_QUESTION:
        said = f"The link holds a question of {len(question):,} characters; {MOST_QUESTION} may be."
        screen.asked += 1
        error = ConfigError(said, "Ask it in fewer words.")
        screen.turns.append(Turn(screen.asked, f"{question[:60]}…", (), error=error))
        return
    begin(ws, screen, question)
