"""What people said of answers: verified questions with their SQL, and answers that were called wrong."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views.ask_state import Ask


def render(ws: Workspace, screen: Ask) -> None:
    """Draw the list, the newest first."""
    found = calls.fresh(ws, workbench.questions)
    if not found:
        show.note("Nobody has said anything of an answer yet. A thumb up makes it a verified question.")
    for each in found[:100]:
        right = each.verdict == "right"
        with st.container(border=True, key=f"ask-approved-{each.id}", gap="small"):
            with st.container(horizontal=True, vertical_alignment="center"):
                show.status("good" if right else "bad", "verified" if right else "wrong")
                st.markdown(f"**{show.plain(each.question)}**", width="stretch")
                st.caption(f"{show.plain(each.actor)}, {show.when(each.at)}", width="content", help=show.exact(each.at))
                if st.button("Take back", key=f"ask-back-{each.id}", icon=":material/undo:", disabled=ws.read_only):
                    show.attempt(calls.change, ws, workbench.revoke_question, each.id)
                    st.rerun()
            if each.reason:
                show.note(show.plain(each.reason))
            slots = each.approved().slots
            if slots:
                named = ", ".join(show.code(slot.text) for slot in slots)
                show.note(f"Any other value may stand for {named}.")
            st.code(each.sql, language="sql", wrap_lines=True)
