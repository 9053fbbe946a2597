"""The panel of one column: why it has its type, where its values lie, which do not fit and where they stand."""

from __future__ import annotations

import itertools
from dataclasses import replace

import plotly.graph_objects as go
import streamlit as st

from automic_core import workbench
from automic_core.workbench import schema_costs, schema_details, schemas
from automic_core.workbench.fields import TYPES, FieldChange
from pages.ui import calls, charts, show
from pages.ui.state import Workspace, put
from pages.ui.views import schema_claims, schema_examples
from pages.ui.views.schema_state import COLUMN, Loaded, SchemaScreen, sources


def render(ws: Workspace, table: str, screen: SchemaScreen, loaded: Loaded, name: str) -> None:
    """Draw the panel for a column of the shown page."""
    column = next(each for each in loaded.view.columns if each.name == name)
    reading = FieldChange(*_reading(column.field))
    with st.container(border=True, key="schema-panel", gap="small"):
        detail = show.attempt(
            calls.read, ws, schema_details.column_detail, table, name, reading, lines=False, tables=sources(table)
        )
        _head(column)
        if not column.accepted:
            _answers(ws, screen, column)
        if detail is None:
            return
        _evidence(column, detail)
        schema_claims.column_claims(column, screen.keys or (), table)
        _misfits(ws, table, column, detail)
        _picture(column, detail)
        _forms(detail)
        _change(ws, table, screen, column)


def _reading(field: FieldChange) -> tuple[str, str | None, int | None, int | None]:
    return field.type, field.format, field.precision, field.scale


def _close() -> None:
    put(COLUMN, None)


def _head(column: schemas.SchemaColumn) -> None:
    facts = column.facts
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"##### {show.code(column.name[:80])}")
        st.button("", icon=":material/close:", type="tertiary", help="Close", key="schema-close", on_click=_close)
    with st.container(horizontal=True, gap="xsmall"):
        show.status("neutral", column.field.described)
        if column.need:
            show.status("attention", "decide")
        elif column.accepted:
            show.status("good", "accepted")
        else:
            show.status("neutral", "proposed")
        part = facts.meaning.share
        share = "" if part is None or part > 0.9995 else f" {part:.1%}"
        st.badge(
            show.on_badge(facts.meaning.name) + share,
            icon=":material/label:",
            color="gray",
            help=show.plain(facts.meaning.why),
        )
    if column.field.description:
        st.markdown(f"*{show.plain(column.field.description)}*")
    st.markdown(show.plain(column.need or facts.reason))
    if column.need:
        st.caption(show.plain(facts.reason))


def _answers(ws: Workspace, screen: SchemaScreen, column: schemas.SchemaColumn) -> None:
    """The answers to the question; each shows its cost, and is accepted there."""
    field = column.field
    named = field.described if column.facts.contested else field.label
    answers = {f"Accept {named}": field}
    if field.type != "string":
        answers["Keep text"] = replace(field, type="string", format=None, precision=None, scale=None)
    with st.container(horizontal=True, gap="small", key="schema-answers"):
        for label, made in answers.items():
            st.button(show.plain(label), disabled=ws.read_only, on_click=screen.ask, args=({column.name: made},))


def _evidence(column: schemas.SchemaColumn, detail: schema_details.ColumnDetail) -> None:
    label = column.field.label
    with st.container(horizontal=True, gap="medium"):
        examples = [f"{each.value!r} ×{each.count:,}" for each in detail.examples]  # noqa: RUF001
        fit = detail.values - detail.misfits
        show.evidence(fit, detail.values, examples, key="schema-fits", label=f"fit {label}")
        if column.field.type != "string":
            altered = [f"{before!r} becomes {after!r}" for before, after in detail.altered]
            show.evidence(fit - detail.changed, detail.values, altered, key="schema-back", label="print back")
    if column.facts.against and column.facts.against.split(" ")[0] != column.field.type and column.facts.counter:
        values = ", ".join(f"{value!r} ×{count:,}" for value, count in column.facts.counter)  # noqa: RUF001
        st.caption(f"Speaks against {show.plain(column.facts.against)}: {show.plain(values)}")
    st.caption(
        f"{show.count(detail.distinct, 'different value')} · {detail.total - detail.values:,} without · "
        f"looked at {show.plain(detail.sample)}"
    )


def _picture(column: schemas.SchemaColumn, detail: schema_details.ColumnDetail) -> None:
    """Bins of what has an order, else the most frequent values."""
    colour = charts.colours()["accent"]
    if detail.bins.counts:
        edges = [workbench.plain(edge) for edge in detail.bins.edges]
        ends = [f"{_short(low)} to {_short(high)}" for low, high in itertools.pairwise(edges)]
        bars = go.Bar(x=list(range(len(ends))), y=detail.bins.counts, customdata=ends, marker_color=colour)
        bars.hovertemplate = "%{customdata}<br>%{y:,} values<extra></extra>"
        figure = go.Figure(bars)
        marks = [0, len(ends) // 2, len(ends) - 1]
        figure.update_xaxes(tickvals=marks, ticktext=[_short(edges[mark]) for mark in marks])
        figure.update_layout(bargap=0.06)
        charts.plot(figure, key="schema-bins", height=140, alt=f"Histogram of {column.name}")
        if detail.bins.clipped:
            st.caption("The first and the last bar also hold what lies farther out.")
    elif detail.top:
        names = [charts.safe(text if len(text) <= 24 else text[:23] + "…") for text, _ in detail.top][::-1]
        counts = [count for _, count in detail.top][::-1]
        figure = go.Figure(go.Bar(x=counts, y=list(range(len(names))), orientation="h", marker_color=colour))
        figure.update_yaxes(tickvals=list(range(len(names))), ticktext=names)
        charts.plot(figure, key="schema-top", height=40 + 22 * len(names), alt=f"Most frequent values of {column.name}")
    if detail.ranks:
        st.caption(" · ".join(f"{name} **{show.plain(text)}**" for name, text in detail.ranks.items()))
    elif detail.lengths:
        shortest, middle, longest = detail.lengths
        st.caption(f"characters: shortest **{shortest:,}** · median **{middle:,}** · longest **{longest:,}**")


def _misfits(ws: Workspace, table: str, column: schemas.SchemaColumn, detail: schema_details.ColumnDetail) -> None:
    if not detail.examples:
        return
    found = show.count(detail.misfits, "value does", "values do")
    st.markdown(f"**{found} not fit {show.plain(column.field.label)}**; the most frequent:")
    schema_examples.draw(ws, table, detail.examples, key="schema-detail-misfits")


def _forms(detail: schema_details.ColumnDetail) -> None:
    if detail.reads and any(before != after for before, after in detail.reads):
        st.caption("Read as: " + ", ".join(f"{show.plain(a)} → {show.plain(b)}" for a, b in detail.reads))
    if detail.shapes:
        with st.expander("Forms of the values"):
            st.dataframe(
                {
                    "Form": [form for form, _, _ in detail.shapes],
                    "Share": [share for _, share, _ in detail.shapes],
                    "Example": [example for _, _, example in detail.shapes],
                },
                hide_index=True,
                row_height=30,
                column_config={"Share": st.column_config.NumberColumn(format="percent")},
                key="schema-shapes",
            )


def _change(ws: Workspace, table: str, screen: SchemaScreen, column: schemas.SchemaColumn) -> None:
    """The same changes as in the grid, as a form; a decimal of any size can be typed."""
    field = column.field
    key = f"{column.name}-{screen.edits}"
    with st.expander("Change this column"), st.form(f"schema-form-{key}", border=False):
        types = list(dict.fromkeys([field.label, *TYPES, "decimal(10, 2)"]))
        label = st.selectbox("Type", types, key=f"schema-type-{key}", accept_new_options=True)
        text = st.text_input("Format", field.format or "", key=f"schema-format-{key}", placeholder="the one that fits")
        name = st.text_input("Name", field.name, key=f"schema-name-{key}")
        nullable = st.checkbox("May be empty", field.nullable, key=f"schema-null-{key}")
        if st.form_submit_button("Show the cost", disabled=ws.read_only, key=f"schema-ask-{key}"):
            now = replace(field, nullable=nullable, name=name.strip() or field.name)
            made = show.attempt(
                calls.read, ws, schema_costs.chosen, table, column.name, label, now, tables=sources(table)
            )
            if made is not None:
                written = text.strip() or None
                if written != field.format:
                    made = replace(made, format=written)
                screen.ask({column.name: made})
                st.rerun()


def _short(value: object) -> str:
    if isinstance(value, int | float):
        size = abs(value)
        return f"{value:,.0f}" if 1_000 <= size < 1e9 else f"{value:.4g}"
    return str(value)[:16].replace("T", " ")
