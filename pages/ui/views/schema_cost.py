"""What changes would cost, shown before they are accepted."""

from __future__ import annotations

import streamlit as st

from automic_core.errors import AutomicError
from automic_core.workbench import schema_costs, schema_edits
from automic_core.workbench.fields import FieldChange
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views import schema_examples
from pages.ui.views.schema_state import Loaded, SchemaScreen, decide, sources

MOST = 6


def render(ws: Workspace, table: str, screen: SchemaScreen, loaded: Loaded, changes: dict[str, FieldChange]) -> None:
    """The cost of the changes together, and the two buttons that end it."""
    version = loaded.draft.version
    if screen.version is None:
        screen.version = version
    with st.container(border=True, key="schema-cost"):
        if screen.version != version:
            show.status("attention", "Changed elsewhere")
            st.caption(f"{show.plain(loaded.draft.actor)} changed this draft meanwhile. The cost is of the new state.")
        data = loaded.draft.data
        try:
            found = calls.read(ws, schema_costs.costs, table, changes, data=data, lines=False, tables=sources(table))
        except AutomicError as exc:
            show.error(exc)
            _keep(screen)
            return
        label = _label(loaded, changes)
        st.markdown(f"##### {show.plain(label)}")
        lost = found.after - found.before + found.missing
        show.status("attention" if lost > 0 else "good", "Cost" if lost > 0 else "No row lost")
        st.markdown(f"**{found.sentence}.**")
        with st.container(horizontal=True):
            st.button(
                "Accept",
                type="primary",
                key="schema-accept",
                icon=":material/check:",
                disabled=ws.read_only,
                on_click=decide,
                args=(ws, screen, label, schema_edits.accept_fields, table, changes, version, label),
            )
            _keep(screen)
        show.note(
            f"Counted on {show.count(found.rows, 'row')} of {show.code(table)}: rows that could not be read, and older "
            "versions of a key, are out before."
        )
        costly = [
            each for each in found.columns if each.misfits or each.missing or each.changed or each.emptied or each.notes
        ]
        for each in costly[:MOST]:
            _one(ws, table, each, alone=len(changes) == 1)
        if len(costly) > MOST:
            st.caption(f"and {show.count(len(costly) - MOST, 'more column', 'more columns')} with a cost")


def _keep(screen: SchemaScreen) -> None:
    if st.button("Keep as it is", key="schema-keep"):
        screen.forget()
        st.rerun()


def _label(loaded: Loaded, changes: dict[str, FieldChange]) -> str:
    """What undo will say."""
    now = {column.name: column for column in loaded.view.columns}
    if len(changes) == 1:
        ((name, change),) = changes.items()
        before = now[name].field if name in now else FieldChange()
        return schema_edits.change_label(name, before, change)
    if all(name in now and now[name].field == change for name, change in changes.items()):
        return f"Accept {show.count(len(changes), 'proposal')}"
    names = list(changes)
    return f"{len(names):,} columns: {', '.join(names[:4])}{' …' if len(names) > 4 else ''}"


def _one(ws: Workspace, table: str, cost: schema_costs.Cost, *, alone: bool) -> None:
    """One column: how many values, which ones, and where they stand."""
    name = show.plain(cost.column)
    with st.container() if alone else st.expander(f"{name}: {_short(cost)}"):
        if cost.misfits:
            fit = f"{cost.misfits:,} of {show.count(cost.values, 'value')} ({_percent(cost.share)})"
            st.markdown(f"{fit} cannot be read as {show.plain(cost.change.described)}:")
            schema_examples.draw(ws, table, cost.examples, key=f"schema-misfits-{cost.column}", lines=alone)
            if len(cost.examples) < cost.misfits:
                st.caption(f"the first {len(cost.examples)} of {cost.misfits:,}, in the order of the rows")
        if cost.missing:
            st.markdown(f"{show.count(cost.missing, 'row has', 'rows have')} no value and would go to quarantine.")
        if cost.emptied:
            st.markdown(f"{show.plain(cost.emptied_said)}.")
        if cost.changed:
            st.markdown(f"{show.count(cost.changed, 'value')} would be written differently:")
            st.dataframe(
                {"Before": [before for before, _ in cost.altered], "After": [after for _, after in cost.altered]},
                hide_index=True,
                row_height=30,
                key=f"schema-altered-{cost.column}",
            )
        for note in cost.notes:
            st.caption(show.plain(note))


def _short(cost: schema_costs.Cost) -> str:
    parts = [(cost.misfits, "do not fit"), (cost.missing, "without a value"), (cost.changed, "written differently")]
    parts.append((cost.emptied, "become empty"))
    return ", ".join(f"{number:,} {what}" for number, what in parts if number) or "see the note"


def _percent(share: float) -> str:
    return "under 0.1%" if 0 < share < 0.001 else f"{share:.1%}"
