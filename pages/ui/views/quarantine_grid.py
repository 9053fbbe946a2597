"""The rows themselves: data cells can be edited in place, the reasons and the line stand beside them."""

from __future__ import annotations

import zlib
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from automic_core.workbench import quarantining
from automic_core.workbench.quarantining import Listing, Reason, SetAside
from pages.ui import calls, show, state
from pages.ui.state import Workspace
from pages.ui.views.quarantine_desk import Cells, Desk, View

PICK, LOOK, WHY, CHECK, LINE = "_pick", "_look", "_why", "_check", "_line"
MOST_COLUMNS, LONGEST, ROW_PIXELS, MOST_ROWS = 80, 2_000, 34, 12
OUTCOMES = {"passes": "would pass", "fails": "still fails", "leaves": "left out"}
FAILING = "\N{MULTIPLICATION SIGN}"
STATES = {"open": "open", "fixed": "fixed", "waived": "waived", "replayed": "in silver"}


def places() -> tuple[DeltaGenerator, DeltaGenerator]:
    """Where the toolbar stands above the rows, and the pages beside it."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        return st.container(width="stretch"), st.container(width="content")


def page(ws: Workspace, table: str, view: View) -> Listing:
    """The page of rows a visitor looks at."""
    filters = (table, view.reason, view.state, view.search)
    first: Listing = calls.read(ws, quarantining.listing, *filters)
    if first.pages == 1:
        return first
    number = st.pagination(first.pages, key=f"page-{table}-{zlib.crc32(view.name.encode())}")
    chosen: Listing = calls.read(ws, quarantining.listing, *filters, number - 1)
    return chosen


def render(ws: Workspace, desk: Desk, found: Listing, view: View) -> list[int]:
    """Draw the rows, note what was edited, and return the rows that are marked."""
    if not found.rows:
        show.note("No row is like that. Take a filter away.")
        return []
    columns = _columns(found, view)
    shown = [{name: _cut(_now(desk, found.table, row, name)) for name in columns} for row in found.rows]
    which = zlib.crc32(repr([row.rid for row in found.rows] + columns).encode())
    key = f"grid-{found.table}-{which}-{desk.round}"
    edited = st.data_editor(
        _table(desk, found, shown, columns),
        key=key,
        hide_index=True,
        column_order=[PICK, LOOK, CHECK, WHY, LINE, *columns],
        column_config=_config(found, columns, key),
        disabled=True if ws.read_only else _locked(found),
        height=min(len(shown) + 1, MOST_ROWS) * ROW_PIXELS + 6,
        row_height=ROW_PIXELS,
        placeholder="—",
    )
    changed = [
        (row, column, edited[column][place])
        for place, (row, before) in enumerate(zip(found.rows, shown, strict=True))
        for column in columns
        if edited[column][place] not in (before[column], _now(desk, found.table, row, column)) and not row.obstacle
    ]
    for row, column, value in changed:
        desk.put(found.table, row, column, value)
    if changed:
        st.rerun()  # so that everything above knows of the edit
    _foot(found, columns)
    looked = state.clicked(f"{key}-look")
    if looked is not None and found.rows[looked].rid is not None:
        st.query_params["row"] = str(found.rows[looked].rid)
        st.rerun()
    return [row.rid for place, row in enumerate(found.rows) if edited[PICK][place] and row.rid is not None]


def _columns(found: Listing, view: View) -> list[str]:
    """Columns to show: those of the chosen reason first, then those any row on the page fails in, then the others."""
    chosen = [each.column for each in found.reasons if each.name == view.reason]
    failing = [reason.column for row in found.rows for reason in row.reasons]
    first = [name for name in dict.fromkeys([*found.keys, *chosen, *failing]) if name in found.columns]
    return [*first, *(name for name in found.columns if name not in first)][:MOST_COLUMNS]


def _now(desk: Desk, table: str, row: SetAside, column: str) -> str | None:
    """A cell with what was typed and not saved."""
    edits = desk.pending(table).get(row.rid, {}) if row.rid is not None else {}
    return edits.get(column, row.cells.get(column))


def _cut(text: str | None) -> str | None:
    return text[:LONGEST] + "…" if text and len(text) > LONGEST else text


def _table(desk: Desk, found: Listing, shown: list[Cells], columns: list[str]) -> dict[str, list[Any]]:
    verdicts, edits = desk.checked(found.table), desk.pending(found.table)
    outcome = [
        OUTCOMES[verdicts[row.rid].outcome]
        if row.rid in verdicts
        else "edited"
        if row.rid in edits
        else STATES[row.state]
        for row in found.rows
    ]
    return {
        PICK: [False] * len(shown),
        LOOK: [":material/visibility:" if row.rid is not None else "" for row in found.rows],
        CHECK: outcome,
        WHY: [[_reason(reason) for reason in row.reasons] for row in found.rows],
        LINE: [_line(row) for row in found.rows],
        **{name: [cells[name] for cells in shown] for name in columns},
    }


def _reason(reason: Reason) -> str:
    """A reason as a chip: the two that are no rules of a person are called by what they mean."""
    if reason.rule == "malformed":
        return "unreadable"
    return f"type of {reason.column}" if reason.rule == "cast" else reason.name


def _line(row: SetAside) -> str:
    if row.obstacle:
        return "cannot be fixed"
    if row.line is not None:
        return f"line {row.line:,}"
    return f"record {row.record:,}" if row.record is not None else ""


def _locked(found: Listing) -> list[str]:
    """Columns nobody edits: our own, and the key, by which a row is known, unless a row lacks it."""
    lacking = any(not row.cells.get(name) for row in found.rows for name in found.keys)
    return [CHECK, WHY, LINE, LOOK, *([] if lacking else found.keys)]


def _config(found: Listing, columns: list[str], key: str) -> dict[str, Any]:
    failing = {reason.column for row in found.rows for reason in row.reasons}
    names = list(dict.fromkeys(_reason(reason) for row in found.rows for reason in row.reasons))
    return {
        PICK: st.column_config.CheckboxColumn("", width=36, pinned=True, help="Mark rows to act on"),
        LOOK: st.column_config.ButtonColumn("", width=40, pinned=True, type="tertiary", key=f"{key}-look"),
        CHECK: st.column_config.TextColumn("State", width=80),
        WHY: st.column_config.MultiselectColumn("Why", options=names, color="red", width=150),
        LINE: st.column_config.TextColumn("Where", width=82),
        **{
            name: st.column_config.TextColumn(f"{FAILING} {name}" if name in failing else name, width=120)
            for name in columns
        },
    }


def _foot(found: Listing, columns: list[str]) -> None:
    of = "" if len(found.rows) == found.matching else f"{len(found.rows):,} of "
    parts = [f"showing {of}{show.count(found.matching, 'row')}"]
    if len(columns) < len(found.columns):
        parts.append(f"{len(columns):,} of {show.count(len(found.columns), 'column')}")
    parts.append(f"{FAILING} marks columns in which a row on this page fails")
    if any(row.obstacle for row in found.rows):
        parts.append("rows made of several cannot be fixed here")
    show.note(" · ".join(parts))
