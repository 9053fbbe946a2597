"""A stream cut into blocks of UTF-8, each knowing its place in the original file."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from automic_core.connectors.files import _encoding
from automic_core.connectors.files._dialect import Dialect
from automic_core.connectors.files._structure import View
from automic_core.errors import AutomicError, SourceError, translate

_LF, _CR = 10, 13
_PIECE = 1 << 17


@dataclass(slots=True)
class Block:
    """Text from a record's start on; the consumer sets ``used``, and the rest comes again with the next block.

    Attributes:
        offset: Byte of the original, decompressed file at which ``data`` starts, from 0.
        line: Physical line at which ``data`` starts, from 1.
        final: Whether the file ends with ``data``.
        skipped: What stood before the table (first block only).
    """

    data: bytes
    offset: int
    line: int
    final: bool
    skipped: bytes = b""
    used: int = 0
    encoding: str = _encoding.UTF8
    _seen: tuple[int, int, int] = (0, 0, 0)

    def locate(self, at: int) -> tuple[int, int]:
        """The physical line (from 1) and the byte in the original file (from 0) of a place in ``data``.

        Asking in ascending order costs one pass over the data in all.
        """
        place, lines, width = self._seen if self._seen[0] <= at else (0, 0, 0)
        between = self.data[place:at]
        self._seen = at, lines + line_ends(between), width + _encoding.width(between, self.encoding)
        return self.line + self._seen[1], self.offset + self._seen[2]


def blocks(open_file: Callable[[], BinaryIO], name: str, dialect: Dialect, size: int) -> Generator[Block, None, None]:
    """The blocks of a file; the next one is longer when nothing of this one was used.

    Raises:
        SourceError: The file cannot be opened, or ends in the middle (a cut archive, a lost connection).
    """
    offset, line, data = 0, 1, b""
    encoding, parts = dialect.encoding, [b""]
    with translate(SourceError, f"{name} cannot be opened", "Check the path and the right to read it."):
        source = open_file()
    try:
        with closing(source) as stream:
            head = stream.read(4)
            encoding = _encoding.canonical(dialect.encoding, head)
            chunks = _encoding.transcode(_Prefixed(head, stream), encoding, size)
            first, skipped, ahead = True, b"", next(chunks, b"")
            while ahead or first:
                parts, wanted = [data], max(size, len(data))
                while ahead and wanted > 0:
                    parts.append(ahead)
                    wanted -= len(ahead)
                    ahead = next(chunks, b"")
                data = b"".join(parts)
                while first and ahead and dialect.skip_lines and len(data.splitlines()) <= dialect.skip_lines:
                    data, ahead = data + ahead, next(chunks, b"")
                if first:
                    clean = _encoding.strip_mark(data)
                    offset += _encoding.width(data[: len(data) - len(clean)], encoding)
                    start = _after_lines(clean, dialect.skip_lines)
                    skipped, data, first = clean[:start], clean[start:], False
                    offset += _encoding.width(skipped, encoding)
                    line += line_ends(skipped)
                block = Block(data, offset, line, not ahead, skipped, encoding=encoding)
                yield block
                line, offset = block.locate(block.used)
                data, skipped = data[block.used :], b""
                parts = [data]
    except AutomicError:
        raise
    except Exception as exc:
        detail = " ".join(str(exc).split()) or type(exc).__name__
        seen = b"".join(parts)
        byte, row = offset + _encoding.width(seen, encoding), line + line_ends(seen)
        raise SourceError(
            f"{name} could be read up to byte {byte} only (line {row}): {detail[:300]}",
            "Check that the file is whole (its size, or a test of the archive), then read it again.",
        ) from exc


def line_ends(data: bytes | memoryview) -> int:
    """How many physical lines end in ``data``: LF, CR LF or CR each end one."""
    view = np.frombuffer(data, np.uint8) if len(data) else np.empty(0, np.uint8)
    room = np.empty(min(len(view), _PIECE), bool)
    count = _marks(view, _LF, room)
    if isinstance(data, bytes) and b"\r" not in data:
        return count
    returns = _marks(view, _CR, room)
    if returns:
        carriage = view == _CR
        count += returns - int(np.count_nonzero(carriage[:-1] & (view[1:] == _LF)))
    return count


def _marks(view: View, mark: int, room: npt.NDArray[np.bool_]) -> int:
    """How often a byte occurs; piece by piece in the same room, which stays in the processor's cache."""
    pieces = (view[at : at + _PIECE] for at in range(0, len(view), _PIECE))
    return sum(int(np.count_nonzero(np.equal(piece, mark, out=room[: len(piece)]))) for piece in pieces)


def _after_lines(data: bytes, count: int) -> int:
    at = 0
    for line in data.splitlines(keepends=True)[:count] if count else ():
        at += len(line)
    return at


class _Prefixed:
    """A stream with the bytes already taken from it put back."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head = head
        self._piece: Callable[[int], bytes] = getattr(stream, "read1", stream.read)

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most ``size``."""
        if self._head:
            head, self._head = self._head, b""
            return head
        # One piece at a time: a buffered stream that fails in its second piece would throw away the first.
        return self._piece(size)
