"""Forget old states of a table: how long the settings keep them, and which ones others rest on whatever their age."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import timedelta

from pyiceberg.table import Table

from automic_core.errors import ConfigError
from automic_core.lakehouse import maintenance
from automic_core.lakehouse.commits import head
from automic_core.lakehouse.history import line
from automic_core.medallion.afterwards import afterwards
from automic_core.medallion.batches import CHANGES, LAST, layout
from automic_core.medallion.context import RUN_ID, SOURCES, LakeContext, made_by

DAY = timedelta(days=1)
ORPHAN_AGE = timedelta(hours=1)


def days(lake: LakeContext, name: str) -> int | None:
    """For how many days the settings keep the states of a table; None = for ever."""
    section = getattr(lake.settings.medallion, name.partition(".")[0], None)
    return section.retention_days if section is not None else None


def retain(lake: LakeContext, name: str, warnings: list[str]) -> list[int]:
    """Forget the states of a table that are older than its layer's ``retention_days``, and delete their files.

    Another process that changes the table comes first; then it is done the next time.

    Args:
        lake: The lake.
        name: Full name.
        warnings: Those of the run before, which tell it if this fails (``afterwards``).

    Returns:
        Ids of the forgotten snapshots.
    """
    limit = days(lake, name)
    if limit is None:
        return []
    gone: list[int] = []
    with afterwards("forgetting old states", name, warnings):
        gone = forget(lake, name, limit * DAY)
        if gone:
            sweep(lake, name)
    return gone


def forget(lake: LakeContext, name: str, older_than: timedelta, *, keep: int = 1, only: str | None = None) -> list[int]:
    """Forget states of a table that are old and that nothing rests on.

    What stays whatever its age: states that a branch or a tag names, or a newer layer was made of; the run that made
    the present rows; and all states of a bronze table that took in batches, which are the record of what it took in.

    Args:
        lake: The lake.
        name: Full name.
        older_than: Age a state must have.
        keep: Newest states that stay.
        only: Only states with this snapshot property.

    Raises:
        ConflictError: The table changed meanwhile; run again.
    """
    table = lake.table(name)
    if table is None or (name.startswith("bronze.") and layout(table).mode != CHANGES):
        return []
    stay = {state for each in {head(table), *_read_by_others(lake, name)} for state in _with_its_run(table, each)}
    return maintenance.expire(table, older_than=older_than, keep=keep, stay=stay, only=only)


def sweep(lake: LakeContext, name: str) -> int | None:
    """Delete files of a table that no state refers to any more; how many. None on an object store: its own rules do."""
    from automic_core.medallion.reviewing import staged_files  # which publishes promotions, and so forgets states

    if (table := lake.table(name)) is not None:
        with suppress(ConfigError):
            return len(maintenance.remove_orphans(table, older_than=ORPHAN_AGE, keep=staged_files(lake)))
    return None


def _read_by_others(lake: LakeContext, name: str) -> set[int]:
    """States that the present rows of other tables were made of."""
    made = [made_by(lake.need(other)) for other in lake.names() if other != name]
    read = [json.loads(said[SOURCES]) for said in made if SOURCES in said]
    return {sources[name] for sources in read if sources.get(name) is not None}


def _with_its_run(table: Table, snapshot_id: int | None) -> list[int]:
    """A state, and those before it up to the one that a run made, or that says how far a log goes."""
    found: list[int] = []
    for snapshot in line(table, snapshot_id) if snapshot_id is not None else ():
        found.append(snapshot.snapshot_id)
        said = snapshot.summary.additional_properties if snapshot.summary is not None else {}
        if RUN_ID in said or LAST in said:
            break
    return found
