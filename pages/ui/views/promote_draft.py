"""What the next promotion does: types, steps and rules of the draft."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from pages.ui import show


def render(standing: workbench.Promotable) -> None:
    """The draft in numbers, its lines, and its YAML one click away."""
    kinds = [line["what"] for line in standing.parts.rows if line["enabled"]]
    told = [
        show.count(kinds.count(kind), unit)
        for kind, unit in (("type", "accepted type"), ("step", "step"), ("rule", "rule"))
    ]
    own = standing.table.partition(".")[2]
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("**The next promotion**", width="content")
            show.note(", ".join(told))
            st.space("stretch")
            st.page_link("pages/connect.py", label="More rows", icon=":material/cable:", query_params={"table": own})
            st.page_link("pages/schema.py", label="Schema", icon=":material/view_column:", query_params={"table": own})
            st.page_link("pages/rules.py", label="Rules", icon=":material/rule:", query_params={"table": own})
        draft = standing.draft
        if draft.updated_at is not None and standing.edited:
            show.note(f"edited by {show.plain(draft.actor)} {show.when(draft.updated_at)}, not published yet")
        elif not standing.parts.rows:
            show.note("Nothing is set: every column gets the type that all its values prove, and all rows are kept.")
        if standing.parts.rows:
            with st.expander("Types, steps and rules in order"):
                show.rows(standing.parts, key="draft-parts")
            with st.expander("As YAML"):
                st.code(draft.text, language="yaml")
