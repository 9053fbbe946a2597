"""Record-level steps over columns: a lazy map over batches that keeps the row ledger."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import polars as pl

from automic_core import frames
from automic_core.errors import AutomicError, TransformError
from automic_core.records import Record, RecordMetadata

if TYPE_CHECKING:
    from automic_core.contracts import Transformer

PEEK_ROWS = 1000


def apply_records(step: Transformer, frame: pl.LazyFrame, step_id: str) -> pl.LazyFrame:
    """Run ``step`` record by record.

    The schema is learned from the first rows; a key or a value that does not fit it later goes to ``_rescued``. A
    record for which the step returns None gets a fate; records that already have one are passed by untouched.

    Raises:
        TransformError: The step raised; names the step and the row.
    """
    source_schema = frame.collect_schema()
    peeked = frame.head(PEEK_ROWS).collect()
    schema = _output_schema(step, peeked, step_id, source_schema)

    def produce(rows: int | None) -> Iterator[pl.DataFrame]:
        wanted = frame if rows is None else frame.head(rows)
        for batch in frames.stream(wanted, 10_000):
            yield _run(step, batch, step_id, schema)[0]

    return frames.lazy(produce, schema)


def _output_schema(step: Transformer, peeked: pl.DataFrame, step_id: str, before: pl.Schema) -> dict[str, Any]:
    """Columns after the step: those it returned for the peeked rows; untouched ones keep their type."""
    seen = _run(step, peeked, step_id, None)[0].schema if peeked.height else before
    schema: dict[str, Any] = {}
    for name, dtype in seen.items():
        unknown = name in before and dtype == pl.String and (name not in peeked or not peeked[name].count())
        schema[name] = before[name] if unknown or (name in before and frames.is_hidden(name)) else dtype
    schema[frames.RESCUED] = pl.String
    return schema


def _run(
    step: Transformer, batch: pl.DataFrame, step_id: str, schema: dict[str, Any] | None
) -> tuple[pl.DataFrame, int]:
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
    return (result if schema is None else result.select(list(schema))), len(gone)
