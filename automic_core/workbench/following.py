"""Follow a table of a source into a lake, change by change."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from automic_core.contracts import SourceAdapter
from automic_core.events import Listener
from automic_core.lake import Lakehouse
from automic_core.medallion.following import Following, Silver


def follow(
    lake: Lakehouse,
    source: SourceAdapter,
    table: str,
    *,
    keys: Sequence[str] = (),
    silver: Silver = "same",
    until_now: bool = True,
    compare: bool = False,
    fresh: bool = False,
    contract: str = "evolve",
    every: float = 1.0,
    stop: Callable[[], bool] | None = None,
    on_event: Listener | None = None,
) -> Following:
    """Take the changes of a source into a change log and apply them to silver; arguments as ``lake.bronze.follow``."""
    how = {"compare": compare, "fresh": fresh, "contract": contract, "every": every, "stop": stop}
    return lake.bronze.follow(source, table, list(keys) or None, silver, until_now, on_event=on_event, **how)  # type: ignore[arg-type]


def unfollow(lake: Lakehouse, source: SourceAdapter, table: str) -> None:
    """Give up the source's log of a table; what is in the lake stays."""
    lake.bronze.unfollow(source, table)
