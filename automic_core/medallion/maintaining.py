"""Gold kept up by the rows that its one table gained: the same table as made of all rows, read from the new ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Operation

from automic_core import _version, frames
from automic_core.errors import CatalogError, translate
from automic_core.events import RunReport, StepStats
from automic_core.lakehouse import tables
from automic_core.lakehouse.commits import head
from automic_core.lakehouse.history import line
from automic_core.lakehouse.maintainable import NotMaintainableError, Role, shape
from automic_core.lakehouse.schemas import CHANGE
from automic_core.medallion.context import REPORT, RUN_ID, SOURCES, LakeContext
from automic_core.medallion.taking_on import PLAN as PLAN

MOST = 0.2
"""More new rows than this share of the table, and all are read: they are held in memory."""
_HELD = ("bronze", "silver", "gold")


@dataclass(frozen=True)
class Kept:
    """A state of gold to keep up.

    Attributes:
        name: The table it is made of.
        source: That table, as it is now.
        fresh: Rows that it gained since.
        roles: What each column of gold is; None = gold has a row for each row of the table that passes.
    """

    gold: Table
    made: Mapping[str, str]
    name: str
    source: Table
    fresh: pl.DataFrame
    roles: tuple[Role, ...] | None

    @property
    def report(self) -> RunReport:
        """The ledger of the state."""
        return RunReport.from_dict(json.loads(self.made[REPORT]))

    @property
    def note(self) -> str:
        """What was read, in words."""
        total = tables.row_count(self.source)
        return f"Read {self.fresh.height:,} of {total or 0:,} rows of {self.name} (incremental)."


def plan(definition: Mapping[str, Any]) -> str:
    """What tells one build from another that would make other rows; another version of Automic counts as another."""
    whole = json.dumps([_version.__version__, definition], sort_keys=True, default=str)
    return hashlib.sha256(whole.encode()).hexdigest()[:32]


def kept(lake: LakeContext, target: str, definition: Mapping[str, Any]) -> Kept | None:
    """The state of gold that can be kept up; None if there is none yet.

    Args:
        lake: The lake.
        target: The gold table, in full.
        definition: ``sql``, or ``source``, ``group_by`` and ``aggregations``.

    Raises:
        NotMaintainableError: All rows have to be read.
    """
    gold = lake.table(target)
    if gold is None:
        return None
    roles = _roles(definition)
    newest = gold.current_snapshot()
    made = dict(newest.summary.additional_properties) if newest is not None and newest.summary is not None else {}
    if RUN_ID not in made or made.get(PLAN) != plan(definition):
        raise NotMaintainableError("it was made in another way before")
    sources = json.loads(made[SOURCES])
    (name,) = sources if len(sources) == 1 else ("",)
    if name.partition(".")[0] not in _HELD:
        raise NotMaintainableError("it is not made of the rows of one table")
    source = lake.need(name)
    found = Kept(gold, made, name, source, _gained(source, name, int(sources[name])), roles)
    _check_types(found)
    return found


def _roles(definition: Mapping[str, Any]) -> tuple[Role, ...] | None:
    if "sql" in definition:
        return shape(definition["sql"]).roles
    found: list[Role] = ["key"] * len(definition["group_by"])
    for each in definition["aggregations"].values():
        function = each.get("function", "")
        if function not in ("sum", "count", "min", "max"):
            raise NotMaintainableError(f"{function} cannot be put together from parts")
        found.append(function)
    return tuple(found)


def _gained(source: Table, name: str, since: int) -> pl.DataFrame:
    """Rows that a table gained after a state."""
    for snapshot in line(source):
        if snapshot.snapshot_id == since:
            break
        said = snapshot.summary
        merged = said is not None and said.additional_properties.get(CHANGE, "").startswith("compact ")
        if said is None or (said.operation is not Operation.APPEND and not merged):
            raise NotMaintainableError(f"rows of {name} were changed or made anew")
        if snapshot.schema_id != source.metadata.current_schema_id:
            raise NotMaintainableError(f"{name} has other columns")
    else:
        raise NotMaintainableError(f"the state of {name} that it was made of is gone")
    then, now = tables.row_count(source, since), tables.row_count(source)
    if then is None or now is None or now - then > MOST * now:
        raise NotMaintainableError(f"most rows of {name} are new")
    with translate(CatalogError, f"reading what {name} gained"):
        if since == head(source):
            return tables.scan(source).head(0).collect()
        scan = source.incremental_append_scan(from_snapshot_id_exclusive=since, to_snapshot_id_inclusive=head(source))
        rows = frames.from_arrow(scan.to_arrow()).cast(tables.scan(source).collect_schema())
    if rows.height != now - then:
        raise NotMaintainableError(f"{name} has other rows than its snapshots say")
    return rows


def _check_types(found: Kept) -> None:
    """Sums of floats depend on the order, and floats have values that are equal and not the same."""
    shown = tables.scan(found.gold).collect_schema()
    names = frames.data_names(shown)
    for name, role in zip(names, found.roles or (), strict=False):
        if role != "count" and (shown[name].is_float() or shown[name].is_nested()):
            raise NotMaintainableError(f"{name} holds floats, of which parts are not exactly put together")


def merged(found: Kept, part: pl.DataFrame) -> pl.DataFrame:
    """The groups of all rows: those there were, and those of the new rows.

    Raises:
        NotMaintainableError: The new rows give columns of other names or types.
    """
    assert found.roles is not None
    old = tables.scan(found.gold).select(frames.data_columns(tables.scan(found.gold))).collect()
    if old.columns != part.columns or old.width != len(found.roles):
        raise NotMaintainableError("its columns are other ones")
    roles = dict(zip(old.columns, found.roles, strict=True))
    keys = [name for name, role in roles.items() if role == "key"]
    values = [_joined(name, role).alias(name) for name, role in roles.items() if role != "key"]
    both = pl.concat([old, part.cast(old.schema)])
    done = both.group_by(keys, maintain_order=True).agg(values) if keys else both.select(values)
    return done.select(pl.col(name).cast(dtype) for name, dtype in old.schema.items())


def _joined(name: str, role: Role) -> pl.Expr:
    column = pl.col(name)
    if role == "min":
        return column.min()
    if role == "max":
        return column.max()
    return pl.when(column.count() > 0).then(column.sum())


def appended(found: Kept, part: pl.LazyFrame) -> pl.LazyFrame:
    """Rows of the answer to the new rows, numbered after those there are."""
    last = tables.scan(found.gold).select(pl.col(frames.RID).max()).collect().item()
    rows = part.drop(frames.RID, strict=False).with_row_index(frames.RID, offset=0)
    return rows.with_columns(pl.col(frames.RID).cast(pl.Int64) + (0 if last is None else last + 1))


def ledger(found: Kept, run: RunReport, groups: bool) -> RunReport:
    """The ledger of all rows.

    Args:
        found: What was kept up.
        run: That of this run, over the groups of all rows, or over the rows that came.
        groups: Whether the rows were grouped by a step, whose line takes all rows.
    """
    old, report = found.report, replace(run, notes=[*run.notes, found.note])
    if found.roles is None:
        report.rows_in, report.rows_out = old.rows_in + run.rows_in, old.rows_out + run.rows_out
        report.steps = [replace(each, rows_in=report.rows_in, rows_out=report.rows_out) for each in run.steps]
    elif groups:
        total, made = tables.row_count(found.source) or 0, run.rows_out
        first, last = old.steps[0], old.steps[-1]
        line_of_groups = StepStats(last.id, last.kind, total, {}, max(total - made, 0), max(made - total, 0), made)
        report.rows_in, report.steps = total, [replace(first, rows_in=total, rows_out=total), line_of_groups]
    report.check()
    return report
