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
_HOLDS = {"state": "the table as it is now", "history": "every version of each row"}
_LONG = 44


def render(ws: Workspace, view: workbench.ChangeLogView, again: dict[str, Any] | None = None) -> workbench.Job | None:
    """Position, counts and silver; with ``again`` a button, and the job once it is pressed."""
    job = None
    with st.container(horizontal=True, vertical_alignment="center", key="change-place"):
        shown = view.position if len(view.position) <= _LONG else f"{view.position[:_LONG]}…"
        show.status("neutral", show.plain(f"{view.place} {shown}" if shown else "Compared with its source"))
        with st.container():
            show.note(show.plain(f"{view.source} · {show.when(view.at)}"))
        label = "Read the changes"
        if again is not None and st.button(label, key="read-changes", icon=":material/sync:", disabled=ws.read_only):
            job = submit(ws, view.table, again)
    parts = [f"{number:,} {word}" for word, number in view.changes.items() if number]
    st.markdown(f"{show.plain(view.table)} holds {', '.join(parts) or 'no changes'}")
    if view.blocked:
        show.status("attention", "Silver does not follow by itself")
        show.note(show.plain(view.blocked))
    elif view.silver:
        behind = f"{show.count(view.waiting, 'change')} behind" if view.waiting else "up to date"
        show.note(f"Silver holds {_HOLDS[view.silver]}, {behind}")
    return job


def beside(ws: Workspace, table: str) -> None:
    """The same beside a table's promotion, with a way to read on; nothing for a table that is not followed."""
    view = show.attempt(calls.read, ws, workbench.change_log, table)
    if view is None:
        return
    with st.container(border=True, key="change-log"):
        job = render(ws, view, calls.fresh(ws, workbench.read_again, view.table))
        if view.silver and not view.blocked:
            show.note("A promotion of your own takes the place of this: then changes reach silver by promotion only.")
    if job is not None:
        show.go("connect", job=job.id)


def submit(ws: Workspace, table: str, arguments: dict[str, Any]) -> workbench.Job | None:
    """Begin a job that follows a table."""
    return show.attempt(calls.change, ws, workbench.submit, "follow", table, arguments)
