"""Delimited text as Arrow: every record is one row, in file order, and nothing is lost in silence.

Well-formed stretches go to Arrow's parser as they are; a record that it cannot take, or that is wrong in any way, is
read by the tolerant grammar and keeps its raw text in ``_rescued``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import BinaryIO

import pyarrow as pa

from automic_core.connectors.files import _encoding, _names, _ordinals
from automic_core.connectors.files._align import Aligner
from automic_core.connectors.files._blocks import Block, blocks
from automic_core.connectors.files._dialect import Dialect, usual_width
from automic_core.connectors.files._grammar import Grammar, Row
from automic_core.connectors.files._header import joined
from automic_core.connectors.files._parse import Parser
from automic_core.errors import SourceError

BATCH_BYTES = 4 << 20
# What names and columns are learnt from; not the batch size, which may not change what is read.
_LOOK_BYTES = 1 << 18
_LOOK_AHEAD = 500
_COMMON = 0.5


def read(
    open_file: Callable[[], BinaryIO],
    name: str,
    dialect: Dialect,
    *,
    batch_bytes: int = BATCH_BYTES,
    columns: Sequence[str] | None = None,
) -> DelimitedReader:
    """A reader of one delimited file.

    Args:
        open_file: Opens the file, decompressed; called once for the names and once for each pass over the rows.
        name: What errors call the file.
        dialect: How the file is written.
        batch_bytes: Bytes of text a batch; a longer record makes a longer batch.
        columns: Names to read, of ``DelimitedReader.columns``; None = all.

    Raises:
        SourceError: The file cannot be opened or read, or has no column of a name asked for.
    """
    return DelimitedReader(open_file, name, dialect, batch_bytes, columns)


class DelimitedReader:
    """The rows of one delimited file as Arrow batches of text.

    Attributes:
        columns: Names of the columns given, in file order; ``_rescued`` comes after them.
        notes: What a person should know: lines skipped, columns renamed, nothing to read.
    """

    def __init__(
        self,
        open_file: Callable[[], BinaryIO],
        name: str,
        dialect: Dialect,
        batch_bytes: int,
        columns: Sequence[str] | None,
    ) -> None:
        self.name = name
        self.dialect = dialect
        self.notes: list[str] = []
        self._open_file = open_file
        self._batch_bytes = batch_bytes
        self._grammar = Grammar(dialect)
        first = self._look_ahead()
        self._header = [_texts(row) for row in first[: self.dialect.header * self.dialect.header_records]]
        self._names = self._name(first)
        self._aligner = Aligner([_texts(row) for row in first if not row.problem], len(self._names))
        self.columns = self._chosen(columns)

    @property
    def schema(self) -> pa.Schema:
        """Arrow schema of the batches: all text."""
        return pa.schema([(column, pa.string()) for column in [*self.columns, "_rescued"]])

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All records from the first one on; each call reads the file again.

        Raises:
            SourceError: The file cannot be read to its end; says up to which byte and line it could.
        """
        if not self._names:
            return
        chosen = [self._names.index(column) for column in self.columns]
        parser = Parser(self.dialect, self._aligner, chosen, self.schema, self._header)
        for block, start in self._tables():
            block.used = yield from parser.batches(block, start)

    def locate(self, record: int) -> int:
        """The physical line at which a record begins, both from 1; reads the file up to it.

        Raises:
            SourceError: There is no such record, or the file cannot be read up to it.
        """
        parser = Parser(self.dialect, self._aligner, [], self.schema, self._header)
        seen = 0
        with closing(self._tables()) as tables:
            for block, start in tables if self._names else ():
                used = start
                for low, used, rows in parser.stretches(block, start):
                    count = parser.count(block, low, used) if rows is None else len(rows)
                    if seen < record <= seen + count:
                        found = parser.starts(block, low, used) if rows is None else (row.start for row in rows)
                        return block.locate(next(islice(found, record - seen - 1, None)))[0]
                    seen += count
                block.used = used
        raise _ordinals.missing(record, seen, self.name)

    def _tables(self) -> Generator[tuple[Block, int]]:
        """The blocks, and where in each of them records of the table begin; the consumer sets ``Block.used``."""
        skip = len(self._header)
        for block in self._blocks(self._batch_bytes):
            start = 0
            if skip:
                header = list(islice(self._records(block), skip))
                if len(header) < skip and not block.final:
                    continue
                start, skip = header[-1].end if header else len(block.data), 0
            yield block, start

    def _blocks(self, size: int) -> Generator[Block, None, None]:
        return blocks(self._open_file, self.name, self.dialect, size)

    def _records(self, block: Block) -> Iterator[Row]:
        """The records before it is known how many fields they should have."""
        return self._grammar.rows(block.data, 0, len(block.data), 0, final=block.final)

    def _look_ahead(self) -> list[Row]:
        source = self._blocks(_LOOK_BYTES)
        first: list[Row] = []
        try:
            for block in source:
                self.notes[:] = [_skipped(block)] if block.skipped else []
                first = list(islice(self._records(block), _LOOK_AHEAD))
                if len(first) > 1 or block.final:
                    break
        finally:
            source.close()
        return first

    def _name(self, first: list[Row]) -> list[str]:
        """The names of all columns, as many as most records have fields."""
        if not first:
            self.notes.append(f"{self.name} is empty: no columns and no rows.")
            return []
        header, rows = first[: len(self._header)], first[len(self._header) :]
        head = joined(self._header)
        if len(header) > 1:
            self.notes.append(f"The names are those of {len(header)} lines, joined.")
        widths = Counter(len(row.fields) for row in rows)
        common = usual_width(widths) if rows else len(head)
        if not header:
            return _names.safe([""] * common)[0]
        if not rows:
            self.notes.append(f"{self.name} has a header and no rows.")
        if header[0].problem:
            self.notes.append(f"In the header, {header[0].problem}.")
        if widths[common] > _COMMON * len(rows):
            if common > len(head):
                self.notes.append(f"The header has {len(head)} names, the rows have {common} fields.")
            while len(head) > common and not head[-1].strip():
                head.pop()
            head += [""] * (common - len(head))
        names, renamed = _names.safe(head)
        self.notes += renamed
        self.notes += _written(self.dialect, names)
        return names

    def _chosen(self, columns: Sequence[str] | None) -> list[str]:
        if columns is None:
            return list(self._names)
        if missing := [column for column in columns if column not in self._names]:
            known = ", ".join(self._names[:20])
            raise SourceError(f"{self.name} has no column {missing[0]!r}.", f"Its columns are: {known}.")
        return [column for column in self._names if column in set(columns)]


def _texts(row: Row) -> list[str]:
    return [_encoding.decode(field)[0] for field in row.fields]


def _written(dialect: Dialect, names: Sequence[str]) -> list[str]:
    """What is unusual about the way the table is written."""
    notes = ["The columns stand at fixed places of each line."] if dialect.extents else []
    if dialect.ruled:
        notes.append("Lines of dashes draw the table; they are no records.")
    if dialect.loose and dialect.loose[0] < len(names):
        name = names[dialect.loose[0]]
        notes.append(f"Values of {name!r} hold the delimiter unquoted; fields that are too many were joined there.")
    return notes


def _skipped(block: Block) -> str:
    text = json.dumps(_encoding.decode(block.skipped)[0].strip()[:200], ensure_ascii=False)
    return f"Lines before the table were left out ({block.line - 1}): {text}"
