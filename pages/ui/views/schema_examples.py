"""Values that do not fit, with the lines they stand in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from automic_core.workbench.schema_rows import Example, placed
from pages.ui import calls, show
from pages.ui.state import Workspace

ROW, MOST = 30, 8


def draw(ws: Workspace, table: str, found: Sequence[Example], *, key: str, lines: bool = True) -> None:
    """A small grid; the file stands in the caption if there is only one."""
    slot = st.empty()
    if lines:
        slot.caption(f"Finding the lines of {show.count(len(found), 'value')}")
    examples = calls.read(ws, placed, table, list(found), lines=lines, tables=[table])
    with slot.container(gap="xsmall"):
        _grid(examples, key)


def _grid(examples: Sequence[Example], key: str) -> None:
    files = list(dict.fromkeys(each.file for each in examples))
    numbered = all(each.line for each in examples)
    cells: dict[str, list[Any]] = {"Value": [each.value for each in examples]}
    cells["Line" if numbered else "Row"] = [each.line if numbered else each.record for each in examples]
    if any(each.count > 1 for each in examples):
        cells["Times"] = [each.count for each in examples]
    if len(files) > 1:
        cells["File"] = [each.file for each in examples]
    st.dataframe(cells, hide_index=True, row_height=ROW, height=min(len(examples) + 1, MOST + 1) * ROW + 3, key=key)
    if len(files) == 1 and files[0]:
        st.caption(f"{'Lines' if numbered else 'Rows'} of {show.plain(files[0])}")
