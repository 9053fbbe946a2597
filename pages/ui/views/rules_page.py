"""The Rules page left to right: steps, then input beside output of the selected one."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views import (
    rules_costs,
    rules_draft,
    rules_history,
    rules_mutation,
    rules_preview,
    rules_say,
    rules_steps,
    rules_suggestions,
    rules_suspects,
    rules_yaml,
)
from pages.ui.views.rules_draft import Held


def possible(ws: Workspace) -> bool:
    """Whether there is a lake to look into."""
    return workbench.is_lake(Path(ws.lake))


def opening(ws: Workspace, held: Held) -> DeltaGenerator:
    """The head of the page: how many steps and rules, how many cannot run."""
    entries = held.entries
    steps = sum(each.group == "step" for each in entries)
    broken = len({each.entry for each in _checked(ws, held)[0]})
    name = show.plain(held.view.table)
    what = f"{show.count(steps, 'step')} and {show.count(len(entries) - steps, 'rule')}"
    state = f", {broken} cannot run" if broken else ""
    if not entries:
        return show.opening("Rules", f"{name} is only typed so far: add steps and rules")
    return show.opening("Rules", f"{name} has {what}{state}")


def stuck(ws: Workspace, held: Held) -> str:
    """Why the draft cannot be promoted as it is; empty if it can."""
    names = list(dict.fromkeys(each.entry for each in _checked(ws, held)[0]))
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"Complete {', '.join(map(show.code, names[:3]))}{more} first, or switch it off" if names else ""


def render(ws: Workspace, held: Held) -> None:
    """Draw steps, editor and preview."""
    rules_draft.banner(ws, held)
    rules_say.render(ws, held)
    problems, columns = _checked(ws, held)
    preview = rules_preview.compute(ws, held)
    left, right = st.columns([1.3, 3], gap="medium")
    with left:
        rules_steps.toolbar(ws, held)
        rules_steps.render(ws, held, preview, problems, columns)
    with right:
        rules_preview.render(held, preview, {each.entry for each in problems})
        rules_costs.render(ws, held, preview.preview)
        rules_history.render(ws, held)
        rules_preview.ledger(preview)
        rules_suggestions.render(ws, held)
        rules_suspects.render(ws, held)
        rules_mutation.render(ws, held)
        rules_yaml.render(ws, held)


def _checked(ws: Workspace, held: Held) -> tuple[list[workbench.Problem], dict[str, dict[str, str]]]:
    return calls.read(ws, workbench.checked, held.table, held.data)
