"""Why a row was set aside, in words: the reasons beside the other rows' values; a model may put it otherwise."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError
from pages.ui import calls, model_ask, show
from pages.ui.state import Workspace


def render(ws: Workspace, table: str, rid: int) -> None:
    """Draw the sentences; the other rows are looked at when they are asked for."""
    panel = st.expander("In words", icon=":material/chat:", key=f"why-{table}-{rid}", on_change="rerun")
    with panel:
        if not panel.open:
            return
        found = show.attempt(calls.read, ws, workbench.explain_row, table, rid)
        if found is None:
            return
        for sentence in found.sentences:
            st.text(sentence)
        told = ws.screen(_Told).by_row.get((table, rid))
        if isinstance(told, AutomicError):
            show.error(told)
        elif told is not None and told.by == "model":
            st.text(" ".join(told.sentences))
            st.caption("By the model, from the same facts.")
        model_ask.ask(
            ws,
            lambda: calls.fresh(ws, workbench.explain_plan, table, rid),
            key=f"why-model-{rid}",
            on_ask=_read,
            args=(ws, table, rid),
        )


class _Told:
    """What a model said of rows, as long as the page is kept."""

    def __init__(self) -> None:
        self.by_row: dict[tuple[str, int], workbench.Explanation | AutomicError] = {}


def _read(ws: Workspace, table: str, rid: int) -> None:
    try:
        said: workbench.Explanation | AutomicError = calls.change(ws, workbench.explain_row, table, rid, model=True)
    except AutomicError as exc:
        said = exc
    ws.screen(_Told).by_row[table, rid] = said
