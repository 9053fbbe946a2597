"""Keys that tie the table to others: found by rules or named by a model, with what speaks for and against each."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError
from pages.ui import calls, model_ask, show
from pages.ui.state import Workspace
from pages.ui.views import schema_claims
from pages.ui.views.schema_state import SchemaScreen

MOST = 12


def render(ws: Workspace, table: str, screen: SchemaScreen) -> None:
    """Draw the keys of a table, the button that looks for them, and the one that asks a model."""
    with st.container(key="schema-keys", gap="xsmall"):
        known = calls.fresh(ws, workbench.versions)
        tables = {name: version for name, version in known.items() if name.startswith(("bronze.", "silver."))}
        asked = screen.keys is not None or screen.named is not None
        if asked:
            _found(table, screen)
        with st.container(horizontal=True, vertical_alignment="center"):
            if screen.keys is None:
                _offer(ws, screen, tables, "Look for keys of other tables")
            elif screen.keys_of != tables:
                _offer(ws, screen, tables, "Tables have changed: look again")
            model_ask.ask(
                ws,
                lambda: calls.fresh(ws, workbench.relate_plan),
                key="schema-relate-model",
                on_ask=_name,
                args=(ws, screen),
                label="Let the model name keys",
            )
        if asked:
            st.caption("Proposals, each measured on all rows of both tables.")


def _found(table: str, screen: SchemaScreen) -> None:
    """Each key once, with who found it."""
    ruled, named = list(screen.keys or ()), screen.named.keys if screen.named else []
    by_rules, by_model = {_ends(key) for key in ruled}, {_ends(key) for key in named}
    both = ruled + [key for key in named if _ends(key) not in by_rules]
    keys = workbench.keys_of(both, table)
    st.markdown(f"**{show.count(len(keys), 'key ties', 'keys tie') if keys else 'No key ties'}** this table to others")
    for number, key in enumerate(keys[:MOST]):
        who = "by rules" if _ends(key) in by_rules else "by the model"
        who = "by rules and the model" if _ends(key) in by_rules & by_model else who
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            schema_claims.chip(workbench.key_claim(key, table), ":material/key:", f"schema-table-key-{number}")
            if screen.named:
                st.markdown(f":gray[{who}]", width="content")
    if len(keys) > MOST:
        st.caption(f"and {show.count(len(keys) - MOST, 'more key')}")
    for refused in screen.named.refused[:MOST] if screen.named else ():
        st.caption(f":material/block: The model proposed what cannot be. {show.plain(refused)}")


def _ends(key: workbench.ForeignKey) -> tuple[str, str, str, str]:
    return key.table, key.column, key.parent_table, key.parent_column


def _offer(ws: Workspace, screen: SchemaScreen, tables: dict[str, str], label: str) -> None:
    if st.button(label, icon=":material/key:", key="schema-find-keys"):
        with st.spinner(f"Comparing the keys of {show.count(len(tables), 'table')}"):
            keys = show.attempt(calls.read, ws, workbench.relations, tables=list(tables))
        if keys is not None:
            screen.keys, screen.keys_of = keys, tables
            st.rerun()


def _name(ws: Workspace, screen: SchemaScreen) -> None:
    try:
        screen.named = calls.change(ws, workbench.relate)
    except AutomicError as exc:
        screen.problem = exc
