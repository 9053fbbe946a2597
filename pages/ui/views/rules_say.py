"""Say what you want: one field that gives staged steps and rules, tried on the rows; accepting is one undo point."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError
from pages.ui import beside, calls, model_ask, show
from pages.ui.state import Workspace, put
from pages.ui.views import rules_draft
from pages.ui.views.rules_draft import Held

FIELD = "rules-say"
_IDEAS = "trim and lowercase the emails; drop rows without id; amount must not be negative"


@dataclass
class Saying:
    """What was said last on this page.

    Attributes:
        table: The table it was about.
        data: The draft it was read against; another one makes it void.
        text: What was said.
        found: How it was read; None while there is nothing.
        epoch: Names the widgets of this reading.
    """

    table: str = ""
    data: object = None
    text: str = ""
    found: workbench.Reading | None = None
    error: AutomicError | None = None
    epoch: int = 0


def render(ws: Workspace, held: Held) -> None:
    """Draw the field and what was staged."""
    screen = ws.screen(Saying)
    if screen.table != held.table or (screen.found is not None and screen.data != held.data):
        screen.table, screen.found, screen.error = held.table, None, None
    off = ws.read_only or held.stale
    form = st.form("rules-say-form", border=False, enter_to_submit=True)
    with form, st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Say what you want",
            key=FIELD,
            placeholder=_IDEAS,
            help="Steps and rules in plain English. Tried on the rows first; nothing changes before you accept.",
            disabled=off,
            width="stretch",
        )
        asked = st.form_submit_button("Try", icon=":material/chat:", disabled=off, key="rules-say-try")
    if asked and text.strip():
        _read(ws, held, screen, text, model=False)
    if screen.error is not None:
        show.error(screen.error)
    if screen.found is not None:
        with st.container(border=True, key="rules-said"):
            _staged(ws, held, screen, screen.found)


def _read(ws: Workspace, held: Held, screen: Saying, text: str, *, model: bool) -> None:
    screen.text, screen.data, screen.error, screen.found = text, held.data, None, None
    screen.epoch += 1
    how = calls.change if model else calls.fresh
    try:
        screen.found = how(ws, workbench.say, held.table, held.data, text, model=model)
    except AutomicError as exc:
        screen.error = exc


def _staged(ws: Workspace, held: Held, screen: Saying, found: workbench.Reading) -> None:
    taken: list[workbench.Staged] = []
    for number, each in enumerate(found.staged):
        if _entry(screen, each, number):
            taken.append(each)
    for unclear in found.unknown:
        said = show.plain(unclear.said)
        st.markdown(f":material/help: **{said}**: {show.plain(unclear.why)}  \n:gray[{show.plain(unclear.ask)}]")
    _preview(ws, held, screen, taken)
    with st.container(horizontal=True, vertical_alignment="center"):
        if found.staged:
            st.button(
                f"Accept {show.count(len(taken), 'entry', 'entries')}",
                icon=":material/check:",
                key="rules-say-accept",
                disabled=ws.read_only or held.stale or not taken,
                help="One undo point",
                on_click=_accept,
                args=(ws, held, screen, taken),
            )
        st.button("Dismiss", key="rules-say-dismiss", type="tertiary", on_click=_dismiss, args=(screen,))
        _model(ws, held, screen, found)


def _entry(screen: Saying, each: workbench.Staged, number: int) -> bool:
    """A line of what would be added; whether it is ticked."""
    tick, chip = st.columns([5, 2], vertical_alignment="center")
    by = " · by the model" if each.by == "model" else ""
    with tick:
        on = st.checkbox(
            f"**{show.plain(each.title)}** :gray[{each.group}{by} · {show.plain(each.effect)}]",
            value=True,
            key=f"rules-said-{screen.epoch}-{number}",
        )
        told = [each.why, *([f"{'; '.join(each.examples[:2])}"] if each.examples else [])]
        st.caption(show.plain(" · ".join(part for part in told if part)))
    with chip:
        label = "obey" if each.group == "rule" else "can be served"
        key = f"rules-said-evidence-{screen.epoch}-{number}"
        show.evidence(each.agree, each.of, each.counter, key=key, label=label, of_what="row")
    return on


def _preview(ws: Workspace, held: Held, screen: Saying, taken: list[workbench.Staged]) -> None:
    """The rows before and after, at the entry that is chosen."""
    if not taken:
        return
    names = [each.title for each in taken]
    chosen = 0
    if len(taken) > 1:
        picked = st.selectbox(
            "Before and after",
            range(len(names)),
            format_func=names.__getitem__,
            key=f"rules-said-look-{screen.epoch}-{len(taken)}",
        )
        chosen = int(picked or 0)
    edit = workbench.staged_edit(held.data, taken[: chosen + 1], screen.text)
    try:
        preview = calls.read(ws, workbench.preview_step, held.table, edit.data, edit.entry)
    except AutomicError as exc:
        show.note(show.plain(f"{exc.message} {exc.hint}"))
        return
    which: beside.Which = "changed" if preview.changes else "removed" if preview.findings else "all"
    beside.beside(preview, key=f"rules-said-beside-{held.table}", which=which, height=230)


def _model(ws: Workspace, held: Held, screen: Saying, found: workbench.Reading) -> None:
    """The model may be asked instead, unless it was."""
    if not any(each.by == "model" for each in found.staged):
        model_ask.ask(
            ws,
            lambda: [calls.fresh(ws, workbench.say_plan, held.table, held.data, screen.text)],
            key="rules-say-model",
            on_ask=_ask_model,
            args=(ws, held, screen),
        )


def _ask_model(ws: Workspace, held: Held, screen: Saying) -> None:
    _read(ws, held, screen, screen.text, model=True)


def _accept(ws: Workspace, held: Held, screen: Saying, taken: list[workbench.Staged]) -> None:
    rules_draft.edit(ws, held, workbench.staged_edit(held.data, taken, screen.text))
    _dismiss(screen)


def _dismiss(screen: Saying) -> None:
    screen.found, screen.error = None, None
    put(FIELD, "")
