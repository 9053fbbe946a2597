"""The golden set: questions whose rows are known, asked again, with what is other than it must be."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views.ask_state import Ask

_STATE: dict[str, tuple[show.Kind, str]] = {
    "right": ("good", "as kept"),
    "wrong": ("bad", "other rows"),
    "unknown": ("attention", "no answer any more"),
    "failed": ("bad", "failed"),
}


def render(ws: Workspace, screen: Ask) -> None:
    """Draw the set and what its last run found."""
    kept = show.attempt(calls.fresh, ws, workbench.golden_set)
    if kept is None:
        return
    if not kept:
        show.note("The golden set is empty. Below an answer, Keep in golden set keeps its rows as what they must be.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Run", key="ask-golden-run", type="primary", icon=":material/play_arrow:"):
            screen.outcomes = run(ws, kept)
        _summary(kept, screen.outcomes)
    outcomes = {(each.question, each.after): each for each in screen.outcomes or ()}
    for place, each in enumerate(kept):
        _entry(ws, screen, place, each, outcomes.get((each.question, each.after)))


def run(
    ws: Workspace, kept: Sequence[workbench.Golden], layer: str | None = None
) -> tuple[workbench.GoldenOutcome, ...]:
    """Ask the questions again, one by one, and show how far it is."""
    bar = st.progress(0.0, f"0 of {len(kept):,}")
    found = []
    for number, each in enumerate(kept, 1):
        found.append(calls.fresh(ws, workbench.try_golden, each, layer))
        bar.progress(number / len(kept), f"{number:,} of {len(kept):,}")
    bar.empty()
    return tuple(found)


def regressions(outcomes: Sequence[workbench.GoldenOutcome], key: str) -> None:
    """The questions that are not answered as before."""
    for place, each in enumerate(each for each in outcomes if each.state != "right"):
        with st.container(border=True, key=f"{key}-{place}", gap="small"):
            show.status(*_STATE[each.state])
            st.markdown(f"**{show.plain(each.question)}**")
            difference(each, f"{key}-rows-{place}")


def difference(outcome: workbench.GoldenOutcome, key: str) -> None:
    """Expected rows beside those it has, and both statements."""
    for line in outcome.difference:
        st.text(line)
    left, right = st.columns(2)
    for place, title, rows, sql in (
        (left, "Expected", outcome.expected, outcome.before),
        (right, "Now", outcome.got, outcome.sql),
    ):
        with place:
            st.caption(title)
            if rows:
                width = max(len(row) for row in rows)
                names = [*outcome.columns, *(f"column {n + 1}" for n in range(len(outcome.columns), width))][:width]
                data = workbench.Rows(
                    dict.fromkeys(names, "String"), [dict(zip(names, row, strict=False)) for row in rows]
                )
                show.rows(data, key=f"{key}-{title}", height=min(40 + 35 * len(rows), 220))
            if sql:
                st.code(sql, language="sql", wrap_lines=True)


def _summary(kept: Sequence[workbench.Golden], outcomes: Sequence[workbench.GoldenOutcome] | None) -> None:
    if outcomes is None:
        st.markdown(f"{show.count(len(kept), 'question')} whose rows are known, not asked again yet")
        return
    wrong = sum(each.state != "right" for each in outcomes)
    if wrong:
        show.status("bad", f"{wrong:,} of {len(outcomes):,} not as kept")
    else:
        show.status("good", f"all {len(outcomes):,} as kept")


def _entry(
    ws: Workspace, screen: Ask, place: int, kept: workbench.Golden, outcome: workbench.GoldenOutcome | None
) -> None:
    with st.container(border=True, key=f"ask-golden-entry-{place}", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center"):
            if outcome is not None:
                show.status(*_STATE[outcome.state])
            before = " · ".join((*kept.after, kept.question))
            st.markdown(f"**{show.plain(before)}**", width="stretch")
            st.caption(f"{show.count(kept.total, 'row')}, kept by {show.plain(kept.actor)}", width="content")
            if st.button("Remove", key=f"ask-golden-drop-{place}", icon=":material/close:", disabled=ws.read_only):
                _drop(ws, screen, kept)
        if outcome is not None and outcome.state != "right":
            difference(outcome, f"ask-golden-rows-{place}")


def _drop(ws: Workspace, screen: Ask, kept: workbench.Golden) -> None:
    try:
        calls.change(ws, workbench.drop_golden, kept.question, kept.after)
    except AutomicError as exc:
        show.error(exc)
        return
    screen.outcomes = None
    st.rerun()
