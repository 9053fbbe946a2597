"""How far a job is, wherever it was begun: looked at once a second while it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace

LOOK_ONLY = "This workbench is open for looking only."
OnDone = Callable[[workbench.Job], None]
STATES: dict[str, tuple[show.Kind, str]] = {
    "queued": ("neutral", "Waiting"),
    "running": ("neutral", "Running"),
    "succeeded": ("good", "Done"),
    "failed": ("bad", "Failed"),
    "cancelled": ("neutral", "Cancelled"),
}


@dataclass
class Watched:
    """Jobs this visitor has seen succeed, and the job that took the place of one that was run again."""

    told: set[str] = field(default_factory=set)
    again: dict[str, str] = field(default_factory=dict)


def render(ws: Workspace, job_id: str, on_done: OnDone | None = None) -> None:
    """Show a job; ``on_done`` is called once when it has succeeded."""
    watched = ws.screen(Watched)
    while job_id in watched.again:
        job_id = watched.again[job_id]
    job = show.attempt(calls.fresh, ws, workbench.job, job_id)
    if job is None:
        return
    if job.state == "succeeded" and job.id not in watched.told:
        watched.told.add(job.id)
        if on_done is not None:
            on_done(job)
    if job.ended:
        _panel(ws, job)
    else:
        st.fragment(show.guarded(_follow), run_every=1)(ws, job.id)


def _follow(ws: Workspace, job_id: str) -> None:
    job = show.attempt(calls.fresh, ws, workbench.job, job_id)
    if job is None:
        return
    if job.ended:
        st.rerun()  # the rest of the page wants to know
    _panel(ws, job)


def _panel(ws: Workspace, job: workbench.Job) -> None:
    with st.container(border=True, key=f"job-{job.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            badge = st.empty()
            st.markdown(f"**{show.plain(job.title)}**", width="stretch")
            job = _buttons(ws, job)
        kind, word = STATES[job.state]
        with badge:
            show.status(kind, "Stopping" if job.cancelling and not job.ended else word)
        if job.state == "running" and job.total and job.rows:
            st.progress(min(1.0, job.rows / job.total), text=progress_text(job))
        elif job.state == "running":
            show.note(progress_text(job))
        elif job.state == "queued":
            show.note(show.plain(f"Waiting: {calls.fresh(ws, workbench.waiting_for, job.id) or 'it begins'}"))
        else:
            rows = (job.result or {}).get("rows", job.rows if job.state != "succeeded" else None)
            parts = [show.count(rows, "row")] if rows else []
            show.note(" · ".join([*parts, show.duration(job.seconds), show.when(job.ended_at)]))
        if job.state == "cancelled":
            stays = job.kind == "follow"
            st.text(f"Stopped. {'What came until then stays.' if stays else 'The tables are as they were before.'}")
        if job.error:
            st.text(job.error)
            if job.hint:
                st.text(job.hint)


def in_short(job: workbench.Job) -> str:
    """How far it is, in a word or two: the rows only once there are any."""
    if job.cancelling:
        return "stopping"
    if job.state == "queued":
        return "waiting"
    if not job.rows:
        return show.plain(job.phase.lower()) or "starting"
    return f"{min(1.0, job.rows / job.total):.0%}" if job.total else show.count(job.rows, "row")


def progress_text(job: workbench.Job) -> str:
    """Phase, rows, time and what is left of it."""
    rows = f"{job.rows:,} of about {show.count(job.total, 'row')}" if job.total else show.count(job.rows, "row")
    parts = [job.phase, rows if job.rows else "", show.duration(job.seconds)]
    parts += [f"about {show.duration(job.eta)} left"] if job.eta is not None else []
    return show.plain(" · ".join(part for part in parts if part))


def _buttons(ws: Workspace, job: workbench.Job) -> workbench.Job:
    """Cancel while it goes on, then Run again; nothing for those who only look. The job as it is then."""
    if ws.read_only:
        return job
    if not job.ended:
        place = st.empty()
        if not job.cancelling and place.button("Cancel", key=f"cancel-{job.id}", icon=":material/stop_circle:"):
            job = show.attempt(calls.change, ws, workbench.cancel, job.id) or job
        if job.cancelling and not job.ended:
            place.button("Stopping…", key=f"stopping-{job.id}", icon=":material/stop_circle:", disabled=True)
    elif job.state != "succeeded" and st.button("Run again", key=f"again-{job.id}", icon=":material/replay:"):
        fresh = show.attempt(calls.change, ws, workbench.rerun, job.id)
        if fresh is not None:
            ws.screen(Watched).again[job.id] = fresh.id
            st.rerun()
    return job
