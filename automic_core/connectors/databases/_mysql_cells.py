"""Rows of MySQL's binary protocol as Arrow columns: numbers by their bytes, texts where they stand, moments as sent.

A row is a zero byte, a bit a column that says whether it is null, and the other values one behind the other; numbers
have as many bytes as their type, all else its length before it. https://mariadb.com/kb/en/resultset-row/
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from automic_core.connectors.databases._mysql_types import UNSIGNED, Field
from automic_core.errors import SourceError

PAD = 16
"""Bytes behind the last row, so that the beginning of any value can be taken as twelve bytes."""
INLINE = 12
"""So many bytes of a value stand in a view itself (https://arrow.apache.org/docs/format/Columnar.html); no moment has
more."""
_NUMBERS = {1: "i1", 2: "i2", 13: "i2", 3: "i4", 9: "i4", 8: "i8", 4: "f4", 5: "f8"}
_MOMENTS = (7, 10, 11, 12)
_KEPT = np.tril(np.full((INLINE + 1, INLINE), 255, np.uint8), -1).view("V12").ravel()
"""By length: a mask for the bytes that belong to a value."""
Places = npt.NDArray[np.int64]
Nulls = npt.NDArray[np.bool_] | None


def columns(data: bytearray, starts: Places, fields: Sequence[Field]) -> list[pa.Array]:
    """Columns of rows that begin at some places.

    Args:
        data: Bytes of the rows, and some more behind them.
        starts: Where each row begins.
        fields: The columns, as the server described them before the rows.

    Returns:
        Numbers in the type that was sent; moments as ``binary(12)``, which holds what was sent of them and zeros; all
        else as ``binary_view`` into the bytes, which are not copied.

    Raises:
        SourceError: The rows are longer than the bytes.
    """
    cells, place = _Cells(data), starts + (1 + (len(fields) + 9) // 8)
    cells.check(place)
    found = []
    for field, null in zip(fields, _nulls(cells.raw, starts, len(fields)), strict=True):
        if field.kind in _NUMBERS:
            array, place = cells.numbers(place, field, null)
        elif field.kind in _MOMENTS:
            array, place = cells.moments(place, null)
        else:
            array, place = cells.texts(place, null)
        cells.check(place)
        found.append(array)
    return found


def _nulls(raw: npt.NDArray[np.uint8], starts: Places, width: int) -> list[Nulls]:
    """Which values of each column are null; None = none. The first two bits are not used."""
    found: list[Nulls] = []
    for number in range(2, width + 2):
        if number == 2 or number % 8 == 0:
            byte = raw[starts + (1 + number // 8)]
            some = int(np.bitwise_or.reduce(byte, initial=0))
        bit = 1 << number % 8
        found.append((byte & bit) != 0 if some & bit else None)
    return found


class _Cells:
    """Values at places in some bytes; each kind gives its column, and where the next one begins."""

    def __init__(self, data: bytearray) -> None:
        self.raw, self._data, self._buffer = np.frombuffer(data, np.uint8), data, pa.py_buffer(data)

    def check(self, place: Places) -> None:
        """Refuse places outside; negative ones come of lengths that no server sends."""
        if len(place) and not 0 <= int(place.min()) <= int(place.max()) <= len(self.raw) - PAD:
            raise SourceError("A row of the server is cut off.", "Read again; if it stays so, report it.")

    def numbers(self, place: Places, field: Field, null: Nulls) -> tuple[pa.Array, Places]:
        """Numbers of a fixed width."""
        code = _NUMBERS[field.kind]
        dtype = np.dtype(f"<{code.replace('i', 'u') if field.flags & UNSIGNED else code}")
        values = self._taken(place, dtype)
        array = pa.Array.from_buffers(pa.from_numpy_dtype(dtype), len(place), [_valid(null), pa.py_buffer(values)])
        return array, place + (dtype.itemsize if null is None else np.where(null, 0, dtype.itemsize))

    def moments(self, place: Places, null: Nulls) -> tuple[pa.Array, Places]:
        """Dates and times, which are as long as they have parts that are not zero."""
        begins, sizes = self._lengths(place, null)
        if len(sizes) and int(sizes.max()) > INLINE:
            raise SourceError("A date of the server has no known form.", "Report it, with the version of the server.")
        heads = self._heads(begins, sizes)
        array = pa.Array.from_buffers(pa.binary(INLINE), len(place), [_valid(null), pa.py_buffer(heads)])
        return array, begins + sizes

    def texts(self, place: Places, null: Nulls) -> tuple[pa.Array, Places]:
        """Values of any length as views: short ones stand in the view, of others it says where they are."""
        begins, sizes = self._lengths(place, null)
        end = begins + sizes
        self.check(end)
        views = np.empty((len(place), 4), np.uint32)
        views[:, 0] = sizes
        views[:, 1:] = self._heads(begins, sizes)
        long = sizes > INLINE
        if long.any():
            rows: Any = slice(None) if long.all() else long
            views[rows, 2] = 0  # the only buffer
            views[rows, 3] = begins[rows]
        buffers = [_valid(null), pa.py_buffer(views), self._buffer]
        return pa.Array.from_buffers(pa.binary_view(), len(place), buffers), end

    def _lengths(self, place: Places, null: Nulls) -> tuple[Places, Places]:
        """Where each value begins, and how long it is."""
        first = self.raw[place]
        begins = place + 1
        if null is not None:
            first[null] = 0
            begins -= null
        sizes = first.astype(np.int64)
        if len(first) and int(first.max()) > 250:
            for mark, count in ((0xFC, 2), (0xFD, 3), (0xFE, 8)):
                some = np.nonzero(first == mark)[0]
                if len(some):
                    at = place[some] + 1
                    self.check(at)
                    sizes[some] = sum(self.raw[at + byte].astype(np.int64) << (8 * byte) for byte in range(count))
                    begins[some] += count
        return begins, sizes

    def _heads(self, begins: Places, sizes: Places) -> npt.NDArray[np.uint32]:
        """The first bytes of each value, and zeros behind it."""
        heads = self._taken(begins, np.dtype("V12")).view(np.uint32).reshape(-1, 3)
        if len(sizes):
            least, most = int(sizes.min()), int(sizes.max())
            if least < INLINE:
                kept = _KEPT[[least]] if least == most else _KEPT[np.minimum(sizes, INLINE)]
                heads &= kept.view(np.uint32).reshape(-1, 3)
        return heads

    def _taken(self, place: Places, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        """What stands at some places, wherever these are."""
        return np.ndarray((len(self.raw) - dtype.itemsize + 1,), dtype, self._data, 0, (1,))[place]


def _valid(null: Nulls) -> pa.Buffer | None:
    return None if null is None else pa.py_buffer(np.packbits(~null, bitorder="little"))
