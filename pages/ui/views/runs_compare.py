"""A run beside another one of the same table: rows, reasons, steps, columns, pipeline."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace

MOST = 200
_MARKS = {"same": "  ", "gone": "- ", "new": "+ "}


def render(ws: Workspace, detail: workbench.RunDetail) -> None:
    """Choose the other run; the older one stands at the left."""
    page = calls.fresh(ws, workbench.run_page, detail.line.table, "succeeded", 0, MOST)
    others = {line.id: line for line in page.lines if line.id != detail.line.id and line.rows_in is not None}
    if not others:
        show.note("There is no other run of this table to compare with yet.")
        return
    ids = list(others)
    older = next((each for each in ids if others[each].at < detail.line.at), ids[0])
    wanted = st.query_params.get("with", "")
    other = st.selectbox(
        "Compare with",
        ids,
        index=ids.index(wanted if wanted in others else older),
        format_func=lambda each: f"{others[each].title}, {show.when(others[each].at)} ({each})",
        key=f"compare-{detail.line.id}",
        width=460,
    )
    st.query_params["with"] = other
    first, second = sorted((detail.line, others[other]), key=lambda line: line.at)
    found = show.attempt(calls.fresh, ws, workbench.compare_runs, first.id, second.id)
    if found is not None:
        _draw(found)


def _draw(found: workbench.RunComparison) -> None:
    before, after = (run.line for run in found.runs)
    told = [f"{show.when(line.at)} by {show.plain(line.actor)} ({show.plain(line.id)})" for line in (before, after)]
    show.note(f"Before: {told[0]}. After: {told[1]}.")
    figures = {name: pair for name, pair in found.figures.items() if any(pair)}
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("##### Rows")
        _table(
            ["Rows", "Before", "After", "Change"], [[name, a, b, b - a] for name, (a, b) in figures.items()], "figures"
        )
        st.markdown("##### Steps")
        rows = [[pair.step, pair.kind, *pair.rows_out, *pair.removed] for pair in found.steps]
        _table(["Step", "Kind", "Out before", "Out after", "Removed before", "Removed after"], rows, "steps")
    with right:
        st.markdown("##### Columns")
        _columns(found)
        st.markdown("##### Pipeline")
        if found.spec is None:
            show.note(show.plain(found.why))
        elif found.same_spec:
            show.note("Both did the same.")
        else:
            st.code("\n".join(_MARKS[kind] + line for kind, line in found.spec), language="diff", height=320)


def _columns(found: workbench.RunComparison) -> None:
    if found.columns is None:
        show.note("A state is gone, so its columns are not known any more.")
    elif not found.columns:
        show.note(f"The same {show.count(found.columns_total[1], 'column')}, of the same types.")
    else:
        rows = [[pair.name, pair.types[0] or "missing", pair.types[1] or "missing"] for pair in found.columns]
        _table(["Column", "Before", "After"], rows, "columns")


def _table(head: list[str], rows: Sequence[Sequence[object]], key: str) -> None:
    numbers = {name for place, name in enumerate(head) if any(isinstance(row[place], int) for row in rows)}
    st.dataframe(
        {name: [row[place] for row in rows] for place, name in enumerate(head)},
        hide_index=True,
        placeholder="",
        key=f"compare-{key}",
        column_config={
            name: st.column_config.NumberColumn(format="%+,d" if name == "Change" else "localized") for name in numbers
        },
    )
