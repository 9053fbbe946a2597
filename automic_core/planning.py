"""From steps to lazy frames: fits gathered into few passes, and one stage for each change of row identity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import polars as pl

from automic_core import frames, recordwise
from automic_core.contracts import Fitted, Transformer
from automic_core.errors import AutomicError, TransformError

OnFit = Callable[[str, Fitted], None]


@dataclass(frozen=True)
class NamedStep:
    """A step and its id in the pipeline."""

    id: str
    step: Transformer

    def run(self, frame: pl.LazyFrame, fitted: Fitted | None = None) -> pl.LazyFrame:
        """Apply the step (or its fitted form) to a tracked frame, fates named after this step.

        A step from outside the core may filter although it should not: rows it lost come back with a fate.
        """
        token = frames.current_step.set(self.id)
        foreign = not self.by_record and not _ours(fitted or self.step)
        try:
            if foreign:
                frame = frame.cache()  # read by the step and by the comparison: scan once
            after = (fitted or self.step).apply(frame)
            return _restore_lost(frame, after) if foreign else after
        except pl.exceptions.PolarsError as exc:
            raise TransformError(f"Step {self.id} ({self.label}): {exc}", "Check the step's columns.") from exc
        finally:
            frames.current_step.reset(token)

    @property
    def label(self) -> str:
        """The kind, or the class name of a step without one."""
        return self.step.kind or type(self.step).__name__

    @property
    def by_record(self) -> bool:
        """Whether the step changes rows record by record, which the core does for it."""
        return type(self.step).apply is Transformer.apply and not self.step.fits


def _ours(part: Transformer | Fitted) -> bool:
    return type(part).__module__.startswith("automic_core.")


def _restore_lost(before: pl.LazyFrame, after: pl.LazyFrame) -> pl.LazyFrame:
    """Rows of ``before`` that are missing in ``after``, appended with the fate "filtered"."""
    schema = after.collect_schema()
    if frames.RID not in schema or frames.FATE not in schema:
        raise TransformError(
            f"Step {frames.current_step.get()} dropped the columns {frames.RID} or {frames.FATE}.",
            "Keep columns that begin with an underscore; use with_columns instead of select.",
        )
    lost = before.join(after.select(frames.RID), on=frames.RID, how="anti")
    lost = frames.condemn(lost, pl.lit(True), frames.FILTERED)
    return pl.concat([after, frames.align(lost, schema)])


@dataclass
class Stage:
    """Consecutive steps over the same rows: nothing joins or leaves but by fate.

    Attributes:
        start: The tracked frame as it enters.
        steps: Steps with their fitted form, in order.
        frame: The tracked frame as it leaves.
    """

    start: pl.LazyFrame
    steps: list[tuple[NamedStep, Fitted | None]] = field(default_factory=list)
    frame: pl.LazyFrame = field(default_factory=pl.LazyFrame)

    def replay(self, start: pl.LazyFrame) -> list[tuple[NamedStep, pl.LazyFrame]]:
        """The same fitted steps on other rows: each step with the frame as it enters it."""
        entering = []
        for named, fitted in self.steps:
            entering.append((named, start))
            start = named.run(start, fitted)
        return entering


def plan_stage(start: pl.LazyFrame, steps: Sequence[NamedStep], on_fit: OnFit | None = None) -> Stage:
    """Fit and chain steps that keep row identity.

    Fits that do not depend on each other share one pass: their digests ride along as hidden columns through the row
    steps between them, are collected together, and learned in order, each seeing the fates of those before it.

    Args:
        start: A tracked frame that can be scanned more than once.
        steps: None of them a segment step.
        on_fit: Told each fitted state as it is learned.
    """
    builder = _Builder(start, on_fit or (lambda _id, _fitted: None))
    for named in steps:
        builder.add(named)
    builder.flush()
    return builder.stage


class _Builder:
    def __init__(self, start: pl.LazyFrame, on_fit: OnFit) -> None:
        self.stage = Stage(start, frame=start)
        self.on_fit = on_fit
        self.waiting: list[NamedStep] = []  # steps since the last pass; at least one of them waits to be fitted
        self.digests: dict[str, list[str]] = {}  # id -> digest columns riding on the base frame
        self.base = start

    def add(self, named: NamedStep) -> None:
        step = named.step
        if not step.fits:
            self._add_plain(named)
        elif type(step).learn is Transformer.learn:  # fits in its own way: a pass of its own
            self.flush()
            self._finish(named, step.fit(self.stage.frame))
        else:
            if step.reads_marks:
                self.flush()
            self._add_digest(named)
            if step.rewrites or not _ours(step):  # a foreign one may remove rows that its keys do not list
                self.flush()

    def _add_plain(self, named: NamedStep) -> None:
        if named.by_record:
            self.flush()
            self._append(named, recordwise.peek(named.step, self.stage.frame, named.id))
            return
        if named.step.scope == "table":  # what it does may depend on who is still alive
            self.flush()
        if self.waiting:
            try:
                self.base = named.run(self.base)
                self.waiting.append(named)
                return
            except AutomicError:  # it may need what a waiting fit adds; if not, it fails again below
                self.flush()
        self._finish(named, None)

    def _add_digest(self, named: NamedStep) -> None:
        token = frames.current_step.set(named.id)
        try:
            wanted = named.step.digest(self.base.collect_schema())
        finally:
            frames.current_step.reset(token)
        prefix = f"_digest_{len(self.digests)}_"
        names = [expr.meta.output_name() for expr in wanted]
        ride = [expr.alias(prefix + name) for expr, name in zip(wanted, names, strict=True)]
        self.base = self.base.with_columns(*ride, frames.alive().alias(prefix + "alive"))
        self.digests[named.id] = [prefix, *names]
        self.waiting.append(named)

    def _finish(self, named: NamedStep, fitted: Fitted | None) -> None:
        if fitted is not None:
            self.on_fit(named.id, fitted)
        self._append(named, fitted)

    def _append(self, named: NamedStep, fitted: Fitted | None) -> None:
        self.stage.steps.append((named, fitted))
        self.stage.frame = self.base = named.run(self.stage.frame, fitted)

    def flush(self) -> None:
        """Collect the waiting digests in one pass, learn in order, and apply the waiting steps."""
        if not self.waiting:
            return
        columns = [frames.RID, *(p + n for p, *names in self.digests.values() for n in [*names, "alive"])]
        collected = self.base.select(columns).collect()
        removed = pl.DataFrame(schema={frames.RID: pl.Int64})
        waiting, digests = self.waiting, self.digests
        self.waiting, self.digests = [], {}
        for named in waiting:
            if named.id not in digests:
                self._finish(named, None)
                continue
            prefix, *names = digests[named.id]
            own = [prefix + n for n in names]
            digest = _living(collected.select(frames.RID, prefix + "alive", *own), prefix + "alive", removed)
            collected = collected.drop(prefix + "alive", *own)  # a digest is large; nobody needs it twice
            fitted = named.step.learn(digest)
            if fitted.keys is not None and "_into" in fitted.keys.columns:
                removed = pl.concat([removed, fitted.keys.select(frames.RID)])
            del digest
            self._finish(named, fitted)


def _living(digest: pl.DataFrame, alive: str, removed: pl.DataFrame) -> pl.DataFrame:
    """One step's digest under its own column names, without rows that are gone; copied only if some are."""
    if not digest[alive].all():
        digest = digest.filter(pl.col(alive))
    if removed.height:
        digest = digest.join(removed, on=frames.RID, how="anti", maintain_order="left")
    prefix = alive.removesuffix("alive")
    return digest.drop(alive).select(
        frames.RID,
        pl.lit(None, dtype=frames.FATE_TYPE).alias(frames.FATE),
        pl.all().exclude(frames.RID).name.map(lambda name: name.removeprefix(prefix)),
    )
