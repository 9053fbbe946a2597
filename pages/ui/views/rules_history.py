"""What the selected rule found in the runs so far."""

from __future__ import annotations

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.series import Mark, series
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
    most = max(each.failing for each in points)
    marks = [
        Mark(
            "",
            each.failing,
            [f"{show.exact(each.at)}: {each.failing:,} of {each.judged:,}"],
            tone="quarantined" if each.failing else "neutral",
        )
        for each in points
    ]
    told = ", ".join(f"{each.failing:,}" for each in points[-12:])
    series(
        marks,
        key=f"rules-history-{held.table}-{held.entry}",
        height=90,
        alt=f"Rows that broke {held.entry}, oldest run first: {told}",
        kind="bars",
        span=(0, max(most, 1) * 1.1),
        levels=[(value, f"{value:,}") for value in sorted({0, most})],
        room=_PLACES,
    )
