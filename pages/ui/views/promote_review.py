"""A review, as a change request reads: what it would change, gates, columns, rows, ledger, then the decision."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views import promote_flow, promote_gates, promote_rows
from pages.ui.views.job_panel import LOOK_ONLY


def find(ws: Workspace, review: str, waiting: Sequence[workbench.ReviewInfo]) -> workbench.Review | None:
    """The review with this id; why there is none is shown."""
    if any(each.id == review for each in waiting):
        return show.attempt(calls.read, ws, workbench.review, review)
    return show.attempt(calls.fresh, ws, workbench.review, review)


def render(ws: Workspace, review: workbench.Review) -> None:
    """Everything there is to know, and the two buttons."""
    ws.table = st.query_params["table"] = f"bronze.{review.table.partition('.')[2]}"
    with show.opening(f"Promote · review of {show.plain(review.table)}", show.plain(review.sentence)):
        _decide(ws, review)
    _standing(review)
    promote_flow.bar(review)
    if review.columns:
        left, right = st.columns([3, 2], gap="medium")
        with left:
            promote_gates.render(review)
        with right:
            _columns(review)
    else:
        promote_gates.render(review)
        show.note("The table is new; all its columns are." if review.new else "No column comes, goes or changes type.")
    promote_rows.render(review)
    promote_flow.render(review)
    promote_rows.quarantined(review)
    if review.spec:
        with st.expander("The promotion as YAML"):
            st.code(review.spec, language="yaml")


def _decide(ws: Workspace, review: workbench.Review) -> None:
    why = LOOK_ONLY if ws.read_only else None
    if st.button("Discard", icon=":material/delete:", disabled=why is not None, help=why, key="discard"):
        _ask(ws, review)
    why = why or review.moved or None
    if st.button(
        "Publish", type="primary", icon=":material/publish:", disabled=why is not None, help=why, key="publish"
    ):
        with st.spinner(f"Publishing {show.count(review.rows_after, 'row')}"):
            done = show.attempt(calls.change, ws, workbench.publish, review.id)
        if done is not None:
            ws.message = f"{review.table} is published: {show.count(review.rows_after, 'row')}."
            show.go("promote", table=f"bronze.{review.table.partition('.')[2]}")


def _ask(ws: Workspace, review: workbench.Review) -> None:
    def drop() -> None:
        calls.change(ws, workbench.discard, review.id)
        ws.message = f"The review of {review.table} is gone; the table is as it was."
        show.go("promote", table=f"bronze.{review.table.partition('.')[2]}")

    there = "" if review.new else f", with {show.count(review.rows_before, 'row')}"
    sentence = (
        f"The {show.count(review.rows_after, 'row')} prepared for {show.code(review.table)} are deleted. "
        f"The table itself stays as it is{there}."
    )
    show.confirm("Discard this review?", sentence, "Discard", drop)


def _standing(review: workbench.Review) -> None:
    """Who prepared it, whether it can be published, and what it does not know."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if review.moved:
            show.status("bad", "cannot be published")
        if review.accepted:
            show.status("good", "every type was accepted")
        else:
            show.status(
                "attention", "types not accepted by anybody yet" if not review.spec else "some types are inferred"
            )
        if review.report["balanced"]:
            show.status("good", "every row accounted for")
        own = f"bronze.{review.table.partition('.')[2]}"
        who = f"prepared by {show.plain(review.actor)} {show.when(review.at)}"
        st.caption(who, help=show.exact(review.at), width="content")
        st.space("stretch")
        if st.button("Back to the table", type="tertiary", icon=":material/arrow_back:", key="back"):
            show.go("promote", table=own)
    show.remarks(review.warnings, review.report["notes"])
    if review.moved:
        st.markdown(f"{show.plain(review.moved)} Discard this review and prepare a new one.")
    if review.bronze_newer:
        verb = "has" if review.bronze_newer == 1 else "have"
        show.note(f"{show.count(review.bronze_newer, 'row')} {verb} come into bronze since and are not part of it.")
    if review.decisions_newer:
        verb = "was" if review.decisions_newer == 1 else "were"
        show.note(f"{show.count(review.decisions_newer, 'decision')} {verb} made since and are not part of it.")


def _columns(review: workbench.Review) -> None:
    st.markdown("#### Columns")
    for each in review.columns[:30]:
        with st.container(horizontal=True, vertical_alignment="center"):
            if each.change == "added":
                show.status("good", "new")
            elif each.change == "removed":
                show.status("bad", "goes")
            else:
                show.status("attention", "type")
            types = " → ".join(show.plain(name) for name in (each.before, each.after) if name)
            st.markdown(f"{show.code(each.column)} {types}", width="content", help=show.plain(each.note) or None)
    if len(review.columns) > 30:
        show.note(f"showing 30 of {len(review.columns):,} columns")
