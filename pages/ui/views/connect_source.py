"""The source that is chosen: what it is, how it is read, whether it can be read at all."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError
from pages.ui import calls, forms, show
from pages.ui.state import Workspace
from pages.ui.views.connect_state import Connecting

FEW = 12
"""So many tables or sheets are shown side by side; more are chosen from a list."""


def headline(ws: Workspace, state: Connecting) -> str:
    """Look at the source, unless nothing changed since; says where things stand."""
    _look(ws, state)
    seen = state.sample
    if seen is None:
        return f"{show.plain(_short(state.place))} cannot be read yet"
    known = show.count(seen.records, "row") if seen.whole else _about(seen)
    width = show.count(len(seen.columns), "column")
    broken = f", {show.count(seen.broken_total, 'row needs', 'rows need')} a look" if seen.broken_total else ""
    return f"{show.plain(seen.name)}: {known}, {width}{broken}"


def render(ws: Workspace, state: Connecting) -> None:
    """The source in one line; its options behind it; why it cannot be read."""
    kind = state.sample.kind if state.sample is not None else state.kind or workbench.connector_of(state.place)
    label = next((each.label for each in calls.connectors() if each.kind == kind), kind)
    with st.container(horizontal=True, vertical_alignment="center", key="connect-chosen"):
        if label:
            st.badge(show.on_badge(label), icon=":material/cable:", color="gray")
        place = state.sample.place if state.sample is not None else state.place
        st.markdown(f":gray[{show.plain(place)}]", width="stretch")
        if st.button("Test connection", key="connect-test", type="tertiary", icon=":material/network_check:"):
            verdict = calls.place(ws, workbench.check_source, state.place, state.kind or None, state.options)
            st.toast(show.plain(verdict.sentence), icon=":material/check:" if verdict.works else ":material/error:")
        if st.button("Read again", key="connect-again", type="tertiary", icon=":material/refresh:"):
            state.seen = state.stood = ""
            st.rerun()
        if st.button("Choose another", key="connect-other", icon=":material/arrow_back:"):
            state.forget()
            st.rerun()
    if state.notice:
        show.note(show.plain(state.notice))
    if state.trouble is not None:
        show.error(state.trouble)
    _inside(state)
    if kind:
        _options(state, kind)


def _look(ws: Workspace, state: Connecting) -> None:
    """Read the first rows once for each way to read them."""
    asked = json.dumps([state.turn, state.place, state.kind, state.options], sort_keys=True, default=str)
    if asked == state.seen:
        return
    state.seen, state.page, state.trouble, state.stood = asked, None, None, ""
    how: tuple[Any, ...] = (state.place, state.kind or None, state.options)
    try:
        kind = state.kind or workbench.connector_of(state.place)
        if state.inside is None:
            state.inside = calls.place(ws, workbench.inside, state.place, kind, state.options)
        if state.inside is not None and state.inside.names and state.inside.option not in state.options:
            _first_inside(state)
            how = (state.place, state.kind or None, state.options)
        with st.spinner("Reading the first rows"):
            state.sample = calls.place(ws, workbench.sample, *how)
    except AutomicError as exc:
        state.sample, state.trouble = None, exc


def _first_inside(state: Connecting) -> None:
    """Begin with the first table of a database, the first file of an archive; a workbook finds its sheet itself."""
    inside = state.inside
    assert inside is not None
    if inside.option == "path":
        state.place = state.place if state.place in inside.names else inside.names[0]
    elif inside.option == "table" and "query" not in state.options:
        state.options = {**state.options, inside.option: inside.names[0]}


def _inside(state: Connecting) -> None:
    """Choose the table, the sheet, the file of an archive."""
    inside = state.inside
    if inside is None or not inside.names or "query" in state.options:
        return
    labels = dict(zip(inside.names, inside.labels, strict=True))
    now = state.place if inside.option == "path" else state.options.get(inside.option)
    if now is None and inside.option == "sheet" and state.sample is not None:
        now = next((fact.value for fact in state.sample.facts if fact.option == "sheet"), None)
    what = {"table": "Table", "sheet": "Sheet", "path": "File in the archive"}[inside.option]
    key = f"inside-{state.turn}"
    if len(inside.names) > FEW:
        place = inside.names.index(now) if now in inside.names else None
        chosen = st.selectbox(what, inside.names, index=place, format_func=labels.__getitem__, key=key)
    else:
        chosen = st.pills(
            what,
            inside.names,
            default=now if now in inside.names else None,
            format_func=lambda name: show.plain(labels[name]),
            key=key,
            required=True,
        )
    if chosen is not None and chosen != now:
        if inside.option == "path":
            state.place = chosen
        else:
            state.options = {**state.options, inside.option: chosen}
        st.rerun()


def _options(state: Connecting, kind: str) -> None:
    form = show.attempt(workbench.source_form, kind)
    if form is None:
        return
    skip = {*form.where, *form.hidden, *([state.inside.option] if state.inside is not None else [])}
    if not set(form.schema.get("properties", {})) - skip:
        return
    with st.expander("How it is read", icon=":material/tune:", key=f"connect-options-{state.turn}"):
        show.note("What you leave open is found out from the data.")
        kept = {name: value for name, value in state.options.items() if name in skip}
        shown = {name: value for name, value in state.fixed.items() if name not in skip}
        found = forms.fill(form.schema, shown, key=f"connect-option-{state.turn}", skip=skip)
    if "query" in found:
        kept.pop("table", None)
    if {**found, **kept} != state.options:
        state.options = {**found, **kept}
        st.rerun()


def _about(seen: workbench.Sample) -> str:
    return (
        f"about {show.count(seen.expected, 'row')}" if seen.expected else f"more than {show.count(seen.records, 'row')}"
    )


def _short(place: str) -> str:
    return place.rstrip("/").rpartition("/")[2] or place
