"""Who may come in: on this machine everybody, beyond it only people who log in."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench


def passed() -> bool:
    """Whether the visitor may see the pages; shows the login otherwise."""
    if not workbench.shared():
        return True
    if getattr(st.user, "is_logged_in", False):
        with st.sidebar:
            st.button("Log out", on_click=st.logout, icon=":material/logout:", type="tertiary")
        return True
    st.title("Automic")
    st.write("This workbench is shared; log in to see it.")
    st.button("Log in", on_click=st.login, type="primary", icon=":material/login:")
    return False
