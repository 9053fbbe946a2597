"""The fluent pipeline: extract → transform → load, in Python as in YAML as in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Self

import polars as pl

from automic_core import frames
from automic_core.contracts import (
    DestinationAdapter,
    Fitted,
    Incremental,
    Mode,
    ReadRequest,
    Rule,
    SourceAdapter,
    Transformer,
)
from automic_core.errors import ConfigError
from automic_core.events import Listener, RunReport
from automic_core.extraction.resuming import Resumption
from automic_core.planning import NamedStep
from automic_core.running import EXTRACT, Run

NamedRule = tuple[str, Rule]
RULES = "rules"
RESERVED = (EXTRACT, RULES)
"""Ids of the ledger lines that every pipeline has; steps need others."""


class Pipeline:
    """Reads rows from a source, changes them step by step, and loads them.

    Example:
        >>> report = (
        ...     Pipeline("orders")
        ...     .extract(CSVSource("orders.csv"))
        ...     .transform(NullRemover(strategy="drop"))
        ...     .load(SQLiteLoader("orders.db"))
        ...     .run()
        ...     .report
        ... )  # doctest: +SKIP

    Args:
        name: Shown in reports; default the source's name.
    """

    def __init__(self, name: str = "") -> None:
        self._name = name
        self.source: SourceAdapter | None = None
        self.incremental: Incremental | None = None
        self.steps: list[NamedStep] = []
        self.disabled: set[str] = set()  # "step ID" and "rule ID"
        self.rules: list[NamedRule] = []
        self.destination: DestinationAdapter | None = None
        self.mode: Mode = "overwrite"
        self.keys: list[str] = []
        self.metadata = False
        self._run: Run | None = None

    @property
    def own_name(self) -> str:
        """The name it was given; empty if it was given none."""
        return self._name

    @property
    def name(self) -> str:
        """The pipeline's name."""
        return self._name or (self.source.name if self.source else "pipeline")

    def extract(self, source: SourceAdapter, incremental: Incremental | None = None) -> Self:
        """Read from ``source``.

        Args:
            source: The source.
            incremental: Read only what is new since the last run. The destination keeps the watermark, in the
                transaction that brings the rows, so it must be able to: SQLite, PostgreSQL, MySQL, MongoDB and
                Iceberg are.
        """
        self.source, self.incremental = source, incremental
        return self

    def transform(self, step: Transformer, *, id: str | None = None, enabled: bool = True) -> Self:  # noqa: A002
        """Add a step.

        Args:
            step: What to do.
            id: Name of the step in the ledger; default s1, s2, ….
            enabled: A disabled step stays in the list and does nothing.

        Raises:
            ConfigError: The id is taken.
        """
        taken = {*RESERVED, *(named.id for named in self.steps)}
        step_id = id or next(f"s{n}" for n in range(len(self.steps) + 1, 10**6) if f"s{n}" not in taken)
        if step_id in taken:
            what = "is a line of every report" if step_id in RESERVED else "is the id of another step"
            raise ConfigError(f"{step_id!r} {what}.", "Give each step an id of its own.")
        self.steps.append(NamedStep(step_id, step))
        if not enabled:
            self.disabled.add(f"step {step_id}")
        return self

    def check(self, rule: Rule, *, id: str | None = None, enabled: bool = True) -> Self:  # noqa: A002
        """Add a rule; rules run after all steps.

        Args:
            rule: What must hold.
            id: Name of the rule in reports; default r1, r2, ….
            enabled: A disabled rule stays in the list and does nothing.

        Raises:
            ConfigError: The id is taken.
        """
        taken = {known for known, _ in self.rules}
        rule_id = id or next(f"r{n}" for n in range(len(self.rules) + 1, 10**6) if f"r{n}" not in taken)
        if rule_id in taken:
            raise ConfigError(f"{rule_id!r} is the id of another rule.", "Give each rule an id of its own.")
        self.rules.append((rule_id, rule))
        if not enabled:
            self.disabled.add(f"rule {rule_id}")
        return self

    def load(
        self,
        destination: DestinationAdapter,
        *,
        mode: Mode = "overwrite",
        keys: Sequence[str] = (),
        metadata: bool = False,
    ) -> Self:
        """Write to ``destination``.

        Args:
            destination: Where the living rows go.
            mode: overwrite (default: running twice gives the same), append, or upsert by ``keys``.
            keys: Columns that identify a row, for upsert.
            metadata: Also load bookkeeping columns such as ``_quality_score``.
        """
        self.destination, self.mode, self.keys, self.metadata = destination, mode, list(keys), metadata
        return self

    def active_steps(self) -> list[NamedStep]:
        """The enabled steps, and the rules as one last step."""
        steps = [named for named in self.steps if f"step {named.id}" not in self.disabled]
        if rules := self.active_rules():
            from automic_core.transforms.rules import RuleSet

            steps.append(NamedStep(RULES, RuleSet(rules)))
        return steps

    def active_rules(self) -> list[NamedRule]:
        """The enabled rules."""
        return [(rule_id, rule) for rule_id, rule in self.rules if f"rule {rule_id}" not in self.disabled]

    def preview(self, rows: int = 100) -> pl.DataFrame:
        """The result of the pipeline on the first ``rows`` rows of the source; nothing is loaded.

        Fitted steps learn from this sample only.
        """
        source = self._ready_source()
        source.connect()
        try:
            sample = source.scan(ReadRequest(limit=rows)).head(rows).collect()
        finally:
            source.close()
        run = Run(self.name, _Sample(source, sample), self.active_steps())
        try:
            tee = run.survivors()
            schema = {n: t for n, t in tee.frame.collect_schema().items() if n != frames.FATE}
            return pl.concat([pl.DataFrame(schema=schema), *tee.batches()]).drop(frames.RID)
        finally:
            run.close()

    def run(self, on_event: Listener | None = None, run_id: str | None = None) -> Self:
        """Run everything; afterwards ``report`` proves where every row went.

        Args:
            on_event: Called with signs of life; an exception it raises cancels the run and rolls back.
            run_id: Default a random one.

        Raises:
            AutomicError: Whatever stopped the run; the destination is as it was before.
        """
        source = self._ready_source()
        if self.destination is None:
            raise ConfigError("The pipeline has no destination.", "Call .load(...) before .run().")
        if self.mode not in self.destination.capabilities:
            able = ", ".join(sorted(self.destination.capabilities & {"append", "overwrite", "upsert"}))
            raise ConfigError(f"{self.destination.name} cannot {self.mode}.", f"It can: {able}.")
        if self.incremental is not None:
            self._check_incremental(self.destination)
        destination = self.destination.bind(source.name)
        if self._run is not None:
            self._run.close()
        self._run = run = Run(self.name, source, self.active_steps(), run_id=run_id, on_event=on_event)
        run.report.notes.extend(source.notes())
        try:
            source.connect()
            try:
                destination.connect()
                try:
                    destination.begin_transaction()
                    if self.incremental is not None:
                        place = f"{self.name}: {self.incremental.cursor} of {source.identity}"
                        run.resumption = Resumption(self.incremental, source, destination.recall(place))
                    run.execute(destination, self.mode, self.keys, self.metadata)
                    if run.resumption is not None:
                        destination.remember(place, run.resumption.text)
                    destination.commit()
                except BaseException as exc:
                    destination.rollback()
                    with suppress(Exception):  # whatever the listener says now, the run failed for another reason
                        run.tell("failed", message=str(exc))
                    raise
            finally:
                destination.close()
        finally:
            source.close()
        run.tell("finished", run.report.rows_out)
        return self

    def _check_incremental(self, destination: DestinationAdapter) -> None:
        if self.mode == "overwrite":
            raise ConfigError(
                "An incremental pipeline cannot overwrite: what earlier runs brought would be gone.",
                "Load with mode='append', or mode='upsert' and keys.",
            )
        if self.incremental is not None and self.incremental.backfill is not None and self.mode != "upsert":
            raise ConfigError(
                "Rows of a backfill may be there already, and nothing tells which.",
                "Load it with mode='upsert' and keys, or take the source into bronze, which compares rows.",
            )
        if "watermark" not in destination.capabilities:
            raise ConfigError(
                f"{destination.name} cannot keep the watermark of an incremental pipeline.",
                "Load into SQLite, PostgreSQL, MySQL, MongoDB or an Iceberg table.",
            )

    def _ready_source(self) -> SourceAdapter:
        if self.source is None:
            raise ConfigError("The pipeline has no source.", "Call .extract(...) first.")
        return self.source

    def _finished(self) -> Run:
        if self._run is None:
            raise ConfigError("The pipeline has not run yet.", "Call .run() first.")
        return self._run

    @property
    def report(self) -> RunReport:
        """The row ledger of the last run."""
        return self._finished().report

    @property
    def fitted(self) -> dict[str, Fitted]:
        """What the steps of the last run learned, by step id."""
        return self._finished().fitted

    @property
    def removed(self) -> pl.DataFrame:
        """Every row the last run removed: ``_rid``, stage, step, reason, into."""
        return self._finished().removed

    def removed_sources(self) -> pl.DataFrame:
        """``removed`` by the ``_rid`` of the source rows, where a step made several rows of one; null for groups."""
        return self._finished().removed_sources()

    def entered(self, rids: pl.Series, stage: int) -> pl.DataFrame:
        """Rows as they entered a stage of the last run, by ``_rid``; ``_origin`` names the source row."""
        return self._finished().rows(rids, stage)

    def quarantine(self) -> pl.DataFrame:
        """Every reason of every row the last run quarantined: ``_rid``, stage, step, rule, column, value, message."""
        return self._finished().failures()

    def get_stats(self) -> dict[str, Any]:
        """Counts of the last run, by the names of the first design: extracted, transformed, loaded, and by step."""
        report = self.report
        fitted = {step_id: dict(fitted.state) for step_id, fitted in self.fitted.items()}
        return {
            "records_extracted": report.rows_in,
            "records_transformed": report.steps[-1].rows_out if report.steps else report.rows_in,
            "records_loaded": report.rows_out,
            "removed": report.removed(),
            "duration_seconds": report.seconds,
            "steps": {named.id: {"kind": named.label, **named.step.get_stats()} for named in self.active_steps()},
            "learned": fitted,
        }


class _Sample(SourceAdapter):
    """Rows already read, for previews."""

    def __init__(self, source: SourceAdapter, rows: pl.DataFrame) -> None:
        self.kind, self.tracked = source.kind, source.tracked  # type: ignore[misc]
        self._name = source.name
        self._rows = rows

    @property
    def name(self) -> str:
        return self._name

    def scan(self, request: ReadRequest = ReadRequest()) -> pl.LazyFrame:
        return self._rows.lazy()
