"""What a column holds, told by its values: this decides how two values of it are compared and blocked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["name", "date", "number", "address", "phone", "email", "postcode", "category", "text", "code"]

PLACE: frozenset[Kind] = frozenset({"address", "postcode"})
"""Kinds that tell where something is; what lives together shares them."""

OWN: frozenset[Kind] = frozenset({"date", "code", "phone", "email"})
"""Kinds that hang on the thing itself: among different things they are taken as independent of all else."""

EXACT: frozenset[Kind] = frozenset({"date", "number", "phone", "postcode"})
"""Kinds whose values are no words: alone in a table, the others are compared as texts."""

_DATE = re.compile(
    r"(?:1[6-9]|20|21)\d\d[-/.]?(?:0?[1-9]|1[0-2])[-/.]?(?:0?[1-9]|[12]\d|3[01])(?:[t ].*)?"
    r"|\d{1,2}[-/.]\d{1,2}[-/.](?:\d\d|\d{4})"
)
_NUMBER = re.compile(r"[-+]?[$€£]?\s?\d{1,3}(?:,\d{3})*(?:\.\d+)?|[-+]?[$€£]?\d*\.?\d+(?:e[-+]?\d+)?")
_DIGITS = re.compile(r"\d+")
_PHONE = re.compile(r"\+?[\d\s()./-]{7,20}(?:x\d+)?")
_LEAD = re.compile(
    r"(?:(?!(?:18|19|20)\d\d\b)\d+\w?\b|p\.?o\.? box).*[^\W\d_]{2}|.*[^\W\d_]{2}.*\s(?!(?:18|19|20)\d\d\b)\d+\w?$"
)
_STREET = frozenset(
    """street st road rd avenue ave av lane ln drive dr court ct place pl crescent cres circuit cct close terrace tce
    way boulevard blvd parade square sq highway hwy row mews grove gardens rue strasse str weg via calle""".split()  # noqa: SIM905
)
MOST_SAMPLED = 4000


def kind_of(values: list[str], counts: Sequence[int] | NDArray[np.int64], is_float: bool = False) -> Kind:
    """The kind of a column by its distinct cleaned values and how often each occurs.

    Args:
        values: Distinct values, lower case, blanks folded.
        counts: How often each occurs.
        is_float: Whether the column's type is a fractional number.
    """
    sample = _by_rows(values, counts)
    if is_float or not sample:
        return "number"
    share = len(sample) / 100

    def percent(pattern: re.Pattern[str]) -> float:
        return sum(1 for value in sample if pattern.fullmatch(value)) / share

    # Nested data has signs of its own: {"@code": "eur"} is an attribute of XML, no address.
    if sum("@" in value and not value.startswith(("{", "[")) for value in sample) / share > 60:
        return "email"
    if percent(_DATE) > 80:
        return "date"
    rows, distinct = int(np.sum(counts)), len(values)
    if percent(_DIGITS) > 80:
        return _digits_kind(sample, rows, distinct)
    if percent(_NUMBER) > 80:
        return "number"
    if percent(_PHONE) > 70:
        return "phone"
    return _words_kind(sample, rows, distinct)


def _by_rows(values: list[str], counts: Sequence[int] | NDArray[np.int64]) -> list[str]:
    """Values at even steps through the rows, so that a frequent value speaks for its rows."""
    ends = np.cumsum(counts)
    if not len(ends):
        return []
    places = np.linspace(0, ends[-1] - 1, min(MOST_SAMPLED, int(ends[-1]))).astype(np.int64)
    return [values[number] for number in np.searchsorted(ends, places, side="right")]


def _digits_kind(sample: list[str], rows: int, distinct: int) -> Kind:
    lengths = sorted(map(len, sample))
    middle = lengths[len(lengths) // 2]
    same_length = sum(middle - 1 <= length <= middle for length in lengths) > 0.85 * len(lengths)
    if same_length and middle >= 9:
        return "phone"
    if same_length and 4 <= middle <= 6 and distinct < 0.9 * rows:
        years = sum(value[:2] in {"18", "19", "20"} for value in sample)
        return "number" if middle == 4 and years > 0.95 * len(sample) else "postcode"
    return "code" if same_length and middle >= 5 else "number"


def _words_kind(sample: list[str], rows: int, distinct: int) -> Kind:
    split = [value.split() for value in sample]
    words = sum(map(len, split)) / len(split)
    length = sum(map(len, sample)) / len(sample)
    digits = sum(any(c.isdigit() for c in value) for value in sample) / len(sample)
    streets = sum(bool(_STREET & {w.strip(".,") for w in parts}) for parts in split) / len(split)
    led = sum(bool(_LEAD.fullmatch(value)) for value in sample) / len(sample)
    if words < 7 and (streets > 0.4 or (led > 0.6 and words >= 2 and digits > 0.6)):
        return "address"
    if digits > 0.6 and words < 1.5:
        return "code"
    if distinct <= 60 and rows > 20 * distinct:
        return "category"
    return "text" if words > 2.6 or length > 24 else "name"
