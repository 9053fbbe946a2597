"""The life of one bronze row: where it came from, why it was set aside, who decided what, and where it is now."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import polars as pl

from automic_core import frames
from automic_core.errors import CatalogError
from automic_core.lakehouse import tables
from automic_core.lakehouse.commits import head
from automic_core.medallion import quarantine
from automic_core.medallion.batches import layout
from automic_core.medallion.context import ACTOR, LakeContext
from automic_core.medallion.decisions import ABOUT_ONE, Decision, Decisions, row_key, row_matches
from automic_core.medallion.pairs import about_row
from automic_core.medallion.provenance import KEPT, trace
from automic_core.medallion.removals import REMOVED_TABLE, holding, runs
from automic_core.medallion.versions import MERGED_VERSION

Kind = Literal[
    "arrived", "quarantined", "fixed", "waived", "paired", "revoked", "replayed", "released", "superseded", "now"
]


_LET_GO: dict[Kind, str] = {
    "replayed": "replayed into silver",
    "released": "passed, since rules or table changed",
    "superseded": "a newer version took its place",
}


@dataclass(frozen=True)
class RowEvent:
    """One thing that happened to a row.

    Attributes:
        kind: arrived, quarantined, fixed, waived, paired (told to be the same as another row, or another thing),
            revoked, replayed (a decision brought it to silver), released (it
            passed without one), superseded (a newer version of its key came), now (where it is).
        text: What happened, in words.
        reasons: Why it was set aside: step, rule, column, value, message.
        column: Of a fix: the column; of a waiver: the rule.
        decision: Id of a decision that is in force and may be taken back; else empty.
        source: Of the arrival: file, URL or table.
    """

    kind: Kind
    text: str
    at: datetime | None = None
    actor: str = ""
    run_id: str = ""
    reasons: list[dict[str, Any]] = field(default_factory=list)
    column: str = ""
    before: str | None = None
    after: str | None = None
    reason: str = ""
    decision: str = ""
    source: str = ""


def row_history(lake: LakeContext, table: str, rid: int) -> list[RowEvent]:
    """Everything known about a bronze row, oldest first; the last event says where it is.

    Raises:
        CatalogError: There is no such table or row.
    """
    name = f"bronze.{table}"
    stored = lake.need(name)
    rows = tables.scan(stored, head(stored)).filter(pl.col(frames.RID) == rid).head(1).collect()
    if not rows.height:
        raise CatalogError(f"{name} has no row {rid}.", "Look at its _rid column.")
    traced = trace(lake, name, rid)
    origin = traced.origins[0]
    row = rows.row(0, named=True)
    place = f"line {origin.line:,}" if origin.line is not None else f"record {origin.record:,}"
    file = origin.source.rstrip("/").rpartition("/")[2] or origin.source
    arrived = RowEvent("arrived", f"arrived: {place} of {file}", row.get("_ingested_at"), source=origin.source)
    keys = layout(stored).keys
    (match,) = row_matches(rows, keys)
    texts = rows.select(frames.as_text(n, rows.schema).alias(n) for n in frames.data_names(rows.schema))
    decided = _decisions(lake, table, row_key(match), texts.row(0, named=True))
    runs = _runs(lake, table, rid, [(event.at, event.kind) for event in decided if event.at is not None])
    between = sorted([*decided, *runs], key=lambda event: event.at.timestamp() if event.at is not None else 0.0)
    return [arrived, *between, _now(origin.fate, table)]


def _decisions(lake: LakeContext, table: str, key: str, cells: dict[str, str | None]) -> list[RowEvent]:
    """What was decided about the row, with what each cell held before."""
    decisions = Decisions(lake)
    everything, now = decisions.all(table), decisions.current(table)
    made = [decision for decision in everything if decision.key == key and decision.kind in ABOUT_ONE]
    in_force = {decision.id for decision in now}
    standing: dict[str, list[Decision]] = {}
    found = [_paired(decision, text, in_force) for decision, text in about_row(everything, key)]
    for decision in sorted(made, key=lambda each: each.revoked_at or each.at):
        mine = standing.setdefault(decision.column, [])
        before = mine[-1].value if mine else cells.get(decision.column)
        still = decision.id if decision.id in in_force else ""
        common: dict[str, Any] = {"actor": decision.actor, "column": decision.column, "reason": decision.reason}
        if decision.revoked_at is not None:
            mine[:] = [each for each in mine if each.id != decision.id]
            what = "fix" if decision.kind == "fix" else "waiver"
            found.append(
                RowEvent("revoked", f"took back the {what} of {decision.column}", decision.revoked_at, **common)
            )
        elif decision.kind == "fix":
            mine.append(decision)
            cell: dict[str, Any] = {"before": before, "after": decision.value, "decision": still}
            found.append(RowEvent("fixed", f"changed {decision.column}", decision.at, **cell, **common))
        else:
            found.append(RowEvent("waived", f"waived {decision.column}", decision.at, decision=still, **common))
    return found


def _paired(decision: Decision, text: str, in_force: set[str]) -> RowEvent:
    """A decision about this row and another one."""
    common: dict[str, Any] = {"actor": decision.actor, "reason": decision.reason}
    if decision.revoked_at is not None:
        return RowEvent("revoked", f"took back that it was {text}", decision.revoked_at, **common)
    still = decision.id if decision.id in in_force else ""
    return RowEvent("paired", f"was {text}", decision.at, decision=still, **common)


def _runs(lake: LakeContext, table: str, rid: int, decided: list[tuple[datetime, str]]) -> list[RowEvent]:
    """When promotions set the row aside and when one let it pass; a run that only repeats the last is left out."""
    silver, stored, gone = (lake.table(each) for each in (f"silver.{table}", f"quarantine.{table}", REMOVED_TABLE))
    if silver is None or stored is None or gone is None:
        return []
    mine = pl.col(frames.RID) == rid
    aside = tables.scan(stored).filter(mine).collect()
    removed = tables.scan(gone).filter(mine, pl.col("table") == table).collect()
    found: list[RowEvent] = []
    last: tuple[datetime | None, list[dict[str, Any]] | None] = (None, None)
    for run_id, made in quarantine.published_runs(silver).items():
        at, actor = quarantine.published_at(silver, run_id), made.get(ACTOR, "")
        since, before = last
        between = [kind for moment, kind in decided if (since is None or moment > since) and moment <= at]
        found_out = [why for each in holding(aside, removed, runs(made))["reasons"] for why in each]
        if found_out:
            reasons = list({tuple(reason.values()): reason for reason in found_out}.values())
            if before != reasons or between:
                again = "set aside again" if before is not None else "set aside"
                found.append(RowEvent("quarantined", again, at, actor, run_id, reasons))
            last = (at, reasons)
        elif before is not None:
            kind: Kind = "replayed" if {"fixed", "waived"} & set(between) else "released"
            if MERGED_VERSION in holding(removed, removed, runs(made))["reason"]:
                kind = "superseded"
            found.append(RowEvent(kind, _LET_GO[kind], at, actor, run_id))
            last = (at, None)
    return found


def _now(fate: str, table: str) -> RowEvent:
    """Where the row is, from what the newest promotion did with it."""
    if fate == KEPT:
        return RowEvent("now", f"in silver.{table}")
    if frames.QUARANTINED in fate:
        return RowEvent("now", "in quarantine")
    return RowEvent("now", fate)
