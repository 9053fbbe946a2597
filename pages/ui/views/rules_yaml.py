"""The same draft as YAML: to read, to edit, to take away."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError
from pages.ui import show
from pages.ui.state import Workspace
from pages.ui.views import rules_draft
from pages.ui.views.rules_draft import Held


def render(ws: Workspace, held: Held) -> None:
    """Draw the text with its own check; applying it is one undo point."""
    with st.expander("The same as YAML", icon=":material/code:", key="rules-yaml"):
        name = show.plain(held.view.table)
        show.note(f"`automic promote {name} --rules {name}.yaml` runs a file like this one.")
        key = f"rules-text-{held.table}-{held.view.version}"
        off = ws.read_only or held.stale
        height = 22 * min(max(held.view.text.count("\n") + 2, 6), 24)
        text = st.text_area("YAML", held.view.text, height=height, key=key, label_visibility="collapsed", disabled=off)
        good = True
        if text != held.view.text:
            try:
                workbench.parse_promotion(text, held.view.table)
            except AutomicError as exc:
                show.error(exc)
                good = False
        with st.container(horizontal=True):
            st.button(
                "Apply",
                key="rules-apply",
                icon=":material/check:",
                disabled=off or not good or text == held.view.text,
                on_click=rules_draft.save_text,
                args=(ws, held, text),
            )
            st.download_button(
                "Download",
                held.view.text or "{}\n",
                file_name=f"{held.view.table}.yaml",
                mime="application/yaml",
                key="rules-download",
                icon=":material/download:",
            )
