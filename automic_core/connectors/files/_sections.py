"""What stands in a delimited file after its table has begun and is no record of it: notes, and further tables.

A place is suspected by its bytes alone, so that a clean file costs next to nothing; what follows it decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from automic_core.connectors.files import _cells, _encoding
from automic_core.connectors.files._align import Aligner
from automic_core.connectors.files._blocks import Block
from automic_core.connectors.files._evidence import RUN, runs
from automic_core.connectors.files._grammar import Grammar, Row
from automic_core.connectors.files._structure import Positions
from automic_core.connectors.files._suspects import Suspects

NOTE = "outside the table: text between or after its records"
REPEATED = "the header again"
FOREIGN = "outside the table: another table"
_NARROWEST = 3
_LEAD, _FOLLOWING = 200, 2
# After so many suspicions without cause, blank lines and sparse records are taken to be the file's own way.
_PATIENCE = 100
_STRETCH = 20
# Records looked at behind the head of another table where no gap sets it off, and how many have to be like it.
_TABLE, _MOSTLY = 20, 0.9


@dataclass(frozen=True, slots=True)
class Finding:
    """Records from ``start`` on that are none of the table; None for ``rows`` = the block ends too early to say."""

    start: int
    rows: list[Row] | None


class Sections:
    """Finds what is no part of the table; made anew for each pass, for it knows whether the table is interrupted.

    Args:
        header: The header's fields, a list a record.
        aligner: Knows the kinds of cells of each column.
    """

    def __init__(self, grammar: Grammar, header: Sequence[Sequence[str]], aligner: Aligner) -> None:
        self.outside = False
        self._grammar = grammar
        self._aligner = aligner
        self._header = [_stripped(fields) for fields in header]
        self._width = aligner.width
        self._patience = _PATIENCE
        self.names = self._header[0] if self._header else []
        self._suspects = Suspects(grammar, self.names, self._width)

    @property
    def wanted(self) -> bool:
        """Whether the table is wide enough for its end to be told."""
        return self._width >= _NARROWEST

    @property
    def patient(self) -> bool:
        """Whether blank lines and sparse records are still suspected."""
        return self._patience > 0

    def find(
        self,
        block: Block,
        low: int,
        high: int,
        rows: Sequence[Row] | None,
        quotes: Positions,
        ragged: Sequence[int] = (),
    ) -> Finding | None:
        """The first finding among the records of a stretch.

        Args:
            rows: The records, if the grammar has read them.
            quotes: Where quotes stand, if it has not.
            ragged: Where several records in a row have another number of fields, if it has not.
        """
        places: Iterable[tuple[int, bool]] = (
            self._suspects.in_bytes(block.data, low, high, quotes, openings_only=not self._patience)
            if rows is None
            else self._suspects.in_rows(block.data, low, rows)
        )
        begun = ragged if rows is None else _ragged(rows, self._width)
        known = [(place, opening, False) for place, opening in places]
        judged = low
        for place, opening, misfits in sorted([*known, *((at, True, True) for at in begun)]) if begun else known:
            if place < judged or not (self._patience or opening):
                continue
            if misfits:
                found = self._joined(block, place)
            else:
                found, judged = self._judge(block, place)
            if found:
                return found
            if not opening:  # long stretches of such records say sooner that they are the file's own way
                self._patience = max(self._patience - 1 - block.data.count(b"\n", place, judged) // _STRETCH, 0)
        return None

    def foreign(self, block: Block, start: int) -> Iterator[Row]:
        """The records of another table, up to a header like the first or the block's end."""
        for row in self._grammar.rows(block.data, start, len(block.data), 0, final=block.final):
            if self._header and _stripped(_texts(row)) == self._header[0]:
                self.outside = False
                yield _none(row, REPEATED)
                return
            yield _none(row, FOREIGN)

    def _judge(self, block: Block, place: int) -> tuple[Finding | None, int]:
        """What begins at a place, and up to where nothing else needs to be looked at."""
        source = self._grammar.rows(block.data, place, len(block.data), self._width, final=block.final)
        lead: list[Row] = []
        head = None
        for row in islice(source, _LEAD):
            if _filled(row) > 1:
                head = row
                break
            lead.append(row)
        following = list(islice(source, max(_FOLLOWING, len(self._header))))
        end = lead[-1].end if lead else place
        if not block.final and len(following) < max(_FOLLOWING, len(self._header)):
            return Finding(place, None), end
        if head is None:
            notes = self._notes(block.data, place, lead) if len(lead) < _LEAD and not following else []
            return (Finding(notes[0].start, notes) if notes else None), end
        rows = [_none(row, NOTE) for row in lead]
        texts = _stripped(_texts(head))
        if self._header and texts == self._header[0]:
            again = [head, *following][: self._repeats(following)]
            return Finding(place, [*rows, *(_none(row, REPEATED) for row in again)]), end
        apart = bool(lead) or block.data[place : place + 1] in (b"\r", b"\n")
        if self._is_header(texts, head, following, apart):
            self.outside = True
            return Finding(place, [*rows, _none(head, FOREIGN)]), end
        if apart and self._short(head):
            rest = list(islice(source, _LEAD))
            if not block.final and len(rest) < _LEAD:
                return Finding(place, None), end
            rest = [head, *following, *rest]
            if len(rest) < _LEAD and all(map(self._short, rest)):
                return Finding(place, [*rows, *(_none(row, NOTE) for row in rest)]), end
        return None, end

    def _joined(self, block: Block, place: int) -> Finding | None:
        """Another table that begins at a place though no gap sets it off.

        Its head names columns, and nearly all that follows has as many fields, some of which hold values.
        """
        source = self._grammar.rows(block.data, place, len(block.data), self._width, final=block.final)
        first = next(source, None)
        rows = list(islice(source, _TABLE))
        if len(rows) < _TABLE and not block.final:
            return Finding(place, None)
        if first is None or len(first.fields) < 2:
            return None
        alike = [row for row in rows if len(row.fields) == len(first.fields) != self._width]
        valued = any(_cells.kind(text) in _cells.TYPED for row in alike for text in _texts(row))
        if not valued or len(alike) < max(_MOSTLY * len(rows), RUN - 1):
            return None
        if not self._is_header(_stripped(_texts(first)), first, rows, True):
            return None
        self.outside = True
        return Finding(place, [_none(first, FOREIGN)])

    def _short(self, row: Row) -> bool:
        return len(row.fields) < self._width or _filled(row) < 2

    def _repeats(self, following: Sequence[Row]) -> int:
        """How many records of a header of several come again, its first one included."""
        count = 1
        for row, fields in zip(following, self._header[1:], strict=False):
            if _stripped(_texts(row)) != fields:
                break
            count += 1
        return count

    def _notes(self, data: bytes, place: int, lead: list[Row]) -> list[Row]:
        """The notes with which a file ends: what follows a gap, or does not look like the first column."""
        first = next((number for number, row in enumerate(lead) if _filled(row)), len(lead))
        text = _texts(lead[first])[0] if first < len(lead) else ""
        apart = first > 0 or data[place : place + 1] in (b"\r", b"\n")
        if text and (apart or self._aligner.strange(0, text)):
            return [_none(row, NOTE) for row in lead[first:]]
        return []

    def _is_header(self, texts: list[str], head: Row, following: Sequence[Row], apart: bool) -> bool:
        """Whether a record names the columns of another table."""
        names = [text for text in texts if text]
        known = set(self._header[0]) if self._header else set()
        shared = sum(name in known for name in names)
        if shared > 1 and 2 * shared >= max(len(names), 1):
            return True
        if not apart or not following or len(set(names)) < len(names):
            return False
        if any(_cells.kind(name) in _cells.TYPED for name in names):
            return False
        if len(head.fields) != self._width:
            return len(following[0].fields) == len(head.fields)
        typed = self._aligner.typed
        hits = sum(place < len(texts) and _cells.kind(texts[place]) != _cells.EMPTY for place in typed)
        values = any(_cells.kind(text) in _cells.TYPED for text in _texts(following[0]))
        counts = {_filled(row) for row in following}
        alike = counts == {len(names)} and len(names) < self._width
        return values and max(counts) <= len(names) and 0 < (1 if alike else min(len(typed), 2)) <= hits


def _ragged(rows: Sequence[Row], width: int) -> list[int]:
    """Where records begin of which several in a row have another number of fields."""
    numbers = [number for number, row in enumerate(rows) if row.fields and len(row.fields) != width]
    return [rows[number].start for number in runs(numbers, len(rows))]


def _none(row: Row, reason: str) -> Row:
    """The record without fields, so that all of it is rescued."""
    return Row(row.start, row.end, [], reason)


def _stripped(fields: Sequence[str]) -> list[str]:
    texts = [field.strip() for field in fields]
    while texts and not texts[-1]:
        texts.pop()
    return texts


def _texts(row: Row) -> list[str]:
    return [_encoding.decode(field)[0] for field in row.fields]


def _filled(row: Row) -> int:
    """The number of filled fields; a lone one that is not the first counts double, for it is no title."""
    filled = [number for number, field in enumerate(row.fields) if field.strip()]
    return len(filled) if filled in ([], [0]) else max(len(filled), 2)
