"""From steps to lazy frames: fits gathered into few passes, and one stage for each change of row identity."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from automic_core import frames, recordwise
from automic_core.contracts import Fitted, Transformer
from automic_core.errors import AutomicError, TransformError

OnFit = Callable[[str, Fitted], None]


_ALIVE = "_alive"


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


def plan_stage(
    start: pl.LazyFrame,
    steps: Sequence[NamedStep],
    on_fit: OnFit | None = None,
    known: Mapping[str, Fitted] | None = None,
) -> Stage:
    """Fit and chain steps that keep row identity.

    Fits that do not depend on each other share one pass: their digests ride along as hidden columns through the row
    steps between them, are collected together, and learned in order, each seeing the fates of those before it.

    Args:
        start: A tracked frame that can be scanned more than once.
        steps: None of them a segment step.
        on_fit: Told each fitted state as it is learned.
        known: What steps learned from these very rows before, by id; they are not fitted again.
    """
    builder = _Builder(start, on_fit or (lambda _id, _fitted: None), known or {})
    for named in steps:
        builder.add(named)
    builder.flush()
    return builder.stage


class _Builder:
    def __init__(self, start: pl.LazyFrame, on_fit: OnFit, known: Mapping[str, Fitted]) -> None:
        self.stage = Stage(start, frame=start)
        self.on_fit = on_fit
        self.known = known
        self.waiting: list[NamedStep] = []  # steps since the last pass; at least one of them waits to be fitted
        self.digests: dict[str, dict[str, str]] = {}  # id -> digest column to its name on the base frame
        self.riders: list[tuple[pl.Expr, str]] = []  # what rides on the base frame as it is now
        self.carried = 0
        self.base = start

    def add(self, named: NamedStep) -> None:
        step = named.step
        if not step.fits:
            self._add_plain(named)
        elif named.id in self.known:
            self.flush()
            self._finish(named, self.known[named.id])
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
                self.riders = []  # the same expression means something else from here on
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
        wanted = [frames.alive().alias(_ALIVE), *wanted]
        self.digests[named.id] = {expr.meta.output_name(): self._riding(expr) for expr in wanted}
        here = self.base.collect_schema()
        self.base = self.base.with_columns(expr.alias(name) for expr, name in self.riders if name not in here)
        self.waiting.append(named)

    def _riding(self, expr: pl.Expr) -> str:
        """Name of the column that carries ``expr``: what two steps want to know rides once."""
        for known, name in self.riders:
            if known.meta.eq(expr):
                return name
        self.riders.append((expr, f"_digest_{self.carried}"))
        self.carried += 1
        return self.riders[-1][1]

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
        waiting, digests = self.waiting, self.digests
        self.waiting, self.digests, self.riders = [], {}, []
        columns = dict.fromkeys(column for digest in digests.values() for column in digest.values())
        collected = self.base.select(frames.RID, *columns).collect()
        removed = pl.DataFrame(schema={frames.RID: pl.Int64})
        for named in waiting:
            if named.id not in digests:
                self._finish(named, None)
                continue
            own = digests.pop(named.id)
            digest = _living(collected.select(frames.RID, *(pl.col(c).alias(n) for n, c in own.items())), removed)
            later = {column for wanted in digests.values() for column in wanted.values()}
            collected = collected.select(frames.RID, *later)  # a digest is large; let go of what nobody needs again
            fitted = named.step.learn(digest)
            if fitted.keys is not None and "_into" in fitted.keys.columns:
                removed = pl.concat([removed, fitted.keys.select(frames.RID)])
            del digest
            self._finish(named, fitted)


def _living(digest: pl.DataFrame, removed: pl.DataFrame) -> pl.DataFrame:
    """One step's digest without rows that are gone; copied only if some are."""
    if not digest[_ALIVE].all():
        digest = digest.filter(pl.col(_ALIVE))
    if removed.height:
        digest = digest.join(removed, on=frames.RID, how="anti", maintain_order="left")
    fate = pl.lit(None, dtype=frames.FATE_TYPE).alias(frames.FATE)
    return digest.select(frames.RID, fate, pl.all().exclude(frames.RID, _ALIVE))
