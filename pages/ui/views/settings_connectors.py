"""What each connector can do, and what is missing to use it."""

from __future__ import annotations

import streamlit as st

from pages.ui import calls, show


def render() -> None:
    """A line a connector, by family."""
    found = calls.connectors()
    for family in sorted({each.family for each in found}):
        st.markdown(f"##### {family}")
        for each in (one for one in found if one.family == family):
            with st.container(horizontal=True, vertical_alignment="center"):
                if each.missing:
                    show.status("attention", "driver missing")
                else:
                    show.status("good", "ready")
                st.markdown(f"**{show.plain(each.label)}**", width="content")
                can = [word for word, able in (("reads", each.reads), ("writes", each.writes)) if able]
                st.caption(
                    " · ".join(filter(None, (" and ".join(can), show.plain(", ".join(each.suffixes))))), width="content"
                )
                if each.missing:
                    st.code(each.missing, language=None, width="content")
