"""The rows of a table, page by page; a click on a cell follows it to its file and line."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from automic_core import workbench
from automic_core.errors import AutomicError
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views import tables_filter, tables_state, tables_trace
from pages.ui.views.tables_state import Screen, mark

RID = "_rid"


def render(ws: Workspace, table: str, snapshot: int | None) -> None:
    """Filters, the grid, pages, and beside it the trace of the chosen cell."""
    screen = ws.screen(Screen)
    where = tables_filter.current()
    names = calls.read(ws, workbench.data_columns, table, snapshot, tables=[table])
    columns, pages = tables_filter.render(table, names)
    # The grid keeps its place in the page whether a cell is chosen or not, else it would begin anew.
    both = st.container(horizontal=True, gap="medium")
    with both.container(width="stretch"):
        picked = _grid(ws, table, snapshot, where, columns, screen, pages)
    if picked is not None:
        tables_state.follow(*picked)
    chosen = picked or tables_state.cell()
    if chosen is not None:
        with both.container(width=390):
            tables_trace.render(ws, table, *chosen, snapshot)


def _grid(
    ws: Workspace,
    table: str,
    snapshot: int | None,
    where: str,
    columns: str,
    screen: Screen,
    pages: DeltaGenerator,
) -> tuple[int, str] | None:
    """The rows of one page; returns the cell that is selected."""
    which = mark(table, snapshot, where, columns)
    number = 1
    try:
        found: workbench.Page = calls.read(ws, workbench.page, table, snapshot, 0, where, columns, tables=[table])
        total = found.rows.total or 0
        if total > workbench.PAGE_ROWS:
            with pages:
                number = st.pagination(
                    -(-total // workbench.PAGE_ROWS), max_visible_pages=5, width="stretch", key=f"page-{which}"
                )
        if number > 1:
            offset = (number - 1) * workbench.PAGE_ROWS
            found = calls.read(ws, workbench.page, table, snapshot, offset, where, columns, tables=[table])
    except AutomicError as exc:
        show.error(exc)
        return None
    if not found.rows.rows:
        show.note("No row is like that. Take the filter away." if where else "There are no rows in this state.")
        return None
    if not found.columns:
        show.note("No column has such a name.")
        return None
    key = f"rows-{which}-{number}-{screen.round}"
    cell = show.rows(found.rows, key=key, select="cell", sample=_said(found, where))
    if cell is None:
        return None
    row, column = found.rows.rows[cell[0]], cell[1]
    if RID not in row or row[RID] is None:
        show.note("The rows of this table have no id, so that none can be followed.")
        return None
    return int(row[RID]), column if column != RID else next(name for name in found.rows.columns if name != RID)


def _said(found: workbench.Page, where: str) -> str:
    """What the rows are, beside how many."""
    first = found.offset + 1
    parts = [f"from row {first:,}"] if found.offset else []
    shown = len([name for name in found.rows.columns if name != RID])
    if shown < found.all_columns:
        parts.append(f"{shown:,} of {show.count(found.all_columns, 'column')}")
    if where:
        parts.append("those that fit the filter")
    return " · ".join([*parts, "click a cell to see where it comes from"])
