"""The head of the tables page: what the table is, which state of it is shown, and where to go."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace


def render(ws: Workspace, table: str, snapshot: int | None) -> workbench.State | None:
    """Draw the sentence and the primary action; returns the past state that is shown, if it is one."""
    facts = calls.read(ws, workbench.table_facts, table, tables=[table])
    past = calls.read(ws, workbench.timeline, table, tables=[table]) if snapshot is not None else []
    seen = next((each for each in past if each.id == snapshot), None)
    with show.opening("Tables", _sentence(facts, seen)):
        if st.button("Query in SQL", type="primary", icon=":material/query_stats:"):
            show.go("explore", table=table)
    if facts.layer == "quarantine":
        show.note("Rows that any run has set aside, as they were then; SQL and Quarantine show those set aside now.")
    if snapshot is not None:
        _moment(table, snapshot, seen)
    return seen


def _sentence(facts: workbench.TableFacts, seen: workbench.State | None) -> str:
    name = show.plain(facts.name)
    if seen is not None and not seen.current:
        return f"{name} as it was {show.when(seen.at)}: {show.count(seen.rows, 'row')}"
    by = f" by {show.plain(facts.actor)}" if facts.actor else ""
    what = f"{show.count(facts.rows, 'row')} in {show.count(facts.columns, 'column')}"
    return f"{name} has {what}, published {show.when(facts.at)}{by}"


def _moment(table: str, snapshot: int, seen: workbench.State | None) -> None:
    """Says which past state is shown, with the way back."""
    with st.container(horizontal=True, vertical_alignment="center", key="moment"):
        if seen is None:
            show.status("attention", "unknown state")
            st.markdown(
                f"{show.plain(table)} never had the state {snapshot}; this is the present one.", width="content"
            )
        else:
            show.status("neutral" if seen.current else "attention", "present state" if seen.current else "past state")
            st.markdown(f"{show.plain(seen.label)}, {show.exact(seen.at)}", width="content")
        if st.button("Back to the present", icon=":material/undo:", key="to-present"):
            st.query_params.pop("snapshot", None)
            st.rerun()
