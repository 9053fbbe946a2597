"""One JSON file as batches of text: records of any shape, broken ones kept as they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from typing import Any, BinaryIO, Literal

import pyarrow as pa

from automic_core import frames
from automic_core.connectors.files import _encoding, _jsontext, _ordinals, _types
from automic_core.connectors.files._jsontext import BrokenError, Cursor, Member
from automic_core.errors import SourceError
from automic_core.records import FieldType

Shape = Literal["array", "lines"]
_PIECE = 1 << 20
_SAMPLE = 1 << 18
_BATCH_ROWS = 10_000
_KEPT = 100_000
_PADDING = b" \t\r"
Entry = list[Member] | dict[str, Any]
"""The members of a record, or line, byte, reason and text of a broken one."""
_ALLOWED: dict[frozenset[type], frozenset[FieldType]] = {
    frozenset({str}): _types.TIMES,
    frozenset({_jsontext.Number}): _types.NUMBERS,
    frozenset({bool}): frozenset({FieldType.BOOLEAN}),
}


class JSONFile:
    """The records of one file.

    Args:
        open_file: Opens it, decompressed; called once a pass.
        name: What errors call it.
        shape: array (or one document, or several), lines, or None: found out.
        path: Keys that lead to the records.
        look: Records whose keys become columns; None = all.
    """

    def __init__(
        self,
        open_file: Callable[[], BinaryIO],
        name: str,
        shape: Shape | None,
        path: tuple[str, ...],
        encoding: str | None,
        look: int | None,
    ) -> None:
        self._open_file, self._name, self._path = open_file, name, path
        self._kinds: dict[str, set[type]] = {}
        with closing(open_file()) as file:
            sample = file.read(_SAMPLE)
        self._encoding = _encoding.canonical(encoding or _encoding.detect(sample), sample)
        text = self._decoded(sample)
        self.shape: Shape = shape or ("array" if path else _shape(text))
        self.facts = {"encoding": self._encoding, "format": self.shape, "record_path": ".".join(path)}
        self.notes: list[str] = []
        if self._encoding != _encoding.UTF8:
            self.notes.append(f"Read as {self._encoding}.")
        if not text.strip():
            self.notes.append(f"{name} is empty: no records.")
        keys: dict[str, None] = {}
        seen = 0
        for entry in islice(self._entries(), look):
            seen += 1
            if isinstance(entry, list):
                keys.update(dict.fromkeys(key for key, _ in entry))
        if path and not seen and text.strip():
            raise SourceError(f"{name} has nothing under {'.'.join(path)!r}.", f"Its keys: {_top(text)}.")
        self.columns, renamed = _types.column_names([_readable(key) for key in keys])
        self._columns = dict(zip(keys, self.columns, strict=True))
        self.notes += renamed

    def allowed(self) -> Mapping[str, Collection[FieldType]]:
        """Numbers and booleans that stand bare keep their type; strings may be dates; a mixture is text."""
        return {
            name: _ALLOWED.get(frozenset(self._kinds.get(key, ())), frozenset()) for key, name in self._columns.items()
        }

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The records; keys that are no column go to ``_rescued``."""
        entries = self._entries()
        while rows := list(islice(entries, _BATCH_ROWS)):
            yield self._batch(rows, columns)

    def locate(self, record: int) -> int:
        """The physical line at which a record begins; where the rest of the file is broken, the line of the break."""
        with closing(self._open_file()) as file:
            pieces = _encoding.transcode(file, self._encoding, _PIECE)
            if self.shape == "lines":
                filled = (number for line, number, _ in _split(pieces) if line.rstrip(_PADDING))
                return _ordinals.pick(filled, record, self._name)
            cursor = Cursor(_decoded_pieces(pieces))
            entry = _ordinals.pick(self._documents(cursor), record, self._name)
            return int(entry["line"]) if isinstance(entry, dict) else cursor.place(cursor.began)[0]

    def _batch(self, entries: list[Entry], columns: Sequence[str]) -> pa.RecordBatch:
        rows: list[dict[str, Any]] = []
        kept: list[str | None] = []
        known = self._columns.keys()
        for entry in entries:
            row = dict(entry) if isinstance(entry, list) else {}
            rows.append(row)
            if isinstance(entry, dict):
                kept.append(json.dumps(entry))
            elif len(row) == len(entry) and row.keys() <= known:
                kept.append(None)
            else:
                kept.append(self._odd(entry, row))
        keys = {name: key for key, name in self._columns.items()}
        arrays = [self._column(keys[name], name, rows, kept) for name in columns]
        schema = pa.schema([(name, pa.string()) for name in [*columns, frames.RESCUED]])
        return pa.RecordBatch.from_arrays([*arrays, pa.array(kept, pa.string())], schema=schema)

    def _odd(self, entry: list[Member], row: Mapping[str, Any]) -> str | None:
        """What a record has beside its columns: keys first seen too late, and earlier values of a repeated key."""
        odd = {}
        for key, value in entry:
            if key not in self._columns or value != row[key]:
                odd[self._columns.get(key, _readable(key))] = _readable(_written(value))
        return _types.rescued(None, odd) if odd else None

    def _column(self, key: str, name: str, rows: list[dict[str, Any]], kept: list[str | None]) -> pa.Array:
        """One column as text; values that are no JSON or no UTF-8 go to ``kept``."""
        values = [row.get(key) for row in rows]
        types = {type(value) for value in values} - {type(None)}
        self._kinds.setdefault(key, set()).update(types - {_jsontext.Constant})
        if _jsontext.Constant in types:
            for row, value in enumerate(values):
                if isinstance(value, _jsontext.Constant):
                    values[row] = None
                    kept[row] = _types.rescued(kept[row], {name: _readable(value)})
        if bool in types:
            values = [_written(value) if isinstance(value, bool) else value for value in values]
        try:
            return pa.array(values, pa.string())
        except UnicodeEncodeError:
            for row, value in enumerate(values):
                if value is not None and _readable(value) != value:
                    values[row] = None
                    kept[row] = _types.rescued(kept[row], {name: _readable(value)})
            return pa.array(values, pa.string())

    def _entries(self) -> Iterator[Entry]:
        with closing(self._open_file()) as file:
            pieces = _encoding.transcode(file, self._encoding, _PIECE)
            yield from _lines(pieces) if self.shape == "lines" else self._documents(Cursor(_decoded_pieces(pieces)))

    def _documents(self, cursor: Cursor) -> Iterator[Entry]:
        try:
            yield from _jsontext.along(cursor, self._path) if self._path else _jsontext.documents(cursor)
        except BrokenError as exc:
            line, byte = cursor.place(exc.position)
            text = cursor.text[cursor.at : cursor.at + _KEPT]
            yield _broken(line, byte, f"{exc.reason}; the rest of the file is not read", text)

    def _decoded(self, sample: bytes) -> str:
        return "".join(_decoded_pieces(iter([b"".join(_encoding.transcode(_Bytes(sample), self._encoding, _SAMPLE))])))


class _Bytes:
    """Bytes as a stream that is read once."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, size: int = -1) -> bytes:
        """All of it, then nothing."""
        data, self._data = self._data, b""
        return data


def _decoded_pieces(pieces: Iterator[bytes]) -> Iterator[str]:
    """UTF-8 as text; bytes that are none become lone surrogates, which no column takes."""
    import codecs

    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    first = True
    for piece in pieces:
        text = decoder.decode(piece)
        yield text.removeprefix("\ufeff") if first else text
        first = False
    yield decoder.decode(b"", True)


def _lines(pieces: Iterator[bytes]) -> Iterator[Entry]:
    for line, number, offset in _split(pieces):
        yield from _line(line, number, offset)


def _split(pieces: Iterator[bytes]) -> Iterator[tuple[bytes, int, int]]:
    """Physical lines with their number (from 1) and their byte of UTF-8 (from 0)."""
    number, offset, rest, first = 0, 0, b"", True
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        if first and lines:
            lines[0], first = _encoding.strip_mark(lines[0]), False
        for line in lines:
            number += 1
            yield line, number, offset
            offset += len(line) + 1
    yield _encoding.strip_mark(rest) if first else rest, number + 1, offset


def _line(data: bytes, number: int, offset: int) -> Iterator[Entry]:
    text = data.decode("utf-8", "surrogateescape").rstrip(" \t\r")
    if not text:
        return
    try:
        members, end = _jsontext.record(text, len(text) - len(text.lstrip(" \t\r")))
        if end < len(text):
            raise BrokenError("the record has ended, but more text follows", end)
        yield members
    except BrokenError as exc:
        at = offset + len(text[: exc.position].encode("utf-8", "surrogateescape"))
        yield _broken(number, at, exc.reason, text[:_KEPT])


def _broken(line: int, byte: int, reason: str, text: str) -> dict[str, Any]:
    return {"line": line, "byte": byte, "reason": f"not JSON: {reason}", "text": _readable(text)}


def _readable(text: str) -> str:
    """Text that UTF-8 can hold: bytes that were none are read as Windows-1252, lone surrogates are escaped."""
    try:
        text.encode()
    except UnicodeEncodeError:
        try:
            return _encoding.decode(text.encode("utf-8", "surrogateescape"))[0]
        except UnicodeEncodeError:
            return text.encode("utf-8", "backslashreplace").decode()
    return text


def _written(value: Any) -> str:
    """A value as JSON has it; a string as it is."""
    return value if isinstance(value, str) else json.dumps(value)


def _shape(text: str) -> Shape:
    """Lines if most lines are a record of their own."""
    lines = [line.strip(" \t\r") for line in text.split("\n")[:50]]
    filled = [line for line in lines if line]
    if len(text) >= _SAMPLE // 4 and len(filled) > 1:
        filled.pop()  # it may be cut
    whole = sum(line[0] in "{[" and isinstance(next(_line(line.encode("utf-8", "surrogateescape"), 1, 0)), list)
                for line in filled)  # fmt: skip
    return "lines" if whole >= 2 and 2 * whole >= len(filled) else "array"


def _top(text: str) -> str:
    """The keys of the first document, as far as they can be seen."""
    cursor = Cursor(iter([text]))
    found: list[str] = []
    try:
        if cursor.peek() == "{":
            cursor.at += 1
            while cursor.peek() == '"':
                found.append(cursor.key())
                cursor.record()
                cursor.take(",")
    except BrokenError:
        pass
    return ", ".join(map(repr, found[:20])) or "none"
