"""Records that are wrong in some way, one at a time: what could be read of them, what is wrong, and their raw text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa

from automic_core.connectors.files import _encoding
from automic_core.connectors.files._align import Aligner
from automic_core.connectors.files._blocks import Block
from automic_core.connectors.files._grammar import Dialect, Grammar, Row

NOT_UTF8 = "bytes that are not UTF-8, read as Windows-1252"
UNDECODABLE = "bytes that are not valid in the file's encoding"
NUL = "a NUL byte"
LINE = "a line of text, no record"
# Two or three words prove no other delimiter.
_FEWEST = 3
_COMMENT = ("#", "//")


class Repair:
    """Turns rows that the grammar has read into a batch with ``_rescued``.

    Args:
        aligner: Places the fields of ragged records, and says how many there should be.
        chosen: Positions of the columns to give.
        schema: Schema of the batch.
    """

    def __init__(self, dialect: Dialect, aligner: Aligner, chosen: Sequence[int], schema: pa.Schema) -> None:
        self.aligner = aligner
        self.width = aligner.width
        self.chosen = chosen
        self.schema = schema
        self.encoding = _encoding.canonical(dialect.encoding)
        self.ruled = dialect.ruled
        others = [mark for mark in ",;\t| " if mark != dialect.delimiter]
        self._others = [Grammar(replace(dialect, delimiter=mark)) for mark in others]

    def batch(self, block: Block, rows: list[Row]) -> pa.RecordBatch:
        """The rows, each with its raw text and what is wrong with it, if anything is."""
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
        drawn = self.ruled and len(texts) == 1 < self.width
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
