"""Places in a delimited file, found by their bytes alone, at which its table may be interrupted.

A blank line, a record with nothing behind its first field, or a line that begins as the header does. Records that the
grammar has read and well-formed bytes nobody has read yet give the same places.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from automic_core.connectors.files._grammar import Grammar, Row
from automic_core.connectors.files._structure import Positions, View

_LF, _CR = 10, 13


class Suspects:
    """Finds the places for a file of a given width and header.

    Args:
        names: The first names of the header.
        width: Number of columns.
    """

    def __init__(self, grammar: Grammar, names: Sequence[str], width: int) -> None:
        self._sparse = b"" if grammar.skip_blanks else grammar.delimiter * (width - 1)
        bare = [name.encode() for name in names[:2]]
        named = len(bare) == 2 and all(bare) and not grammar.skip_blanks
        marks = dict.fromkeys((b"", grammar.quote))
        self._openings = [grammar.delimiter.join(mark + name + mark for name in bare) for mark in marks if named]

    def in_rows(self, data: bytes, low: int, rows: Sequence[Row]) -> Iterator[tuple[int, bool]]:
        """The places among records from ``low`` on, and whether one begins as the header does."""
        end = low
        for row in rows:
            line = data[row.start : row.end].rstrip(b"\r\n")
            opening = any(line.startswith(mark) for mark in self._openings)
            gap = _first_blank(data, end, row.start)
            sparse = self._sparse and line.endswith(self._sparse) and b"\n" not in line and b"\r" not in line
            if opening or sparse or gap is not None:
                yield row.start if gap is None else gap, opening
            end = row.end

    def in_bytes(
        self, data: bytes, low: int, high: int, quotes: Positions, *, openings_only: bool
    ) -> list[tuple[int, bool]]:
        """The same for a well-formed stretch.

        Args:
            quotes: Where quotes stand in the stretch, in order; those that are escaped left out.
            openings_only: Whether blank lines and sparse records are of no interest.
        """
        view = np.frombuffer(data, np.uint8, high)
        ends = _line_ends(view, max(low - 1, 0), b"\r" in data)
        after = view[np.minimum(ends + 1, high - 1)]
        opening = np.concatenate([self._opened(view, low, ends, after, mark) for mark in self._openings] or [ends[:0]])
        found = [opening]
        if not openings_only:
            found += [_blanks(view, low, ends, after), self._sparse_lines(view, low, ends, quotes)]
        places = np.unique(np.concatenate(found))
        if len(quotes):
            places = places[np.searchsorted(quotes, places) % 2 == 0]
        return list(zip(places.tolist(), np.isin(places, opening).tolist(), strict=True))

    def _opened(self, view: View, low: int, ends: Positions, after: View, mark: bytes) -> Positions:
        begins = np.append(ends[after == mark[0]] + 1, low)
        return _at(view, begins[begins >= low], mark)

    def _sparse_lines(self, view: View, low: int, ends: Positions, quotes: Positions) -> Positions:
        """Where lines begin that end with delimiters only."""
        if not self._sparse:
            return ends[:0]
        stops = ends[view[np.maximum(ends - 1, 0)] == self._sparse[-1]]
        stops = stops if len(ends) and ends[-1] == len(view) - 1 else np.append(stops, len(view))
        stops = stops[np.searchsorted(quotes, stops) % 2 == 0]
        sparse = _at(view, stops[stops >= low + len(self._sparse)] - len(self._sparse), self._sparse)
        before = np.searchsorted(ends, sparse) - 1
        return np.where(before >= 0, np.maximum(ends[before] + 1, low), low) if len(ends) else sparse * 0 + low


def _line_ends(view: View, low: int, carriage: bool) -> Positions:
    piece = view[low:]
    marks = (piece == _LF) | (piece == _CR) if carriage else piece == _LF
    return np.flatnonzero(marks) + low


def _blanks(view: View, low: int, ends: Positions, after: View) -> Positions:
    blank = (after == _LF) | (after == _CR)
    found = ends[blank]
    found = found[(found + 1 < len(view)) & ((view[found] == _LF) | (after[blank] == _CR))] + 1
    return np.append(found, 0) if not low and view[0] in (_LF, _CR) else found


def _at(view: View, at: Positions, mark: bytes) -> Positions:
    """The places at which a mark stands."""
    at = at[at + len(mark) <= len(view)]
    for number, code in enumerate(mark):
        at = at[view[at + number] == code]
    return at


def _first_blank(data: bytes, low: int, high: int) -> int | None:
    """Where the first blank line begins between a record's end and the next one's start."""
    if not low and high and data[:1] in (b"\n", b"\r"):
        return 0
    found = [data.find(mark, max(low - 1, 0), high) for mark in (b"\n\n", b"\n\r", b"\r\r")]
    return min((at + 1 for at in found if at >= 0), default=None)
