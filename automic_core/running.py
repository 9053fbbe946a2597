"""The run loop: stages from source to destination, every row accounted for on the way."""

from __future__ import annotations

import shutil
import time
import uuid
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import polars as pl

from automic_core import frames
from automic_core.contracts import DestinationAdapter, Fitted, Mode, ReadRequest, SourceAdapter
from automic_core.errors import GateError, LedgerError
from automic_core.events import Event, Listener, RunReport, StepStats
from automic_core.extraction import bounded
from automic_core.extraction.resuming import Resumption
from automic_core.planning import NamedStep, Stage, plan_stage
from automic_core.records import Schema
from automic_core.schemas import from_polars
from automic_core.tee import REMOVED_SCHEMA, Tee, explained

EXTRACT = "extract"


def _new_identity(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Rows after a segment step get a ``_rid`` of their own; the row each came from stays in ``_origin``."""
    names = frame.collect_schema().names()
    if frames.RID in names:
        known = pl.col(frames.RID) if frames.ORIGIN not in names else pl.coalesce(frames.ORIGIN, frames.RID)
        frame = frame.with_columns(known.alias(frames.ORIGIN)).drop(frames.RID)
    return frame


def _malformed(start: pl.LazyFrame) -> pl.LazyFrame:
    """Reasons of the records that could not be read."""
    rescued = pl.col(frames.RESCUED)
    line = pl.format("line {}: {}", rescued.str.json_path_match("$.line"), rescued.str.json_path_match("$.reason"))
    return start.filter(rescued.str.json_path_match("$.reason").is_not_null()).select(
        frames.RID,
        pl.lit(EXTRACT).alias("step"),
        pl.lit("malformed").alias("rule"),
        pl.lit(None, dtype=pl.String).alias("column"),
        rescued.str.json_path_match("$.text").alias("value"),
        line.fill_null(rescued.str.json_path_match("$.reason")).alias("message"),
    )


class Run:
    """One execution. Use ``Pipeline.run``; this is its engine room."""

    def __init__(
        self,
        name: str,
        source: SourceAdapter,
        steps: Sequence[NamedStep],
        *,
        run_id: str | None = None,
        on_event: Listener | None = None,
        known: Mapping[str, Fitted] | None = None,
    ) -> None:
        self.steps = list(steps)
        self.known = known
        self.source = source
        self.report = RunReport(run_id or uuid.uuid4().hex[:12], name, source.name)
        self.stages: list[Stage] = []
        self.fitted: dict[str, Fitted] = {}
        self.removed = pl.DataFrame(schema=REMOVED_SCHEMA)
        self._listener = on_event
        self._began = time.perf_counter()
        self._read = 0
        self._spill: Path | None = None
        self._alive = 0
        self._expected: int | None = None
        self.resumption: Resumption | None = None

    def close(self) -> None:
        """Delete what the run spilled."""
        if self._spill is not None:
            shutil.rmtree(self._spill, ignore_errors=True)
            self._spill = None

    @property
    def label(self) -> str:
        """The run in an error message."""
        return f"{self.report.name} from {self.source.identity}"

    def tell(self, kind: str, rows: int = 0, message: str = "") -> None:
        """Send an event to the listener, if there is one."""
        if self._listener is not None:
            seconds = time.perf_counter() - self._began
            total = self._expected if self._expected is not None else self.report.rows_in or None
            self._listener(Event(kind, self.report.run_id, rows, total, seconds, message))  # type: ignore[arg-type]

    def execute(self, destination: DestinationAdapter, mode: Mode, keys: Sequence[str], metadata: bool) -> None:
        """Read, transform and load; the caller commits after this returned.

        Raises:
            LedgerError: Rows are unaccounted for.
            GateError: A rule with action "fail" did not pass.
        """
        self.tell("started")
        with explained(self.label):
            self._execute(destination, mode, keys, metadata)

    def _execute(self, destination: DestinationAdapter, mode: Mode, keys: Sequence[str], metadata: bool) -> None:
        tee = self.survivors()
        hidden = [n for n in tee.frame.collect_schema().names() if frames.is_hidden(n) and n != frames.FATE]
        drop = [] if metadata else hidden
        schema = pl.Schema({n: t for n, t in tee.frame.collect_schema().items() if n not in {*drop, frames.FATE}})
        stream = frames.BatchStream(schema, (batch.drop(drop) for batch in tee.batches()))
        destination.create_schema(self._described(schema))
        self.report.rows_out = destination.load(stream, mode, keys)
        self.report.destination = destination.name
        self.finish(tee)
        self.tell("loaded", self.report.rows_out)

    def survivors(self) -> Tee:
        """Plan all stages, running all but the last; what comes out of the returned tee is the result."""
        frame = self._start()
        pending: list[NamedStep] = []
        for named in self.steps:
            if not named.step.segment:
                pending.append(named)
                continue
            frame = self._next_stage(frame, pending, named)
            pending = []
        self._plan(frame, pending)
        return Tee(len(self.stages) - 1, self.stages[-1].frame, lambda rows: self.tell("progress", rows), self.label)

    def _start(self) -> pl.LazyFrame:
        """The tracked source; malformed records already have their fate."""

        def count(rows: int) -> None:
            self._read = max(self._read, rows)  # a plan may scan twice; every scan sees all rows

        bound = self.resumption.increment.bound if self.resumption is not None else None
        once = bound is not None or not self.source.repeatable  # the watermark is that of the very rows that were read
        frame = bounded.scan(self.source, ReadRequest(on_rows=count, bound=bound))
        self._counts_itself = type(self.source).scan is SourceAdapter.scan and not once
        if once:
            frame = self._spilled(frame, "source")
        self._source_frame = frame
        if self._listener is not None and not self._counts_itself:
            self._expected = self._rows_read()  # files that know their length say it in their footers
        if not self.source.tracked and (renamed := frames.shown(frame.collect_schema().names())):
            frame = frame.rename(renamed)
            self.report.notes.extend(f"Column {old} is called {new} here." for old, new in renamed.items())
        frame = frames.track(frame)
        token = frames.current_step.set(EXTRACT)
        if self.resumption is not None:
            there = self.resumption.look(frame)
            self.report.notes.extend(self.resumption.increment.notes())
            frame = frames.condemn(frame, pl.col(frames.RID).is_in(there.implode()), f"{frames.MERGED}:there already")
        if frames.RESCUED in frame.collect_schema():
            broken = pl.col(frames.RESCUED).str.json_path_match("$.reason").is_not_null()
            frame = frames.condemn(frame, broken, f"{frames.QUARANTINED}:malformed")
        frames.current_step.reset(token)
        return frame

    def _spilled(self, frame: pl.LazyFrame, name: str) -> pl.LazyFrame:
        if self._spill is None:
            self._spill = Path(mkdtemp(prefix="automic-run-"))
            weakref.finalize(self, shutil.rmtree, self._spill, ignore_errors=True)
        path = self._spill / f"{name}.parquet"
        frame.sink_parquet(path, compression="lz4")
        return pl.scan_parquet(path)

    def _plan(self, frame: pl.LazyFrame, steps: list[NamedStep]) -> Stage:
        stage = plan_stage(frame, steps, self._on_fit, self.known)
        self.stages.append(stage)
        self._read = 0  # what the fits read does not count; the pass that follows does
        return stage

    def _on_fit(self, step_id: str, fitted: Fitted) -> None:
        self.fitted[step_id] = fitted
        if fitted.note:
            self.report.notes.append(f"{step_id}: {fitted.note}")
        self.tell("fit", self._read, step_id)

    def _next_stage(self, frame: pl.LazyFrame, steps: list[NamedStep], opener: NamedStep) -> pl.LazyFrame:
        """Run a stage through the segment step that ends it; its result is the start of the next stage."""
        token = frames.current_step.set(opener.id)
        try:
            stage = self._plan(frame, steps)
            stage.frame = opener.step.prepare(stage.frame)
            tee = Tee(len(self.stages) - 1, stage.frame, lambda rows: self.tell("progress", rows), self.label)
            schema = {n: t for n, t in stage.frame.collect_schema().items() if n != frames.FATE}
            living = frames.lazy(lambda _rows: tee.batches(), schema)
            fitted = opener.step.fit(stage.frame) if opener.step.fits else None
            if fitted is not None:
                self._on_fit(opener.id, fitted)
            result = self._spilled((fitted or opener.step).apply(living), f"stage-{len(self.stages)}")
        finally:
            frames.current_step.reset(token)
        lines = self._ledger(tee, opener)
        counted, weight = result.select(pl.len(), pl.col(frames.WEIGHT).sum()).collect().row(0)
        line = lines[-1]
        if weight != line.rows_out:
            raise LedgerError(f"Step {opener.id} accounts for {weight:,} of the {line.rows_out:,} rows it was given.")
        difference = counted - line.rows_out
        line.added, line.grouped = max(difference, 0), max(-difference, 0)
        line.rows_out = self._alive = self._expected = counted
        return frames.track(_new_identity(result.drop(frames.WEIGHT)))

    def _ledger(self, tee: Tee, opener: NamedStep | None = None) -> list[StepStats]:
        """Ledger lines of a finished stage from the fates its tee saw."""
        first = len(self.stages) == 1
        if first:
            self.report.rows_in = self._rows_read()
            self._alive = self.report.rows_in
        ids = [(named.id, named.label) for named, _ in self.stages[-1].steps]
        ids = [(EXTRACT, self.source.kind or "source"), *ids] if first else ids
        ids += [(opener.id, opener.label)] if opener else []
        lines = []
        for step_id, kind in ids:
            removed = {reason: rows for (step, reason), rows in tee.counts.items() if step == step_id}
            line = StepStats(step_id, kind, self._alive, removed)
            self._alive -= sum(removed.values())
            line.rows_out = self._alive
            lines.append(line)
        named_ids = {step_id for step_id, _ in ids}
        strangers = [step for step, _ in tee.counts if step not in named_ids]
        if strangers:
            raise LedgerError(f"Rows were removed by {strangers[0]!r}, which is no step of this pipeline.")
        if tee.kept != self._alive:
            raise LedgerError(f"{tee.kept:,} rows left a stage where the ledger expects {self._alive:,}.")
        self.report.steps.extend(lines)
        self.removed = pl.concat([self.removed, tee.removed()])
        return lines

    def _rows_read(self) -> int:
        """Rows the source delivered, counted where it was read."""
        if self._counts_itself:
            return self._read
        return int(self._source_frame.select(pl.len()).collect().item())

    def finish(self, tee: Tee) -> None:
        """Close the ledger of the last stage and prove it; check the gates."""
        self._ledger(tee)
        self.report.seconds = time.perf_counter() - self._began
        self.report.check()
        self.report.warnings.extend(self.report.losses())
        self._gates(tee)

    def _gates(self, tee: Tee) -> None:
        """Count what warns, and stop where a rule says fail."""
        for named, _ in self.stages[-1].steps:
            checks = getattr(named.step, "verdicts", None)
            if checks is None:
                continue
            line = next(line for line in self.report.steps if line.id == named.id)
            verdict = checks(frames.survivors(tee.frame))
            line.warned.update(verdict.warned)
            self.report.warnings.extend(verdict.messages)
            if verdict.failed:
                raise GateError("; ".join(verdict.failed), "Fix the data or the rule; nothing was published.")

    def _described(self, schema: pl.Schema) -> Schema:
        return from_polars(schema, self.source.name)

    def failures(self) -> pl.DataFrame:
        """Every reason of every quarantined row: ``_rid``, stage, step, rule, column, value, message."""
        found: list[pl.LazyFrame] = []
        for number, stage in enumerate(self.stages):
            mine = self.removed.filter(
                (pl.col("stage") == number) & pl.col("reason").str.starts_with(frames.QUARANTINED)
            )
            if not mine.height:
                continue
            start = stage.start.join(mine.select(frames.RID).lazy(), on=frames.RID, how="semi")
            parts = [_malformed(start)] if number == 0 and frames.RESCUED in start.collect_schema() else []
            for named, frame in stage.replay(start):
                part = named.step.failures(frame)
                if part is not None:
                    parts.append(part.with_columns(pl.lit(named.id).alias("step")))
            found.extend(part.with_columns(pl.lit(number, dtype=pl.Int32).alias("stage")) for part in parts)
        columns = ["_rid", "stage", "step", "rule", "column", "value", "message"]
        types: dict[str, Any] = {"_rid": pl.Int64, "stage": pl.Int32}
        empty = pl.DataFrame(schema={n: types.get(n, pl.String) for n in columns})
        return pl.concat([empty, *(part.select(columns) for part in pl.collect_all(found))])

    def rows(self, rids: pl.Series, stage: int = 0) -> pl.DataFrame:
        """Rows as they entered a stage, by ``_rid``."""
        start, wanted = self.stages[stage].start.drop(frames.FATE), rids.alias(frames.RID).to_frame().lazy()
        return start.join(wanted, on=frames.RID, how="semi").collect()

    def removed_sources(self) -> pl.DataFrame:
        """Every removed row, named by the ``_rid`` of the source row it came from; null for a group of several."""
        parts = []
        for number, stage in enumerate(self.stages):
            mine = self.removed.filter(pl.col("stage") == number)
            if number and mine.height and frames.ORIGIN not in stage.start.collect_schema():
                mine = mine.with_columns(pl.lit(None, dtype=pl.Int64).alias(name) for name in (frames.RID, "into"))
            elif number and mine.height:
                named = self.rows(pl.concat([mine[frames.RID], mine["into"]]), number)
                origins = dict(named.select(frames.RID, frames.ORIGIN).iter_rows())
                columns = pl.col(frames.RID, "into")
                mine = mine.with_columns(columns.replace_strict(origins, default=None, return_dtype=pl.Int64))
            parts.append(mine)
        return pl.concat([pl.DataFrame(schema=REMOVED_SCHEMA), *parts])
