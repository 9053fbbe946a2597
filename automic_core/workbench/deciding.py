"""Decide about rows that were set aside: fix cells, one by one or by an expression, waive rules, take it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from automic_core import frames
from automic_core.errors import ConfigError, TransformError, translate
from automic_core.lake import Lakehouse
from automic_core.lakehouse import tables
from automic_core.lakehouse.commits import head
from automic_core.medallion import quarantine
from automic_core.medallion.batches import layout
from automic_core.medallion.decisions import Decision, apply_decisions, check_fix, row_key, row_matches
from automic_core.transforms.expressions import compile_sql

Edits = Mapping[int, Mapping[str, str | None]]
"""``_rid`` → column → the text the cell shall have; None empties it."""


@dataclass(frozen=True)
class BulkPreview:
    """What an expression would make of a column.

    Attributes:
        changes: ``_rid``, value before and after, of the rows it changes.
        same: Rows it would leave as they are.
    """

    column: str
    sql: str
    changes: list[tuple[int, str | None, str | None]]
    same: int

    def edits(self) -> dict[int, dict[str, str | None]]:
        """The changes as edits of cells."""
        return {rid: {self.column: after} for rid, _, after in self.changes}


def own_name(table: str) -> str:
    """A table's name without its layer."""
    return table.rpartition(".")[2]


def bronze_rows(lake: Lakehouse, table: str, rids: Sequence[int]) -> tuple[pl.DataFrame, list[str]]:
    """Bronze rows as they are stored, in the order asked for, and the declared keys of their table.

    Raises:
        ConfigError: A row is not there.
    """
    own = own_name(table)
    found, keys = stored_rows(lake, own, rids)
    known = set(found[frames.RID])
    for rid in rids:
        if rid not in known:
            raise ConfigError(f"bronze.{own} has no row {rid}.", f"See `automic quarantine {own}`.")
    order = pl.DataFrame({frames.RID: list(dict.fromkeys(rids))}, schema={frames.RID: pl.Int64})
    return order.join(found, on=frames.RID, how="left", maintain_order="left").select(found.columns), keys


def stored_rows(lake: Lakehouse, own: str, rids: Sequence[int]) -> tuple[pl.DataFrame, list[str]]:
    """Those of the bronze rows that are there, and the declared keys of their table."""
    stored = lake.context.need(f"bronze.{own}")
    frame = tables.scan(stored, head(stored))
    wanted = pl.Series(list(rids), dtype=pl.Int64)
    if len(rids):
        frame = frame.filter(pl.col(frames.RID).is_between(wanted.min(), wanted.max()))
    return frame.filter(pl.col(frames.RID).is_in(wanted.implode())).collect(), layout(stored).keys


def plain_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """Bronze rows as a promotion reads them: data, ``_rid`` and ``_rescued``."""
    return rows.select(n for n in rows.columns if not frames.is_hidden(n) or n in (frames.RID, frames.RESCUED))


def with_decisions(
    lake: Lakehouse, own: str, rows: pl.DataFrame, keys: Sequence[str], tried: Sequence[Decision] = ()
) -> pl.DataFrame:
    """Bronze rows with the decisions in force, and those that are being tried, applied."""
    known = {row_key(match) for match in row_matches(rows, keys)} if rows.height else set()
    decisions = [decision for decision in lake.decisions.current(own) if decision.key in known]
    decided = [*decisions, *tried]
    return apply_decisions(rows.lazy(), decided).collect().drop(frames.WAIVED) if decided else rows


def drafted(lake: Lakehouse, own: str, rows: pl.DataFrame, keys: Sequence[str], edits: Edits) -> list[Decision]:
    """Edits of rows as decisions that nobody has made yet; those that change nothing are left out."""
    mine = rows.filter(pl.col(frames.RID).is_in(list(edits)))
    changes = [edits[rid] for rid in mine[frames.RID]]
    return lake.decisions.drafted(own, mine, keys, changes)


def fix_many(lake: Lakehouse, table: str, edits: Edits, reason: str = "") -> list[Decision]:
    """Give cells of rows other values, now and at every later promotion; all in one commit.

    Raises:
        ConfigError: There is no such row or column, or the column cannot hold the value.
    """
    rows, keys = bronze_rows(lake, table, list(edits))
    return lake.decisions.fix_many(own_name(table), rows, keys, list(edits.values()), reason)


def waive_many(
    lake: Lakehouse, table: str, rids: Sequence[int], reason: str, rules: Sequence[str] | None = None
) -> list[Decision]:
    """Exempt rows from what they fail, now and at every later promotion; all in one commit.

    Args:
        lake: The lake.
        table: The table.
        rids: Rows in quarantine.
        reason: Why these rows may break the rules; must not be empty.
        rules: Only from these; each must be a reason of at least one of the rows. None = all their reasons.

    Raises:
        ConfigError: A row is not in quarantine, a rule is not why a row is, or no reason is given.
    """
    own = own_name(table)
    aside = quarantine.current(lake.context, own)
    why: dict[int, list[str]] = {}
    for rid, reasons in aside.select("_rid", "reasons").iter_rows():
        why.setdefault(rid, []).extend(each["rule"] for each in reasons)
    known = {rule for rid in rids for rule in why.get(rid, ())}
    for rid in rids:
        if rid not in why:
            raise ConfigError(f"Row {rid} of {own} is not in quarantine.", f"See `automic quarantine {own}`.")
    for rule in rules or ():
        if rule not in known:
            which = f"row {rids[0]} is" if len(rids) == 1 else f"these {len(rids):,} rows are"
            raise ConfigError(f"{rule!r} is not why {which} set aside.", f"Waive: {', '.join(sorted(known))}.")
    rows, keys = bronze_rows(lake, own, rids)
    wanted = [[r for r in dict.fromkeys(why[rid]) if rules is None or r in rules] for rid in rows[frames.RID]]
    return lake.decisions.waive_many(own, rows, keys, wanted, reason)


def revoke(lake: Lakehouse, decision: str) -> Decision:
    """Take a decision back; the next promotion no longer applies it."""
    return lake.decisions.revoke(decision)


def bulk(
    lake: Lakehouse, table: str, rids: Sequence[int], column: str, sql: str, edits: Edits | None = None
) -> BulkPreview:
    """What a SQL expression would make of a column of some rows; nothing is stored.

    The expression sees one row at a time, as it is with the decisions in force and ``edits``.

    Raises:
        TransformError: The expression is wrong, or fails on a value.
        ConfigError: The column cannot get the result.
    """
    own = own_name(table)
    rows, keys = bronze_rows(lake, own, rids)
    pending = {rid: cells for rid, cells in (edits or {}).items() if rid in set(rids)}
    shown = with_decisions(lake, own, rows, keys, drafted(lake, own, rows, keys, pending))
    data = {name: dtype for name, dtype in shown.schema.items() if not frames.is_hidden(name)}
    if column not in data:
        raise ConfigError(f"{own} has no column {column!r}.", f"Columns: {', '.join(data)}.")
    compiled = compile_sql(sql, data)
    hint = "TRY_CAST gives nothing where a value does not fit; CASE WHEN … END chooses the rows."
    with translate(TransformError, f"SQL expression {sql!r}", hint, (Exception, pl.exceptions.PanicException)):
        made = shown.select(frames.RID, frames.as_text(column, shown.schema).alias("before"), compiled.alias("value"))
    texts = made.select(frames.RID, "before", frames.as_text("value", made.schema).alias("after"))
    changed = texts.filter(pl.col("before").ne_missing(pl.col("after")))
    preview = BulkPreview(column, sql, list(changed.iter_rows()), texts.height - changed.height)
    if column in keys:  # allowed where a row lacks its key
        drafted(lake, own, rows, keys, preview.edits())
    for value in dict.fromkeys(after for _, _, after in preview.changes):
        check_fix(own, column, value, rows.schema)
    return preview
