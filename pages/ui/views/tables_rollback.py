"""One state of the timeline: look at it, see its run, return to it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views.tables_diff import AT_ONCE
from pages.ui.views.tables_state import Screen

KEPT = ("quarantine", "meta")


def render(ws: Workspace, table: str, state: workbench.State, now: workbench.State) -> None:
    """What can be done with the chosen state."""
    with st.container(horizontal=True, vertical_alignment="center", key="state-actions"):
        if st.button("Look at its rows", icon=":material/visibility:", key="look"):
            show.go("tables", table=table, snapshot=state.id)
        if state.run_id:
            st.page_link(
                "pages/runs.py", label="Its run", icon=":material/history:", query_params={"run": state.run_id}
            )
        if state.current or table.partition(".")[0] in KEPT:
            return
        why = "This workbench is open for looking only." if ws.read_only else None
        if st.button("Set the table back to it", icon=":material/undo:", key="back", disabled=ws.read_only, help=why):
            _ask(ws, table, state, now)


def _ask(ws: Workspace, table: str, state: workbench.State, now: workbench.State) -> None:
    """Name the table and the rows before anything happens."""
    sentence = show.attempt(_sentence, ws, table, state, now)
    if sentence is not None:
        show.confirm(f"Set {show.plain(table)} back?", sentence, "Set it back", _action(ws, table, state, now))


def _sentence(ws: Workspace, table: str, state: workbench.State, now: workbench.State) -> str:
    name = show.plain(table)
    to = f"{name} returns to the state of {show.exact(state.at)} with {show.count(state.rows, 'row')}."
    kept = "Nothing is deleted: the present state stays in the timeline."
    if max(state.rows or 0, now.rows or 0) > AT_ONCE:
        return f"{to} It has {show.count(now.rows, 'row')} now. {kept}"
    found: workbench.Diff = calls.read(ws, workbench.diff, table, now.id, state.id, tables=[table])
    parts = [f"removes {show.count(found.removed, 'row')}", f"brings {show.count(found.added, 'row')} back"]
    parts += [f"changes {show.count(found.changed, 'row')}"] if found.keys else []
    return f"{to} That {', '.join(parts[:-1])} and {parts[-1]}. {kept}"


def _action(ws: Workspace, table: str, state: workbench.State, now: workbench.State) -> Callable[[], None]:
    def back() -> None:
        calls.change(ws, workbench.rollback_to, table, state.id, now.id)
        ws.message = f"{table} is back in the state of {show.exact(state.at)}."
        ws.screen(Screen).round += 1
        st.query_params.pop("snapshot", None)

    return back
