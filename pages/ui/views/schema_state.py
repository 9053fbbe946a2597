"""What the Schema page remembers and how it loads: a page of columns, the draft, changes not yet accepted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError
from automic_core.workbench import schemas
from automic_core.workbench.fields import FieldChange
from automic_core.workbench.schema_rows import schema_columns
from pages.ui import calls, show
from pages.ui.state import Workspace, forget

COLUMN = "column"


@dataclass
class SchemaScreen:
    """The Schema page of one visitor.

    Attributes:
        table: The table the rest is about.
        asked: Changes asked for outside the grid, not yet accepted.
        version: Of the draft when the first of the changes was made.
        edits: Counts up when the grid shall forget what was typed into it.
        problem: Why the last decision was not taken, to be said once.
        keys: Keys between the tables of the lake, once somebody had them looked for.
        keys_of: The state of the tables they were looked for in.
        named: Keys between the tables that a model named, once somebody had it asked.
        told: What a model said of the columns, once somebody had it asked.
    """

    table: str = ""
    asked: dict[str, FieldChange] = field(default_factory=dict)
    version: int | None = None
    edits: int = 0
    problem: AutomicError | None = None
    keys: Sequence[workbench.ForeignKey] | None = None
    keys_of: dict[str, str] = field(default_factory=dict)
    named: workbench.Relations | None = None
    told: workbench.Descriptions | None = None

    def open(self, table: str) -> None:
        """Begin anew when another table is chosen."""
        if self.table != table:
            self.forget()
            self.table, self.told = table, None
            forget(COLUMN)

    def ask(self, changes: dict[str, FieldChange]) -> None:
        """Let the cost of these changes be shown, and of no others."""
        self.forget()
        self.asked = changes

    def forget(self) -> None:
        """Let go of all changes that are not accepted."""
        self.asked, self.version = {}, None
        self.edits += 1


def decide(ws: Workspace, screen: SchemaScreen, said: str, use_case: Callable[..., Any], *args: Any) -> None:
    """Change the draft when a button is clicked, from the version the person was looking at."""
    try:
        calls.change(ws, use_case, *args)
    except AutomicError as exc:
        screen.problem = exc
        return
    screen.forget()
    ws.message = said


@dataclass
class Loaded:
    """Everything one run of the page shows."""

    names: list[str]
    draft: workbench.DraftView
    view: schemas.SchemaView


def sources(table: str) -> list[str]:
    """The tables whose changes matter to what the page shows."""
    return [table, "meta.decisions"]


def load(ws: Workspace, table: str, search: str, page: int, *, only_open: bool) -> Loaded:
    """Facts from the cache, the draft as of now."""
    names = calls.read(ws, schema_columns, table, tables=[table])
    saved = calls.fresh(ws, workbench.draft, table)
    chosen, found = schemas.page_of(names, search, page)
    if only_open and found > schemas.PAGE:
        return Loaded(names, saved, _all_open(ws, table, names, search, saved))
    view = _composed(ws, table, names, chosen, saved, found, only_open=only_open)
    return Loaded(names, saved, view)


def _composed(
    ws: Workspace,
    table: str,
    names: list[str],
    shown: Sequence[str],
    saved: workbench.DraftView,
    found: int,
    *,
    only_open: bool,
) -> schemas.SchemaView:
    facts = calls.read(ws, schemas.schema_facts, table, tuple(shown), tables=sources(table))
    differing = schemas.differing(facts, saved)
    fits = calls.read(ws, schemas.schema_fits, table, differing, tables=sources(table)) if differing else {}
    return schemas.compose(facts, saved, fits, names, found=found, only_open=only_open)


def _all_open(
    ws: Workspace, table: str, names: list[str], search: str, saved: workbench.DraftView
) -> schemas.SchemaView:
    """Every column that needs a decision; of a wide table page by page, with a count."""
    _, found = schemas.page_of(names, search)
    pages = -(-found // schemas.PAGE)
    bar, views = st.progress(0.0), []
    for page in range(1, pages + 1):
        shown, _ = schemas.page_of(names, search, page)
        bar.progress((page - 1) / pages, f"{(page - 1) * schemas.PAGE:,} of {show.count(found, 'column')} looked at")
        views.append(_composed(ws, table, names, shown, saved, found, only_open=True))
    bar.empty()
    return schemas.joined(views)
