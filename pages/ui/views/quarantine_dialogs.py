"""Dialogs of Quarantine: waive rows with a reason, edit a column by an expression."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError
from automic_core.workbench import quarantining
from automic_core.workbench.quarantining import Listing
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views.quarantine_desk import Desk, View

MOST_SHOWN = 200


def render(ws: Workspace, desk: Desk, found: Listing, view: View) -> None:
    """The dialog that is open, if one is."""
    if desk.asking is None:
        return
    what, table, rids = desk.asking
    if table != found.table:
        desk.asking = None
    elif what == "waive":
        _waive(ws, desk, table, rids)
    else:
        _bulk(ws, desk, found, view, rids)


def _dismissed(desk: Desk) -> Callable[[], None]:
    def close() -> None:
        desk.asking = None

    return close


def _waive(ws: Workspace, desk: Desk, table: str, rids: list[int]) -> None:
    """Ask why these rows may break what they break."""
    rows = [calls.read(ws, quarantining.row, table, rid) for rid in rids[:MOST_SHOWN]]
    known = {reason.rule: reason.message for row in rows for reason in row.reasons}

    @st.dialog(
        f"Waive {show.count(len(rids), 'row')} of {show.plain(table)}",
        icon=":material/do_not_disturb_on:",
        on_dismiss=_dismissed(desk),
    )
    def ask() -> None:
        st.markdown("Waived rows go to silver as they are, at the next replay and at every one after it.")
        rules = st.multiselect(
            "What they may break",
            list(known),
            default=list(known),
            format_func=lambda rule: f"{rule}: {known[rule]}",
            key="waive-rules",
        )
        if "cast" in rules:
            show.note("A value that does not fit its type becomes empty in silver.")
        reason = st.text_input("Why", key="waive-reason", placeholder="Confirmed by the customer on the phone")
        ready = bool(rules and reason.strip())
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button("Waive", type="primary", disabled=not ready, key="waive-yes"):
                try:
                    made = calls.change(ws, quarantining.waive_many, table, rids, reason, rules)
                except AutomicError as exc:
                    show.error(exc)
                    return
                ws.message = f"{show.count(len(made), 'waiver')} saved; replay brings the rows into silver"
                desk.asking = None
                desk.clear(table, rids)
                st.rerun()

    ask()


def _bulk(ws: Workspace, desk: Desk, found: Listing, view: View, marked: list[int]) -> None:
    """Change a column of many rows by one expression, after a look at what it would do."""
    first = found.columns.index(_at_fault(found, view, marked)) if found.columns else 0

    @st.dialog(
        f"Edit {show.plain(found.table)} in bulk",
        width="large",
        icon=":material/function:",
        on_dismiss=_dismissed(desk),
    )
    def ask() -> None:
        scopes = {f"{show.count(len(marked), 'marked row')}": True} if marked else {}
        scopes[f"all {show.count(found.matching, 'row')} of this view"] = False
        left, right = st.columns(2)
        column = left.selectbox("Column", found.columns, index=first, key="bulk-column")
        scope = right.selectbox("Rows", list(scopes), key="bulk-rows")
        sql = st.text_input(
            "Becomes",
            key=f"bulk-sql-{column}",
            placeholder=f"replace({quoted(column)}, ',', '.')",
            help="A SQL expression over the columns of one row. Bronze text stays text: CAST it to count with it.",
        )
        if not sql.strip():
            odd = next((name for name in found.columns if quoted(name) != name), "E-Mail")
            show.note(
                "Write what the column becomes. CASE WHEN … THEN … ELSE … END changes only some rows. "
                f"Names with spaces or signs stand in double quotes: {show.code(quoted(odd))}."
            )
            return
        rids = marked if scopes[scope] else calls.read(ws, quarantining.chosen, found.table, *_filters(view))
        try:
            made = calls.fresh(ws, quarantining.bulk, found.table, rids, column, sql, desk.pending(found.table))
        except AutomicError as exc:
            show.error(exc)
            return
        first_rows = [{"before": before, "after": after} for _, before, after in made.changes[:MOST_SHOWN]]
        st.markdown(f"{show.count(len(made.changes), 'row')} would change, {made.same:,} stay as they are.")
        if made.changes:
            data = workbench.Rows({"before": "String", "after": "String"}, first_rows, len(made.changes))
            show.rows(data, key="bulk-preview", height=min(len(first_rows), 8) * 32 + 36)
        with st.container(horizontal=True, horizontal_alignment="right"):
            label = f"Edit {show.count(len(made.changes), 'row')}"
            if st.button(label, type="primary", disabled=not made.changes, key="bulk-yes"):
                desk.asking = None
                desk.put_many(found.table, made.edits())
                st.rerun()

    ask()


def _at_fault(found: Listing, view: View, marked: list[int]) -> str:
    """The column that the dialog begins with: that of the reason looked at, else the one most rows here fail in."""
    chosen = [each.column for each in found.reasons if each.name == view.reason]
    rows = [row for row in found.rows if row.rid in marked] or found.rows
    count = Counter(reason.column for row in rows for reason in row.reasons)
    named = [*chosen, *(name for name, _ in count.most_common())]
    return next((name for name in named if name in found.columns), found.columns[0])


def quoted(column: str) -> str:
    """A column as an expression writes it."""
    return column if column.isidentifier() else '"' + column.replace('"', '""') + '"'


def _filters(view: View) -> tuple[str | None, str | None, str | None]:
    return view.reason, view.state, view.search
