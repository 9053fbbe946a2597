"""What happened to a table: its snapshots, the one at a moment, the way back, and which rows differ between two."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import polars as pl
from pyiceberg.table import Table
from pyiceberg.table.refs import MAIN_BRANCH
from pyiceberg.table.snapshots import Snapshot
from pyiceberg.table.update import SetCurrentSchemaUpdate, SetPropertiesUpdate, TableUpdate

from automic_core.errors import CatalogError, ConflictError, SchemaError, translate
from automic_core.lakehouse import tables
from automic_core.lakehouse.branches import set_head, swap
from automic_core.lakehouse.commits import full_name, head, refresh

_EXAMPLES = 5
ROLLBACKS = "automic.rollbacks"
"""Table property: the newest rollbacks as JSON, oldest first. A rollback makes no snapshot to say who did it."""
_NOTES = 50


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
        returned: Whether a rollback brought it back.
        returned_by: Who did that, if it is on record.
        schema_id: The schema it has.
    """

    id: int
    parent: int | None
    at: datetime
    operation: str
    rows: int | None
    run_id: str | None
    current: bool
    summary: Mapping[str, str]
    returned: bool = False
    returned_by: str = ""
    schema_id: int | None = None


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
    known = {snapshot.snapshot_id: snapshot for snapshot in table.snapshots()}
    log = [(entry.snapshot_id, entry.timestamp_ms) for entry in table.history()]
    # A published branch brings several snapshots at once, of which the log names only the last.
    named = {snapshot_id for snapshot_id, _ in log}
    found: list[SnapshotInfo] = []
    seen: set[int] = set()
    for place, (snapshot_id, milliseconds) in enumerate(log, 1):
        returned = snapshot_id in seen
        between: list[int] = []
        older = known.get(snapshot_id)
        while older is not None and older.snapshot_id not in seen:
            seen.add(older.snapshot_id)
            if older.snapshot_id not in named:
                between.append(older.snapshot_id)
            older = known.get(older.parent_snapshot_id or 0)
        for each in [*reversed(between), snapshot_id]:
            named.add(each)
            # A rollback brings an id back: only its last mention is the present.
            now = current if place == len(log) else None
            if each in known:
                found.append(_info(known[each], milliseconds, now, returned and each == snapshot_id))
    return _with_actors(found, table)


def line(table: Table, snapshot_id: int | None = None) -> list[Snapshot]:
    """A snapshot (default: main's head) and all before it that are still known, newest first."""
    known = {snapshot.snapshot_id: snapshot for snapshot in table.snapshots()}
    each = known.get(snapshot_id if snapshot_id is not None else head(table) or 0)
    found = []
    while each is not None:
        found.append(each)
        each = known.get(each.parent_snapshot_id or 0)
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


def rollback(table: Table, snapshot_id: int, actor: str = "", *, expected: int | None = None) -> int:
    """Make an earlier state the head of main again, rows and schema, in one guarded step.

    Args:
        table: The table.
        snapshot_id: The state to return to.
        actor: Who does it, for the history.
        expected: The head that was looked at; None = any.

    Returns:
        The snapshot id.

    Raises:
        CatalogError: Main never had this snapshot.
        ConflictError: Main moved meanwhile.
    """
    now = head(refresh(table))
    snapshot = table.snapshot_by_id(snapshot_id)
    if snapshot is None or snapshot_id not in {state.id for state in history(table)}:
        raise CatalogError(
            f"{full_name(table)} never had the snapshot {snapshot_id}.", f"See `automic history {full_name(table)}`."
        )
    if expected is not None and now != expected:
        raise ConflictError(f"{full_name(table)} changed meanwhile.", "Look at it again, then decide.")
    if snapshot_id == now:
        return snapshot_id
    notes = [*_noted(table), {"to": snapshot_id, "from": now, "actor": actor}][-_NOTES:]
    updates: tuple[TableUpdate, ...] = (
        set_head(MAIN_BRANCH, snapshot_id),
        SetPropertiesUpdate(updates={ROLLBACKS: json.dumps(notes)}),
    )
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


def _info(snapshot: Snapshot, milliseconds: int, current: int | None, returned: bool) -> SnapshotInfo:
    properties = dict(snapshot.summary.additional_properties) if snapshot.summary is not None else {}
    rows = properties.get("total-records", "")
    return SnapshotInfo(
        id=snapshot.snapshot_id,
        parent=snapshot.parent_snapshot_id,
        at=datetime.fromtimestamp(milliseconds / 1000, UTC),
        operation=snapshot.summary.operation.value if snapshot.summary is not None else "append",
        rows=int(rows) if rows.isdigit() else None,
        run_id=properties.get(tables.RUN_ID),
        current=snapshot.snapshot_id == current,
        summary=properties,
        returned=returned,
        schema_id=snapshot.schema_id,
    )


def _with_actors(states: list[SnapshotInfo], table: Table) -> list[SnapshotInfo]:
    """The states that a rollback brought back, each with who did it; the note of rollbacks holds the newest ones."""
    notes = _noted(table)
    for place in reversed(range(len(states))):
        if notes and states[place].returned and notes[-1].get("to") == states[place].id:
            states[place] = replace(states[place], returned_by=str(notes.pop().get("actor", "")))
    return states


def _noted(table: Table) -> list[dict[str, Any]]:
    try:
        found = json.loads(table.properties.get(ROLLBACKS, "[]"))
    except ValueError:  # written by another program
        return []
    return [note for note in found if isinstance(note, dict)] if isinstance(found, list) else []
