"""Refuses XML that reaches for other files or unpacks itself, before anything of it is used."""

from __future__ import annotations

import re
from typing import BinaryIO

from automic_core.errors import SecurityError

_HEAD = 1 << 16
_LONGEST = 1 << 22
_DECLARED = re.compile(r"<!ENTITY\s+(%\s+)?([^\s>]+)\s+(SYSTEM\b|PUBLIC\b|\"[^\"]*\"|'[^']*')", re.DOTALL)
_REFERENCE = re.compile(r"&(?!#|(?:amp|lt|gt|quot|apos);)[^;\s]+;|%[^;\s]+;")


def check(file: BinaryIO, name: str) -> None:
    """Read the document type declaration and refuse what is dangerous in it; leaves the file at its start.

    Allowed are entities that are plain text, such as names of characters.

    Raises:
        SecurityError: An entity is in another file, is a parameter entity, or made of others; tells the line.
    """
    head = file.read(_HEAD)
    text = _text(head)
    start = text.find("<!DOCTYPE")
    if start >= 0 and "[" in text[start : text.find(">", start) + 1]:
        while "]" not in text[start:] and len(head) < _LONGEST and (more := file.read(_HEAD)):
            head += more
            text = _text(head)
    file.seek(0)
    if start < 0:
        return
    for found in _DECLARED.finditer(text, start):
        parameter, entity, value = found.groups()
        line = text.count("\n", 0, found.start()) + 1
        where = f"{name}, line {line}: the entity {entity!r}"
        hint = "Take the DOCTYPE out of the file if you trust the rest of it."
        if value in ("SYSTEM", "PUBLIC"):
            raise SecurityError(f"{where} is an external entity, which would read another file.", hint)
        if parameter or _REFERENCE.search(value):
            raise SecurityError(f"{where} is made of other entities, which can unpack without end.", hint)


def _text(head: bytes) -> str:
    for mark, encoding in (
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
        (b"<\0", "utf-16-le"),
        (b"\0<", "utf-16-be"),
    ):
        if head.startswith(mark):
            return head.decode(encoding, "replace")
    return head.decode("latin-1")
