"""What the next promotion does: types, steps and rules of the draft."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from automic_core import workbench
from pages.ui import show

_MOST = 5


def render(standing: workbench.Promotable, wrong: Sequence[workbench.Problem]) -> None:
    """The draft in numbers, what in it cannot run, its lines, and its YAML one click away."""
    kinds = [line["what"] for line in standing.parts.rows if line["enabled"]]
    told = [
        show.count(kinds.count(kind), unit)
        for kind, unit in (("type", "accepted type"), ("step", "step"), ("rule", "rule"))
    ]
    own = standing.table.partition(".")[2]
    with st.container(border=True):
        _broken(own, wrong)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("**The next promotion**", width="content")
            show.note(", ".join(told))
            st.space("stretch")
            st.page_link("pages/connect.py", label="More rows", icon=":material/cable:", query_params={"table": own})
            st.page_link("pages/schema.py", label="Schema", icon=":material/view_column:", query_params={"table": own})
            st.page_link("pages/rules.py", label="Rules", icon=":material/rule:", query_params={"table": own})
        draft = standing.draft
        if draft.updated_at is not None and standing.edited:
            show.note(f"edited by {show.plain(draft.actor)} {show.when(draft.updated_at)}, not published yet")
        elif not standing.parts.rows:
            show.note("Nothing is set: every column gets the type that all its values prove, and all rows are kept.")
        if standing.parts.rows:
            parts = st.expander("Types, steps and rules in order", key=f"draft-parts-{own}", on_change="rerun")
            with parts:
                if parts.open:  # a grid takes a browser a while to load
                    show.rows(standing.parts, key="draft-rows")
            text = st.expander("As YAML", key=f"draft-text-{own}", on_change="rerun")
            with text:
                if text.open:
                    st.code(draft.text, language="yaml")


def _broken(own: str, found: Sequence[workbench.Problem]) -> None:
    """What cannot run as it is, each with the way to it: a review of it would fail."""
    if not found:
        return
    what = "1 entry cannot run: complete it" if len(found) == 1 else f"{len(found):,} entries cannot run: complete them"
    show.status("bad", f"{what}, then prepare the review")
    for each in found[:_MOST]:
        name, page = ("Types", "schema") if each.entry == "cast" else (each.entry, "rules")
        link = {"table": own} | ({"entry": each.entry} if page == "rules" else {})
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.page_link(f"pages/{page}.py", label=show.plain(name), icon=":material/error:", query_params=link)
            show.note(show.plain(each.message))
    if len(found) > _MOST:
        show.note(f"and {show.count(len(found) - _MOST, 'more entry', 'more entries')}")
