"""What people say about pairs of rows: a blind queue of the most telling ones, undone merges, and what was said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from automic_core import frames
from automic_core.errors import ConfigError
from automic_core.lake import Lakehouse
from automic_core.matching.uncertain import uncertain_pairs
from automic_core.medallion import quarantine, removals
from automic_core.medallion.context import made_by
from automic_core.medallion.decisions import Decision, row_key, row_matches
from automic_core.medallion.pairs import ABOUT_PAIRS, Verdict, described
from automic_core.workbench.deciding import bronze_rows, own_name
from automic_core.workbench.matched import MOST_ROWS, matched

QUEUE = 30
UNDONE = "the merge was undone"


@dataclass(frozen=True)
class BlindPair:
    """Two rows to be judged by their values alone.

    Attributes:
        left, right: ``_rid`` of the rows.
        values: (column, value of one, value of the other), the compared columns first.
    """

    left: int
    right: int
    values: list[tuple[str, str | None, str | None]]


@dataclass(frozen=True)
class PairDecision:
    """What was said of a pair.

    Attributes:
        said: same, different, or unmerged.
        one, other: The rows in a few words.
        applied: Whether the published table has it.
    """

    id: str
    said: str
    one: str
    other: str
    reason: str
    actor: str
    at: datetime
    applied: bool


@dataclass(frozen=True)
class Decided:
    """A decision as a list shows it.

    Attributes:
        row: The row it is about, in a few words.
        about: The cell and its new value, the rule, or the other row.
    """

    id: str
    kind: str
    row: str
    about: str
    reason: str
    actor: str
    at: datetime


def match_queue(
    lake: Lakehouse, table: str, data: Mapping[str, Any], count: int = QUEUE, skip: Sequence[tuple[int, int]] = ()
) -> list[BlindPair]:
    """The pairs whose answer teaches most, most telling first; nothing tells what the matching thinks of them.

    Args:
        lake: The lake.
        table: The table's name.
        data: The draft.
        count: Pairs at most.
        skip: Pairs (by ``_rid``) that somebody could not judge.

    Raises:
        AutomicError: There is nothing to compare.
    """
    found = matched(lake, table, data, MOST_ROWS)
    if found.matching.rows < 2:
        return []
    with found.lock:
        asked = uncertain_pairs(found.matching, count + len(skip))
    left_out = {frozenset(pair) for pair in skip}
    pairs = [pair for pair in asked.select("left_id", "right_id").iter_rows() if frozenset(pair) not in left_out]
    compared = [field.name for field in found.matching.fields if field.name in found.rows.columns]
    names = [*compared, *(name for name in frames.data_names(found.rows.schema) if name not in compared)]
    wanted = {rid for pair in pairs for rid in pair}
    texts = found.rows.filter(pl.col(frames.RID).is_in(list(wanted))).select(
        frames.RID, *(frames.as_text(name, found.rows.schema).alias(name) for name in names)
    )
    cells = {row[frames.RID]: row for row in texts.iter_rows(named=True)}
    return [
        BlindPair(one, other, [(name, cells[one][name], cells[other][name]) for name in names])
        for one, other in pairs[:count]
    ]


def label(lake: Lakehouse, table: str, left: int, right: int, verdict: Verdict, reason: str = "") -> list[Decision]:
    """Say that two rows are the same thing, or different ones; every later promotion obeys and learns from it.

    Args:
        lake: The lake.
        table: The table, with or without its layer.
        left: ``_rid`` of one row in bronze.
        right: Of the other.
        verdict: "same" or "different".
        reason: Why.

    Raises:
        ConfigError: There is no such row or verdict, nothing tells the rows apart, or it contradicts what was said
            of other pairs.
    """
    if verdict not in ABOUT_PAIRS:
        raise ConfigError(f"{verdict!r} is no verdict.", "Say same or different.")
    if left == right:
        raise ConfigError(f"Row {left} is one row.", "Name two.")
    rows, keys = bronze_rows(lake, table, [left, right])
    return lake.pairs.decide(own_name(table), rows, keys, {(left, right): verdict}, reason)


def unmerge(
    lake: Lakehouse, table: str, rid: int, others: Sequence[int] | None = None, reason: str = ""
) -> list[Decision]:
    """Take one row out of the cluster it was merged in, now and at every later promotion.

    Args:
        lake: The lake.
        table: The table, with or without its layer.
        rid: The row, merged or the survivor.
        others: The other rows of its cluster; None = those of the published table.
        reason: Why.

    Raises:
        ConfigError: The row was merged with no other, or nothing tells it apart from the others.
    """
    own = own_name(table)
    found = list(others) if others is not None else _cluster(lake, own, rid)
    rows, keys = bronze_rows(lake, own, [rid, *found])
    known = dict(zip(rows[frames.RID], map(row_key, row_matches(rows, keys)), strict=True))
    apart = [other for other in found if known[other] != known[rid]] or found
    wanted: dict[tuple[int, int], Verdict] = {(rid, other): "unmerged" for other in apart if other != rid}
    return lake.pairs.decide(own, rows, keys, wanted, reason or UNDONE)


def pair_decisions(lake: Lakehouse, table: str) -> list[PairDecision]:
    """What was said of pairs and is in force, newest first."""
    own = own_name(table)
    applied = {decision.id for decision in quarantine.standing(lake.context, own).applied}
    return [
        PairDecision(
            each.id,
            each.kind,
            described(each.match),
            described(each.value or "{}"),
            each.reason,
            each.actor,
            each.at,
            each.id in applied,
        )
        for each in reversed(lake.pairs.current(own))
    ]


def decided(lake: Lakehouse, table: str) -> list[Decided]:
    """Everything people decided about a table that is in force, oldest first."""
    return [
        Decided(
            each.id,
            each.kind,
            described(each.match),
            described(each.value or "{}") if each.kind in ABOUT_PAIRS else _about(each),
            each.reason,
            each.actor,
            each.at,
        )
        for each in lake.decisions.current(own_name(table))
    ]


def _about(decision: Decision) -> str:
    return decision.column if decision.value is None else f"{decision.column} = {decision.value}"


def _cluster(lake: Lakehouse, own: str, rid: int) -> list[int]:
    """The other rows that the published promotion put together with this one.

    Raises:
        ConfigError: There is none.
    """
    silver = lake.context.need(f"silver.{own}")
    merged = removals.removed(lake.context, own, made_by(silver), pl.col("reason") == frames.MERGED)
    into = dict(merged.select(frames.RID, "into").iter_rows())
    survivor = rid
    while survivor in into:  # merged by one step, its survivor by another
        survivor = into[survivor]
    members = {survivor}
    while len(grown := members | {row for row, target in into.items() if target in members}) > len(members):
        members = grown
    if members == {rid}:
        raise ConfigError(
            f"Row {rid} of silver.{own} was merged with no other row by a step.",
            f"`automic match {own}` lists the clusters; an older version of a key cannot be unmerged.",
        )
    return sorted(members - {rid})
