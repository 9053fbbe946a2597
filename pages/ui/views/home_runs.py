"""The last runs, with their ledgers."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views.job_panel import STATES

MOST = 6


def render(ws: Workspace) -> None:
    """A line a run; the newest run that left a ledger shows it."""
    found = calls.fresh(ws, workbench.runs, MOST)
    with st.container(border=True, key="last-runs"):
        st.markdown("##### Last runs")
        told = [run for run in found if run.report]
        newest = next((run for run in told if (run.table or "").startswith("silver.")), told[0] if told else None)
        if newest is not None and newest.report is not None:
            part = show.ledger(newest.report, key="home-ledger", title=_title(newest.pipeline))
            if part:
                show.go("runs", run=newest.run_id, part=part)
        for run in found:
            with st.container(horizontal=True, vertical_alignment="center", wrap=False, key=f"line-{run.run_id}"):
                kind, word = STATES[run.state]
                show.status(kind, word)
                st.markdown(show.plain(_title(run.pipeline)), width="stretch")
                st.markdown(
                    f":gray[{_rows(run)}{show.when(run.started_at)}]",
                    width="content",
                    help=f"{show.exact(run.started_at)} by {show.plain(run.actor)}",
                )
                label = f"Open run {run.run_id}"
                if st.button(
                    label, key=f"run-{run.run_id}", type="tertiary", icon=":material/arrow_forward:", help=label
                ):
                    show.go("runs", run=run.run_id)


def _title(pipeline: str) -> str:
    """As the Runs page calls it."""
    return pipeline[:1].upper() + pipeline[1:]


def _rows(run: workbench.RunInfo) -> str:
    """A revert loads no rows, so it has none to tell."""
    return "" if run.rows_out is None else f"{show.count(run.rows_out, 'row')} · "
