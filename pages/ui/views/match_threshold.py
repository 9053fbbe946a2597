"""What each threshold would merge, the clusters it would make, what is compared at all, and where the rows go."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from pages.ui import show
from pages.ui.series import Mark, round_levels, series
from pages.ui.state import Workspace
from pages.ui.views import match_all
from pages.ui.views.match_state import Desk

OPTION = "similarity_threshold"
MOST_PASSES = 6


def render(ws: Workspace, desk: Desk, found: workbench.MatchView) -> None:
    """Draw the panel."""
    match_all.render(ws, desk, found)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _threshold(desk, found)
    with right:
        _sizes(desk, found)
    show.ledger(found.report, key=f"match-ledger-{desk.table}", title="What the step would do with the rows")
    _compared(desk, found)


def _threshold(desk: Desk, found: workbench.MatchView) -> None:
    st.markdown("#### Rows merged, by the probability from which two are the same")
    places = [point.threshold for point in found.curve]
    key = f"match-curve-{desk.table}-{desk.view.version}-{found.threshold}"
    alt = f"Rows merged along the threshold: {found.curve[0].merged:,} at {places[0]:g}, {found.curve[-1].merged:,} at "
    picked = _curve(found, key=key, alt=f"{alt}{places[-1]:g}")
    chosen = st.select_slider(
        "Threshold",
        places,
        value=found.threshold,
        format_func=lambda value: f"{value:g}",
        key=f"match-slider-{desk.table}-{desk.view.version}-{found.threshold}",
        help="Two rows are merged if they are the same with at least this probability.",
    )
    if picked is not None:
        chosen = places[picked]
    if chosen != found.threshold:
        desk.changes[OPTION] = chosen
        st.rerun()
    low, high = found.settled
    if low < high:
        note = f"Between {low:g} and {high:g} nothing changes."
        if low == places[0] and high == places[-1]:
            note = "The threshold hardly matters here: at each of them the same rows are merged."
        show.note(note)


def _sizes(desk: Desk, found: workbench.MatchView) -> None:
    st.markdown("#### Cluster sizes")
    if found.here.sizes:
        alt = "; ".join(f"{number:,} of {size} rows" for size, number in found.here.sizes[:8])
        _bars(found, key=f"match-sizes-{desk.table}-{found.threshold}", alt=alt)
    else:
        show.note("At this threshold every row stands alone.")
    if found.inside:
        pairs = found.doubtful
        show.evidence(
            found.sure,
            found.inside,
            [f"row {one} and row {other}: {workbench.percent(probability)}" for one, other, probability in pairs],
            key=f"match-sure-{desk.table}",
            label="of the pairs in a cluster are the same with 95% or more",
            of_what="pair",
        )
    share = found.candidates / found.all_pairs if found.all_pairs else 0.0
    st.markdown(f"**{found.candidates:,}** of {show.count(found.all_pairs, 'pair')} are compared ({share:.1%})")
    with st.popover("What brings two rows together", icon=":material/filter_alt:", type="tertiary"):
        show.note("Rows are compared when they share one of these; a pair may be found several times.")
        lines = [{"they share": name, "pairs": pairs} for name, pairs in found.estimate if pairs][:50]
        total = sum(pairs > 0 for _, pairs in found.estimate)
        kinds = {"they share": "String", "pairs": "Int64"}
        show.rows(workbench.Rows(kinds, lines, total), key=f"match-passes-{desk.table}", height=300)


def _compared(desk: Desk, found: workbench.MatchView) -> None:
    """Columns, and which rows were looked at."""
    columns = ", ".join(f"{show.code(name)} ({show.plain(kind)})" for name, kind in found.compared.items())
    left_out = f" Left out: {', '.join(map(show.code, found.left_out))}." if found.left_out else ""
    show.note(f"Compared: {columns}.{left_out}")
    told = [f"Looked at: {show.plain(found.sample)}; {found.rows:,} reach the step."]
    if found.step.proposed:
        told.append("The draft has no step yet that merges by likeness: what stands here is the proposal.")
    show.note(" ".join(told))


def _curve(found: workbench.MatchView, *, key: str, alt: str) -> int | None:
    """Merged rows and the largest cluster; evenly spaced by place, since the ends are where it matters."""
    marks = []
    for point in found.curve:
        now = point.threshold == found.threshold
        told = [
            f"from {point.threshold:g}: {point.merged:,} rows merged",
            f"{point.clusters:,} clusters, the largest of {point.largest} rows",
        ]
        tone = "accent" if now else "merged"
        marks.append(Mark(f"{point.threshold:g}", point.merged, told, tone=tone, size=14 if now else 6))
    merged = [point.merged for point in found.curve]
    room = max(5.0, 0.15 * (max(merged) - min(merged)))
    span = (max(-1.0, min(merged) - room), max(merged) + room)
    levels = [(value, f"{value:,.0f}") for value in round_levels(*span) if value == int(value) and value >= 0]
    return series(marks, key=key, height=235, alt=alt, tone="merged", pick=True, span=span, levels=levels)


def _bars(found: workbench.MatchView, *, key: str, alt: str) -> None:
    marks = [
        Mark(f"{size} rows", number, [f"{number:,} clusters of {size} rows"], tone="merged", text=f"{number:,}")
        for size, number in found.here.sizes
    ]
    series(marks, key=key, height=150, alt=alt, kind="bars", levels=[], most_names=12)
