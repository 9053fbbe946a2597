"""The first sentence of Quarantine, and what it says when nothing is there."""

from __future__ import annotations

import streamlit as st

from automic_core.workbench.quarantining import Listing
from pages.ui import show, state

PICKER = "table-bronze"
"""Key of the table picker."""


def sentence(found: Listing) -> str:
    """How many rows, of what, for how many reasons."""
    table = show.plain(found.table)
    if not found.total:
        return f"Nothing of {table} is set aside"
    verb = "row is" if found.total == 1 else "rows are"
    told = f"{found.total:,} {verb} set aside from {table}, for {show.count(len(found.reasons), 'reason')}"
    decided = found.states["fixed"] + found.states["waived"]
    return f"{told}; {decided:,} decided" if decided else told


def not_promoted(table: str) -> str:
    """The sentence for a table without silver, or for a lake without tables."""
    return f"{show.plain(table)} was not promoted yet, so nothing is set aside" if table else "Nothing is set aside"


def teach(table: str) -> None:
    """What will stand here, and how to get there."""
    sentence = "Rows that cannot be trusted stand here after a promotion, each with every reason."
    if table:
        show.nothing(sentence, "check", ("Promote", "promote"), demo=False)
    else:
        show.nothing(sentence, "check")


def calm(table: str, counts: dict[str, int]) -> None:
    """Every row passed; where else something waits."""
    with st.container(border=True, horizontal_alignment="center", gap="small", key="nothing-check"):
        st.markdown("# :material/task_alt:", width="content")
        st.markdown(f"Nothing is set aside. Every row of {show.plain(table)} passed its checks.", width="content")
        others = {name: rows for name, rows in counts.items() if rows and name != table}
        with st.container(horizontal=True, horizontal_alignment="center"):
            for name, rows in list(others.items())[:4]:
                label = f"{show.plain(name)}: {show.count(rows, 'row')}"
                full = f"bronze.{name}"
                st.button(label, icon=":material/healing:", key=f"to-{name}", on_click=state.put, args=(PICKER, full))
