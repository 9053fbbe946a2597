"""What waits for a person, the worst first."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from pages.ui import show
from pages.ui.state import Workspace

MOST = 8


def render(ws: Workspace, waiting: list[workbench.Attention]) -> None:
    """A line each, with the page where something can be done about it."""
    with st.container(border=True, key="attention"):
        st.markdown("##### Needs attention")
        if not waiting:
            show.status("good", "Nothing waits for you")
        for number, each in enumerate(waiting[:MOST]):
            with st.container(horizontal=True, vertical_alignment="center", wrap=False, key=f"line-attention-{number}"):
                show.status(each.level, each.kind)
                st.markdown(show.plain(each.sentence), width="stretch")
                label = f"Open {each.page}"
                if st.button(
                    label, key=f"attention-{number}", type="tertiary", icon=":material/arrow_forward:", help=label
                ):
                    show.go(each.page, **each.query)
        if len(waiting) > MOST:
            st.caption(f"and {len(waiting) - MOST:,} more")
        label = "Surprises, drift and failed rules"
        st.page_link("pages/monitors.py", label=label, icon=":material/monitoring:")
