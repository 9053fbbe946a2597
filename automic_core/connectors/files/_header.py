"""Where the table of a delimited file starts, and whether its first record names the columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, pairwise
from statistics import median

from automic_core.connectors.files import _cells, _encoding
from automic_core.connectors.files._grammar import Row

_FIRST = 60
_SPARSE = 0.7
_MOST_NAMES, _FEWEST_RECORDS = 3, 3
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
    if padded := _after_gap(rows, filled, start, width, usual):
        return padded
    for number in range(start, min(len(rows), start + _FIRST)):
        if len(rows[number].fields) == width and filled[number] > max(1, usual // 3):
            padding = rows[start:number]
            return number if all(_filled(row) <= 1 for row in padding) and usual > 1 else start
    return start


def _after_gap(rows: Sequence[Row], filled: Sequence[int], start: int, width: int, usual: int) -> int:
    """The header's ordinal behind rows of titles and facts that end with empty records; 0 if there are none."""
    first = next((number for number in range(start, min(len(rows), start + _FIRST)) if not filled[number]), len(rows))
    after = next((number for number in range(first, len(rows)) if filled[number]), len(rows))
    sparse = all(count < _SPARSE * usual for count in filled[start:first])
    return after if sparse and usual > 1 and after < len(rows) and has_header(rows[after:], width) else 0


def header_size(rows: Sequence[Row], width: int) -> int:
    """How many records the header has: names, and perhaps groups above or units below them.

    A further record belongs to it if it has no plain value at all, though it fills two or more of the columns
    in which all records after it hold one.
    """
    size = 1
    body = [[cell.strip("'\"") for cell in _texts(row)] for row in rows if len(row.fields) == width]
    while size < _MOST_NAMES and len(body) == len(rows) and len(body) > size + _FEWEST_RECORDS:
        kinds = [[_cells.kind(cell) for cell in column] for column in zip(*body[size:], strict=True)]
        typed = [column[0] for column in kinds if _share_typed(column[1:]) > 0.7]
        if not _untyped(body[size]) or sum(kind != _cells.EMPTY for kind in typed) < 2:
            break
        size += 1
    return size


def joined(header: Sequence[Sequence[str]]) -> list[str]:
    """One name a column from the records of a header; a group's name goes on to the right over gaps."""
    width = max(map(len, header), default=0)
    lines = [[*(cell.strip() for cell in line), *[""] * (width - len(line))] for line in header]
    if len(lines) > 1 and sum(map(bool, lines[0])) < sum(map(bool, lines[1])):
        lines[0] = list(accumulate(lines[0], _over_gaps))
    return [" ".join(dict.fromkeys(filter(None, column))) for column in zip(*lines, strict=True)]


def _over_gaps(before: str, cell: str) -> str:
    return cell or before


def _share_typed(kinds: Sequence[str]) -> float:
    filled = [kind for kind in kinds if kind != _cells.EMPTY]
    return sum(kind in _cells.TYPED for kind in filled) / max(len(filled), 1)


def has_header(rows: Sequence[Row], width: int) -> bool:
    """Whether the first record differs from the rest as names differ from values.

    A cell of a plain type (number, time, address) where its column has values of that type speaks against a header; a
    cell of text above such a column speaks for one. Where all is text, names are taken to be there unless the
    first record has gaps, repeats or values seen again in their column.
    """
    if not rows:
        return True
    head = _texts(rows[0])
    body = [cells for row in rows[1:] if len(row.fields) == width and (cells := _texts(row)) != head]
    if not body:
        return _untyped(head)
    votes = 0
    seen = 0
    for cell, column in zip(head, zip(*body, strict=True), strict=False):
        kinds = Counter(_cells.kind(text) for text in column)
        kinds.pop(_cells.EMPTY, None)
        kind = _cells.kind(cell)
        usual, count = kinds.most_common(1)[0] if kinds else (_cells.EMPTY, 0)
        if usual in _cells.TYPED and count > 0.7 * kinds.total():
            votes += -1 if kind == usual else 0 if kind == _cells.EMPTY else 1
        elif kind in _cells.TYPED and kind in kinds:
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
    return close and all(map(str.strip, cells)) and _untyped(cells) and not row.fields[0].startswith(_COMMENT)


def _untyped(cells: Sequence[str]) -> bool:
    """Whether hardly any cell is a number, a time or an address; among many names one may look like it."""
    return 10 * sum(_cells.kind(cell) in _cells.TYPED for cell in cells) <= len(cells)


def _texts(row: Row) -> list[str]:
    return [_encoding.decode(field)[0] for field in row.fields]


def _filled(row: Row) -> int:
    return sum(bool(field.strip()) for field in row.fields)
