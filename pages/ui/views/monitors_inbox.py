"""The inbox: what is out of the ordinary, the worst first; each looked at, called expected, or settled elsewhere."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show, state
from pages.ui.state import Workspace
from pages.ui.views.job_panel import LOOK_ONLY

FIRST, STEP = 8, 20
SHOWN = "monitors-shown"
KINDS: dict[str, str] = {
    "volume": "volume",
    "freshness": "stale",
    "nulls": "empty cells",
    "values": "values",
    "drift": "drift",
    "rule": "rule",
    "run": "failed run",
    "behind": "behind",
}
RANKED = (
    "Ranked by how many times as far as its band reaches a value lies. A failed run counts 6, a table behind its "
    "source 1; rules that fail as usual come last, by the share of rows."
)
HELP = "Call this expected: the band moves, and it leaves the inbox. It can be taken back below."


def render(ws: Workspace, inbox: workbench.Inbox, table: str) -> workbench.Alert | None:
    """A card each; the one that is looked at is in the URL, by default the worst.

    Returns:
        The one whose series is shown; None if a series was chosen that is not in the inbox, or none is there.
    """
    alerts = [each for each in inbox.alerts if table in ("", each.table)]
    if not alerts:
        where = show.code(table) if table else "any table"
        with st.container(border=True, key="monitors-calm"):
            show.status("good", "Nothing is out of the ordinary")
            st.markdown(f"Every series of {where} is within its band, and no rule fails.")
        return None
    chosen = _chosen(alerts)
    most = max(int(state.value(SHOWN) or FIRST), alerts.index(chosen) + 1 if chosen is not None else 0)
    for number, alert in enumerate(alerts[:most]):
        _card(ws, alert, number, shown=alert is chosen)
    if len(alerts) > most and st.button(f"Show more: {most} of {len(alerts):,} are shown", key="monitors-more"):
        state.put(SHOWN, most + STEP)
        st.rerun()
    show.note(RANKED)
    return chosen


def _chosen(alerts: list[workbench.Alert]) -> workbench.Alert | None:
    series, about = st.query_params.get("series", ""), st.query_params.get("about", "")
    if series:
        return next((each for each in alerts if series in each.keys and about in ("", each.table)), None)
    return alerts[0]


def _card(ws: Workspace, alert: workbench.Alert, number: int, *, shown: bool) -> None:
    with st.container(border=True, gap=None, key=f"monitors-card-{number}{'-shown' if shown else ''}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            show.status(alert.level, KINDS[alert.kind])
            st.markdown(f"{show.code(alert.table)} {show.plain(alert.sentence)}", width="stretch")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            ago = f"{show.when(alert.at)} · " if alert.at else ""
            st.caption(f"{ago}{show.plain(alert.basis)}", width="stretch")
            if alert.keys and not shown and st.button("Show", key=f"alert-show-{number}", type="tertiary"):
                st.query_params["series"], st.query_params["about"] = alert.keys[0], alert.table
                st.rerun()
            label = f"Open {alert.page}"
            if st.button("Open", key=f"alert-open-{number}", type="tertiary", help=label):
                show.go(alert.page, **alert.query)
            why = LOOK_ONLY if ws.read_only else alert.fixed or None
            if st.button("Expected", key=f"alert-expected-{number}", disabled=why is not None, help=why or HELP):
                _expect(ws, alert)


def _expect(ws: Workspace, alert: workbench.Alert) -> None:
    done = show.attempt(calls.change, ws, workbench.expect, alert.table, alert.keys, alert.snapshot)
    if done is not None:
        ws.message = f"Expected from now on: {alert.sentence}"
        for name in ("series", "about"):
            st.query_params.pop(name, None)
        st.rerun()
