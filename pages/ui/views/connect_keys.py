"""Columns that identify a row of the source, with the evidence for them."""

from __future__ import annotations

import zlib

import streamlit as st

from automic_core import workbench
from pages.ui import show
from pages.ui.state import put
from pages.ui.views.connect_state import Connecting


def render(state: Connecting, seen: workbench.Sample, standing: workbench.Standing | None, table: str) -> list[str]:
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


def _proposed(state: Connecting, seen: workbench.Sample, table: str) -> workbench.KeyEvidence:
    """The key that suggests itself; found out once for a sample, since all its columns are looked at."""
    known = state.proposed
    if known is None or known[0] is not seen or known[1] != table:
        known = state.proposed = (seen, table, workbench.key_evidence(seen, table=table))
    return known[2]
