"""Two values of a field compared: a level for each pair, from equal down to different.

Level 0 is "one is missing", 1 is "equal"; the last level of a kind is "different". What lies between is named in
``LEVELS``, best first. Levels are small numbers so that pairs with the same pattern can be weighed together.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

from automic_core.matching.fields import Field
from automic_core.matching.kinds import Kind

Rows = NDArray[np.int32]
Texts = NDArray[np.object_]
Levels = NDArray[np.int8]
MISSING, EQUAL = 0, 1

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
    low, high = np.minimum(a[rest], b[rest]), np.maximum(a[rest], b[rest])
    keys, inverse = np.unique(low.astype(np.int64) * len(field.values) + high, return_inverse=True)
    low, high = np.divmod(keys, len(field.values))
    made = _COMPARERS[field.kind](field, low, high)
    levels[rest] = made[inverse]
    return levels


def banded(conditions: list[NDArray[np.bool_]]) -> Levels:
    """Level 2 for the first condition that holds, 3 for the second, and so on; the last level if none does."""
    return np.select(conditions, list(range(2, len(conditions) + 2)), len(conditions) + 2).astype(np.int8)


def similarity(a: Texts, b: Texts) -> NDArray[np.float32]:
    """Jaro-Winkler similarity, 0 to 1, element by element."""
    return np.asarray(process.cpdist(a, b, scorer=JaroWinkler.similarity, dtype=np.float32, workers=2))


def edits(a: Texts, b: Texts) -> NDArray[np.int32]:
    """Letters changed, added, lost or swapped with the next (optimal string alignment), element by element."""
    return np.asarray(process.cpdist(a, b, scorer=OSA.distance, dtype=np.int32, workers=2))


def lengths(field: Field) -> NDArray[np.int32]:
    """Letters of each distinct value."""
    if "length" not in field.cache:
        field.cache["length"] = np.array([len(value) for value in field.values], np.int32)
    return np.asarray(field.cache["length"])


def _name(field: Field, low: NDArray[np.int64], high: NDArray[np.int64]) -> Levels:
    a, b, size = field.values[low], field.values[high], lengths(field)
    alike, shorter = similarity(a, b), np.minimum(size[low], size[high])
    near = np.zeros(len(a), bool)
    maybe = np.flatnonzero((alike > 0.7) & (np.abs(size[low] - size[high]) <= 1) & (shorter >= 3))
    near[maybe] = edits(a[maybe], b[maybe]) <= 1
    short = np.fromiter((_short(x, y) for x, y in zip(a, b, strict=True)), bool, len(a))
    return banded([near, (alike >= 0.92) & (shorter > 2), short, alike >= 0.83])


def _short(a: str, b: str) -> bool:
    """Whether one is the initials or the beginning of the other."""
    if len(a) > len(b):
        a, b = b, a
    return b.startswith(a.rstrip("."))


def _date(field: Field, low: NDArray[np.int64], high: NDArray[np.int64]) -> Levels:
    a, b = field.values[low], field.values[high]
    near = edits(a, b) <= 1
    if "parts" not in field.cache:
        field.cache["parts"] = np.array([_parts(value) for value in field.values], np.int32)
    x, y = field.cache["parts"][low], field.cache["parts"][high]
    swapped = (x[:, 0] == y[:, 0]) & (x[:, 1] == y[:, 2]) & (x[:, 2] == y[:, 1])
    days = np.abs((x - y) @ np.array([365, 30, 1]))
    return banded([near | swapped, (x == y).sum(1) >= 2, days <= 400])


def _parts(value: str) -> tuple[int, int, int]:
    return (int(value[:4]), int(value[4:6]), int(value[6:8])) if len(value) == 8 else (-len(value), -1, -1)


def _code(field: Field, low: NDArray[np.int64], high: NDArray[np.int64]) -> Levels:
    slips = edits(field.values[low], field.values[high])
    return banded([slips <= 1, slips <= 2])


def _category(field: Field, low: NDArray[np.int64], high: NDArray[np.int64]) -> Levels:
    size = lengths(field)
    slips = edits(field.values[low], field.values[high])
    return banded([(slips <= 1) & (np.maximum(size[low], size[high]) > 2)])


def _email(field: Field, low: NDArray[np.int64], high: NDArray[np.int64]) -> Levels:
    if "local" not in field.cache:
        field.cache["local"] = np.array([value.split("@")[0] for value in field.values], dtype=object)
    x, y = field.cache["local"][low], field.cache["local"][high]
    near = (x == y) | (edits(field.values[low], field.values[high]) <= 1)
    return banded([near, similarity(x, y) >= 0.9])


def _address(field: Field, low: NDArray[np.int64], high: NDArray[np.int64]) -> Levels:
    size = lengths(field)
    alike = 1 - edits(field.values[low], field.values[high]) / np.maximum(size[low], size[high])
    return banded([alike >= 0.85, alike >= 0.7, alike >= 0.55])


def _number(field: Field, low: NDArray[np.int64], high: NDArray[np.int64]) -> Levels:
    if "number" not in field.cache:
        field.cache["number"] = np.array([_as_number(value) for value in field.values])
    x, y = field.cache["number"][low], field.cache["number"][high]
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
