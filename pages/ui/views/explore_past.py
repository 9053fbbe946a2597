"""Time travel: the tables as they are now, one of them at a snapshot, or all at a point in time."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views.explore_state import Explore

_NOW, _TABLE, _TIME = "Now", "One table at a snapshot", "All tables at a time"


def render(ws: Workspace, screen: Explore, tables: list[workbench.TreeTable]) -> None:
    """Draw the choice; it counts from the next run on."""
    label = f"As of: {screen.past}" if str(screen.past) else "As of: now"
    with st.popover(
        label if len(label) < 60 else f"{label[:58]}…", icon=":material/schedule:", width="content", key="explore-past"
    ):
        modes = [_NOW, _TABLE, _TIME]
        mode = st.radio("Read the tables as of", modes, key="past-mode", index=_index(screen.past))
        if mode == _TABLE:
            screen.past = _one_table(ws, screen, tables)
        elif mode == _TIME:
            screen.past = _all_tables(screen)
        else:
            screen.past = workbench.Past()
        st.caption(
            "Counts from the next run on. In the statement itself, AT (VERSION => …) behind a table does the same."
        )


def _index(past: workbench.Past) -> int:
    if past.at is not None:
        return 2
    return 1 if past.snapshot is not None else 0


def _one_table(ws: Workspace, screen: Explore, tables: list[workbench.TreeTable]) -> workbench.Past:
    names = [table.name for table in tables if not table.error]
    named = [name for name in names if name in screen.sql]
    start = screen.past.table or (named[0] if named else names[0])
    table = st.selectbox("Table", names, index=names.index(start) if start in names else 0, key="past-table")
    states = list(reversed(calls.read(ws, workbench.history, table, tables=[table])))
    ids = [state.id for state in states]
    words = {
        state.id: f"{show.when(state.at)} · {show.count(state.rows, 'row')} · {show.exact(state.at)}"
        + (" · current" if state.current else "")
        for state in states
    }
    place = ids.index(screen.past.snapshot) if screen.past.snapshot in ids else 0
    chosen = st.selectbox(
        "Snapshot", ids, index=place, format_func=lambda each: words[each], key=f"past-snapshot-{table}"
    )
    return workbench.Past(table=table, snapshot=chosen)


def _all_tables(screen: Explore) -> workbench.Past:
    before = screen.past.at or datetime.now(UTC).replace(second=0, microsecond=0)
    chosen = st.datetime_input("Time (UTC)", before.replace(tzinfo=None), key="past-time")
    return workbench.Past(at=(chosen or before).replace(tzinfo=UTC))
