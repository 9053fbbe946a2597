"""What a run did as YAML and as a Python script, and the proof that both are the same."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views import job_panel


def render(ws: Workspace, detail: workbench.RunDetail) -> None:
    """Both texts side by side, downloads, proof."""
    found = show.attempt(calls.fresh, ws, workbench.export_run, detail.line.id)
    if found is None:
        return
    own = found.table.partition(".")[2]
    if found.provable:
        _proof(ws, detail.line.id)
    else:
        show.note("To prove an ingest means to take it in again, which adds nothing that is there already.")
    left, right = st.columns(2)
    with left:
        _text("YAML", found.yaml, f"{own}.yaml", "yaml")
        if found.command:
            show.note("On the command line:")
            st.code(found.command, language=None)
    with right:
        _text("Python", found.script, f"{own}.py", "python")
        show.note("On the command line:")
        st.code(f"python {own}.py LAKE" + (" --dry-run" if found.provable else ""), language=None)


def _text(title: str, text: str, file: str, language: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"##### {title}", width="stretch")
        st.download_button(
            file, text, file, "text/plain", key=f"get-{language}", icon=":material/download:", on_click="ignore"
        )
    st.code(text, language=language, height=360)


def _proof(ws: Workspace, run_id: str) -> None:
    """The button, its job, and what it found; anybody who looks sees the newest proof."""
    job = calls.fresh(ws, workbench.proof_job, run_id)
    if job is not None and job.state != "succeeded":
        job_panel.render(ws, job.id)
    with st.container(horizontal=True, vertical_alignment="center"):
        if job is not None and job.state == "succeeded" and job.result is not None:
            _result(job.result)
        elif job is None:
            st.markdown("Do both give the same rows? Both are run, nothing is published.", width="stretch")
        idle = job is None or job.ended
        label = "Prove them equal" if job is None else "Prove again"
        if idle and st.button(label, icon=":material/balance:", key="runs-prove", disabled=ws.read_only):
            title = f"Prove the run {run_id}"
            if show.attempt(calls.change, ws, workbench.submit, "prove", None, {"run": run_id}, title):
                st.rerun()


def _result(proof: dict[str, object]) -> None:
    """The verdict and its hashes."""
    yaml, script, published = (dict(proof[name]) for name in ("yaml", "script", "published"))  # type: ignore[call-overload]
    rows = show.count(yaml["rows"], "row")
    with st.container(gap="xsmall"):
        if proof["equal"]:
            show.status("good", f"Proved: YAML and script give the same {rows}")
        else:
            show.status("bad", f"Not equal: the YAML gives {rows}, the script {show.count(script['rows'], 'row')}")
        moved = proof["moved"]
        if isinstance(moved, list) and moved:
            show.note(show.plain(f"Today's rows need not be those it published: {', '.join(moved)}."))
        elif proof["reproduced"]:
            show.note("They are the rows that the run published.")
        else:
            show.note("They are not the rows that the run published; a table that a step looks up may have changed.")
        with st.popover("Hashes", type="tertiary", icon=":material/tag:"):
            show.note("SHA-256 of each row, summed: the same rows in any order give the same number.")
            for name, found in (("YAML", yaml), ("Script", script), ("Published", published)):
                st.text(f"{name}: {found['rows']:,} rows")
                st.code(str(found["digest"]), language=None, wrap_lines=True)
