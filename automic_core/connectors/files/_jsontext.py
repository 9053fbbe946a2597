"""JSON (RFC 8259) one record at a time, each value as the text that stands in the file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

SCALAR = "value"
_blank = re.compile(r"[ \t\n\r]*").match
_NEAR = 12  # a token cut by the end of the buffer is shorter than this; a cut string says so itself


class Number(str):
    """A number as it stands in the file."""

    __slots__ = ()


class Nested(str):
    """An object or a list as it stands in the file."""

    __slots__ = ()


class Constant(str):
    """NaN, Infinity or -Infinity, or something that holds one: no JSON, though many programs write it."""

    __slots__ = ()


Member = tuple[str, Any]
"""Key and value of a record: a str, None, a bool, or one of the classes above."""


class BrokenError(Exception):
    """The text stops being JSON at ``position`` of the buffer."""

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position


Scan = Callable[[str, int], tuple[Any, int]]


class _ConstantError(ValueError):
    """NaN, Infinity or -Infinity, which are no JSON."""


def _refused(constant: str) -> None:
    raise _ConstantError(constant)


def _scanner(constant: Callable[[str], object]) -> Scan:
    decoder = json.JSONDecoder(
        parse_int=Number, parse_float=Number, parse_constant=constant, object_pairs_hook=lambda pairs: pairs
    )
    return decoder.scan_once  # type: ignore[attr-defined, no-any-return]


_strict, _lenient = _scanner(_refused), _scanner(str)


def _value(text: str, at: int, scan: Scan = _strict) -> tuple[Any, int]:
    try:
        return scan(text, at)
    except StopIteration as exc:
        raise BrokenError("a value is expected", int(exc.value)) from None
    except json.JSONDecodeError as exc:
        raise BrokenError(exc.msg, exc.pos) from None
    except RecursionError:
        raise BrokenError("it is nested too deeply", at) from None


def record(text: str, at: int) -> tuple[list[Member], int]:
    """The members of the object at ``text[at]`` and where it ends; any other value is one member named "value".

    Raises:
        BrokenError: It is not JSON; the position is the end of the text if only more text is missing.
    """
    if text[at : at + 1] != "{":
        value, end = _exact(text, at)
        return [(SCALAR, value)], end
    try:
        pairs, end = _strict(text, at)
    except (StopIteration, ValueError, RecursionError):
        return _members(text, at)  # which tells what is wrong, and where
    return (pairs, end) if list not in [type(value) for _, value in pairs] else _members(text, at)


def _members(text: str, at: int) -> tuple[list[Member], int]:
    """The members one by one, so that nested values are known by their place in the text."""
    members: list[Member] = []
    at = _skipped(text, at + 1)
    if text[at : at + 1] == "}":
        return members, at + 1
    while True:
        key, at = _key(text, at)
        value, at = _exact(text, at)
        members.append((key, value))
        at = _skipped(text, at)
        mark = text[at : at + 1]
        if mark == "}":
            return members, at + 1
        if mark != ",":
            raise BrokenError("a comma or } is expected", at)
        at = _skipped(text, at + 1)


def _skipped(text: str, at: int) -> int:
    return _blank(text, at).end()  # type: ignore[union-attr]


def _key(text: str, at: int) -> tuple[str, int]:
    if text[at : at + 1] != '"':
        raise BrokenError("a key in double quotes is expected", at)
    try:
        key, at = scanstring(text, at + 1, True)
    except json.JSONDecodeError as exc:
        raise BrokenError(exc.msg, exc.pos) from None
    at = _skipped(text, at)
    if text[at : at + 1] != ":":
        raise BrokenError("a colon is expected", at)
    return key, _skipped(text, at + 1)


def _exact(text: str, at: int) -> tuple[Any, int]:
    try:
        value, end = _value(text, at)
    except _ConstantError:
        _, end = _value(text, at, _lenient)
        return Constant(text[at:end]), end
    return (Nested(text[at:end]), end) if isinstance(value, list) else (value, end)


class Cursor:
    """Walks through JSON text that comes in pieces; holds no more of it than one record needs.

    Attributes:
        line: Physical line at which the buffer starts, from 1.
        offset: Bytes of UTF-8 before the buffer.
        began: Where in the buffer the record read last begins, until more is read.
    """

    def __init__(self, pieces: Iterator[str]) -> None:
        self.text = ""
        self.at = 0
        self.line = 1
        self.offset = 0
        self.began = 0
        self._pieces = pieces

    def peek(self) -> str:
        """The next character that is no blank; empty at the end."""
        while True:
            self.at = _skipped(self.text, self.at)
            if self.at < len(self.text) or not self._more():
                return self.text[self.at : self.at + 1]

    def take(self, mark: str) -> None:
        """Step over a character that must come next.

        Raises:
            BrokenError: Something else does.
        """
        if self.peek() != mark:
            raise BrokenError(f"{mark} is expected", self.at)
        self.at += 1

    def record(self) -> list[Member]:
        """Read one value as a record."""
        self.peek()
        while True:
            try:
                members, end = record(self.text, self.at)
                if end < len(self.text) or not self._more():
                    break
            except BrokenError as exc:
                cut = exc.position >= len(self.text) - _NEAR or exc.reason.startswith("Unterminated string")
                if not cut or not self._more():
                    raise
        self.began, self.at = self.at, end
        return members

    def key(self) -> str:
        """Read a key and its colon."""
        self.peek()
        while True:
            try:
                key, end = _key(self.text, self.at)
                break
            except BrokenError:
                if self.text[self.at : self.at + 1] not in ("", '"') or not self._more():
                    raise
        self.at = end
        return key

    def place(self, position: int) -> tuple[int, int]:
        """Line (from 1) and byte of UTF-8 (from 0) of a position in the buffer."""
        before = self.text[:position]
        return self.line + before.count("\n"), self.offset + len(before.encode("utf-8", "surrogateescape"))

    def _more(self) -> bool:
        """Double what is held; False at the end of the file."""
        held = self.text[self.at :]
        pieces, size = [held], 0
        while size <= len(held) and (piece := next(self._pieces, "")):
            pieces.append(piece)
            size += len(piece)
        if not size:
            return False
        self.line, self.offset = self.place(self.at)
        self.text, self.at = "".join(pieces), 0
        return True


def documents(cursor: Cursor) -> Iterator[list[Member]]:
    """The records of an array, of one document, or of several objects one after the other."""
    if cursor.peek() == "[":
        yield from elements(cursor)
    elif cursor.peek():
        yield cursor.record()
        while cursor.peek() == "{":
            yield cursor.record()
    _end(cursor)


def elements(cursor: Cursor) -> Iterator[list[Member]]:
    """The elements of the array that comes next."""
    cursor.take("[")
    if cursor.peek() != "]":
        yield cursor.record()
        while cursor.peek() == ",":
            cursor.at += 1
            yield cursor.record()
    if cursor.peek() != "]":
        raise BrokenError("a comma or ] is expected", cursor.at)
    cursor.at += 1


def along(cursor: Cursor, path: tuple[str, ...]) -> Iterator[list[Member]]:
    """The records found under a path of keys, in every document; a list on the way stands for each of its elements."""
    while cursor.peek():
        yield from _under(cursor, path)
    _end(cursor)


def _under(cursor: Cursor, path: tuple[str, ...]) -> Iterator[list[Member]]:
    mark = cursor.peek()
    if not path and mark == "[":
        yield from elements(cursor)
    elif not path:
        yield cursor.record()
    elif mark == "[":
        cursor.at += 1
        while cursor.peek() != "]":
            yield from _under(cursor, path)
            if cursor.peek() != "]":
                cursor.take(",")
        cursor.at += 1
    elif mark == "{":
        cursor.at += 1
        while cursor.peek() != "}":
            if cursor.key() == path[0]:
                yield from _under(cursor, path[1:])
            else:
                cursor.record()
            if cursor.peek() != "}":
                cursor.take(",")
        cursor.at += 1
    else:
        cursor.record()


def _end(cursor: Cursor) -> None:
    if cursor.peek():
        raise BrokenError("the document has ended, but more text follows", cursor.at)
