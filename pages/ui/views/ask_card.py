"""An answer as a card: who read it and how, table and chart, its SQL, the states it was read from, what can be done."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from pages.ui import show
from pages.ui.state import Workspace
from pages.ui.views import ask_judging, ask_teaching, explore_chart, save_gold
from pages.ui.views.ask_state import Ask, Turn

_RUNGS = {
    "verified": ("green", ":material/verified_user:", "A person approved this question and its SQL."),
    "grammar": ("gray", ":material/menu_book:", "Read by rules, without a model."),
    "model": ("gray", ":material/smart_toy:", "Read by the language model."),
}
_TRUST = (
    "About so many of a hundred answers with this trust were right on questions whose answer is known. "
    "Of an approved question it is what a person vouches for."
)
_CHART = 300


def render(ws: Workspace, screen: Ask, turn: Turn, answer: workbench.AnswerInWords) -> None:
    """Draw the card."""
    _head(answer)
    st.markdown(show.plain(answer.explanation))
    _rows(turn, answer)
    for note in answer.notes:
        show.note(show.plain(note))
    _read(answer)
    with st.expander("SQL", icon=":material/code:", key=f"ask-sql-{turn.number}"):
        ask_teaching.render(ws, screen, turn, answer.sql or "")
    with st.container(horizontal=True, vertical_alignment="center", key=f"ask-do-{turn.number}"):
        ask_judging.render(ws, screen, turn, answer)
        save_gold.button(ws, turn.saving, answer.sql or "", key=f"ask-gold-{turn.number}")
    save_gold.progress(ws, turn.saving)


def _head(answer: workbench.AnswerInWords) -> None:
    colour, icon, said = _RUNGS.get(answer.rung or "", _RUNGS["grammar"])
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(answer.rung or "", color=colour, icon=icon, help=said)  # type: ignore[arg-type]
        if answer.follows:
            st.badge("with the question before", color="gray", icon=":material/subdirectory_arrow_right:")
        st.caption(f"trust {answer.trust:.0%}", help=_TRUST, width="content")


def _rows(turn: Turn, answer: workbench.AnswerInWords) -> None:
    """One figure large, else the rows, with the chart beside them if there is one."""
    rows, chart = answer.rows, answer.chart
    if rows is None:
        return
    key = f"ask-rows-{turn.number}"
    if not rows.rows:
        show.note("No row is like that.")
    elif len(rows.rows) == 1 and len(rows.columns) == 1 and chart is not None and chart.kind == "number":
        explore_chart.draw(answer.frame(), chart, 1, key=f"ask-figure-{turn.number}")
    elif chart is None or chart.kind in ("none", "number"):
        show.rows(rows, key=key, total=rows.total, height=_height(len(rows.rows)))
    else:
        left, right = st.columns([2, 3])
        with left:
            show.rows(rows, key=key, total=rows.total, height=_height(len(rows.rows)))
        with right:
            explore_chart.draw(answer.frame(), chart, rows.total or 0, key=f"ask-chart-{turn.number}", height=_CHART)


def _height(rows: int) -> int:
    return min(40 + 35 * rows, _CHART)


def _read(answer: workbench.AnswerInWords) -> None:
    """The tables, each in the state that was read, and what its gates left."""
    told = {each.table: each for each in answer.quality}
    sentences = workbench.quality_words(answer.quality)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if answer.quality:
            good = not sentences
            show.status("good" if good else "attention", "all gates passed" if good else "gates found something")
        for name, snapshot in list(answer.snapshots.items())[:6]:
            at = show.when(told[name].at) if name in told else ""
            st.page_link(
                "pages/tables.py",
                label=f"{show.plain(name)} · {at}",
                query_params={"table": name, "snapshot": str(snapshot)},
                icon=":material/push_pin:",
                help=f"Snapshot {snapshot}",
                width="content",
            )
    for sentence in sentences:
        show.note(show.plain(sentence))
