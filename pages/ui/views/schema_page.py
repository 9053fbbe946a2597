"""The Schema page: its head, its tools, the list of columns, and the panel at its right."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from automic_core import workbench
from automic_core.workbench import schema_edits, schemas
from pages.ui import show
from pages.ui.state import Workspace, put
from pages.ui.views import schema_claims, schema_column, schema_cost, schema_keys, schema_list, schema_meaning
from pages.ui.views.schema_state import COLUMN, Loaded, SchemaScreen, decide, load

ALL, OPEN, KEPT = "All", "Needs a decision", "Kept as text: "


def render(ws: Workspace, table: str, head: DeltaGenerator, bar: DeltaGenerator) -> None:
    """Draw the page for one bronze table."""
    screen = ws.screen(SchemaScreen)
    screen.open(table)
    with bar:
        search = st.text_input(
            "Find a column", key="schema-search", placeholder="Find a column", label_visibility="collapsed", width=170
        )
        shown = st.segmented_control(
            "Columns", [ALL, OPEN], default=ALL, required=True, key="schema-show", label_visibility="collapsed"
        )
    page = 1
    loaded = show.attempt(load, ws, table, search, page, only_open=shown == OPEN)
    if loaded is None:
        return
    if loaded.view.found > schemas.PAGE and shown != OPEN:
        page = st.pagination(-(-loaded.view.found // schemas.PAGE), key=f"schema-page-{table}-{search}")
        if page > 1:
            loaded = load(ws, table, search, page, only_open=False)
    with bar:
        column = _picked(loaded)
        _history(ws, table, screen, loaded)
    with head:
        _opening(ws, table, screen, loaded)
    if screen.problem is not None:
        show.error(screen.problem)
        screen.problem = None
    if loaded.view.gone:
        _gone(ws, table, screen, loaded)
    _body(ws, table, screen, loaded, column)
    show.next_step("rules", "Set rules")


def _opening(ws: Workspace, table: str, screen: SchemaScreen, loaded: Loaded) -> None:
    view = loaded.view
    columns = show.count(view.all_columns, "column")
    need = f"{view.open:,} need{'s' if view.open == 1 else ''} a decision" if view.open else "none needs a decision"
    if len(view.columns) < view.all_columns and view.found > schemas.PAGE:
        need = f"of the {len(view.columns):,} shown {need}"
    waiting = view.proposals
    offered = f", {show.count(len(waiting), 'proposal')} to accept" if waiting else ""
    with show.opening("Schema", f"{columns}, {need}{offered}"):
        if not waiting:
            if st.button("Set rules", type="primary", icon=":material/arrow_forward:", key="schema-done"):
                show.go("rules", table=table)
            return
        whole = len(view.columns) == view.all_columns
        label = "Accept all proposals" if whole else f"Accept {show.count(len(waiting), 'proposal')} shown"
        if st.button(label, type="primary", icon=":material/done_all:", disabled=ws.read_only, key="schema-accept-all"):
            screen.asked = dict(waiting)
            st.rerun()


def _picked(loaded: Loaded) -> str | None:
    names = [column.name for column in loaded.view.columns]
    if st.query_params.get(COLUMN) and st.query_params[COLUMN] not in names:
        put(COLUMN, None)
    return st.selectbox(
        "Look at a column",
        names,
        index=None,
        key=COLUMN,
        placeholder="Look at a column",
        label_visibility="collapsed",
        width=190,
        bind="query-params",
    )


def _history(ws: Workspace, table: str, screen: SchemaScreen, loaded: Loaded) -> None:
    saved = loaded.draft
    for name, icon, can, what, move in (
        ("Undo", ":material/undo:", saved.can_undo, saved.undo_label, workbench.undo),
        ("Redo", ":material/redo:", saved.can_redo, saved.redo_label, workbench.redo),
    ):
        said = f"{name}: {show.plain(what)}" if can else f"Nothing to {name.lower()}"
        st.button(
            "",
            icon=icon,
            help=said,
            disabled=not can or ws.read_only,
            key=f"schema-{name.lower()}",
            on_click=decide,
            args=(ws, screen, f"{name}: {what}", move, table, saved.version),
        )


def _gone(ws: Workspace, table: str, screen: SchemaScreen, loaded: Loaded) -> None:
    gone = loaded.view.gone
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="schema-gone"):
        show.status("attention", show.count(len(gone), "column is gone", "columns are gone"))
        named = ", ".join(gone[:5])
        st.markdown(f"The draft decides on {show.plain(named)}, which {show.plain(table)} does not have any more.")
        label = f"{named} taken out of the schema"
        st.button(
            "Take out of the draft",
            disabled=ws.read_only,
            key="schema-take-out",
            on_click=decide,
            args=(ws, screen, label, schema_edits.drop_fields, table, gone, loaded.draft.version, label),
        )


def _text_kept(loaded: Loaded) -> None:
    """Digits that are no numbers, and why."""
    kept = [each for each in loaded.view.columns if each.facts.reason.startswith(KEPT) and each.field.type == "string"]
    for each in kept[:3]:
        reason = each.facts.reason.removeprefix(KEPT)
        st.caption(f"{show.code(each.name[:60])} stays text: {show.plain(reason)}")
    if len(kept) > 3:
        st.caption(f"and {show.count(len(kept) - 3, 'more column')} for such a reason")


def _body(ws: Workspace, table: str, screen: SchemaScreen, loaded: Loaded, column: str | None) -> None:
    if not loaded.view.columns:
        show.nothing("No column here: look at all of them, or search for another name.", "check", None, demo=False)
        return
    place = st.container()
    narrow = column is not None or bool(screen.asked) or schema_list.being_edited(screen, loaded)
    if narrow:
        left, right = place.columns([1.55, 1], gap="medium")
    else:
        left, right = place.container(), st.container()
    with left:
        edits = schema_list.render(ws, table, screen, loaded, narrow=narrow)
        _text_kept(loaded)
        schema_claims.personal_note(loaded.view.columns)
        st.caption(
            f"From {show.plain(loaded.view.sample)}. "
            "What a change costs is counted on every row that a promotion would type."
        )
        schema_keys.render(ws, table, screen)
        schema_meaning.render(ws, table, screen, loaded)
    changes = {**screen.asked, **edits}
    with right:
        if changes:
            schema_cost.render(ws, table, screen, loaded, changes)
        if column is not None and not (changes and column not in changes):
            schema_column.render(ws, table, screen, loaded, column)
