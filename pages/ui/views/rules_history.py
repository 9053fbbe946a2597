"""What the selected rule found in the runs so far."""

from __future__ import annotations

import plotly.graph_objects as go

from automic_core import workbench
from pages.ui import calls, charts, show
from pages.ui.state import Workspace
from pages.ui.views.rules_draft import CAST, Held

_PLACES = 24
"""Runs that the chart has room for before its bars get thinner; the newest stands at the right."""


def render(ws: Workspace, held: Held) -> None:
    """Draw a small chart: rows that broke the rule, run by run."""
    entry = held.selected
    if held.entry != CAST and (entry is None or entry.group != "rule"):
        return
    points = calls.read(ws, workbench.rule_history, held.table).get(held.entry, [])
    if not points:
        return
    last = points[-1]
    now = show.plain(last.said) if last.said else f"{last.failing:,} of {show.count(last.judged, 'row')}"
    runs = show.count(len(points), "published run")
    show.note(f"Found so far in {runs}; in the last one, {show.when(last.at)}: {now}")
    if len(points) > 1:
        _chart(held, points)


def _chart(held: Held, points: list[workbench.RulePoint]) -> None:
    colours = charts.colours()
    figure = go.Figure(
        go.Bar(
            x=list(range(len(points))),
            y=[each.failing for each in points],
            marker={"color": [colours["quarantined"] if each.failing else colours["neutral"] for each in points]},
            customdata=[[show.exact(each.at), f"{each.judged:,}"] for each in points],
            hovertemplate="%{customdata[0]}: %{y:,} of %{customdata[1]}<extra></extra>",
        )
    )
    most = max(each.failing for each in points)
    figure.update_xaxes(visible=False, range=[len(points) - max(len(points), _PLACES) - 0.5, len(points) - 0.5])
    figure.update_yaxes(range=[0, max(most, 1) * 1.1], tickvals=[0, most], tickformat=",d")
    figure.update_layout(margin={"l": 4, "r": 4, "t": 4, "b": 4})
    told = ", ".join(f"{each.failing:,}" for each in points[-12:])
    key = f"rules-history-{held.table}-{held.entry}"
    charts.plot(figure, key=key, height=90, alt=f"Rows that broke {held.entry}, oldest run first: {told}")
