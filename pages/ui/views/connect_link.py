"""The chosen source in the address, so that a reload, a bookmark and the way back show the same preview."""

from __future__ import annotations

import streamlit as st

from automic_core.workbench import source_links
from pages.ui import calls
from pages.ui.state import Workspace, drawn
from pages.ui.views.connect_state import Connecting

JOB = "job"
NAMES = (*source_links.NAMES, JOB)
SHOWN = "connect-again"
"""A button that is there whenever a source is."""


def follow(ws: Workspace, state: Connecting) -> None:
    """Take up what the address names, unless this visitor went on from there."""
    said = {name: st.query_params[name] for name in NAMES if name in st.query_params}
    if said and said != state.link:
        found = calls.at(ws, source_links.linked_source, said)
        if found is not None:
            state.choose(*found)
        state.job = said.get(JOB, "")
        state.link = said
    elif state.chosen and not drawn(SHOWN):
        state.fixed = dict(state.options)  # come back to: its form begins with what was set
    keep(ws, state)


def keep(ws: Workspace, state: Connecting) -> None:
    """Let the address name the source and the job that are shown."""
    chosen = (state.place, state.kind, state.options)
    state.link = calls.at(ws, source_links.source_link, *chosen) if state.chosen else {}
    state.link |= {JOB: state.job} if state.job else {}
    for name in NAMES:
        if name in state.link:
            st.query_params[name] = state.link[name]
        else:
            st.query_params.pop(name, None)
