"""What a step promises, and what a fitted one holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

import polars as pl

from automic_core import frames
from automic_core.contracts.options import check_pair
from automic_core.errors import TransformError
from automic_core.records import Record

Scope = Literal["row", "key", "table"]
Pair = tuple[int, int, bool]
"""``_rid`` of two rows, and whether they are the same thing."""


@dataclass
class StepCounts:
    """Counters a record-level step may keep for itself."""

    records_in: int = 0
    records_out: int = 0
    records_modified: int = 0
    records_removed: int = 0


class Fitted:
    """A step with what it learned. The state is JSON or an Arrow frame, never code.

    Attributes:
        state: JSON-able dict of small numbers.
        keys: Frame of keys: ``_rid`` of rows to remove and ``_into`` (the survivor's ``_rid``), or None.
    """

    version: ClassVar[int] = 1

    def __init__(self, state: Mapping[str, Any] | None = None, keys: pl.DataFrame | None = None) -> None:
        self.state = dict(state or {})
        self.keys = keys

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Run the step with this state on a tracked frame."""
        raise TypeError(f"{type(self).__name__} must override apply.")

    @property
    def note(self) -> str:
        """A sentence the run report should carry about what was learned; empty = nothing to say."""
        return ""

    def merge(self, other: Fitted) -> Fitted:
        """The state of both slices together."""
        raise TypeError(f"{type(self).__name__} states cannot be merged.")


class Transformer:
    """Changes rows. Override ONE of ``apply`` (columns), ``transform`` (a record), ``transform_batch`` (records), or —
    for a step that must see the whole table first — ``digest`` and ``learn`` (or ``fit``).

    ``apply`` takes and returns a tracked frame (``_rid``, ``_fate``), keeps row order, and never filters: a row that
    goes gets a fate by ``frames.condemn``, and a row that has one is left alone and not counted. A step whose output
    rows are not its input rows (aggregate, join with many matches, explode) sets ``segment = True``: it gets only
    living rows (with ``_rid``) and returns a frame with ``_weight`` (int64): how many input rows each output row
    accounts for; the weights sum to the rows in.
    """

    kind: ClassVar[str] = ""
    scope: ClassVar[Scope] = "row"
    segment: ClassVar[bool] = False

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not abstract:
            check_pair(cls, Transformer, ("apply", "transform", "transform_batch", "learn", "fit"))

    @cached_property
    def stats(self) -> StepCounts:
        """Counters for record-level steps."""
        return StepCounts()

    def get_stats(self) -> dict[str, Any]:
        """The counters as a dict."""
        return dict(vars(self.stats))

    @property
    def fits(self) -> bool:
        """Whether this step (with these options) must see the whole table before it can run."""
        return type(self).learn is not Transformer.learn or type(self).fit is not Transformer.fit

    @property
    def rewrites(self) -> bool:
        """Whether the fitted step changes existing columns, or removes rows that ``Fitted.keys`` does not list.

        If not, fits of later steps are gathered into the same pass.
        """
        return False

    @property
    def reads_marks(self) -> bool:
        """Whether ``digest`` reads ``_`` columns of earlier fitted steps, so that their fits must be finished first."""
        return False

    def taught(self, pairs: Sequence[Pair]) -> Transformer:
        """This step with what people decided about pairs of rows; itself, unless it compares rows with each other.

        Args:
            pairs: By the ``_rid`` the rows have in the source; a row of which a step made several is known by it too.
        """
        return self

    def digest(self, schema: pl.Schema) -> list[pl.Expr]:
        """Row-wise named expressions that hold all ``learn`` needs, beside ``_rid`` and ``_fate``."""
        return []

    def kept(self, state: Mapping[str, Any]) -> Fitted | None:
        """The fitted step as it was when its state was written as JSON; None if the state does not hold all of it."""
        return None

    def learn(self, digest: pl.DataFrame) -> Fitted:
        """Learn the state from the collected digest (columns of ``digest``, ``_rid``, ``_fate``), living rows only."""
        raise TypeError(f"{type(self).__name__} does not learn.")

    def fit(self, frame: pl.LazyFrame) -> Fitted:
        """One pass over a tracked frame that learns a small state; never changes the step."""
        wanted = self.digest(frame.collect_schema())
        return self.learn(frame.select(frames.RID, frames.FATE, *wanted).collect())

    def prepare(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """For segment steps: mark rows that will not go on (unmatched rows of an inner join), on the tracked frame."""
        return frame

    def failures(self, before: pl.LazyFrame) -> pl.LazyFrame | None:
        """For steps that quarantine: every reason, also of rows that an earlier step removed.

        Args:
            before: The tracked frame as it entered this step.

        Returns:
            A frame ``_rid``, ``rule``, ``column``, ``value`` (text), ``message``; None if the step quarantines nothing.
        """
        return None

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Run the step on a tracked frame."""
        if self.fits:
            return self.fit(frame).apply(frame)
        return _apply_records(self, frame)

    def transform(self, record: Record) -> Record | None:
        """Change one record; None removes it.

        Raises:
            TransformError: ``transform_batch`` made several records of one; only a segment step may.
        """
        out = self.transform_batch([record])
        if len(out) > 1:
            raise TransformError(
                f"{type(self).__name__}.transform_batch made {len(out)} records of one.",
                "Override apply and set segment = True for a step that makes rows.",
            )
        return out[0] if out else None

    def transform_batch(self, records: list[Record]) -> list[Record]:
        """Change a list of records; the result keeps order and drops removed ones."""
        if type(self).transform is not Transformer.transform:
            return [out for out in map(self.transform, records) if out is not None]
        frame = frames.track(frames.from_rows([record.data for record in records]).lazy())
        rows = frames.survivors(self.apply(frame)).collect()
        return list(frames.to_records(rows.drop(frames.RID)))


def _apply_records(step: Transformer, frame: pl.LazyFrame) -> pl.LazyFrame:
    """A record step as a lazy map over batches; ``None`` becomes a fate, late keys go to ``_rescued``."""
    from automic_core.recordwise import peek

    return peek(step, frame, frames.current_step.get()).apply(frame)
