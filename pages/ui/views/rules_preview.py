"""Input beside output of the selected step, on the same sample."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError
from pages.ui import beside, calls, show
from pages.ui.state import Workspace
from pages.ui.views.rules_draft import Held

_WORDS = {"all": "All rows", "changed": "Changed", "removed": "Removed or flagged"}


@dataclass(frozen=True)
class Shown:
    """A preview, or why there is none."""

    preview: workbench.Preview | None
    error: AutomicError | None = None


def compute(ws: Workspace, held: Held) -> Shown:
    """The preview of the selected entry; computed again only when the draft or a table changed."""
    entry = held.selected
    if entry is not None and not entry.enabled:
        return Shown(None)
    try:
        return Shown(calls.read(ws, workbench.preview_step, held.table, held.data, held.entry))
    except AutomicError as exc:
        return Shown(None, exc)


def render(held: Held, shown: Shown, broken: set[str]) -> None:
    """Draw both grids, and what was simplified on the sample; ``broken`` are the entries that cannot run."""
    preview = shown.preview
    if preview is None:
        if held.entry in broken:
            show.note("Complete its settings on the left; what it does to the rows shows here.")
        elif shown.error is not None:
            show.error(shown.error)
        else:
            show.note("It is switched off: rows pass as they are.")
        return
    if preview.problem is not None and shown.error is None:
        show.note("The step cannot run yet, so there is no output to show.")
    counts = {
        "all": len(preview.before.rows),
        "changed": len({each.row for each in preview.changes}),
        "removed": len(preview.findings),
    }
    with st.container(horizontal=True, vertical_alignment="center", key="rules-which-row"):
        which = st.segmented_control(
            "Rows",
            list(_WORDS),
            format_func=lambda name: f"{_WORDS[name]} {counts[name]:,}",
            default="removed" if counts["removed"] else "changed" if counts["changed"] else "all",
            key=f"rules-which-{held.table}-{held.entry}",
            label_visibility="collapsed",
        )
        st.caption(f"on {show.plain(preview.sample)} · {preview.ms:,} ms", width="stretch", text_alignment="right")
    beside.beside(preview, key=f"rules-beside-{held.table}", which=which or "all")  # type: ignore[arg-type]
    for text in preview.notes:
        show.note(show.plain(text))


def ledger(shown: Shown) -> None:
    """Where the rows of the sample go in the whole draft."""
    if shown.preview is not None:
        show.ledger(shown.preview.ledger, key="rules-ledger", title="The whole draft on this sample")
