"""Promotions as reviews: stage one, look at what it would change, publish or discard it, revert it later."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from automic_core.errors import CatalogError, ConflictError
from automic_core.events import Listener
from automic_core.lake import Lakehouse
from automic_core.lakehouse import history as histories
from automic_core.lakehouse.commits import head
from automic_core.medallion import preparing, reviewing
from automic_core.medallion.context import ACTOR, RUN_ID, made_by, now
from automic_core.medallion.promotion import SPEC
from automic_core.storage import AccessPolicy, ruling
from automic_core.workbench.lakes import policy as lake_policy
from automic_core.workbench.promotions import PromotionSpec, parse_promotion
from automic_core.workbench.reviewed import Review, moved, review_of, sentence_of

__all__ = [
    "Review",
    "ReviewInfo",
    "discard",
    "publish",
    "published_spec",
    "revert",
    "revertible",
    "review",
    "review_task",
    "reviews",
    "stage",
]


@dataclass(frozen=True)
class ReviewInfo:
    """A review that waits for a decision.

    Attributes:
        id: The id of the run that staged it.
        table: Full name of the silver table.
        actor: Who staged it.
        sentence: What it would change.
        moved: Why it cannot be published any more; empty if it can.
    """

    id: str
    table: str
    actor: str
    at: datetime
    sentence: str
    moved: str


@dataclass(frozen=True)
class Revertible:
    """The newest promotion of a table, if there is a state before it to return to.

    Attributes:
        parent: The state before it.
        rows: Rows now.
        rows_before: Rows in the state before it.
        before: When that state was published.
    """

    run_id: str
    snapshot: int
    parent: int
    actor: str
    at: datetime
    rows: int | None
    rows_before: int | None
    before: datetime


def stage(
    lake: Lakehouse,
    table: str,
    spec: PromotionSpec,
    *,
    policy: AccessPolicy | None = None,
    on_event: Listener | None = None,
) -> str:
    """Compute a promotion and put it under review; readers see nothing of it.

    Args:
        lake: The lake.
        table: The table's name, with or without its layer.
        spec: Schema, steps and rules.
        policy: What its steps may read; None = anything.
        on_event: Called with signs of life.

    Returns:
        The id of the review.

    Raises:
        GateError: A rule with action "fail" did not pass; nothing is under review.
    """
    name = table.rpartition(".")[2]
    with lake.context.recording(f"promote {name}", f"silver.{name}"), ruling(policy):
        promotion = lake.silver.stage(name, spec if spec.columns else None, spec.steps, spec.rules, on_event, spec.text)
        return preparing.prepare(lake.context, promotion, spec.text, on_event).id


def review_task(lake: Lakehouse, arguments: Mapping[str, Any], on_event: Listener) -> dict[str, Any]:
    """The job behind "Prepare review".

    Arguments: ``table``, and ``spec``, the promotion as YAML.
    """
    table = str(arguments["table"])
    spec = parse_promotion(str(arguments.get("spec", "")), f"the promotion of {table}")
    found = stage(lake, table, spec, policy=lake_policy(lake.context.root), on_event=on_event)
    sentence = sentence_of(reviewing.load(lake.context, found))
    return {"review": found, "run_id": found, "summary": sentence}


def reviews(lake: Lakehouse, table: str | None = None) -> list[ReviewInfo]:
    """Reviews that wait for a decision, newest first; of one table, whatever its layer, or of all."""
    wanted = f"silver.{table.rpartition('.')[2]}" if table else None
    return [
        ReviewInfo(each.id, each.table, each.actor, each.at, sentence_of(each), moved(lake, each))
        for each in reviewing.pending(lake.context)
        if wanted in (None, each.table)
    ]


def review(lake: Lakehouse, review_id: str) -> Review:
    """All there is to know before the decision.

    Raises:
        ConflictError: It was published already.
        CatalogError: There is no such review.
    """
    return review_of(lake, reviewing.load(lake.context, review_id))


def publish(lake: Lakehouse, review_id: str) -> int:
    """Make what was reviewed the table.

    Returns:
        The new snapshot id.

    Raises:
        ConflictError: The table changed since, it was published already, or somebody else is deciding right now.
        CatalogError: There is no such review.
    """
    return reviewing.publish(lake.context, review_id)


def discard(lake: Lakehouse, review_id: str) -> None:
    """Drop a review with its rows; the table stays as it is.

    Raises:
        ConflictError: It was published already, or somebody else is deciding right now.
        CatalogError: There is no such review.
    """
    reviewing.discard(lake.context, review_id)


def published_spec(lake: Lakehouse, table: str, snapshot: int | None = None) -> str:
    """The YAML of the promotion behind a state (default: the present one) of a table; empty if there is none."""
    name = table if "." in table else f"silver.{table}"
    stored = lake.context.table(name.replace("bronze.", "silver.", 1))
    return made_by(stored, snapshot).get(SPEC, "") if stored is not None else ""


def revertible(lake: Lakehouse, table: str) -> Revertible | None:
    """What ``revert`` would take back; None if no promotion came before."""
    stored = lake.context.table(_silver(table))
    if stored is None:
        return None
    past = {info.id: info for info in histories.history(stored)}
    made = next((info for s in histories.line(stored) if (info := past.get(s.snapshot_id)) and info.run_id), None)
    before = past.get(made.parent) if made is not None and made.parent is not None else None
    if made is None or before is None or not made_by(stored, before.id):
        return None
    current = past.get(head(stored) or 0, made)
    actor = made.summary.get(ACTOR, "")
    return Revertible(made.run_id or "", made.id, before.id, actor, made.at, current.rows, before.rows, before.at)


def revert(lake: Lakehouse, table: str, run: str | int) -> int:
    """Take the newest promotion of a silver table back: rows, schema and quarantine are as they were before it.

    Args:
        lake: The lake.
        table: The table's name.
        run: The run that published it, or the snapshot it made: what is taken back is what was looked at.

    Returns:
        The id of the snapshot that is current now.

    Raises:
        CatalogError: No promotion came before it.
        ConflictError: Another promotion is current.
    """
    lake.context.writable()
    name = _silver(table)
    stored = lake.context.need(name)
    newest = made_by(stored)
    found = revertible(lake, name)
    if str(run) not in (newest.get(RUN_ID), str(found.snapshot if found else None)):
        who = newest.get(ACTOR) or "somebody"
        raise ConflictError(
            f"{name} has another state by now, published by {who} (run {newest.get(RUN_ID)}).",
            "Look at its history and decide again.",
        )
    if found is None:
        raise CatalogError(
            f"{name} was published for the first time by the run {run}: there is no state before it to go back to.",
            "Promote it again with other settings: the new rows take the place of all of these.",
        )
    began = now()
    snapshot = histories.rollback(stored, found.parent, lake.context.actor, expected=head(stored))
    entry = {
        "run_id": uuid.uuid4().hex[:12],
        "pipeline": f"revert {name.partition('.')[2]}",
        "table": name,
        "actor": lake.context.actor,
        "started_at": began,
        "ended_at": now(),
    }
    lake.context.state.rebuild(runs=[entry])
    return snapshot


def _silver(table: str) -> str:
    return f"silver.{table.rpartition('.')[2]}"
