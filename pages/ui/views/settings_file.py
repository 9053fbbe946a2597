"""The settings file as text, for people who know it."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views import settings_form


def render(ws: Workspace, view: workbench.SettingsView) -> None:
    """Edit the file; it is checked, and the catalog it names opened, before it can be saved."""
    st.caption(f"{show.plain(view.path)} · a secret is written secret:NAME, never as its value")
    text = st.text_area(
        "automic.yaml",
        view.text,
        height=360,
        key=f"file-{view.version}",
        disabled=ws.settled,
        label_visibility="collapsed",
    )
    if text is not None and text != view.text and not ws.settled:
        trial = show.attempt(calls.at, ws, workbench.try_settings, text)
        if trial is not None:
            settings_form.save(ws, view, trial, key="file")
