"""Sections of the settings as forms; a change is tried on the catalog before it is saved."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from automic_core import workbench
from pages.ui import calls, forms, show
from pages.ui.state import Workspace

TITLES = {
    "lakehouse": "This lake",
    "storage.local": "On this machine",
    "storage.aws": "Amazon S3",
    "storage.gcp": "Google Cloud Storage",
    "storage.azure": "Azure",
    "iceberg.catalog": "Catalog",
    "medallion.bronze": "Bronze",
    "medallion.silver": "Silver",
    "medallion.gold": "Gold",
    "llm": "Language model",
    "extraction": "Extraction",
    "jobs": "Jobs",
    "sql": "Statements",
    "security": "Files",
}


def problems(view: workbench.SettingsView) -> None:
    """What is wrong with the file, and what wins over it."""
    if view.problem:
        with st.container(border=True):
            show.status("bad", "The settings cannot be read")
            st.text(view.problem)
            st.text(view.hint)
    if workbench.shared():
        show.note("The settings of a shared workbench are changed in automic.yaml on its machine, not here.")
    if view.overridden:
        show.note(f"Set by the environment, which wins over the file: {show.plain(', '.join(view.overridden))}")


def render(ws: Workspace, view: workbench.SettingsView, sections: Sequence[str]) -> None:
    """A form for each section."""
    for section in sections:
        schema = view.schemas[section]
        with st.container(border=True, key=f"section-{section}"):
            st.markdown(f"##### {TITLES[section]} &nbsp;`{section}`")
            st.caption(show.plain(schema.get("description", "").partition("\n")[0].replace("`", "")))
            if section.startswith("medallion."):
                show.note(_kept(section))
            written = view.written.get(section, {})
            values = forms.fill(schema, written, key=f"set-{section}-{view.version}", disabled=ws.settled)
            defaults = {name: spec.get("default") for name, spec in schema.get("properties", {}).items()}
            if defaults | values != defaults | written and not ws.settled:
                _change(ws, view, section, values)


def _kept(section: str) -> str:
    """What the age in days does: batches of bronze are the record of what came in, so they are never forgotten."""
    if section == "medallion.bronze":
        return "Older states of a followed table are forgotten when it is next followed or tidied up; batches stay."
    return "Older states are forgotten when the table is next published, followed or tidied up; not set, all stay."


def _change(ws: Workspace, view: workbench.SettingsView, section: str, values: dict[str, object]) -> None:
    trial = show.attempt(calls.at, ws, workbench.edit_settings, section, values)
    if trial is not None:
        save(ws, view, trial, key=section)


def save(ws: Workspace, view: workbench.SettingsView, trial: workbench.Trial, *, key: str) -> None:
    """Say what a change would do, and offer to save it."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="right"):
        if trial.before is not None and trial.before != trial.tables:
            text = f"The lake would show {trial.tables}; it shows {trial.before} now"
            show.status("attention", text)
        else:
            show.status("good", f"The catalog opens and shows {trial.tables}")
        if trial.comments_lost:
            show.status("attention", f"{show.count(trial.comments_lost, 'comment')} inside the file will go")
        if st.button("Save", type="primary", key=f"save-{key}", disabled=ws.settled):
            done = show.attempt(calls.at, ws, workbench.save_settings, trial.text, view.version, writes=True)
            if done is not None:
                ws.message = "Settings saved"
                st.rerun()
