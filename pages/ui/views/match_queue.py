"""Pairs to judge by keyboard, blind: two rows side by side, and nothing of what the matching thinks of them."""

from __future__ import annotations

from functools import partial
from typing import Literal

import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError
from automic_core.workbench import quarantining
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views.job_panel import LOOK_ONLY
from pages.ui.views.match_state import Desk, Queue

Answer = Literal["same", "different", "unsure"]
ANSWERS: tuple[tuple[Answer, str, str, str], ...] = (
    ("same", "Same", ":material/join:", "S"),
    ("different", "Different", ":material/call_split:", "D"),
    ("unsure", "Not sure", ":material/help:", "U"),
)
MOST_LINES = 16
SAID = {"same": "the same", "different": "different", "unmerged": "parted"}


def render(ws: Workspace, desk: Desk) -> None:
    """Draw the queue beside what was said so far."""
    if desk.queue is None and not _ask(ws, desk):
        return
    st.fragment(show.guarded(_judge))(ws, desk)


def _ask(ws: Workspace, desk: Desk, skipped: list[tuple[int, int]] | None = None) -> bool:
    """Put new pairs in the queue, with what was said since taken into account."""
    skipped = skipped or []
    pairs = show.attempt(calls.read, ws, workbench.match_queue, desk.table, desk.data, skip=tuple(skipped))
    if pairs is not None:
        desk.queue = Queue(pairs, skipped=skipped)
    return pairs is not None


def _judge(ws: Workspace, desk: Desk) -> None:
    queue = desk.queue
    assert queue is not None, "made before it is drawn"
    left, right = st.columns([3, 2], gap="medium")
    with left:
        if queue.error is not None:
            show.error(queue.error)
        if queue.pair is None:
            _finished(ws, desk, queue)
        else:
            _pair(ws, desk, queue, queue.pair)
    with right:
        _said(ws, desk)


def _pair(ws: Workspace, desk: Desk, queue: Queue, pair: workbench.BlindPair) -> None:
    why = LOOK_ONLY if ws.read_only else None
    with st.container(horizontal=True, vertical_alignment="center", key="match-answers"):
        for verdict, label, icon, shortcut in ANSWERS:
            st.button(
                label,
                icon=icon,
                shortcut=shortcut,
                key=f"match-say-{verdict}",
                disabled=ws.read_only,
                help=why,
                on_click=partial(_answer, ws, desk, queue, pair, verdict),
            )
        show.note(f"pair {queue.at + 1} of {len(queue.pairs)}")
    kinds = {"column": "String", "one row": "String", "another row": "String", "": "String"}
    lines = [
        {"column": name, "one row": one, "another row": other, "": _mark(one, other)}
        for name, one, other in pair.values
    ]
    key = f"match-blind-{pair.left}-{pair.right}"
    show.rows(
        workbench.Rows(kinds, lines, len(lines)), key=key, sample="no probability is shown, so that none leads you"
    )


def _mark(one: str | None, other: str | None) -> str:
    if one is None or other is None:
        return "" if one is other else "missing"
    return "" if one == other else "differs"


def _answer(
    ws: Workspace,
    desk: Desk,
    queue: Queue,
    pair: workbench.BlindPair,
    verdict: Answer,
) -> None:
    """Keep the answer and go on to the next pair."""
    queue.error = None
    if verdict == "unsure":
        queue.skipped.append((pair.left, pair.right))
        queue.at += 1
        return
    try:
        calls.change(ws, workbench.label, desk.own, pair.left, pair.right, verdict)
    except AutomicError as exc:
        queue.error = exc
        return
    queue.at += 1
    queue.said += 1


def _finished(ws: Workspace, desk: Desk, queue: Queue) -> None:
    """The end of the queue: the answers have taught the weights, so other pairs may be worth asking about."""
    with st.container(border=True, horizontal_alignment="center", gap="small", key="match-finished"):
        told = f"{show.count(queue.said, 'answer')} taken." if queue.said else "There is no pair to judge."
        st.markdown(f"{told} The probabilities are computed anew with them.", width="content")
        more = queue.pairs and st.button("Ask about other pairs", icon=":material/refresh:", key="match-more")
        if more and _ask(ws, desk, queue.skipped):
            st.rerun()


def _said(ws: Workspace, desk: Desk) -> None:
    """What people said of pairs; each can be taken back."""
    found = calls.fresh(ws, workbench.pair_decisions, desk.own)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{show.count(len(found), 'decision')} about pairs**", width="stretch")
        if found and st.button(
            "See what they change", type="tertiary", icon=":material/show_chart:", key="match-effect"
        ):
            st.query_params["view"] = "threshold"
            desk.queue = None
            st.rerun()
    if not found:
        show.note("An answer holds at every later promotion, whatever the threshold, and teaches the weights.")
    for number, each in enumerate(found[:12]):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"line-said-{number}"):
            state = "in silver" if each.applied else "not in silver yet"
            text = f"{show.plain(each.one)} and {show.plain(each.other)}: **{SAID[each.said]}**"
            more = show.plain(" · ".join(p for p in (show.exact(each.at), state, each.reason) if p))
            st.markdown(f"{text} :gray[by {show.plain(each.actor)}, {show.when(each.at)}]", width="stretch", help=more)
            back = st.button("Take back", type="tertiary", key=f"match-revoke-{each.id}", disabled=ws.read_only)
            if back and show.attempt(_take_back, ws, each.id):
                st.rerun(scope="fragment")
    if len(found) > 12:
        show.note(f"showing the newest 12 of {len(found):,}")


def _take_back(ws: Workspace, decision: str) -> bool:
    calls.change(ws, quarantining.revoke, decision)
    return True
