"""Use-cases behind caches; the only file with ``st.cache_*``. Results are kept until the lake changes."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench


def overview(lake: str) -> workbench.Overview:
    """Tables and newest runs of a lake."""
    return _overview(lake, workbench.stamp(lake))


@st.cache_data(show_spinner=False, max_entries=8)
def _overview(lake: str, stamp: tuple[int, ...]) -> workbench.Overview:
    with workbench.opened(lake) as opened:
        return workbench.overview(opened)
