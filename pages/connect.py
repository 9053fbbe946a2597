"""Choose where rows come from, look at them as they are read, take them into bronze."""

import streamlit as st

from pages.ui import show
from pages.ui.state import workspace
from pages.ui.views import (
    connect_browse,
    connect_cards,
    connect_job,
    connect_link,
    connect_preview,
    connect_source,
    connect_take,
    connect_upload,
)
from pages.ui.views.connect_state import Connecting

ws = workspace()
state = ws.screen(Connecting)
connect_link.follow(ws, state)
if state.job:
    connect_job.render(ws, state)
elif state.chosen:
    top = show.opening("Connect", connect_source.headline(ws, state))
    connect_link.keep(ws, state)
    connect_source.render(ws, state)
    if state.sample is not None:
        left, right = st.columns([2.6, 1], gap="medium")
        with left:
            connect_preview.render(ws, state)
        with right:
            connect_take.render(ws, state, top)
elif state.card:
    connect_cards.form(ws, state)
else:
    show.opening("Connect", "Choose a source: nothing is taken before you have seen it")
    connect_upload.render(ws, state)
    connect_browse.render(ws, state)
    connect_cards.render(state)
