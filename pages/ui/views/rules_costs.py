"""What the selected entry costs in rows, and what other values of its settings would cost."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError
from pages.ui import calls, show
from pages.ui.series import Mark, series
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
    key = f"rules-curve-{held.table}-{entry.id}-{curve.option}-{held.view.version}"
    most = max(curve.points, key=lambda point: point.affected)
    alt = f"Rows affected along {curve.option}: up to {most.affected:,} of {curve.of:,} at {most.label}"
    off = ws.read_only or held.stale
    draw = _line if curve.ordered else _bars
    picked = draw(curve, key=key, alt=alt, pick=not off)
    if picked is not None:
        options = {**entry.options, curve.option: curve.points[picked].value}
        rules_draft.edit(ws, held, workbench.set_options(held.data, entry.id, options))
        st.rerun()


def _line(curve: workbench.Curve, *, key: str, alt: str, pick: bool) -> int | None:
    """Numbers and dates: evenly spaced by place, since tails are long."""
    marks = [
        Mark(point.label, point.affected, [f"{point.label}: {point.affected:,} rows"], size=13 if now else 6)
        for point, now in _points(curve)
    ]
    return series(marks, key=key, height=150, alt=alt, kind="steps", pick=pick, most_names=4)


def _bars(curve: workbench.Curve, *, key: str, alt: str, pick: bool) -> int | None:
    """Choices of columns: one bar each; the present one has the colour."""
    marks = [
        Mark(
            _short(point.label),
            point.affected,
            [f"{point.label}: {point.affected:,} rows"],
            tone="accent" if now else "neutral",
            text=f"{point.affected:,}",
        )
        for point, now in _points(curve)
    ]
    return series(marks, key=key, height=40 + 24 * len(marks), alt=alt, kind="across", pick=pick)


def _points(curve: workbench.Curve) -> list[tuple[workbench.Point, bool]]:
    return [(point, point.value == curve.current) for point in curve.points]


def _short(label: str) -> str:
    return label if len(label) <= 22 else f"{label[:21]}…"
