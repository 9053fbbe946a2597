"""Blocks of delimited text into Arrow batches: Arrow's parser where it can, the tolerant grammar where it must."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from itertools import islice

import numpy as np
import pyarrow as pa

from automic_core.connectors.files import _encoding
from automic_core.connectors.files._align import Aligner
from automic_core.connectors.files._arrow import ArrowParser, Parsed
from automic_core.connectors.files._blocks import Block
from automic_core.connectors.files._evidence import interrupted, runs
from automic_core.connectors.files._grammar import Dialect, Grammar, Row
from automic_core.connectors.files._repair import Repair
from automic_core.connectors.files._sections import Finding, Sections
from automic_core.connectors.files._structure import Positions, Structure

# Records read the slow way after a malformed one before the fast way is tried again, and bytes tried then; doubled
# while that fails, or succeeds.
_RUN, _MOST = 8, 1 << 20
_WINDOW = 1 << 16
_ALL = 1 << 62


class Parser:
    """Turns blocks into batches of text columns plus ``_rescued``.

    Args:
        aligner: Places the fields of ragged records, and says how many there should be.
        chosen: Positions of the columns to give.
        schema: Schema of the batches.
        header: The fields of the header's records.
    """

    def __init__(
        self,
        dialect: Dialect,
        aligner: Aligner,
        chosen: Sequence[int],
        schema: pa.Schema,
        header: Sequence[Sequence[str]] = (),
    ) -> None:
        self.grammar = Grammar(dialect)
        self.sections = Sections(self.grammar, header, aligner)
        self.repair = Repair(dialect, aligner, chosen, schema)
        self.arrow = ArrowParser(self.grammar, aligner.width, chosen)
        self.width = aligner.width
        self.chosen = chosen
        self.schema = schema
        self._last: tuple[Block, int, int, Parsed] | None = None
        self._run = _RUN
        self._window = _ALL
        self._quotes: Positions = np.empty(0, np.int64)

    def batches(self, block: Block, start: int) -> Generator[pa.RecordBatch, None, int]:
        """The batch of a block's whole records, if there are any; returns how many of its bytes they took."""
        at = start
        pieces: list[pa.RecordBatch] = []
        for low, at, rows in self.stretches(block, start):
            if rows is None:
                pieces.append(self._fast(block, low, at))
            elif rows:
                pieces.append(self.repair.batch(block, rows))
        if pieces:
            yield pa.concat_batches(pieces)
        return at

    def stretches(self, block: Block, start: int) -> Iterator[tuple[int, int, list[Row] | None]]:
        """The whole records of a block, in order: bounds of a stretch; its rows if the grammar has to read it.

        Rows without fields are no records of the table.
        """
        at, found = start, None
        while at < len(block.data):
            if self.sections.outside:
                rows = list(self.sections.foreign(block, at))
                if not rows:
                    return
                yield at, rows[-1].end, rows
                at = rows[-1].end
                continue
            for low, high, read in self._records(block, at):
                found = self._interruption(block, low, high, read)
                stop = found.start if found else high
                before = read if read is None or not found else [row for row in read if row.start < stop]
                if stop > low and before != []:
                    yield low, stop, before
                elif not found:
                    yield low, high, read
                at = stop
                if found:
                    break
            else:
                return
            if found is None or found.rows is None:
                return
            yield found.start, found.rows[-1].end, found.rows
            at = found.rows[-1].end

    def _interruption(self, block: Block, low: int, high: int, rows: list[Row] | None) -> Finding | None:
        """What is no part of the table in a stretch; one read by Arrow is searched only if its result gives cause."""
        if not self.sections.wanted:
            return None
        if rows is not None:
            return self.sections.find(block, low, high, rows, self._quotes)
        parsed, names = self._parsed(block, low, high), self.sections.names
        if self.arrow.whole and not interrupted(parsed, names, openings_only=not self.sections.patient):
            return None
        ragged: list[int] = []
        if begun := runs(parsed.invalid, parsed.records):
            ragged = Structure(self.grammar, block.data, low, high).starts()[begun].tolist()
        return self.sections.find(block, low, high, None, self._quotes, ragged)

    def _parsed(self, block: Block, start: int, end: int) -> Parsed:
        """A stretch through Arrow, once: it is asked for evidence and for its values."""
        if self._last is None or self._last[:3] != (block, start, end):
            self._last = (block, start, end, self.arrow.parse(block.data[start:end]))
        return self._last[3]

    def _records(self, block: Block, start: int) -> Iterator[tuple[int, int, list[Row] | None]]:
        """The whole records from a place on, those of the table and others."""
        at = start
        while at < len(block.data):
            end, dirty, whole = self._scan(block, at) if self.grammar.simple else (at, True, True)
            if end > at:
                yield at, end, None
                self._run = _RUN if end - at > _WINDOW // 2 else self._run
                at = end
            if dirty:
                records = self.grammar.rows(block.data, at, len(block.data), self.width, final=block.final)
                rows = list(islice(records, self._run if self.grammar.simple else None))
                self._run = min(self._run * 2, _MOST)
                if rows:
                    yield at, rows[-1].end, rows
                    at = rows[-1].end
                else:
                    yield at, len(block.data) if block.final else at, []
                    return
            if whole and not (dirty and rows):
                return

    def count(self, block: Block, start: int, end: int) -> int:
        """The number of records of a well-formed stretch."""
        parsed = self._parsed(block, start, end)
        invalid, well = parsed.invalid, len(parsed.table)
        if not invalid:
            return well
        starts = Structure(self.grammar, block.data, start, end).starts()
        return well + sum(len(self._again(block, starts, ordinal)) for ordinal in invalid)

    def starts(self, block: Block, start: int, end: int) -> Iterator[int]:
        """Where each record of a well-formed stretch starts in the block."""
        invalid = self._parsed(block, start, end).invalid
        starts, odd = Structure(self.grammar, block.data, start, end).starts(), set(invalid)
        for ordinal, at in enumerate(starts[:-1].tolist()):
            yield from (row.start for row in self._again(block, starts, ordinal)) if ordinal in odd else (at,)

    def _again(self, block: Block, starts: Positions, ordinal: int) -> list[Row]:
        """A suspect record as the grammar reads it: none if it is blank, several if a quote was never closed."""
        return list(self.grammar.rows(block.data, int(starts[ordinal]), int(starts[ordinal + 1]), self.width))

    def _scan(self, block: Block, at: int) -> tuple[int, bool, bool]:
        """How far well-formed records go, whether something malformed follows, and whether all was looked at.

        After something malformed the look ahead is short at first: it would be in vain if more of it follows.
        """
        stop = min(len(block.data), at + self._window)
        whole = stop == len(block.data)
        structure = Structure(self.grammar, block.data, at, stop)
        self._quotes = structure.quotes
        end, dirty = structure.clean(final=block.final and whole)
        if self.grammar.skip_blanks and len(structure.quotes):
            # Arrow does not know blanks before an opening quote.
            end, dirty = at, True
        self._window = _WINDOW if dirty else min(self._window * 2, _ALL)
        return end, dirty, whole

    def _fast(self, block: Block, start: int, end: int) -> pa.RecordBatch:
        parsed = self._parsed(block, start, end)
        table, invalid = parsed.table, parsed.invalid
        marks = [b"\0"] if self.repair.encoding == _encoding.UTF8 else [b"\0", "\ufffd".encode()]
        places = [*parsed.spoiled, *(place for mark in marks for place in _all(parsed.piece, mark))]
        if places or invalid:
            starts = Structure(self.grammar, block.data, start, end).starts()
            within = np.searchsorted(starts, np.asarray(places, np.int64) + start, "right") - 1
            suspects = set(invalid).union(within.tolist())
            return self._merged(block, table, starts, invalid, sorted(suspects))
        return self._batch(self._with_rescued(table))

    def _batch(self, table: pa.Table) -> pa.RecordBatch:
        batches = table.combine_chunks().to_batches()
        return batches[0] if batches else pa.RecordBatch.from_pylist([], self.schema)

    def _with_rescued(self, table: pa.Table) -> pa.Table:
        columns = [*table.columns[: len(self.chosen)], pa.nulls(len(table), pa.string())]
        return pa.Table.from_arrays(columns, schema=self.schema)

    def _merged(
        self,
        block: Block,
        table: pa.Table,
        starts: Positions,
        invalid: list[int],
        again: list[int],
    ) -> pa.RecordBatch:
        """The table with every suspect record read again by the grammar, in its place."""
        total = table.num_rows + len(invalid)
        parsed = np.delete(np.arange(total), invalid)
        kept = ~np.isin(parsed, again)
        rows: list[Row] = []
        places: list[int] = []
        for ordinal in again:
            for row in self._again(block, starts, ordinal):
                rows.append(row)
                places.append(ordinal)
        extra = pa.Table.from_batches([self.repair.batch(block, rows)])
        order = np.argsort(np.concatenate([parsed[kept], places]), kind="stable")
        index = np.concatenate([np.flatnonzero(kept), len(table) + np.arange(len(rows))])[order].astype(np.int64)
        return self._batch(pa.concat_tables([self._with_rescued(table), extra]).take(index))


def _all(data: bytes, mark: bytes) -> list[int]:
    found, at = [], data.find(mark)
    while at >= 0:
        found.append(at)
        at = data.find(mark, at + 1)
    return found
