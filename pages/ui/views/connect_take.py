"""Take the source into bronze: name, mode, key, what to do with unforeseen columns."""

from __future__ import annotations

import zlib
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace, put
from pages.ui.views import connect_before, connect_incremental
from pages.ui.views.connect_state import Connecting

INCREMENTAL = "incremental"
MODES = {
    "append": ("More rows each time", "What arrives is added to what is there."),
    "snapshot": (
        "The whole table each time",
        "The next delivery of the same name replaces this one, rows gone from it are deleted; other names add to it.",
    ),
    INCREMENTAL: ("Only what is new", "It is read on from the largest value of a column; each row is taken once."),
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
        part = connect_incremental.render(ws, state, seen, marks) if mode == INCREMENTAL else None
        keys = _keys(state, seen, standing, name or "")
        if standing is not None and standing.beside and mode == "append" and not keys:
            with before:
                connect_before.beside(standing.beside, MODES["append"][0], MODES["snapshot"][0])
        contract = "evolve" if new else _contract(state, standing)
        force = False
        if standing is not None and standing.taken and mode != INCREMENTAL:
            force = st.checkbox("Take it again all the same", key=f"force-{state.turn}")
    if mode == INCREMENTAL:
        nothing_new = part is None  # what is new is found out by the run
    else:
        nothing_new = standing is not None and len(standing.taken) == standing.parts and not force
    refused = standing is not None and any(each.refuses and each.mode == contract for each in standing.contracts)
    with top:
        if st.button(
            "Take into bronze",
            type="primary",
            key="take",
            icon=":material/download:",
            disabled=ws.read_only or bool(problem) or nothing_new or refused or not seen.columns,
        ):
            arguments = {
                "place": state.place,
                "kind": state.kind or None,
                "options": state.options,
                "table": name,
                "mode": "append" if mode == INCREMENTAL else mode,
                "incremental": part,
                "keys": keys,
                "contract": contract,
                "force": force,
            }
            _submit(ws, state, name, arguments)


def _submit(ws: Workspace, state: Connecting, table: str, arguments: dict[str, Any]) -> None:
    show.attempt(calls.change, ws, workbench.prune_uploads)
    job = show.attempt(calls.change, ws, workbench.submit, "ingest", table, arguments)
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


def _proposed(state: Connecting, seen: workbench.Sample, table: str) -> workbench.KeyEvidence:
    """The key that suggests itself; found out once for a sample, since all its columns are looked at."""
    known = state.proposed
    if known is None or known[0] is not seen or known[1] != table:
        known = state.proposed = (seen, table, workbench.key_evidence(seen, table=table))
    return known[2]


def _keys(state: Connecting, seen: workbench.Sample, standing: workbench.Standing | None, table: str) -> list[str]:
    """Key columns, with the share of rows that they identify."""
    found = _proposed(state, seen, table)
    columns = seen.columns[seen.start : seen.start + len(seen.rows.columns)]
    declared = [key for key in standing.keys if key in columns] if standing is not None else []
    key = f"keys-{state.turn}-{','.join(declared)}-{zlib.crc32(repr(columns).encode())}"  # read anew, chosen anew
    state.begin(key, declared or found.columns)
    chosen = state.typed[key] = st.multiselect(
        "Key columns",
        columns,
        key=key,
        placeholder="none: every row is one of its own",
        help="What identifies a row. Of several rows with one key, silver keeps the last version.",
    )
    if chosen:
        evidence = workbench.key_evidence(seen, chosen)
        show.evidence(
            evidence.agree, evidence.of, evidence.examples, key="key-evidence", label="have a key of their own"
        )
    elif found.nearly:
        name, share = found.nearly[0]
        st.button(
            f"{show.plain(name)} identifies {f'{share:.1%}'.replace('100.0', '100')} of the rows: use it",
            type="tertiary",
            key="use-key",
            icon=":material/key:",
            on_click=put,
            args=(key, [name]),
        )
    return list(chosen)


def _contract(state: Connecting, standing: workbench.Standing | None) -> str:
    """What to do with columns the table does not have."""
    if standing is None:
        return "evolve"
    if standing.missing:
        show.note(f"Not in this source: {show.plain(', '.join(standing.missing[:5]))}; its rows have no value there.")
    if not standing.differs:
        return "evolve"
    words = {each.mode: each for each in standing.contracts}
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
