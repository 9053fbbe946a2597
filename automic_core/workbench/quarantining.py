"""Quarantine as a person works through it: rows with every reason, what was decided about them, and how they stand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from automic_core import frames
from automic_core.errors import ConfigError
from automic_core.lake import Lakehouse
from automic_core.lakehouse.commits import head
from automic_core.medallion import quarantine
from automic_core.medallion.context import RUN_ID, made_by
from automic_core.medallion.decisions import row_key, row_matches
from automic_core.medallion.rechecking import Verdict
from automic_core.medallion.row_history import RowEvent
from automic_core.workbench.deciding import (
    BulkPreview,
    bulk,
    fix_many,
    own_name,
    plain_rows,
    revoke,
    stored_rows,
    waive_many,
    with_decisions,
)
from automic_core.workbench.replaying import Replayed, history, recheck, replay, replay_task

__all__ = [
    "BulkPreview",
    "Listing",
    "Reason",
    "ReasonCount",
    "Replayed",
    "RowEvent",
    "SetAside",
    "Verdict",
    "aside_counts",
    "bulk",
    "chosen",
    "fix_many",
    "history",
    "listing",
    "recheck",
    "replay",
    "replay_task",
    "revoke",
    "row",
    "waive_many",
]

STATES = ("open", "fixed", "waived", "replayed")
PAGE_ROWS = 100
GROUPED = "It was made of several rows: fix those it was made of, not this one."
GONE = "Bronze no longer holds this row, so there is nothing to fix."
_KEYS = r'"(?:[^"\\]|\\.)*":'


@dataclass(frozen=True)
class Reason:
    """One thing that is wrong with a row.

    Attributes:
        name: Rule and column, such as "limit credit_limit": what the rows are counted and filtered by.
    """

    name: str
    step: str
    rule: str
    column: str
    value: str | None
    message: str


@dataclass(frozen=True)
class ReasonCount:
    """How many rows are set aside for one reason; a row with several counts for each."""

    name: str
    rule: str
    column: str
    text: str
    rows: int


@dataclass(frozen=True)
class SetAside:
    """One row in quarantine.

    Attributes:
        rid: Its ``_rid``; None for a row made of several.
        state: open, fixed or waived (decided since the last promotion), replayed (a decision brought it to silver).
        cells: The row as bronze has it, decisions applied, as text.
        fixed: Columns a decision gave another value, with what bronze has.
        entered: The row as it was when it was set aside.
        source: File, URL or table.
        record: 1-based ordinal of the record in it.
        line: Physical line, where the reader noted it.
        obstacle: Why it cannot be fixed; empty if it can.
    """

    rid: int | None
    key: str | None
    state: str
    reasons: list[Reason]
    cells: dict[str, str | None]
    fixed: dict[str, str | None] = field(default_factory=dict)
    entered: dict[str, Any] = field(default_factory=dict)
    source: str = ""
    record: int | None = None
    line: int | None = None
    obstacle: str = ""


@dataclass(frozen=True)
class Listing:
    """A page of the rows of a table that are set aside.

    Attributes:
        columns: Data columns of bronze, in order.
        keys: Declared key columns.
        total: Rows set aside now.
        matching: Rows that the filters leave.
        reasons: All reasons of the rows set aside now, most rows first.
        states: State to number of rows, whatever the filters.
        waiting: Decisions that the next promotion will apply.
        revoked: Decisions taken back that silver still has.
    """

    table: str
    columns: list[str]
    keys: list[str]
    rows: list[SetAside]
    total: int
    matching: int
    page: int
    pages: int
    reasons: list[ReasonCount]
    states: dict[str, int]
    waiting: int = 0
    revoked: int = 0
    run_id: str = ""
    at: datetime | None = None


def listing(
    lake: Lakehouse,
    table: str,
    reason: str | None = None,
    state: str | None = None,
    search: str | None = None,
    page: int = 0,
    size: int = PAGE_ROWS,
) -> Listing:
    """Rows set aside, a page of them with cells, reasons and place.

    Args:
        lake: The lake.
        table: The table, with or without its layer.
        reason: Only rows set aside for this (``ReasonCount.name``).
        state: Only rows in this state; "replayed" shows rows of earlier runs that are in silver now.
        search: Only rows with this text in a cell or a reason, whatever its case.
        page: From 0.
        size: Rows a page.

    Raises:
        ConfigError: There is no such state.
        CatalogError: There is no such table.
    """
    own = own_name(table)
    bronze = lake.context.need(f"bronze.{own}")
    aside = _grouped(quarantine.current(lake.context, own))
    returned = _grouped(quarantine.replayed(lake.context, own))
    found = _filtered(returned if state == "replayed" else aside, reason, state, search)
    pages = max(1, -(-found.height // size))
    page = min(max(page, 0), pages - 1)
    shown = found.slice(page * size, size)
    standing = quarantine.standing(lake.context, own)
    silver = lake.context.table(f"silver.{own}")
    counts = dict(aside.group_by("state").len().iter_rows())
    stored, keys = stored_rows(lake, own, shown["_rid"].drop_nulls().to_list())
    return Listing(
        own,
        frames.data_names(stored.schema),
        keys,
        _rows(lake, own, shown, stored, keys),
        aside.height,
        found.height,
        page,
        pages,
        _reasons(aside),
        {each: counts.get(each, 0) for each in STATES[:3]} | {"replayed": returned.height},
        len(standing.waiting),
        len(standing.revoked),
        made_by(silver).get(RUN_ID, "") if silver is not None and head(bronze) else "",
        aside["at"].max() if aside.height else None,  # type: ignore[arg-type]
    )


def row(lake: Lakehouse, table: str, rid: int) -> SetAside:
    """One row that is set aside, or that a decision brought into silver.

    Raises:
        ConfigError: It is neither.
    """
    own = own_name(table)
    for rows in (quarantine.current(lake.context, own), quarantine.replayed(lake.context, own)):
        found = _grouped(rows.filter(pl.col("_rid") == rid))
        if found.height:
            stored, keys = stored_rows(lake, own, [rid])
            return _rows(lake, own, found, stored, keys)[0]
    raise ConfigError(f"Row {rid} of {own} is not set aside.", "Follow it from the Tables page.")


def aside_counts(lake: Lakehouse) -> dict[str, int]:
    """Own name of each promoted table to the rows its newest promotion set aside, most first; no row is read."""
    silver = lake.tables("silver")
    found = {own_name(name): quarantine.set_aside(made_by(lake.context.need(name))) for name in silver}
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def chosen(
    lake: Lakehouse, table: str, reason: str | None = None, state: str | None = None, search: str | None = None
) -> list[int]:
    """``_rid`` of all rows that the filters leave and that can be fixed, whatever the page."""
    own = own_name(table)
    from_earlier = state == "replayed"
    rows = quarantine.replayed(lake.context, own) if from_earlier else quarantine.current(lake.context, own)
    return _filtered(_grouped(rows), reason, state, search)["_rid"].drop_nulls().to_list()


def _grouped(rows: pl.DataFrame) -> pl.DataFrame:
    """One line a bronze row, with all its reasons, in the order of bronze."""
    rows = rows.sort("_rid", nulls_last=True, maintain_order=True)
    known = rows.filter(pl.col("_rid").is_not_null())
    if known["_rid"].is_duplicated().any():
        others = [pl.col(name).first() for name in rows.columns if name not in ("_rid", "reasons")]
        merged = known.group_by("_rid", maintain_order=True).agg(
            pl.col("reasons").list.explode().unique(maintain_order=True), *others
        )
        rows = pl.concat([merged.select(rows.columns), rows.filter(pl.col("_rid").is_null())])
    return rows.with_row_index("_place")


def _named(rows: pl.DataFrame) -> pl.DataFrame:
    """Each reason of each row: ``_place`` and the reason's parts, with its name."""
    parts = rows.select("_place", "reasons").explode("reasons").unnest("reasons")
    column = pl.col("column").fill_null("")
    name = pl.when(column == "").then(pl.col("rule")).otherwise(pl.col("rule") + " " + column)
    return parts.with_columns(name.alias("name"))


def _filtered(rows: pl.DataFrame, reason: str | None, state: str | None, search: str | None) -> pl.DataFrame:
    """The rows that all filters leave.

    Raises:
        ConfigError: There is no such state.
    """
    if state is not None and state not in STATES:
        raise ConfigError(f"There is no state {state!r}.", f"States: {', '.join(STATES)}.")
    if state is not None:
        rows = rows.filter(pl.col("state") == state)
    if reason:
        rows = rows.join(_named(rows).filter(pl.col("name") == reason), on="_place", how="semi")
    if search and search.strip():
        wanted = search.strip().lower()
        escaped = json.dumps(wanted, ensure_ascii=False)[1:-1]
        in_cells = pl.col("row").str.replace_all(_KEYS, "").str.to_lowercase().str.contains(escaped, literal=True)
        told = pl.concat_str("name", "message", pl.col("value").fill_null(""), separator=" ").str.to_lowercase()
        named = _named(rows).filter(told.str.contains(wanted, literal=True))
        rows = rows.filter(in_cells | pl.col("_place").is_in(named["_place"].implode()))
    return rows


def _reasons(rows: pl.DataFrame) -> list[ReasonCount]:
    counted = (
        _named(rows)
        .group_by("name", "rule", "column")
        .agg(pl.col("_place").n_unique().alias("rows"), pl.col("message").first())
        .sort(["rows", "name"], descending=[True, False])
    )
    return [
        ReasonCount(row["name"], row["rule"], row["column"] or "", _told(row["rule"], row["message"]), row["rows"])
        for row in counted.iter_rows(named=True)
    ]


def _told(rule: str, message: str) -> str:
    """A reason for all its rows; what a broken record says names a line of one of them."""
    return "the record could not be read as it should" if rule == "malformed" else message


def _rows(lake: Lakehouse, own: str, shown: pl.DataFrame, stored: pl.DataFrame, keys: Sequence[str]) -> list[SetAside]:
    """Rows of quarantine beside what bronze has of them."""
    rows = plain_rows(stored)
    decided = _texts(with_decisions(lake, own, rows, keys))
    before = _texts(rows)
    matches = dict(zip(rows[frames.RID], row_matches(rows, keys), strict=True)) if rows.height else {}
    places = {row[frames.RID]: row for row in stored.select(_present(stored)).iter_rows(named=True)}
    columns = frames.data_names(stored.schema)
    found = []
    for row in shown.iter_rows(named=True):
        rid = row["_rid"]
        entered = json.loads(row["row"])
        reasons = [
            Reason(_name(r), r["step"], r["rule"], r["column"] or "", r["value"], r["message"]) for r in row["reasons"]
        ]
        if rid is None or rid not in places:
            cells = {name: _plain(entered.get(name)) for name in columns}
            obstacle = GROUPED if rid is None else GONE
            found.append(SetAside(rid, row["_key"], row["state"], reasons, cells, {}, entered, obstacle=obstacle))
            continue
        place = places[rid]
        rescued = json.loads(place[frames.RESCUED]) if place.get(frames.RESCUED) else {}
        fixed = {name: before[rid][name] for name in columns if decided[rid][name] != before[rid][name]}
        where = (place.get("_source") or "", place.get(frames.SOURCE_ROW), rescued.get("line"))
        key = row_key(matches[rid])
        found.append(SetAside(rid, key, row["state"], reasons, decided[rid], fixed, entered, *where))
    return found


def _present(stored: pl.DataFrame) -> list[str]:
    return [n for n in (frames.RID, "_source", frames.SOURCE_ROW, frames.RESCUED) if n in stored.columns]


def _texts(rows: pl.DataFrame) -> dict[int, dict[str, str | None]]:
    """Data cells as text, by ``_rid``."""
    data = frames.data_names(rows.schema)
    texts = rows.select(frames.RID, *(frames.as_text(name, rows.schema).alias(name) for name in data))
    return {row.pop(frames.RID): row for row in texts.iter_rows(named=True)}


def _name(reason: dict[str, Any]) -> str:
    return f"{reason['rule']} {reason['column']}" if reason["column"] else str(reason["rule"])


def _plain(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
