"""Rows of MySQL's text protocol as Arrow columns, many at a time; and what a statement will give, before it runs.

The driver makes Python objects of every value, which is several times slower than the server sends them. Here it logs
in and sends the statement; the packets of the rows are cut by numpy: a row is a packet of one text after the other,
each behind its length. https://mariadb.com/kb/en/result-set-packets/
"""

from __future__ import annotations

import struct
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from automic_core.errors import SourceError

if TYPE_CHECKING:
    import pymysql

BATCH_BYTES = 8 << 20
_PAD = 16
"""Bytes behind the last row, so that the beginning of any value can be taken as twelve bytes."""
_WHOLE = 0xFFFFFF
"""Length of a packet that goes on in the next one."""
_EOF, _ERROR, _NULL = 0xFE, 0xFF, 0xFB
_HEAD = struct.Struct("<I").unpack_from
_INLINE = 12
"""So many bytes of a value stand in the view itself: https://arrow.apache.org/docs/format/Columnar.html."""
_KEPT = np.tril(np.full((_INLINE + 1, _INLINE), 255, np.uint8), -1)
Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]


def described(connection: pymysql.Connection[Any], statement: str) -> tuple[list[Any], int]:
    """The result columns of one statement, which is not run, and how many parameters it has.

    Returns:
        The driver's descriptions of the columns, with name, type_code, flags, length, scale and charsetnr.
    """
    from pymysql.constants import COMMAND
    from pymysql.protocol import FieldDescriptorPacket

    connection._execute_command(COMMAND.COM_STMT_PREPARE, statement)
    head = connection._read_packet().get_all_data()
    number, width, parameters = struct.unpack_from("<IHH", head, 1)
    columns: list[Any] = []
    for count, wanted in ((parameters, False), (width, True)):
        for _ in range(count):
            packet = connection._read_packet(FieldDescriptorPacket)
            if wanted:
                columns.append(packet)
        if count:
            connection._read_packet()  # the end of these
    connection._execute_command(COMMAND.COM_STMT_CLOSE, struct.pack("<I", number))
    return columns, parameters


def rows(connection: pymysql.Connection[Any], statement: str) -> Generator[list[pa.Array]]:
    """Run a statement; its rows as columns of ``binary_view``, some thousand at a time.

    Raises:
        pymysql.err.Error: What the server says, also in the middle.
    """
    from pymysql.connections import MySQLResult
    from pymysql.constants import COMMAND

    connection._execute_command(COMMAND.COM_QUERY, statement)
    result = MySQLResult(connection)
    result.init_unbuffered_query()
    result.unbuffered_active = False  # what follows is read here
    stream, rest, ended = _Stream(connection), b"", False
    while not ended:
        data, places, rest, ended = stream.next(rest)
        if len(places):
            yield columns(data, places, result.field_count)


class _Stream:
    """What arrives of the packets of rows."""

    def __init__(self, connection: pymysql.Connection[Any]) -> None:
        self._buffered = connection._rfile
        self._begun = False

    def next(self, rest: bytes) -> tuple[bytearray, Places, bytes, bool]:
        """Bytes, where whole rows begin in them, the beginning of the next row, and whether the last row was there."""
        size = max(BATCH_BYTES, len(rest) + (1 << 16))
        data = bytearray(size + _PAD)
        data[: len(rest)] = rest
        filled, view = len(rest), memoryview(data)
        scanned, starts = 0, []
        while True:
            found, scanned = _scanned(data, scanned, filled)
            starts += found
            if starts and (kind := self._closing(data, starts[-1], scanned)):
                if kind == _ERROR:
                    self._fail(bytes(view[starts[-1] : scanned]))
                starts.pop()
                return data, np.array(starts, np.int64), b"", True
            if filled == size or (filled >= 4 and _large(data, scanned, filled)):
                break
            filled += self._read(view[filled:size])
        if starts:
            return data, np.array(starts, np.int64), bytes(view[scanned:filled]), False
        return self._one(bytes(view[scanned:filled]))

    def _one(self, rest: bytes) -> tuple[bytearray, Places, bytes, bool]:
        """One row that is larger than the rest of the buffer, or than a packet."""
        held = bytearray(rest)
        row = bytearray()
        while True:
            while len(held) < 4:
                self._more(held)
            size = _HEAD(held, 0)[0] & _WHOLE
            while len(held) < 4 + size:
                self._more(held)
            row += held[4 : 4 + size]
            del held[: 4 + size]
            if size < _WHOLE:
                return row + bytes(_PAD), np.zeros(1, np.int64), bytes(held), False

    def _more(self, held: bytearray) -> None:
        piece = bytearray(1 << 18)
        got = self._read(memoryview(piece))
        held += piece[:got]

    def _read(self, into: memoryview) -> int:
        import pymysql

        try:
            if not self._begun:  # what the driver has read ahead; readinto1 would wait for more
                first = self._buffered.read1(len(into))
                into[: len(first)] = first
                self._begun, got = True, len(first)
            else:
                got = int(self._buffered.raw.readinto(into) or 0)
        except (OSError, ValueError) as exc:  # ValueError: closed by the other thread
            raise pymysql.err.OperationalError(2013, f"Lost connection to the server ({exc})") from exc
        if not got:
            raise pymysql.err.OperationalError(2013, "Lost connection to the server")
        return got

    @staticmethod
    def _closing(data: bytearray, start: int, end: int) -> int:
        """Whether the last packet is no row: the mark of the end, or of an error."""
        first = data[start] if start < end else 0
        return first if first == _ERROR or (first == _EOF and end - start < 9) else 0

    @staticmethod
    def _fail(packet: bytes) -> None:
        from pymysql.err import raise_mysql_exception

        raise_mysql_exception(packet)


def _scanned(data: bytearray, place: int, end: int) -> tuple[list[int], int]:
    """Where whole rows begin, and the end of the last one."""
    starts: list[int] = []
    add, last = starts.append, end - 4
    while place <= last:
        size = _HEAD(data, place)[0] & _WHOLE
        after = place + 4 + size
        if after > end or size == _WHOLE:
            break
        add(place + 4)
        place = after
    return starts, place


def _large(data: bytearray, place: int, end: int) -> bool:
    """Whether the row that begins here goes over several packets."""
    return place + 4 <= end and _HEAD(data, place)[0] & _WHOLE == _WHOLE


def columns(data: bytearray, starts: Places, width: int) -> list[pa.Array]:
    """Columns of rows that begin at some places; the values are not copied.

    Args:
        data: Bytes of the rows, and some more behind them.
        starts: Where each row begins.
        width: Number of columns.

    Raises:
        SourceError: The rows are longer than the bytes.
    """
    raw, buffer = np.frombuffer(data, np.uint8), pa.py_buffer(data)
    found, place = [], starts
    for _ in range(width):
        begins, sizes, null = _lengths(raw, place)
        place = begins + sizes
        if len(place) and int(place.max()) > len(raw) - _PAD:
            raise SourceError("A row of the server is cut off.", "Read again; if it stays so, report it.")
        found.append(_viewed(raw, buffer, begins, sizes, null))
    return found


def _lengths(raw: Bytes, place: Places) -> tuple[Places, Places, npt.NDArray[np.bool_] | None]:
    """Where each value begins, how long it is, and which are null."""
    first = raw[place]
    sizes, begins = first.astype(np.int64), place + 1
    if not len(first) or int(first.max()) < _NULL:
        return begins, sizes, None
    null = first == _NULL
    sizes[null] = 0
    for mark, count in ((0xFC, 2), (0xFD, 3), (0xFE, 8)):
        some = np.nonzero(first == mark)[0]
        if len(some):
            at = place[some]
            sizes[some] = sum(raw[at + 1 + byte].astype(np.int64) << (8 * byte) for byte in range(count))
            begins[some] += count
    return begins, sizes, null if null.any() else None


def _viewed(
    raw: Bytes, buffer: pa.Buffer, begins: Places, sizes: Places, null: npt.NDArray[np.bool_] | None
) -> pa.Array:
    """Values as Arrow views: short ones stand in the view, of others it says where they are."""
    views = np.zeros((len(begins), 16), np.uint8)
    numbers = views.view(np.int32)
    numbers[:, 0] = sizes
    first = np.lib.stride_tricks.sliding_window_view(raw, _INLINE)
    short = sizes <= _INLINE
    if short.all():
        views[:, 4:] = first[begins]
        views[:, 4:] &= _KEPT[sizes]
    else:
        few = np.nonzero(short)[0]
        views[few, 4:] = first[begins[few]] & _KEPT[sizes[few]]
        many = np.nonzero(~short)[0]
        views[many, 4:8] = first[begins[many]][:, :4]
        numbers[many, 3] = begins[many]
    valid = None if null is None else pa.py_buffer(np.packbits(~null, bitorder="little"))
    return pa.Array.from_buffers(pa.binary_view(), len(begins), [valid, pa.py_buffer(views), buffer])
