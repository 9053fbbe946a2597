"""The ledger of a run line by line, and how long its parts took."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace

_WORDS = {
    "quarantined:malformed": "quarantined: the record could not be read",
    "quarantined:cast": "quarantined: a value does not fit its type",
    "merged:version": "merged: an older version of the same key",
}


def ledger(ws: Workspace, detail: workbench.RunDetail) -> None:
    """Rows in, out and removed, a line a step."""
    steps = (detail.report or {}).get("steps", [])
    number = st.column_config.NumberColumn
    st.dataframe(
        {
            "Step": [step["id"] for step in steps],
            "Kind": [step["kind"] for step in steps],
            "Rows in": [step["rows_in"] for step in steps],
            "Added": [step["added"] or None for step in steps],
            "Removed": [sum(step["removed"].values()) + step["grouped"] or None for step in steps],
            "Rows out": [step["rows_out"] for step in steps],
            "Why": [_why(step) for step in steps],
        },
        hide_index=True,
        placeholder="",
        key=f"steps-{detail.line.id}",
        column_config={
            name: number(format="localized", width=100) for name in ("Rows in", "Added", "Removed", "Rows out")
        }
        | {"Why": st.column_config.TextColumn(width="large")},
    )
    for name, snapshot in detail.sources.items():
        show.note(f"Read from {show.plain(name)} in its state {snapshot}.")


def _why(step: dict[str, object]) -> str:
    removed, warned = step["removed"], step["warned"]
    assert isinstance(removed, dict)
    assert isinstance(warned, dict)
    parts = [f"{rows:,} {_WORDS.get(reason) or reason.replace(':', ' by ')}" for reason, rows in removed.items()]
    parts += [f"{step['grouped']:,} into groups"] if step["grouped"] else []
    parts += [f"{rows:,} warned by {rule}" for rule, rows in warned.items()]
    return ", ".join(parts)


def timings(ws: Workspace, detail: workbench.RunDetail) -> None:
    """Phases as they were; steps as they cost on a sample."""
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("##### While it ran")
        if detail.timings:
            parts = [part for part in detail.timings if part.seconds >= 0.001]
            _bars([part.name for part in parts], [part.seconds for part in parts], "phases")
            show.note("Steps that only compute run together in one pass, so they have no time of their own here.")
        else:
            show.note("It did not run as a job, so only the whole is known: " + show.duration(detail.line.seconds))
    with right:
        if detail.snapshot is not None and detail.line.table.startswith("silver."):
            _on_sample(ws, detail)


def _on_sample(ws: Workspace, detail: workbench.RunDetail) -> None:
    st.markdown("##### Each step alone, on a sample")
    found = show.attempt(calls.fresh, ws, workbench.step_times, detail.line.table, detail.line.id)
    if found is None:
        return
    _bars([step.id for step in found.steps], [step.seconds for step in found.steps], "steps")
    show.note(f"Measured just now on the {show.plain(found.sample)}, one after another; it tells which step is dear.")
    if found.stopped:
        show.note(show.plain(found.stopped))


def _bars(names: list[str], seconds: list[float], key: str) -> None:
    """Times as bars beside their names."""
    longest = max(seconds, default=0.0)
    unit, factor, form = ("ms", 1000, "%.1f ms") if longest < 1 else ("s", 1, "%.2f s")
    st.dataframe(
        {"Part": names, "Time": [each * factor for each in seconds]},
        hide_index=True,
        key=f"bars-{key}",
        column_config={
            "Part": st.column_config.TextColumn(width=190),
            "Time": st.column_config.ProgressColumn(
                f"Time, {unit}", format=form, min_value=0, max_value=max(longest * factor, 0.001)
            ),
        },
    )
