"""Provenance: from a gold or silver row to its bronze rows, and to the file, record and line they came from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from automic_core import frames
from automic_core.errors import AutomicError, CatalogError
from automic_core.lakehouse import tables
from automic_core.lakehouse.commits import head
from automic_core.lakehouse.lineage import reverse
from automic_core.medallion import removals
from automic_core.medallion.batches import RID_BITS, layout
from automic_core.medallion.context import LakeContext, made_by
from automic_core.medallion.locating import MOST, locate
from automic_core.medallion.silver import DEFINITION, SOURCES
from automic_core.medallion.statements import spooled

MERGED_RIDS = "_merged_rids"
KEPT = "kept"
MOST_BEHIND = 1_000_000


@dataclass
class Origin:
    """One bronze record behind a row.

    Attributes:
        source: File, URL or table.
        record: 1-based ordinal of the record in it.
        line: 1-based physical line (sheet row, XML line), while the file is there as it was taken in.
        values: The record as bronze has it.
        fate: What became of it: "kept", or step and reason ("dedup: merged into 68719476737").
        text: The record as it stands in its file, for the first few; empty if that is gone, changed or no text.
    """

    rid: int
    table: str
    source: str
    record: int
    line: int | None
    values: dict[str, Any]
    fate: str = KEPT
    text: str = ""


@dataclass
class Trace:
    """A row and where it came from.

    Attributes:
        silver: Table and ``_rid`` of the first rows that a gold row stands for.
        origins: The bronze records behind it, those merged into it too.
        unread: Sources too large to look for lines in.
        behind: Table to the number of its rows that a gold row stands for; at most ``MOST_BEHIND`` are counted.
    """

    table: str
    rid: int
    row: dict[str, Any]
    silver: list[tuple[str, int]] = field(default_factory=list)
    origins: list[Origin] = field(default_factory=list)
    note: str = ""
    behind: dict[str, int] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)


def trace(
    lake: LakeContext,
    name: str,
    rid: int,
    limit: int = 1000,
    snapshot: int | None = None,
    lines: int = MOST,
    largest: int | None = None,
) -> Trace:
    """Follow a row down to its files.

    Args:
        lake: The lake.
        name: Full table name.
        rid: The row's ``_rid``.
        limit: At most so many rows behind a gold row.
        snapshot: The state to look at; None = the present one.
        lines: For how many records of a table the line is looked for in its file.
        largest: Files with more bytes are not read for that; None = any is.

    Raises:
        CatalogError: There is no such table, state or row.
    """
    table = lake.need(name)
    state = snapshot if snapshot is not None else head(table)
    frame = tables.scan(table, state)
    layer, _, own = name.partition(".")
    if frames.RID not in frame.collect_schema():
        raise CatalogError(f"The rows of {name} have no _rid, so none can be traced.", "Another program made it.")
    found = frame.filter(pl.col(frames.RID) == rid).head(1).collect()
    if not found.height:
        raise CatalogError(f"{name} has no row {rid}.", _where_it_went(lake, own, rid) or "Look at its _rid column.")
    row = found.row(0, named=True)
    result = Trace(name, rid, row)
    if layer in ("bronze", "quarantine"):
        result.origins = _origins(lake, own, [rid])
    elif layer == "silver":
        rids = [*_bronze_rids(row), *_merged_into(lake, own, rid, made_by(table, state))]
        result.origins = _origins(lake, own, list(dict.fromkeys(rids)), state)
    else:
        _trace_gold(lake, made_by(table, state), row, result, limit)
    for source in dict.fromkeys(origin.table for origin in result.origins):
        mine = [origin for origin in result.origins if origin.table == source]
        result.unread += locate(lake.need(source), mine, lines, largest)
    return result


def _bronze_rids(row: dict[str, Any]) -> list[int]:
    """``_rid`` of the record a silver row was made of and of those merged into it."""
    return list(dict.fromkeys([row[frames.RID], *(row.get(MERGED_RIDS) or ())]))


def _merged_into(lake: LakeContext, own: str, rid: int, made: Mapping[str, str]) -> list[int]:
    """Records that a promotion merged into one, such as earlier versions of its key."""
    found: list[int] = removals.removed(lake, own, made, pl.col("into") == rid)[frames.RID].sort().to_list()
    return found


def _trace_gold(lake: LakeContext, summary: Mapping[str, str], row: dict[str, Any], result: Trace, limit: int) -> None:
    sources: dict[str, int] = json.loads(summary.get(SOURCES, "{}"))
    definition = json.loads(summary.get(DEFINITION, "{}"))
    if not sources:
        result.note = "Nothing on record says what this table was made of."
    for source in sources:
        try:
            rids = _source_rids(lake, source, sources, definition, row)
        except CatalogError as exc:
            result.note = f"The rows of {source} behind this row are no longer there: {exc.message}"
            continue
        if rids is None:
            result.note = f"The rows of {source} behind this row cannot be told from the SQL that made it."
            continue
        result.behind[source] = len(rids)
        rids = rids[:limit]
        result.silver.extend((source, rid) for rid in rids)
        layer, _, own = source.partition(".")
        if layer == "silver":
            behind = tables.scan(lake.need(source), sources[source]).filter(pl.col(frames.RID).is_in(rids)).collect()
            bronze = [rid for each in behind.iter_rows(named=True) for rid in _bronze_rids(each)]
            result.origins.extend(_origins(lake, own, bronze[:limit], sources[source]))
        elif layer == "bronze":
            result.origins.extend(_origins(lake, own, rids))


def _source_rids(
    lake: LakeContext, source: str, sources: dict[str, int], definition: dict[str, Any], row: dict[str, Any]
) -> list[int] | None:
    """``_rid`` of the source rows that a gold row stands for; None if the definition does not tell."""
    found: list[int]
    if "group_by" in definition:
        frame = tables.scan(lake.need(source), sources[source])
        same = [pl.col(name).eq_missing(pl.lit(row[name])) for name in definition["group_by"]]
        chosen = frame.filter(*same) if same else frame
        found = chosen.select(frames.RID).head(MOST_BEHIND).collect()[frames.RID].to_list()
        return found
    try:
        known = {name: value for name, value in row.items() if name != frames.RID}  # its own, not one the SQL chose
        question = reverse(definition.get("sql", ""), source, sources, known, MOST_BEHIND)
        if question is None:
            return None
        with spooled(lake, question) as answer:
            found = answer.rows.collect()[frames.RID].to_list()
    except AutomicError:  # the statement's form does not tell, and the trace says so
        return None
    return found


def _origins(lake: LakeContext, own: str, rids: Sequence[int], state: int | None = None) -> list[Origin]:
    """Bronze records by ``_rid``, with what became of each."""
    table = lake.table(f"bronze.{own}")
    if table is None or not rids:
        return []
    rows = tables.scan(table).filter(pl.col(frames.RID).is_in(list(rids))).sort(frames.RID).collect()
    fates = _fates(lake, own, list(rids), state)
    origins = []
    for row in rows.iter_rows(named=True):
        rescued = json.loads(row[frames.RESCUED]) if row.get(frames.RESCUED) else {}
        values = {name: value for name, value in row.items() if not frames.is_hidden(name)}
        rid, place = row[frames.RID], (row["_source"], row["_source_row"], rescued.get("line"))
        origins.append(Origin(rid, f"bronze.{own}", *place, values, fates[rid]))
    return origins


def _fates(lake: LakeContext, own: str, rids: list[int], state: int | None = None) -> dict[int, str]:
    """What silver, in a state or by default the present one, did with bronze records."""
    bronze, silver = lake.table(f"bronze.{own}"), lake.table(f"silver.{own}")
    made = made_by(silver, state) if silver is not None else {}
    read = json.loads(made.get(SOURCES, "{}")).get(f"bronze.{own}")
    if silver is None or bronze is None or read is None:
        return dict.fromkeys(rids, "not promoted yet")
    mine = pl.col(frames.RID).is_in(rids)
    fates: dict[int, list[str]] = {rid: [] for rid in rids}
    for rid in (
        tables.scan(silver, state or head(silver)).filter(mine).select(frames.RID).unique().collect()[frames.RID]
    ):
        fates[rid].append(KEPT)
    for row in removals.removed(lake, own, made, mine).iter_rows(named=True):
        into = f" into {row['into']}" if row["into"] is not None else ""
        fates[row["_rid"]].append(f"{row['step']}: {row['reason']}{into}")
    there = set(tables.scan(bronze, read).filter(mine).select(frames.RID).collect()[frames.RID])
    shape = layout(bronze, read)
    told = {rid: "; ".join(dict.fromkeys(found)) for rid, found in fates.items()}
    for rid in rids:
        if rid not in there:
            told[rid] = "not promoted yet"
        elif shape.mode == "snapshot" and rid >> RID_BITS not in shape.newest.values():
            told[rid] = "superseded by a newer batch of its source"
    return {rid: text or "grouped" for rid, text in told.items()}


def _where_it_went(lake: LakeContext, own: str, rid: int) -> str:
    """A hint for a row that silver does not hold because it was removed."""
    bronze = lake.table(f"bronze.{own}")
    if bronze is None or tables.scan(bronze).filter(pl.col(frames.RID) == rid).collect().is_empty():
        return ""
    return f"Its fate: {_fates(lake, own, [rid])[rid]}. Trace it in bronze.{own}."
