"""From records to physical lines: the file a batch came from, read once more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from pyiceberg.table import Table

from automic_core import registry
from automic_core.contracts import SourceAdapter
from automic_core.errors import AutomicError
from automic_core.medallion.batches import RID_BITS, read_as

MOST = 20


class Placed(Protocol):
    """What has a record's place."""

    rid: int
    record: int
    line: int | None


def locate(table: Table, places: Sequence[Placed]) -> None:
    """Fill in the lines of the first few places that have none.

    Each asks for a part of its file, so there is a limit (`MOST`). A file that is gone, or is no longer what was
    taken in, leaves the line unknown.
    """
    how = read_as(table)
    sources: dict[int, SourceAdapter | None] = {}
    for place in [place for place in places if place.line is None][:MOST]:
        batch = place.rid >> RID_BITS
        if batch not in sources:
            sources[batch] = _unchanged(*how[batch]) if batch in how else None
        source = sources[batch]
        if source is not None:
            place.line = _line(source, place.record)


def _unchanged(options: dict[str, Any], content: str) -> SourceAdapter | None:
    """The source as it was read, if its content is still the same."""
    kind = options.pop("kind")
    try:
        source: SourceAdapter = registry.build("source", kind, options)
        return source if source.content_hash() == content else None
    except AutomicError:
        return None


def _line(source: SourceAdapter, record: int) -> int | None:
    try:
        return source.locate(record)
    except AutomicError:  # the file changed between the look at its content and the reading
        return None
