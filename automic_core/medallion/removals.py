"""Which rows of bronze a promotion removed, and how it set them aside: ``meta.removed`` and ``quarantine.*``, by run.

A run that read only the rows bronze gained writes only what is new; what the runs before it wrote holds on, up to the
row that it gave another fate. Its snapshot names them. After ``MOST`` of them a run writes all of it anew, so that
little has to be read to know what holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from automic_core import frames
from automic_core.lakehouse import tables
from automic_core.lakehouse.commits import head
from automic_core.medallion.context import RUN_ID, LakeContext, now
from automic_core.medallion.decisions import append_rows
from automic_core.pipeline import RULES

MOST = 32
RECORDS = "automic.records"
"""Snapshot property: runs whose records together are those of this one, oldest first, itself at the end; absent = only
itself."""
REMOVED_TABLE = "meta.removed"
REMOVED_SCHEMA: dict[str, Any] = {
    "run_id": pl.String,
    "table": pl.String,
    "_rid": pl.Int64,
    "step": pl.String,
    "reason": pl.String,
    "into": pl.Int64,
}
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


def runs(made: Mapping[str, str]) -> list[str]:
    """The runs whose records tell what a run did, oldest first.

    Args:
        made: Properties of the snapshot it made.
    """
    if RUN_ID not in made:
        return []
    return made.get(RECORDS, made[RUN_ID]).split(",")


def beside(holding: Sequence[str], run_id: str) -> dict[str, str]:
    """Snapshot properties of a run beside whose records those of others hold, oldest first."""
    return {RECORDS: ",".join([*holding, run_id])} if holding else {}


def broken(quarantined: pl.DataFrame) -> Counter[str]:
    """Rule id to rows that the rules set aside because of it, each row counted under every rule that it breaks."""
    looked = pl.col("reasons").list.eval(pl.element().struct.field("step") == RULES).list.all()
    rows = quarantined.select("reasons").with_row_index("_row").filter(looked)  # others were gone before the rules
    rules = rows.explode("reasons").select("_row", pl.col("reasons").struct.field("rule")).unique()
    return Counter(dict(rules.group_by("rule").len().iter_rows()))


def store(lake: LakeContext, table: str, run_id: str, quarantined: pl.DataFrame, removed: pl.DataFrame) -> None:
    """Write rows that a run set aside, described, and those that it removed; they count once the run is published.

    What an earlier try of the same run has written is not written again.
    """
    if quarantined.height and not _is_stored(lake, f"quarantine.{table}", run_id):
        tagged = quarantined.with_columns(
            pl.lit(run_id).alias("run_id"),
            pl.lit("open").alias("state"),
            pl.lit(lake.actor).alias("actor"),
            pl.lit(now()).dt.cast_time_unit("us").alias("at"),
        ).select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())
        append_rows(lake, f"quarantine.{table}", tagged, {RUN_ID: run_id})
    if removed.height and not _is_stored(lake, REMOVED_TABLE, run_id):
        tagged = removed.select(
            pl.lit(run_id).alias("run_id"), pl.lit(table).alias("table"), "_rid", "step", "reason", "into"
        )
        append_rows(
            lake, REMOVED_TABLE, tagged.select(pl.col(n).cast(t) for n, t in REMOVED_SCHEMA.items()), {RUN_ID: run_id}
        )


def _is_stored(lake: LakeContext, name: str, run_id: str) -> bool:
    table = lake.table(name)
    summaries = [snapshot.summary for snapshot in table.snapshots()] if table is not None else []
    return any(summary is not None and summary.additional_properties.get(RUN_ID) == run_id for summary in summaries)


def removed(lake: LakeContext, table: str, made: Mapping[str, str], *where: pl.Expr) -> pl.DataFrame:
    """Rows that a promotion, and those that it took on, removed.

    Args:
        lake: The lake.
        table: The table's own name.
        made: Properties of the snapshot that the promotion made.
        where: Conditions on a row of the record.
    """
    return _holding(lake, table, runs(made), REMOVED_TABLE, REMOVED_SCHEMA, [pl.col("table") == table, *where])


def quarantined(lake: LakeContext, table: str, made: Mapping[str, str], *where: pl.Expr) -> pl.DataFrame:
    """Rows that a promotion, and those that it took on, set aside; see ``removed``."""
    return _holding(lake, table, runs(made), f"quarantine.{table}", SCHEMA, where)


def _holding(
    lake: LakeContext, table: str, told: list[str], name: str, schema: dict[str, Any], where: Sequence[pl.Expr]
) -> pl.DataFrame:
    """Rows of the record without those that a later run gave another fate."""
    stored, others = lake.table(name), lake.table(REMOVED_TABLE)
    if stored is None:
        return pl.DataFrame(schema=schema)
    found = tables.scan(stored, head(stored)).filter(pl.col("run_id").is_in(told), *where).collect()
    if len(told) == 1 or not found.height or others is None:
        return found
    later = tables.scan(others, head(others)).filter(pl.col("run_id").is_in(told[1:]), pl.col("table") == table)
    return holding(found, later.select("run_id", frames.RID).collect(), told)


def holding(rows: pl.DataFrame, removed: pl.DataFrame, told: list[str]) -> pl.DataFrame:
    """Those of recorded rows that hold: of none of them tells a later one of the runs.

    Args:
        rows: Rows of a record, with ``run_id`` and ``_rid``.
        removed: What those runs removed.
        told: The runs, oldest first.
    """
    place = pl.col("run_id").replace_strict({run: number for number, run in enumerate(told)}, return_dtype=pl.Int32)
    mine, later = (each.filter(pl.col("run_id").is_in(told)) for each in (rows, removed))
    last = later.group_by(frames.RID).agg(place.max().alias("_last"))
    marked = mine.join(last, on=frames.RID, how="left", maintain_order="left")
    return marked.filter(pl.col("_last").is_null() | (place >= pl.col("_last"))).drop("_last")
