"""A dialect, and one record of delimited text at a time, whatever is wrong with it: the tolerant half of the reader."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from automic_core.connectors.files._extents import split

UNCLOSED = "a quote is opened and never closed"
TRAILING = "text after a closing quote"
# Longer than this, an open quote counts as never closed: no memory is spent on looking for its end.
LONGEST_RECORD = 64 << 20


@dataclass(frozen=True)
class Dialect:
    """The way one delimited file is written.

    Attributes:
        delimiter: What stands between two fields; may be longer than one character.
        quotechar: What surrounds a field that holds a delimiter or a line end; None = nothing does.
        escapechar: What takes the meaning from the next character; None = nothing does.
        doublequote: Whether a quote inside a quoted field is written twice.
        skip_blanks: Whether blanks after a delimiter are no part of the field. With a blank as the delimiter, any
            number of them is one delimiter (columns aligned by blanks).
        header: Whether the first record holds the column names.
        header_records: How many records the header has: names, and groups above or units below them.
        skip_lines: Physical lines before the table: titles, comments, blank lines.
        ruled: Whether the table is drawn in text: lines of dashes are no records, and blanks pad the fields.
        edged: Whether a delimiter also begins and ends every line, as in Markdown.
        extents: Where each column begins in a line, in characters from 0, if blanks pad them to fixed places; the
            delimiter, a blank, then parts nothing.
        loose: The column (from 0) whose values may hold the delimiter though nothing quotes it, and the number of
            columns: what a record has too many is part of that value.
        confidence: How sure the choice is, 0 to 1; 1 = all of it was given.
        evidence: What the choice rests on, for a person.
    """

    encoding: str = "utf-8"
    delimiter: str = ","
    quotechar: str | None = '"'
    escapechar: str | None = None
    doublequote: bool = True
    skip_blanks: bool = False
    header: bool = True
    header_records: int = 1
    skip_lines: int = 0
    ruled: bool = False
    edged: bool = False
    extents: tuple[int, ...] = ()
    loose: tuple[int, int] | None = None
    confidence: float = 1.0
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A record as found: its bytes in the buffer (line end included), raw fields, what is wrong with its quotes."""

    start: int
    end: int
    fields: list[bytes]
    problem: str | None = None


def is_rule(line: bytes) -> bool:
    """Whether a line draws a table and holds nothing: as database shells and Markdown write it."""
    return not line.strip(b"-+=|: \t\r\n") and (b"---" in line or b"===" in line)


class Grammar:
    """The rules of a dialect over UTF-8 bytes.

    Quoting follows RFC 4180: a quote matters only at the start of a field; elsewhere it is text. Any of LF, CR LF and
    CR ends a record. An escape character takes the meaning from a quote, a delimiter, a line end or another escape
    character; before anything else it is text.
    """

    def __init__(self, dialect: Dialect) -> None:
        self.delimiter = dialect.delimiter.encode()
        self.quote = (dialect.quotechar or "").encode()
        self.escape = (dialect.escapechar or "").encode()
        self.doublequote = dialect.doublequote
        self.skip_blanks = dialect.skip_blanks
        self.ruled, self.edged, self.loose = dialect.ruled, dialect.edged, dialect.loose
        self.extents = dialect.extents
        self._aligned = self.skip_blanks and not self.delimiter.strip(b" ")
        self._blanks = b" \t\r\n".replace(self.delimiter[:1], b"")
        delimiter, quote, escape = map(re.escape, (self.delimiter, self.quote, self.escape))
        never = b"(?!)"
        between = delimiter + (b" *+" if self.skip_blanks else b"")
        special = b"|".join(filter(None, (delimiter, quote, escape, b"[\\r\\n]")))
        escaped = escape + b"(?:" + special + b")" if escape else never
        doubled = quote + quote if self.doublequote else never
        outside = b"(?!" + delimiter + b")[^\\r\\n]" if len(self.delimiter) > 1 else b"[^" + delimiter + b"\\r\\n]"
        inside = b"(?:" + escaped + b"|" + doubled + b"|[^" + (quote or b"x") + b"])*+"
        stop = b"(?=" + between + b"|[\\r\\n]|\\Z)"
        self._between = re.compile(between)
        self._plain = re.compile(b"(?:" + escaped + b"|" + outside + b")*+")
        self._escaped = re.compile(escape + b"(" + special + b")") if escape else None
        self._quoted = re.compile(quote + b"(" + inside + b")" + quote + stop) if quote else None
        self._open = re.compile(quote + inside + b"\\Z")
        self._loose = re.compile(quote + b"([^\\r\\n]*?)" + quote + stop)

    @property
    def simple(self) -> bool:
        """Whether every mark is one ASCII byte, and not NUL, which is what the fast parser can do."""
        marks = (self.delimiter, self.quote or b"x", self.escape or b"x")
        plain = not (self._aligned or self.ruled or self.edged or self.extents or self.loose)
        return plain and all(len(mark) == 1 and b"\0" < mark < b"\x80" for mark in marks)

    def rows(self, data: bytes, start: int, stop: int, width: int, *, final: bool = True) -> Iterator[Row]:
        """The records of ``data[start:stop]``, blank lines left out.

        An unclosed quote costs one physical line. So does one that seems to close lines later, if the record then has
        the wrong number of fields while the very next line is a good record of its own.

        Args:
            width: Fields expected in a record.
            final: Whether nothing follows ``stop``; if not, a record that may go on there is not given.
        """
        while start < stop:
            row = self._row(data, start, stop, final)
            if row is None:
                return
            if self.ruled and is_rule(data[row.start : row.end]):
                start = row.end
                continue
            if self.loose and len(row.fields) > self.loose[1]:
                row = Row(row.start, row.end, self._tightened(row.fields, *self.loose), row.problem)
            if len(row.fields) != width:
                row = self._literal(data, row, width) if row.problem else self._resynchronised(data, row, width)
            blank = b"\r\n" if width == 1 else self._blanks
            if data[row.start : row.end].strip(blank):
                yield row
            start = row.end

    def _tightened(self, fields: list[bytes], column: int, width: int) -> list[bytes]:
        """The fields with those joined that are pieces of one value."""
        end = column + 1 + len(fields) - width
        return [*fields[:column], self.delimiter.join(fields[column:end]), *fields[end:]]

    def _resynchronised(self, data: bytes, row: Row, width: int) -> Row:
        first = _line_end(data, row.start, row.end)
        begin = first + self._newline(data, first)
        if begin >= row.end:
            return row
        following = self._row(data, begin, _line_end(data, begin, row.end), True)
        if following and following.problem is None and len(following.fields) == width:
            alone = self._row(data, row.start, first, True)
            if alone and alone.problem:
                return Row(row.start, begin, alone.fields, alone.problem)
        return row

    def _literal(self, data: bytes, row: Row, width: int) -> Row:
        """The record with its bad quotes taken as text, if that gives the right number of fields."""
        fields, _, _ = self._fields(data, row.start, row.end, True, loose=False)
        return Row(row.start, row.end, fields, row.problem) if len(fields) == width else row

    def _row(self, data: bytes, start: int, stop: int, final: bool) -> Row | None:
        end = _line_end(data, start, stop)
        line = data[start:end]
        if self._marked(line):
            fields, end, problem = self._fields(data, start, stop, final)
        else:
            fields, problem = self._split(line), None
        if self.ruled or self.edged:
            fields = self._unpadded(fields)
        after = end + self._newline(data, end)
        # What lies at the very edge may go on in the next block: more text, a second quote, the LF of a CR.
        cut = not final and after >= stop and not data[end:after].endswith(b"\n")
        return None if cut else Row(start, after, fields, problem)

    def _unpadded(self, fields: list[bytes]) -> list[bytes]:
        bare = [field.strip(b" ") for field in fields]
        if self.edged and len(bare) > 1:
            bare = bare[not bare[0] :]
            bare = bare[: -1 if len(bare) > 1 and not bare[-1] else None]
        return bare

    def _marked(self, line: bytes) -> bool:
        """Whether a line may have a quoted or an escaped field; a quote inside a field is none."""
        if self.escape and self.escape in line:
            return True
        if not self.quote or self.quote not in line:
            return False
        return self.skip_blanks or line.startswith(self.quote) or self.delimiter + self.quote in line

    def _split(self, line: bytes) -> list[bytes]:
        if self.extents:
            text = line.decode("utf-8", "surrogateescape")
            return [field.encode("utf-8", "surrogateescape") for field in split(text, self.extents)]
        if self._aligned:
            line = line.strip(b" ")
        return self._between.split(line.lstrip(b" ")) if self.skip_blanks else line.split(self.delimiter)

    def _fields(
        self, data: bytes, start: int, stop: int, final: bool, loose: bool = True
    ) -> tuple[list[bytes], int, str | None]:
        """The fields of a record, where it ends, and what is wrong with its quotes.

        Args:
            loose: Whether a bad quoted field may go on to the next quote that closes one on the same line; else it
                is taken as unquoted.
        """
        fields: list[bytes] = []
        problem = None
        at = start
        while self.skip_blanks and data[at : at + 1] == b" ":
            at += 1
        while True:
            found = self._quoted.match(data, at, stop) if self._quoted else None
            if found:
                text = self._unquoted(found[1])
            elif self.quote and data.startswith(self.quote, at):
                if not final and stop - at < LONGEST_RECORD and self._open.match(data, at, stop):
                    return fields, stop, None
                line = _line_end(data, at, stop)
                problem = problem or (TRAILING if data.find(self.quote, at + 1, line) >= 0 else UNCLOSED)
                found = self._loose.match(data, at, line) if loose else None
                text = found[1] if found else b""
            if not found:
                found = self._plain.match(data, at, stop)
                text = found[0] if found else b""
                text = self._escaped.sub(rb"\1", text) if self._escaped else text
            fields.append(text)
            at = found.end() if found else at
            between = self._between.match(data, at, stop)
            if not between:
                return fields, at, problem
            at = between.end()
            if self._aligned and (at == stop or self._newline(data, at)):
                return fields, at, problem

    def _unquoted(self, inner: bytes) -> bytes:
        if self._escaped and self.escape in inner:
            parts = self._escaped.split(inner)
            parts[::2] = [self._single(part) for part in parts[::2]]
            return b"".join(parts)
        return self._single(inner)

    def _single(self, inner: bytes) -> bytes:
        return inner.replace(self.quote * 2, self.quote) if self.doublequote else inner

    @staticmethod
    def _newline(data: bytes, at: int) -> int:
        return 2 if data.startswith(b"\r\n", at) else 1 if data[at : at + 1] in (b"\n", b"\r") else 0


def _line_end(data: bytes, start: int, stop: int) -> int:
    end = data.find(b"\n", start, stop)
    end = stop if end < 0 else end
    carriage = data.find(b"\r", start, end)
    return end if carriage < 0 else carriage
