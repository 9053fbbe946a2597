"""The states a table had: rows through time, a line a state; pick one to look at or return to, two to compare."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from automic_core import workbench
from pages.ui import calls, charts, show
from pages.ui.state import Workspace
from pages.ui.views import tables_diff, tables_rollback
from pages.ui.views.tables_state import Screen, mark

MOST, DRAWN = 500, 60
_ICONS = {
    "ingest": "↓ taken in",
    "promote": "↑ promoted",
    "replay": "↻ replayed",
    "build": "↑ built",
    "load": "↓ loaded",
    "rollback": "↶ set back",
    "compaction": "◦ files merged",
    "watermark": "◦ watermark",
    "schema": "◦ schema",
    "quarantine": "↓ set aside",
    "decision": "◦ decision",
    "created": "◦ created",
    "foreign": "? foreign",
}
_COLOURS = {
    "ingest": "bronze",
    "promote": "silver",
    "replay": "good",
    "build": "gold",
    "load": "accent",
    "rollback": "attention",
    "quarantine": "quarantine",
}


def render(ws: Workspace, table: str) -> None:
    """The picture, the list, and what can be done with the chosen states."""
    past = calls.read(ws, workbench.timeline, table, tables=[table])
    told = [each for each in past if each.operation != "created"] or past
    if len(told) > 1:
        _picture(told[:DRAWN])
    chosen = _list(ws, table, told[:MOST])
    if len(told) > MOST:
        show.note(f"showing the newest {MOST} of {show.count(len(told), 'state')}")
    now = next((each for each in told if each.current), told[0])
    if len(chosen) == 1:
        tables_rollback.render(ws, table, chosen[0], now)
    if len(chosen) == 2:
        tables_diff.render(ws, table, chosen[1], chosen[0])
    elif len(chosen) > 2:
        show.note("Two states can be compared; take the marks off the others.")
    elif len(chosen) == 1 and not chosen[0].current:
        tables_diff.render(ws, table, chosen[0], now)
    elif len(told) == 1:
        show.note("This is its only state so far. Each run that changes the table adds one.")
    else:
        show.note("◆ is the present state. Mark one to look at it or to return to it, two to compare their rows.")


def _list(ws: Workspace, table: str, past: list[workbench.State]) -> list[workbench.State]:
    event = st.dataframe(
        {
            "at": [each.at for each in past],
            "kind": [_ICONS[each.operation] for each in past],
            "what": [f"◆ {each.label}" if each.current else each.label for each in past],
            "who": [each.actor for each in past],
            "rows": [each.rows for each in past],
            "change": [_change(each) for each in past],
            "files": [_files(each) for each in past],
            "size": [show.size(each.bytes) for each in past],
            "run": [each.run_id for each in past],
        },
        hide_index=True,
        key=f"timeline-{mark(table)}-{ws.screen(Screen).round}",
        on_select="rerun",
        selection_mode="multi-row",
        height=min(len(past) + 1, 9) * 34 + 4,
        row_height=34,
        column_config={
            "at": st.column_config.DatetimeColumn("When (UTC)", format="YYYY-MM-DD HH:mm:ss", width=150),
            "kind": st.column_config.TextColumn("", width=100),
            "what": st.column_config.TextColumn("What happened", width=270),
            "who": st.column_config.TextColumn("Who", width=80),
            "rows": st.column_config.NumberColumn("Rows", format="localized", width=80),
            "change": st.column_config.NumberColumn("Change", format="%+,d", width=80),
            "files": st.column_config.TextColumn("Files", width=80, help="Data files that came and went"),
            "size": st.column_config.TextColumn("Size", width=80),
            "run": st.column_config.TextColumn("Run", width=110),
        },
    )
    return [past[place] for place in sorted(event["selection"]["rows"]) if place < len(past)]


def _picture(past: list[workbench.State]) -> None:
    """Rows from state to state, the newest at the right; colours say what made it."""
    colours = charts.colours()
    states = [each for each in reversed(past) if each.rows is not None]
    places = list(range(len(states)))
    figure = go.Figure()
    figure.add_scatter(
        x=places,
        y=[each.rows for each in states],
        mode="lines",
        line={"shape": "hv", "color": colours["neutral"], "width": 1.5},
        hoverinfo="skip",
        showlegend=False,
    )
    for kind in dict.fromkeys(each.operation for each in states):
        mine = [place for place in places if states[place].operation == kind]
        figure.add_scatter(
            x=mine,
            y=[states[place].rows for place in mine],
            mode="markers",
            name=_ICONS[kind],
            marker={
                "color": colours[_COLOURS.get(kind, "neutral")],
                "size": [13 if states[place].current else 9 for place in mine],
                "symbol": ["diamond" if states[place].current else "circle" for place in mine],
            },
            text=[f"{charts.safe(states[p].label)}<br>{show.exact(states[p].at)}" for p in mine],
            hovertemplate="%{text}<br>%{y:,} rows<extra></extra>",
        )
    step = max(1, len(states) // 6)
    ticks = places[::step]
    figure.update_xaxes(
        tickvals=ticks, ticktext=[show.when(states[p].at) for p in ticks], range=[-0.4, len(states) - 0.6]
    )
    figure.update_xaxes(showgrid=False, zeroline=False)
    figure.update_yaxes(rangemode="tozero", title="rows", tickformat=",")
    charts.plot(figure, key="timeline-picture", height=210, alt="Rows of the table from state to state")


def _change(state: workbench.State) -> int | None:
    if state.rows is None:
        return None
    return state.rows - (state.rows_before or 0)


def _files(state: workbench.State) -> str:
    parts = [f"+{state.files_added:,}"] if state.files_added else []
    parts += [f"-{state.files_removed:,}"] if state.files_removed else []
    return " ".join(parts)
