"""A step that reads texts: the language model may read them, and the step checks what it says."""

from __future__ import annotations

from automic_core import workbench
from automic_core.errors import AutomicError
from pages.ui import calls, model_ask, show
from pages.ui.state import Workspace
from pages.ui.views import rules_draft
from pages.ui.views.rules_draft import Held


def render(ws: Workspace, held: Held, entry: workbench.DraftEntry) -> None:
    """Draw the button, for the kinds that it is about."""
    if entry.kind not in workbench.TEXT_STEPS or held.stale:
        return
    answers = entry.options.get("answers")
    if answers:
        show.note(f"{show.count(len(answers), 'text')} with an answer that was given; the others by rules.")
    model_ask.ask(
        ws,
        lambda: calls.fresh(ws, workbench.read_texts_plan, held.table, held.data, entry.id),
        key="rules-texts-model",
        on_ask=_read,
        args=(ws, held, entry.id),
    )


def _read(ws: Workspace, held: Held, entry: str) -> None:
    try:
        edit = calls.change(ws, workbench.read_texts, held.table, held.data, entry)
    except AutomicError as exc:
        held.error = exc
        return
    rules_draft.edit(ws, held, edit)
