"""What stands around every page: the sidebar's context, the boundary that turns errors into words."""

from __future__ import annotations

import atexit
import gc
import os
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from automic_core import logs, workbench
from automic_core.errors import AutomicError
from pages.ui import calls, charts, login, show
from pages.ui.state import Workspace, workspace
from pages.ui.views import job_panel

STYLE = Path(__file__).parent / "style.css"
LOGO = Path(__file__).parent / "components"
_KEPT: set[str] = set()

_MODEL = {
    "off": "No language model is set up. Nothing is sent anywhere.",
    "local": "A model on this machine is set up. What it was sent is in Settings, Model.",
    "remote": "A remote model is set up. What it was sent is in Settings, Model.",
}


def run(page: StreamlitPage) -> None:
    """Run a page inside the frame; an error of the core is shown in its own words, any other calmly."""
    if not _KEPT:  # the first run of a server
        logs.configure(os.environ.get(logs.VARIABLE, "error"))
    st.html(STYLE)
    if charts.theme() == "dark":
        st.html(STYLE.with_name("style-dark.css"))
    st.logo(LOGO / ("logo-dark.svg" if charts.theme() == "dark" else "logo.svg"), size="large")
    if not login.passed():
        return
    ws = workspace()
    with calls.one_run():
        with st.sidebar:
            _context(ws)
        if ws.message:
            st.toast(show.plain(ws.message), icon=":material/check:")
            ws.message = ""
        show.guarded(page.run)()
    _keep(page.url_path)


def _keep(page: str) -> None:
    """Never look again through what the first visit of a page loaded.

    Streamlit collects garbage after every run and fragment, in the way of all visitors; looking through the modules
    alone took a tenth of a second each time.
    """
    if not _KEPT:
        atexit.register(gc.unfreeze)  # at the end everything is let go, or libraries complain of leaks
    if page not in _KEPT:
        _KEPT.add(page)
        gc.collect()
        gc.freeze()


def _context(ws: Workspace) -> None:
    """Which lake, who, what is running, whether a model is used."""
    with st.container(key="context", gap="xsmall"):
        st.caption("Lake", help=show.plain(ws.lake))
        st.markdown(f"**{show.plain(Path(ws.lake).name)}**")
        with st.container(horizontal=True, gap="xsmall"):
            st.badge(show.on_badge(ws.actor), icon=":material/person:", color="gray")
            if ws.read_only:
                st.badge("looking only", icon=":material/visibility:", color="violet")
            mode = calls.at(ws, workbench.model_mode)
            st.badge(f"AI {mode}", icon=":material/smart_toy:", color="gray", help=_MODEL[mode])
        if workbench.is_lake(Path(ws.lake)):
            _jobs(ws)


@st.fragment(run_every=4)
@show.guarded
def _jobs(ws: Workspace) -> None:
    """Jobs that run or wait, on every page."""
    try:
        active = [job for job in calls.fresh(ws, workbench.jobs, 20) if job.state in ("queued", "running")]
    except AutomicError as exc:
        st.caption(show.plain(exc.message))
        return
    for job in active[:3]:
        st.page_link(
            "pages/runs.py",
            label=f"{job_panel.in_short(job)} · {show.plain(job.title)}",
            icon=":material/progress_activity:",
            query_params={"job": job.id},
        )
