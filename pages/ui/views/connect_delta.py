"""Follow a table's changes: by the server's log or by comparing, and what silver makes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views import change_panel
from pages.ui.views.connect_state import Connecting

LOG, COMPARE = "log", "compare"
CONTRACTS = ("evolve", "freeze", "discard_value")


@dataclass(frozen=True)
class Delta:
    """How a table is to be followed.

    Attributes:
        keys: Columns that identify a row; None = a person has to choose them.
    """

    compare: bool
    silver: str
    keys: list[str] | None


def render(ws: Workspace, state: Connecting, standing: workbench.Standing | None) -> Delta:
    """The two decisions, below how far the table was followed already."""
    view = None
    if standing is not None and standing.exists:
        view = show.attempt(calls.read, ws, workbench.change_log, standing.table)
    if view is not None:
        change_panel.render(ws, view)
    log = _log(ws, state)
    compare = _how(state, log, view) == COMPARE
    silver = _silver(state, view)
    keys = view.keys if view is not None else None if compare else log.keys
    if keys is not None:
        show.note(f"Rows are known by {show.plain(', '.join(keys))}")
    for sentence in log.notes if not compare else ():
        show.note(show.plain(sentence))
    return Delta(compare, silver, keys)


def _log(ws: Workspace, state: Connecting) -> workbench.LogChoice:
    """Whether the source has a log; asked once for each way to read it."""
    if state.logged is None or state.logged[0] != state.seen:
        place, kind = state.place, state.kind or None
        found = show.attempt(calls.place, ws, workbench.log_choice, place, kind, state.options)
        state.logged = (state.seen, found or workbench.LogChoice(""))
    return state.logged[1]


def _how(state: Connecting, log: workbench.LogChoice, view: workbench.ChangeLogView | None) -> str:
    if not log.log:
        show.note("This source keeps no log: all its rows are read and compared each time.")
        return COMPARE
    if not log.usable:
        show.status("attention", "Its log cannot be followed")
        show.note(show.plain(" ".join(part for part in (log.problem, log.hint) if part)))
        return COMPARE
    words = {
        LOG: ("By the server's log", f"Reads {log.log}: every change, in order."),
        COMPARE: ("By comparing", "Reads all rows each time; of several changes to a row only the last is seen."),
    }
    first = COMPARE if view is not None and not view.position else LOG
    return _chosen(state, "Changes are found", words, first, "how")


def _silver(state: Connecting, view: workbench.ChangeLogView | None) -> str:
    first = (view.silver or "none") if view is not None else "state"
    return _chosen(state, "Silver holds the table", change_panel.SILVER, first, "silver")


def _chosen(state: Connecting, label: str, words: dict[str, tuple[str, str]], first: str, name: str) -> str:
    key = f"delta-{name}-{state.turn}-{first}"
    state.begin(key, first)
    say: Callable[[str], str] = lambda choice: words[choice][0]  # noqa: E731
    captions = [caption for _, caption in words.values()]
    chosen = state.typed[key] = st.radio(label, list(words), format_func=say, captions=captions, key=key)
    return str(chosen)
