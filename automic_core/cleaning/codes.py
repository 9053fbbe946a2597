"""Codes of a fixed length that are shorter or longer: leading zeros a spreadsheet took away, "English" for "eng"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from automic_core.cleaning.missing import is_disguise
from automic_core.cleaning.table import Values
from automic_core.cleaning.votes import Votes, by_value

FINDER = "digits"
_CODES, _FEWEST_KINDS = 0.95, 4
_FEWEST_ROWS, _ALL_DIGITS, _MOST, _LONG = 20, 0.9, 0.7, 8


def find(table: Sequence[Values]) -> list[Votes]:
    """Codes shorter or longer than the others of their column."""
    return [votes for values in table for votes in (_digits(values), _letters(values)) if votes is not None]


def _digits(values: Values) -> Votes | None:
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
    short = sum(n for size, n in lengths.items() if size < length)
    places, chances, reasons, repairs = [], [], [], []
    for place, text in enumerate(values.texts):
        if not text.isdigit() or len(text) == length:
            continue
        lost = zeros > 0 and zeros >= short and share >= _MOST and len(text) < length and length >= 3
        odd = length >= _LONG and share >= 0.97
        if lost or odd:
            places.append(place)
            chances.append(0.85 if lost else 0.8)
            reasons.append(f"{values.name} {text!r} has {len(text)} digits, {share:.0%} have {length}")
            repairs.append(text.zfill(length) if lost else None)
    return by_value(values, FINDER, places, chances, reasons, repairs) if places else None


def _letters(values: Values) -> Votes | None:
    """Words among short codes of letters: languages, currencies, states."""
    lengths: Counter[int] = Counter()
    for text, count in zip(values.texts, values.counts.tolist(), strict=True):
        lengths[len(text) if text.isalpha() else 0] += count
    length, times = lengths.most_common(1)[0] if lengths else (0, 0)
    kinds = sum(len(text) == length and text.isalpha() for text in values.texts)
    share = times / max(values.filled, 1)
    if not 2 <= length <= 4 or share < _CODES or kinds < _FEWEST_KINDS or times < _FEWEST_ROWS:
        return None
    places = [p for p, text in enumerate(values.texts) if len(text) != length and not is_disguise(text)]
    reasons = [f"{values.name} {values.texts[p]!r} is no code of {length} letters, as {share:.0%} are" for p in places]
    none: list[str | None] = [None] * len(places)
    return by_value(values, FINDER, places, [0.75] * len(places), reasons, none) if places else None
