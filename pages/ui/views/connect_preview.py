"""The first rows as they are read, how the source is written, and what is broken in it."""

from __future__ import annotations

import math

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views.connect_state import Connecting

ROWS_TALL, BROKEN_TALL = 358, 260
REASONS = 5


def render(ws: Workspace, state: Connecting) -> None:
    """Facts, rows, broken records."""
    seen = state.sample
    assert seen is not None, "the page draws this only for a source that could be read"
    _facts(seen)
    page = _page(ws, state, seen)
    show.rows(
        page.rows,
        key=f"preview-{state.turn}-{page.start}",
        height=min(ROWS_TALL, 36 + 32 * len(page.rows.rows)),
        total=seen.expected,
        sample=f"{_among(seen)}text stays text until you decide on types",
    )
    if page.cut:
        show.note(f"{show.count(page.cut, 'long cell is', 'long cells are')} cut here; bronze takes all of each.")
    for note in seen.notes:
        show.note(show.plain(note))
    _broken(state, seen)


def _among(seen: workbench.Sample) -> str:
    """What the number of rows counts, where it could be taken for another."""
    if not seen.broken_total:
        return ""
    return f"counted with the {show.count(seen.broken_total, 'row that needs', 'rows that need')} a look; "


def _facts(seen: workbench.Sample) -> None:
    with st.container(horizontal=True, gap="medium", key="connect-facts"):
        for fact in seen.facts:
            given = " (set by you)" if fact.given else ""
            st.markdown(
                f":gray[{fact.name}]{given}  \n{show.plain(fact.value)}",
                width="content",
                help=show.plain(fact.detail) or None,
            )
        if seen.files > 1:
            st.markdown(f":gray[Files]  \n{seen.files:,}", width="content")


def _page(ws: Workspace, state: Connecting, seen: workbench.Sample) -> workbench.Sample:
    """The columns to show: all, or a page of them."""
    pages = math.ceil(len(seen.columns) / seen.width)
    if pages < 2:
        return seen
    with st.container(horizontal=True, vertical_alignment="center"):
        number = st.pagination(pages, key=f"columns-{state.turn}", max_visible_pages=7)
        start = (number - 1) * seen.width
        last = min(start + seen.width, len(seen.columns))
        st.markdown(f":gray[columns {start + 1:,} to {last:,} of {len(seen.columns):,}]", width="content")
    if start == seen.start:
        return seen
    if state.page is None or state.page.start != start:
        place, kind = state.place, state.kind or None
        state.page = show.attempt(calls.place, ws, workbench.sample, place, kind, state.options, start=start)
    return state.page or seen


def _broken(state: Connecting, seen: workbench.Sample) -> None:
    """Every record that could not be read as it stands, with its line and what becomes of it."""
    among = "" if seen.whole else f" among the first {seen.records:,}"
    if not seen.broken_total:
        show.status("good", f"Every row could be read{among or f': {seen.records:,} looked at'}")
        return
    with st.container(key="connect-broken", gap="small"):
        show.status("attention", f"{show.count(seen.broken_total, 'row needs', 'rows need')} a look{among}")
        reasons = list(seen.reasons.items())
        lines = [f"**{show.count(number, 'row')}**: {show.plain(reason)}" for reason, number in reasons[:REASONS]]
        more = [f"and {show.count(len(reasons) - REASONS, 'other reason')}"] if len(reasons) > REASONS else []
        st.markdown("  \n".join([*lines, *more]))
        numbered = any(each.line is not None for each in seen.broken)
        place = "Line" if numbered else "Row"
        columns = {place: "Int64", "Why": "String", "What happens": "String", "Raw text": "String"}
        rows = [
            {
                place: each.line if numbered else each.record,
                "Why": each.reason,
                "What happens": "set aside at promotion" if each.aside else "taken, the value kept beside it",
                "Raw text": each.text[:200],
            }
            for each in seen.broken
        ]
        picked = show.rows(
            workbench.Rows(columns, rows),
            key=f"broken-{state.turn}",
            total=seen.broken_total,
            select="cell",
            height=min(BROKEN_TALL, 36 + 32 * len(rows)),
            sample="click one to see the whole text and what happens with it",
        )
        if picked is not None and picked[0] < len(seen.broken):
            _record(seen.broken[picked[0]])


def _record(broken: workbench.Broken) -> None:
    """One broken record: where, why, its text as it stands in the file, what becomes of it."""
    where = [f"row {broken.record:,}"] if broken.record else []
    where += [f"line {broken.line:,}"] if broken.line is not None else []
    where += [f"byte {broken.byte:,}"] if broken.byte is not None else []
    st.markdown(f"**{show.plain(', '.join(where).capitalize())}**: {show.plain(broken.reason)}")
    st.code(broken.text, language=None, wrap_lines=True)
    if broken.length > len(broken.text):
        show.note(f"showing {len(broken.text):,} of {broken.length:,} characters")
    show.note(broken.fate)
