"""Well-formed delimited text through Arrow's parser: the fast half of the reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
from pyarrow import compute, csv

from automic_core.connectors.files import _encoding
from automic_core.connectors.files._grammar import Grammar


@dataclass(frozen=True)
class Parsed:
    """What Arrow made of a piece.

    Attributes:
        piece: The text as it was given.
        table: The records with the right number of fields.
        invalid: Ordinals (from 0, among all records) of those with another number.
        spoiled: Where lines begin that are not UTF-8.
    """

    piece: bytes
    table: pa.Table
    invalid: list[int]
    spoiled: list[int]

    @property
    def records(self) -> int:
        """Records of either sort."""
        return len(self.table) + len(self.invalid)


class ArrowParser:
    """Parses pieces that hold whole records.

    Args:
        width: Number of columns.
        chosen: Positions of those to give; none = the first one, which counts the rows.
    """

    def __init__(self, grammar: Grammar, width: int, chosen: Sequence[int]) -> None:
        self.grammar = grammar
        self.whole = list(chosen) == list(range(width))
        self._names = [str(number) for number in range(width)]
        self._chosen = [self._names[position] for position in chosen] or self._names[:1]

    def parse(self, piece: bytes) -> Parsed:
        """All records of a piece."""
        invalid: list[int] = []

        def skip(row: csv.InvalidRow) -> str:
            invalid.append(row.number - 1)
            return "skip"

        marks = self.grammar
        valid, spoiled = _readable(piece)
        table = csv.read_csv(
            pa.py_buffer(valid),
            # One thread: the number of a row is only known then, and the work costs less.
            read_options=csv.ReadOptions(column_names=self._names, use_threads=False, block_size=len(valid) + 1),
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
                include_columns=self._chosen,
            ),
        )
        if self.grammar.skip_blanks:
            trimmed = [compute.utf8_ltrim(column, " ") for column in table.columns]
            table = pa.Table.from_arrays(trimmed, table.column_names)
        return Parsed(piece, table, invalid, spoiled)


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
