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
        frame = self.fitted(frames.from_arrow(batch))
        return frame.to_arrow(compat_level=pl.CompatLevel.oldest()).combine_chunks().to_batches()[0]

    def fitted(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The same for rows with ``_rescued``."""
        unknown = [name for name in self._plan.unknown if name in frame.columns]
        moved = {name: pl.col(name).is_not_null() for name in unknown}
        cells: list[pl.Expr] = []
        for name, dtype in self._types.items():
            if name in frame.columns:
                cell = fitting(name, frame.schema[name], dtype)
                moved[name] = pl.col(name).is_not_null() & cell.is_null()
                cells.append(cell.alias(name))
        marks = frame.select(expr.alias(name) for name, expr in moved.items())
        rows = marks.select(pl.any_horizontal(pl.all()).arg_true()).to_series() if marks.width else pl.Series([])
        if rows.len():
            rescued = frame[frames.RESCUED].to_list()
            for row in rows:
                values = {name: frame[name].slice(row, 1).to_list()[0] for name in moved if marks[name][row]}
                rescued[row] = self._rescue(rescued[row], values)
            frame = frame.with_columns(pl.Series(frames.RESCUED, rescued, dtype=pl.String))
        return frame.with_columns(cells).drop(unknown)

    def _rescue(self, before: str | None, values: dict[str, Any]) -> str:
        note: dict[str, Any] = json.loads(before) if before else {}
        note["values"] = {**note.get("values", {}), **values}
        if self._plan.mode is ContractMode.DISCARD_ROW:
            note.setdefault("reason", f"the contract does not take {', '.join(values)}")
        return json.dumps(note, default=_text, ensure_ascii=False, sort_keys=True)


def fitting(name: str, have: pl.DataType, want: pl.DataType) -> pl.Expr:
    """Values of a column as another type; null where they would not be the same there.

    No digit is cut, no zero in front is lost. Texts become numbers only; anything but bytes becomes text.
    """
    if want == pl.String and have != pl.Binary:
        return frames.as_text(name, {name: have})
    if not _related(have, want):
        return pl.lit(None, dtype=want)
    found = pl.col(name).cast(want, strict=False)
    return pl.when(found.cast(have, strict=False).eq_missing(pl.col(name))).then(found)


def _related(have: pl.DataType, want: pl.DataType) -> bool:
    """Whether values of two types can mean the same."""
    if isinstance(have, pl.Struct) and isinstance(want, pl.Struct):
        types = {field.name: field.dtype for field in have.fields}
        return all(_related(types[f.name], f.dtype) for f in want.fields if f.name in types)  # type: ignore[arg-type]
    if isinstance(have, pl.List) and isinstance(want, pl.List):
        return _related(have.inner, want.inner)  # type: ignore[arg-type]
    if want.is_numeric():
        return have.is_numeric() or have == pl.Boolean or have == pl.String
    if want == pl.Boolean:
        return have.is_numeric()
    days = (pl.Date, pl.Datetime)
    return have == want or (isinstance(have, days) and isinstance(want, days))


def _text(value: Any) -> str:
    return f"x'{value.hex()}'" if isinstance(value, bytes) else str(value)
