"""Bronze: every record as it arrived, once, with its origin."""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

import polars as pl
from pyiceberg.table import Table

from automic_core import registry
from automic_core.contracts import Incremental, SourceAdapter
from automic_core.errors import ConfigError, ConflictError, SourceError, translate
from automic_core.events import Event, Listener, RunReport
from automic_core.extraction.incremental import Increment
from automic_core.lakehouse import schemas, tables
from automic_core.medallion import watermarks
from automic_core.medallion.batches import (
    BATCH,
    CHANGES,
    HASH,
    INCREMENTAL,
    KEYS,
    MODE,
    READ_AS,
    SOURCE,
    content_key,
    known_batches,
    last_number,
    layout,
    rows_of_others,
)
from automic_core.medallion.context import LakeContext, run_entry, split_name
from automic_core.medallion.landing import BatchLanding
from automic_core.medallion.tidying import settle

if TYPE_CHECKING:
    from automic_core.medallion.following import Following, Silver

RecordMode = Literal["append", "snapshot"]
ATTEMPTS = 5


@dataclasses.dataclass(frozen=True)
class _Order:
    """What was asked for of an ingest, for each of its batches."""

    name: str
    mode: RecordMode
    keys: Sequence[str] | None
    force: bool
    contract: str
    on_event: Listener | None
    incremental: Incremental | None


@dataclasses.dataclass
class Ingestion:
    """What one ingest did: a report a batch; a batch that was there already has none."""

    table: str
    reports: list[RunReport] = dataclasses.field(default_factory=list)
    unchanged: list[str] = dataclasses.field(default_factory=list)

    @property
    def rows(self) -> int:
        """Rows added."""
        return sum(report.rows_out for report in self.reports)


class Bronze:
    """Takes records in. Get it as ``lake.bronze``."""

    def __init__(self, context: LakeContext) -> None:
        self._lake = context

    def ingest(
        self,
        source: SourceAdapter,
        table: str,
        mode: RecordMode = "append",
        keys: Sequence[str] | None = None,
        force: bool = False,
        contract: str = "evolve",
        on_event: Listener | None = None,
        incremental: Incremental | None = None,
    ) -> Ingestion:
        """Add the records of a source to a bronze table; text stays text, nothing is dropped.

        Args:
            source: A glob is many batches, one a file.
            table: Name with or without "bronze.".
            mode: append: silver reads all batches; snapshot: only the newest of each source.
            keys: Columns that identify a row: silver keeps the last version of each. None = those declared before.
            force: Take a batch again although the same content is there.
            contract: What to do with columns the table does not have: evolve (add them), freeze (refuse), discard_row
                or discard_value; what is discarded stays in ``_rescued``.
            on_event: Called with signs of life.
            incremental: Read only what is new by a cursor; each source has a watermark of its own, which moves with the
                snapshot that brings the rows.

        Raises:
            ConfigError: There is no such mode, contract or key column, or they do not go together.
            AutomicError: Nothing of the failing batch is visible, not even its columns; batches before it are.
        """
        self._lake.writable()
        name = f"bronze.{split_name(table, 'bronze')}"
        _one_of("mode", mode, get_args(RecordMode))
        _one_of("contract", contract, [str(known) for known in schemas.ContractMode])
        if incremental is not None and (mode != "append" or force):
            other = "every row again" if force else "the whole table each time"
            raise ConfigError(f"Incremental reading and taking {other} do not go together.", "Choose one of them.")
        how = _Order(name, mode, keys, force, contract, on_event, incremental)
        done = Ingestion(name)
        for part in as_text(source).parts():
            with self._lake.recording(f"ingest {name}", name):
                report = self._batch(part, how)
            if report is None:
                done.unchanged.append(part.identity)
            else:
                done.reports.append(report)
        return done

    def follow(
        self,
        source: SourceAdapter,
        table: str,
        *,
        keys: Sequence[str] | None = None,
        silver: Silver = "same",
        until_now: bool = True,
        compare: bool = False,
        fresh: bool = False,
        contract: str = "evolve",
        every: float = 1.0,
        stop: Callable[[], bool] | None = None,
        on_event: Listener | None = None,
    ) -> Following:
        """Take the changes of a table into a change log, and apply them to silver; the first time after all its rows.

        The log has the columns of the table, and what happened: ``_op`` (i, u, d; t = all rows were deleted),
        ``_lsn``, ``_committed_at``, and in ``_unchanged`` the columns whose value the source did not repeat.
        Rows and the position they end at are one snapshot, so that a rerun goes on where the last one ended.

        Args:
            source: A source that has a log (PostgreSQL: logical replication, MySQL: binary log, MongoDB: change
                streams); any other is compared by hashes.
            table: Name with or without "bronze.".
            keys: Columns that identify a row; None = those of the source, or of the table as it was followed before.
            silver: state: one row a key; history: one row a version, valid from one change to the next; none: leave it
                alone; same: as it was, at first state.
            until_now: End when the present is reached; else follow until ``stop``.
            compare: Compare hashes although the source has a log.
            fresh: The way back after a log was lost: compare a new snapshot with what is there, and go on from it.
            contract: What to do with columns the table does not have: evolve, freeze or discard_value.
            every: Seconds between two commits of changes, or between two comparisons.
            stop: Asked several times a second whether to end.
            on_event: Called with signs of life.

        Raises:
            ConfigError: There are no keys, or the table is no change log.
            SourceError: The source is not set up to be followed, or its log is lost; says the way back.
        """
        from automic_core.medallion.following import Follower, How

        asked = stop if stop is not None else (lambda: False)
        how = How(keys or None, silver, until_now, compare, fresh, contract, every, asked)
        return Follower(self._lake, source, table, how, on_event).run()

    def unfollow(self, source: SourceAdapter, table: str) -> None:
        """Give up the source's log of a table, which it would keep for us for ever; what is in the lake stays."""
        from automic_core.medallion.following import Follower, How

        Follower(self._lake, source, table, How()).forget()

    def _batch(self, source: SourceAdapter, how: _Order) -> RunReport | None:
        """Take one batch in, again if another process changed the columns meanwhile; None if it is there already."""
        for attempt in range(ATTEMPTS):
            try:
                return self._attempt(source, how)
            except ConflictError:
                if attempt + 1 == ATTEMPTS or not source.repeatable:
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _attempt(self, source: SourceAdapter, how: _Order) -> RunReport | None:
        run_id, name = uuid.uuid4().hex[:12], how.name
        report = RunReport(run_id, f"ingest {name}", source.identity, name)
        there = tables.find(self._lake.catalog, name)
        if there is not None and layout(there).mode == CHANGES:
            raise ConfigError(f"{name} is a change log.", "Follow its source, or ingest into another table.")
        stored_hash = source.content_hash()
        part = how.force or how.incremental is not None
        if stored_hash is not None and not part and (source.identity, stored_hash) in known_batches(there):
            return None
        key = stored_hash or f"extract:{run_id}"
        key = f"{key}:{run_id}" if part else key
        number = self._lake.state.reserve_batch(name, source.identity, key, floor=last_number(there))
        source.connect()
        with ExitStack() as cleanup:
            cleanup.callback(source.close)
            gone = (FileNotFoundError, pl.exceptions.PolarsError)
            cleanup.enter_context(
                translate(SourceError, f"Reading {source.identity}", "Run again once it can be read.", gone)
            )
            increment = self._increment(source, how, there)
            writing = BatchLanding(self._lake, name, source, number, how.contract, how.on_event, report, increment)
            writing.hashes = stored_hash is None and increment is None
            writing.stand = watermarks.standing(there, source.identity) if increment is not None else None
            cleanup.callback(writing.abort)  # after a commit there is nothing left to abort
            writing.run(how.keys, layout(there).keys if there is not None else ())
            content = stored_hash or (writing.digest.hexdigest() if writing.hashes else key)
            report.notes.extend(source.notes())
            keys = layout(writing.table).keys if how.keys is None else list(how.keys)
            if how.mode == "append" and increment is None and source.repeatable and not keys:
                report.warnings.extend(_beside(source.identity, rows_of_others(there, source.identity, content)))
            properties = {
                **self._lake.summary(report),
                BATCH: str(number),
                SOURCE: source.identity,
                HASH: content,
                **_how(source),
                MODE: how.mode,
                KEYS: json.dumps(keys),
                **_part(how.incremental, increment),
            }
            published = writing.publish(properties, how.force)
        if increment is not None:
            watermarks.mirror(self._lake, writing.table)
        if not published:
            return None
        settle(self._lake, name, report.warnings)
        self._lake.state.rebuild(
            batches=[
                {"table": name, "source": source.identity, "content_hash": content_key(properties), "batch": number}
            ],
            runs=[run_entry(report, name, self._lake.actor)],
        )
        if how.on_event is not None:
            how.on_event(Event("finished", run_id, report.rows_out, None, report.seconds))
        return report

    @staticmethod
    def _increment(source: SourceAdapter, how: _Order, there: Table | None) -> Increment | None:
        """What is read of the source, if not all of it."""
        if how.incremental is None:
            return None
        mark = watermarks.marks(there).get((source.identity, how.incremental.cursor))
        return Increment(how.incremental, source, mark.value if mark is not None else None)


def as_text(source: SourceAdapter) -> SourceAdapter:
    """A text source asked for text: typing is silver's work. What it may read stays what it was."""
    adapter: Any = source
    if not dataclasses.is_dataclass(adapter) or not any(f.name == "types" for f in dataclasses.fields(adapter)):
        return source
    text = cast(SourceAdapter, dataclasses.replace(adapter, types="text"))  # type: ignore[type-var]
    vars(text).update({key: vars(adapter)[key] for key in ("_access", "_delivered_as") if key in vars(adapter)})
    return text


def _beside(source: str, rows: int) -> list[str]:
    """What an append without keys says that meets a source again, with other content: it replaced nothing."""
    if not rows:
        return []
    there = "1 row is" if rows == 1 else f"{rows:,} rows are"
    told = f"{PurePath(source).name} was taken in before, with other content: its {there} there still, beside the new"
    what = f"{told} ones. To have them replaced, take it again as a snapshot (the whole table each time) or with keys"
    return [f"{what}: force=True in Python, --force by command, Take it again all the same in the browser."]


def _one_of(what: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise ConfigError(f"There is no {what} {value!r}.", f"Choose {', '.join(known)}.")


def _how(source: SourceAdapter) -> dict[str, str]:
    """Kind and options of a source of a known kind, so that provenance can read the same file the same way again."""
    if not source.kind or registry.entry_of("source", source.kind) is None:
        return {}
    options = registry.options(source)
    if "path" in options:
        # in full: the current folder may be another one then
        options["path"] = getattr(source, "location", source.identity)
    return {READ_AS: json.dumps({"kind": source.kind, **options}, default=str)}


def _part(how: Incremental | None, increment: Increment | None) -> dict[str, str]:
    """What the snapshot of a part says: how it was read, and how far."""
    if how is None or increment is None:
        return {}
    moved = {} if how.backfill is not None else {watermarks.WATERMARK: watermarks.told(how.cursor, increment.mark)}
    return {INCREMENTAL: json.dumps(registry.options(how)), **moved}
