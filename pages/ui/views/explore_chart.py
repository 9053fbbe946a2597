"""The chart of an answer: chosen from its shape, changed by the person."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError
from pages.ui import charts, show
from pages.ui.views.explore_state import Explore, again

_KINDS = {
    "number": "One figure",
    "bar": "Bars",
    "line": "Lines",
    "area": "Areas",
    "scatter": "Points",
    "histogram": "Distribution",
    "none": "None",
}
_NONE, _ROWS = "none", "number of rows"
_TILTED, _LONG, HEIGHT = 8, 26, 380


def render(screen: Explore, answer: workbench.Answer, spec: workbench.ChartSpec) -> None:
    """Draw the chart with its settings."""
    frame = answer.frame()
    chosen = _settings(spec, workbench.chart_choices(frame, spec.kind)) if spec.kinds else spec
    if chosen.kind != spec.kind:
        chosen = workbench.refit_chart(frame, chosen)
    if chosen != spec:
        screen.chart = chosen
        again()
    draw(frame, spec, answer.total, key="explore-chart")


def draw(frame: Any, spec: workbench.ChartSpec, total: int, *, key: str, height: int = HEIGHT) -> None:
    """Draw a chart of rows, and what must be known to read it.

    Args:
        frame: The rows, as the answer has them.
        spec: The chart.
        total: Rows there are.
        key: Of the figure.
        height: Of the figure, unless many bars need more.
    """
    if spec.kind == "none":
        show.note(show.plain(spec.why))
        return
    try:
        data = workbench.chart_points(frame, spec)
    except AutomicError as exc:
        show.error(exc)
        return
    if data.kind == "number":
        value = data.traces[0].y[0]
        st.metric(
            show.plain(data.y_title),
            "missing" if value is None else f"{value:,}" if isinstance(value, int | float) else str(value),
        )
    else:
        bars = max(len({x for trace in data.traces for x in trace.x}), 1) if _lying(data) else 1
        charts.plot(_figure(data), key=key, height=max(height, 60 + 24 * bars), alt=f"{_KINDS[spec.kind]}. {spec.why}")
    drawn = frame.height
    sample = [f"Drawn from the first {drawn:,} rows; sum up in SQL to see all."] if drawn < total else []
    show.note(show.plain(" ".join([spec.why, *data.notes, *sample])))


def _settings(spec: workbench.ChartSpec, fits: workbench.Choices) -> workbench.ChartSpec:
    """What the person chose."""
    kind, x, y, series = st.columns(4)
    with kind:
        kinds = list(spec.kinds) if spec.kind in spec.kinds else [spec.kind, *spec.kinds]
        found = st.selectbox("Chart", kinds, index=kinds.index(spec.kind), format_func=lambda each: _KINDS[each])
    if found != spec.kind:
        return replace(spec, kind=found, why="Chosen by you.")
    picked: dict[str, Any] = {}
    for place, part, label, names in ((x, "x", "Along", fits.x), (y, "y", "Height", fits.y)):
        if names:
            now = getattr(spec, part)
            with place:
                start = names.index(now) if now in names else 0
                picked[part] = st.selectbox(label, names, index=start, format_func=lambda each: each or _ROWS)
    if fits.series and spec.kind != "histogram":
        names = ("", *fits.series)
        with series:
            start = names.index(spec.series) if spec.series in names else 0
            picked["series"] = (
                st.selectbox("Colour", names, index=start, format_func=lambda each: each or _NONE) or None
            )
    changed = replace(spec, **picked)
    return changed if changed == spec else replace(changed, why="Chosen by you.")


def _figure(data: workbench.ChartData) -> go.Figure:
    figure = go.Figure()
    many = len(data.traces) > 1
    across = _lying(data)
    for trace in data.traces:
        x = [_label(value) for value in trace.x] if data.axis == "name" else trace.x
        common: dict[str, Any] = {"name": charts.safe(trace.name), "showlegend": many}
        if data.kind == "histogram":
            figure.add_trace(go.Histogram(x=x, nbinsx=40, **common))
        elif data.kind == "bar":
            bars = {"x": trace.y, "y": x, "orientation": "h"} if across else {"x": x, "y": trace.y}
            figure.add_trace(go.Bar(**bars, **common))
        elif data.kind == "scatter":
            figure.add_trace(go.Scattergl(x=x, y=trace.y, mode="markers", marker={"opacity": 0.7}, **common))
        else:
            mode = "lines+markers" if len(x) <= 60 else "lines"
            fill = {"stackgroup": "all"} if data.kind == "area" else {}
            figure.add_trace(go.Scatter(x=x, y=trace.y, mode=mode, **fill, **common))
    along, height = ("yaxis", "xaxis") if across else ("xaxis", "yaxis")
    figure.update_layout({along: {"title": charts.safe(data.x_title)}, height: {"title": charts.safe(data.y_title)}})
    figure.update_layout(barmode="stack")
    if data.axis == "name":
        figure.update_layout({along: {"type": "category"}})
    if across:
        figure.update_layout(yaxis={"autorange": "reversed", "title": None, "dtick": 1})
    return figure


def _lying(data: workbench.ChartData) -> bool:
    """Many bars lie, so that their names can be read."""
    return data.axis == "name" and data.kind == "bar" and max((len(t.x) for t in data.traces), default=0) > _TILTED


def _label(value: object) -> str:
    text = str(value)
    return charts.safe(text if len(text) <= _LONG else f"{text[:_LONG]}…")
