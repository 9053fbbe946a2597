"""How a source is written, in the words of a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from automic_core.connectors.files._text import TextSource
from automic_core.contracts import SourceAdapter

_ENCODINGS = {
    "utf-8": "UTF-8",
    "cp1252": "Windows-1252 (western Europe)",
    "cp1250": "Windows-1250 (central Europe)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "iso8859-1": "ISO 8859-1",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
}
_MARKS = {
    ",": "comma",
    ";": "semicolon",
    "\t": "tab",
    "|": "bar",
    " ": "blank",
    ":": "colon",
    '"': "double quote",
    "'": "single quote",
    "\\": "backslash",
    "\0": "NUL",
    "  ": "two blanks",
}


@dataclass(frozen=True)
class Fact:
    """One thing that was found out, or set.

    Attributes:
        option: The option that changes it.
        given: Whether a person set it; else it was found out.
        detail: What it rests on; empty if there is nothing to say.
    """

    name: str
    value: str
    option: str
    given: bool = False
    detail: str = ""


def facts_of(source: SourceAdapter) -> tuple[list[Fact], list[str]]:
    """How a source is written, and its remaining remarks."""
    notes = source.notes()
    if not isinstance(source, TextSource):
        return [], notes
    found = source.facts()
    if not found:
        return [], notes
    first = found[0]
    words = {"csv": _delimited, "json": _json, "xml": _xml, "excel": _excel}.get(source.kind)
    facts = words(source, first) if words is not None else []
    if any(_comparable(each) != _comparable(first) for each in found[1:]):
        notes = ["The files are not all written the same way; shown is the first one.", *notes]
    said = ("Read as ", "Records are the elements ", "Sheet ")
    return facts, [note for note in notes if not note.startswith(said) or len(found) > 1]


def _comparable(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name not in ("confidence", "evidence", "records_seen")}


def _given(source: SourceAdapter, option: str) -> bool:
    return getattr(source, option, None) is not None


def _mark(mark: str | None) -> str:
    if not mark:
        return "none"
    word = _MARKS.get(mark)
    return f"{word} {mark}" if word and mark.strip() and mark.isprintable() else word or mark


def _encoding(source: SourceAdapter, facts: Mapping[str, Any]) -> Fact:
    name = str(facts["encoding"])
    return Fact("Encoding", _ENCODINGS.get(name, name), "encoding", _given(source, "encoding"))


def _delimited(source: SourceAdapter, facts: Mapping[str, Any]) -> list[Fact]:
    skipped = int(facts["skip_lines"])
    header = "first row names the columns" if facts["header"] else "none: columns are numbered"
    found = [
        _encoding(source, facts),
        Fact("Delimiter", _mark(facts["delimiter"]), "delimiter", _given(source, "delimiter"), str(facts["evidence"])),
        Fact("Quotes", _mark(facts["quotechar"]), "quotechar", _given(source, "quotechar")),
        Fact("Header", header, "header", _given(source, "header")),
        Fact("Skipped", _lines(skipped), "skip_lines", _given(source, "skip_lines")),
    ]
    if facts["escapechar"]:
        found.insert(3, Fact("Escape", _mark(facts["escapechar"]), "escapechar", _given(source, "escapechar")))
    return found


def _lines(number: int) -> str:
    return "no line" if not number else f"{number:,} line{'' if number == 1 else 's'} before the table"


def _json(source: SourceAdapter, facts: Mapping[str, Any]) -> list[Fact]:
    shape = {"array": "documents, or an array of rows", "lines": "one row a line"}
    path = str(facts["record_path"])
    return [
        _encoding(source, facts),
        Fact("Shape", shape.get(str(facts["format"]), str(facts["format"])), "format"),
        Fact("Rows under", path or "the top", "record_path", bool(path)),
    ]


def _xml(source: SourceAdapter, facts: Mapping[str, Any]) -> list[Fact]:
    seen = f"{int(facts['records_seen']):,} seen"
    return [Fact("Rows are", str(facts["row_path"]) or "none", "row_path", _given(source, "row_path"), seen)]


def _excel(source: SourceAdapter, facts: Mapping[str, Any]) -> list[Fact]:
    skipped = int(facts["skip_rows"])
    above = "no row" if not skipped else f"{skipped:,} row{'' if skipped == 1 else 's'} above the table"
    header = "found" if facts["header"] else "none: columns are numbered"
    return [
        Fact("Sheet", ", ".join(facts["sheet"]) or "none with data", "sheet", _given(source, "sheet")),
        Fact("Header", header, "header", _given(source, "header")),
        Fact("Skipped", above, "skip_rows", _given(source, "skip_rows")),
    ]
