"""Picking one record by its ordinal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from automic_core.errors import SourceError

T = TypeVar("T")


def pick(records: Iterable[T], ordinal: int, name: str) -> T:
    """The record with an ordinal (from 1); later ones are not asked for.

    Raises:
        SourceError: There is none; says how many there are.
    """
    count = 0
    for count, record in enumerate(records, 1):
        if count == ordinal:
            return record
    raise missing(ordinal, count, name)


def missing(ordinal: int, count: int, name: str) -> SourceError:
    """What to raise where there is no record with an ordinal."""
    number = "one record" if count == 1 else f"{count} records"
    hint = f"Ask for one from 1 to {count}." if count else "The file may have been emptied since it was read."
    return SourceError(f"{name} has {number}, so there is no record {ordinal}.", hint)
