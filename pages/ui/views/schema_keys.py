"""Keys that tie the table to others of the lake: looked for when asked, shown with what speaks for and against them."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views import schema_claims
from pages.ui.views.schema_state import SchemaScreen

MOST = 12


def render(ws: Workspace, table: str, screen: SchemaScreen) -> None:
    """Draw the keys of a table, or the button that looks for them."""
    with st.container(key="schema-keys", gap="xsmall"):
        known = calls.fresh(ws, workbench.versions)
        tables = {name: version for name, version in known.items() if name.startswith(("bronze.", "silver."))}
        if screen.keys is None:
            _offer(ws, screen, tables, "Look for keys of other tables")
            return
        keys = workbench.keys_of(screen.keys, table)
        st.markdown(
            f"**{show.count(len(keys), 'key ties', 'keys tie') if keys else 'No key ties'}** this table to others"
        )
        for number, key in enumerate(keys[:MOST]):
            claim = workbench.key_claim(key, table)
            schema_claims.chip(claim, ":material/key:", f"schema-table-key-{number}")
        if len(keys) > MOST:
            st.caption(f"and {show.count(len(keys) - MOST, 'more key')}")
        if screen.keys_of != tables:
            _offer(ws, screen, tables, "Tables have changed: look again")
        else:
            st.caption("Proposals, each measured on all rows of both tables.")


def _offer(ws: Workspace, screen: SchemaScreen, tables: dict[str, str], label: str) -> None:
    if st.button(label, icon=":material/key:", key="schema-find-keys"):
        with st.spinner(f"Comparing the keys of {show.count(len(tables), 'table')}"):
            keys = show.attempt(calls.read, ws, workbench.relations, tables=list(tables))
        if keys is not None:
            screen.keys, screen.keys_of = keys, tables
            st.rerun()
