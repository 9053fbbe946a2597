"""What a visitor's session remembers; the only file that touches ``st.session_state``."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from automic_core import workbench

_KEY = "workspace"


@dataclass
class Workspace:
    """One visitor's session.

    Attributes:
        lake: Folder of the lake that is open.
    """

    lake: str


def workspace() -> Workspace:
    """The session's workspace; made on first use."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = Workspace(str(workbench.lake_path()))
    found: Workspace = st.session_state[_KEY]
    return found
