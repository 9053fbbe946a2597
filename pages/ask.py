"""Ask the lake in plain language: a conversation, what people approved, the golden set, the words of the lake."""

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import drawn, workspace
from pages.ui.views import ask_approved, ask_conversation, ask_golden, ask_layer
from pages.ui.views.ask_state import PARTS, Ask, follow_link, forget, go_to

ws = workspace()
screen = ws.screen(Ask)
tables = [name for name in calls.read(ws, workbench.table_names) if not name.startswith(("quarantine.", "meta."))]
if not tables:
    show.opening("Ask", "No tables to ask yet")
    show.nothing("Tables that you connect can be asked here in plain language, each answer with its SQL.", "table")
else:
    workbench.warm_queries()
    follow_link(ws, screen)
    with show.opening("Ask", f"{workbench.table_count(tables)} to ask in plain language"):
        if st.button("New conversation", icon=":material/add_comment:", key="ask-new", disabled=not screen.turns):
            forget(screen)
            st.rerun()
    if not drawn("ask-part"):
        go_to(screen, screen.part)
    part = st.segmented_control("What to see", list(PARTS), key="ask-part", label_visibility="collapsed", required=True)
    screen.part = part or screen.part
    {
        "Conversation": ask_conversation.render,
        "Approved": ask_approved.render,
        "Golden set": ask_golden.render,
        "Words of the lake": ask_layer.render,
    }[screen.part](ws, screen)
