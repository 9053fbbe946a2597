"""An answer: how many rows, how long, what was read; grid or chart; take it away or keep it as gold."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError
from pages.ui import show
from pages.ui.state import Workspace
from pages.ui.views import explore_chart, save_gold
from pages.ui.views.explore_state import Explore, File, cancel, finish

_LABELS = {"csv": "CSV", "parquet": "Parquet", "json": "JSON"}


def render(ws: Workspace, screen: Explore) -> None:
    """Draw the answer, or how long it takes already."""
    if screen.asking is not None:
        st.fragment(show.guarded(_running), run_every=0.5)(screen)
        return
    if screen.said:
        show.note(screen.said)
    if screen.answer is None or screen.rows is None or screen.chart is None:
        return
    _head(ws, screen, screen.answer)
    if screen.shape == "Grid":
        show.rows(screen.rows, key="explore-grid", total=screen.answer.total)
    else:
        explore_chart.render(screen, screen.answer, screen.chart)
    for note in screen.answer.notes:
        show.note(show.plain(note))
    _read(screen.answer)


def _running(screen: Explore) -> None:
    if screen.asking is None or screen.asking.done:
        if screen.asking is not None:
            finish(screen)
        st.rerun()
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"Running for {screen.asking.seconds:.0f} s; a query may take {screen.asking.limit:.0f} s.")
        if st.button("Cancel", key="cancel-query", icon=":material/stop_circle:"):
            cancel(screen)
            st.rerun()


def _head(ws: Workspace, screen: Explore, answer: workbench.Answer) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="explore-head"):
        shapes = ["Grid", "Chart"]
        picked = st.segmented_control(
            "Show as", shapes, default=screen.shape, key="explore-shape", label_visibility="collapsed", required=True
        )
        if picked and picked != screen.shape:
            screen.shape = picked
        more = "" if answer.exact else "more than "
        st.markdown(f"**{more}{show.count(answer.total, 'row')}** in {answer.seconds * 1000:,.0f} ms", width="stretch")
        _download(ws, screen, answer)
        save_gold.button(ws, screen.saving, answer.sql, answer.past, answer.renamed)


def _download(ws: Workspace, screen: Explore, answer: workbench.Answer) -> None:
    with st.popover("Download", icon=":material/download:", width="content", key="explore-download"):
        kinds = list(_LABELS)
        kind = st.segmented_control(
            "Format", kinds, default="csv", format_func=_LABELS.__getitem__, key="download-kind", required=True
        )
        excel = kind == "csv" and st.checkbox(
            "For a spreadsheet: no cell is computed",
            key="download-excel",
            help="Texts that begin with = + - @ or a tab get an apostrophe before them, so that they stay texts.",
        )
        st.caption(
            f"All {show.count(answer.total, 'row')}{'' if answer.exact else ' and more'}, from the states shown here."
        )
        if st.button("Make the file", key="download-make", icon=":material/description:"):
            screen.file = None
            try:
                data = workbench.download_answer(answer, ws.lake, kind or "csv", excel=bool(excel))
                screen.file = File(f"answer.{kind}", data, workbench.media_type(kind or "csv"))
            except AutomicError as exc:
                show.error(exc)
        if screen.file is not None:
            label = f"Save {screen.file.name} ({show.size(len(screen.file.data))})"
            file = screen.file
            st.download_button(
                label, file.data, file.name, file.mime, type="primary", on_click="ignore", key="download-save"
            )


def _read(answer: workbench.Answer) -> None:
    """The tables, each in the state that was read."""
    if not answer.tables:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption("Read from", width="content")
        for read in answer.tables[:8]:
            st.page_link(
                "pages/tables.py",
                label=f"{show.plain(read.name)} at `{read.snapshot}`",
                query_params={"table": read.name, "snapshot": str(read.snapshot or "")},
                icon=":material/push_pin:",
                width="content",
            )
        if len(answer.tables) > 8:
            st.caption(f"and {len(answer.tables) - 8} more", width="content")
