"""The language model: whether it can be asked, what is left of today's budget, what people agreed to, what was sent."""

from __future__ import annotations

import json

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace


def render(ws: Workspace) -> None:
    """Everything about the model but its settings."""
    found = show.attempt(calls.fresh, ws, workbench.model_status)
    if found is None:
        return
    if found.mode != "off":
        with st.container(border=True, key="model-status"):
            _standing(found)
            _consent(ws, found)
    if found.consents:
        with st.container(border=True, key="model-consents"):
            _agreed(ws, found)
    if found.calls:
        with st.container(border=True, key="model-calls"):
            _record(found)


def _standing(found: workbench.ModelStatus) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if found.problem:
            show.status("bad", "cannot be asked")
        elif found.reachable is False:
            show.status("attention", "not reachable")
        else:
            show.status("good", "reachable" if found.reachable else "set up")
        if found.model:
            st.markdown(f"**{show.plain(found.model)}** at {show.plain(found.host)}", width="content")
    if found.problem:
        st.text(f"{found.problem} {found.hint}".strip())
    with st.container(horizontal=True):
        st.metric("Tokens today", f"{found.tokens:,}", _of(found.most_tokens, "{:,}"), "off", width="content")
        st.metric("US dollars today", f"{found.cost:,.4f}", _of(found.most_cost, "{:,.2f}"), "off", width="content")


def _of(most: float | None, form: str) -> str:
    return "no limit" if most is None else f"of {form.format(most)}"


def _consent(ws: Workspace, found: workbench.ModelStatus) -> None:
    """A remote server is asked only after somebody has seen what it would be sent, and agreed."""
    if found.mode != "remote" or not found.model or found.consent is not None:
        return
    show.status("attention", "Nobody has agreed yet that it is asked; nothing is sent until then")
    table = show.table_picker(ws, ("bronze", "silver", "gold"), key="model-table", label="What would be sent about")
    if table:
        plans = show.attempt(calls.fresh, ws, workbench.describe_plan, table) or []
        st.caption(f"{show.count(len(plans), 'question')} to describe its columns, word for word:")
        for plan in plans:
            st.code(json.dumps(plan.sent, indent=2, ensure_ascii=False), language="json", height=260, wrap_lines=True)
    if st.button("Agree", key="model-agree", disabled=ws.settled, help=show.plain(f"Questions may go to {found.host}")):
        host = show.attempt(calls.change, ws, workbench.agree_to_model)
        if host is not None:
            ws.message = f"Questions may go to {host}"
            st.rerun()


def _agreed(ws: Workspace, found: workbench.ModelStatus) -> None:
    st.markdown("##### Agreed")
    for number, each in enumerate(found.consents):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(show.plain(each.subject), width="content")
            st.caption(show.plain(f"{each.actor}, {show.when(each.at)}"), width="content")
            if st.button("Withdraw", key=f"withdraw-{number}", disabled=ws.settled):
                show.attempt(calls.change, ws, workbench.withdraw_consent, each.subject)
                st.rerun()


def _record(found: workbench.ModelStatus) -> None:
    st.markdown("##### Last calls")
    for call in found.calls:
        spent = f"{call.tokens_in + call.tokens_out:,} tokens · ${call.cost:,.4f} · {call.seconds:.1f} s"
        with st.expander(show.plain(f"{call.outcome} · {call.purpose} · {spent}")):
            st.caption(show.plain(f"{call.model} at {call.host}, {show.when(call.at)}, {call.actor}"))
            if call.error:
                st.text(call.error)
            st.code(json.dumps(call.sent, indent=2, ensure_ascii=False), language="json", height=260, wrap_lines=True)
            if call.answer:
                st.code(call.answer, language=None, wrap_lines=True)
