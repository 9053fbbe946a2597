"""Provenance: from a gold or silver row to its bronze rows, and to the file, record and line they came from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from pyiceberg.table import Table

from automic_core import frames
from automic_core.errors import AutomicError, CatalogError
from automic_core.lakehouse import sql as engine
from automic_core.lakehouse import tables
from automic_core.lakehouse.commits import head
from automic_core.lakehouse.lineage import reverse
from automic_core.medallion import quarantine
from automic_core.medallion.context import LakeContext, published_runs
from automic_core.medallion.silver import DEFINITION, SOURCES

MERGED_RIDS = "_merged_rids"


@dataclass
class Origin:
    """One bronze record behind a row.

    Attributes:
        source: File, URL or table.
        record: 1-based ordinal of the record in it.
        line: 1-based physical line where it is known (a record that could not be read properly).
        values: The record as bronze has it.
        fate: What became of it: "kept", or step and reason ("dedup: merged into 68719476737").
    """

    rid: int
    table: str
    source: str
    record: int
    line: int | None
    values: dict[str, Any]
    fate: str = "kept"


@dataclass
class Trace:
    """A row and where it came from."""

    table: str
    rid: int
    row: dict[str, Any]
    silver: list[tuple[str, int]] = field(default_factory=list)
    origins: list[Origin] = field(default_factory=list)
    note: str = ""


def trace(lake: LakeContext, name: str, rid: int, limit: int = 1000) -> Trace:
    """Follow a row down to its files.

    Args:
        lake: The lake.
        name: Full table name.
        rid: The row's ``_rid``.
        limit: At most so many rows behind a gold row.

    Raises:
        CatalogError: There is no such table or row.
    """
    table = lake.need(name)
    found = tables.scan(table, head(table)).filter(pl.col(frames.RID) == rid).head(1).collect()
    layer, _, own = name.partition(".")
    if not found.height:
        raise CatalogError(f"{name} has no row {rid}.", _where_it_went(lake, own, rid) or "Look at its _rid column.")
    row = found.row(0, named=True)
    result = Trace(name, rid, row)
    if layer == "bronze":
        result.origins = _origins(lake, own, [rid])
    elif layer == "silver":
        result.origins = _origins(lake, own, _bronze_rids(row))
    else:
        _trace_gold(lake, table, row, result, limit)
    return result


def _bronze_rids(row: dict[str, Any]) -> list[int]:
    """``_rid`` of the record a silver row was made of and of those merged into it."""
    return list(dict.fromkeys([row[frames.RID], *(row.get(MERGED_RIDS) or ())]))


def _trace_gold(lake: LakeContext, table: Table, row: dict[str, Any], result: Trace, limit: int) -> None:
    snapshot = table.current_snapshot()
    summary = snapshot.summary.additional_properties if snapshot and snapshot.summary else {}
    sources: dict[str, int] = json.loads(summary.get(SOURCES, "{}"))
    definition = json.loads(summary.get(DEFINITION, "{}"))
    for source in sources:
        rids = _source_rids(lake, source, sources, definition, row, limit)
        if rids is None:
            result.note = f"The rows of {source} behind this row cannot be told from the SQL that made it."
            continue
        result.silver.extend((source, rid) for rid in rids)
        layer, _, own = source.partition(".")
        if layer == "silver":
            behind = tables.scan(lake.need(source), sources[source]).filter(pl.col(frames.RID).is_in(rids)).collect()
            bronze = [rid for each in behind.iter_rows(named=True) for rid in _bronze_rids(each)]
            result.origins.extend(_origins(lake, own, bronze))
        elif layer == "bronze":
            result.origins.extend(_origins(lake, own, rids))


def _source_rids(
    lake: LakeContext, source: str, sources: dict[str, int], definition: dict[str, Any], row: dict[str, Any], limit: int
) -> list[int] | None:
    """``_rid`` of the source rows that a gold row stands for; None if the definition does not tell."""
    if "group_by" in definition:
        frame = tables.scan(lake.need(source), sources[source])
        same = [pl.col(name).eq_missing(pl.lit(row[name])) for name in definition["group_by"]]
        chosen = frame.filter(*same) if same else frame
        return chosen.select(frames.RID).head(limit).collect()[frames.RID].to_list()
    try:
        question = reverse(definition.get("sql", ""), source, sources, row, limit)
        return None if question is None else engine.query(lake.need, question)[frames.RID].to_list()
    except AutomicError:  # the statement's form does not tell, and the trace says so
        return None


def _origins(lake: LakeContext, own: str, rids: Sequence[int]) -> list[Origin]:
    """Bronze records by ``_rid``, with what became of each."""
    table = lake.table(f"bronze.{own}")
    if table is None or not rids:
        return []
    rows = tables.scan(table).filter(pl.col(frames.RID).is_in(list(rids))).sort(frames.RID).collect()
    fates = _fates(lake, own, list(rids))
    origins = []
    for row in rows.iter_rows(named=True):
        rescued = json.loads(row[frames.RESCUED]) if row.get(frames.RESCUED) else {}
        values = {name: value for name, value in row.items() if not frames.is_hidden(name)}
        rid, place = row[frames.RID], (row["_source"], row["_source_row"], rescued.get("line"))
        origins.append(Origin(rid, f"bronze.{own}", *place, values, fates.get(rid, "kept")))
    return origins


def _fates(lake: LakeContext, own: str, rids: list[int]) -> dict[int, str]:
    """What the current silver did with bronze records that it does not hold."""
    silver, removed = lake.table(f"silver.{own}"), lake.table(quarantine.REMOVED_TABLE)
    if silver is None:
        return dict.fromkeys(rids, "not promoted yet")
    runs = [info.run_id for info in published_runs(silver).values() if info.current]
    if removed is None or not runs:
        return {}
    chosen = pl.col(frames.RID).is_in(rids) & (pl.col("run_id") == runs[0]) & (pl.col("table") == own)
    return {
        row["_rid"]: f"{row['step']}: {row['reason']}" + (f" into {row['into']}" if row["into"] is not None else "")
        for row in tables.scan(removed).filter(chosen).collect().iter_rows(named=True)
    }


def _where_it_went(lake: LakeContext, own: str, rid: int) -> str:
    """A hint for a row that silver does not hold because it was removed."""
    fate = _fates(lake, own, [rid]).get(rid)
    return f"It was removed by {fate}; trace it in bronze.{own}." if fate else ""
