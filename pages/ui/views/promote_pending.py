"""Reviews of the lake that wait for a decision."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from automic_core import workbench
from pages.ui import show

MOST = 10


def render(waiting: Sequence[workbench.ReviewInfo]) -> None:
    """A line for each, with who prepared it and when; nothing if none waits."""
    if not waiting:
        return
    with st.container(border=True, key="pending-reviews"):
        st.markdown(f"**{show.count(len(waiting), 'review waits', 'reviews wait')} for a decision**")
        for each in waiting[:MOST]:
            left, middle, right = st.columns([5, 2, 1], vertical_alignment="center")
            left.markdown(f"{show.code(each.table)} · {show.plain(each.sentence)}")
            who = f"{show.plain(each.actor)} · {show.when(each.at)}"
            middle.caption(f"{who} · out of date" if each.moved else who, help=each.moved or show.exact(each.at))
            if right.button("Open", key=f"open-{each.id}", width="stretch"):
                st.query_params["review"] = each.id
                st.rerun()
        if len(waiting) > MOST:
            show.note(f"showing {MOST} of {len(waiting):,}; choose a table to see its own")
