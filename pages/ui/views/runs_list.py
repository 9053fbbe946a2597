"""All runs and jobs, page by page; a click opens one."""

from __future__ import annotations

from typing import Any

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views.job_panel import STATES
from pages.ui.words import whole

PAGE = 50
ROW_PIXELS = 34
_COLOURS = {"good": "green", "attention": "violet", "bad": "red", "neutral": "gray"}


def render(ws: Workspace) -> None:
    """Filter, grid, pager."""
    chosen = {name: st.query_params.get(name, "") for name in ("table", "state")}
    offset = whole(st.query_params.get("from", "")) or 0
    page = calls.fresh(ws, workbench.run_page, chosen["table"], chosen["state"], offset, PAGE)
    show.opening("Runs", sentence(page))
    if not page.total and not any(chosen.values()):
        show.nothing("Each run will stand here with its ledger, its timings and its log.", "flow")
        return
    _filters(page, chosen)
    if not page.lines:
        show.note("No run fits the filter.")
        return
    picked = _grid(page)
    _pager(page)
    if picked is not None:
        st.query_params["run"] = page.lines[picked].id
        st.rerun()


def sentence(page: workbench.RunPage) -> str:
    """Where things stand."""
    if not page.states:
        return "Nothing has run yet"
    total = sum(page.states.values())
    parts = [f"{number:,} {STATES[state][1].lower()}" for state in STATES if (number := page.states.get(state))]
    return f"{show.count(total, 'run')}: {', '.join(parts)}"


def _filters(page: workbench.RunPage, chosen: dict[str, str]) -> None:
    """Table and state; both stand in the link."""
    with st.container(horizontal=True, vertical_alignment="center"):
        tables = ["", *page.tables]
        place = tables.index(chosen["table"]) if chosen["table"] in tables else 0
        table = st.selectbox(
            "Table",
            tables,
            index=place,
            format_func=lambda name: name or "All tables",
            key="runs-table",
            label_visibility="collapsed",
            width=280,
        )
        states = ["", *(state for state in STATES if page.states.get(state) or state == chosen["state"])]
        state = st.segmented_control(
            "State",
            states,
            default=chosen["state"] if chosen["state"] in states else "",
            format_func=lambda name: f"{STATES[name][1]} {page.states.get(name, 0):,}" if name else "All",
            key="runs-state",
            label_visibility="collapsed",
        )
    wanted = {"table": table or "", "state": state or ""}
    if wanted != chosen:
        for name, value in wanted.items():
            _put(name, value)
        _put("from", "")
        st.rerun()


def _put(name: str, value: str) -> None:
    if value:
        st.query_params[name] = value
    elif name in st.query_params:
        del st.query_params[name]


def _grid(page: workbench.RunPage) -> int | None:
    """The lines; the place of the one that was clicked."""
    lines = page.lines
    words = {state: word for state, (_, word) in STATES.items()}
    data: dict[str, list[Any]] = {
        "State": [[words.get(line.state, line.state)] for line in lines],
        "What": [line.title for line in lines],
        "Began": [line.at for line in lines],
        "Seconds": [line.seconds for line in lines],
        "Rows in": [line.rows_in for line in lines],
        "Rows out": [line.rows_out for line in lines],
        "Removed": [line.removed for line in lines],
        "Ledger": [_adds_up(line) for line in lines],
        "By": [line.actor for line in lines],
    }
    colours = [_COLOURS[kind] for kind, _ in STATES.values()]
    number = st.column_config.NumberColumn
    event = st.dataframe(
        data,
        key=f"runs-grid-{page.offset}",
        hide_index=True,
        placeholder="",
        on_select="rerun",
        selection_mode="single-cell",
        row_height=ROW_PIXELS,
        height=min(len(lines) + 1, 15) * ROW_PIXELS + 4,
        column_config={
            "State": st.column_config.MultiselectColumn(options=list(words.values()), color=colours, width=96),
            "What": st.column_config.TextColumn(width=226),
            "Began": st.column_config.DatetimeColumn(format="distance", width=114),
            "Seconds": number(format="%.1f", width=76),
            "Rows in": number(
                format="localized", width=90, help="Rows read; of a table built by SQL, those that the statement gave"
            ),
            "Rows out": number(format="localized", width=90),
            "Removed": number(format="localized", width=86),
            "Ledger": st.column_config.TextColumn(width=84),
            "By": st.column_config.TextColumn(width=84),
        },
    )
    cells = event["selection"]["cells"]
    return int(cells[0][0]) if cells and cells[0][0] < len(lines) else None


def _adds_up(line: workbench.RunLine) -> str:
    return "" if line.balanced is None else "adds up" if line.balanced else "DOES NOT ADD UP"


def _pager(page: workbench.RunPage) -> None:
    last = page.offset + len(page.lines)
    with st.container(horizontal=True, vertical_alignment="center"):
        seen = f"showing {page.offset + 1:,} to {last:,} of {show.count(page.total, 'run')} · click one to open it"
        st.caption(seen + (" · older ones are not looked through" if page.capped else ""), width="stretch")
        if page.total > PAGE:
            if st.button("Newer", key="runs-newer", icon=":material/chevron_left:", disabled=page.offset == 0):
                _put("from", str(max(0, page.offset - PAGE)))
                st.rerun()
            if st.button("Older", key="runs-older", icon=":material/chevron_right:", disabled=last >= page.total):
                _put("from", str(last))
                st.rerun()
