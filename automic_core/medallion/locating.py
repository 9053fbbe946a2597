"""From records to physical lines: the file a batch came from, read once more."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import lru_cache
from itertools import islice
from typing import Any, Protocol

from pyiceberg.table import Table

from automic_core import registry, storage
from automic_core.contracts import SourceAdapter
from automic_core.errors import AutomicError, SourceError, translate
from automic_core.medallion.batches import RID_BITS, read_as

MOST, QUOTED = 20, 5
_LINES, _CHARACTERS = 20, 4_000


class Placed(Protocol):
    """What has a record's place."""

    rid: int
    record: int
    line: int | None
    text: str


def locate(table: Table, places: Sequence[Placed], most: int = MOST, largest: int | None = None) -> list[str]:
    """Fill in the lines of the first few places that have none, and the text of the first of them.

    Each asks for a part of its file, so there is a limit. A file that is gone, or is no longer what was taken in,
    leaves both unknown; so does one that is no text with the text.

    Args:
        table: The bronze table.
        places: Its records.
        most: How many of them to look for; texts are given of at most `QUOTED`.
        largest: Files with more bytes are not read; None = any is.

    Returns:
        The sources that are too large.
    """
    how = read_as(table)
    sources: dict[int, SourceAdapter | None] = {}
    left: list[str] = []
    for number, place in enumerate(places[:most]):
        batch = place.rid >> RID_BITS
        if batch not in sources:
            sources[batch] = _unchanged(*how[batch], largest, left) if batch in how else None
        source = sources[batch]
        if source is not None:
            place.line = place.line if place.line is not None else _line(source, place.record)
            place.text = _quoted(source, place) if number < QUOTED else ""
    return left


def _quoted(source: SourceAdapter, place: Placed) -> str:
    """A record as it stands in its file; it ends where the next one begins."""
    facts: list[Mapping[str, Any]] = getattr(source, "facts", list)()
    locations: list[storage.Location] = getattr(source, "locations", [])
    if len(locations) != 1 or not facts or "encoding" not in facts[0] or place.line is None:
        return ""
    after = _line(source, place.record + 1)
    last = after if after is not None and after > place.line else place.line + 1
    try:
        with translate(SourceError, f"reading {locations[0]}", catch=(OSError, UnicodeError, LookupError)):
            stream = storage.open_binary(locations[0])
            with closing(stream), io.TextIOWrapper(stream, facts[0]["encoding"], "replace") as lines:
                chosen = islice(lines, place.line - 1, min(last - 1, place.line - 1 + _LINES))
                text = "".join(line[:_CHARACTERS] for line in chosen)
    except AutomicError:  # the file changed between the look at its content and the reading
        return ""
    return text.rstrip("\r\n")[:_CHARACTERS].removeprefix("\ufeff")


def _unchanged(options: dict[str, Any], content: str, largest: int | None, left: list[str]) -> SourceAdapter | None:
    """The source as it was read, if its content is still the same and not too large."""
    try:
        source = _source(json.dumps(options, sort_keys=True), content)
        if largest is not None and sum(storage.size(each) for each in getattr(source, "locations", [])) > largest:
            left.append(source.identity)
            return None
        return source if source.content_hash() == content else None
    except AutomicError:
        return None


@lru_cache(maxsize=16)
def _source(text: str, content: str) -> SourceAdapter:
    """A source; kept, since some read their whole file to learn its columns. The caller checks its content."""
    options = json.loads(text)
    source: SourceAdapter = registry.build("source", options.pop("kind"), options)
    return source


def _line(source: SourceAdapter, record: int) -> int | None:
    try:
        return source.locate(record)
    except AutomicError:  # the file changed between the look at its content and the reading
        return None
