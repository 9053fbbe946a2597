"""Tables, ledgers and errors on a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError

T = TypeVar("T")


def guarded(call: Callable[[str], T], lake: str) -> T | None:
    """The call's result; an error is shown with its hint, and gives None."""
    try:
        return call(lake)
    except AutomicError as exc:
        st.error(exc.message, icon=":material/error:")
        if exc.hint:
            st.text(exc.hint)
        return None


def tables(found: list[workbench.TableInfo]) -> None:
    """Tables by layer."""
    st.subheader("Tables")
    rows = [
        {"layer": t.layer, "table": t.name, "rows": t.rows, "columns": t.columns, "last run": t.at, "run": t.run_id}
        for t in found
    ]
    st.dataframe(rows, hide_index=True, column_config={"rows": st.column_config.NumberColumn(format="localized")})


def newest_run(runs: list[workbench.RunInfo]) -> None:
    """The ledger of the newest run that has one."""
    ledger = next((run for run in runs if run.ledger), None)
    if ledger is not None:
        st.subheader("Newest run")
        st.code(ledger.ledger, language=None)


def nothing_yet(lake: str) -> None:
    """What to do in an empty lake."""
    st.info(f"The lake {lake} has no tables yet.", icon=":material/info:")
    st.code("automic ingest FILE --table NAME\nautomic promote NAME", language=None)
