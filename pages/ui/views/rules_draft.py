"""The draft this tab works on: held until it is saved, undone, redone or loaded again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError, ConflictError
from pages.ui import calls, show
from pages.ui.state import Workspace, drawn

CAST = "cast"
ANCHOR = "rules-undo"


@dataclass
class Held:
    """A table's draft as this tab sees it.

    Attributes:
        epoch: Grows when something else than the form changed the draft; widgets are named by it, so they begin anew.
        entry: The step or rule that is selected; "cast" for the types.
        stale: Whether the draft was changed elsewhere since.
        error: What the last edit was refused for.
        said: What the last decision about cells did.
        began_empty: Whether there was nothing in it when the page opened; suggestions then stand open.
        drawn: What each form held when it was read last, so that only what a person changes is an edit.
    """

    table: str
    view: workbench.DraftView
    epoch: int = 0
    entry: str = CAST
    stale: bool = False
    error: AutomicError | None = None
    said: str = ""
    drawn: dict[str, dict[str, Any]] = field(default_factory=dict)
    began_empty: bool = False

    @property
    def data(self) -> dict[str, Any]:
        """Schema, steps and rules."""
        return self.view.data

    @property
    def entries(self) -> list[workbench.DraftEntry]:
        """Steps, then rules."""
        return workbench.listed(self.view.data)

    @property
    def selected(self) -> workbench.DraftEntry | None:
        """The entry that is selected; None for the types."""
        return next((each for each in self.entries if each.id == self.entry), None)


@dataclass
class Drafts:
    """The drafts of this tab, by table.

    Attributes:
        family: The kinds that the menu of what can be added shows.
    """

    tables: dict[str, Held] = field(default_factory=dict)
    family: str = ""


def held(ws: Workspace, table: str) -> Held:
    """The draft of a table; loaded when the page opens, and told apart from one changed elsewhere."""
    known = ws.screen(Drafts).tables
    newest = calls.fresh(ws, workbench.draft, table)
    found = known.get(table)
    if found is None:
        found = known[table] = Held(table, newest, entry=st.query_params.get("entry", CAST))
        found.began_empty = not found.entries
    elif not drawn(ANCHOR):
        found.entry = st.query_params.get("entry", found.entry)  # a link from another page
        if found.view.version != newest.version:
            _take(found, newest)
    found.stale = found.view.version != newest.version
    if found.selected is None:
        found.entry = CAST
    return found


def edit(ws: Workspace, held: Held, change: workbench.Edit, *, own: bool = False) -> None:
    """Save an edit as one undo point.

    Args:
        ws: The visitor.
        held: The draft.
        change: The new data.
        own: Whether the form made it, whose widgets already show it.
    """
    if change.data == held.data:
        return

    def save() -> workbench.DraftView:
        return calls.change(ws, workbench.save_draft, held.table, change.data, held.view.version, change.label)

    if _did(held, save):
        held.epoch += not own
        select(held, change.entry or CAST)


def filled(ws: Workspace, held: Held, entry: workbench.DraftEntry, key: str, values: dict[str, Any]) -> bool:
    """Take over what a person changed in a form; whether there was a change."""
    before = held.drawn.setdefault(key, values)
    if values == before or held.stale or ws.read_only:
        return False
    options = {name: value for name, value in entry.options.items() if name in values or name not in before}
    options |= {name: value for name, value in values.items() if value != before.get(name)}
    held.drawn[key] = values
    edit(ws, held, workbench.set_options(held.data, entry.id, options), own=True)
    return True


def undo(ws: Workspace, held: Held) -> None:
    """Take the last edit back."""
    if _did(held, lambda: calls.change(ws, workbench.undo, held.table, held.view.version)):
        held.epoch += 1


def redo(ws: Workspace, held: Held) -> None:
    """Do the last undone edit again."""
    if _did(held, lambda: calls.change(ws, workbench.redo, held.table, held.view.version)):
        held.epoch += 1


def save_text(ws: Workspace, held: Held, text: str) -> None:
    """Take the draft from YAML."""
    held.epoch += _did(held, lambda: calls.change(ws, workbench.save_draft_text, held.table, text, held.view.version))


def reload(ws: Workspace, held: Held) -> None:
    """Take what is on disk."""
    _take(held, calls.fresh(ws, workbench.draft, held.table))


def select(held: Held, entry: str) -> None:
    """Show another entry."""
    held.entry = entry
    st.query_params["entry"] = entry


def banner(ws: Workspace, held: Held) -> None:
    """What the person must know before going on: changed elsewhere, or an edit that was refused."""
    if held.stale:
        newest = calls.fresh(ws, workbench.draft, held.table)
        who = f"by {show.plain(newest.actor)}, {show.when(newest.updated_at)}" if newest.updated_at else ""
        with st.container(border=True, horizontal=True, vertical_alignment="center", key="rules-stale"):
            show.status("attention", "Changed elsewhere")
            st.markdown(f"This draft was changed elsewhere {who}. What you see is the state before.", width="stretch")
            st.button("Reload", key="rules-reload", icon=":material/refresh:", on_click=reload, args=(ws, held))
    elif held.error is not None:
        show.error(held.error)
    held.error = None


def _did(held: Held, action: Callable[[], workbench.DraftView]) -> bool:
    try:
        held.view = action()
    except ConflictError:
        held.stale = True
        return False
    except AutomicError as exc:
        held.error = exc
        return False
    return True


def _take(held: Held, view: workbench.DraftView) -> None:
    held.view, held.stale, held.error = view, False, None
    held.epoch += 1
