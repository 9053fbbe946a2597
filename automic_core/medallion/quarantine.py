"""Quarantine: the rows a promotion set aside, each with every reason, as they stood in bronze."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl
from pyiceberg.table import Table

from automic_core import frames
from automic_core.contracts import SourceAdapter
from automic_core.errors import CatalogError, LedgerError
from automic_core.lakehouse import tables
from automic_core.lakehouse.commits import full_name, head, published
from automic_core.medallion import removals
from automic_core.medallion.context import REPORT, RUN_ID, LakeContext, made_by
from automic_core.medallion.decisions import ABOUT_ONE, Decision, Decisions, row_key, row_matches
from automic_core.medallion.decisions import TABLE as DECISIONS
from automic_core.medallion.removals import SCHEMA
from automic_core.pipeline import Pipeline

DESCRIBED = ("_rid", "_key", "reasons", "row")
DECIDED = "automic.decisions"
"""Snapshot property: the state of ``meta.decisions`` that a promotion applied; empty = there were none."""


def describe(pipeline: Pipeline, source: SourceAdapter, keys: list[str]) -> pl.DataFrame:
    """The quarantined rows of a finished run: ``_rid``, ``_key``, every reason, and the row as JSON text.

    A row that a step made of a bronze row (an element of a list) is shown as it entered that step's successors, under
    the ``_rid`` and ``_key`` of the bronze row; one made of several rows (a group) has neither.

    Raises:
        LedgerError: A quarantined row has no reason, or there are not as many as the ledger says.
    """
    gone = pipeline.removed.filter(pl.col("reason").str.starts_with(frames.QUARANTINED))
    empty = pl.DataFrame(schema={name: SCHEMA[name] for name in DESCRIBED})
    if not gone.height:
        return empty
    grouped = (
        pipeline.quarantine()
        .group_by("stage", frames.RID, maintain_order=True)
        .agg(pl.struct("step", "rule", "column", "value", "message").alias("reasons"))
    )
    bronze: pl.LazyFrame = getattr(source, "raw", source.scan)()
    parts = [empty]
    for (stage,), mine in gone.group_by("stage", maintain_order=True):
        wanted = mine[frames.RID]
        if stage == 0:
            rows = _chosen(bronze, wanted).with_columns(pl.col(frames.RID).alias(frames.ORIGIN))
        else:
            rows = pipeline.entered(wanted, int(str(stage)))
        if frames.ORIGIN not in rows.columns:
            rows = rows.with_columns(pl.lit(None, dtype=pl.Int64).alias(frames.ORIGIN))
        behind = rows if stage == 0 else _chosen(bronze, rows[frames.ORIGIN].drop_nulls().unique())
        named = dict(zip(behind[frames.RID], map(row_key, row_matches(behind, keys)), strict=True))
        data = [name for name in rows.columns if not frames.is_hidden(name)]
        reasons = grouped.filter(pl.col("stage") == stage).drop("stage")
        texts = [frames.as_text(name, rows.schema).alias(name) for name in data]
        described = rows.select(frames.RID, frames.ORIGIN, pl.struct(texts).struct.json_encode().alias("row")).join(
            reasons, on=frames.RID, how="inner"
        )
        key = pl.col(frames.RID).replace_strict(named, default=None, return_dtype=pl.String).alias("_key")
        parts.append(
            described.with_columns(pl.col(frames.ORIGIN).alias(frames.RID)).with_columns(key).select(DESCRIBED)
        )
    shown = pl.concat(parts)
    if shown.height != gone.height:
        raise LedgerError(f"{gone.height:,} rows were quarantined, but {shown.height:,} can be shown with a reason.")
    return shown.sort(frames.RID, maintain_order=True)


def _chosen(frame: pl.LazyFrame, rids: pl.Series) -> pl.DataFrame:
    return frame.join(rids.alias(frames.RID).to_frame().lazy(), on=frames.RID, how="semi").collect()


def current(lake: LakeContext, table: str) -> pl.DataFrame:
    """Rows in quarantine now: those of the newest published run, with the decisions it has not applied as their state.

    A row is "fixed" or "waived" from the decision to the next promotion; if that sets it aside again, it is open again.
    """
    silver, stored = lake.table(f"silver.{table}"), lake.table(f"quarantine.{table}")
    if silver is None or stored is None:
        return pl.DataFrame(schema=SCHEMA)
    rows = removals.quarantined(lake, table, made_by(silver))
    mine = [decision for decision in standing(lake, table).waiting if decision.kind in ABOUT_ONE]
    waiting = {d.key: "fixed" if d.kind == "fix" else "waived" for d in mine}
    if not waiting:
        return rows
    return rows.with_columns(pl.col("_key").replace_strict(waiting, default=pl.col("state")).alias("state"))


def present(lake: LakeContext, name: str) -> pl.DataFrame | None:
    """Rows of a table of quarantine as SQL sees them: those set aside now, each in its state; None for other tables."""
    layer, _, own = name.partition(".")
    return current(lake, own) if layer == "quarantine" else None


@dataclass(frozen=True)
class Standing:
    """Decisions on a table against its newest promotion.

    Attributes:
        applied: In force, and in the rows of silver.
        waiting: In force; the next promotion will apply them.
        revoked: Taken back; the rows of silver still have them.
    """

    applied: list[Decision]
    waiting: list[Decision]
    revoked: list[Decision]


def standing(lake: LakeContext, table: str) -> Standing:
    """Which decisions the newest promotion of a table has applied."""
    decisions = Decisions(lake)
    now_in_force = decisions.current(table)
    silver = lake.table(f"silver.{table}")
    if silver is None:
        return Standing([], now_in_force, [])
    done = {decision.id: decision for decision in _applied(lake, decisions, table, made_by(silver))}
    known = {decision.id for decision in now_in_force}
    return Standing(
        [decision for decision in now_in_force if decision.id in done],
        [decision for decision in now_in_force if decision.id not in done],
        [decision for decision in done.values() if decision.id not in known],
    )


def _applied(lake: LakeContext, decisions: Decisions, table: str, made: dict[str, str]) -> list[Decision]:
    """Decisions that a run applied: those of the state it noted, else those made before it began."""
    noted = made.get(DECIDED)
    if noted == "":
        return []
    stored = lake.table(DECISIONS)
    if noted is not None and stored is not None and stored.snapshot_by_id(int(noted)) is not None:
        return decisions.current(table, int(noted))
    began = datetime.fromisoformat(json.loads(made[REPORT])["started_at"])
    return [decision for decision in decisions.current(table) if decision.at <= began]


def set_aside(made: Mapping[str, str]) -> int:
    """Rows that a run set aside, by the ledger among its snapshot's properties."""
    steps = json.loads(made[REPORT]).get("steps", []) if REPORT in made else []
    removed = [each.get("removed", {}) for each in steps]
    return sum(rows for each in removed for why, rows in each.items() if why.startswith(frames.QUARANTINED))


def replayed(lake: LakeContext, table: str) -> pl.DataFrame:
    """Rows that an earlier run had set aside and a decision brought into silver, as they stood in quarantine."""
    silver, stored = lake.table(f"silver.{table}"), lake.table(f"quarantine.{table}")
    empty = pl.DataFrame(schema=SCHEMA)
    held = [decision for decision in standing(lake, table).applied if decision.kind in ABOUT_ONE]
    if silver is None or stored is None or not held:
        return empty
    rows = tables.scan(stored).filter(pl.col("_key").is_in({decision.key for decision in held})).collect()
    made = made_by(silver)
    out = removals.quarantined(lake, table, made)["_rid"]
    rows = rows.filter(pl.col("run_id").is_in([*published_runs(silver)]), ~pl.col("_rid").is_in(out.implode()))
    rows = rows.sort("at").unique("_rid", keep="last", maintain_order=True)
    living = [*rows_in(silver, rows["_rid"]), *_merged_into(lake, table, made, rows["_rid"])]
    return rows.filter(pl.col("_rid").is_in(living)).with_columns(pl.lit("replayed").alias("state"))


def published_runs(silver: Table) -> dict[str, dict[str, str]]:
    """Runs whose rows the table has or had, oldest first, with what they noted."""
    known = published(silver)
    found = [each for each in silver.snapshots() if each.snapshot_id in known and each.summary is not None]
    noted = [dict(each.summary.additional_properties) for each in found if each.summary is not None]
    return {properties[RUN_ID]: properties for properties in noted if RUN_ID in properties}


def published_at(silver: Table, run_id: str) -> datetime:
    """When a run published its rows."""
    for each in silver.snapshots():
        if each.summary is not None and each.summary.additional_properties.get(RUN_ID) == run_id:
            return datetime.fromtimestamp(each.timestamp_ms / 1000, UTC)
    raise CatalogError(f"{full_name(silver)} has no snapshot of run {run_id}.", "Look at the table's history.")


def rows_in(silver: Table, rids: pl.Series) -> list[int]:
    """Those of the rows that the table holds."""
    mine = tables.scan(silver, head(silver)).select("_rid").filter(pl.col("_rid").is_in(rids.implode()))
    return list(mine.collect()["_rid"])


def _merged_into(lake: LakeContext, table: str, made: Mapping[str, str], rids: pl.Series) -> list[int]:
    """Those of the rows that a run found to be another one; not those of which a newer version came."""
    merged = pl.col("reason").str.starts_with(frames.MERGED) & (pl.col("reason") != f"{frames.MERGED}:version")
    return list(removals.removed(lake, table, made, pl.col("_rid").is_in(rids.implode()), merged)["_rid"])
