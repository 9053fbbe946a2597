"""Quarantine: the rows a promotion set aside, each with every reason, as they stood in bronze."""

from __future__ import annotations

from typing import Any

import polars as pl

from automic_core import frames
from automic_core.contracts import SourceAdapter
from automic_core.errors import LedgerError
from automic_core.medallion.context import RUN_ID, LakeContext, now, published_runs
from automic_core.medallion.decisions import append_rows, row_key, row_match
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

    Raises:
        LedgerError: A quarantined row has no reason, or there are not as many as the ledger says.
    """
    failures = pipeline.quarantine()
    expected = pipeline.report.removed().get(frames.QUARANTINED, 0)
    gone = pipeline.removed.filter(pl.col("reason").str.starts_with(frames.QUARANTINED) & (pl.col("stage") == 0))
    if not expected:
        return pl.DataFrame(schema={k: v for k, v in SCHEMA.items() if k in ("_rid", "_key", "reasons", "row")})
    grouped = failures.group_by(frames.RID, maintain_order=True).agg(
        pl.struct("step", "rule", "column", "value", "message").alias("reasons")
    )
    scan = getattr(source, "raw", source.scan)()
    rows = scan.join(gone.select(frames.RID).lazy(), on=frames.RID, how="semi").collect()
    data = [name for name in rows.columns if not frames.is_hidden(name)]
    keyed = [row_key(row_match(row, keys)) for row in rows.iter_rows(named=True)]
    described = rows.select(
        frames.RID,
        pl.Series("_key", keyed, dtype=pl.String),
        pl.struct([frames.as_text(name, rows.schema).alias(name) for name in data]).struct.json_encode().alias("row"),
    ).join(grouped, on=frames.RID, how="left")
    if described.height != gone.height or described["reasons"].null_count():
        raise LedgerError(
            f"{gone.height:,} rows were quarantined, but {described.height - described['reasons'].null_count():,} "
            "of them can be shown with a reason."
        )
    return described.select("_rid", "_key", "reasons", "row").sort(frames.RID)


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
        tagged = removed.filter(pl.col("stage") == 0).select(
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
    runs = [info for info in published_runs(silver).values() if info.current]
    if not runs:
        return pl.DataFrame(schema=SCHEMA)
    rows = tables.scan(stored).filter(pl.col("run_id") == runs[0].run_id).collect()
    decided = {d.key: "fixed" if d.kind == "fix" else "waived" for d in Decisions(lake).current(table)}
    if not decided:
        return rows
    return rows.with_columns(pl.col("_key").replace_strict(decided, default=pl.col("state")).alias("state"))
