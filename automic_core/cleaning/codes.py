"""Codes of digits with a wrong number of them: leading zeros a spreadsheet took away, and digits lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from automic_core.cleaning.table import Values
from automic_core.cleaning.votes import Votes, by_value

FINDER = "digits"
_FEWEST_ROWS, _ALL_DIGITS, _MOST, _LONG = 20, 0.9, 0.7, 8


def find(table: Sequence[Values]) -> list[Votes]:
    """Codes shorter or longer than the others of their column."""
    return [votes for values in table if (votes := _column(values)) is not None]


def _column(values: Values) -> Votes | None:
    lengths: Counter[int] = Counter()
    zeros = 0
    for text, count in zip(values.texts, values.counts.tolist(), strict=True):
        if text.isdigit():
            lengths[len(text)] += count
            zeros += count if text[0] == "0" and len(text) > 1 else 0
    digits = sum(lengths.values())
    if digits < max(_FEWEST_ROWS, _ALL_DIGITS * values.filled) or len(lengths) < 2:
        return None
    length, times = lengths.most_common(1)[0]
    share = times / digits
    places, chances, reasons, repairs = [], [], [], []
    for place, text in enumerate(values.texts):
        if not text.isdigit() or len(text) == length:
            continue
        lost = zeros > 0 and share >= _MOST and len(text) < length and length >= 3
        odd = length >= _LONG and share >= 0.97
        if lost or odd:
            places.append(place)
            chances.append(0.85 if lost else 0.8)
            reasons.append(f"{values.name} {text!r} has {len(text)} digits, {share:.0%} have {length}")
            repairs.append(text.zfill(length) if lost else None)
    return by_value(values, FINDER, places, chances, reasons, repairs) if places else None
