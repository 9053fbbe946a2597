"""Error cells of an xlsx file (#N/A, #DIV/0! …), which the spreadsheet reader gives as empty."""

from __future__ import annotations

import re
import zipfile
from posixpath import join, normpath
from typing import BinaryIO

_CELL = re.compile(rb'<(?:\w+:)?c\b(?=[^>]*\br="([A-Z]+)([0-9]+)")[^>]*\bt="e"[^>]*>.*?<(?:\w+:)?v>([^<]*)<', re.DOTALL)
_SHEET = re.compile(rb"<(?:\w+:)?sheet\b[^>]*>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>")
_ATTRIBUTE = re.compile(rb'([\w:]+)="([^"]*)"')
_PIECE = 1 << 20


def of_sheet(file: BinaryIO, number: int) -> dict[tuple[int, int], str]:
    """Error texts of a sheet by row and column, from 0; nothing for other kinds of files.

    Args:
        number: Place of the sheet in the workbook, from 0.
    """
    file.seek(0)
    if not zipfile.is_zipfile(file):
        return {}
    with zipfile.ZipFile(file) as archive:
        names = set(archive.namelist())
        book, relations = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
        if not {book, relations} <= names:
            return {}
        targets = {one[b"Id"]: one[b"Target"].decode() for one in _attributes(_RELATION, archive.read(relations))}
        sheets = [one.get(b"r:id") for one in _attributes(_SHEET, archive.read(book))]
        target = targets.get(sheets[number] or b"") if number < len(sheets) else None
        path = "" if target is None else target[1:] if target.startswith("/") else normpath(join("xl", target))
        return _errors(archive, path) if path in names else {}


def _attributes(element: re.Pattern[bytes], data: bytes) -> list[dict[bytes, bytes]]:
    return [dict(_ATTRIBUTE.findall(tag)) for tag in element.findall(data)]


def _errors(archive: zipfile.ZipFile, path: str) -> dict[tuple[int, int], str]:
    found: dict[tuple[int, int], str] = {}
    rest = b""
    with archive.open(path) as stream:
        while piece := stream.read(_PIECE):
            data = rest + piece
            end = data.rfind(b"</c>") + 4 if b"</c>" in data else 0
            if b't="e"' in data:
                for letters, row, text in _CELL.findall(data, 0, end or len(data)):
                    found[int(row) - 1, _column(letters)] = text.decode()
            rest = data[end:] if end else data
    return found


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number - 1
