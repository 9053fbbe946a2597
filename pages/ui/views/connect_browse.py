"""Files of this machine, as far as they may be read."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from pages.ui import calls, grid, show
from pages.ui.state import Workspace
from pages.ui.views.connect_state import Connecting

HEIGHT = 300


def render(ws: Workspace, state: Connecting) -> None:
    """A way to click along, a grid of what is there, and a line for those who know the path."""
    with st.container(border=True, key="connect-browse"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("**On this machine**", width="content")
            contains = st.text_input(
                "Filter by name", key="browse-filter", placeholder="filter by name", label_visibility="collapsed"
            )
            _typed(state)
        listing = show.attempt(calls.place, ws, workbench.browse, state.folder, contains or "")
        if listing is None:
            state.folder = ""
            return
        if listing.place:
            _trail(state, listing)
        if not listing.entries:
            show.note("Nothing here can be read." if not contains else f"No name contains {show.plain(contains)}.")
            return
        _grid(ws, state, listing)


def _typed(state: Connecting) -> None:
    """A path, a pattern or an address, typed."""
    place = st.text_input(
        "Path, pattern or address",
        key=f"browse-typed-{state.turn}",
        placeholder="or type a path, in/*.csv, s3://…",
        label_visibility="collapsed",
    )
    named = show.attempt(workbench.typed_place, place.strip()) if place and place.strip() else None
    if named is not None:
        state.choose(*named)
        st.rerun()


def _trail(state: Connecting, listing: workbench.Listing) -> None:
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        for number, (name, place) in enumerate([("All folders", ""), *listing.trail]):
            here = place == listing.place
            if st.button(show.plain(name), type="tertiary", key=f"trail-{number}-{place}", disabled=here):
                state.folder = place
                st.rerun()
            if not here:
                st.markdown(":gray[/]", width="content")


def _grid(ws: Workspace, state: Connecting, listing: workbench.Listing) -> None:
    names = {each.kind: each.label for each in calls.connectors()}
    rows = [
        {
            "Name": entry.name,
            "What": _what(entry, names),
            "Size": show.size(entry.size) if entry.size is not None and entry.size >= 0 else "",
            "Changed": show.when(entry.modified) if entry.modified else "",
        }
        for entry in listing.entries
    ]
    columns = dict.fromkeys(("Name", "What", "Size", "Changed"), "String")
    tall = min(HEIGHT, 36 + 32 * len(rows))
    key = f"files-{state.turn}-{listing.place}"
    picked = grid.draw(workbench.Rows(columns, rows), key=key, select="cell", height=tall)
    if len(rows) < listing.total:
        show.note(f"showing {len(rows):,} of {show.count(listing.total, 'entry', 'entries')}: filter by name")
    if picked is None or picked[0] >= len(rows):
        return
    entry = listing.entries[picked[0]]
    if entry.kind != "file":
        state.folder = entry.place
        st.rerun()
    if entry.connector:
        state.choose(entry.place)
        st.rerun()
    _ask_kind(state, entry, names)


def _ask_kind(state: Connecting, entry: workbench.Entry, names: dict[str, str]) -> None:
    """A file whose name says nothing: what it is, a person knows."""
    files = [each.kind for each in calls.connectors() if each.reads and each.family == "Files" and not each.missing]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"The name **{show.plain(entry.name)}** does not say what it is. Read it as", width="content")
        kind = st.selectbox(
            "Read it as",
            files,
            index=None,
            format_func=lambda each: names.get(each, each),
            key=f"kind-{entry.place}",
            label_visibility="collapsed",
            placeholder="choose",
        )
    if kind:
        state.choose(entry.place, kind)
        st.rerun()


def _what(entry: workbench.Entry, names: dict[str, str]) -> str:
    if entry.kind != "file":
        return entry.kind
    return names.get(entry.connector, "")
