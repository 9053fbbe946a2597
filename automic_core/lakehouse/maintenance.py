"""Keep a table small: merge small files, forget old states, delete files nobody refers to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.table import FileScanTask, Table, Transaction
from pyiceberg.table.refs import MAIN_BRANCH
from pyiceberg.table.update import RemoveSnapshotsUpdate

from automic_core.errors import CatalogError, ConfigError, ConflictError, translate
from automic_core.lakehouse import files as landing
from automic_core.lakehouse.branches import swap
from automic_core.lakehouse.commits import ancestors, commit, full_name, head, refresh, working_copy
from automic_core.lakehouse.schemas import CHANGE

DAY = timedelta(days=1)
SMALL_BYTES = 32 << 20


def compact(
    table: Table, *, small_bytes: int = SMALL_BYTES, least: int = 2, properties: Mapping[str, str] | None = None
) -> int:
    """Merge small files of main into larger ones in one snapshot; rows stay as they are.

    Args:
        table: The table; refreshed to the result.
        small_bytes: Files below this size are merged, and files with row deletes.
        least: Fewer such files are left alone.
        properties: Further snapshot properties, such as who asked for it.

    Returns:
        How many files were merged; 0 if nothing was done.

    Raises:
        ConflictError: Others rewrote one of the files meanwhile; nothing is changed, run again. Rows may be added.
    """
    fresh = working_copy(table)
    base = head(fresh)
    with translate(CatalogError, f"planning to compact {full_name(table)}"):
        tasks = [
            task
            for task in fresh.scan(snapshot_id=base).plan_files()
            if task.file.file_size_in_bytes < small_bytes or task.delete_files
        ]
    if len(tasks) < least or base is None:
        return 0
    writer = landing.BatchWriter(fresh)
    try:
        with translate(CatalogError, f"compacting {full_name(table)}"):
            for batch in ArrowScan(fresh.metadata, fresh.io, fresh.schema(), AlwaysTrue()).to_record_batches(tasks):
                writer.write(batch)
        merged = writer.close()
    except BaseException:
        writer.abort()
        raise

    def build(transaction: Transaction, current: Table, summary: Mapping[str, str]) -> None:
        live = {task.file.file_path: _deletes(task) for task in current.scan(snapshot_id=head(current)).plan_files()}
        if any(live.get(task.file.file_path) != _deletes(task) for task in tasks):
            raise ConflictError(f"Others rewrote files of {full_name(table)} meanwhile.", "Run again.")
        with transaction.update_snapshot(snapshot_properties=dict(summary)).overwrite() as producer:
            for task in tasks:
                producer.delete_data_file(task.file)
            for file in merged:
                producer.append_data_file(file)

    try:
        commit(
            table,
            "compact",
            build,
            properties={**(properties or {}), CHANGE: f"compact {len(tasks)} files"},
        )
    except ConflictError:
        landing.remove(fresh, [file.file_path for file in merged])
        raise
    return len(tasks)


def _deletes(task: FileScanTask) -> set[str]:
    """Files that say which rows of a file are deleted."""
    return {file.file_path for file in task.delete_files}


def expire(
    table: Table,
    *,
    older_than: timedelta = 30 * DAY,
    keep: int = 10,
    stay: Collection[int] = (),
    only: str | None = None,
) -> list[int]:
    """Forget states of main that are old, so that `remove_orphans` can delete their files. Time travel to them ends.

    Args:
        table: The table; refreshed to the result.
        older_than: Age a state must have.
        keep: Newest states of main that stay whatever their age.
        stay: Ids of others that stay.
        only: Forget only states that have this snapshot property.

    Returns:
        Ids of the forgotten snapshots. The heads of branches and tags, and all that is on a branch only, stay.

    Raises:
        ConflictError: Main moved meanwhile; run again.
    """
    now = head(refresh(table))
    limit = (datetime.now(UTC) - older_than).timestamp() * 1000
    line = ancestors(table, now)
    main = set(line)
    heads = {ref.snapshot_id for ref in table.refs().values()}
    drafts = {s for ref in table.refs() if ref != MAIN_BRANCH for s in ancestors(table, head(table, ref))} - main
    held = heads | drafts | set(line[:keep]) | set(stay)
    old = [s for s in table.snapshots() if s.snapshot_id not in held and s.timestamp_ms < limit]
    gone = [s.snapshot_id for s in old if only is None or (s.summary is not None and s.summary[only] is not None)]
    if gone:
        swap(
            table,
            "expire",
            require={MAIN_BRANCH: now},
            updates=(RemoveSnapshotsUpdate(snapshot_ids=gone),),
            done=lambda: all(table.snapshot_by_id(snapshot_id) is None for snapshot_id in gone),
        )
    return gone


def remove_orphans(table: Table, *, older_than: timedelta = DAY, keep: Collection[str] = ()) -> list[Path]:
    """Delete files below a local table's folder that no snapshot and no metadata refer to.

    Args:
        table: The table.
        older_than: Age by last change; younger files may belong to a run that has not committed yet.
        keep: Files that stay all the same: those that a review waits for (``reviewing.staged_files``).

    Returns:
        The deleted files.

    Raises:
        ConfigError: The table is not on a local disk.
    """
    folder = landing.local_path(refresh(table).location())
    if folder is None:
        raise ConfigError(f"{full_name(table)} is not on a local disk.", "Use the object store's own clean-up rules.")
    limit = (datetime.now(UTC) - older_than).timestamp()
    with translate(CatalogError, f"removing orphans of {full_name(table)}"):
        # Listed before the references are read: a file committed in between is then not in the list, or referred to.
        present = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.stat().st_mtime < limit]
        waiting = {path for location in keep if (path := landing.local_path(location)) is not None}
        used = _referred(refresh(table)) | waiting
        orphans = [path for path in present if path not in used]
        for path in orphans:
            path.unlink(missing_ok=True)
        for empty in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
            if empty.stat().st_mtime < limit and not any(empty.iterdir()):
                empty.rmdir()
    return orphans


def _referred(table: Table) -> set[Path]:
    locations = {table.metadata_location, *(entry.metadata_file for entry in table.metadata.metadata_log)}
    locations |= {statistics.statistics_path for statistics in table.metadata.statistics}
    for snapshot in table.snapshots():
        locations.add(snapshot.manifest_list)
        for manifest in snapshot.manifests(table.io):
            if manifest.manifest_path in locations:
                continue
            locations.add(manifest.manifest_path)
            entries = manifest.fetch_manifest_entry(table.io, discard_deleted=True)
            locations |= {entry.data_file.file_path for entry in entries}
    return {path for location in locations if (path := landing.local_path(location)) is not None}
