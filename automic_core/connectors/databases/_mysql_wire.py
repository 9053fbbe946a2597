"""Rows of a MySQL statement, many at a time; and what it will give, before it runs.

The driver makes Python objects of every value, which is several times slower than the server sends them. Here it logs
in; the packets of the rows are found by numpy, and their values by ``_mysql_cells``. The statement is a prepared one:
its rows have numbers as they are, which costs the server less than printing them, and nobody must parse them.
https://mariadb.com/kb/en/result-set-packets/
"""

from __future__ import annotations

import struct
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from automic_core.connectors.databases._mysql_cells import PAD, Places, columns
from automic_core.connectors.databases._mysql_types import Field

if TYPE_CHECKING:
    import pymysql

BATCH_BYTES = 4 << 20
_WHOLE = 0xFFFFFF
"""Length of a packet that goes on in the next one."""
_EOF, _ERROR = 0xFE, 0xFF
_HEAD = struct.Struct("<I").unpack_from
_LONGEST_ERROR = 1 << 13
_LANE, _WINDOW, _FEW = 1 << 15, 1 << 10, 16
"""Bytes that are gone through side by side, bytes in which their first packet is looked for, and too few of them."""


def described(connection: pymysql.Connection[Any], statement: str) -> tuple[list[Field], list[str], int]:
    """The result columns of one statement, which is not run: their types and names; and how many parameters it has."""
    number, columns, parameters = _prepared(connection, statement)
    _forgotten(connection, number)
    return [_field(column) for column in columns], [column.name for column in columns], parameters


def _prepared(connection: pymysql.Connection[Any], statement: str) -> tuple[int, list[Any], int]:
    """A statement by its number, with the driver's descriptions of its columns."""
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
    return number, columns, parameters


def _forgotten(connection: pymysql.Connection[Any], number: int) -> None:
    """Have the server forget a statement."""
    from pymysql.constants import COMMAND

    connection._execute_command(COMMAND.COM_STMT_CLOSE, struct.pack("<I", number))


def _field(column: Any) -> Field:
    return Field(column.type_code, column.length, column.scale, column.flags, column.charsetnr)


def rows(connection: pymysql.Connection[Any], statement: str) -> Generator[list[pa.Array]]:
    """Run a statement; its rows as columns (see ``_mysql_cells.columns``), some thousand at a time.

    Raises:
        pymysql.err.Error: What the server says, also in the middle.
    """
    from pymysql.connections import MySQLResult
    from pymysql.constants import COMMAND

    number, _, _ = _prepared(connection, statement)
    connection._execute_command(COMMAND.COM_STMT_EXECUTE, struct.pack("<IBI", number, 0, 1))
    result = MySQLResult(connection)
    result.init_unbuffered_query()
    result.unbuffered_active = False  # what follows is read here
    fields = [_field(column) for column in result.fields]
    stream, rest, ended = _Stream(connection), b"", False
    while not ended:
        data, places, rest, ended = stream.next(rest)
        if len(places):
            yield columns(data, places, fields)
    _forgotten(connection, number)


class _Stream:
    """What arrives of the packets of rows."""

    def __init__(self, connection: pymysql.Connection[Any]) -> None:
        self._buffered = connection._rfile
        self._begun = False

    def next(self, rest: bytes) -> tuple[bytearray, Places, bytes, bool]:
        """Bytes, where whole rows begin in them, the beginning of the next row, and whether the last row was there."""
        size = max(BATCH_BYTES, len(rest) + (1 << 16))
        data = bytearray(size + PAD)
        data[: len(rest)] = rest
        filled, view = len(rest), memoryview(data)
        while filled < size and not _may_close(data, filled):
            filled += self._read(view[filled:size])
        starts, scanned = _scanned(data, 0, filled)
        if len(starts) and (kind := self._closing(data, int(starts[-1]), scanned)):
            if kind == _ERROR:
                self._fail(bytes(view[starts[-1] : scanned]))
            return data, starts[:-1], b"", True
        if len(starts):
            return data, starts, bytes(view[scanned:filled]), False
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
                return row + bytes(PAD), np.zeros(1, np.int64), bytes(held), False

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


def _may_close(data: bytearray, end: int) -> bool:
    """Whether what ends here looks like the mark of the end, or like an error: then the server may send no more."""
    if data[max(end - 9, 0) : max(end - 6, 0)] == b"\5\0\0" and data[end - 5] == _EOF:
        return True
    place, first = end, max(end - _LONGEST_ERROR, 4)
    while (place := data.rfind(b"\xff", first, place)) >= 0:
        if _HEAD(data, place - 4)[0] & _WHOLE == end - place:
            return True
    return False


def _scanned(data: bytearray, place: int, end: int) -> tuple[Places, int]:
    """Where whole rows begin, and the end of the last one."""
    if end - place > _FEW * _LANE and (found := _side_by_side(data, place, end)) is not None:
        return found
    starts: list[int] = []
    add, last = starts.append, end - 4
    while place <= last:
        size = _HEAD(data, place)[0] & _WHOLE
        after = place + 4 + size
        if after > end or size == _WHOLE:
            break
        add(place + 4)
        place = after
    return np.array(starts, np.int64), place


def _side_by_side(data: bytearray, place: int, end: int) -> tuple[Places, int] | None:
    """The same, some ten times as fast: several lanes are gone through at once, each from a guessed beginning.

    None: one of the guesses was wrong, or a row is of several packets.
    """
    heads = np.ndarray((end + 1,), "<u4", data, 0, (1,))
    firsts = _guessed(heads, np.frombuffer(data, np.uint8), place, end)
    limits, at, walked = np.append(firsts[1:], end - 3), firsts, []
    while (at < limits).any():
        for _ in range(_FEW):
            walked.append(at)
            at = np.minimum(at + (heads[at] & _WHOLE) + 4, end)
    lanes = np.stack(walked, axis=1)
    starts = lanes[lanes < limits[:, None]]
    sizes = (heads[starts] & _WHOLE).astype(np.int64)
    after = starts + sizes + 4
    if (after[:-1] != starts[1:]).any() or (sizes == _WHOLE).any():
        return None
    if after[-1] > end:
        return starts[:-1] + 4, int(starts[-1])
    return starts + 4, int(after[-1])


def _guessed(heads: npt.NDArray[np.uint32], raw: npt.NDArray[np.uint8], place: int, end: int) -> Places:
    """A first packet for each lane that shows one: a row (zero) behind a number, and two more that count on."""
    count = (end - place) // _LANE - 1
    lanes = raw[place : place + (count + 1) * _LANE].reshape(-1, _LANE)[1:]
    zeros = (lanes[:, 2 : _WINDOW + 2] == 0) & (lanes[:, 4 : _WINDOW + 4] == 0)
    lane, inside = np.nonzero(zeros)
    at = place + (lane + 1) * _LANE + inside
    good, here = np.ones(len(at), bool), at
    for _ in range(2):
        after = np.minimum(here + (heads[here] & _WHOLE) + 4, end)
        good &= (raw[after + 4] == 0) & (raw[after + 3] == (raw[here + 3] + np.uint8(1)))
        here = after
    lane, at = lane[good], at[good]
    return np.concatenate([[place], at[np.unique(lane, return_index=True)[1]]])
