"""Follow a table of a source: its changes into a change log in bronze, and from there into silver."""

from __future__ import annotations

import re
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import polars as pl
import pyarrow as pa

from automic_core import frames
from automic_core.contracts import SourceAdapter
from automic_core.contracts.changes import (
    CHANGE_COLUMNS,
    COMMITTED_AT,
    INSERT,
    LSN,
    OP,
    ChangeLog,
    Followed,
    Piece,
)
from automic_core.errors import AutomicError, ConfigError, UnavailableError
from automic_core.events import Event, Listener, RunReport, StepStats
from automic_core.extraction.comparing import Comparison
from automic_core.faults import commit_point
from automic_core.lakehouse import tables
from automic_core.lakehouse.commits import pauses
from automic_core.medallion import resolving
from automic_core.medallion.applying import blocked
from automic_core.medallion.bronze import as_text
from automic_core.medallion.changelog import FOLLOWER, ChangeLanding, Place, place, prepared
from automic_core.medallion.context import LakeContext, now, run_entry, split_name
from automic_core.medallion.upkeep import Upkeep

Silver = Literal["same", "state", "history", "none"]
MOST_ROWS = 500_000
"""So many changes are committed at once at most, unless one transaction has more."""


@dataclass(frozen=True)
class How:
    """How a table is followed.

    Attributes:
        keys: Columns that identify a row; None = as before, at first the source's own.
        silver: state, history, same (as it was, at first state), or none.
        until_now: Whether to end when the present is reached.
        compare: Compare hashes although the source has a log.
        fresh: Begin the log anew: a snapshot is compared with what is there, then the log goes on from it.
        contract: What to do with columns that the table does not have: evolve, freeze or discard_value.
        every: Seconds between two commits of changes, or between two comparisons.
        stop: Asked several times a second whether to end.
    """

    keys: Sequence[str] | None = None
    silver: Silver = "same"
    until_now: bool = True
    compare: bool = False
    fresh: bool = False
    contract: str = "evolve"
    every: float = 1.0
    stop: Callable[[], bool] = lambda: False


@dataclass
class Following:
    """What following a table did.

    Attributes:
        ops: Changes by what they were: i, u, d, t.
        position: Up to where the log is in the table now; "" for a source without one.
        began: Whether a snapshot was read first.
        applied: Rows written to and deleted from silver.
    """

    table: str
    report: RunReport
    ops: Counter[str] = field(default_factory=Counter)
    position: str = ""
    began: bool = False
    applied: Counter[str] = field(default_factory=Counter)


class Follower:
    """One process that follows one table."""

    def __init__(
        self, lake: LakeContext, source: SourceAdapter, table: str, how: How, on_event: Listener | None = None
    ) -> None:
        lake.writable()
        if how.contract not in ("evolve", "freeze", "discard_value"):
            raise ConfigError(f"There is no contract {how.contract!r} here.", "Choose evolve, freeze or discard_value.")
        if how.silver not in get_args(Silver):
            raise ConfigError(f"There is no silver {how.silver!r}.", f"Choose {', '.join(get_args(Silver))}.")
        short = split_name(table, "bronze")
        self._lake, self._source, self._how, self._listener = lake, as_text(source), how, on_event
        self._name = f"bronze.{short}"
        report = RunReport(uuid.uuid4().hex[:12], f"follow {self._name}", source.identity, self._name)
        self.done = Following(self._name, report)
        stored = prepared(lake, self._name)
        before = place(stored)
        if before is not None and how.keys and list(how.keys) != before.keys:
            raise ConfigError(
                f"{self._name} is followed by {', '.join(before.keys)}, not {', '.join(how.keys)}.",
                "Follow into another table.",
            )
        keys = before.keys if before is not None else how.keys
        self._log = self._log_of(_slot_name(short, stored), keys)
        if not (chosen := self._log.keys if self._log is not None else list(keys or ())):
            raise ConfigError(f"{source.identity} is compared by keys.", "Name the columns of its key (--keys).")
        self._landing = ChangeLanding(lake, self._name, source.identity, chosen, how.contract)
        kind = how.silver if how.silver == "state" or how.silver == "history" else None
        self._upkeep = Upkeep(lake, short, self.done, applies=how.silver != "none", kind=kind)

    def run(self) -> Following:
        """Follow until the present, or until stopped.

        Raises:
            SourceError: The log is lost, or the source stays away; what was committed stays.
            AutomicError: Rows cannot be written.
        """
        with self._lake.recording(f"follow {self._name}", self._name):
            try:
                self._follow()
            finally:
                self._landing.abort()
                self._upkeep.close()
            self._upkeep.finish()
        return self._closed()

    def forget(self) -> None:
        """Give up the source's log; tables stay as they are."""
        if self._log is not None:
            self._log.forget()

    def _follow(self) -> None:
        before = self._landing.place
        if self._log is None:
            return self._compare_again()
        if before is None or not before.position or self._how.fresh:
            self._begin(self._log)
        pause: Callable[[], bool] | None = None
        while True:
            reached = self._landing.place
            assert reached is not None
            try:
                changes = self._log.changes(reached.position, reached.origin, until_now=self._how.until_now)
                with closing(changes):
                    return self._stream(self._log, changes, reached)
            except UnavailableError:
                self._landing.abort()
                if reached != self._landing.place or pause is None:  # it went on since: patience begins anew
                    pause = pauses()
                if self._how.stop() or not pause():
                    raise

    def _log_of(self, name: str, keys: Sequence[str] | None) -> ChangeLog | None:
        if self._how.compare or not isinstance(self._source, Followed):
            return None
        return self._source.change_log(name, keys)

    def _begin(self, log: ChangeLog) -> None:
        """Read everything as of where the log begins."""
        try:
            beginning = log.begin()
            with closing(beginning.rows) as rows:
                self._take(rows, f"snapshot {self.done.report.run_id}", beginning.position, beginning.origin)
        except BaseException:
            with suppress(AutomicError):  # the server would keep its log for nobody
                log.forget()
            raise
        self.done.began = True

    def _compare_again(self) -> None:
        while True:
            self._source.connect()
            try:
                self._take(self._source.batches(), f"comparison {uuid.uuid4().hex[:12]}")
            finally:
                self._source.close()
            self._upkeep.tend(self._landing)
            if self._how.until_now:
                return
            next_time = time.monotonic() + self._how.every
            while time.monotonic() < next_time:
                if self._how.stop():
                    return
                time.sleep(min(0.2, self._how.every))

    def _take(self, rows: Iterator[pa.RecordBatch], batch: str, position: str = "", origin: str = "") -> None:
        """The differences between the state and the rows of one moment, as one batch of changes."""
        before = self._landing.place
        at = now()
        for each in self._differences(rows, before):
            self._land(_stamped(each, position or batch, at), batch)
        if self._landing.rows or before is None or before.position != position:
            self._commit(position, origin)

    def _differences(self, batches: Iterator[pa.RecordBatch], before: Place | None) -> Iterator[pl.DataFrame]:
        if before is None:
            for batch in batches:
                yield _shown(frames.from_arrow(batch)).with_columns(pl.lit(INSERT).alias(OP))
            return
        state = resolving.current(tables.scan(self._lake.need(self._name)), before.keys)
        comparison = Comparison(state, before.keys, self._source.identity, self._landing.fitted)
        for batch in batches:
            yield comparison.take(_shown(frames.from_arrow(batch)))
        yield comparison.gone()

    def _stream(self, log: ChangeLog, pieces: Iterator[Piece], found: Place) -> None:
        committed, batch, greeted = time.monotonic(), f"changes after {found.position}", False
        for piece in pieces:
            if not greeted:  # a process that died may have committed this and not said so
                log.acknowledge(found.position)
                greeted = True
            if piece.rows is not None:
                self._land(piece.rows, batch)
            ending = self._how.stop()
            if piece.position is not None and self._ripe(piece, committed, ending):
                self._commit(piece.position, found.origin)
                commit_point("acknowledge.before")
                log.acknowledge(piece.position)
                batch, committed = f"changes after {piece.position}", time.monotonic()
            self._upkeep.tend(self._landing)
            if ending and not self._landing.rows:
                return

    def _ripe(self, piece: Piece, committed: float, ending: bool) -> bool:
        if not self._landing.rows:
            return piece.due
        if piece.last or piece.due or ending or self._landing.rows >= MOST_ROWS:
            return True
        return time.monotonic() - committed >= self._how.every

    def _land(self, rows: pa.RecordBatch, batch: str) -> None:
        if rows.num_rows or self._landing.place is None:
            self._landing.add(rows, batch)
        self.done.ops.update(rows.column(OP).to_pylist())
        self._tell("progress", self.done.report.rows_in + self._landing.rows)

    def _commit(self, position: str, origin: str) -> None:
        report, rows = self.done.report, self._landing.rows
        report.rows_in += rows
        report.rows_out += rows
        report.steps = [StepStats("follow", self._source.kind or "source", report.rows_in, rows_out=report.rows_in)]
        report.seconds = (now() - report.started_at).total_seconds()
        report.check()
        self._landing.commit(position, origin, {**self._lake.summary(report), FOLLOWER: report.run_id})
        self.done.position = position

    def _closed(self) -> Following:
        report = self.done.report
        report.notes.extend(self._log.notes() if self._log is not None else self._source.notes())
        report.seconds = (now() - report.started_at).total_seconds()
        if self._how.silver != "none" and (why := blocked(self._lake, self._name.partition(".")[2])) is not None:
            report.notes.append(why)
        self._lake.state.rebuild(runs=[run_entry(report, self._name, self._lake.actor)])
        self._tell("finished", report.rows_out)
        return self.done

    def _tell(self, kind: Literal["progress", "finished"], rows: int) -> None:
        if self._listener is not None:
            seconds = (now() - self.done.report.started_at).total_seconds()
            self._listener(Event(kind, self.done.report.run_id, rows, None, seconds))


def _slot_name(short: str, table: Any) -> str:
    """A name that is this table's own in all lakes."""
    plain = re.sub(r"[^a-z0-9_]", "_", short.lower())[:40]
    return f"automic_{plain}_{table.metadata.table_uuid.hex[:12]}"


def _shown(batch: pl.DataFrame) -> pl.DataFrame:
    """Columns of the source that would pass for bookkeeping under other names."""
    named = batch.rename(frames.shown(batch.columns))
    kept = [*frames.data_names(named.columns), *([frames.RESCUED] if frames.RESCUED in named.columns else [])]
    return named.select(kept)


def _stamped(rows: pl.DataFrame, lsn: str, at: Any) -> pa.RecordBatch:
    """Differences with the columns of a change."""
    texts = [pl.lit(None, dtype=pl.String).alias(n) for n in (frames.RESCUED, "_unchanged") if n not in rows.columns]
    stamped = rows.with_columns(
        pl.lit(lsn).alias(LSN), pl.lit(at).cast(pl.Datetime("us", "UTC")).alias(COMMITTED_AT), *texts
    )
    table = stamped.to_arrow(compat_level=pl.CompatLevel.oldest()).combine_chunks()
    batches = table.to_batches()
    if not batches:
        return pa.RecordBatch.from_pylist([], schema=table.schema)
    columns = {name: batches[0].column(name) for name in batches[0].schema.names}
    return pa.RecordBatch.from_pydict(
        {n: column.cast(CHANGE_COLUMNS[n]) if n in CHANGE_COLUMNS else column for n, column in columns.items()}
    )
