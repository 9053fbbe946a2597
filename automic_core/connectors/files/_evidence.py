"""Whether a table may be interrupted, told from what Arrow made of it: that is quicker than to search the bytes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import compute

from automic_core.connectors.files._arrow import Parsed
from automic_core.connectors.files._blocks import line_ends

RUN = 3
"""Records in a row of another number of fields that may be those of another table."""


def runs(misfits: Sequence[int], total: int) -> list[int]:
    """The ordinals at which runs of misfits begin: of ``RUN`` or more, or such that go on where the records end.

    Args:
        misfits: Ordinals from 0, in order.
        total: Number of records.
    """
    begun, start = [], 0
    for number, ordinal in enumerate(misfits):
        if number and ordinal != misfits[number - 1] + 1:
            start = number
        if number - start == RUN - 1 or (ordinal == total - 1 and number - start < RUN - 1):
            begun.append(misfits[start])
    return begun


def interrupted(parsed: Parsed, names: Sequence[str], *, openings_only: bool) -> bool:
    """Whether there may be a blank line, a record with nothing behind its first field, or the header again.

    Args:
        parsed: A stretch with all of its columns.
        names: The first names of the header.
        openings_only: Whether only the header is of interest.
    """
    table = parsed.table
    if parsed.invalid or _opened(table, names):
        return True
    return not openings_only and (_sparse(table) or _blank(parsed))


def _opened(table: pa.Table, names: Sequence[str]) -> bool:
    """Whether a record begins with the first two names; blanks around them do not matter."""
    if len(names) < 2 or not all(names[:2]):
        return False
    found = compute.starts_with(table.column(0), names[0])
    return bool(compute.any(found).as_py()) and bool(
        compute.any(compute.and_(found, compute.starts_with(table.column(1), names[1]))).as_py()
    )


def _sparse(table: pa.Table) -> bool:
    """Whether all fields of some record but the first are empty."""
    empty = np.ones(len(table), bool)
    for column in reversed(table.columns[1:]):
        empty &= np.concatenate([np.diff(_offsets(chunk)) == 0 for chunk in column.chunks] or [empty])
        if not empty.any():
            return False
    return bool(len(table))


def _blank(parsed: Parsed) -> bool:
    """Whether there are more line ends than records and lines inside of fields account for."""
    lines = line_ends(parsed.piece) + (not parsed.piece.endswith((b"\n", b"\r")))
    if lines == parsed.records:
        return False
    chunks = (chunk for column in parsed.table.columns for chunk in column.chunks if len(chunk))
    inside = sum(line_ends(_text(chunk)) for chunk in chunks)
    return lines != parsed.records + inside


def _offsets(chunk: pa.Array) -> npt.NDArray[np.int32]:
    return np.frombuffer(chunk.buffers()[1], np.int32, len(chunk) + 1, 4 * chunk.offset)


def _text(chunk: pa.Array) -> memoryview:
    ends = _offsets(chunk)
    return memoryview(chunk.buffers()[2] or b"")[int(ends[0]) : int(ends[-1])]
