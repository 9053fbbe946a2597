"""Beside following, by a thread of its own: changes into silver, and tables kept small."""

from __future__ import annotations

import contextvars
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

from automic_core.lakehouse import maintenance
from automic_core.medallion import retention
from automic_core.medallion.afterwards import afterwards
from automic_core.medallion.applying import Applied, Kind, apply, blocked
from automic_core.medallion.changelog import FOLLOWER
from automic_core.medallion.context import ACTOR, RUN_ID, LakeContext
from automic_core.medallion.tidying import MERGE_AFTER, SMALL_BYTES

if TYPE_CHECKING:
    from automic_core.medallion.changelog import ChangeLanding
    from automic_core.medallion.following import Following

APPLY_SECONDS = 10.0
SHARE = 5
"""An application may take one part in so many of the time."""
COMPACT_COMMITS = 20
SWEEP_SECONDS = 900.0
KEEP = {"bronze": timedelta(seconds=10), "silver": timedelta(minutes=10)}
"""States that following made are forgotten when they are older, unless the settings say for how long to keep states: a
commit costs the more the more there are, and the change log holds every change anyway. What others made stays."""
LEAST_STATES = {"bronze": 10, "silver": 60}


class Upkeep:
    """What a follower does now and then.

    Args:
        lake: The lake.
        table: The table's name without its layer.
        done: Where to count what was applied.
        applies: Whether changes go to silver.
        kind: What silver is to be; None = as it was.
    """

    def __init__(self, lake: LakeContext, table: str, done: Following, *, applies: bool, kind: Kind | None) -> None:
        self._lake, self._table, self._done, self._applies, self._kind = lake, table, done, applies, kind
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="automic-apply")
        self._running: Future[Applied | None] | None = None
        self._next = time.monotonic()
        self._commits = 0
        self._position: object = None
        self._swept = time.monotonic()
        self._mark = {FOLLOWER: done.report.run_id, ACTOR: lake.actor}

    def tend(self, landing: ChangeLanding) -> None:
        """Called between commits: begin what is due, if nothing is under way.

        Raises:
            AutomicError: An application failed.
        """
        if landing.place != self._position:
            self._position = landing.place
            self._commits += 1
        if self._running is not None and self._running.done():
            self._count(self._running.result())
            self._running = None
        if self._running is None and (work := self._due()) is not None:
            self._running = self._worker.submit(contextvars.copy_context().run, work)

    def _due(self) -> Callable[[], Applied | None] | None:
        """What is to be done now."""
        if self._commits >= COMPACT_COMMITS:
            self._commits = 0
            return lambda: self._tidy(f"bronze.{self._table}")
        if time.monotonic() - self._swept >= SWEEP_SECONDS:
            return self._sweep
        return self._apply if self._applies and time.monotonic() >= self._next else None

    def finish(self) -> None:
        """Apply what is left, and tidy up after many short runs.

        Raises:
            AutomicError: It failed, or what ran last did.
        """
        if self._running is not None:
            self._running.result()
        if self._applies:
            self._count(self._apply())
        self._tidy(f"bronze.{self._table}", MERGE_AFTER)

    def close(self) -> None:
        """Wait for what runs; ``finish`` raises its failure."""
        self._worker.shutdown(wait=True)
        if self._running is not None and self._running.exception() is None:
            self._count(self._running.result())
            self._running = None

    def _apply(self) -> Applied | None:
        if self._lake.table(f"bronze.{self._table}") is None or blocked(self._lake, self._table) is not None:
            return None
        began = time.monotonic()
        done = apply(self._lake, self._table, self._kind, {RUN_ID: self._done.report.run_id, **self._mark})
        spent = time.monotonic() - began
        self._next = time.monotonic() + max(APPLY_SECONDS, SHARE * spent)
        self._tidy(f"silver.{self._table}")
        return done

    def _count(self, done: Applied | None) -> None:
        if done is not None:
            self._done.applied.update(rows=done.rows, deleted=done.deleted, changes=done.changes)

    def _tidy(self, name: str, least: int = 2) -> None:
        """Merge small files, forget old states; another process that changes the table may come first, then later."""
        table = self._lake.table(name)
        if table is None:
            return
        layer, warnings = name.partition(".")[0], self._done.report.warnings
        with afterwards("merging small files", name, warnings):
            maintenance.compact(table, small_bytes=SMALL_BYTES, least=least, properties=self._mark)
        with afterwards("forgetting old states", name, warnings):
            if retention.days(self._lake, name) is None:
                retention.forget(self._lake, name, KEEP[layer], keep=LEAST_STATES[layer], only=FOLLOWER)
        retention.retain(self._lake, name, warnings)

    def _sweep(self) -> None:
        """Delete what no state refers to any more."""
        self._swept = time.monotonic()
        for name in (f"{layer}.{self._table}" for layer in KEEP):
            with afterwards("deleting files that nothing needs", name, self._done.report.warnings):
                retention.sweep(self._lake, name)
