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
from automic_core.errors import ConfigError, ConflictError, SchemaError
from automic_core.events import Event, Listener, RunReport
from automic_core.lakehouse import tables
from automic_core.lakehouse.commits import frozen, head
from automic_core.lakehouse.maintainable import NotMaintainableError
from automic_core.medallion import maintaining
from automic_core.medallion.context import LakeContext, made_by, run_entry, split_name, until_published
from automic_core.medallion.retention import retain
from automic_core.medallion.silver import ATTEMPTS, DEFINITION, SOURCES
from automic_core.medallion.staged import StagedIncrement, StagedTable
from automic_core.medallion.statements import spooled
from automic_core.medallion.taking_on import INCREMENTS
from automic_core.pipeline import Pipeline

ORDERED = ("first", "last", "list", "concat")
"""Aggregations that depend on the order of the rows, which is that of their arrival."""


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
        retain(self._lake, self.table, self.report.warnings)
        self._lake.state.rebuild(runs=[run_entry(self.report, self.table, self._lake.actor)])
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
        full: bool = False,
    ) -> Build:
        """Make a gold table, all at once.

        If it is one table's rows filtered, or their sums, counts, smallest and largest values by groups, and that table
        only gained rows since, these alone are read. Else all are, and the report says why.

        Args:
            name: Name with or without "gold.".
            sql: One SELECT over lake tables; or instead of it:
            source: The table to aggregate, by default silver's table of that name.
            group_by: Columns that make a group.
            aggregations: Output column to ``{"field", "function"}``, as for ``Aggregator``.
            on_event: Called with signs of life.
            full: Read all rows.

        Raises:
            ConfigError: Neither SQL nor groups are given, or both.
            AutomicError: Nothing was published.
        """
        target = self._target(name, sql, group_by)
        with self._lake.recording(f"build {target}", target):
            for attempt in range(ATTEMPTS):
                try:
                    built = self._stage(target, sql, source, group_by, aggregations, on_event, full)
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
        full: bool = True,
    ) -> StagedBuild:
        """Compute the table and hold it; readers see nothing yet. Arguments as for ``build``."""
        target = self._target(name, sql, group_by)
        return self._stage(target, sql, source, group_by, aggregations, on_event, full)

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
        full: bool,
    ) -> StagedBuild:
        groups, wanted = list(group_by or ()), dict(aggregations or {})
        definition: dict[str, Any] = {"sql": sql}
        if sql is None:
            told = {name: dict(each) for name, each in wanted.items()}
            definition = {"source": _source(target, source), "group_by": groups, "aggregations": told}
        why = ""
        if not full:
            try:
                if (found := maintaining.kept(self._lake, target, definition)) is not None:
                    return self._kept_up(target, found, definition, on_event)
            except NotMaintainableError as exc:
                why = str(exc)
        staged = StagedTable(self._lake, target)
        run_id, listener = uuid.uuid4().hex[:12], until_published(on_event)
        try:
            with ExitStack() as answering:
                if sql is not None:
                    pipeline, sources = self._by_sql(target, sql, answering, _waiting(listener, run_id))
                else:
                    pipeline, sources = self._by_groups(target, definition["source"], groups, wanted)
                report = pipeline.load(staged, metadata=True).run(listener, run_id).report
        except BaseException:
            staged.rollback()
            raise
        if why:
            report.notes.append(f"All rows were read: {why}.")
        return self._staged(target, report, staged, sources, definition)

    def _staged(
        self,
        target: str,
        report: RunReport,
        staged: StagedTable,
        sources: Mapping[str, int | None],
        definition: Mapping[str, Any],
    ) -> StagedBuild:
        properties = {SOURCES: json.dumps(sources), DEFINITION: json.dumps(definition)}
        properties[maintaining.PLAN] = maintaining.plan(definition)
        return StagedBuild(target, report, self._lake, staged, properties)

    def _kept_up(
        self, target: str, found: maintaining.Kept, definition: Mapping[str, Any], on_event: Listener | None
    ) -> StagedBuild:
        """The table with what the new rows give.

        Raises:
            NotMaintainableError: They give other columns.
        """
        run_id, listener = uuid.uuid4().hex[:12], until_published(on_event)
        base = head(found.gold)
        assert base is not None
        staged = StagedIncrement(self._lake, target, base) if found.roles is None else StagedTable(self._lake, target)
        grouped = "sql" not in definition
        try:
            with ExitStack() as answering:
                if grouped:
                    rows = _grouped(found.fresh, definition)
                else:
                    instead = {found.name: found.fresh}
                    spool = spooled(self._lake, definition["sql"], _waiting(listener, run_id), instead)
                    rows = _plain(answering.enter_context(spool).rows)
                if found.roles is None:
                    rows = maintaining.appended(found, rows)
                else:
                    rows = maintaining.merged(found, rows.collect()).lazy()
                pipeline = Pipeline(f"build {target}").extract(_Rows(found.name if grouped else "sql", rows))
                run = pipeline.load(staged, metadata=True).run(listener, run_id).report
        except SchemaError as exc:
            staged.rollback()
            raise NotMaintainableError("its columns are other ones") from exc
        except BaseException:
            staged.rollback()
            raise
        report = maintaining.ledger(found, run, grouped)
        return self._staged(target, report, staged, {found.name: head(found.source)}, definition)

    def _by_sql(
        self, target: str, sql: str, answering: ExitStack, on_wait: Callable[[], None]
    ) -> tuple[Pipeline, dict[str, int | None]]:
        """The answer as a source, on disk until ``answering`` ends; the recorded snapshots are those that were read."""
        answer = answering.enter_context(spooled(self._lake, sql, on_wait))
        pipeline = Pipeline(f"build {target}").extract(_Rows("sql", _plain(answer.rows), _what_was_read(answer.tables)))
        return pipeline, {name: head(table) for name, table in answer.tables.items()}

    def _by_groups(
        self, target: str, name: str, group_by: list[str], aggregations: dict[str, Mapping[str, Any]]
    ) -> tuple[Pipeline, dict[str, int | None]]:
        table = frozen(self._lake.need(name))
        rows = tables.scan(table, head(table))
        data = [n for n in rows.collect_schema().names() if not n.startswith("_") or n == "_rid"]
        if INCREMENTS in made_by(table) and any(each.get("function") in ORDERED for each in aggregations.values()):
            rows = rows.sort(frames.RID)  # a scan begins with the newest files
        step = registry.build("step", "aggregate", {"group_by": group_by, "aggregations": aggregations})
        pipeline = Pipeline(f"build {target}").extract(_Rows(name, rows.select(data)))
        return pipeline.transform(step, id="aggregate"), {name: head(table)}


def _source(target: str, source: str | None) -> str:
    """Full name of the table to aggregate."""
    name = source or target.partition(".")[2]
    return name if "." in name else f"silver.{name}"


def _plain(rows: pl.LazyFrame) -> pl.LazyFrame:
    """A row of an answer is a new row: an id it brings may stand in many rows."""
    return rows.drop(frames.RID, frames.FATE, frames.ORIGIN, strict=False)


def _grouped(rows: pl.DataFrame, definition: Mapping[str, Any]) -> pl.LazyFrame:
    """Groups of some rows."""
    options = {"group_by": definition["group_by"], "aggregations": definition["aggregations"]}
    groups: pl.LazyFrame = registry.build("step", "aggregate", options).apply(rows.lazy())
    return groups.select(frames.data_columns(groups))


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
