"""How far sources were read by a cursor; a person can set that back, or clear it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace, forget


def render(ws: Workspace, marks: Sequence[workbench.WatermarkView], key: str) -> None:
    """One line a watermark, with a way to change it."""
    for number, mark in enumerate(marks):
        with st.container(horizontal=True, vertical_alignment="center", key=f"watermark-{key}-{number}"):
            words = f"read up to {mark.value}" if mark.value else "cleared: the next run reads from the beginning"
            show.status("neutral", f"{mark.cursor} {words}")
            who = f"set by {mark.actor}" if mark.by_hand else f"by {mark.actor}"
            show.note(show.plain(f"{who}, {show.when(mark.at)}" + (f" · {mark.source}" if len(marks) > 1 else "")))
            if not ws.read_only:
                with st.popover("Change", icon=":material/edit:", key=f"watermark-change-{key}-{number}"):
                    _change(ws, mark, f"{key}-{number}")


def _change(ws: Workspace, mark: workbench.WatermarkView, key: str) -> None:
    show.note("The next run reads from here on. Rows that are there already are not doubled.")
    box = f"watermark-value-{key}"
    value = st.text_input("Watermark", placeholder=mark.value or "none", key=box)
    with st.container(horizontal=True):
        to = st.button("Set", key=f"watermark-set-{key}", disabled=not value.strip(), icon=":material/check:")
        none = mark.value is None
        clear = st.button("Clear", key=f"watermark-clear-{key}", disabled=none, icon=":material/backspace:")
    if to or clear:  # below both buttons, where an error has room
        _put(ws, mark, value.strip() if to else None, box)


def _put(ws: Workspace, mark: workbench.WatermarkView, value: str | None, box: str) -> None:
    put, table = workbench.put_watermark, mark.table
    if show.attempt(calls.change, ws, put, table, value, mark.source, mark.cursor) is not None:
        forget(box)
        st.rerun()
