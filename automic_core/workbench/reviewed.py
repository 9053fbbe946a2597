"""What a review says, as plain data for a page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import polars as pl

from automic_core import frames
from automic_core.lake import Lakehouse
from automic_core.lakehouse import tables
from automic_core.lakehouse.commits import head
from automic_core.medallion import reviewing
from automic_core.medallion.context import ACTOR, made_by
from automic_core.medallion.gates import Gate
from automic_core.medallion.quarantine import DECIDED
from automic_core.workbench.values import Rows, rows_of

SHOWN_ROWS = 50
_VALUES = 3
_LINE = r"^line \d+: "


@dataclass(frozen=True)
class ColumnChange:
    """A column that comes, goes, or changes its type.

    Attributes:
        before: Its type as published; empty if it comes.
        after: Its type as staged; empty if it goes.
        note: What to know about it.
    """

    column: str
    change: Literal["added", "removed", "type"]
    before: str
    after: str
    note: str = ""


@dataclass(frozen=True)
class SetAside:
    """Rows that go to quarantine for one reason; a row with several reasons counts under each.

    Attributes:
        values: Some of the values that are to blame.
    """

    rule: str
    column: str
    message: str
    rows: int
    values: list[str]


@dataclass(frozen=True)
class Review:
    """A staged promotion, compared with what is published.

    Attributes:
        sentence: What it would change.
        new: Nothing is published under this name yet.
        accepted: Whether a person accepted the type of every column.
        keys: Columns by which rows were matched; empty = whole rows.
        counted: Changed rows in which ``changed_columns`` were counted.
        cells: Cells that differ in the first changed rows: key, column, was, now.
        quarantined_before: Rows that the published promotion set aside; None if there is none.
        moved: Why it cannot be published any more; empty if it can.
        bronze_newer: Rows that came into bronze since.
        decisions_newer: Decisions made since.
    """

    id: str
    table: str
    actor: str
    at: datetime
    spec: str
    sentence: str
    new: bool
    accepted: bool
    gates: list[Gate]
    columns: list[ColumnChange]
    keys: list[str]
    rows_before: int
    rows_after: int
    added: int
    removed: int
    changed: int
    changed_columns: dict[str, int]
    counted: int
    added_rows: Rows
    removed_rows: Rows
    cells: Rows
    report: dict[str, Any]
    quarantined: int
    quarantined_before: int | None
    reasons: list[SetAside]
    quarantined_rows: Rows
    moved: str
    bronze_newer: int
    decisions_newer: int

    @property
    def warnings(self) -> list[str]:
        """What the run warned of besides what its checks found."""
        checked = tuple(f"rule {gate.id}: " for gate in self.gates)
        return [each for each in self.report["warnings"] if not each.startswith(checked)]


def review_of(lake: Lakehouse, stored: reviewing.Review) -> Review:
    """A stored review with its rows and with what happened since."""
    aside = reviewing.frame(lake.context, stored.id, "quarantined")
    rows = stored.rows
    parts = {
        name: rows_of(reviewing.frame(lake.context, stored.id, name), rows[count])
        for name, count in (("added_rows", "added"), ("removed_rows", "removed"))
    }
    cells = reviewing.frame(lake.context, stored.id, "cells")
    newer, decided = since(lake, stored)
    return Review(
        stored.id,
        stored.table,
        stored.actor,
        stored.at,
        stored.spec,
        sentence_of(stored),
        stored.before is None,
        not stored.schema["inferred"],
        stored.gates,
        column_changes(stored),
        rows["keys"],
        rows["before"],
        rows["after"],
        rows["added"],
        rows["removed"],
        rows["changed"],
        rows["columns"],
        rows["counted"],
        parts["added_rows"],
        parts["removed_rows"],
        rows_of(cells.with_columns(_visible("was"), _visible("now")), cells.height),
        stored.report,
        aside.height,
        stored.aside_before,
        _reasons(aside),
        rows_of(_spread(aside.head(SHOWN_ROWS)), aside.height),
        moved(lake, stored),
        newer,
        decided,
    )


def sentence_of(stored: reviewing.Review) -> str:
    """What a review would change, in one sentence."""
    rows, columns = stored.rows, column_changes(stored)
    aside = stored.report["removed"].get("quarantined", 0)
    if stored.before is None:
        shown = frames.data_names(stored.after)
        parts = [f"A new table of {_count(rows['after'], 'row')} in {_count(len(shown), 'column')}"]
    else:
        counts = {"adds": rows["added"], "removes": rows["removed"], "changes": rows["changed"]}
        told = [f"{verb} {number:,}" for verb, number in counts.items() if number]
        if told:
            first, *others = told
            unit = "row" if first.split()[1] == "1" else "rows"
            parts = [", ".join([f"{first.capitalize()} {unit}", *others])]
        else:
            parts = ["No row changes"]
        for change, one, more in (
            ("added", "column is new", "columns are new"),
            ("removed", "column goes", "columns go"),
            ("type", "column changes type", "columns change type"),
        ):
            number = sum(each.change == change for each in columns)
            parts += [_count(number, one, more)] if number else []
    parts += [_aside(aside, stored.aside_before)] if aside or stored.aside_before else []
    return "; ".join(parts)


def column_changes(stored: reviewing.Review) -> list[ColumnChange]:
    """Columns that come, go or change type; none for a new table, and none of the bookkeeping ones."""
    if stored.before is None:
        return []
    before, after = stored.before, stored.after
    came_from = {new: old for old, new in stored.renamed.items()}
    found = []
    for name in frames.data_names({**before, **after}):
        if name not in before:
            old = came_from.get(name)
            note = f"perhaps {old} under a new name; it counts as a new column" if old else ""
            found.append(ColumnChange(name, "added", "", after[name], note))
        elif name not in after:
            found.append(ColumnChange(name, "removed", before[name], "", "older states keep it"))
        elif before[name] != after[name]:
            found.append(ColumnChange(name, "type", before[name], after[name], "older states keep the old type"))
    return found


def moved(lake: Lakehouse, stored: reviewing.Review) -> str:
    """Why a review cannot be published any more; empty if it can."""
    if not tables.exists(lake.context.catalog, stored.table):
        return f"{stored.table} does not exist any more."
    table = tables.load(lake.context.catalog, stored.table)
    if head(table) == stored.fork or reviewing.published(lake.context, stored) is not None:
        return ""
    who = made_by(table).get(ACTOR)
    return f"{stored.table} has changed since this was prepared{f'; {who} published it' if who else ''}."


def since(lake: Lakehouse, stored: reviewing.Review) -> tuple[int, int]:
    """Rows that came into bronze, and decisions that were made, since a promotion was staged."""
    own = stored.table.partition(".")[2]
    bronze = lake.context.table(f"bronze.{own}")
    rows = tables.row_count(bronze) if bronze is not None else None
    newer = max(0, (rows or 0) - (stored.bronze_rows or 0))
    state = lake.decisions.snapshot()
    if state is None or str(state) == stored.properties.get(DECIDED, ""):
        return newer, 0
    return newer, sum((each.revoked_at or each.at) > stored.at for each in lake.decisions.all(own))


def _reasons(aside: pl.DataFrame) -> list[SetAside]:
    """Reasons by how many rows they concern."""
    each = aside.with_row_index("_row").select("_row", "reasons").explode("reasons").unnest("reasons")
    alike = pl.when(pl.col("rule") == "malformed").then(pl.col("message").str.replace(_LINE, "")).otherwise("message")
    each = each.with_columns(alike.alias("message"))
    grouped = each.group_by("rule", "column", "message", maintain_order=True).agg(
        pl.col("_row").n_unique().alias("rows"),
        pl.col("value").drop_nulls().unique(maintain_order=True).head(_VALUES).alias("values"),
    )
    lines = grouped.sort("rows", descending=True, maintain_order=True).iter_rows(named=True)
    return [SetAside(r["rule"], r["column"] or "", r["message"], r["rows"], r["values"]) for r in lines]


def _spread(aside: pl.DataFrame) -> pl.DataFrame:
    """Quarantined rows with their reasons in words and their cells in columns."""
    words = ["; ".join(f"{r['rule']}: {r['message']}" for r in reasons) for reasons in aside["reasons"].to_list()]
    cells = frames.from_rows([_cells(text) for text in aside["row"].to_list()]) if aside.height else pl.DataFrame()
    shown = pl.DataFrame({"_rid": aside["_rid"], "why": pl.Series(words, dtype=pl.String)})
    return pl.concat([shown, cells.rename({n: f"{n} " for n in cells.columns if n in shown.columns})], how="horizontal")


def _visible(name: str) -> pl.Expr:
    """Text with the blanks at its ends drawn: two cells that differ only there must not look alike."""
    ends = [pl.col(name).str.extract(pattern).str.replace_all(r"\s", "␣") for pattern in (r"^(\s+)", r"(\s+)$")]
    begin, end = (each.fill_null("") for each in ends)
    return pl.when(pl.col(name).is_not_null()).then(begin + pl.col(name).str.strip_chars() + end).alias(name)


def _aside(now: int, before: int | None) -> str:
    if now == before:
        return f"{_count(now, 'row stays', 'rows stay')} in quarantine"
    told = _count(now, "row goes to quarantine", "rows go to quarantine") if now else "no row goes to quarantine"
    return f"{told} ({before:,} before)" if before else told


def _cells(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found


def _count(number: int, one: str, more: str = "") -> str:
    return f"{number:,} {one if number == 1 else more or one + 's'}"
