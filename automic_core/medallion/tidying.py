"""Keep a table small: small files are merged after runs that made many, and all that can be done is done by command."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from automic_core.errors import ConfigError
from automic_core.lakehouse import maintenance
from automic_core.medallion import retention
from automic_core.medallion.afterwards import afterwards
from automic_core.medallion.batches import CHANGES, layout
from automic_core.medallion.context import ACTOR, LakeContext

MERGE_AFTER, SMALL_BYTES = 20, 8 << 20
"""So many files below this size are merged by themselves."""


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
    """Merge the small files of a table if there are many, after a run whose rows are in.

    Args:
        lake: The lake.
        name: Full name.
        warnings: Those of the run, which tell it if this fails (``afterwards``).
    """
    with afterwards("merging small files", name, warnings):
        said = {ACTOR: lake.actor}
        maintenance.compact(lake.need(name), small_bytes=SMALL_BYTES, least=MERGE_AFTER, properties=said)


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
        merged = maintenance.compact(table, properties={ACTOR: lake.actor})
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
