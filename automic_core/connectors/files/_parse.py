"""Blocks of delimited text into Arrow batches: Arrow's parser where it can, the tolerant grammar where it must."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np
import pyarrow as pa
from pyarrow import compute, csv

from automic_core.connectors.files import _encoding
from automic_core.connectors.files._align import Aligner
from automic_core.connectors.files._blocks import Block
from automic_core.connectors.files._grammar import Dialect, Grammar, Row
from automic_core.connectors.files._sections import Sections
from automic_core.connectors.files._structure import Positions, Structure

NOT_UTF8 = "bytes that are not UTF-8, read as Windows-1252"
UNDECODABLE = "bytes that are not valid in the file's encoding"
NUL = "a NUL byte"
LINE = "a line of text, no record"
# Records read the slow way after a malformed one before the fast way is tried again, and bytes tried then; doubled
# while that fails, or succeeds.
_RUN, _MOST = 8, 1 << 20
_WINDOW = 1 << 16
_ALL = 1 << 62
# Two or three words prove no other delimiter.
_FEWEST = 3
_COMMENT = ("#", "//")


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
        self.aligner = aligner
        self.width = aligner.width
        self.chosen = chosen
        self.schema = schema
        self.encoding = _encoding.canonical(dialect.encoding)
        others = [mark for mark in ",;\t| " if mark != dialect.delimiter]
        self._others = [Grammar(replace(dialect, delimiter=mark)) for mark in others]
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
                pieces.append(self._slow(block, rows))
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
                found = self.sections.find(block, low, high, read, self._quotes)
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
        table, invalid = self._arrow(_readable(block.data[start:end])[0])
        well = len(table)
        if not invalid:
            return well
        starts = Structure(self.grammar, block.data, start, end).starts()
        return well + sum(len(self._again(block, starts, ordinal)) for ordinal in invalid)

    def starts(self, block: Block, start: int, end: int) -> Iterator[int]:
        """Where each record of a well-formed stretch starts in the block."""
        _, invalid = self._arrow(_readable(block.data[start:end])[0])
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
        piece = block.data[start:end]
        valid, spoiled = _readable(piece)
        table, invalid = self._arrow(valid)
        marks = [b"\0"] if self.encoding == _encoding.UTF8 else [b"\0", "\ufffd".encode()]
        places = [*spoiled, *(place for mark in marks for place in _all(piece, mark))]
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

    def _arrow(self, piece: bytes) -> tuple[pa.Table, list[int]]:
        """The well-formed records of a piece, and the ordinals (from 0) of those with another number of fields."""
        invalid: list[int] = []

        def skip(row: csv.InvalidRow) -> str:
            invalid.append(row.number - 1)
            return "skip"

        names = [str(number) for number in range(self.width)]
        marks = self.grammar
        table = csv.read_csv(
            pa.py_buffer(piece),
            # One thread: the number of a row is only known then, and the work costs less.
            read_options=csv.ReadOptions(column_names=names, use_threads=False, block_size=len(piece) + 1),
            parse_options=csv.ParseOptions(
                delimiter=marks.delimiter.decode(),
                quote_char=marks.quote.decode() or False,
                double_quote=marks.doublequote,
                escape_char=marks.escape.decode() or False,
                newlines_in_values=True,
                invalid_row_handler=skip,
            ),
            convert_options=csv.ConvertOptions(
                check_utf8=False,
                default_column_type=pa.string(),
                strings_can_be_null=False,
                # No names would mean all columns; the first one then only counts the rows.
                include_columns=[names[position] for position in self.chosen or [0]],
            ),
        )
        if self.grammar.skip_blanks:
            trimmed = [compute.utf8_ltrim(column, " ") for column in table.columns]
            table = pa.Table.from_arrays(trimmed, table.column_names)
        return table, invalid

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
        extra = pa.Table.from_batches([self._slow(block, rows)])
        order = np.argsort(np.concatenate([parsed[kept], places]), kind="stable")
        index = np.concatenate([np.flatnonzero(kept), len(table) + np.arange(len(rows))])[order].astype(np.int64)
        return self._batch(pa.concat_tables([self._with_rescued(table), extra]).take(index))

    def _slow(self, block: Block, rows: list[Row]) -> pa.RecordBatch:
        columns: list[list[str | None]] = [[] for _ in self.schema]
        for row in rows:
            fields, problem = self._read(block.data, row)
            for column, position in zip(columns, self.chosen, strict=False):
                column.append(fields[position])
            columns[-1].append(self._rescue(block, row, problem) if problem else None)
        arrays = [pa.array(column, pa.string()) for column in columns]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _read(self, data: bytes, row: Row) -> tuple[list[str | None], str]:
        """The fields of a record in their columns, and what is wrong with it ("" = nothing)."""
        if not row.fields:
            return [None] * self.width, row.problem or ""
        texts, valid = zip(*map(_encoding.decode, row.fields), strict=True)
        found = [row.problem] if row.problem else []
        fields = self.aligner.place(texts)
        if len(texts) != self.width:
            found.append(f"{len(texts)} fields, expected {self.width}")
            fields, note = self._otherwise(data, row, fields)
            if not note and self._is_line(texts):
                fields, note = [None] * self.width, [LINE]
            found += note
        if not all(valid):
            found.append(NOT_UTF8)
        if any("\0" in text for text in texts):
            found.append(NUL)
        if self.encoding != _encoding.UTF8 and any("\ufffd" in text for text in texts):
            found.append(UNDECODABLE)
        return fields, "; ".join(found)

    def _is_line(self, texts: Sequence[str]) -> bool:
        """Whether a record of too few fields is a line of text that holds the delimiter, and no record cut off.

        What was cut off, or lost a delimiter, looks at home in the first column.
        """
        few = len(texts) == 1 or 2 * len(texts) <= self.width
        if texts[0].startswith(_COMMENT) and len(texts) < self.width:
            return True
        drawn = self.grammar.ruled and len(texts) == 1 < self.width
        return drawn or (few and self.width >= _FEWEST and self.aligner.strange(0, texts[0]))

    def _otherwise(self, data: bytes, row: Row, fields: list[str | None]) -> tuple[list[str | None], list[str]]:
        """The record read with another delimiter, if that gives the right fields and each looks more at home."""
        best, note = self.aligner.fit(fields), []
        for other in self._others:
            whole = list(other.rows(data, row.start, row.end, self.width))
            if len(whole) == 1 and len(whole[0].fields) == self.width > _FEWEST and not whole[0].problem:
                texts = [_encoding.decode(field)[0] for field in whole[0].fields]
                if (fit := self.aligner.fit(texts)) > max(best, self.width / 2):
                    best, fields, note = fit, list(texts), [f"read with {other.delimiter.decode()!r} as the delimiter"]
        return fields, note

    def _rescue(self, block: Block, row: Row, problem: str) -> str:
        line, byte = block.locate(row.start)
        text, _ = _encoding.decode(block.data[row.start : row.end])
        place = {"line": line, "byte": byte, "reason": problem, "text": text.rstrip("\r\n")}
        return json.dumps(place, ensure_ascii=False)


def _readable(piece: bytes) -> tuple[bytes, list[int]]:
    """A piece with each line that is not UTF-8 made so, and where such lines begin in the original."""
    if piece.isascii() or _encoding.decode(piece)[1]:
        return piece, []
    lines = piece.splitlines(keepends=True)
    spoiled, at = [], 0
    for number, line in enumerate(lines):
        text, valid = _encoding.decode(line)
        if not valid:
            spoiled.append(at)
            lines[number] = text.encode(_encoding.UTF8)
        at += len(line)
    return b"".join(lines), spoiled


def _all(data: bytes, mark: bytes) -> list[int]:
    found, at = [], data.find(mark)
    while at >= 0:
        found.append(at)
        at = data.find(mark, at + 1)
    return found
