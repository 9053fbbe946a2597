"""What the Explore page remembers, and the steps from a statement to its answer."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st
from streamlit.errors import StreamlitAPIException

from automic_core import workbench
from automic_core.errors import AutomicError, ConfigError
from pages.ui import calls
from pages.ui.state import Workspace
from pages.ui.views.save_gold import Saving

PATIENCE = 0.8
MOST_LINK = 4_000


@dataclass
class File:
    """A download that is ready."""

    name: str
    data: bytes
    mime: str


@dataclass
class Explore:
    """The screen's state.

    Attributes:
        nonce: Changes when the page, not the person, sets the statement.
        asking: The statement under way.
        said: A calm word about the last statement.
        taken: The deep link that was taken over already.
        file: A download made of the answer.
        saving: The answer on its way to a gold table.
    """

    sql: str = ""
    nonce: int = 0
    past: workbench.Past = field(default_factory=workbench.Past)
    asking: workbench.Asking | None = None
    answer: workbench.Answer | None = None
    rows: workbench.Rows | None = None
    chart: workbench.ChartSpec | None = None
    error: AutomicError | None = None
    said: str = ""
    shape: str = "Grid"
    taken: str = ""
    file: File | None = None
    saving: Saving = field(default_factory=Saving)

    def show(self, sql: str) -> None:
        """Put a statement into the editor."""
        self.sql, self.nonce, self.error = sql, self.nonce + 1, None

    def hear(self, sql: str) -> None:
        """The person typed this; an error of another statement is none of it."""
        if sql != self.sql:
            self.sql, self.error = sql, None

    def fail(self, error: AutomicError) -> None:
        """The statement has no answer."""
        self.error, self.answer, self.rows, self.chart, self.file = error, None, None, None, None


def again() -> None:
    """Draw the page anew; only its own part, unless the whole page is being drawn."""
    try:
        st.rerun(scope="fragment")
    except StreamlitAPIException:
        st.rerun()


def begin(ws: Workspace, screen: Explore) -> None:
    """Ask the statement; the answer is there at once if it is quick."""
    if screen.asking is not None:
        screen.asking.cancel()
    screen.asking, screen.said = None, ""
    try:
        screen.asking = calls.fresh(ws, workbench.ask_sql, screen.sql, screen.past, record=not ws.read_only)
    except AutomicError as exc:
        screen.fail(exc)
        return
    if len(screen.sql) <= MOST_LINK:
        screen.taken = screen.sql
        st.query_params.from_dict({"sql": screen.sql})
    if screen.asking.wait(PATIENCE):
        finish(screen)


def cancel(screen: Explore) -> None:
    """Stop the statement under way; what was shown before is shown again."""
    if screen.asking is not None:
        screen.asking.cancel()
    screen.asking, screen.said = None, "The query was cancelled."


def finish(screen: Explore) -> None:
    """Take the answer, or what is wrong, of a statement that is done."""
    assert screen.asking is not None
    asking, screen.asking = screen.asking, None
    try:
        answer = asking.answer()
        columns = screen.answer.columns if screen.answer is not None else None
        best = workbench.choose_chart(answer.frame())
        screen.rows = answer.rows()
    except AutomicError as exc:
        screen.fail(exc)
        return
    # The same columns again: the chart a person chose for them stays.
    keep = screen.chart is not None and columns == answer.columns and screen.chart.kind in best.kinds
    screen.chart = screen.chart if keep else best
    screen.answer, screen.error, screen.file, screen.saving = answer, None, None, Saving()


def follow_link(ws: Workspace, screen: Explore) -> None:
    """Open what the address names: ``?sql=`` a statement, ``?table=`` the first rows of a table."""
    sql, table = st.query_params.get("sql", ""), st.query_params.get("table", "")
    if not (sql or table) or (sql or table) == screen.taken:
        return
    screen.taken = sql or table
    try:
        if len(sql) > MOST_LINK:
            said = f"The link holds {len(sql):,} characters of SQL; {MOST_LINK:,} may be."
            raise ConfigError(said, "Paste the statement into the editor.")
        screen.show(sql or calls.read(ws, workbench.starting_query, table))
    except AutomicError as exc:
        screen.fail(exc)
        return
    begin(ws, screen)
