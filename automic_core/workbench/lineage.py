"""What was made of what, how fresh it is, and what waits for a person: the lake as a graph of tables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from automic_core.errors import AutomicError
from automic_core.lake import Lakehouse
from automic_core.medallion import quarantine
from automic_core.medallion.batches import BATCH, SOURCE
from automic_core.medallion.context import REPORT
from automic_core.medallion.decisions import TABLE as DECISIONS
from automic_core.workbench.attention import Attention, concerns
from automic_core.workbench.listing import (
    Health,
    Opened,
    moved_on,
    opened_tables,
    past_of,
    properties_of,
    sources_of,
)

WORST: tuple[Health, ...] = ("good", "attention", "bad")


@dataclass(frozen=True)
class Node:
    """A table in the graph.

    Attributes:
        rows: Rows now (of a quarantine: rows set aside by the newest promotion); None if the writer did not say.
        at: When its rows were published.
        why: Why the health is not good, a sentence each.
        quarantined: Rows of it that are in quarantine and still open.
        batches: Batches in it; of bronze only.
        sources: Files, URLs or tables they came from; of bronze only.
        latest: The last part of the name of the source of the newest batch.
    """

    name: str
    layer: str
    rows: int | None
    columns: int
    bytes: int | None
    at: datetime | None
    actor: str
    run_id: str | None
    health: Health
    why: list[str] = field(default_factory=list)
    quarantined: int = 0
    batches: int = 0
    sources: int = 0
    latest: str = ""


@dataclass(frozen=True)
class Edge:
    """One table went into another.

    Attributes:
        kind: made (its rows came from there) or quarantined (rows set aside on the way).
        stale: The source has moved on since.
    """

    source: str
    target: str
    kind: str = "made"
    stale: bool = False


@dataclass(frozen=True)
class Graph:
    """The tables of a lake, what was made of what, and what waits for a person (the worst first)."""

    nodes: list[Node]
    edges: list[Edge]
    attention: list[Attention]


def graph(lake: Lakehouse) -> Graph:
    """Draw the lake from metadata: no row is read, except decisions and quarantine where people decided something."""
    opened = {name: each for name, each in opened_tables(lake).items() if each.facts.layer != "meta"}
    aside = {name: rows for name in opened if (rows := quarantined(lake, name, opened)) is not None}
    edges = list(_edges(opened))
    found = concerns(lake, opened, {name: still for name, (_, still) in aside.items()})
    nodes = []
    for name, each in opened.items():
        facts = each.facts
        own = [item for item in found if item.table == name]
        total, still = aside.get(f"silver.{name.partition('.')[2]}", (0, 0))
        batches = [said for said in map(properties_of, past_of(each)) if BATCH in said]
        nodes.append(
            Node(
                name,
                facts.layer,
                total if facts.layer == "quarantine" else facts.rows,
                facts.columns,
                facts.bytes,
                facts.at,
                facts.actor,
                facts.run_id,
                max((item.level for item in own), key=WORST.index, default="good"),
                [item.sentence for item in own],
                still if facts.layer in ("silver", "quarantine") else 0,
                len(batches),
                len({said.get(SOURCE) for said in batches}),
                re.split(r"[/\\]", (batches[0].get(SOURCE) or "").rstrip("/\\"))[-1] if batches else "",
            )
        )
    return Graph(nodes, edges, found)


def quarantined(lake: Lakehouse, name: str, opened: dict[str, Opened]) -> tuple[int, int] | None:
    """Rows a silver table's newest promotion set aside, and how many are still open; None if it is not silver.

    The ledger knows how many there are; only where people decided something must the rows be looked at.
    """
    layer, _, own = name.partition(".")
    if layer != "silver" or f"quarantine.{own}" not in opened:
        return None
    try:
        removed = json.loads(opened[name].properties.get(REPORT, "{}")).get("removed", {})
        rows = int(removed.get("quarantined", 0))
        if not rows or lake.context.table(DECISIONS) is None or not lake.decisions.current(own):
            return rows, rows
        states = quarantine.current(lake.context, own)["state"]
    except (AutomicError, ValueError, AttributeError):  # a table written by others, or one that cannot be read
        return None
    return len(states), int((states == "open").sum())


def _edges(opened: dict[str, Opened]) -> Iterator[Edge]:
    for name, each in opened.items():
        for source, snapshot in sources_of(each).items():
            there = opened.get(source)
            if there is not None:
                yield Edge(source, name, stale=moved_on(there, snapshot))
        layer, _, own = name.partition(".")
        if layer == "quarantine" and f"bronze.{own}" in opened:
            yield Edge(f"bronze.{own}", name, "quarantined")
