"""What a visitor has set on the Match page and not taken into the draft, and the pairs they are asked about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError
from pages.ui import calls
from pages.ui.state import Workspace
from pages.ui.words import whole


@dataclass
class Queue:
    """The pairs to judge, in order.

    Attributes:
        at: The one that is shown.
        skipped: Pairs the visitor could not judge.
        said: How many they have judged since the queue was made.
        error: Why the last answer was refused.
    """

    pairs: list[workbench.BlindPair]
    at: int = 0
    skipped: list[tuple[int, int]] = field(default_factory=list)
    said: int = 0
    error: AutomicError | None = None

    @property
    def pair(self) -> workbench.BlindPair | None:
        """The pair that is shown; None at the end."""
        return self.pairs[self.at] if self.at < len(self.pairs) else None


@dataclass
class Desk:
    """A table as this visitor looks at it.

    Attributes:
        table: Full name of the bronze table.
        view: Its draft.
        changes: Options of the step that are set here and not in the draft.
        linking: Whether rows that came since are linked to those of silver.
    """

    table: str
    view: workbench.DraftView
    changes: dict[str, Any] = field(default_factory=dict)
    queue: Queue | None = None
    linking: bool = False

    @property
    def own(self) -> str:
        """The table's name without its layer."""
        return self.table.partition(".")[2]

    @property
    def data(self) -> dict[str, Any]:
        """Schema, steps and rules of the draft."""
        return self.view.data

    @property
    def step(self) -> workbench.MatchStep:
        """The step with what is set here."""
        return workbench.match_step(self.data, self.changes)

    @property
    def waits(self) -> bool:
        """Whether something is set here that the draft does not have."""
        return self.step.edit.data != self.data


@dataclass
class Desks:
    """The tables this visitor has looked at."""

    tables: dict[str, Desk] = field(default_factory=dict)


def desk_of(ws: Workspace, table: str) -> Desk:
    """The visitor's desk for a table, with the draft as it is now."""
    known = ws.screen(Desks).tables
    view = calls.fresh(ws, workbench.draft, table)
    if table not in known:
        known[table] = Desk(table, view)
    known[table].view = view
    return known[table]


def number(name: str) -> int | None:
    """A row that the link names."""
    return whole(st.query_params.get(name, ""))


def linked_pair() -> tuple[int, int] | None:
    """The pair that the link names: "pair=17-42"."""
    one, _, other = st.query_params.get("pair", "").partition("-")
    left, right = whole(one), whole(other)
    return None if left is None or right is None else (left, right)
