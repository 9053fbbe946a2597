"""Every kind of source as a card; its form when it is chosen."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from pages.ui import calls, forms, show
from pages.ui.state import Workspace
from pages.ui.views.connect_state import Connecting

WIDTH = 4
FIRST = ("Files", "Databases")


def render(state: Connecting) -> None:
    """The cards, family by family."""
    found = [each for each in calls.connectors() if each.reads]
    found.sort(key=lambda each: (FIRST.index(each.family) if each.family in FIRST else len(FIRST), each.family))
    st.markdown("**Every connector**")
    for start in range(0, len(found), WIDTH):
        for place, card in zip(st.columns(WIDTH, gap="small"), found[start : start + WIDTH], strict=False):
            with place:
                _card(state, card)


def _card(state: Connecting, card: workbench.Connector) -> None:
    with st.container(border=True, key=f"card-{card.kind}", gap="xsmall", height="stretch"):
        show.note(show.plain(card.family))
        st.markdown(f"**{show.plain(card.label)}**")
        if card.suffixes:
            show.note(show.plain(" ".join(card.suffixes)))
        if card.missing:
            st.code(card.missing, language=None, wrap_lines=True)
        elif st.button("Set up", key=f"set-up-{card.kind}", type="tertiary", icon=":material/tune:"):
            state.card = card.kind
            st.rerun()


def form(ws: Workspace, state: Connecting) -> None:
    """All options of a kind; test it, then look at its rows."""
    form = workbench.source_form(state.card)
    key = f"card-form-{state.card}-{state.turn}"
    top = show.opening("Connect", f"Set up {show.plain(form.label)}")
    with st.container(border=True, key="connect-card-form"):
        show.note(show.plain(form.description))
        values = forms.fill(form.schema, {}, key=key, skip=form.hidden)
        place, values = workbench.place_of(form, values)
        with top:
            look = st.button("Look at the rows", key="look", type="primary", disabled=not place)
        with st.container(horizontal=True):
            test = st.button("Test connection", key="card-test", icon=":material/network_check:", disabled=not place)
            if st.button("Choose another", key="card-close", icon=":material/arrow_back:"):
                state.card = ""
                st.rerun()
        if test:
            verdict = calls.place(ws, workbench.check_source, place, state.card, values)
            show.status("good" if verdict.works else "bad", "It works" if verdict.works else "It does not work")
            st.text(" ".join(part for part in (verdict.sentence, verdict.hint) if part))
        if look:
            state.choose(place, state.card, values)
            st.rerun()
