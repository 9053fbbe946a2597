"""One row: every reason in full, a field for each cell at fault, and everything that happened to it."""

from __future__ import annotations

from pathlib import PurePath

import streamlit as st

from automic_core.workbench import quarantining
from automic_core.workbench.quarantining import Listing, Reason, RowEvent, SetAside
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views import quarantine_actions, quarantine_why
from pages.ui.views.job_panel import LOOK_ONLY
from pages.ui.views.quarantine_desk import Desk
from pages.ui.words import whole

MOST_TEXT, MOST_FIELDS = 2_000, 60
_STATES = {"open": ("attention", "open"), "fixed": ("good", "fixed"), "waived": ("good", "waived")}
_ICONS = {
    "arrived": ":material/login:",
    "quarantined": ":material/healing:",
    "fixed": ":material/edit:",
    "waived": ":material/do_not_disturb_on:",
    "paired": ":material/join:",
    "revoked": ":material/undo:",
    "replayed": ":material/check_circle:",
    "released": ":material/check_circle:",
    "superseded": ":material/update:",
    "now": ":material/location_on:",
}


def chosen() -> int | None:
    """The row in the URL."""
    return whole(st.query_params.get("row", ""))


def render(ws: Workspace, desk: Desk, whole: Listing, rid: int) -> None:
    """Draw the panel."""
    row = show.attempt(calls.read, ws, quarantining.row, whole.table, rid)
    with st.container(border=True, key="row-panel"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(_name(row, whole, rid), width="stretch")
            if st.button("", icon=":material/close:", type="tertiary", key="row-close", help="Close"):
                st.query_params.pop("row", None)
                st.rerun()
        if row is not None:
            _standing(row)
            _reasons(ws, desk, whole, row)
            quarantine_why.render(ws, whole.table, rid)
            _actions(ws, desk, whole.table, row)
        events = show.attempt(calls.read, ws, quarantining.history, whole.table, rid)
        for number, event in enumerate(events or []):
            _event(ws, event, number)


def _name(row: SetAside | None, whole: Listing, rid: int) -> str:
    if row is not None and whole.keys and all(row.cells.get(name) for name in whole.keys):
        return "**" + ", ".join(show.plain(f"{name} {row.cells[name]}") for name in whole.keys) + "**"
    return f"**Row {rid}**"


def _standing(row: SetAside) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        kind, word = _STATES.get(row.state, ("good", "in silver"))
        show.status(kind, word)  # type: ignore[arg-type]
        where = f"line {row.line:,}" if row.line is not None else f"record {row.record:,}" if row.record else ""
        if where:
            st.caption(f"{where} of {show.plain(PurePath(row.source).name)}", help=show.plain(row.source))
    if row.obstacle:
        show.note(row.obstacle)


def _reasons(ws: Workspace, desk: Desk, whole: Listing, row: SetAside) -> None:
    for reason in row.reasons:
        st.markdown(f":material/close: {show.plain(_said(reason))}")
        if reason.rule == "malformed" and reason.value:
            st.code(reason.value[:MOST_TEXT], language=None, wrap_lines=True)
            if len(reason.value) > MOST_TEXT:
                show.note(f"showing {MOST_TEXT:,} of {show.count(len(reason.value), 'character')}")
    if row.obstacle or row.state == "replayed":
        return
    failing = [name for name in dict.fromkeys(each.column for each in row.reasons) if name in row.cells]
    for column in failing:
        _field(ws, desk, whole, row, column)
    if any(reason.rule == "malformed" for reason in row.reasons):
        show.note(_unreadable(row))
        others = [name for name in whole.columns[:MOST_FIELDS] if name not in failing]
        with st.expander(f"Its other {show.count(len(others), 'value')}" if failing else "Its values"):
            for column in others:
                _field(ws, desk, whole, row, column)


def _unreadable(row: SetAside) -> str:
    """What can be done about a record that was not read as it should."""
    file = show.plain(PurePath(row.source).name) or "the source"
    place = f"line {row.line:,} of {file}" if row.line is not None else file
    if any(value is not None for value in row.cells.values()):
        told = "The values were read all the same. If they are right, waive the row; if not, correct them."
    else:
        told = (
            "No value could be read. Type the values below; or leave the row here if it is no record at all: it stays "
            "out of silver. Waived, it would go to silver empty."
        )
    return (
        f"{told} Or correct {place} and take the file in again as a snapshot (the whole table each time), which "
        "replaces its rows; taken in as more rows, it would stand beside them."
    )


def _said(reason: Reason) -> str:
    rule = "" if reason.rule in ("cast", "malformed") else f"{reason.rule}: "
    return f"{rule}{reason.message}"


def _field(ws: Workspace, desk: Desk, whole: Listing, row: SetAside, column: str) -> None:
    """A field for one cell; what it gets is an unsaved edit, as in the grid."""
    assert row.rid is not None
    saved = row.cells.get(column)
    present = desk.pending(whole.table).get(row.rid, {}).get(column, saved)
    locked = ws.read_only or (column in whole.keys and bool(saved))
    value = st.text_input(
        show.plain(column), present or "", key=f"cell-{row.rid}-{column}-{desk.round}", disabled=locked
    )
    if not locked and value != (present or ""):
        desk.put(whole.table, row, column, value or None)
        st.rerun()


def _actions(ws: Workspace, desk: Desk, table: str, row: SetAside) -> None:
    if row.obstacle or row.rid is None or row.state == "replayed":
        return
    edited = row.rid in desk.pending(table)
    with st.container(horizontal=True, gap="small"):
        checking = st.button("Re-check", icon=":material/fact_check:", key="row-recheck")
        why = LOOK_ONLY if ws.read_only else None if edited else "Nothing is changed yet: change a value first."
        saving = st.button("Save", icon=":material/save:", disabled=why is not None, help=why, key="row-save")
        if st.button("Waive", icon=":material/do_not_disturb_on:", disabled=ws.read_only, key="row-waive"):
            desk.asking = ("waive", table, [row.rid])
    if checking:
        quarantine_actions.check(ws, desk, table, [row.rid])
    if saving:
        quarantine_actions.save(ws, desk, table, [row.rid])
    verdict = desk.checked(table).get(row.rid)
    if verdict is None:
        return
    if verdict.outcome == "passes":
        show.status("good", "would pass")
        if verdict.needs:
            show.note(f"Also needs the whole table: {show.plain(', '.join(verdict.needs))}.")
    elif verdict.outcome == "fails":
        show.status("bad", "still fails")
        for told in dict.fromkeys(str(reason["message"]) for reason in verdict.reasons):
            show.note(show.plain(told))
    else:
        show.status("neutral", "would be left out")
        show.note(show.plain(verdict.note))


def _event(ws: Workspace, event: RowEvent, number: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"line-event-{number}"):
        who = f" by {show.plain(event.actor)}" if event.actor else ""
        when = f" · {show.when(event.at)}" if event.at is not None else ""
        change = f": {_cell(event.before)} → {_cell(event.after)}" if event.kind == "fixed" else ""
        why = f" — {show.plain(event.reason)}" if event.reason and event.kind != "revoked" else ""
        text = f"{_ICONS[event.kind]} {show.plain(event.text)}{change}{why}"
        st.markdown(f"{text} :gray[{who}{when}]", width="stretch", help=_more(event))
        key = f"revoke-{event.decision}"
        taken = bool(event.decision) and st.button("Take back", type="tertiary", key=key, disabled=ws.read_only)
        if taken and show.attempt(calls.change, ws, quarantining.revoke, event.decision) is not None:
            ws.message = "Taken back; replay brings that to silver"
            st.rerun()


def _cell(text: str | None) -> str:
    return "empty" if text is None else f"“{show.plain(text[:80])}”"


def _more(event: RowEvent) -> str | None:
    parts = [show.exact(event.at)] if event.at is not None else []
    parts += [event.source] if event.source else []
    parts += [f"run {event.run_id}"] if event.run_id else []
    parts += [str(reason["message"]) for reason in event.reasons]
    return show.plain(" · ".join(parts)) or None
