"""What became of the columns: which state brought, renamed, retyped or removed each."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views.tables_state import mark

MOST = 1_000
_KINDS = {"added": "+ added", "removed": "- removed", "renamed": "→ renamed", "retyped": "≠ other type"}


def render(ws: Workspace, table: str) -> None:
    """The changes, newest first."""
    found = calls.read(ws, workbench.schema_history, table, tables=[table])
    if not found:
        show.note("The columns have been the same since the table was made. See them under Columns.")
        return
    wanted = st.text_input(
        "Column",
        key=f"schema-{mark(table)}",
        placeholder="Find a column",
        icon=":material/search:",
        label_visibility="collapsed",
        width=260,
    )
    fitting = [each for each in found if (wanted or "").lower() in each.column.lower()]
    shown = fitting[:MOST]
    st.dataframe(
        {
            "at": [each.at for each in shown],
            "kind": [_KINDS[each.kind] for each in shown],
            "column": [each.column for each in shown],
            "old": [each.old for each in shown],
            "new": [each.new for each in shown],
            "who": [each.actor for each in shown],
        },
        hide_index=True,
        key=f"schema-history-{mark(table, wanted)}",
        height=min(len(shown) + 1, 15) * 34 + 4,
        row_height=34,
        column_config={
            "at": st.column_config.DatetimeColumn("When (UTC)", format="YYYY-MM-DD HH:mm:ss", width=160),
            "kind": st.column_config.TextColumn("What", width=120),
            "column": st.column_config.TextColumn("Column"),
            "old": st.column_config.TextColumn("Before"),
            "new": st.column_config.TextColumn("After"),
            "who": st.column_config.TextColumn("Who", width=110),
        },
    )
    of = f"showing {len(shown):,} of " if len(shown) < len(fitting) else ""
    show.note(f"{of}{show.count(len(fitting), 'change')} of columns, newest first")
