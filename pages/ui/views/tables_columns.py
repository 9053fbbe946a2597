"""The columns of a table: type, empty cells, different values, where the values lie; one of them in detail."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from automic_core import workbench
from pages.ui import calls, charts, show
from pages.ui.state import Workspace
from pages.ui.views.tables_state import mark

_LONGEST = 40


def render(ws: Workspace, table: str, snapshot: int | None) -> None:
    """A line a column, and the chosen column beside it."""
    wanted = st.text_input(
        "Columns",
        key=f"columns-{mark(table)}",
        placeholder="Find columns",
        icon=":material/search:",
        label_visibility="collapsed",
        width=260,
    )
    found = show.attempt(calls.read, ws, workbench.profile, table, snapshot, wanted or "", tables=[table])
    if found is None:
        return
    if not found.columns:
        show.note("No column has such a name." if wanted else "This table has no data columns.")
        return
    left, right = st.columns([5, 3], gap="medium")
    with left:
        place = _list(found, mark(table, snapshot, wanted))
    with right:
        _detail(found.columns[place if place is not None and place < len(found.columns) else 0], found)


def _list(found: workbench.Profile, key: str) -> int | None:
    columns = found.columns
    event = st.dataframe(
        {
            "column": [each.name for each in columns],
            "type": [each.type.replace("string", "text") for each in columns],
            "filled": [each.filled for each in columns],
            "different": [each.different for each in columns],
            "values": [each.bins for each in columns],
            "smallest": [each.low for each in columns],
            "largest": [each.high for each in columns],
        },
        hide_index=True,
        key=f"columns-{key}",
        on_select="rerun",
        selection_mode="single-row",
        height=min(len(columns) + 1, 15) * 34 + 4,
        row_height=34,
        column_config={
            "filled": st.column_config.ProgressColumn(
                "Filled", format="percent", min_value=0, max_value=1, help="Share of cells that are not empty", width=90
            ),
            "different": st.column_config.NumberColumn("Different", format="localized", width=80),
            "values": st.column_config.BarChartColumn(
                "Values",
                help="Where numbers and times lie; of anything else the most frequent values",
                width=110,
                y_min=0,
            ),
            "column": st.column_config.TextColumn("Column", width=130, pinned=True),
            "type": st.column_config.TextColumn("Type", width=100),
            "smallest": st.column_config.TextColumn("Smallest"),
            "largest": st.column_config.TextColumn("Largest"),
        },
    )
    looked = (
        "all rows" if found.rows == found.total else f"the first {found.rows:,} of {show.count(found.total, 'row')}"
    )
    shown = (
        f"{len(columns):,} of {show.count(found.all_columns, 'column')} · " if len(columns) < found.all_columns else ""
    )
    show.note(f"{shown}figures of {looked}")
    chosen = event["selection"]["rows"]
    return int(chosen[0]) if chosen else None


def _detail(column: workbench.ColumnProfile, found: workbench.Profile) -> None:
    with st.container(border=True, key="column-detail"):
        st.markdown(f"**{show.plain(column.name)}**")
        empty = round((1 - column.filled) * found.rows)
        st.caption(
            f"{show.plain(column.type.replace('string', 'text'))} · {show.count(empty, 'cell')} empty · "
            f"{show.count(column.different, 'different value')}"
        )
        if column.bins:
            colours = charts.colours()
            labels = [_cut(label) for label in column.labels]
            bars = go.Bar(
                x=list(range(len(labels))),
                y=column.bins,
                marker_color=colours["accent"],
                hovertext=[charts.safe(label) for label in column.labels],
                hovertemplate="%{hovertext}: %{y:,}<extra></extra>",
            )
            step = max(1, len(labels) // 4)
            ticks = list(range(0, len(labels), step))
            figure = go.Figure(bars)
            figure.update_xaxes(tickvals=ticks, ticktext=[charts.safe(labels[i]) for i in ticks], tickangle=0)
            charts.plot(figure, key="column-bars", height=190, alt=f"Where the values of {column.name} lie")
        elif column.different > 1:
            show.note("No value comes twice.")
        if column.top and column.distinct < 1:
            st.dataframe(
                {"most frequent": [value for value, _ in column.top], "cells": [rows for _, rows in column.top]},
                hide_index=True,
                key="column-top",
                height=min(len(column.top) + 1, 9) * 35 + 2,
                column_config={"cells": st.column_config.NumberColumn("cells", format="localized", width=80)},
            )
            _filter(column)


def _filter(column: workbench.ColumnProfile) -> None:
    """From a frequent value to its rows."""
    value = st.selectbox(
        "Rows with",
        [value for value, _ in column.top],
        index=None,
        placeholder="Show the rows with a value",
        key=f"rows-with-{mark(column.name)}",
        label_visibility="collapsed",
    )
    if value is not None:
        kind = "starts" if value.endswith("…") else "is"
        query = str(workbench.Filter(column.name, kind, value.rstrip("…")))
        show.go("tables", table=st.query_params.get("table", ""), filter=query)


def _cut(text: str, most: int = _LONGEST // 3) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
