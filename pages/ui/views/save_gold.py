"""Keep an answer as a gold table: a job that builds it, now and whenever it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views import job_panel


@dataclass
class Saving:
    """An answer on its way to a gold table: the job that builds it, or the table it became."""

    job: str = ""
    saved: str = ""


def button(
    ws: Workspace,
    saving: Saving,
    sql: str,
    past: workbench.Past | None = None,
    renamed: Sequence[str] = (),
    *,
    key: str = "save-gold",
) -> None:
    """The button, which opens the dialog."""
    if st.button(
        "Save as gold",
        key=key,
        icon=":material/star:",
        disabled=ws.read_only,
        help="This workbench is open for looking only." if ws.read_only else None,
    ):
        _dialog(ws, saving, sql, past or workbench.Past(), renamed)


def progress(ws: Workspace, saving: Saving) -> None:
    """The job that builds the table, or the table."""
    if saving.saved:
        with st.container(horizontal=True, vertical_alignment="center"):
            show.status("good", f"{saving.saved} is built")
            label, about = f"Look at {show.plain(saving.saved)}", {"table": saving.saved}
            st.page_link("pages/tables.py", label=label, query_params=about, width="content")
    elif saving.job:
        job_panel.render(ws, saving.job, lambda job: _built(saving, job))


def _built(saving: Saving, job: workbench.Job) -> None:
    saving.saved = str((job.result or {}).get("table", job.table))
    st.rerun()


@st.dialog("Save as a gold table", icon=":material/star:")
def _dialog(ws: Workspace, saving: Saving, sql: str, past: workbench.Past, renamed: Sequence[str]) -> None:
    name = st.text_input("Name", placeholder="revenue_by_month", key="gold-name")
    if not name.strip():
        show.note("The statement is kept with the table, so that it can be built again from its sources.")
        st.button("Build", type="primary", disabled=True, key="gold-build")
        return
    plan = show.attempt(calls.fresh, ws, workbench.gold_plan, name, sql, past, renamed)
    if plan is None:
        return
    sources = ", ".join(show.code(source) for source in plan.sources) or "no table"
    st.markdown(f"Builds {show.code(plan.table)} from {sources}; a rebuild reads them as they are then.")
    for note in plan.notes:
        show.note(show.plain(note))
    if plan.exists:
        show.status("attention", f"{plan.table} exists: its rows are replaced, its earlier states stay")
    if st.button("Replace its rows" if plan.exists else "Build", type="primary", key="gold-build"):
        arguments = {"name": plan.table, "sql": sql}
        try:
            job = calls.change(ws, workbench.submit, "build", plan.table, arguments, f"Build {plan.table}")
        except AutomicError as exc:
            show.error(exc)
            return
        saving.job, saving.saved = job.id, ""
        st.rerun()
