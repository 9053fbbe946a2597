"""Where the table of a delimited file starts, and whether its first record names the columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from automic_core.connectors.files import _cells, _encoding
from automic_core.connectors.files._grammar import Row

_FIRST = 60
_COMMENT = (b"#", b"//", b"%", b"--")


def table_start(rows: Sequence[Row], width: int) -> int:
    """The ordinal of the table's first record, header included; those before it are titles, notes and padding."""
    start = next((number for number, row in enumerate(rows) if len(row.fields) == width), 0)
    if start and _short_header(rows[start - 1], width):
        start -= 1
    if width == 1:
        return next((number for number, row in enumerate(rows) if not row.fields[0].startswith(_COMMENT)), 0)
    filled = [_filled(row) for row in rows]
    usual = int(median(count for count in filled[start:] if count)) if any(filled[start:]) else 0
    for number in range(start, min(len(rows), start + _FIRST)):
        if len(rows[number].fields) == width and filled[number] > max(1, usual // 3):
            padding = rows[start:number]
            return number if all(_filled(row) <= 1 for row in padding) and usual > 1 else start
    return start


def has_header(rows: Sequence[Row], width: int) -> bool:
    """Whether the first record differs from the rest as names differ from values.

    A cell of a plain type (number, time, address) where its column has values of that type speaks against a header; a
    cell of text above such a column speaks for one. Where all is text, names are taken to be there unless the
    first record has gaps, repeats or values seen again in their column.
    """
    if not rows:
        return True
    head = _texts(rows[0])
    body = [_texts(row) for row in rows[1:] if len(row.fields) == width]
    if not body:
        return not any(_cells.kind(cell) in _cells.TYPED for cell in head)
    votes = 0
    seen = 0
    for cell, column in zip(head, zip(*body, strict=True), strict=False):
        kinds = Counter(_cells.kind(text) for text in column)
        kinds.pop(_cells.EMPTY, None)
        kind = _cells.kind(cell)
        usual, count = kinds.most_common(1)[0] if kinds else (_cells.EMPTY, 0)
        if usual in _cells.TYPED and count > 0.7 * kinds.total():
            votes += -1 if kind == usual else 0 if kind == _cells.EMPTY else 1
        elif kind in _cells.TYPED:
            votes -= 1
        seen += bool(cell.strip()) and cell in column
    if votes:
        return votes > 0 or _is_scale(head)
    named = [cell.strip() for cell in head if cell.strip()]
    return seen == 0 and len(named) > len(head) // 2


def _is_scale(head: Sequence[str]) -> bool:
    """Whether the numbers in a header are steps of a scale, such as years."""
    numbers = [int(cell) for cell in map(str.strip, head) if cell.isdecimal()]
    steps = {after - before for before, after in pairwise(numbers)}
    return len(numbers) > 2 and len(steps) == 1 and 0 not in steps and not head[0].strip().isdecimal()


def _short_header(row: Row, width: int) -> bool:
    """Whether a record just before the table may be its header with a few names too few or too many."""
    cells = _texts(row)
    close = abs(len(cells) - width) <= max(1, width // 5) and len(cells) > 1
    return close and all(cell.strip() and _cells.kind(cell) not in _cells.TYPED for cell in cells)


def _texts(row: Row) -> list[str]:
    return [_encoding.decode(field)[0] for field in row.fields]


def _filled(row: Row) -> int:
    return sum(bool(field.strip()) for field in row.fields)
