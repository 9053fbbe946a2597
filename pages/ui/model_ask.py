"""The language model is asked only after a person has seen what it would be sent, word for word."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError
from pages.ui import calls, show
from pages.ui.state import Workspace, put


def ask(
    ws: Workspace,
    plans: Callable[[], Sequence[workbench.Plan]],
    *,
    key: str,
    on_ask: Callable[..., None],
    args: Any,
    label: str = "Ask the model",
) -> None:
    """Draw the button that opens what would be sent, and the one that asks; nothing while no model is set up.

    Args:
        ws: The visitor.
        plans: What would be sent, a call each; computed when it is looked at.
        key: Unique on the page.
        on_ask: Called with ``args`` when the model is to be asked.
        label: Of the button that opens it.
    """
    if calls.at(ws, workbench.model_mode) == "off":
        return
    panel = st.popover(label, icon=":material/neurology:", disabled=ws.read_only, key=key, on_change="rerun")
    with panel:
        if not panel.open:
            return
        try:
            found = plans()
        except AutomicError as exc:
            show.error(exc)
            return
        tokens = sum(plan.tokens for plan in found)
        about = f"{show.count(len(found), 'question')} to {found[0].model} at {found[0].host}"
        st.caption(show.plain(f"{about}, at most {tokens:,} tokens; this is sent, word for word:"))
        for plan in found:
            sent = json.dumps(plan.sent["messages"], indent=2, ensure_ascii=False)
            st.code(sent, language="json", height=220, wrap_lines=True)
        closed = any(plan.needs_consent for plan in found)
        if closed:
            show.note("Nobody has agreed yet that it is asked: Settings, Model.")
        st.button("Ask", key=f"{key}-go", disabled=closed, on_click=_asked, args=(key, on_ask, args))


def _asked(key: str, on_ask: Callable[..., None], args: Any) -> None:
    put(key, False)  # the panel closes, so that the answer is in view
    on_ask(*args)
