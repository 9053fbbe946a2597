"""Apply a schema contract to batches: what a table does not take moves to ``_rescued``, it never disappears."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pyarrow as pa

from automic_core import frames
from automic_core.lakehouse.schemas import ContractMode, ContractPlan
from automic_core.lakehouse.types import polars_schema


class Contract:
    """Fits batches to a table by a contract plan.

    ``discard_value`` moves a value the table has no place for to ``_rescued`` ({"values": …}); ``discard_row`` moves
    it there too and gives the row a reason, so that promotion quarantines the row. Under ``evolve`` only values that
    do not fit an existing type are moved.
    """

    def __init__(self, plan: ContractPlan) -> None:
        self._plan = plan
        self._types = polars_schema(pa.schema([pa.field(n, t) for n, t in plan.misfit.items()])) if plan.misfit else {}

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch | pa.Table:
        """The batch without what the table does not take."""
        if not self._plan.unknown and not self._plan.misfit:
            return batch
        frame = frames.from_arrow(batch)
        moved = {name: pl.col(name).is_not_null() for name in self._plan.unknown if name in frame.columns}
        fitted: list[pl.Expr] = []
        for name, dtype in self._types.items():
            if name in frame.columns:
                cast = pl.col(name).cast(dtype, strict=False)
                moved[name] = pl.col(name).is_not_null() & cast.is_null()
                fitted.append(cast.alias(name))
        marks = frame.select(expr.alias(name) for name, expr in moved.items())
        rows = marks.select(pl.any_horizontal(pl.all()).arg_true()).to_series() if marks.width else pl.Series([])
        rescued = frame[frames.RESCUED].to_list() if rows.len() else []
        for row in rows:
            values = {name: frame[name][row] for name in moved if marks[name][row]}
            rescued[row] = self._rescue(rescued[row], values)
        if rescued:
            frame = frame.with_columns(pl.Series(frames.RESCUED, rescued, dtype=pl.String))
        frame = frame.with_columns(fitted).drop(n for n in self._plan.unknown if n in frame.columns)
        return frame.to_arrow(compat_level=pl.CompatLevel.oldest()).combine_chunks().to_batches()[0]

    def _rescue(self, before: str | None, values: dict[str, Any]) -> str:
        note: dict[str, Any] = json.loads(before) if before else {}
        note["values"] = {**note.get("values", {}), **values}
        if self._plan.mode is ContractMode.DISCARD_ROW:
            note.setdefault("reason", f"the contract does not take {', '.join(values)}")
        return json.dumps(note, default=str, ensure_ascii=False)
