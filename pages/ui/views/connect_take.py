"""Take the source into bronze: name, mode, key, what to do with unforeseen columns."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views import connect_before, connect_delta, connect_incremental, connect_keys
from pages.ui.views.connect_state import Connecting

INCREMENTAL, CHANGES = "incremental", "changes"
MODES = {
    "append": ("More rows each time", "What arrives is added to what is there."),
    "snapshot": (
        "The whole table each time",
        "The next delivery of the same name replaces this one, rows gone from it are deleted; other names add to it.",
    ),
    INCREMENTAL: ("Only what is new", "It is read on from the largest value of a column; each row is taken once."),
    CHANGES: ("Every change", "What was inserted, updated and deleted is taken, and silver keeps up with it."),
}


def render(ws: Workspace, state: Connecting, top: DeltaGenerator) -> None:
    """The few decisions; the primary action goes to the head of the page."""
    seen = state.sample
    assert seen is not None, "the page draws this only for a source that could be read"
    with st.container(border=True, key="connect-take"):
        st.markdown("**Take into bronze**")
        linked = st.query_params.get("table", "").rpartition(".")[2]  # more rows for a table that is there
        suggested = linked or workbench.table_name(seen.name)
        key = f"table-{state.turn}-{suggested}"
        state.begin(key, suggested)
        name = state.typed[key] = st.text_input("Table in bronze", key=key)
        problem = workbench.table_name_problem(name or "")
        if problem:
            st.caption(f":red[:material/error: {show.plain(problem)}]")
            standing = None
        else:
            standing = _standing(ws, state, seen, name)
        new = standing is None or not standing.exists
        if standing is not None and standing.exists:
            connect_before.there(standing)
        before = st.container()
        marks = _marks(ws, standing, seen)
        mode = _mode(state, standing, marks)
        other = _other_kind(standing, mode)
        delta = connect_delta.render(ws, state, standing) if mode == CHANGES and not other else None
        part = connect_incremental.render(ws, state, seen, marks) if mode == INCREMENTAL else None
        known = delta.keys if delta is not None else None
        keys = known if known is not None else connect_keys.render(state, seen, standing, name or "")
        contract = "evolve" if new else _contract(state, standing, connect_delta.CONTRACTS if delta else ())
        if standing is not None and standing.beside and mode == "append" and not keys:
            with before:
                connect_before.beside(standing.beside, MODES["append"][0], MODES["snapshot"][0])
        force = False
        if standing is not None and standing.taken and mode not in (INCREMENTAL, CHANGES):
            force = st.checkbox("Take it again all the same", key=f"force-{state.turn}")
    if mode == INCREMENTAL:
        nothing_new = part is None  # what is new is found out by the run
    elif mode == CHANGES:
        nothing_new = delta is None or not keys
    else:
        nothing_new = standing is not None and len(standing.taken) == standing.parts and not force
    refused = standing is not None and any(each.refuses and each.mode == contract for each in standing.contracts)
    with top:
        if st.button(
            "Take into bronze",
            type="primary",
            key="take",
            icon=":material/download:",
            disabled=ws.read_only or bool(problem) or other or nothing_new or refused or not seen.columns,
        ):
            arguments: dict[str, Any] = {
                "place": state.place,
                "kind": state.kind or None,
                "options": state.options,
                "table": name,
                "keys": keys,
                "contract": contract,
            }
            if delta is not None:
                how = {"compare": delta.compare, "silver": delta.silver}
            else:
                how = {"mode": "append" if mode == INCREMENTAL else mode, "incremental": part, "force": force}
            _submit(ws, state, "ingest" if delta is None else "follow", name, {**arguments, **how})


def _submit(ws: Workspace, state: Connecting, kind: str, table: str, arguments: dict[str, Any]) -> None:
    show.attempt(calls.change, ws, workbench.prune_uploads)
    job = show.attempt(calls.change, ws, workbench.submit, kind, table, arguments)
    if job is not None:
        state.job = job.id
        st.rerun()


def _standing(ws: Workspace, state: Connecting, seen: workbench.Sample, table: str) -> workbench.Standing | None:
    """How the source fits the table; asked once for each name and way to read."""
    asked = f"{state.seen} {table}"
    if asked != state.stood:
        place, kind = state.place, state.kind or None
        state.standing = show.attempt(calls.fresh, ws, workbench.standing, table, place, kind, state.options, seen)
        state.stood = asked
    return state.standing


def _marks(ws: Workspace, standing: workbench.Standing | None, seen: workbench.Sample) -> list[workbench.WatermarkView]:
    """How far this source was read into the table."""
    if standing is None or not standing.exists:
        return []
    known = show.attempt(calls.read, ws, workbench.watermarks, standing.table) or []
    return sorted((mark for mark in known if mark.source == seen.place), key=lambda mark: mark.at, reverse=True)


def _mode(state: Connecting, standing: workbench.Standing | None, marks: list[workbench.WatermarkView]) -> str:
    now = INCREMENTAL if marks else standing.mode if standing is not None and standing.exists else "append"
    key = f"mode-{state.turn}-{now}"
    state.begin(key, now if now in MODES else next(iter(MODES)))
    chosen = state.typed[key] = st.radio(
        "Each delivery is",
        list(MODES),
        format_func=lambda mode: MODES[mode][0],
        captions=[words for _, words in MODES.values()],
        key=key,
    )
    return str(chosen)


def _other_kind(standing: workbench.Standing | None, mode: str) -> bool:
    """Whether the table cannot take what arrives this way; says so."""
    if standing is None or not standing.exists or (standing.mode == CHANGES) == (mode == CHANGES):
        return False
    have, wanted = ("changes", "whole rows") if standing.mode == CHANGES else ("whole rows", "changes")
    show.status("attention", f"{standing.table} holds {have}")
    show.note(f"It cannot take {wanted} too: name another table.")
    return True


def _contract(state: Connecting, standing: workbench.Standing | None, only: Collection[str] = ()) -> str:
    """What to do with columns the table does not have; ``only`` names the contracts there are, empty = all."""
    if standing is None:
        return "evolve"
    if standing.missing:
        show.note(f"Not in this source: {show.plain(', '.join(standing.missing[:5]))}; its rows have no value there.")
    if not standing.differs:
        return "evolve"
    words = {each.mode: each for each in standing.contracts if not only or each.mode in only}
    show.status("attention", "The columns differ")
    for line in standing.changed[:5]:
        show.note(show.plain(line))
    key = f"contract-{state.turn}-{standing.table}"
    state.begin(key, next(iter(words)))
    chosen = state.typed[key] = st.radio(
        "What does not fit the table",
        list(words),
        format_func=lambda mode: words[mode].label,
        captions=[show.plain(each.outcome) for each in words.values()],
        key=key,
    )
    return str(chosen)
