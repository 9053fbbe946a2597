"""What the data suggests, with evidence; accepting is one undo point."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views import rules_draft
from pages.ui.views.rules_draft import Held


def render(ws: Workspace, held: Held) -> None:
    """Draw the panel; the data is looked at when it is open."""
    panel = st.expander(
        "Suggested by the data",
        expanded=held.began_empty,
        icon=":material/lightbulb:",
        key=f"rules-suggested-{held.table}",
        on_change="rerun",
    )
    with panel:
        if not (panel.open or (panel.open is None and held.began_empty)):
            return
        try:
            found = calls.read(ws, workbench.suggestions, held.table, held.data)
        except AutomicError as exc:
            show.note(f"{show.plain(exc.message)} Suggestions come once every step can run.")
            return
        if not found:
            show.note("Nothing more; it takes at least 20 rows, and what the draft already does is not repeated.")
        for number, proposal in enumerate(found):
            _proposal(ws, held, proposal, number)


def _proposal(ws: Workspace, held: Held, proposal: workbench.Proposal, number: int) -> None:
    text, chip, button = st.columns([5, 2.1, 1.1], vertical_alignment="center")
    with text:
        st.markdown(f"**{show.plain(proposal.title)}**  \n:gray[{show.plain(proposal.why)}]")
    with chip:
        label = "as they are" if proposal.group == "step" else "agree"
        show.evidence(proposal.agree, proposal.of, proposal.examples, key=f"rules-evidence-{number}", label=label)
    button.button(
        "Accept",
        key=f"rules-accept-{number}",
        disabled=ws.read_only or held.stale,
        on_click=_accept,
        args=(ws, held, proposal),
    )


def _accept(ws: Workspace, held: Held, proposal: workbench.Proposal) -> None:
    rules_draft.edit(ws, held, workbench.accepted(held.data, proposal))
