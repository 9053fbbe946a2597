"""A column whose values hold the delimiter though nothing quotes them: the last one of a log, a product's name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from automic_core.connectors.files import _cells, _encoding
from automic_core.connectors.files._grammar import Row

_FEWEST_COLUMNS, _FEWEST_RECORDS = 3, 8
# Records with exactly as many fields as there are names, and with more: both have to be usual.
_EXACT, _SURPLUS = 0.03, 0.1
_SHORT = 0.05
_TYPED, _ALIKE = 2, 0.9


def loose_column(rows: Sequence[Row], delimiter: bytes) -> tuple[int, int] | None:
    """The column (from 0) that takes the fields which records have too many, and the number of columns.

    The first record has to name the columns, and the records must have as many fields or, in different measure, more.
    The column is the one whose pieces, and the cells of every other one, are the most alike; it takes no field that
    holds the delimiter, for such a field was quoted. Two or more of the others have to hold numbers, times or addresses
    nearly throughout, else anything in prose would be a table.
    """
    if len(rows) < _FEWEST_RECORDS:
        return None
    width = len(rows[0].fields)
    sizes = Counter(len(row.fields) for row in rows[1:])
    count = sizes.total()
    more = sum(number for size, number in sizes.items() if size > width)
    if width < _FEWEST_COLUMNS or sizes[width] < _EXACT * count or more < _SURPLUS * count:
        return None
    if count - more - sizes[width] > _SHORT * count or not _names(rows[0]):
        return None
    body = [row.fields for row in rows[1:] if len(row.fields) >= width]
    kinds = [[_kind(field) for field in fields] for fields in body]
    before = _worth([[row[place] for row in kinds] for place in range(width)])
    after = _worth([[row[place - width] for row in kinds] for place in range(width)])
    wide = [fields for fields in body if len(fields) > width]
    best = None
    for at in range(width):
        pieces = [fields[at : at + 1 + len(fields) - width] for fields in wide]
        if sum(all(part) and not any(delimiter in piece for piece in part) for part in pieces) < _ALIKE * len(wide):
            continue
        others = [*before[:at], *after[at + 1 :]]
        (inside, _), *_ = _worth([[_kind(piece) for part in pieces for piece in part]])
        worth = sum(share for share, _ in others)
        if worth >= _ALIKE * (width - 1) and sum(typed for _, typed in others) >= _TYPED:
            best = max(best or (0.0, 0), (worth + inside, at))
    return (best[1], width) if best else None


def _names(row: Row) -> bool:
    texts = [_encoding.decode(field)[0].strip() for field in row.fields]
    named = all(texts) and len(set(texts)) == len(texts)
    return named and not any(_cells.kind(text) in _cells.TYPED for text in texts)


def _worth(columns: Sequence[Sequence[str]]) -> list[tuple[float, bool]]:
    """For each column the share of its most common kind, and whether that is a number, a time or an address."""
    found = []
    for column in columns:
        kind, count = Counter(column).most_common(1)[0]
        found.append((count / len(column), kind in _cells.TYPED and count >= _ALIKE * len(column)))
    return found


def _kind(field: bytes) -> str:
    """The kind of a cell; text of one word and of several is the same."""
    kind = _cells.kind(_encoding.decode(field)[0])
    return _cells.WORDS if kind in (_cells.CODE, _cells.PROSE, _cells.ODD) else kind
