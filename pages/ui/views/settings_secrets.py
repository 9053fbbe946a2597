"""Secrets by name: where each value lies, which hosts may have it, whether there is one."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from pages.ui import show

_EXAMPLE = "secrets:\n  warehouse_key: {env: WAREHOUSE_KEY, hosts: [storage.example.com]}"


def render(view: workbench.SettingsView) -> None:
    """A line a secret; no value is ever read for this page."""
    st.caption("The file names a secret; its value lies in the environment or in a file, and goes only to its hosts.")
    if not view.secrets:
        st.markdown("No secret is declared. One is declared like this:")
        st.code(_EXAMPLE, language="yaml")
        return
    for secret in view.secrets:
        with st.container(horizontal=True, vertical_alignment="center"):
            if secret.found:
                show.status("good", "has a value")
            else:
                show.status("bad", "no value")
            st.markdown(f"**{show.plain(secret.name)}**", width="content")
            text = f"from {secret.origin}, for {', '.join(secret.hosts)}"
            st.caption(show.plain(text), width="content")
