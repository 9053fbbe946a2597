"""How well a dialect explains a sample: the records it gives, and what their cells look like."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import chain, compress, islice

from automic_core.connectors.files import _cells, _encoding
from automic_core.connectors.files._candidates import prior
from automic_core.connectors.files._extents import wide_gaps
from automic_core.connectors.files._grammar import Dialect, Grammar, Row
from automic_core.connectors.files._loose import loose_column

_LONG = 1 << 16
_ROWS = 300
_COLUMNS = 60
_QUOTED = {quote: re.compile(rf"{quote}((?:[^{quote}]|{quote}{quote})+){quote}") for quote in "\"'"}
_MISSED_QUOTES = 0.2
_ONE_COLUMN = 0.35
_ONE_TYPED_COLUMN = 0.6
# A mark that occurs and parts nothing is a worse name for a file of one column than one that does not occur.
_IDLE_MARK = 0.7
# Values that hold the delimiter unquoted are a weaker explanation than records that agree.
_LOOSE = 0.95
# Columns at fixed places explain a file better than two blanks between fields, which empty cells and long ones upset.
_FIXED_PLACES = 0.95
# Words between blanks are prose, unless all records agree or some columns hold values.
_PROSE, _REGULAR = 0.3, 0.95
_RIVAL, _EQUAL = 0.5, 0.9


@dataclass(frozen=True, slots=True)
class Trial:
    """A dialect on a sample.

    Attributes:
        width: Usual number of fields.
        share: Share of the records that have it.
        plain: How plain the cells are, 0 to 1.
        score: How well all of it goes together.
    """

    dialect: Dialect
    rows: list[Row]
    width: int
    share: float
    plain: float
    score: float


def tried(dialect: Dialect, data: bytes) -> list[Trial]:
    """A dialect on a sample, and again with one column that may hold the delimiter, if there seems to be one."""
    rows = list(islice(Grammar(dialect).rows(data, 0, len(data), 0), _ROWS))
    if len(rows) > 1 and rows[-1].problem and len(data) >= _LONG and b"\n" not in data[rows[-1].start :]:
        rows.pop()  # the sample ends inside this record: what is wrong with it says nothing
    found = [_judged(dialect, rows, data)]
    unquoted = dialect.quotechar is None and b'"' in data  # where quotes are ignored, more than one column is torn
    if not (unquoted or dialect.extents) and (place := loose_column(rows, dialect.delimiter.encode())):
        loose = replace(dialect, loose=place)
        found.append(_judged(loose, list(islice(Grammar(loose).rows(data, 0, len(data), 0), len(rows))), data))
    return found


def _judged(dialect: Dialect, rows: list[Row], data: bytes) -> Trial:
    widths = Counter(len(row.fields) for row in rows if not row.problem)
    width = usual_width(widths)
    table = [len(row.fields) == width and not row.problem for row in rows]
    share = sum(table) / max(len(rows), 1)
    texts = [[_encoding.decode(cell)[0] for cell in row.fields[:_COLUMNS]] for row in rows]
    all_kinds = Counter(_cells.kind(text) for row in texts for text in row)
    plain = sum(_cells.WORTH[kind] * count for kind, count in all_kinds.items()) / max(all_kinds.total(), 1)
    columns = list(zip(*compress(texts, table), strict=True))
    kinds = [Counter(map(_cells.kind, column)) for column in columns]
    cells = max(sum(map(Counter.total, kinds)), 1)
    if width > 1:
        # The chance that two records agree in their number of fields, weighted by what that number says.
        agreed = sum((count / len(rows)) ** 2 * (wide - 1) / wide for wide, count in widths.items())
        agreed *= _prior(dialect, data) * _blanks(dialect, columns) * (_LOOSE if dialect.loose else 1)
        whole = texts[:-1] or texts  # the last record may be cut
        if any(_all_quoted(whole, quote) for quote in _QUOTED if quote != dialect.quotechar):
            agreed *= _MISSED_QUOTES
        if dialect.delimiter == " " and share < _REGULAR and not any(map(_typed, kinds)):
            agreed *= _PROSE
    else:
        typed = sum(column[kind] for column in kinds for kind in _cells.TYPED)
        agreed = _ONE_TYPED_COLUMN if typed > 0.8 * cells else _ONE_COLUMN
        agreed *= _IDLE_MARK * share if dialect.delimiter.encode() in data else 1
    alike = sum(_alike(column) for column in kinds) / max(len(kinds), 1)
    return Trial(dialect, rows, width, share, plain, agreed * plain * (1 + alike) / 2)


def _all_quoted(texts: list[list[str]], quote: str) -> bool:
    """Whether all cells that begin with a quote are quoted as a whole, so that quotes are no part of them."""
    begun = [text for text in chain.from_iterable(texts) if text.startswith(quote)]
    matches = [_QUOTED[quote].fullmatch(text) for text in begun]
    if not begun or not all(matches):
        return False
    # A phrase between single quotes proves nothing, nor does one record; doubled ones inside do.
    records = sum(any(text.startswith(quote) for text in row) for row in texts)
    return quote == '"' or (records > 1 and any(quote in (match or "")[1] for match in matches))


def _prior(dialect: Dialect, data: bytes) -> float:
    if not dialect.extents:
        return prior(dialect.delimiter)
    lines = data.decode("utf-8", "replace").splitlines()[:_ROWS]
    return _FIXED_PLACES if wide_gaps(lines, dialect.extents) else prior(dialect.delimiter)


def _typed(kinds: Counter[str]) -> bool:
    filled = kinds.total() - kinds[_cells.EMPTY]
    return sum(kinds[kind] for kind in _cells.TYPED) > _REGULAR * filled > 0


def _alike(kinds: Counter[str]) -> float:
    """The share of a column's most common kind, empty cells left out."""
    filled = [count for kind, count in kinds.items() if kind != _cells.EMPTY]
    return max(filled, default=0) / max(sum(filled), 1)


def usual_width(widths: Counter[int]) -> int:
    """The number of fields of most records; of others not much rarer the one seen first, for a second table may follow.

    Pairs are no table that another one follows, but the facts above it.
    """
    several = {wide: count for wide, count in widths.items() if wide > 1} or widths
    most = max(several.values(), default=0)
    if 5 * most < widths[1]:
        return 1
    return next((wide for wide, count in several.items() if count > (_RIVAL if wide > 2 else _EQUAL) * most), 1)


def _blanks(dialect: Dialect, columns: list[tuple[str, ...]]) -> float:
    """Prefers leaving blanks alone, unless nearly every field starts with one."""
    if dialect.skip_blanks:
        return 0.99
    cells = [cell for column in columns for cell in column]
    return 0.98 if sum(cell.startswith(" ") for cell in cells) > 0.4 * len(cells) else 1.0
