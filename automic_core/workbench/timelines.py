"""The past of a table in words: the states it had, and what became of its columns."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from pyiceberg.schema import Schema
from pyiceberg.table import Table

from automic_core import frames
from automic_core.lake import Lakehouse
from automic_core.lakehouse.history import SnapshotInfo, history
from automic_core.lakehouse.schemas import CHANGE
from automic_core.medallion.batches import BATCH, SOURCE
from automic_core.medallion.context import ACTOR, RUN_ID, now
from automic_core.medallion.promotion import SPEC
from automic_core.medallion.quarantine import DECIDED, set_aside
from automic_core.medallion.silver import SOURCES

PLAIN_TYPES = {"long": "integer", "int": "integer", "double": "float", "timestamptz": "datetime"}


@dataclass(frozen=True)
class State:
    """One state of a table.

    Attributes:
        operation: ingest, promote, replay, build, load, rollback, compaction, watermark, schema, quarantine, decision,
            created or foreign.
        label: What happened, in words.
        rows: Rows in this state; None if the writer did not say.
        rows_before: Rows in the state before it in time; None for the first.
        files_added: Data files that came.
        files_removed: Data files that went.
        bytes: Size of all data files of this state; None if the writer did not say.
        current: Whether the table is in this state now, by this entry.
    """

    id: int
    at: datetime
    actor: str
    operation: str
    label: str
    rows: int | None
    rows_before: int | None
    files_added: int
    files_removed: int
    files: int | None
    bytes: int | None
    run_id: str | None
    current: bool


@dataclass(frozen=True)
class ColumnEvent:
    """What a state did to a column.

    Attributes:
        kind: added, removed, renamed or retyped.
        old: Former name or type; empty for a new column.
        new: New name or type; empty for one that went.
    """

    snapshot: int
    at: datetime
    actor: str
    kind: str
    column: str
    old: str
    new: str


def timeline(lake: Lakehouse, table: str) -> list[State]:
    """The states a table had, newest first; a rollback shows as the return of an older one."""
    past = history(lake.context.need(table))
    first_at = {info.id: info.at for info in reversed(past)}
    found: list[State] = []
    before: SnapshotInfo | None = None
    made: Mapping[str, str] = {}
    for info in past:
        found.append(_state(info, before, made, first_at, table))
        before, made = info, info.summary if SOURCES in info.summary else made
    return found[::-1]


def schema_history(lake: Lakehouse, table: str) -> list[ColumnEvent]:
    """What became of the columns, newest first; the columns of the first state are not named one by one."""
    stored = lake.context.need(table)
    past = history(stored)
    found: list[ColumnEvent] = []
    for before, info in pairwise(past):
        found += column_changes(stored, before, info)
    return found[::-1]


def told(event: ColumnEvent) -> str:
    """What happened to a column, as a sentence."""
    if event.kind == "renamed":
        return f"{event.old} is called {event.column} now"
    if event.kind == "retyped":
        return f"{event.column} was {event.old} and is {event.new} now"
    kind = event.new or event.old
    return f"{event.column} ({kind}) was {event.kind}"


def column_changes(table: Table, before: SnapshotInfo, after: SnapshotInfo) -> list[ColumnEvent]:
    """What happened to columns from one state to another."""
    schemas = table.schemas()
    old, new = (_columns(schemas.get(info.schema_id or 0)) for info in (before, after))
    told = (after.id, after.at, after.returned_by if after.returned else after.summary.get(ACTOR, ""))
    found = []
    gone = {name: kind for field_id, (name, kind) in old.items() if field_id not in new}
    for field_id, (name, kind) in new.items():
        if field_id not in old:
            if name in gone:  # made anew under its old name
                was = gone.pop(name)
                found += [ColumnEvent(*told, "retyped", name, was, kind)] if was != kind else []
            else:
                found.append(ColumnEvent(*told, "added", name, "", kind))
            continue
        was_name, was_kind = old[field_id]
        if was_name != name:
            found.append(ColumnEvent(*told, "renamed", name, was_name, name))
        if was_kind != kind:
            found.append(ColumnEvent(*told, "retyped", name, was_kind, kind))
    return [*found, *(ColumnEvent(*told, "removed", name, kind, "") for name, kind in gone.items())]


def rollback_to(lake: Lakehouse, table: str, snapshot: int, expected: int) -> int:
    """Make an earlier state the present one, if the present one is still the one the person looked at.

    Returns:
        The state's id.

    Raises:
        CatalogError: The table never had this state.
        ConflictError: It changed meanwhile.
    """
    began = now()
    found = lake.rollback(table, snapshot, expected)
    about = {"run_id": uuid.uuid4().hex[:12], "pipeline": f"roll back {table}", "table": table}
    entry = {**about, "actor": lake.context.actor, "started_at": began, "ended_at": now()}
    lake.context.state.rebuild(runs=[entry])
    return found


def _state(
    info: SnapshotInfo,
    before: SnapshotInfo | None,
    made: Mapping[str, str],
    first_at: Mapping[int, datetime],
    table: str,
) -> State:
    """A state in words; ``made`` is what the promotion or build before it says of itself."""
    said = info.summary
    operation, label = (
        ("rollback", f"Set back to the state of {first_at[info.id]:%Y-%m-%d %H:%M:%S}")
        if info.returned
        else _what(info, made, table)
    )
    return State(
        info.id,
        info.at,
        info.returned_by if info.returned else said.get(ACTOR, ""),
        operation,
        label,
        info.rows,
        before.rows if before is not None else None,
        0 if info.returned else _number(said, "added-data-files") or 0,
        0 if info.returned else _number(said, "deleted-data-files") or 0,
        _number(said, "total-data-files"),
        _number(said, "total-files-size"),
        info.run_id,
        info.current,
    )


def _what(info: SnapshotInfo, made: Mapping[str, str], table: str) -> tuple[str, str]:
    """Kind and words of what a snapshot says of itself."""
    said, layer = info.summary, table.partition(".")[0]
    if BATCH in said:
        return "ingest", f"Took in {said.get(SOURCE, '').rpartition('/')[2] or 'a batch'}"
    if replayed := _replayed(said, made, f"bronze.{table.partition('.')[2]}"):
        return "replay", replayed
    if SOURCES in said:
        sources = list(_read(said))
        named = ", ".join(sources[:3]) + (f" and {len(sources) - 3} more" if len(sources) > 3 else "")
        return ("build", f"Built from {named}") if layer == "gold" else ("promote", f"Promoted from {named}")
    if CHANGE in said:
        kinds = {"compact": "compaction", "watermark": "watermark"}
        return kinds.get(said[CHANGE].partition(" ")[0], "schema"), said[CHANGE][:1].upper() + said[CHANGE][1:]
    added = _number(said, "added-records") or 0
    if layer == "quarantine":
        return "quarantine", f"Set aside {added:,} {'row' if added == 1 else 'rows'}"
    if said.get(RUN_ID, "").startswith("decision-"):
        return "decision", f"{added:,} {'decision' if added == 1 else 'decisions'}"
    if RUN_ID in said:
        return "load", "Loaded by a pipeline"
    if info.parent is None and not info.rows:
        return "created", "Created, still empty"
    return "foreign", f"Written by another program ({info.operation})"


def _read(said: Mapping[str, str]) -> dict[str, int | None]:
    """The tables that were read, each with its state."""
    try:
        found: dict[str, int | None] = dict(json.loads(said.get(SOURCES, "{}")))
    except (TypeError, ValueError):  # another writer's property of that name
        return {}
    return found


def _replayed(said: Mapping[str, str], made: Mapping[str, str], bronze: str) -> str:
    """The words for a promotion that did what the one before it did, on the same rows, with other decisions.

    Empty for any other.
    """
    decided, before = (each.get(DECIDED) for each in (said, made))
    read = [_read(each).get(bronze) for each in (said, made)]
    if None in (decided, before, *read) or decided == before:
        return ""
    if read[0] != read[1] or said.get(SPEC) != made.get(SPEC):
        return ""
    freed = set_aside(made) - set_aside(said)
    rows = f"{abs(freed):,} {'row' if abs(freed) == 1 else 'rows'}"
    return f"Replayed: {rows} {'out of' if freed > 0 else 'back to'} quarantine" if freed else ""


def _columns(schema: Schema | None) -> dict[int, tuple[str, str]]:
    """Field id to name and type of the data columns."""
    fields = schema.fields if schema is not None else ()
    return {
        each.field_id: (each.name, named_type(each.field_type)) for each in fields if not frames.is_hidden(each.name)
    }


def named_type(kind: object) -> str:
    """A stored type as people name it."""
    return PLAIN_TYPES.get(str(kind), str(kind))


def _number(said: Mapping[str, str], name: str) -> int | None:
    return int(said[name]) if said.get(name, "").isdigit() else None
