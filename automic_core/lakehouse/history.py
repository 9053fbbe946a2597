"""What happened to a table: its snapshots, the one at a moment, the way back, and which rows differ between two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import polars as pl
from pyiceberg.table import Table
from pyiceberg.table.refs import MAIN_BRANCH
from pyiceberg.table.update import SetCurrentSchemaUpdate, TableUpdate

from automic_core.errors import CatalogError, SchemaError, translate
from automic_core.lakehouse import tables
from automic_core.lakehouse.branches import set_head, swap
from automic_core.lakehouse.commits import ancestors, full_name, head, published, refresh

_EXAMPLES = 5


@dataclass(frozen=True)
class SnapshotInfo:
    """One state of a table.

    Attributes:
        at: When it became the head of main (UTC).
        operation: append, overwrite, delete or replace, as Iceberg names them.
        rows: Rows in the table in this state; None if the writer did not say.
        run_id: The run that made it, if it said so.
        current: Whether it is the head of main now.
        summary: All properties of the snapshot.
    """

    id: int
    parent: int | None
    at: datetime
    operation: str
    rows: int | None
    run_id: str | None
    current: bool
    summary: Mapping[str, str]


@dataclass(frozen=True)
class RowDiff:
    """Rows that differ between two snapshots, matched by key."""

    added: int
    removed: int
    changed: int
    examples: Mapping[str, pl.DataFrame] = field(default_factory=dict)


def history(table: Table) -> list[SnapshotInfo]:
    """States that main had, oldest first; a rollback shows as the return of an older one.

    Snapshots that were never published are not part of it.
    """
    current = head(table)
    log = [(entry.snapshot_id, entry.timestamp_ms) for entry in table.history()]
    # A published branch brings several snapshots at once, of which the log names only the last.
    named = {snapshot_id for snapshot_id, _ in log}
    found: list[SnapshotInfo] = []
    for place, (snapshot_id, milliseconds) in enumerate(log, 1):
        between = [older for older in reversed(ancestors(table, snapshot_id)[1:]) if older not in named]
        for each in [*between, snapshot_id]:
            named.add(each)
            # A rollback brings an id back: only its last mention is the present.
            now = current if place == len(log) else None
            if (info := _info(table, each, milliseconds, now)) is not None:
                found.append(info)
    return found


def snapshot_at(table: Table, moment: datetime) -> int:
    """Id of main's head at a moment.

    Args:
        table: The table.
        moment: With a time zone; a naive one counts as UTC.

    Raises:
        CatalogError: The table did not exist yet.
    """
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    milliseconds = moment.timestamp() * 1000
    past = [entry.snapshot_id for entry in table.history() if entry.timestamp_ms <= milliseconds]
    if not past:
        first = min((entry.timestamp_ms for entry in table.history()), default=None)
        began = datetime.fromtimestamp(first / 1000, UTC).isoformat() if first is not None else "never"
        raise CatalogError(f"{full_name(table)} has no state at {moment.isoformat()}.", f"Its history begins {began}.")
    return past[-1]


def rollback(table: Table, snapshot_id: int) -> int:
    """Make an earlier state the head of main again, rows and schema, in one guarded step.

    Returns:
        The snapshot id.

    Raises:
        CatalogError: Main never had this snapshot.
        ConflictError: Main moved meanwhile.
    """
    now = head(refresh(table))
    snapshot = table.snapshot_by_id(snapshot_id)
    if snapshot is None or snapshot_id not in published(table):
        raise CatalogError(
            f"{full_name(table)} never had the snapshot {snapshot_id}.", f"See `automic history {full_name(table)}`."
        )
    if snapshot_id == now:
        return snapshot_id
    updates: tuple[TableUpdate, ...] = (set_head(MAIN_BRANCH, snapshot_id),)
    if snapshot.schema_id is not None and snapshot.schema_id != table.metadata.current_schema_id:
        updates = (SetCurrentSchemaUpdate(schema_id=snapshot.schema_id), *updates)
    swap(
        table,
        "rollback",
        require={MAIN_BRANCH: now},
        updates=updates,
        done=lambda: head(table) == snapshot_id,
    )
    return snapshot_id


def row_diff(table: Table, before: int, after: int, keys: Sequence[str], *, examples: int = _EXAMPLES) -> RowDiff:
    """Compare two snapshots row by row; columns that only one of them has count as null in the other.

    Args:
        table: The table.
        before: Id of the older snapshot.
        after: Id of the newer snapshot.
        keys: Columns that identify a row; null matches null.
        examples: Rows to show of each kind.

    Raises:
        SchemaError: A key is no column of both snapshots, or is not unique.
    """
    old, new = tables.scan(table, before), tables.scan(table, after)
    old_schema, new_schema = old.collect_schema(), new.collect_schema()
    if missing := [key for key in keys if key not in old_schema or key not in new_schema]:
        raise SchemaError(f"Key {', '.join(missing)} is not a column of both snapshots.", "Choose other keys.")
    kinds = {**old_schema, **new_schema}
    compare = [name for name in kinds if name not in keys]

    def side(frame: pl.LazyFrame, schema: pl.Schema, name: str) -> pl.LazyFrame:
        values = [(pl.col(c) if c in schema else pl.lit(None)).cast(kinds[c]).alias(c) for c in compare]
        # The empty name keeps the struct from being null where every value is.
        return frame.select(*keys, pl.struct(*values, pl.lit(True).alias("")).alias(name))

    with translate(CatalogError, f"comparing snapshots {before} and {after}"):
        for frame, snapshot_id in ((old, before), (new, after)):
            twice = frame.group_by(*keys).len().filter(pl.col("len") > 1).head(1).collect()
            if twice.height:
                value = ", ".join(f"{key}={twice[key][0]!r}" for key in keys)
                raise SchemaError(f"Key {value} appears {twice['len'][0]} times in snapshot {snapshot_id}.")
        joined = side(old, old_schema, "_old").join(
            side(new, new_schema, "_new"), on=list(keys), how="full", coalesce=True, nulls_equal=True
        )
        compared = joined.with_columns(
            pl.when(pl.col("_old").is_null())
            .then(pl.lit("added"))
            .when(pl.col("_new").is_null())
            .then(pl.lit("removed"))
            .when(pl.col("_old").ne_missing(pl.col("_new")))
            .then(pl.lit("changed"))
            .alias("_kind")
        ).filter(pl.col("_kind").is_not_null())
        counts = dict(compared.group_by("_kind").len().collect().iter_rows())
        shown = {
            kind: compared.filter(pl.col("_kind") == kind).head(examples).drop("_kind").collect() for kind in counts
        }
    return RowDiff(counts.get("added", 0), counts.get("removed", 0), counts.get("changed", 0), shown)


def _info(table: Table, snapshot_id: int, milliseconds: int, current: int | None) -> SnapshotInfo | None:
    snapshot = table.snapshot_by_id(snapshot_id)
    if snapshot is None:
        return None
    properties = dict(snapshot.summary.additional_properties) if snapshot.summary is not None else {}
    return SnapshotInfo(
        id=snapshot_id,
        parent=snapshot.parent_snapshot_id,
        at=datetime.fromtimestamp(milliseconds / 1000, UTC),
        operation=snapshot.summary.operation.value if snapshot.summary is not None else "append",
        rows=tables.row_count(table, snapshot_id),
        run_id=properties.get(tables.RUN_ID),
        current=snapshot_id == current,
        summary=properties,
    )
