"""Record-level steps over columns: a lazy map over batches that keeps the row ledger."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from automic_core import frames
from automic_core.contracts import Fitted, Transformer
from automic_core.errors import AutomicError, TransformError
from automic_core.records import Record, RecordMetadata

PEEK_ROWS = 1000


class Mapped(Fitted):
    """A record step with the columns it makes.

    The rows it was shown to learn them are held: the first scan that reads all begins with them, so that the step sees
    each record once a scan.
    """

    def __init__(self, step: Transformer, step_id: str, schema: dict[str, Any], held: pl.DataFrame) -> None:
        super().__init__()
        self._step, self._id, self._schema, self._held = step, step_id, schema, [held]

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Map over batches of a tracked frame."""
        held, self._held = self._held, []  # they belong to the frame they were taken from, not to one applied later

        def produce(rows: int | None) -> Iterator[pl.DataFrame]:
            rest = frame if rows is None else frame.head(rows)
            if held and (rows is None or rows >= held[0].height):
                first = held.pop()
                rest = rest.slice(first.height)
                yield first
            for batch in frames.stream(rest, 10_000):
                yield _run(self._step, batch, self._id, self._schema)

        return frames.lazy(produce, self._schema)


def peek(step: Transformer, frame: pl.LazyFrame, step_id: str) -> Mapped:
    """Learn the columns of ``step`` from the first rows; apply the result to the same frame.

    A key or a value that does not fit them later goes to ``_rescued``. A record for which the step returns None gets a
    fate; records that already have one are passed by untouched.

    Raises:
        TransformError: The step raised; names the step and the row.
    """
    before = frame.collect_schema()
    first = frame.head(PEEK_ROWS).collect()
    mapped = _run(step, first, step_id, None) if first.height else first
    schema: dict[str, Any] = {}
    for name, dtype in mapped.schema.items():
        unknown = name in before and dtype == pl.String and (name not in first or not first[name].count())
        schema[name] = before[name] if unknown or (name in before and frames.is_hidden(name)) else dtype
    schema[frames.RESCUED] = pl.String
    return Mapped(step, step_id, schema, frames.align(mapped.lazy(), schema).collect())


def _run(step: Transformer, batch: pl.DataFrame, step_id: str, schema: dict[str, Any] | None) -> pl.DataFrame:
    """One batch through the step; rows keep their place, removed ones are marked."""
    hidden = [name for name in batch.columns if frames.is_hidden(name)]
    data = batch.drop(hidden)
    metadata = RecordMetadata()
    dead = batch[frames.FATE].is_not_null().to_list() if batch[frames.FATE].null_count() < batch.height else None
    transform = step.transform
    rows: list[dict[str, Any]] = []
    gone: list[int] = []
    index = 0
    try:
        for index, row in enumerate(data.iter_rows(named=True)):
            if dead is None or not dead[index]:
                out = transform(Record(row, metadata))
                if out is None:
                    gone.append(index)
                    rows.append(row)
                else:
                    rows.append(out.data)
            else:
                rows.append(row)
    except AutomicError:
        raise
    except Exception as exc:
        rid = batch[frames.RID][index]
        raise TransformError(
            f"Step {step_id} ({type(step).__name__}) failed on row {rid}: {type(exc).__name__}: {exc}",
            "Handle this value in the step's transform().",
        ) from exc
    known = (
        None if schema is None else {k: v for k, v in schema.items() if not frames.is_hidden(k) or k == frames.RESCUED}
    )
    result = frames.from_rows(rows, known).with_columns(batch.select(h for h in hidden if h != frames.RESCUED))
    if frames.RESCUED in hidden:
        merged = pl.coalesce(pl.col("_new"), pl.col("_old"))
        old = batch[frames.RESCUED].alias("_old")
        new = (
            result[frames.RESCUED]
            if frames.RESCUED in result.columns
            else pl.Series([None] * batch.height, dtype=pl.String)
        )
        result = result.with_columns(pl.DataFrame([old, new.alias("_new")]).select(merged.alias(frames.RESCUED)))
    if gone:
        mask = pl.Series([False] * batch.height).scatter(gone, True)
        token = frames.current_step.set(step_id)
        try:
            result = frames.condemn(result.lazy(), pl.lit(mask), frames.FILTERED).collect()
        finally:
            frames.current_step.reset(token)
    return result if schema is None else result.select(list(schema))
