"""Take only what is new: the cursor, how late rows may come, the rows without a cursor, a range to fill in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from automic_core import workbench
from pages.ui import show
from pages.ui.state import Workspace
from pages.ui.views import watermark_panel
from pages.ui.views.connect_state import Connecting

NULLS = {
    "take": "Take them: read again each time, kept once",
    "skip": "Leave them unread",
    "fail": "Stop the run",
}


def render(
    ws: Workspace, state: Connecting, seen: workbench.Sample, marks: Sequence[workbench.WatermarkView]
) -> dict[str, Any] | None:
    """The options of the incremental read; None if they are not complete.

    Args:
        ws: The visitor's session.
        state: What the page remembers.
        seen: What was seen of the source.
        marks: The watermarks of this source in the table.
    """
    choices = {choice.column: choice for choice in workbench.cursor_choices(seen)}
    if not choices:
        show.status("attention", "No column has an order in which rows arrive")
        show.note("It takes numbers, dates or times that grow with each new or changed row.")
        return None
    before: dict[str, Any] = dict(marks[0].options) if marks else {}
    first = marks[0].cursor if marks and marks[0].cursor in choices else next(iter(choices))
    cursor = _kept(state, "cursor", first, lambda key: st.selectbox("Cursor", list(choices), key=key, help=_HELP))
    watermark_panel.render(ws, [mark for mark in marks if mark.cursor == cursor], "connect")
    choice = choices[str(cursor)]
    unit = "such as 90s, 15m, 1h, 2d" if choice.timed else "in units of the number"
    label = f"Rows may come late by ({unit})"
    lag = _kept(state, f"lag-{cursor}", str(before.get("lag", 0)), lambda key: st.text_input(label, key=key))
    nulls = _kept(
        state,
        "nulls",
        before.get("nulls", "take"),
        lambda key: st.selectbox("Rows without a cursor", list(NULLS), format_func=NULLS.__getitem__, key=key),
    )
    found = {"cursor": cursor, "lag": lag or "0", "nulls": nulls, "type": choice.type, "backfill": _range(state)}
    problem = workbench.incremental_problem(found)
    if problem:
        st.caption(f":red[:material/error: {show.plain(problem)}]")
        return None
    return found


_HELP = "A column that grows with each row that is new or was changed, such as the time of its last change."


def _range(state: Connecting) -> list[str | None] | None:
    """A range to fill in, instead of what is new."""
    with st.expander("Fill in a range instead", icon=":material/history:", key=f"backfill-{state.turn}"):
        since = _kept(state, "backfill-from", "", lambda key: st.text_input("From", key=key))
        until = _kept(state, "backfill-to", "", lambda key: st.text_input("To (not included)", key=key))
        show.note("Takes the rows of this range that are not there yet; the watermark stays.")
    return [since or None, until or None] if since or until else None


def _kept(state: Connecting, name: str, first: Any, draw: Any) -> Any:
    """What a widget holds, kept while the page is left."""
    key = f"incremental-{name}-{state.turn}"
    state.begin(key, first)
    state.typed[key] = found = draw(key)
    return found
