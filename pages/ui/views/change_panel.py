"""How far a table was followed: its place in the source's log, the changes that came, how silver stands to them."""

from __future__ import annotations

from typing import Any

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace

SILVER = {
    "state": ("As it is now", "One row a key; updated and deleted as in the source."),
    "history": ("Every version", "One row a version, with valid_from and valid_to (type 2)."),
    "none": ("Leave it alone", "The changes stay in bronze until somebody promotes them."),
}
_LONG = 44


def render(view: workbench.ChangeLogView) -> None:
    """Position, counts and silver."""
    if view.position:
        shown = view.position if len(view.position) <= _LONG else f"{view.position[:_LONG]}…"
        show.status("neutral", show.plain(f"{view.place} {shown}"))
    else:
        show.status("neutral", "Compared with its source")
    show.note(show.plain(f"{view.source}, {show.when(view.at)}"))
    parts = [f"{number:,} {word}" for word, number in view.changes.items() if number]
    show.note(f"Changes in {show.plain(view.table)}: {', '.join(parts) or 'none'}")
    if view.blocked:
        show.status("attention", "Silver does not follow by itself")
        show.note(show.plain(view.blocked))
    elif view.silver:
        behind = f"{show.count(view.waiting, 'change')} behind" if view.waiting else "up to date"
        show.note(f"Silver is {behind}: {SILVER[view.silver][0].lower()}")


def beside(ws: Workspace, table: str) -> None:
    """The same beside a table's promotion, with a way to read on; nothing for a table that is not followed."""
    view = show.attempt(calls.read, ws, workbench.change_log, table)
    if view is None:
        return
    with st.container(border=True, key="change-log"):
        render(view)
        again = calls.fresh(ws, workbench.read_again, view.table)
        job = button(ws, view, again) if again is not None else None
    if job is not None:
        show.go("connect", job=job.id)


def button(ws: Workspace, view: workbench.ChangeLogView, arguments: dict[str, Any]) -> workbench.Job | None:
    """The job that reads what changed since, once it is asked for."""
    if st.button("Read the changes", key="read-changes", icon=":material/sync:", disabled=ws.read_only):
        return submit(ws, view.table, arguments)
    return None


def submit(ws: Workspace, table: str, arguments: dict[str, Any]) -> workbench.Job | None:
    """Begin a job that follows a table."""
    return show.attempt(calls.change, ws, workbench.submit, "follow", table, arguments)
