"""Keep a table small: small files are merged after runs that made many, and all that can be done is done by command."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from pyiceberg.table import Table

from automic_core.errors import ConfigError
from automic_core.lakehouse import maintenance, tables
from automic_core.medallion import retention
from automic_core.medallion.afterwards import afterwards
from automic_core.medallion.batches import CHANGES, layout
from automic_core.medallion.context import ACTOR, LakeContext

MERGE_AFTER, SMALL_BYTES, TINY_BYTES, SMALL_SHARE = 20, 8 << 20, 256 << 10, 1 / 64
"""So many files that are small, and a small share of their table or tiny, are merged by themselves: what is merged
costs little beside the table, and a table of few rows keeps the files in which it was written."""


@dataclass(frozen=True)
class Tidied:
    """What was done for a table.

    Attributes:
        merged: Small files that were merged into larger ones.
        states: Old states that were forgotten.
        files: Files that were deleted, since no state refers to them.
        stays: Why old states or files stay, in sentences.
    """

    table: str
    merged: int
    states: int
    files: int
    stays: tuple[str, ...] = ()


def settle(lake: LakeContext, name: str, warnings: list[str]) -> None:
    """Merge the small files of a table, if it is there and they are many, after a run whose rows are in.

    Args:
        lake: The lake.
        name: Full name.
        warnings: Those of the run, which tell it if this fails (``afterwards``).
    """
    with afterwards("merging small files", name, warnings):
        said = {ACTOR: lake.actor}
        table = lake.table(name)
        if table is None or (tables.file_count(table) or MERGE_AFTER) < MERGE_AFTER:
            return
        maintenance.compact(table, small_bytes=_little(table), least=MERGE_AFTER, properties=said)


def small_bytes(table: Table) -> int:
    """The size below which a file had better be merged; silver is in small files, of which a new version costs one."""
    return _little(table) if table.name()[0] == "silver" else maintenance.SMALL_BYTES


def _little(table: Table) -> int:
    return min(SMALL_BYTES, max(TINY_BYTES, int(tables.stored_bytes(table) * SMALL_SHARE)))


def tidy(lake: LakeContext, name: str, older_than: timedelta | None = None) -> Tidied:
    """Merge the small files of a table, forget its old states, delete the files that no state refers to any more.

    Rows, tags and branches stay, and states that something rests on (``retention.forget``).

    Args:
        lake: The lake.
        name: Full name.
        older_than: Age of the states to forget; None = as ``retention_days`` says.

    Raises:
        CatalogError: There is no such table.
        ConfigError: The age is negative.
        ConflictError: Another process changed the table meanwhile; run again.
    """
    lake.writable()
    if older_than is not None and older_than < timedelta(0):
        raise ConfigError("The age of a state is not negative.", "0 forgets all states that nothing rests on.")
    table = lake.need(name)
    with lake.recording(f"tidy {name}", name):
        merged = maintenance.compact(table, small_bytes=small_bytes(table), properties={ACTOR: lake.actor})
        stays = []
        days = retention.days(lake, name)
        age = older_than if older_than is not None else None if days is None else days * retention.DAY
        states = 0
        if name.startswith("bronze.") and layout(table).mode != CHANGES:
            stays.append("States of a table of batches stay: they are the record of what was taken in.")
        elif age is None:
            stays.append("Old states stay where retention_days is not set.")
        else:
            states = len(retention.forget(lake, name, age))
        files = retention.sweep(lake, name)
        if files is None:
            stays.append("Files stay: on an object store its own rules delete them.")
    return Tidied(name, merged, states, files or 0, tuple(stays))
