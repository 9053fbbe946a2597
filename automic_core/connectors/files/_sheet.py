"""Where the table of a spreadsheet is: title block, header, blank rows, notes below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Cell = Any
Row = Sequence[Cell]
Range = tuple[tuple[int, int], tuple[int, int]]
"""Top left and bottom right cell of a merged range: row and column, from 0."""


@dataclass
class Table:
    """What was found in a sheet; rows are counted from 0.

    Attributes:
        above: Rows before the table that hold something.
        header: Rows that hold the names; empty = there are none.
        body: Rows that hold records, blank rows left out.
        below: Rows after the table that hold something: notes, sources.
        places: Columns of the sheet that belong to the table.
    """

    names: list[str] = field(default_factory=list)
    above: list[int] = field(default_factory=list)
    header: list[int] = field(default_factory=list)
    body: list[int] = field(default_factory=list)
    below: list[int] = field(default_factory=list)
    places: list[int] = field(default_factory=list)


def find(rows: Sequence[Row], merged: Sequence[Range], header: bool | None, skip_rows: int | None) -> Table:
    """The table of a sheet.

    Args:
        rows: Cells; an empty one is "".
        merged: Merged ranges; the value stands in the first cell.
        header: Whether the first row of the table holds names; None = found out.
        skip_rows: Rows before the table; None = found out.
    """
    filled = [sum(cell != "" for cell in row) for row in rows]
    start = next((i for i, count in enumerate(filled) if count and i >= (skip_rows or 0)), len(rows))
    if start == len(rows):
        return Table(above=[i for i, count in enumerate(filled) if count])
    usual = _usual(filled[start:])
    if skip_rows is None:
        start = _first(rows, filled, start, usual, header)
    heads = [start] if (_is_header(rows, filled, start) if header is None else header) else []
    # A row of merged cells right above the header groups its columns; a title is merged too, but then names are whole.
    if heads and skip_rows is None and start and _groups(merged, start - 1) and not _tells_apart(rows[start]):
        heads.insert(0, start - 1)
    elif heads and _groups(merged, start) and start + 1 < len(rows) and _texts(rows[start + 1]):
        heads.append(start + 1)
    body = [i for i in range(start if not heads else heads[-1] + 1, len(rows)) if filled[i]]
    below = _notes(filled, body, usual)
    body = body[: len(body) - len(below)]
    used = [*heads, *body]
    width = max((len(rows[i]) for i in used), default=0)
    places = [c for c in range(width) if any(c < len(rows[i]) and rows[i][c] != "" for i in used)]
    names = [_name(rows, heads, merged, column) for column in places]
    first = (heads or body or [len(rows)])[0]
    return Table(names, [i for i in range(first) if filled[i]], heads, body, below, places)


def _usual(filled: Sequence[int]) -> int:
    """The number of filled cells of most rows; of near equals the larger."""
    counts = Counter(count for count in filled if count)
    most = max(counts.values())
    return max(count for count, times in counts.items() if 2 * times > most)


def _first(rows: Sequence[Row], filled: Sequence[int], start: int, usual: int, header: bool | None) -> int:
    """The first row of the table: as filled as most are, or the texts right above that row."""
    first = next(i for i in range(start, len(rows)) if filled[i] >= usual)
    before = first - 1
    if header is not False and before >= start and not _texts(rows[first]) and _texts(rows[before]):
        gaps = [
            c for c, cell in enumerate(rows[first]) if cell != "" and (c >= len(rows[before]) or rows[before][c] == "")
        ]
        if filled[before] > 1 and len(gaps) <= max(1, usual // 3):
            return before
    return first


def _texts(row: Row) -> bool:
    return any(cell != "" for cell in row) and all(isinstance(cell, str) for cell in row)


def _is_header(rows: Sequence[Row], filled: Sequence[int], start: int) -> bool:
    """All texts; or mostly texts, one of them above a column of something else."""
    row = rows[start]
    if _texts(row):
        return True
    texts = sum(isinstance(cell, str) and cell != "" for cell in row)
    following = next((rows[i] for i in range(start + 1, len(rows)) if filled[i]), ())
    above = any(
        isinstance(a, str) and a and b != "" and not isinstance(b, str) for a, b in zip(row, following, strict=False)
    )
    return 2 * texts >= filled[start] and above


def _tells_apart(header: Row) -> bool:
    """Whether the names are different and have no gaps."""
    names = [str(cell).strip() for cell in header]
    filled = [name for name in names if name]
    first = next((place for place, name in enumerate(names) if name), 0)
    return len(set(filled)) == len(filled) and "" not in names[first : first + len(filled)]


def _groups(merged: Sequence[Range], row: int) -> bool:
    """Whether a row has cells merged across columns."""
    return any(top == row and left < right for (top, left), (_, right) in merged)


def _notes(filled: Sequence[int], body: Sequence[int], usual: int) -> list[int]:
    """The rows at the end that are hardly filled where the table's are: a gap comes before them, or one cell is all."""
    sparse = len(body)
    while sparse and usual >= 3 and filled[body[sparse - 1]] <= usual // 3:
        sparse -= 1
    if sparse == 0:
        return []
    for at in range(sparse, len(body)):
        if body[at] > body[at - 1] + 1 or filled[body[at]] == 1:
            return list(body[at:])
    return []


def _name(rows: Sequence[Row], heads: Sequence[int], merged: Sequence[Range], column: int) -> str:
    """The texts above a column, from top to bottom; a merged cell counts for all that it covers."""
    parts: list[str] = []
    for row in heads:
        value = rows[row][column] if column < len(rows[row]) else ""
        for (top, left), (bottom, right) in merged:
            if top <= row <= bottom and left <= column <= right:
                value = rows[top][left] if left < len(rows[top]) else ""
        if value != "" and str(value) not in parts:
            parts.append(str(value))
    return "_".join(parts)
