"""Where to begin: questions about the lake's own tables, with the SQL that answers them."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views.explore_state import Explore, again, begin


def render(ws: Workspace, screen: Explore) -> None:
    """Draw the examples."""
    found = calls.read(ws, workbench.examples)
    if not found:
        return
    st.caption("Begin with a question about your tables")
    for place, (column, example) in enumerate(zip(st.columns(len(found)), found, strict=True)):
        with column.container(border=True, height="stretch", key=f"example-{place}"):
            st.markdown(f"**{show.plain(example.title)}**")
            st.markdown(f":small[{show.code(example.table)}]")
            if st.button("Ask", key=f"ask-{place}", icon=":material/play_arrow:"):
                screen.show(example.sql)
                begin(ws, screen)
                again()
