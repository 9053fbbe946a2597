"""Names, meaning, domains, units, keys: what rules propose beside what a model proposes, each with its evidence."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError
from pages.ui import calls, model_ask, show
from pages.ui.state import Workspace
from pages.ui.views.schema_state import Loaded, SchemaScreen, sources

MOST = 25


def render(ws: Workspace, table: str, screen: SchemaScreen, loaded: Loaded) -> None:
    """Draw the panel; the data is looked at when it is open."""
    panel = st.expander(
        "Names, meaning and keys", icon=":material/translate:", key=f"schema-meaning-{table}", on_change="rerun"
    )
    with panel:
        if not panel.open:
            return
        rules = show.attempt(calls.read, ws, workbench.describe, table, tables=sources(table))
        if rules is None:
            return
        with st.container(horizontal=True, vertical_alignment="center"):
            show.note("Proposals: nothing changes before you take one and accept it.")
            model_ask.ask(
                ws,
                lambda: calls.fresh(ws, workbench.describe_plan, table),
                key="schema-ask-model",
                on_ask=_read,
                args=(ws, table, screen),
            )
        _rows(ws, screen, loaded, rules, screen.told)
        _keys([each for each in (rules.key, screen.told.key if screen.told else None) if each is not None])
        for refused in screen.told.refused if screen.told else ():
            st.caption(f":material/block: The model proposed what cannot be. {show.plain(refused)}")


def _read(ws: Workspace, table: str, screen: SchemaScreen) -> None:
    try:
        screen.told = calls.change(ws, workbench.describe, table, model=True)
    except AutomicError as exc:
        screen.problem = exc


def _rows(
    ws: Workspace,
    screen: SchemaScreen,
    loaded: Loaded,
    rules: workbench.Descriptions,
    model: workbench.Descriptions | None,
) -> None:
    """A line a column: its name, what rules say, what the model says."""
    shown = {each.name: each.field for each in loaded.view.columns}
    told = {each.column: each for each in model.columns} if model else {}
    widths = [1.2, 3, 3] if model else [1.2, 4]
    for place, head in zip(st.columns(widths), ("Column", "By rules", "By the model"), strict=False):
        place.caption(head)
    columns = [each for each in rules.columns if each.column in shown]
    for each in columns[:MOST]:
        row = st.columns(widths, vertical_alignment="top")
        row[0].markdown(show.code(each.column[:40]))
        offers = [each, *([told[each.column]] if each.column in told else [])]
        for place, offer in zip(row[1:], offers, strict=False):
            with place:
                _offer(ws, screen, shown[each.column], offer)
    if len(columns) > MOST:
        st.caption(f"and {show.count(len(columns) - MOST, 'more column')}: search for them above")


def _offer(ws: Workspace, screen: SchemaScreen, field: workbench.FieldChange, offer: workbench.Description) -> None:
    """One proposal: name, words, unit, evidence, and the button that takes it."""
    name = f"**{show.code(offer.name)}** " if offer.name != offer.column else ""
    unit = f" :gray[in {show.plain(offer.unit)}]" if offer.unit else ""
    st.markdown(f"{name}{show.plain(offer.text)}{unit}")
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.button(
            "Take",
            key=f"schema-take-{offer.by}-{offer.column}",
            type="tertiary",
            icon=":material/check:",
            disabled=ws.read_only,
            help="Its cost is shown before it is accepted",
            on_click=_take,
            args=(screen, field, offer),
        )
        if offer.domain is not None:
            domain = offer.domain
            examples = [f"{each.value[:60]!r} ×{each.count:,}" for each in domain.counter_examples]  # noqa: RUF001
            key = f"schema-domain-{offer.by}-{offer.column}"
            show.evidence(domain.agree, domain.of, examples, key=key, label=domain.name)
        if offer.why:
            with st.popover("Why", type="tertiary", key=f"schema-why-{offer.by}-{offer.column}"):
                for line in offer.why:
                    st.text(line)


def _take(screen: SchemaScreen, field: workbench.FieldChange, offer: workbench.Description) -> None:
    text = f"{offer.text.rstrip('.')}, in {offer.unit}." if offer.unit else offer.text
    name = offer.name if offer.name != offer.column else field.name
    screen.asked = {**screen.asked, offer.column: replace(field, name=name, description=text)}


def _keys(keys: list[workbench.KeyColumns]) -> None:
    """What is said to identify a row, measured."""
    for key in keys:
        left, right = st.columns([3, 2], vertical_alignment="center")
        named = " + ".join(map(show.code, key.columns))
        left.markdown(f"**Key** {named} :gray[by {'the model' if key.by == 'model' else 'rules'}]")
        with right:
            show.evidence(key.agree, key.of, key=f"schema-key-said-{key.by}", label="rows told apart", of_what="row")
