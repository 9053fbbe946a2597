"""The ledger of a review: as a bar, and step by step as a flow."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from automic_core import workbench
from pages.ui import charts, show


def bar(review: workbench.Review) -> None:
    """The ledger as a bar."""
    show.ledger(review.report, key=f"ledger-{review.id}", title="Where the rows go")


def render(review: workbench.Review) -> None:
    """Where every row went, step by step."""
    flows = workbench.ledger_flows(review.report, brief=True)
    if len(flows) > 2:
        st.markdown("#### Step by step")
        charts.plot(_sankey(flows), key=f"flow-{review.id}", height=min(380, 140 + 20 * len(flows)), alt=_words(flows))


def _sankey(flows: list[workbench.Flow]) -> go.Figure:
    colours = charts.colours()
    names = list(dict.fromkeys(name for flow in flows for name in (flow.source, flow.target)))
    ends = {flow.target: flow.kind for flow in flows if flow.kind != "kept"} | {
        flow.source: flow.kind for flow in flows if flow.kind == "added"
    }
    of_kind = [colours.get(flow.kind, colours["neutral"]) for flow in flows]
    return go.Figure(
        go.Sankey(
            arrangement="snap",
            node={
                "label": [charts.safe(name) for name in names],
                "color": [_node(name, ends, colours) for name in names],
                "pad": 18,
                "thickness": 12,
                "line": {"width": 0},
            },
            link={
                "source": [names.index(flow.source) for flow in flows],
                "target": [names.index(flow.target) for flow in flows],
                "value": [flow.rows for flow in flows],
                "color": [_faint(colour) for colour in of_kind],
            },
            valueformat=",d",
            valuesuffix=" rows",
        )
    )


def _node(name: str, ends: dict[str, str], colours: dict[str, str]) -> str:
    layer = name.partition(".")[0]
    return colours.get(ends.get(name, layer), colours["neutral"])


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.35)"


def _words(flows: list[workbench.Flow]) -> str:
    return "; ".join(f"{flow.rows:,} rows from {flow.source} to {flow.target}" for flow in flows)
