"""The selected step or rule: its settings, its place, on or off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError
from pages.ui import forms, show
from pages.ui.state import Workspace
from pages.ui.views import rules_draft, rules_texts
from pages.ui.views.rules_draft import CAST, Held


def render(
    ws: Workspace, held: Held, problems: Sequence[workbench.Problem], columns: Mapping[str, Mapping[str, str]]
) -> None:
    """Draw the editor; each change of a field is saved at once, as one undo point."""
    entry = held.selected
    if entry is None:
        _types(held, problems)
        return
    _head(ws, held, entry)
    for each in problems:
        if each.entry == entry.id:
            hint = "" if each.hint.startswith("Options:") else f" {show.plain(each.hint)}"  # they stand below
            st.caption(f":red[:material/error: {show.plain(each.message)}{hint}]")
    try:
        schema = workbench.options_schema(entry.group, entry.kind)  # type: ignore[arg-type]
    except AutomicError:
        show.note("Its settings can be changed as YAML; or delete it.")
        return
    key = f"rules-{held.table}-{entry.id}-{held.epoch}"
    values = forms.fill(
        schema,
        entry.options,
        key=key,
        columns=list(columns.get(entry.id, {})),
        disabled=ws.read_only or held.stale,
        check=lambda options: workbench.option_errors(entry.group, entry.kind, options),  # type: ignore[arg-type]
    )
    if rules_draft.filled(ws, held, entry, key, values):
        st.rerun()
    rules_texts.render(ws, held, entry)


def _head(ws: Workspace, held: Held, entry: workbench.DraftEntry) -> None:
    """What can be done with the entry as a whole."""
    off = ws.read_only or held.stale
    hide = ("visibility_off", "Leave it out, but keep it here") if entry.enabled else ("visibility", "Take it in again")
    actions = (
        ("up", "arrow_upward", "Earlier", off or entry.first, _move, (-1,)),
        ("down", "arrow_downward", "Later", off or entry.last, _move, (1,)),
        ("switch", *hide, off, _switch, ()),
        ("delete", "delete", "Delete; undo brings it back", off, _delete, ()),
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="rules-head"):
        st.markdown(show.code(entry.id), width="stretch")
        for name, icon, words, disabled, action, more in actions:
            st.button(
                words.partition(";")[0],
                icon=f":material/{icon}:",
                key=f"rules-{name}",
                help=words,
                disabled=disabled,
                type="tertiary",
                on_click=action,
                args=(ws, held, entry.id, *more),
            )


def _move(ws: Workspace, held: Held, entry: str, by: int) -> None:
    rules_draft.edit(ws, held, workbench.move(held.data, entry, by))


def _switch(ws: Workspace, held: Held, entry: str) -> None:
    rules_draft.edit(ws, held, workbench.switch(held.data, entry))


def _delete(ws: Workspace, held: Held, entry: str) -> None:
    rules_draft.edit(ws, held, workbench.delete(held.data, entry))


def _types(held: Held, problems: Sequence[workbench.Problem]) -> None:
    """The first step of every promotion: text becomes what the schema says."""
    st.caption("Text becomes what the schema says; a row that does not fit is quarantined, never lost.")
    link = {"table": f"bronze.{held.view.table}"}
    st.page_link("pages/schema.py", label="Open the schema", icon=":material/arrow_forward:", query_params=link)
    for each in problems:
        if each.entry == CAST:
            st.caption(f":red[:material/error: {show.plain(each.message)} {show.plain(each.hint)}]")
