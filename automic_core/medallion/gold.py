"""Gold: answers kept as tables, built from silver by aggregates or SQL."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from pyiceberg.table import Table

from automic_core import frames, registry
from automic_core.contracts import ReadRequest, SourceAdapter
from automic_core.errors import ConfigError, ConflictError
from automic_core.events import Event, Listener, RunReport
from automic_core.lakehouse import tables
from automic_core.lakehouse.commits import frozen, head
from automic_core.medallion.context import LakeContext, run_entry, split_name, until_published
from automic_core.medallion.retention import retain
from automic_core.medallion.silver import ATTEMPTS, DEFINITION, SOURCES
from automic_core.medallion.staged import StagedTable
from automic_core.medallion.statements import spooled
from automic_core.pipeline import Pipeline


@dataclass
class Build:
    """What a build did."""

    table: str
    report: RunReport
    snapshot: int


@dataclass
class StagedBuild:
    """A gold table as it will be: look, then publish or discard."""

    table: str
    report: RunReport
    _lake: LakeContext = field(repr=False)
    _staged: StagedTable = field(repr=False)
    _properties: dict[str, str] = field(repr=False)

    def rows(self) -> pl.LazyFrame:
        """The rows, before it is published or discarded."""
        return self._staged.staging.scan()

    def publish(self) -> int:
        """Make it the table.

        Returns:
            The new snapshot id.

        Raises:
            ConflictError: The table changed since; build again.
        """
        snapshot = self._staged.publish({**self._lake.summary(self.report), **self._properties})
        self._lake.state.rebuild(runs=[run_entry(self.report, self.table, self._lake.actor)])
        retain(self._lake, self.table)
        return snapshot

    def discard(self) -> None:
        """Drop it; the table stays as it is."""
        self._staged.rollback()


class _Rows(SourceAdapter):
    """Rows of a lake table, or of an answer, as a source."""

    kind = "table"
    tracked = True

    def __init__(self, name: str, rows: pl.LazyFrame, note: str = "") -> None:
        self._name, self._rows, self._note = name, rows, note

    @property
    def name(self) -> str:
        return self._name

    def notes(self) -> list[str]:
        return [self._note] if self._note else []

    def scan(self, request: ReadRequest = ReadRequest()) -> pl.LazyFrame:
        return self._rows


class Gold:
    """Builds tables for questions. Get it as ``lake.gold``."""

    def __init__(self, context: LakeContext) -> None:
        self._lake = context

    def build(
        self,
        name: str,
        sql: str | None = None,
        *,
        source: str | None = None,
        group_by: Sequence[str] | None = None,
        aggregations: Mapping[str, Mapping[str, Any]] | None = None,
        on_event: Listener | None = None,
    ) -> Build:
        """Make a gold table anew, all at once.

        Args:
            name: Name with or without "gold.".
            sql: One SELECT over lake tables; or instead of it:
            source: The table to aggregate, by default silver's table of that name.
            group_by: Columns that make a group.
            aggregations: Output column to ``{"field", "function"}``, as for ``Aggregator``.
            on_event: Called with signs of life.

        Raises:
            ConfigError: Neither SQL nor groups are given, or both.
            AutomicError: Nothing was published.
        """
        target = self._target(name, sql, group_by)
        with self._lake.recording(f"build {target}", target):
            for attempt in range(ATTEMPTS):
                try:
                    built = self._stage(target, sql, source, group_by, aggregations, on_event)
                    snapshot = _published(built)
                except ConflictError:
                    if attempt + 1 == ATTEMPTS:
                        raise
                    continue
                if on_event is not None:
                    on_event(Event("finished", built.report.run_id, built.report.rows_out))
                return Build(target, built.report, snapshot)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def stage(
        self,
        name: str,
        sql: str | None = None,
        *,
        source: str | None = None,
        group_by: Sequence[str] | None = None,
        aggregations: Mapping[str, Mapping[str, Any]] | None = None,
        on_event: Listener | None = None,
    ) -> StagedBuild:
        """Compute the table and hold it; readers see nothing yet. Arguments as for ``build``."""
        target = self._target(name, sql, group_by)
        return self._stage(target, sql, source, group_by, aggregations, on_event)

    def _target(self, name: str, sql: str | None, group_by: Sequence[str] | None) -> str:
        if (sql is None) == (group_by is None):
            raise ConfigError(f"gold.{name} needs either sql or group_by.", "Give one of them.")
        return f"gold.{split_name(name, 'gold')}"

    def _stage(
        self,
        target: str,
        sql: str | None,
        source: str | None,
        group_by: Sequence[str] | None,
        aggregations: Mapping[str, Mapping[str, Any]] | None,
        on_event: Listener | None,
    ) -> StagedBuild:
        staged = StagedTable(self._lake, target)
        groups, wanted = list(group_by or ()), dict(aggregations or {})
        run_id, listener = uuid.uuid4().hex[:12], until_published(on_event)
        try:
            with ExitStack() as answering:
                if sql is not None:
                    pipeline, sources = self._by_sql(target, sql, answering, _waiting(listener, run_id))
                    definition: dict[str, Any] = {"sql": sql}
                else:
                    pipeline, sources = self._by_groups(target, source, groups, wanted)
                    definition = {
                        "source": next(iter(sources)),
                        "group_by": groups,
                        "aggregations": {k: dict(v) for k, v in wanted.items()},
                    }
                report = pipeline.load(staged, metadata=True).run(listener, run_id).report
        except BaseException:
            staged.rollback()
            raise
        properties = {SOURCES: json.dumps(sources), DEFINITION: json.dumps(definition)}
        return StagedBuild(target, report, self._lake, staged, properties)

    def _by_sql(
        self, target: str, sql: str, answering: ExitStack, on_wait: Callable[[], None]
    ) -> tuple[Pipeline, dict[str, int | None]]:
        """The answer as a source, on disk until ``answering`` ends; the recorded snapshots are those that were read."""
        answer = answering.enter_context(spooled(self._lake, sql, on_wait))
        # A row of an answer is a new row: an id it brings may stand in many rows.
        rows = answer.rows.drop(frames.RID, frames.FATE, frames.ORIGIN, strict=False)
        pipeline = Pipeline(f"build {target}").extract(_Rows("sql", rows, _what_was_read(answer.tables)))
        return pipeline, {name: head(table) for name, table in answer.tables.items()}

    def _by_groups(
        self, target: str, source: str | None, group_by: list[str], aggregations: dict[str, Mapping[str, Any]]
    ) -> tuple[Pipeline, dict[str, int | None]]:
        name = source or target.partition(".")[2]
        name = name if "." in name else f"silver.{name}"
        table = frozen(self._lake.need(name))
        rows = tables.scan(table, head(table))
        data = [n for n in rows.collect_schema().names() if not n.startswith("_") or n == "_rid"]
        step = registry.build("step", "aggregate", {"group_by": group_by, "aggregations": aggregations})
        pipeline = Pipeline(f"build {target}").extract(_Rows(name, rows.select(data)))
        return pipeline.transform(step, id="aggregate"), {name: head(table)}


def _waiting(listener: Listener | None, run_id: str) -> Callable[[], None]:
    """Tells a listener that a statement is under way; one that cancels stops it."""
    if listener is None:
        return lambda: None
    return lambda: listener(Event("started", run_id, message="Running the statement"))


def _what_was_read(pinned: Mapping[str, Table]) -> str:
    """What stands before the rows of the ledger, which only knows those that the statement gave."""
    rows = {name: tables.row_count(table) for name, table in pinned.items()}
    said = [f"{'unknown' if count is None else f'{count:,}'} of {name}" for name, count in rows.items()]
    read = f"The statement read rows of tables: {', '.join(said)}. " if said else ""
    return f"{read}Rows in are those that it gave."


def _published(built: StagedBuild) -> int:
    try:
        return built.publish()
    except BaseException:
        built.discard()
        raise
