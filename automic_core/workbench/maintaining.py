"""Keep tables small by command: merge small files, forget old states, delete files that nothing refers to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from automic_core.errors import CatalogError, ConfigError
from automic_core.events import Listener
from automic_core.lake import Lakehouse
from automic_core.medallion.tidying import Tidied as Tidied
from automic_core.medallion.tidying import tidy

_LAYERS = ("bronze", "silver", "gold")
_MOST_DAYS = 100_000


def maintain(lake: Lakehouse, table: str | None = None, older_than: float | None = None) -> list[Tidied]:
    """Tidy up a table of bronze, silver or gold, or all of them; rows, tags and branches stay.

    Args:
        lake: The lake.
        table: Full name; a bare name means that of every layer; None = all tables.
        older_than: Days after which a state is forgotten; None = as ``retention_days`` says.

    Raises:
        CatalogError: There is no such table.
        ConfigError: It is no number of days.
        ConflictError: Another process changed a table meanwhile; run again.
    """
    known = [name for layer in _LAYERS for name in lake.tables(layer)]
    names = [name for name in known if table is None or table in (name, name.partition(".")[2])]
    if table is not None and not names:
        raise CatalogError(f"There is no table {table}.", "See `automic tables`.")
    if older_than is not None and not 0 <= older_than <= _MOST_DAYS:
        raise ConfigError(f"{older_than} is no number of days.", f"Between 0 and {_MOST_DAYS:,}.")
    age = timedelta(days=older_than) if older_than is not None else None
    return [tidy(lake.context, name, age) for name in names]


def maintain_task(lake: Lakehouse, arguments: Mapping[str, Any], on_event: Listener) -> dict[str, Any]:
    """Tidy up one table, as a job. Arguments: ``table``, its full name."""
    [done] = maintain(lake, str(arguments["table"]))
    return {**asdict(done), "told": tidied(done)}


def tidied(done: Tidied) -> str:
    """What was done, in words: "12 files merged, 3 states forgotten"."""
    counts = ((done.merged, "file", "merged"), (done.states, "state", "forgotten"), (done.files, "file", "deleted"))
    parts = [f"{number:,} {noun}{'' if number == 1 else 's'} {verb}" for number, noun, verb in counts if number]
    return ", ".join(parts) or "nothing to do"
