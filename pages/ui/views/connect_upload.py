"""Hand over a file by drag and drop."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from automic_core import workbench
from automic_core.errors import AutomicError
from automic_core.workbench.uploads import megabytes
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views.connect_state import Connecting


def render(ws: Workspace, state: Connecting) -> None:
    """The area to drop files on; one that is kept becomes the chosen source, several can be opened one by one."""
    most = calls.fresh(ws, workbench.upload_limit)
    with st.container(key="connect-upload", gap="xsmall"):
        files = st.file_uploader(
            "Drop files here",
            key=f"upload-{state.turn}",
            disabled=ws.read_only,
            label_visibility="collapsed",
            accept_multiple_files=True,
            max_upload_size=min(most >> 20, int(st.get_option("server.maxUploadSize"))) or 1,
        )
        show.note(
            "CSV, JSON, Excel, XML, Parquet and SQLite, also as zip, gz, bz2, xz or zst; "
            f"at most {megabytes(most)} unpacked. Larger files: browse to them below."
        )
    _drop(ws, state, files)
    for exc in state.refused.values():
        show.error(exc)
    if state.kept:
        names = ", ".join(state.kept)
        show.note(f"Kept: {show.plain(names)}. Open them one by one below.")


def _drop(ws: Workspace, state: Connecting, files: list[UploadedFile]) -> None:
    """Keep what is new; forget what is gone from the area."""
    there = {file.file_id for file in files}
    state.handled &= there
    state.refused = {each: exc for each, exc in state.refused.items() if each in there}
    new = [file for file in files if file.file_id not in state.handled]
    for number, file in enumerate(new, 1):
        state.handled.add(file.file_id)
        try:
            with st.spinner(f"Keeping file {number} of {len(new)}, {show.size(file.size)}, unpacked to check"):
                kept = calls.change(ws, workbench.keep_upload, file.name, file)
        except AutomicError as exc:
            state.refused[file.file_id] = exc
            continue
        if len(files) == 1:
            other = kept.known and kept.name != file.name
            again = f"The same content was handed over before, as {kept.name}." if other else ""
            state.choose(kept.place, notice=again)
            st.rerun()
        state.kept.append(kept.name)
    if new and state.kept:
        state.folder = calls.at(ws, workbench.upload_folder)
