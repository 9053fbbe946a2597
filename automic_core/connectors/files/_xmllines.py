"""The lines of XML elements; libxml2 only knows where a start tag ends, and no line after the 65,534th."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO
from xml.parsers import expat

_PIECE = 1 << 16


def begin(file: BinaryIO, path: Sequence[str], ordinal: int) -> int | None:
    """The physical line (from 1) at which an element begins.

    Args:
        file: XML that has passed ``_xmlguard``.
        path: Names from the root to the element, a prefix before its name and "_".
        ordinal: Which one of those with that path that are closed, from 1.

    Returns:
        None if there is no such element before the file's end or first fault, or the encoding is not supported.
    """
    wanted, open_names = list(path), list[str]()
    line, seen, found = 0, 0, None
    parser = expat.ParserCreate()

    def start(name: str, _attributes: object) -> None:
        nonlocal line
        open_names.append(name.replace(":", "_"))
        if open_names == wanted:
            line = parser.CurrentLineNumber

    def end(_name: str) -> None:
        nonlocal seen, found
        if open_names == wanted:
            seen += 1
            found = line if seen == ordinal else found
        open_names.pop()

    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        while found is None and (piece := file.read(_PIECE)):
            parser.Parse(piece, False)
    except (expat.ExpatError, ValueError, LookupError):  # a fault, or an encoding of several bytes or no name
        pass
    return found
