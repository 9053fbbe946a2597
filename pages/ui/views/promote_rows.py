"""Rows of a review: which come, go and change, by key; which go to quarantine."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from pages.ui import show


def render(review: workbench.Review) -> None:
    """Examples of each kind, and how often each column changes."""
    st.markdown("#### Rows")
    by = ", ".join(show.code(key) for key in review.keys)
    how = f"rows are matched by {by}" if by else "the rows have no key: whole rows are compared"
    st.caption(f"{review.rows_before:,} → {show.count(review.rows_after, 'row')}; {how}")
    changes = {"Added": review.added, "Removed": review.removed, "Changed": review.changed}
    shown = [(name, number) for name, number in changes.items() if number]
    if not shown:
        show.note("Every row is as it is published now.")
        return
    for (name, _), tab in zip(shown, st.tabs([f"{name} {number:,}" for name, number in shown]), strict=True):
        with tab:
            if name == "Added":
                show.rows(review.added_rows, key="rows-added", sample="the first of those that come")
            elif name == "Removed":
                show.rows(review.removed_rows, key="rows-removed", sample="the first of those that go")
            else:
                _changed(review)


def _changed(review: workbench.Review) -> None:
    often = list(review.changed_columns.items())
    told = " · ".join(f"{show.code(name)} {number:,}" for name, number in often[:12])
    more = f" and {len(often) - 12:,} more" if len(often) > 12 else ""
    of = f" of the first {review.counted:,} changed rows" if review.counted < review.changed else ""
    st.markdown(f"Changed cells by column{of}: {told}{more}")
    show.rows(review.cells, key="rows-changed", sample="cells of the first changed rows")


def quarantined(review: workbench.Review) -> None:
    """Rows set aside, by reason and with examples."""
    if not review.quarantined:
        return
    st.markdown("#### To quarantine")
    before = review.quarantined_before
    told = show.count(review.quarantined, "row")
    show.note(told if before is None else f"{told}; the promotion before set {before:,} aside")
    kinds = {"Reason": "String", "Column": "String", "Rows": "Int64", "For example": "String"}
    lines = [
        {
            "Reason": f"{each.rule}: {each.message}",
            "Column": each.column,
            "Rows": each.rows,
            "For example": ", ".join(each.values),
        }
        for each in review.reasons
    ]
    show.rows(workbench.Rows(kinds, lines[:200], len(lines)), key="reasons")
    with st.expander("The rows as they stand in bronze"):
        show.rows(review.quarantined_rows, key="rows-quarantined", sample="every reason with each row")
