"""Finds a file's dialect from its first bytes.

Every plausible dialect reads the sample; the one under which the records agree best in their number of fields, and the
cells look most like values, is taken. The idea of multiplying a pattern score by a type score is that of van den Burg,
Nazabal and Sutton, "Wrangling messy CSV files by detecting row and type patterns" (2019); the scores here are our own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import chain, compress, islice

from automic_core.connectors.files import _cells, _encoding
from automic_core.connectors.files._grammar import UNCLOSED, Dialect, Grammar, Row
from automic_core.connectors.files._header import has_header, header_size, table_start

__all__ = ["SAMPLE_BYTES", "Dialect", "sniff", "usual_width"]

SAMPLE_BYTES = 1 << 18
_LONG = 1 << 16
_ROWS = 300
_COLUMNS = 60
_PRIOR = {",": 1.0, ";": 1.0, "\t": 1.0, "|": 1.0, "  ": 0.9, ":": 0.7, " ": 0.55}
_ODD_PRIOR = 0.7
# Marks that stand inside values far more often than between them.
_INSIDE = frozenset("\"'\\./-_()[]{}<>@+%$?!`*")
_QUOTED = {quote: re.compile(rf"{quote}((?:[^{quote}]|{quote}{quote})+){quote}") for quote in "\"'"}
# A few quotes that are never closed are damage to report; many are a way of writing.
_DAMAGED = 0.05
_MISSED_QUOTES = 0.2
_ONE_COLUMN = 0.35
_ONE_TYPED_COLUMN = 0.6


@dataclass(frozen=True, slots=True)
class _Trial:
    dialect: Dialect
    rows: list[Row]
    width: int
    share: float
    plain: float
    score: float


def sniff(
    sample: bytes,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    quotechar: str | None = None,
    escapechar: str | None = None,
    header: bool | None = None,
    skip_lines: int | None = None,
) -> Dialect:
    """The dialect of a file, from its first bytes; what is given is taken as it is.

    Args:
        sample: The first bytes of the decompressed file, 64 KB or more where there are as many. A last line without an
            end is left out if there are others.
        quotechar: "" = nothing is quoted.
        escapechar: "" = nothing is escaped.

    Raises:
        ConfigError: There is no such encoding.
    """
    encoding = _encoding.canonical(encoding, sample) if encoding else _encoding.detect(sample)
    data = b"".join(_encoding.transcode(BytesIO(sample), encoding, SAMPLE_BYTES))
    data = _whole_lines(_encoding.strip_mark(data))
    if skip_lines:
        data = b"".join(data.splitlines(keepends=True)[skip_lines:])
    given = Dialect(encoding=encoding, header=header is not False)
    trials = [_tried(dialect, data) for dialect in _candidates(data, given, delimiter, quotechar, escapechar)]
    best = _reporting(max(trials, key=lambda trial: trial.score), trials)
    rival = max((t.score for t in trials if t.dialect.delimiter != best.dialect.delimiter), default=0.0)
    start, headed, size = 0, True, 1
    if skip_lines is None:
        start = table_start(best.rows, best.width)
    if header is None:
        headed = has_header(best.rows[start:], best.width)
        size = header_size(best.rows[start:], best.width) if headed else 1
    before = data[: best.rows[start].start] if start < len(best.rows) else b""
    settled = delimiter is not None and header is not None
    return replace(
        best.dialect,
        header=headed if header is None else header,
        header_records=size,
        skip_lines=skip_lines if skip_lines is not None else len(before.splitlines()),
        confidence=1.0
        if settled
        else round(best.share * best.plain * (1 - 0.5 * rival / max(best.score, rival, 1e-9)), 3),
        evidence=f"{best.share:.0%} of {len(best.rows)} records have {best.width} fields; "
        f"cells are {best.plain:.0%} plain",
    )


def _reporting(best: _Trial, trials: list[_Trial]) -> _Trial:
    """The same dialect with quotes, if without them just a few that are never closed would pass as text."""
    twins = (trial for trial in trials if trial.dialect == replace(best.dialect, quotechar='"'))
    for twin in twins if best.dialect.quotechar is None else ():
        problems = [row.problem for row in twin.rows if row.problem]
        if twin.width == best.width and set(problems) == {UNCLOSED} and len(problems) <= _DAMAGED * len(twin.rows):
            return twin
    return best


def _whole_lines(data: bytes) -> bytes:
    """At most ``SAMPLE_BYTES``, without a last line that may be cut, if enough is left."""
    end = max(data.rfind(b"\n", 0, SAMPLE_BYTES), data.rfind(b"\r", 0, SAMPLE_BYTES)) + 1
    return data[:end] if data[:end].strip() and (len(data) > SAMPLE_BYTES or data.count(b"\n", 0, end) > 10) else data


def _candidates(
    data: bytes, given: Dialect, delimiter: str | None, quotechar: str | None, escapechar: str | None
) -> Iterator[Dialect]:
    quotes = (
        [quotechar or None]
        if quotechar is not None
        else ['"', *_single_quotes(data), *([None] if b'"' in data else [])]
    )
    text = data.decode("utf-8", "replace")
    for quote in quotes:
        for mark in [delimiter] if delimiter else _delimiters(text):
            escapes: list[str | None] = [escapechar or None] if escapechar is not None else [None]
            if escapechar is None:
                escapes += [sign for sign in ("\\", "\0") if sign + mark in text or (quote and sign + quote in text)]
            for escape in escapes:
                base = replace(given, delimiter=mark, quotechar=quote, escapechar=escape)
                yield base
                if mark + " " in text or not mark.strip(" "):
                    yield replace(base, skip_blanks=True)


def _single_quotes(data: bytes) -> list[str]:
    return ["'"] if re.search(rb"(?:^|[,;\t| ])'(?:[^'\r\n]|'')*'(?:[,;\t| \r]|$)", data, re.MULTILINE) else []


def _delimiters(text: str) -> list[str]:
    """The usual delimiters that occur, and any other mark found in most lines."""
    lines = [line for line in text.splitlines()[:_ROWS] if line.strip()]
    common = Counter(mark for line in lines for mark in set(line) if not mark.isalnum() and mark not in _INSIDE)
    odd = [mark for mark, count in common.items() if count > 0.7 * len(lines) and mark not in _PRIOR]
    # The comma is always tried: where there is none, it stands for a file of one column.
    return [mark for mark in _PRIOR if mark in text or mark == ","] + [mark for mark in odd if mark.isprintable()]


def _tried(dialect: Dialect, data: bytes) -> _Trial:
    rows = list(islice(Grammar(dialect).rows(data, 0, len(data), 0), _ROWS))
    if len(rows) > 1 and rows[-1].problem and len(data) >= _LONG and b"\n" not in data[rows[-1].start :]:
        rows.pop()  # the sample ends inside this record: what is wrong with it says nothing
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
        agreed *= _PRIOR.get(dialect.delimiter, _ODD_PRIOR) * _blanks(dialect, columns)
        whole = texts[:-1] or texts  # the last record may be cut
        if any(_all_quoted(whole, quote) for quote in _QUOTED if quote != dialect.quotechar):
            agreed *= _MISSED_QUOTES
    else:
        typed = sum(column[kind] for column in kinds for kind in _cells.TYPED)
        agreed = _ONE_TYPED_COLUMN if typed > 0.8 * cells else _ONE_COLUMN
    alike = sum(_alike(column) for column in kinds) / max(len(kinds), 1)
    return _Trial(dialect, rows, width, share, plain, agreed * plain * (1 + alike) / 2)


def _all_quoted(texts: list[list[str]], quote: str) -> bool:
    """Whether all cells that begin with a quote are quoted as a whole, so that quotes are no part of them."""
    begun = [text for text in chain.from_iterable(texts) if text.startswith(quote)]
    matches = [_QUOTED[quote].fullmatch(text) for text in begun]
    # A phrase between single quotes proves nothing, a doubled one inside does.
    return bool(begun) and all(matches) and (quote == '"' or any(quote in (match or "")[1] for match in matches))


def _alike(kinds: Counter[str]) -> float:
    """The share of a column's most common kind, empty cells left out."""
    filled = [count for kind, count in kinds.items() if kind != _cells.EMPTY]
    return max(filled, default=0) / max(sum(filled), 1)


def usual_width(widths: Counter[int]) -> int:
    """The number of fields of most records; of near equals the one seen first, for a second table may follow."""
    several = {wide: count for wide, count in widths.items() if wide > 1} or widths
    most = max(several.values(), default=0)
    if 5 * most < widths[1]:
        return 1
    return next((wide for wide, count in several.items() if count > 0.9 * most), 1)


def _blanks(dialect: Dialect, columns: list[tuple[str, ...]]) -> float:
    """Prefers leaving blanks alone, unless nearly every field starts with one."""
    if dialect.skip_blanks:
        return 0.99
    cells = [cell for column in columns for cell in column]
    return 0.98 if sum(cell.startswith(" ") for cell in cells) > 0.4 * len(cells) else 1.0
