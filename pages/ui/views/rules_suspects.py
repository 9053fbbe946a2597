"""Cells that are probably wrong, each with its reason; a fix, or "it is right", is a decision."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views.rules_draft import Held

_KINDS = {"row": "String", "column": "String", "value": "String", "suggestion": "String", "reason": "String"}


def render(ws: Workspace, held: Held) -> None:
    """Draw the panel; the data is searched when it is open."""
    panel = st.expander(
        "Cells that are probably wrong",
        icon=":material/frame_inspect:",
        key=f"rules-suspects-{held.table}",
        on_change="rerun",
    )
    with panel:
        if not panel.open:
            return
        try:
            found = calls.read(ws, workbench.suspects, held.table)
        except AutomicError as exc:
            show.error(exc)
            return
        _said(held)
        if not found.cells:
            show.note(f"None found in the first {show.count(found.looked, 'row')}.{_taught(found)}")
            return
        show.note(
            f"Found without any rule in the first {show.count(found.looked, 'row')}, as they came.{_taught(found)} "
            "Mark those you know about."
        )
        key = f"rules-suspects-grid-{held.table}-{found.labels}-{found.total}"
        marked = show.rows(_rows(found), key=key, select="rows", total=found.total) or []
        _decide(ws, held, [found.cells[place] for place in marked], key)


def _taught(found: workbench.Suspects) -> str:
    return f" What people decided about {show.count(found.labels, 'cell')} was learned from." if found.labels else ""


def _rows(found: workbench.Suspects) -> workbench.Rows:
    shown = [
        {
            "row": f"{each.record:,}",
            "column": each.column,
            "value": each.value,
            "suggestion": each.suggestion,
            "reason": each.reason,
        }
        for each in found.cells
    ]
    return workbench.Rows(_KINDS, shown, found.total)


def _decide(ws: Workspace, held: Held, marked: list[workbench.Suspect], key: str) -> None:
    """What can be done with the marked cells."""
    value: str | None = None
    one = marked[0] if len(marked) == 1 else None
    if one is not None and one.fixed:
        value = st.text_input(
            "New value",
            one.suggestion or "",
            key=f"{key}-value-{one.rid}-{one.column}",
            help="Empty means that there is no value.",
            disabled=ws.read_only,
            width=320,
        )
    fixes: dict[tuple[int, str], str | None] = {
        (each.rid, each.column): each.suggestion for each in marked if each.fixed and each.suggestion is not None
    }
    if one is not None and one.fixed:
        fixes = {(one.rid, one.column): value or None}
    held_back = len(marked) - len(fixes)
    with st.container(horizontal=True, vertical_alignment="center", key="rules-suspects-act"):
        st.button(
            f"Fix {show.count(len(fixes), 'cell')}" if fixes else "Fix",
            icon=":material/build:",
            key="rules-suspects-fix",
            disabled=ws.read_only or not fixes,
            help="Applied at every later promotion; Quarantine and Tables show the decision.",
            on_click=_fix,
            args=(ws, held, fixes),
        )
        st.button(
            "It is right" if len(marked) < 2 else f"These {len(marked)} are right",
            icon=":material/check:",
            key="rules-suspects-right",
            disabled=ws.read_only or not marked,
            help="Not suspected again; cells like it are judged more mildly.",
            on_click=_trust,
            args=(ws, held, [(each.rid, each.column) for each in marked]),
        )
        if marked and held_back:
            without = "Part of the key, or without a suggestion"
            show.note(f"{without}: {show.count(held_back, 'cell')} cannot be fixed together with others.")


def _fix(ws: Workspace, held: Held, fixes: dict[tuple[int, str], str | None]) -> None:
    try:
        made = calls.change(ws, workbench.fix_suspects, held.table, fixes)
    except AutomicError as exc:
        held.error = exc
        return
    held.said = f"{show.count(len(made), 'cell')} fixed; the next promotion applies it."


def _trust(ws: Workspace, held: Held, cells: list[tuple[int, str]]) -> None:
    try:
        made = calls.change(ws, workbench.trust_cells, held.table, cells)
    except AutomicError as exc:
        held.error = exc
        return
    held.said = f"{show.count(len(made), 'cell')} noted as right."


def _said(held: Held) -> None:
    """What the last click did."""
    if held.said:
        show.status("good", held.said)
    held.said = ""
