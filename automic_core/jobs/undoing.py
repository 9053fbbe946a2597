"""A cancelled job leaves the tables as they were, whenever the cancel came."""

from __future__ import annotations

from collections.abc import Mapping

from pyiceberg.table import Table

from automic_core.lake import Lakehouse
from automic_core.lakehouse import tables
from automic_core.lakehouse.commits import ancestors, head
from automic_core.medallion.context import JOB, RUN_ID
from automic_core.state.jobs import Job


def base(lake: Lakehouse, table: str) -> dict[str, int | None]:
    """Table to its snapshot before a job; all tables if the job may change several."""
    names = [table] if table else lake.tables()
    found = {name: lake.context.table(name) for name in names}
    return {name: head(stored) if stored is not None else None for name, stored in found.items()}


def restore(lake: Lakehouse, job: Job) -> None:
    """Take back what a job published, except where others have published on top of it."""
    if job.base is None:
        return
    gone: list[str] = []
    for name in [job.table] if job.table else reversed(lake.tables()):
        table = lake.context.table(name)
        if table is not None:
            gone += _restore(lake, name, table, job.base.get(name), job)
    if gone:
        lake.context.state.take_back(gone, "Its job was cancelled, and what it had published was taken back.")


def _restore(lake: Lakehouse, name: str, table: Table, before: int | None, job: Job) -> list[str]:
    """Runs whose states were taken back."""
    line = ancestors(table, head(table))
    mine = line[: line.index(before)] if before in line else line
    if not mine or (before is not None and before not in line) or any(_foreign(table, each, job) for each in mine):
        return []
    if before is not None:
        lake.rollback(name, before)
    else:
        tables.drop(lake.context.catalog, name)
    return [run for each in mine if (run := _summary(table, each).get(RUN_ID))]


def _foreign(table: Table, snapshot_id: int, job: Job) -> bool:
    """Whether another run made a state; a table's empty beginning and compactions are nobody's."""
    summary = _summary(table, snapshot_id)
    return RUN_ID in summary and summary.get(JOB) != job.id and summary[RUN_ID] not in job.run_ids


def _summary(table: Table, snapshot_id: int) -> Mapping[str, str]:
    snapshot = table.snapshot_by_id(snapshot_id)
    return snapshot.summary.additional_properties if snapshot is not None and snapshot.summary else {}
