"""The files behind a table: how many, how large, what each column takes; it can be tidied up."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views import job_panel
from pages.ui.views.tables_state import mark

MOST = 1_000


def render(ws: Workspace, table: str, snapshot: int | None) -> None:
    """Totals, the files and the columns."""
    found = show.attempt(calls.read, ws, workbench.files, table, snapshot, tables=[table])
    if found is None:
        return
    data = [each for each in found.files if not each.deletes]
    with st.container(horizontal=True, gap="large"):
        for label, value in (
            ("Data files", f"{len(data):,}"),
            ("Size", show.size(found.bytes)),
            ("Rows", f"{found.rows:,}"),
            ("Bytes a row", f"{found.bytes / found.rows:,.1f}" if found.rows else "-"),
        ):
            st.metric(label, value, width="content")
    show.note(f"Below {show.plain(found.location)}")
    if snapshot is None:
        _tidy(ws, table, found)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _columns(found, mark(table, snapshot))
    with right:
        _list(found, mark(table, snapshot))


def _tidy(ws: Workspace, table: str, found: workbench.Files) -> None:
    """Small files and old states, with what can be done about them, and what was done last."""
    newest = next((job for job in calls.fresh(ws, workbench.jobs, 20, table) if job.kind == "tidy"), None)
    if newest is not None and newest.state not in ("succeeded", "cancelled"):
        job_panel.render(ws, newest.id)
        if not newest.ended:
            return
    with st.container(horizontal=True, vertical_alignment="center"):
        if found.hint:
            show.status("attention", "small files")
            st.markdown(show.plain(found.hint), width="content")
        what = "Merges small files, forgets states older than retention_days, deletes files that nothing refers to."
        if st.button("Tidy up", icon=":material/mop:", key="tidy", disabled=ws.read_only, help=what):
            show.attempt(calls.change, ws, workbench.submit, "tidy", table, {"table": table})
            st.rerun()
        done = newest.result if newest is not None and newest.state == "succeeded" else None
        if newest is not None and done is not None:
            show.note(show.plain(f"{str(done['told']).capitalize()}, {show.when(newest.ended_at)}"))
    for sentence in done["stays"] if done is not None else ():
        show.note(show.plain(str(sentence)))


def _columns(found: workbench.Files, key: str) -> None:
    st.markdown("##### Columns")
    total = sum(each.bytes or 0 for each in found.columns) or 1
    st.dataframe(
        {
            "column": [each.name for each in found.columns],
            "type": [each.type for each in found.columns],
            "share": [(each.bytes or 0) / total for each in found.columns],
            "bytes": [show.size(each.bytes) for each in found.columns],
            "nulls": [each.nulls for each in found.columns],
            "low": [each.low for each in found.columns],
            "high": [each.high for each in found.columns],
        },
        hide_index=True,
        key=f"sizes-{key}",
        height=min(len(found.columns) + 1, 13) * 34 + 4,
        row_height=34,
        column_config={
            "column": st.column_config.TextColumn("Column", width=130, pinned=True),
            "type": st.column_config.TextColumn("Type", width=80),
            "share": st.column_config.ProgressColumn("Share", format="percent", min_value=0, max_value=1, width=80),
            "bytes": st.column_config.TextColumn("Size", width=80),
            "nulls": st.column_config.NumberColumn("Empty", format="localized", width=70),
            "low": st.column_config.TextColumn("Smallest"),
            "high": st.column_config.TextColumn("Largest"),
        },
    )
    show.note("from the files' own statistics: no row was read")


def _list(found: workbench.Files, key: str) -> None:
    st.markdown("##### Files")
    shown = found.files[:MOST]
    st.dataframe(
        {
            "path": [each.path for each in shown],
            "rows": [each.rows for each in shown],
            "size": [show.size(each.bytes) for each in shown],
            "at": [each.at for each in shown],
            "deletes": ["marks deleted rows" if each.deletes else "" for each in shown],
        },
        hide_index=True,
        key=f"files-{key}",
        height=min(len(shown) + 1, 13) * 34 + 4,
        row_height=34,
        column_order=["path", "rows", "size", "at", *(["deletes"] if any(each.deletes for each in shown) else [])],
        column_config={
            "path": st.column_config.TextColumn("File", width=150),
            "rows": st.column_config.NumberColumn("Rows", format="localized", width=70),
            "size": st.column_config.TextColumn("Size", width=75),
            "at": st.column_config.DatetimeColumn("Added (UTC)", format="YYYY-MM-DD HH:mm", width=130),
            "deletes": st.column_config.TextColumn(""),
        },
    )
    of = f"showing the largest {len(shown):,} of " if len(shown) < len(found.files) else ""
    show.note(f"{of}{show.count(len(found.files), 'file')}")
