"""The last turn of a plan: living rows go on to the loader, the others are counted by their fates, in one pass."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import polars as pl

from automic_core import frames
from automic_core.errors import SourceError, TransformError, translate

REMOVED_SCHEMA = pl.Schema(
    {"_rid": pl.Int64, "stage": pl.Int32, "step": pl.String, "reason": pl.String, "into": pl.Int64}
)


@dataclass
class Tee:
    """Passes living rows on and counts the fates of the others, in one go.

    Each scan counts for itself and the counts are those of one that reached the end, so a plan that reads twice, or
    looks at the first rows besides, still counts once.
    """

    stage: int
    frame: pl.LazyFrame
    on_batch: frames.OnRows
    label: str
    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    gone: list[pl.DataFrame] = field(default_factory=list)
    kept: int = 0

    def batches(self) -> Iterator[pl.DataFrame]:
        """Batches of living rows, without ``_fate``."""
        counts: dict[tuple[str, str], int] = {}
        gone: list[pl.DataFrame] = []
        total = kept = 0
        for batch in self._computed():
            total += batch.height
            fate = batch[frames.FATE]
            if fate.null_count() < batch.height:
                dead = batch.filter(fate.is_not_null()).select(
                    frames.RID, pl.lit(self.stage, dtype=pl.Int32).alias("stage"), pl.col(frames.FATE).struct.unnest()
                )
                for step, reason, rows in dead.group_by("step", "reason").len().iter_rows():
                    counts[step, reason] = counts.get((step, reason), 0) + rows
                gone.append(dead)
                batch = batch.filter(fate.is_null())
            kept += batch.height
            self.on_batch(total)
            if batch.height:
                yield batch.drop(frames.FATE)
        self.counts, self.gone, self.kept = counts, gone, kept

    def _computed(self) -> Iterator[pl.DataFrame]:
        """What the plan gives; a fault in here is told as the run's, not as the loader's that is pulling."""
        with explained(self.label):
            yield from frames.stream(self.frame)

    def removed(self) -> pl.DataFrame:
        """Every removed row: ``_rid``, stage, step, reason, into."""
        return pl.concat([pl.DataFrame(schema=REMOVED_SCHEMA), *self.gone])


@contextmanager
def explained(label: str) -> Iterator[None]:
    """Foreign errors of a running plan as ours."""
    with (
        translate(TransformError, f"Running {label}", "", (pl.exceptions.PolarsError,)),
        translate(SourceError, f"Running {label}", "Run again once the file is there.", (FileNotFoundError,)),
    ):
        yield
