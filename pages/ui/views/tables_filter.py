"""Which rows and columns to show: a search in all columns, a condition on one, a search for columns."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from automic_core import workbench
from automic_core.errors import AutomicError
from pages.ui import show
from pages.ui.views.tables_state import mark

MANY, MOST = 12, 1_000
_NEEDS_NOTHING = ("empty", "filled")


def current() -> str:
    """The filter of the URL; one that cannot be read is said and dropped."""
    text = st.query_params.get("filter", "")
    try:
        workbench.parse_filter(text)
    except AutomicError as exc:
        show.error(exc)
        st.query_params.pop("filter", None)
        return ""
    return text


def render(table: str, columns: Sequence[str]) -> tuple[str, DeltaGenerator]:
    """Draw the filters in one line; returns the text to look for in column names, and a place for the pages."""
    wanted = ""
    text = st.query_params.get("filter", "")
    given = workbench.parse_filter(text)
    with st.container(horizontal=True, vertical_alignment="center", key="row-filters"):
        asked = st.text_input(
            "Search",
            value=given.value if given is not None and given.operator == "search" else "",
            key=f"rows-search-{mark(table, text)}",
            placeholder="Search in all columns",
            icon=":material/search:",
            label_visibility="collapsed",
            width=240,
        )
        _searched(asked, given)
        with st.popover("Condition", icon=":material/filter_alt:"):
            _condition(table, columns, given)
        if len(columns) > MANY:
            wanted = st.text_input(
                "Columns",
                key=f"rows-columns-{mark(table)}",
                placeholder=f"Find among {len(columns):,} columns",
                icon=":material/view_column:",
                label_visibility="collapsed",
                width=210,
            )
        if given is not None and given.operator != "search":
            _chip(given)
        st.space("stretch")
        pages = st.container(width=320)
    return wanted or "", pages


def _searched(asked: str, given: workbench.Filter | None) -> None:
    before = given.value if given is not None and given.operator == "search" else ""
    if asked.strip() == before:
        return
    if asked.strip():
        st.query_params["filter"] = str(workbench.Filter("", "search", asked.strip()))
    else:
        st.query_params.pop("filter", None)
    st.rerun()


def _condition(table: str, columns: Sequence[str], given: workbench.Filter | None) -> None:
    names = list(columns[:MOST])
    if given is not None and given.column and given.column not in names:
        names.insert(0, given.column)
    start = names.index(given.column) if given is not None and given.column in names else 0
    with st.form(f"condition-{mark(table, str(given))}", border=False):
        column = st.selectbox("Column", names, index=start)
        kinds = list(workbench.OPERATORS)
        chosen = kinds.index(given.operator) if given is not None and given.operator in kinds else 0
        operator = st.selectbox("is", kinds, index=chosen, format_func=workbench.OPERATORS.__getitem__)
        value = st.text_input("Value", value=given.value if given is not None else "")
        if st.form_submit_button("Show these rows", type="primary") and column is not None:
            st.query_params["filter"] = str(workbench.Filter(column, operator, value))
            st.rerun()


def _chip(given: workbench.Filter) -> None:
    value = "" if given.operator in _NEEDS_NOTHING else f" {given.value}"
    text = f"{given.column} {workbench.OPERATORS[given.operator]}{value}"
    label = text if len(text) <= 60 else text[:59] + "…"
    if st.button(show.plain(label), icon=":material/close:", key="filter-off", help="Take this condition away"):
        st.query_params.pop("filter", None)
        st.rerun()
