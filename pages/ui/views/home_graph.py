"""The lake as a graph: files, bronze, silver, gold; what was made of what, how big, how fresh, how well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from automic_core import workbench
from pages.ui import show
from pages.ui.state import Workspace

LANES = ("bronze", "silver", "gold")
_HERE = Path(__file__).parents[1] / "components"
_COMPONENT = st.components.v2.component(
    "automic.lineage",
    html="<div class='lineage'></div>",
    css=(_HERE / "lineage.css").read_text(encoding="utf-8"),
    js=(_HERE / "lineage.js").read_text(encoding="utf-8"),
)


def render(ws: Workspace, graph: workbench.Graph) -> None:
    """Draw the graph; a click on a table opens it."""
    nodes = [node for node in graph.nodes if node.layer in LANES]
    names = {node.name for node in nodes}
    edges = [[edge.source, edge.target] for edge in graph.edges if edge.kind == "made"]
    feeding = {source for source, _ in edges}
    nodes.sort(key=lambda node: node.layer == "bronze" and node.name not in feeding)  # what is in use comes first
    lanes: list[dict[str, Any]] = [
        {"name": layer, "nodes": [_card(node) for node in nodes if node.layer == layer]} for layer in LANES
    ]
    files = [node for node in nodes if node.sources]
    if files:
        lanes.insert(0, {"name": "sources", "nodes": [_files(node) for node in files]})
        edges += [[f"files of {node.name}", node.name] for node in files]
    result = _COMPONENT(key="lineage", data={"lanes": lanes, "edges": edges}, on_picked_change=lambda: None)
    picked = getattr(result, "picked", None)
    if picked in names:
        show.go("tables", table=picked)
    if picked:
        show.go("tables", table=str(picked).removeprefix("files of "))


def _card(node: workbench.Node) -> dict[str, Any]:
    at = show.when(node.at)
    second = f"{node.quarantined:,} set aside" if node.quarantined else at
    detail = f"{show.count(node.rows, 'row')} · {second}"
    title = node.name.partition(".")[2]
    why = " ".join([*node.why, f"Published {at}."])
    return {"id": node.name, "title": title, "detail": detail, "health": node.health, "why": why}


def _files(node: workbench.Node) -> dict[str, Any]:
    detail = show.count(node.batches, "batch", "batches")
    more = f" +{node.sources - 1:,}" if node.sources > 1 else ""
    title = (node.latest or show.count(node.sources, "source")) + more
    why = f"What {node.name} was taken in from"
    return {"id": f"files of {node.name}", "title": title, "detail": detail, "health": "", "why": why}
