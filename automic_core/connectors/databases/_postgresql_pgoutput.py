"""Messages of PostgreSQL's logical decoding plugin pgoutput (protocol version 1), from bytes.

https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
"""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass

from automic_core.errors import SourceError


class Mark(enum.Enum):
    """Stands where a value would."""

    UNCHANGED = "unchanged"


UNCHANGED = Mark.UNCHANGED
"""A value stored out of line that an update left alone; the log does not hold it."""

Cell = bytes | Mark | None
"""A value as PostgreSQL prints it in the client's encoding, null, or not in the log."""
Cells = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Begin:
    """A transaction begins; it was committed already.

    Attributes:
        lsn: Place of its commit in the log.
        at: When it was committed, in µs since 2000-01-01 UTC.
    """

    lsn: int
    at: int
    xid: int


@dataclass(frozen=True, slots=True)
class Commit:
    """A transaction ends; ``end`` is the place after it, from which reading goes on."""

    lsn: int
    end: int
    at: int


@dataclass(frozen=True, slots=True)
class Described:
    """A column of a table: its type by number and modifier, and whether it belongs to the replica identity."""

    name: str
    kind: int
    modifier: int
    key: bool


@dataclass(frozen=True, slots=True)
class Relation:
    """A table as it is from here on; ``identity`` is d(efault), n(othing), f(ull) or i(ndex)."""

    oid: int
    schema: str
    name: str
    identity: str
    columns: tuple[Described, ...]


@dataclass(frozen=True, slots=True)
class Insert:
    """A new row."""

    relation: int
    new: Cells


@dataclass(frozen=True, slots=True)
class Update:
    """A changed row.

    Attributes:
        old: The row before: all of it (``whole``), or just the columns of the identity if one of them changed, others
            null; None if neither is told.
    """

    relation: int
    old: Cells | None
    whole: bool
    new: Cells


@dataclass(frozen=True, slots=True)
class Delete:
    """A row that is gone: all of it (``whole``), or just the columns of the identity, others null."""

    relation: int
    old: Cells
    whole: bool


@dataclass(frozen=True, slots=True)
class Truncate:
    """Tables that were emptied."""

    relations: tuple[int, ...]


Message = Begin | Commit | Relation | Insert | Update | Delete | Truncate

_HEAD = struct.Struct("!I")
_BEGIN = struct.Struct("!QqI")
_COMMIT = struct.Struct("!BQQq")
_COLUMN = struct.Struct("!Ii")
_SHORT = struct.Struct("!H")
_LENGTH = struct.Struct("!I")
_IGNORED = b"OYM"
"""Where a transaction came from, the name of a type, a message of an application."""


def decode(data: bytes) -> Message | None:
    """One message; None for kinds that say nothing about rows.

    Raises:
        SourceError: It is cut off, has something behind its end, or is of an unknown kind.
    """
    kind = data[:1]
    try:
        found, end = _decoded(kind, data)
    except (struct.error, IndexError, UnicodeDecodeError, ValueError) as exc:
        raise SourceError(f"A message {kind!r} of the log cannot be read: {exc}.", _HINT) from exc
    if found is not None and end != len(data):
        raise SourceError(f"A message {kind!r} of the log has {len(data) - end} bytes too many.", _HINT)
    return found


_HINT = "The server speaks another version of pgoutput than 1; compare tables instead of following the log."


def _decoded(kind: bytes, data: bytes) -> tuple[Message | None, int]:
    if kind == b"B":
        return Begin(*_BEGIN.unpack_from(data, 1)), 1 + _BEGIN.size
    if kind == b"C":
        _, lsn, end, at = _COMMIT.unpack_from(data, 1)
        return Commit(lsn, end, at), 1 + _COMMIT.size
    if kind == b"R":
        return _relation(data)
    if kind == b"T":
        count, _ = struct.unpack_from("!IB", data, 1)
        return Truncate(struct.unpack_from(f"!{count}I", data, 6)), 6 + 4 * count
    if kind in (b"I", b"U", b"D"):
        return _row(kind, data)
    if kind and kind in _IGNORED:
        return None, len(data)
    raise ValueError("unknown kind")


def _row(kind: bytes, data: bytes) -> tuple[Message, int]:
    (relation,) = _HEAD.unpack_from(data, 1)
    what, place = data[5:6], 6
    if kind == b"I":
        _one_of(what, b"N")
        new, place = _cells(data, place)
        return Insert(relation, new), place
    old: Cells | None = None
    whole = what == b"O"
    if what in (b"K", b"O"):
        old, place = _cells(data, place)
        if kind == b"D":
            return Delete(relation, old, whole), place
        what, place = data[place : place + 1], place + 1
    _one_of(what, b"N" if kind == b"U" else b"KO")
    new, place = _cells(data, place)
    return Update(relation, old, whole, new), place


def _cells(data: bytes, place: int) -> tuple[Cells, int]:
    (count,) = _SHORT.unpack_from(data, place)
    place += 2
    cells: list[Cell] = []
    for _ in range(count):
        kind = data[place]
        place += 1
        if kind == 0x74:  # t: text
            (length,) = _LENGTH.unpack_from(data, place)
            place += 4 + length
            if place > len(data):
                raise ValueError("a value is cut off")
            cells.append(data[place - length : place])
        elif kind == 0x6E:  # n: null
            cells.append(None)
        elif kind == 0x75:  # u: unchanged, stored out of line
            cells.append(UNCHANGED)
        else:
            raise ValueError(f"a value of the kind {chr(kind)!r}")
    return tuple(cells), place


def _relation(data: bytes) -> tuple[Relation, int]:
    (oid,) = _HEAD.unpack_from(data, 1)
    schema, place = _text(data, 5)
    name, place = _text(data, place)
    identity = chr(data[place])
    (count,) = _SHORT.unpack_from(data, place + 1)
    place += 3
    columns = []
    for _ in range(count):
        flags = data[place]
        column, place = _text(data, place + 1)
        kind, modifier = _COLUMN.unpack_from(data, place)
        columns.append(Described(column, kind, modifier, bool(flags & 1)))
        place += _COLUMN.size
    # an empty schema is how pg_catalog is written
    return Relation(oid, schema or "pg_catalog", name, identity, tuple(columns)), place


def _text(data: bytes, place: int) -> tuple[str, int]:
    end = data.index(b"\0", place)
    return data[place:end].decode(), end + 1


def _one_of(kind: bytes, known: bytes) -> None:
    if not kind or kind not in known:
        raise ValueError(f"a row of the kind {kind!r}")


def lsn_text(lsn: int) -> str:
    """A place in the log as PostgreSQL prints it."""
    return f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"


def lsn_number(text: str) -> int:
    """A place in the log from its text.

    Raises:
        SourceError: It is none.
    """
    high, slash, low = text.partition("/")
    try:
        if not slash:
            raise ValueError("no slash")
        return (int(high, 16) << 32) + int(low, 16)
    except ValueError as exc:
        raise SourceError(f"{text!r} is no place in a log of PostgreSQL.", "It looks like 0/16B3748.") from exc
