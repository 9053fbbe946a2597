"""What a state of a table measures: rows, empty cells, different values, where the values lie; one reading a state.

A batch that bronze took in is measured by itself, so that a bad delivery into a large table is not diluted. Row counts
come from the snapshot's summary, the rest from its rows. Measures are kept in the state by snapshot: a snapshot never
changes, so neither do they.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
from pyiceberg.table import Table

from automic_core import frames
from automic_core.errors import CatalogError, translate
from automic_core.inference import DEFAULT_NULL_TOKENS
from automic_core.inference.casting import is_null_token
from automic_core.lakehouse import tables
from automic_core.lakehouse.history import SnapshotInfo, history
from automic_core.lakehouse.schemas import CHANGE
from automic_core.medallion.batches import BATCH
from automic_core.medallion.context import LakeContext

VERSION = 1
"""Of the form of the measures; others are measured anew."""
MOST_STATES, MOST_COLUMNS = 90, 80
SAMPLE_ROWS, QUANTILES, TOP = 200_000, 20, 30
_STRAY = 0.02
Measures = dict[str, Any]


@dataclass(frozen=True)
class Measured:
    """A state of a table that brought rows.

    Attributes:
        rows: Rows measured: those of the batch, else all.
        total: Rows of the table; None if the writer did not say.
        batch: The batch it brought; None = the whole table is measured.
        measures: Column to what was measured; None = not yet.
    """

    snapshot: int
    at: datetime
    rows: int | None
    total: int | None
    batch: int | None
    summary: Mapping[str, str]
    measures: Measures | None = None


def states(lake: LakeContext, name: str, table: Table | None = None) -> list[Measured]:
    """The newest states of a table that changed its rows, oldest first, with what is known of them.

    Args:
        lake: The lake.
        name: Full name.
        table: The table, if it is open already.

    Raises:
        CatalogError: There is no such table.
    """
    past = [info for info in history(table if table is not None else lake.need(name)) if _changed(info)]
    known = lake.state.measures.of(name, VERSION)
    return [_state(info, known) for info in past[-MOST_STATES:]]


def measure(lake: LakeContext, name: str, state: Measured, table: Table | None = None) -> Measures:
    """Measure a state and keep what was found.

    Raises:
        CatalogError: The state is gone, or cannot be read.
    """
    table = table if table is not None else lake.need(name)
    with translate(CatalogError, f"measuring {name}"):
        frame = tables.scan(table, state.snapshot)
        if state.batch is not None:
            frame = frame.filter(pl.col("_batch_id") == state.batch)
        found = _measure(frame, state.rows)
    lake.state.measures.put(name, state.snapshot, VERSION, found)
    return found


def _changed(info: SnapshotInfo) -> bool:
    """Whether a state came with other rows; merged files and changed columns alone bring none."""
    said = info.summary
    empty = info.parent is None and not info.rows and tables.RUN_ID not in said
    return CHANGE not in said and not empty


def _state(info: SnapshotInfo, known: Mapping[int, Measures]) -> Measured:
    said = info.summary
    batch = int(said[BATCH]) if said.get(BATCH, "").isdigit() and not info.returned else None
    added = said.get("added-records", "0")
    rows = info.rows if batch is None else int(added) if added.isdigit() else None
    return Measured(info.id, info.at, rows, info.rows, batch, said, known.get(info.id))


def _measure(frame: pl.LazyFrame, rows: int | None) -> Measures:
    schema = frame.collect_schema()
    names = [name for name in frames.data_names(schema) if _measurable(schema[name])][:MOST_COLUMNS]
    every = max(1, math.ceil((rows or 0) / SAMPLE_ROWS))
    frame = frame.select(pl.when(~_empty(name, schema)).then(pl.col(name)).alias(name) for name in names)
    counts = frame.select(pl.len().alias("_rows"), *(pl.col(name).null_count().alias(name) for name in names))
    counted, cells = pl.collect_all([counts, frame.gather_every(every) if every > 1 else frame])
    columns = {name: {"nulls": int(counted.item(0, name)), **_column(cells[name])} for name in names}
    return {"rows": int(counted.item(0, "_rows")), "columns": columns}


def _empty(name: str, schema: Mapping[str, Any]) -> pl.Expr:
    """Whether a cell is empty; in bronze it may hold a word that says so."""
    cell = pl.col(name)
    return cell.is_null() | is_null_token(cell, DEFAULT_NULL_TOKENS) if schema[name] == pl.String else cell.is_null()


def _measurable(kind: pl.DataType) -> bool:
    return not kind.is_nested() and kind not in (pl.Binary, pl.Object, pl.Null)


def _column(cells: pl.Series) -> Measures:
    known = cells.drop_nulls()
    found: Measures = {"filled": known.len()}
    if known.is_empty():
        return found
    found["distinct"] = known.n_unique()
    if known.dtype.is_numeric() or known.dtype.is_temporal():
        return found | _number(known)
    if known.dtype == pl.String and (numbers := known.cast(pl.Float64, strict=False)).null_count() <= _STRAY * len(
        known
    ):
        return found | _number(numbers.drop_nulls())  # bronze keeps the numbers of text files as text
    top = known.cast(pl.String).alias("value").value_counts(sort=True).sort("count", "value", descending=[True, False])
    return found | {"kind": "text", "top": [[value[:200], rows] for value, rows in top.head(TOP).iter_rows()]}


def _number(known: pl.Series) -> Measures:
    """Mean, deviation and quantiles; of moments in seconds since 1970."""
    if known.dtype == pl.Date:
        numbers = known.cast(pl.Datetime("us")).dt.epoch("s").cast(pl.Float64)
    elif known.dtype == pl.Datetime:
        numbers = known.dt.epoch("s").cast(pl.Float64)
    else:
        numbers = (known.to_physical() if known.dtype.is_temporal() else known).cast(pl.Float64)
    finite = numbers.filter(numbers.is_finite())
    if finite.is_empty():
        return {"kind": "number"}
    steps: Sequence[float] = [step / QUANTILES for step in range(QUANTILES + 1)]
    return {
        "kind": "time" if known.dtype.is_temporal() else "number",
        "mean": float(finite.mean()),  # type: ignore[arg-type]
        "deviation": float(finite.std() or 0.0),  # type: ignore[arg-type]
        "quantiles": [float(finite.quantile(step, "linear") or 0.0) for step in steps],
    }
