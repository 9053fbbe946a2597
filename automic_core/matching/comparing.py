"""Two values of a field compared: a level for each pair, from equal down to different.

Level 0 is "one is missing", 1 is "equal"; the last level of a kind is "different". What lies between is named in
``LEVELS``, best first. Levels are small numbers so that pairs with the same pattern can be weighed together.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA, JaroWinkler

from automic_core.matching.fields import Field
from automic_core.matching.kinds import Kind

Rows = NDArray[np.int32]
Texts = NDArray[np.object_]
Levels = NDArray[np.int8]
MISSING, EQUAL = 0, 1
LAST = "\U0010ffff"
"""Sorts after every other letter."""

LEVELS: dict[Kind, list[str]] = {
    "name": ["a slip of a letter", "very alike", "short form", "alike"],
    "date": ["a slip of a digit, or day and month swapped", "two of year, month, day equal", "within a year"],
    "code": ["a slip of a digit", "two slips"],
    "phone": ["a slip of a digit", "two slips"],
    "postcode": ["a slip of a digit", "two slips"],
    "category": ["a slip of a letter"],
    "email": ["a slip of a letter, or another host", "alike"],
    "address": ["nearly equal", "alike", "a little alike"],
    "number": ["within 2 %", "within 10 %", "within 30 %"],
    "text": ["nearly equal", "very alike", "alike", "rather alike", "a little alike", "some words shared"],
}
TABLE = 1 << 24
"""Up to so many pairs of values, levels are looked up in a table."""
TEXT_BANDS = (0.9, 0.75, 0.6, 0.45, 0.3, 0.15)


def level_names(kind: Kind) -> list[str]:
    """Names of all levels of a kind, in the order of their numbers."""
    return ["missing", "equal", *LEVELS[kind], "different"]


def compare(field: Field, left: Rows, right: Rows) -> Levels:
    """The level of each pair of rows."""
    a, b = field.codes[left], field.codes[right]
    levels = np.zeros(len(a), np.int8)
    both = (a >= 0) & (b >= 0)
    equal = both & (a == b)
    levels[equal] = EQUAL
    rest = np.flatnonzero(both & ~equal)
    if not len(rest):
        return levels
    low, high = np.minimum(a[rest], b[rest]).astype(np.int64), np.maximum(a[rest], b[rest]).astype(np.int64)
    levels[rest] = _each_once(field, low, high)
    return levels


def _each_once(field: Field, low: NDArray[np.int64], high: NDArray[np.int64]) -> Levels:
    """Levels of pairs of values; where few values make many pairs, each two values are compared once."""
    compared = _COMPARERS[field.kind]
    size = len(field.values)
    keys = low * size + high
    if size * size <= TABLE:
        seen = np.zeros(size * size, bool)
        seen[keys] = True
        table, distinct = np.zeros(size * size, np.int8), np.flatnonzero(seen)
        table[distinct] = compared(field, *np.divmod(distinct, size))
        found: Levels = table[keys]
        return found
    if field.kind != "text":
        return compared(field, low, high)
    keys, inverse = np.unique(keys, return_inverse=True)
    return compared(field, *np.divmod(keys, size))[inverse]


def banded(conditions: list[NDArray[np.bool_]]) -> Levels:
    """Level 2 for the first condition that holds, 3 for the second, and so on; the last level if none does."""
    return np.select(conditions, list(range(2, len(conditions) + 2)), len(conditions) + 2).astype(np.int8)


def similarity(a: Texts, b: Texts, least: float = 0.0) -> NDArray[np.float32]:
    """Jaro-Winkler similarity, 0 to 1, element by element; 0 where it is less than ``least``."""
    return np.asarray(
        process.cpdist(a, b, scorer=JaroWinkler.similarity, score_cutoff=least, dtype=np.float32, workers=2)
    )


def edits(a: Texts, b: Texts, most: int | None = None) -> NDArray[np.int32]:
    """Letters changed, added, lost or swapped with the next (optimal string alignment), element by element.

    Where there are more than ``most``, the number is any number above it.
    """
    return np.asarray(process.cpdist(a, b, scorer=OSA.distance, score_cutoff=most, dtype=np.int32, workers=2))


def lengths(field: Field) -> NDArray[np.int32]:
    """Letters of each distinct value."""
    if "length" not in field.cache:
        field.cache["length"] = np.array([len(value) for value in field.values], np.int32)
    return np.asarray(field.cache["length"])


def _name(field: Field, low: NDArray[np.int64], high: NDArray[np.int64]) -> Levels:
    a, b, size = field.values[low], field.values[high], lengths(field)
    alike, shorter = similarity(a, b, 0.7), np.minimum(size[low], size[high])
    near = np.zeros(len(a), bool)
    maybe = np.flatnonzero((alike > 0.7) & (np.abs(size[low] - size[high]) <= 1) & (shorter >= 3))
    near[maybe] = edits(a[maybe], b[maybe], 1) <= 1
    short = _short(field, low, high)
    _words(field, low, high, near, alike, short)
    return banded([near, (alike >= 0.92) & (shorter > 2), short, alike >= 0.83])


def _words(field: Field, low: NDArray[np.int64], high: NDArray[np.int64], near: Any, alike: Any, short: Any) -> None:
    """Correct the levels of names of several words: their order says little, and one may leave words out."""
    if "sorted" not in field.cache:
        split = [value.replace(",", " ").split() for value in field.values]
        field.cache["many"] = np.array([len(words) > 1 for words in split])
        field.cache["sorted"] = np.array([" ".join(sorted(words)) for words in split], dtype=object)
    many, turned = field.cache["many"], field.cache["sorted"]
    some = np.flatnonzero((many[low] | many[high]) & ~near)
    if not len(some):
        return
    a, b = turned[low[some]], turned[high[some]]
    again = similarity(a, b, 0.7)
    alike[some] = np.maximum(alike[some], again)
    maybe = np.flatnonzero(again > 0.9)
    near[some[maybe]] = edits(a[maybe], b[maybe], 1) <= 1
    maybe = np.flatnonzero(~near[some])
    parts = process.cpdist(a[maybe], b[maybe], scorer=fuzz.token_set_ratio, score_cutoff=100, workers=2)
    short[some[maybe]] |= parts >= 100


def _short(field: Field, low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether one is the initials or the beginning of the other.

    The values are sorted, so those that begin with a text lie between two places.
    """
    if "begins" not in field.cache:
        values = field.values.tolist()
        stems = [value.rstrip(".") for value in values]
        field.cache["begins"] = np.array([bisect_left(values, stem) for stem in stems], np.int32)
        field.cache["ends"] = np.array([bisect_left(values, stem + LAST) for stem in stems], np.int32)
    size, begins, ends = lengths(field), field.cache["begins"], field.cache["ends"]
    swap = size[low] > size[high]
    less, more = np.where(swap, high, low), np.where(swap, low, high)
    return np.asarray((begins[less] <= more) & (more < ends[less]))


def _date(field: Field, low: NDArray[np.int64], high: NDArray[np.int64]) -> Levels:
    a, b = field.values[low], field.values[high]
    near = edits(a, b, 1) <= 1
    if "parts" not in field.cache:
        field.cache["parts"] = np.array([_parts(value) for value in field.values], np.int32)
    x, y = field.cache["parts"][low], field.cache["parts"][high]
    swapped = (x[:, 0] == y[:, 0]) & (x[:, 1] == y[:, 2]) & (x[:, 2] == y[:, 1])
    days = np.abs((x - y) @ np.array([365, 30, 1]))
    return banded([near | swapped, (x == y).sum(1) >= 2, days <= 400])


def _parts(value: str) -> tuple[int, int, int]:
    return (int(value[:4]), int(value[4:6]), int(value[6:8])) if len(value) == 8 else (-len(value), -1, -1)


def _code(field: Field, low: NDArray[np.int64], high: NDArray[np.int64]) -> Levels:
    slips = edits(field.values[low], field.values[high], 2)
    return banded([slips <= 1, slips <= 2])


def _category(field: Field, low: NDArray[np.int64], high: NDArray[np.int64]) -> Levels:
    size = lengths(field)
    slips = edits(field.values[low], field.values[high], 1)
    return banded([(slips <= 1) & (np.maximum(size[low], size[high]) > 2)])


def _email(field: Field, low: NDArray[np.int64], high: NDArray[np.int64]) -> Levels:
    if "local" not in field.cache:
        local = pl.Series(field.values.tolist(), dtype=pl.String).str.extract("^[^@]*", 0)
        field.cache["numbered"] = local.rank("dense").to_numpy()
        field.cache["local"] = np.array(local.to_list(), dtype=object)
    near = field.cache["numbered"][low] == field.cache["numbered"][high]
    rest = np.flatnonzero(~near)
    near[rest] = edits(field.values[low[rest]], field.values[high[rest]], 1) <= 1
    alike = np.zeros(len(low), bool)
    rest = rest[~near[rest]]
    alike[rest] = similarity(field.cache["local"][low[rest]], field.cache["local"][high[rest]], 0.9) >= 0.9
    return banded([near, alike])


def _address(field: Field, low: NDArray[np.int64], high: NDArray[np.int64]) -> Levels:
    size = lengths(field)
    alike = 1 - edits(field.values[low], field.values[high]) / np.maximum(size[low], size[high])
    return banded([alike >= 0.85, alike >= 0.7, alike >= 0.55])


def _number(field: Field, low: NDArray[np.int64], high: NDArray[np.int64]) -> Levels:
    if "number" not in field.cache:
        field.cache["number"] = np.array([_as_number(value) for value in field.values])
    x, y = field.cache["number"][low], field.cache["number"][high]
    with np.errstate(over="ignore", invalid="ignore"):
        apart = np.abs(x - y) / np.maximum(np.maximum(np.abs(x), np.abs(y)), 1e-9)
    return banded([apart <= 0.02, apart <= 0.1, apart <= 0.3])


def _as_number(value: str) -> float:
    try:
        return float(value.replace(",", "").lstrip("$€£ "))
    except ValueError:
        return float("nan")


def _text(field: Field, low: NDArray[np.int64], high: NDArray[np.int64]) -> Levels:
    from automic_core.matching.texts import cosines

    alike = cosines(field, low, high)
    return banded([alike >= band for band in TEXT_BANDS])


_COMPARERS: dict[Kind, Callable[[Field, NDArray[np.int64], NDArray[np.int64]], Levels]] = {
    "name": _name,
    "date": _date,
    "code": _code,
    "phone": _code,
    "postcode": _code,
    "category": _category,
    "email": _email,
    "address": _address,
    "number": _number,
    "text": _text,
}
