"""Where a cell comes from: its rows in each layer, file and line, and what was done on the way."""

from __future__ import annotations

from pathlib import PurePath

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views import tables_state
from pages.ui.views.tables_state import Screen

FIRST, TALL = 5, 620
_LONGEST = 400


def render(ws: Workspace, table: str, rid: int, column: str, snapshot: int | None) -> None:
    """The trace of one cell, from the table down to the file."""
    screen = ws.screen(Screen)
    with st.container(border=True, height=TALL, key="trace"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{show.plain(column)}**", width="stretch")
            if st.button("", icon=":material/close:", key="trace-close", type="tertiary", help="Close"):
                tables_state.close(screen)
                st.rerun()
        size = screen.any_size == (table, rid)
        found = show.attempt(calls.read, ws, workbench.trace_cell, table, rid, column, snapshot, any_size=size)
        if found is None:
            return
        _value(found)
        _layer(table, f"row {rid}", found)
        for sentence in found.how:
            st.markdown(f":material/arrow_downward: {show.plain(sentence)}")
        for stage in found.stages:
            _stage(stage)
        _records(found)
        if found.note:
            show.note(show.plain(found.note))
        _unread(found, screen, table, rid)
        with st.expander("The whole row"):
            st.dataframe(
                {"column": list(found.row), "value": [_short(value) for value in found.row.values()]},
                hide_index=True,
                key=f"whole-{rid}",
            )


def _value(found: workbench.CellTrace) -> None:
    if found.value in (None, ""):
        st.markdown("*empty*")
    else:
        st.text(_short(found.value))


def _layer(table: str, what: str, found: workbench.CellTrace) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        show.layer(table.partition(".")[0])
        st.markdown(show.code(table), width="content")
        by = f" by {show.plain(found.made_by)}" if found.made_by else ""
        st.caption(
            f"{what} · published {show.when(found.made_at)}{by}", width="content", help=show.exact(found.made_at)
        )
        if found.run_id:
            st.page_link("pages/runs.py", label="Run", query_params={"run": found.run_id}, icon=":material/history:")


def _stage(stage: workbench.Stage) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        show.layer(stage.table.partition(".")[0])
        st.markdown(show.code(stage.table), width="content")
        st.caption(f"{show.count(stage.total, 'row')} behind it", width="content")
    show.rows(stage.rows, key=f"stage-{stage.table}", height=180)


def _records(found: workbench.CellTrace) -> None:
    """The bronze records: the first ones in full, the others as a table."""
    if not found.records:
        if not found.note:
            show.note("No record of bronze is known to be behind it.")
        return
    own = found.table == found.records[0].table
    if not own:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            show.layer("bronze")
            what = show.count(found.total, "record")
            more = f", showing {len(found.records)}" if len(found.records) < found.total else ""
            st.caption(f"{what} behind it{more}", width="content")
    for record in found.records[:FIRST]:
        _record(record, found.column if own else "")
    if rest := found.records[FIRST:]:
        with st.expander(f"{show.count(len(rest), 'further record')}"):
            names = list(dict.fromkeys(name for each in rest for name in each.values))[:8]
            st.dataframe(
                {
                    "file": [PurePath(each.source).name for each in rest],
                    "record": [each.record for each in rest],
                    "fate": [each.fate for each in rest],
                    **{name: [_short(each.values.get(name)) for each in rest] for name in names},
                },
                hide_index=True,
                key="further",
            )


def _record(record: workbench.Record, column: str) -> None:
    with st.container(border=True, key=f"record-{record.table}-{record.rid}", gap="xsmall"):
        place = f"line {record.line:,}" if record.line is not None else f"record {record.record:,}"
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(
                f":material/description: **{show.plain(PurePath(record.source).name)}**, {place}",
                width="content",
                help=show.plain(record.source),
            )
            if record.fate != "kept":
                st.badge(show.on_badge(record.fate), icon=":material/info:", color="gray")
        if record.text:
            st.code(record.text, language=None, wrap_lines=True)
        elif record.line is None:
            show.note("The file is gone or has changed since, so its line cannot be shown.")
        values = [(name, value) for name, value in record.values.items() if name != column or not record.text][:FIRST]
        for name, value in values:
            said = "*empty*" if value is None else f"`{_mono(value)}`"
            st.markdown(f"{show.plain(name)} in bronze: {said}")
        for sentence in record.decisions:
            st.markdown(f":material/gavel: {show.plain(sentence)}")


def _unread(found: workbench.CellTrace, screen: Screen, table: str, rid: int) -> None:
    if not found.unread:
        return
    show.note("The file is large; looking for the line in it takes a while.")
    if st.button("Look for the line", key="any-size", icon=":material/search:"):
        screen.any_size = (table, rid)
        st.rerun()


def _mono(value: object) -> str:
    """Text inside a code span: backticks would end it."""
    return _short(value).replace("`", "'").replace("\n", " ")


def _short(value: object) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
