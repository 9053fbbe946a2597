"""Rows of data as a grid: numbers right aligned, long cells cut, selection handed back."""

from __future__ import annotations

from typing import Any, Literal

import streamlit as st

from automic_core import workbench
from pages.ui import words

_MODES: dict[str, Any] = {"row": "single-row", "cell": "single-cell", "rows": "multi-row"}
_CELL = 2_000
_EXACT = 2**53
MAX_COLUMNS = 200
NULL = "null"
"""What stands in a cell without a value; an empty text stays empty."""
ROW_PIXELS, MOST_ROWS = 32, 14


def draw(
    data: workbench.Rows, *, key: str, select: Literal["row", "cell", "rows"] | None = None, height: int | None = None
) -> Any:
    """Draw the grid; see ``show.rows``."""
    names = list(data.columns)[:MAX_COLUMNS]
    if len(names) < len(data.columns):
        st.caption(f"showing {len(names):,} of {len(data.columns):,} columns")
    table = {name: _column_values([row.get(name) for row in data.rows]) for name in names}
    config = {name: _column(name, kind) for name, kind in data.columns.items() if name in table}
    tall = height or min(len(data.rows) + 1, MOST_ROWS) * ROW_PIXELS + 4
    chosen: dict[str, Any] = {"on_select": "rerun", "selection_mode": _MODES[select]} if select else {}
    event: Any = st.dataframe(
        table,
        hide_index=True,
        column_config=config,
        height=tall,
        row_height=ROW_PIXELS,
        key=key,
        placeholder=NULL,
        **chosen,
    )
    if select is None:
        return None
    picked = event["selection"]
    if select == "cell":
        cells = picked["cells"]
        return (cells[0][0], cells[0][1]) if cells else None
    if select == "rows":
        return list(picked["rows"])
    return picked["rows"][0] if picked["rows"] else None


def _column_values(values: list[Any]) -> list[Any]:
    """Cells as the browser can hold them: one type a column, long text cut, nested values and huge numbers as text."""
    present = [value for value in values if value is not None]
    if all(isinstance(value, str) for value in present):
        return [value if value is None else _cut(value) for value in values]
    if all(isinstance(value, bool) for value in present):
        return values
    if all(isinstance(value, int | float) and abs(value) < _EXACT for value in present):
        return values
    return _texts(values)


def _texts(values: list[Any]) -> list[str | None]:
    plain = workbench.plain  # each look into the workbench finds its module anew
    return [None if value is None else _cut(str(plain(value))) for value in values]


def _cut(text: str) -> str:
    return text if len(text) <= _CELL else f"{text[:_CELL]}… ({len(text):,} characters)"


def _column(name: str, kind: str) -> Any:
    """Header and format of a column. The grid is a canvas: a name is drawn as it is, whatever it holds."""
    said = words.kind(kind)
    if kind.startswith(("Int", "UInt", "Float", "Decimal")) and name != "_rid":
        return st.column_config.NumberColumn(name, help=said, format="localized")
    if kind == "Boolean":
        return st.column_config.CheckboxColumn(name, help=said)
    return st.column_config.Column(name, help=said)
