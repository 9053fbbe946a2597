"""Matching all rows of a large table as a job; its figures stand in the place of those of the first rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Any

from automic_core.events import Event, Listener
from automic_core.jobs import supervision
from automic_core.lake import Lakehouse
from automic_core.lakehouse.commits import head
from automic_core.state.jobs import Job
from automic_core.workbench.deciding import own_name
from automic_core.workbench.matched import match_step
from automic_core.workbench.matching import MatchPoint, MatchView, match_view, step_report
from automic_core.workbench.values import plain

KIND = "match"
_THRESHOLD = "similarity_threshold"


def match_task(lake: Lakehouse, arguments: Mapping[str, Any], on_event: Listener) -> dict[str, Any]:
    """Match all rows of a table; nothing is written.

    Arguments: ``table``, ``data`` (the draft) and ``changes`` (options of the step).
    """
    table, data, changes = arguments["table"], arguments["data"], arguments.get("changes") or {}
    state = asked(lake, table, data, changes)
    on_event(Event("started", "", message="Comparing rows"))
    found = match_view(lake, table, data, changes, whole=True)
    kept = ("rows", "sample", "total", "candidates", "all_pairs", "estimate", "curve", "pairs")
    return {"asked": state, "table": found.table, **{name: plain(getattr(found, name)) for name in kept}}


def match_job(lake: Lakehouse, table: str) -> Job | None:
    """The newest job that matches, matched or tried to match all rows of a table."""
    own = own_name(table)
    known = supervision.jobs(lake, supervision.KEEP)
    return next((job for job in known if job.kind == KIND and own_name(str(job.arguments.get("table"))) == own), None)


def match_whole(lake: Lakehouse, view: MatchView, data: Mapping[str, Any], changes: Mapping[str, Any]) -> MatchView:
    """A view of the first rows with the figures of all rows, where a job has computed them for this state.

    Args:
        lake: The lake.
        view: Of the first rows.
        data: The draft.
        changes: Options of the step that are others.
    """
    job = match_job(lake, view.table)
    if job is None or job.result is None or job.result.get("asked") != asked(lake, view.table, data, changes):
        return view
    return with_figures(view, job.result)


def with_figures(view: MatchView, result: Mapping[str, Any]) -> MatchView:
    """A view with the figures that ``match_task`` gave; the same view if these do not know its threshold."""
    curve = [MatchPoint(**{**each, "sizes": [tuple(size) for size in each["sizes"]]}) for each in result["curve"]]
    here = next((point for point in curve if point.threshold == view.threshold), None)
    if here is None:
        return view
    return replace(
        view,
        rows=result["rows"],
        sample=result["sample"],
        whole=True,
        estimate=[(name, pairs) for name, pairs in result["estimate"]],
        candidates=result["candidates"],
        all_pairs=result["all_pairs"],
        curve=curve,
        here=here,
        inside=0,
        doubtful=[],
        report=step_report(view.table, view.step.entry, result["rows"], here.merged),
    )


def asked(lake: Lakehouse, table: str, data: Mapping[str, Any], changes: Mapping[str, Any]) -> str:
    """A name for the rows, the decisions and the steps, whatever the threshold."""
    own = own_name(table)
    step = match_step(data, {**changes, _THRESHOLD: None})
    states = [head(lake.context.need(f"bronze.{own}")), lake.decisions.snapshot()]
    text = json.dumps([states, {**step.edit.data, "rules": []}], sort_keys=True, default=str)
    return blake2b(text.encode(), digest_size=16).hexdigest()
