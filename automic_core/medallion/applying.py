"""Silver from a change log: what its changes made of each key, or every version a key had; taken on, never redone.

Applying what came since the last time gives the same rows as resolving the whole log.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl
from pyiceberg.table import Table

from automic_core import frames
from automic_core.contracts.changes import COMMITTED_AT, DELETE, OP, TRUNCATE
from automic_core.errors import ConfigError
from automic_core.faults import commit_point
from automic_core.lakehouse import files, schemas, tables
from automic_core.lakehouse.commits import ancestors, head, refresh
from automic_core.lakehouse.exact import exactly
from automic_core.lakehouse.staging import open_staging
from automic_core.lakehouse.upsert import upsert
from automic_core.medallion import resolving
from automic_core.medallion.batches import RID_BITS
from automic_core.medallion.changelog import place
from automic_core.medallion.context import ACTOR, RUN_ID, SOURCES, LakeContext, made_by, split_name
from automic_core.medallion.decisions import Decisions

Kind = Literal["state", "history"]
APPLIED = "automic.applied"
"""Snapshot property: up to which batch of which state of the log a silver table goes, and what it is."""


@dataclass(frozen=True)
class Applied:
    """What one application did.

    Attributes:
        changes: Changes that were read.
        rows: Rows that were written.
        deleted: Rows that went.
        snapshot: The new state; None if there was nothing to do.
        whole: Whether the whole log was resolved.
    """

    table: str
    changes: int = 0
    rows: int = 0
    deleted: int = 0
    snapshot: int | None = None
    whole: bool = False


def blocked(lake: LakeContext, table: str) -> str | None:
    """Why changes cannot be applied to a silver table, in words; None if they can."""
    silver = lake.table(f"silver.{table}")
    if silver is not None and APPLIED not in made_by(silver):
        return f"silver.{table} has steps or rules of its own: promote {table} to bring the changes there."
    decisions = Decisions(lake)
    decided = decisions.snapshot()
    if decided is not None and decisions.current(table, decided):
        return f"People decided about rows of {table}: promote {table}, which applies what they said."
    return None


def apply(
    lake: LakeContext, table: str, kind: Kind | None = None, properties: Mapping[str, str] | None = None
) -> Applied:
    """Bring silver up to the head of the change log, in one snapshot that says how far it goes.

    Args:
        lake: The lake.
        table: Name with or without "silver.".
        kind: state: one row a key; history: one row a version (``valid_from``, ``valid_to``, ``is_current``); None = as
            it was before, at first state. Another one than before makes the table anew.
        properties: Further snapshot properties.

    Raises:
        ConfigError: The bronze table is no change log, or silver is made another way.
        ConflictError: Others kept changing the table.
    """
    lake.writable()
    name = split_name(table, "silver")
    log = lake.need(f"bronze.{name}")
    if place(log) is None:
        raise ConfigError(f"bronze.{name} is no change log.", f"Promote it: automic promote {name}")
    if (why := blocked(lake, name)) is not None:
        raise ConfigError(why)
    return _Applying(lake, name, log, kind, dict(properties or {})).run()


class _Applying:
    def __init__(self, lake: LakeContext, name: str, log: Table, kind: Kind | None, properties: dict[str, str]) -> None:
        self._lake, self._name, self._log = lake, f"silver.{name}", log
        found = place(log)
        assert found is not None
        self._keys, self._batch = found.keys, found.batch
        silver = lake.table(self._name)
        said: dict[str, Any] = json.loads(made_by(silver)[APPLIED]) if silver is not None else {}
        self._kind: Kind = kind or said.get("kind", "state")
        self._silver = silver if self._goes_on(said) else None
        self._since = int(said["batch"]) if self._silver is not None else 0
        mark = {"kind": self._kind, "batch": self._batch, "snapshot": head(log), "keys": self._keys}
        sources = {f"bronze.{name}": head(log)}
        run = {RUN_ID: uuid.uuid4().hex[:12], ACTOR: lake.actor}
        self._properties = {**run, **properties, APPLIED: json.dumps(mark), SOURCES: json.dumps(sources)}

    def run(self) -> Applied:
        """Whatever came since, or all of it."""
        changes = tables.scan(self._log, head(self._log))
        if self._silver is None:
            return self._whole(changes)
        if self._batch <= self._since:
            return Applied(self._name)
        new = changes.filter(pl.col(frames.RID) >= (self._since + 1) << RID_BITS).collect()
        if not new.height:
            return Applied(self._name)
        return self._history(new) if self._kind == "history" else self._state(new)

    def _goes_on(self, said: Mapping[str, Any]) -> bool:
        """Whether silver was made of an earlier state of this log, and as the same kind of table."""
        if not said or said["kind"] != self._kind or said["keys"] != self._keys or said["batch"] > self._batch:
            return False
        # a state that was forgotten meanwhile was one of this log, else a rollback left the log there
        known = {snapshot.snapshot_id for snapshot in self._log.snapshots()}
        return said["snapshot"] not in known or said["snapshot"] in ancestors(self._log, head(self._log))

    def _whole(self, changes: pl.LazyFrame) -> Applied:
        read = changes.select(pl.len()).collect().item()
        snapshot, rows = self._replace(self._resolved(changes))
        return Applied(self._name, read, rows, 0, snapshot, True)

    def _state(self, new: pl.DataFrame) -> Applied:
        cut = new.filter(pl.col(OP) == TRUNCATE)[frames.RID].max()
        assert cut is None or isinstance(cut, int)
        if cut is not None:  # nothing before it counts, in silver neither
            snapshot, written = self._replace(resolving.current(new.lazy(), self._keys))
            return Applied(self._name, new.height, written, 0, snapshot)
        last = resolving.last_changes(new.lazy(), self._keys)
        living = last.filter(pl.col(OP) != DELETE)
        told = pl.concat(
            [resolving.as_changes(self._there(new.select(self._keys))), new.lazy()], how="diagonal_relaxed"
        )
        rows = resolving.filled(living, told, self._keys).select(resolving.columns(new.lazy())).collect()
        gone = last.filter(pl.col(OP) == DELETE).select(self._keys).collect()
        return self._merge(new.height, rows, self._keys, gone)

    def _history(self, new: pl.DataFrame) -> Applied:
        cut = new.filter(pl.col(OP) == TRUNCATE).height
        keys = new.filter(pl.col(OP) != TRUNCATE).select(self._keys)
        there = self._there(None if cut else keys).filter(resolving.IS_CURRENT)
        made = pl.col(resolving.VALID_FROM).alias(COMMITTED_AT)
        old = (
            resolving.as_changes(there)
            .with_columns(made)
            .drop(resolving.VALID_FROM, resolving.VALID_TO, resolving.IS_CURRENT)
        )
        told = pl.concat([old, new.lazy()], how="diagonal_relaxed")
        return self._merge(new.height, resolving.versions(told, self._keys).collect(), [frames.RID], None)

    def _there(self, keys: pl.DataFrame | None) -> pl.LazyFrame:
        """Rows of silver as they are, of some keys."""
        assert self._silver is not None
        rows = tables.scan(self._silver)
        return rows if keys is None else rows.join(keys.unique().lazy(), on=self._keys, how="semi")

    def _resolved(self, changes: pl.LazyFrame) -> pl.LazyFrame:
        if self._kind == "state":
            return resolving.current(changes, self._keys)
        own = [*frames.data_columns(changes)]
        if taken := [n for n in (resolving.VALID_FROM, resolving.VALID_TO, resolving.IS_CURRENT) if n in own]:
            raise ConfigError(f"{self._name}: the source has a column {taken[0]!r} itself.", "Use kind='state'.")
        return resolving.versions(changes, self._keys)

    def _replace(self, rows: pl.LazyFrame) -> tuple[int, int]:
        shape = dict(rows.collect_schema())
        table = self._lake.create(self._name, shape)
        staging = open_staging(table, exactly(table, shape))
        landed = files.land(staging.table, rows).collect()
        staging.replace(landed)
        commit_point("apply.before")
        try:
            return staging.publish(self._properties), sum(file.record_count for file in landed)
        except BaseException:
            staging.discard()
            raise

    def _merge(self, read: int, rows: pl.DataFrame, keys: Sequence[str], gone: pl.DataFrame | None) -> Applied:
        assert self._silver is not None
        schemas.evolve(refresh(self._silver), rows.schema)
        commit_point("apply.before")
        done = upsert(self._silver, rows, keys, deletes=gone, properties=self._properties)
        return Applied(self._name, read, rows.height, done.deleted, done.snapshot_id)
