"""One Plotly template for all charts, in both themes; colours with one meaning each."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import streamlit as st

LIGHT = {
    "bronze": "#8C5A2B",
    "silver": "#5B6F82",
    "gold": "#A07A00",
    "quarantine": "#B0453F",
    "meta": "#6B7280",
    "good": "#2F7D4F",
    "attention": "#D9662B",
    "bad": "#B0453F",
    "neutral": "#6B7280",
    "kept": "#2F7D4F",
    "merged": "#5B6F82",
    "aggregated": "#7A5C99",
    "filtered": "#6E737A",
    "quarantined": "#B0453F",
    "dropped": "#A0591E",
    "added": "#0B6E6E",
    "accent": "#0B6E6E",
}
DARK = LIGHT | {
    "bronze": "#D09A69",
    "silver": "#9FB3C5",
    "gold": "#E0B84C",
    "quarantine": "#E58A82",
    "meta": "#9AA3AA",
    "good": "#7CC796",
    "attention": "#F09A5E",
    "bad": "#E58A82",
    "neutral": "#9AA3AA",
    "kept": "#5FAE7C",
    "merged": "#9FB3C5",
    "aggregated": "#B49AD1",
    "filtered": "#9AA3AA",
    "quarantined": "#E58A82",
    "dropped": "#D99A5E",
    "added": "#3DB5AC",
    "accent": "#3DB5AC",
}
SERIES = {
    "light": ["#0B6E6E", "#B4662B", "#5C7A94", "#A88412", "#7A5C99", "#4F8A5B", "#B0524C", "#6B7280"],
    "dark": ["#3DB5AC", "#D09A69", "#9FB3C5", "#E0B84C", "#B49AD1", "#7CC796", "#E58A82", "#9AA3AA"],
}


def theme() -> str:
    """The theme the visitor sees: "light" or "dark"."""
    return "dark" if st.context.theme.type == "dark" else "light"


def colours() -> dict[str, str]:
    """Colour by meaning, in the visitor's theme."""
    return DARK if theme() == "dark" else LIGHT


def template() -> go.layout.Template:
    """The template of every chart."""
    dark = theme() == "dark"
    ink, line = ("#E7EBED", "#343E44") if dark else ("#22282C", "#DAD6CD")
    axis: dict[str, Any] = {"gridcolor": line, "linecolor": line, "zerolinecolor": line, "automargin": True}
    layout = go.Layout(
        font={"family": "Source Sans, sans-serif", "size": 13, "color": ink},
        colorway=SERIES["dark" if dark else "light"],
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        xaxis=axis,
        yaxis=axis,
        hoverlabel={"bgcolor": "#1D2428" if dark else "#FFFFFF", "font": {"color": ink}},
        legend={"orientation": "h", "y": 1.12, "x": 0},
        separators=".,",
        bargap=0.18,
    )
    return go.layout.Template(layout=layout)


def plot(figure: go.Figure, *, key: str, height: int | None = None, alt: str = "") -> None:
    """Draw a figure under the one template."""
    figure.update_layout(template=template(), height=height)
    config = {"displayModeBar": False, "displaylogo": False}
    st.plotly_chart(figure, key=key, theme=None, config=config, alt=alt or None)


def safe(text: object) -> str:
    """Text for a label: Plotly reads a little HTML, so its marks are escaped."""
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
