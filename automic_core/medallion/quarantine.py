"""Quarantine: the rows a promotion set aside, each with every reason, as they stood in bronze."""

from __future__ import annotations

from typing import Any

import polars as pl

from automic_core import frames
from automic_core.contracts import SourceAdapter
from automic_core.errors import LedgerError
from automic_core.medallion.context import RUN_ID, LakeContext, made_by, now
from automic_core.medallion.decisions import append_rows, row_key, row_matches
from automic_core.pipeline import Pipeline

REASON = pl.Struct(
    {"step": pl.String, "rule": pl.String, "column": pl.String, "value": pl.String, "message": pl.String}
)
SCHEMA: dict[str, Any] = {
    "_rid": pl.Int64,
    "_key": pl.String,
    "reasons": pl.List(REASON),
    "row": pl.String,
    "run_id": pl.String,
    "state": pl.String,
    "actor": pl.String,
    "at": pl.Datetime("us", "UTC"),
}
DESCRIBED = ("_rid", "_key", "reasons", "row")
REMOVED_TABLE = "meta.removed"
REMOVED_SCHEMA: dict[str, Any] = {
    "run_id": pl.String,
    "table": pl.String,
    "_rid": pl.Int64,
    "step": pl.String,
    "reason": pl.String,
    "into": pl.Int64,
}


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


def store(lake: LakeContext, table: str, run_id: str, rows: pl.DataFrame, removed: pl.DataFrame) -> None:
    """Write quarantined and removed rows, tagged with the run; they count once the run is published."""
    if rows.height:
        tagged = rows.with_columns(
            pl.lit(run_id).alias("run_id"),
            pl.lit("open").alias("state"),
            pl.lit(lake.actor).alias("actor"),
            pl.lit(now()).dt.cast_time_unit("us").alias("at"),
        ).select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())
        append_rows(lake, f"quarantine.{table}", tagged, {RUN_ID: run_id})
    if removed.height:
        tagged = removed.select(
            pl.lit(run_id).alias("run_id"), pl.lit(table).alias("table"), "_rid", "step", "reason", "into"
        )
        append_rows(
            lake, REMOVED_TABLE, tagged.select(pl.col(n).cast(t) for n, t in REMOVED_SCHEMA.items()), {RUN_ID: run_id}
        )


def current(lake: LakeContext, table: str) -> pl.DataFrame:
    """Rows in quarantine now: those of the newest published run, with the decisions made since as their state."""
    from automic_core.lakehouse import tables
    from automic_core.medallion.decisions import Decisions

    silver, stored = lake.table(f"silver.{table}"), lake.table(f"quarantine.{table}")
    if silver is None or stored is None:
        return pl.DataFrame(schema=SCHEMA)
    rows = tables.scan(stored).filter(pl.col("run_id") == made_by(silver)[RUN_ID]).collect()
    decided = {d.key: "fixed" if d.kind == "fix" else "waived" for d in Decisions(lake).current(table)}
    if not decided:
        return rows
    return rows.with_columns(pl.col("_key").replace_strict(decided, default=pl.col("state")).alias("state"))
