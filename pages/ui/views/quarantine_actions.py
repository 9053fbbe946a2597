"""What can be done with the rows: check again, save, waive, edit in bulk."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from automic_core import workbench
from automic_core.workbench import quarantining
from automic_core.workbench.quarantining import Listing, Verdict
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views.quarantine_desk import Desk, View


def render(ws: Workspace, desk: Desk, found: Listing, view: View, marked: list[int]) -> None:
    """The toolbar above the rows, and what the last re-check said."""
    table = found.table
    edited = list(desk.pending(table))
    cells = desk.cells(table)
    on_page = [row.rid for row in found.rows if row.rid is not None and not row.obstacle]
    aimed = list(dict.fromkeys([*marked, *edited])) or on_page
    returned = view.state == "replayed"
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        checking = st.button(
            f"Re-check {show.count(len(aimed), 'row')}",
            icon=":material/fact_check:",
            help="Runs the promotion on these rows alone, with your edits; nothing is saved.",
            disabled=not aimed or returned,
            key="recheck",
        )
        label = f"Save {show.count(cells, 'fix', 'fixes')}" if cells else "Save fixes"
        saving = st.button(label, icon=":material/save:", disabled=ws.read_only or not cells, key="save")
        waiving = st.button(
            f"Waive {show.count(len(marked), 'row')}" if marked else "Waive",
            icon=":material/do_not_disturb_on:",
            help=None if marked else "Mark rows first.",
            disabled=ws.read_only or not marked or returned,
            key="waive",
        )
        bulk = st.button("Bulk edit", icon=":material/function:", disabled=ws.read_only or not on_page, key="bulk")
        if cells and st.button("Discard edits", type="tertiary", key="discard"):
            desk.clear(table)
            st.rerun()
    _line(cells, len(edited), list(desk.checked(table).values()), ws.read_only)
    if checking:
        check(ws, desk, table, aimed)
    if saving:
        save(ws, desk, table, edited)
    if waiving:
        desk.asking = ("waive", table, marked)
    if bulk:
        desk.asking = ("bulk", table, marked)


def check(ws: Workspace, desk: Desk, table: str, rids: list[int]) -> None:
    """Re-check rows with their unsaved edits; the verdicts stay with them until they change."""
    edits = {rid: cells for rid, cells in desk.pending(table).items() if rid in set(rids)}
    policy = calls.at(ws, workbench.policy)
    found = show.attempt(calls.fresh, ws, quarantining.recheck, table, rids, edits, policy=policy)
    if found is not None:
        desk.checked(table).update({verdict.rid: verdict for verdict in found})
        st.rerun()


def save(ws: Workspace, desk: Desk, table: str, rids: list[int]) -> None:
    """Make decisions of unsaved edits."""
    edits = {rid: desk.pending(table)[rid] for rid in rids}
    made = show.attempt(calls.change, ws, quarantining.fix_many, table, edits)
    if made is not None:
        ws.message = f"{show.count(len(made), 'fix', 'fixes')} saved; replay brings the rows into silver"
        desk.clear(table, rids)
        st.rerun()


def _line(cells: int, rows: int, verdicts: list[Verdict], read_only: bool) -> None:
    """What is not saved, and what the last re-check said; always one line, so that the rows below stay in place."""
    count = Counter(verdict.outcome for verdict in verdicts)
    needs = dict.fromkeys(need for verdict in verdicts if verdict.outcome == "passes" for need in verdict.needs)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="checked"):
        if count["passes"]:
            show.status("good", f"{count['passes']:,} would pass")
        if count["fails"]:
            show.status("bad", f"{count['fails']:,} still fail" if count["fails"] > 1 else "1 still fails")
        if count["leaves"]:
            show.status("neutral", f"{count['leaves']:,} would be left out")
        told = [f"{show.count(cells, 'cell')} of {show.count(rows, 'row')} edited, not saved yet."] if cells else []
        if needs:
            told.append(f"Passing also needs the whole table: {show.plain(', '.join(needs))}.")
        if not told and not verdicts:
            told = ["You may look." if read_only else "Edit a cell in place, or mark rows to act on them."]
        show.note(" ".join(told))
