"""Rows that differ between two states of a table, with examples."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views.tables_state import mark

AT_ONCE, SAID = 1_000_000, 12


def render(ws: Workspace, table: str, before: workbench.State, after: workbench.State) -> None:
    """Counts first, then cells that changed, rows that came and rows that went; large tables only on request."""
    with st.container(border=True, key="diff"):
        st.markdown(f"**From {_said(before)} to {_said(after)}**")
        if max(before.rows or 0, after.rows or 0) > AT_ONCE and not st.toggle(
            "Compare the rows; of so many it takes a while", key=f"compare-{mark(table, before.id, after.id)}"
        ):
            return
        found = _found(ws, table, before.id, after.id)
        if found is None:
            return
        _counts(found)
        if found.schema:
            told = "; ".join(show.plain(workbench.told(each)) for each in found.schema[:SAID])
            more = f"; and {len(found.schema) - SAID:,} more" if len(found.schema) > SAID else ""
            st.markdown(f":material/schema: {told}{more}")
        _examples(found)


def _found(ws: Workspace, table: str, before: int, after: int) -> workbench.Diff | None:
    which = mark(table, before, after)
    first = show.attempt(calls.read, ws, workbench.diff, table, before, after, tables=[table])
    if first is None:
        return None
    names = [name for name in first.added_rows.columns if name in first.removed_rows.columns]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Rows are matched by", width="content")
        keys = st.multiselect(
            "Match rows by",
            names,
            default=[key for key in first.keys if key in names],
            key=f"keys-{which}",
            placeholder="nothing: whole rows are compared",
            label_visibility="collapsed",
            width=420,
        )
    if keys == first.keys:
        return first
    again: workbench.Diff | None = show.attempt(
        calls.read, ws, workbench.diff, table, before, after, keys, tables=[table]
    )
    return again


def _counts(found: workbench.Diff) -> None:
    with st.container(horizontal=True, gap="small"):
        st.badge(f"{show.count(found.added, 'row')} added", icon=":material/add:", color="green")
        st.badge(f"{show.count(found.removed, 'row')} removed", icon=":material/remove:", color="red")
        if found.keys:
            st.badge(f"{show.count(found.changed, 'row')} changed", icon=":material/edit:", color="blue")
    if found.columns:
        most = [f"{show.plain(name)} ({rows:,})" for name, rows in list(found.columns.items())[:12]]
        of = "" if found.counted == found.changed else f", of the first {found.counted:,} changed rows"
        show.note(f"Changed columns{of}: {', '.join(most)}")
    if not (found.added or found.removed or found.changed):
        show.note("The rows are the same.")


def _examples(found: workbench.Diff) -> None:
    kinds = {
        "Changed cells": (found.cells, None),
        "Added rows": (found.added_rows, found.added),
        "Removed rows": (found.removed_rows, found.removed),
    }
    there = {name: part for name, part in kinds.items() if part[0].rows}
    if not there:
        return
    for tab, (name, (rows, total)) in zip(st.tabs(list(there)), there.items(), strict=True):
        with tab:
            show.rows(
                rows,
                key=f"diff-{name}",
                total=total,
                height=260,
                sample="cells of the first changed rows" if total is None else "",
            )


def _said(state: workbench.State) -> str:
    return "the present state" if state.current else f"“{show.plain(state.label)}” ({show.when(state.at)})"
