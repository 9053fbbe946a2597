"""Why rows are set aside, counted: a click leaves only those of one reason; besides by state and by text."""

from __future__ import annotations

import zlib

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from automic_core.workbench.quarantining import Listing, ReasonCount
from pages.ui import show
from pages.ui.views.quarantine_desk import View

MOST_REASONS, LABEL = 14, 46
_ALL = "all"
_STATES = {_ALL: "Set aside", "open": "Open", "fixed": "Fixed", "waived": "Waived", "replayed": "Replayed"}


def render(whole: Listing, states: DeltaGenerator, search: DeltaGenerator) -> View:
    """Draw the filters, the states and the search where there is place for them; the reason is in the URL."""
    counts = {_ALL: whole.total, **whole.states}
    state = states.segmented_control(
        "State",
        list(_STATES),
        default=_ALL,
        required=True,
        format_func=lambda each: f"{_STATES[each]} {counts[each]:,}",
        key=f"state-{whole.table}",
        label_visibility="collapsed",
    )
    text = search.text_input(
        "Search",
        key=f"search-{whole.table}",
        placeholder="Search",
        icon=":material/search:",
        label_visibility="collapsed",
    )
    return View(_reasons(whole), None if state in (None, _ALL) else state, text or None)


def _reasons(whole: Listing) -> str | None:
    known = {each.name: each for each in whole.reasons}
    wanted = st.query_params.get("filter", "")
    if wanted not in known:  # another page may name only the rule
        wanted = next((each.name for each in whole.reasons if each.rule == wanted), "")
    shown = [*list(known)[:MOST_REASONS], *([wanted] if wanted in list(known)[MOST_REASONS:] else [])]
    if not shown:
        st.query_params.pop("filter", None)
        return None
    chosen = st.pills(
        "Reasons",
        shown,
        default=wanted if wanted in known else None,
        format_func=lambda name: label(known[name]),
        key=f"reason-{whole.table}-{zlib.crc32('|'.join(shown).encode())}",
        label_visibility="collapsed",
    )
    if len(known) > len(shown):
        rest = show.count(len(known) - len(shown), "rarer reason")
        show.note(f"{rest}: search for a rule or a column to find its rows.")
    if chosen is None:
        st.query_params.pop("filter", None)
    else:
        st.query_params["filter"] = chosen
    return chosen


def label(reason: ReasonCount) -> str:
    """A reason and its rows, short enough for a button; the whole text stands with each row."""
    told = reason.text if reason.rule in ("cast", "malformed") else f"{reason.rule}: {reason.text}"
    short = told if len(told) <= LABEL else told[: LABEL - 1] + "…"
    return f"**{reason.rows:,}**  {show.plain(short)}"
