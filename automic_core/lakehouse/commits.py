"""The one way a snapshot gets into a table: build on fresh metadata, commit, redo if another writer was faster."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping

from pyiceberg.exceptions import (
    CommitFailedException,
    CommitStateUnknownException,
    NoSuchTableError,
    ValidationException,
)
from pyiceberg.table import Table, Transaction
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.refs import MAIN_BRANCH
from pyiceberg.table.snapshots import Snapshot
from sqlalchemy.exc import OperationalError

from automic_core.errors import CatalogError, ConflictError, translate
from automic_core.faults import commit_point
from automic_core.lakehouse import transactions

COMMIT_ID = "automic.commit-id"
PATIENCE_SECONDS = 90.0
_FIRST_WAIT, _LONGEST_WAIT = 0.02, 1.0

Build = Callable[[Transaction, Table, Mapping[str, str]], None]


def full_name(table: Table) -> str:
    """The table's name with its namespace, such as "bronze.orders"."""
    return ".".join(table.name())


def head(table: Table, branch: str = MAIN_BRANCH) -> int | None:
    """Id of the branch's newest snapshot as this table object knows it."""
    snapshot = table.snapshot_by_name(branch)
    return snapshot.snapshot_id if snapshot else None


def frozen(table: Table) -> Table:
    """A copy that no commit or refresh changes; readers hold one so that what they see stays put."""
    return _copy(table, table.metadata, table.metadata_location)


def imagined(table: Table, metadata: TableMetadata) -> Table:
    """The table as it would be under metadata that no catalog has seen: to read what is staged but not committed."""
    # Without a location readers plan from the metadata in hand instead of reading the file it would be in.
    return _copy(table, metadata, None)


def _copy(table: Table, metadata: TableMetadata, location: str | None) -> Table:
    return Table(
        identifier=table.name(),
        metadata=metadata,
        metadata_location=location,  # type: ignore[arg-type]
        io=table.io,
        catalog=table.catalog,
        config=table.config,
    )


def refresh(table: Table) -> Table:
    """Load the newest metadata into this table object and return it.

    Raises:
        CatalogError: The table is gone, or the catalog cannot be reached.
    """
    with translate(CatalogError, f"loading {full_name(table)}"):
        try:
            table.refresh()
        except NoSuchTableError as exc:
            raise CatalogError(f"Table {full_name(table)} does not exist any more.") from exc
    return table


def working_copy(table: Table) -> Table:
    """A fresh copy to build one commit on, with the library's own retries off.

    Those retries rebuild a snapshot on a head that nobody checked and drop the assertions about the old one; `commit`
    rebuilds instead, so that every guard is checked again.
    """
    fresh = frozen(refresh(table))
    properties = {**fresh.metadata.properties, "commit.retry.num-retries": "0"}
    fresh.metadata = fresh.metadata.model_copy(update={"properties": properties})
    return fresh


def lost_race(exc: BaseException) -> bool:
    """Whether a commit may simply be tried again: another writer was faster, or the catalog was busy or went away.

    Writers on different branches collide on the sequence number, which PyIceberg reports as a plain ValueError.
    """
    if isinstance(exc, (CommitFailedException, ValidationException, CommitStateUnknownException, OperationalError)):
        return True
    return isinstance(exc, ValueError) and "Cannot add snapshot with sequence number" in str(exc)


def ancestors(table: Table, snapshot_id: int | None) -> list[int]:
    """Ids of a snapshot and all before it, newest first."""
    parents = {snapshot.snapshot_id: snapshot.parent_snapshot_id for snapshot in table.snapshots()}
    found: list[int] = []
    while snapshot_id is not None and snapshot_id in parents:
        found.append(snapshot_id)
        snapshot_id = parents[snapshot_id]
    return found


def published(table: Table) -> set[int]:
    """Ids of the snapshots that main has or had; what lies on a branch only is not among them."""
    tips = {entry.snapshot_id for entry in table.history()} | {head(table)}
    return {snapshot_id for tip in tips for snapshot_id in ancestors(table, tip)}


def landed(table: Table, key: str, value: str) -> int | None:
    """Id of the newest published snapshot with this property: how a rerun sees that its commit is already there.

    A snapshot that a killed run left on a branch does not count.
    """
    ids = published(table)
    return next((s.snapshot_id for s in _carrying(table, key, value) if s.snapshot_id in ids), None)


def _carrying(table: Table, key: str, value: str) -> Iterator[Snapshot]:
    for snapshot in reversed(table.snapshots()):
        if snapshot.summary is not None and snapshot.summary.additional_properties.get(key) == value:
            yield snapshot


def pauses() -> Callable[[], bool]:
    """A function that sleeps a jittered, growing while and says whether patience is left."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    wait = _FIRST_WAIT

    def pause() -> bool:
        nonlocal wait
        if time.monotonic() > deadline:
            return False
        time.sleep(wait * random.uniform(0.5, 1.5))  # noqa: S311
        wait = min(wait * 1.6, _LONGEST_WAIT)
        return True

    return pause


def commit(
    table: Table,
    point: str,
    build: Build,
    *,
    branch: str = MAIN_BRANCH,
    expected: int | None = None,
    properties: Mapping[str, str] | None = None,
) -> int:
    """Commit one change; ``table`` is refreshed to the result.

    Args:
        table: The table to change.
        point: Name of the commit points around it ("append" gives "append.before" and "append.after").
        build: Stages the change on a transaction of a fresh copy; called again on each attempt, so it must be cheap.
            It receives the snapshot properties to pass on.
        branch: The branch that ``build`` writes to.
        expected: Id the branch's head must have; None = any.
        properties: Snapshot properties such as ``automic.run-id``.

    Returns:
        Id of the branch's head after the commit.

    Raises:
        ConflictError: The head is not ``expected``, or other writers kept winning for `PATIENCE_SECONDS`.
        CatalogError: Anything else the catalog refuses.
    """
    commit_id = uuid.uuid4().hex
    summary = {**(properties or {}), COMMIT_ID: commit_id}
    pause = pauses()
    while True:
        fresh = working_copy(table)
        if (done := next(_carrying(fresh, COMMIT_ID, commit_id), None)) is not None:
            return done.snapshot_id
        if expected is not None and head(fresh, branch) != expected:
            raise ConflictError(
                f"{branch} of {full_name(table)} moved from snapshot {expected} to {head(fresh, branch)}.",
                "Run again on the new state.",
            )
        commit_point(f"{point}.before")
        try:
            with translate(CatalogError, f"committing to {full_name(table)}"):
                transaction = transactions.change(fresh)
                build(transaction, fresh, summary)
                transaction.commit_transaction()
        except CatalogError as exc:
            cause = exc.__cause__
            if cause is None or not lost_race(cause):
                raise
            if pause():
                continue
            raise ConflictError(f"Other writers kept changing {full_name(table)}.", "Run again later.") from cause
        commit_point(f"{point}.after")
        if fresh.metadata_location != table.metadata_location:
            table.metadata, table.metadata_location = fresh.metadata, fresh.metadata_location
        result = head(table, branch)
        if result is None:
            raise CatalogError(f"{branch} of {full_name(table)} has no snapshot.")
        return result
