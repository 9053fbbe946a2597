"""What the selected entry costs in rows, and what other values of its settings would cost."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError
from pages.ui import calls, charts, show
from pages.ui.state import Workspace
from pages.ui.views import rules_draft
from pages.ui.views.rules_draft import Held

AT_ONCE = 5_000
"""A table of at most so many rows is counted whole without being asked."""


def render(ws: Workspace, held: Held, preview: workbench.Preview | None) -> None:
    """Draw the cost and the curves of the selected entry; a click on a point takes its value."""
    entry = held.selected
    nothing = preview is not None and preview.problem is None and preview.cost is None and not preview.curves
    if entry is None or not entry.enabled or nothing:
        return
    try:
        total = calls.read(ws, workbench.rows_of_bronze, held.table)
        place = st.container(horizontal=True, vertical_alignment="center", key="rules-cost")
        whole = total <= AT_ONCE
        if not whole and calls.read(ws, workbench.may_count_all, held.table):
            whole = place.toggle(f"count all {total:,} rows", key="rules-whole")
        if preview is not None and (not whole or total <= len(preview.before.rows)):
            cost, curves = preview.cost, preview.curves
        else:
            cost, curves = calls.read(ws, workbench.row_costs, held.table, held.data, entry.id, whole=whole)
    except AutomicError as exc:
        show.note(show.plain(exc.message))
        return
    if cost is not None:
        share = f" ({cost.affected / cost.of:.1%})" if cost.of and cost.affected else ""
        reach = show.count(cost.of, "row that reaches it", "rows that reach it")
        place.markdown(f"**{cost.affected:,}** of {reach} {cost.verb}{share}, counted on {show.plain(cost.sample)}")
    if entry.kind == "dedup":
        query = {"table": held.table}
        st.page_link("pages/match.py", label="See the pairs on Match", icon=":material/join:", query_params=query)
    if curves:
        show.note("Rows affected, and what other settings would affect; click a point to take its value")
        for place, curve in zip(st.columns(max(len(curves), 2)), curves, strict=False):
            with place:
                _curve(ws, held, entry, curve)


def _curve(ws: Workspace, held: Held, entry: workbench.DraftEntry, curve: workbench.Curve) -> None:
    """One option."""
    st.markdown(f"`{curve.option}`")
    draw = _line if curve.ordered else _bars
    key = f"rules-curve-{held.table}-{entry.id}-{curve.option}-{held.view.version}"
    most = max(curve.points, key=lambda point: point.affected)
    alt = f"Rows affected along {curve.option}: up to {most.affected:,} of {curve.of:,} at {most.label}"
    off = ws.read_only or held.stale
    event = charts.plot(draw(curve), key=key, height=_height(curve), select=not off, alt=alt)
    points = event["selection"]["points"] if event else []
    if points:
        options = {**entry.options, curve.option: curve.points[int(points[0]["point_index"])].value}
        rules_draft.edit(ws, held, workbench.set_options(held.data, entry.id, options))
        st.rerun()


def _height(curve: workbench.Curve) -> int:
    return 150 if curve.ordered else 40 + 24 * len(curve.points)


def _line(curve: workbench.Curve) -> go.Figure:
    """Numbers and dates: evenly spaced by place, since tails are long."""
    colours = charts.colours()
    labels = [point.label for point in curve.points]
    here = [point.value == curve.current for point in curve.points]
    figure = go.Figure(
        go.Scatter(
            x=labels,
            y=[point.affected for point in curve.points],
            mode="lines+markers",
            line={"color": colours["accent"], "width": 2, "shape": "hv"},
            marker={"size": [13 if now else 6 for now in here], "color": colours["accent"]},
            hovertemplate="%{x}: %{y:,} rows<extra></extra>",
        )
    )
    figure.update_xaxes(type="category", nticks=4, showgrid=False, tickangle=0)
    figure.update_yaxes(rangemode="tozero", nticks=4)
    figure.update_layout(margin={"l": 4, "r": 4, "t": 6, "b": 4}, clickmode="event+select")
    return figure


def _bars(curve: workbench.Curve) -> go.Figure:
    """Choices of columns: one bar each; the present one is solid."""
    colours = charts.colours()
    labels = [charts.safe(_short(point.label)) for point in curve.points]
    solid = [point.value == curve.current for point in curve.points]
    figure = go.Figure(
        go.Bar(
            y=list(range(len(labels))),
            x=[point.affected for point in curve.points],
            orientation="h",
            marker={"color": [colours["accent"] if now else colours["neutral"] for now in solid]},
            text=[f"{point.affected:,}" for point in curve.points],
            customdata=[charts.safe(point.label) for point in curve.points],
            hovertemplate="%{customdata}: %{x:,} rows<extra></extra>",
        )
    )
    figure.update_yaxes(tickvals=list(range(len(labels))), ticktext=labels, autorange="reversed", showgrid=False)
    figure.update_xaxes(visible=False)
    figure.update_layout(margin={"l": 4, "r": 4, "t": 6, "b": 4}, clickmode="event+select")
    return figure


def _short(label: str) -> str:
    return label if len(label) <= 22 else f"{label[:21]}…"
