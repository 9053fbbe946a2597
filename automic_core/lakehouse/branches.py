"""Branches: write beside main, look at the result, then publish by compare-and-set, or discard it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from pyiceberg.manifest import DataFile, ManifestEntryStatus
from pyiceberg.table import Table
from pyiceberg.table.refs import MAIN_BRANCH, SnapshotRefType
from pyiceberg.table.update import (
    AssertRefSnapshotId,
    AssertTableUUID,
    RemoveSnapshotRefUpdate,
    RemoveSnapshotsUpdate,
    SetSnapshotRefUpdate,
    TableRequirement,
    TableUpdate,
)

from automic_core.errors import CatalogError, ConflictError, translate
from automic_core.faults import commit_point
from automic_core.lakehouse import files as landing
from automic_core.lakehouse import tables
from automic_core.lakehouse.commits import ancestors, full_name, head, lost_race, pauses, refresh


@dataclass
class Branch:
    """A line of snapshots beside main.

    Attributes:
        fork: Main's head when the branch was opened. Never read again from the table: publishing compares with it.
    """

    table: Table
    name: str
    fork: int

    @property
    def head(self) -> int:
        """Id of the branch's newest snapshot."""
        found = head(self.table, self.name)
        if found is None:
            raise CatalogError(f"{full_name(self.table)} has no branch {self.name!r}.")
        return found

    def append(self, files: Sequence[DataFile], properties: Mapping[str, str] | None = None) -> int:
        """Add landed files on the branch."""
        return tables.append(self.table, files, branch=self.name, properties=properties)

    def replace(self, files: Sequence[DataFile], properties: Mapping[str, str] | None = None) -> int:
        """Make the landed files the branch's whole content."""
        return tables.replace(self.table, files, branch=self.name, properties=properties)

    def scan(self) -> pl.LazyFrame:
        """Read the branch as it is now."""
        return tables.scan(self.table, self.head)


def open_branch(table: Table, name: str) -> Branch:
    """Fork a branch from main's head; one left over by a killed run is discarded first.

    Raises:
        ConflictError: Another process opened a branch of this name in between.
    """
    refresh(table)
    if name == MAIN_BRANCH:
        raise CatalogError("main is not a branch to work on.", "Choose another name.")
    if head(table, name) is not None:
        discard(Branch(table, name, fork=0))
    fork = head(table)
    if fork is None:
        fork = tables.append(table, ())
    swap(
        table,
        "branch",
        require={name: None},
        updates=(set_head(name, fork),),
        done=lambda: head(table, name) == fork,
    )
    return Branch(table, name, fork)


def publish(branch: Branch) -> int:
    """Make the branch's head the head of main, if main is still where the branch forked; the branch is removed.

    Returns:
        Id of main's new head.

    Raises:
        ConflictError: Main moved since the fork; nothing is published. Fork again and replay.
    """
    target = branch.head
    swap(
        branch.table,
        "publish",
        require={MAIN_BRANCH: branch.fork, branch.name: target},
        updates=(
            set_head(MAIN_BRANCH, target),
            RemoveSnapshotRefUpdate(ref_name=branch.name),
        ),
        done=lambda: head(branch.table, branch.name) is None and _is_ancestor(branch.table, target),
    )
    return target


def discard(branch: Branch) -> None:
    """Remove a branch, its snapshots and the files that only it refers to; main is not touched."""
    table = refresh(branch.table)
    tip = head(table, branch.name)
    if tip is None:
        return
    kept = {s for ref in table.refs() if ref != branch.name for s in ancestors(table, head(table, ref))}
    own = [snapshot_id for snapshot_id in ancestors(table, tip) if snapshot_id not in kept]
    locations = [location for snapshot_id in own for location in _added_files(table, snapshot_id)]
    updates: tuple[TableUpdate, ...] = (RemoveSnapshotRefUpdate(ref_name=branch.name),)
    if own:
        # Snapshots whose files are about to go must not stay reachable by id.
        updates = (*updates, RemoveSnapshotsUpdate(snapshot_ids=own))
    swap(
        table,
        "discard",
        require={branch.name: tip},
        updates=updates,
        done=lambda: head(table, branch.name) is None,
    )
    landing.remove(table, locations)


def swap(
    table: Table,
    point: str,
    *,
    require: Mapping[str, int | None],
    updates: tuple[TableUpdate, ...],
    done: Callable[[], bool],
) -> None:
    """Move references in one compare-and-set; ``table`` is refreshed.

    Catalogs refuse a swap for unrelated commits too, so it is tried again as long as the required heads still hold.

    Args:
        table: The table.
        point: Name of the commit points.
        require: Head each reference must have; None = the reference must not exist.
        updates: What to change.
        done: Called after a failure: whether this swap has landed although its answer was lost.

    Raises:
        ConflictError: A required head moved.
    """
    requirements: tuple[TableRequirement, ...] = (
        AssertTableUUID(uuid=table.metadata.table_uuid),
        *(AssertRefSnapshotId(ref=ref, snapshot_id=snapshot_id) for ref, snapshot_id in require.items()),
    )
    pause = pauses()
    while True:
        commit_point(f"{point}.before")
        try:
            with translate(CatalogError, f"changing the references of {full_name(table)}"):
                table.catalog.commit_table(table, requirements, updates)
        except CatalogError as exc:
            refresh(table)
            if done():
                return
            for ref, wanted in require.items():
                if head(table, ref) != wanted:
                    raise ConflictError(
                        f"{ref} of {full_name(table)} moved from snapshot {wanted} to {head(table, ref)}.",
                        "Nothing was published; run again on the new state.",
                    ) from exc
            if exc.__cause__ is None or not lost_race(exc.__cause__) or not pause():
                raise
            continue
        commit_point(f"{point}.after")
        refresh(table)
        return


def set_head(branch: str, snapshot_id: int) -> SetSnapshotRefUpdate:
    """The update that makes a snapshot a branch's head; the branch is created if it is new."""
    return SetSnapshotRefUpdate(
        ref_name=branch,
        type=SnapshotRefType.BRANCH,
        snapshot_id=snapshot_id,
        max_ref_age_ms=None,
        max_snapshot_age_ms=None,
        min_snapshots_to_keep=None,
    )


def _is_ancestor(table: Table, snapshot_id: int) -> bool:
    return snapshot_id in ancestors(table, head(table))


def _added_files(table: Table, snapshot_id: int) -> list[str]:
    snapshot = table.snapshot_by_id(snapshot_id)
    if snapshot is None:
        return []
    with translate(CatalogError, f"reading the manifests of snapshot {snapshot_id}"):
        return [
            entry.data_file.file_path
            for manifest in snapshot.manifests(table.io)
            if manifest.added_snapshot_id == snapshot_id
            for entry in manifest.fetch_manifest_entry(table.io)
            if entry.status == ManifestEntryStatus.ADDED and entry.snapshot_id == snapshot_id
        ]
