"""Values that belong to another column: moved there, or run together with the one that stands before it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from automic_core.cleaning.shapes import has_letters
from automic_core.cleaning.table import MISSING, Values
from automic_core.cleaning.votes import Votes, by_value

FINDER = "column"
_CLOSED = 0.05
"""Chance of a new value in the next row below which a column has a vocabulary of its own."""
_OFTEN, _RATIO, _SHARED = 5, 10, 0.1
_MOST_TEXTS = 5000


def find(table: Sequence[Values]) -> list[Votes]:
    """Moved values and values run together."""
    votes: list[Votes] = []
    for left in table:
        for right in table:
            if left is not right and len(left.texts) > 1 and len(right.texts) > 1:
                votes.extend(_run_together(left, right))
                votes.extend(_moved(left, right))
    return votes


def _moved(here: Values, home: Values) -> Iterator[Votes]:
    if home.new_value_rate > _CLOSED or here.new_value_rate > _CLOSED or len(here.texts) > _MOST_TEXTS:
        return
    shared = [place for place, text in enumerate(here.texts) if text in home.place and has_letters(text)]
    if not shared or sum(int(here.counts[p]) for p in shared) > _SHARED * here.filled:
        return
    places, reasons = [], []
    for place in shared:
        there, count = int(home.counts[home.place[here.texts[place]]]), int(here.counts[place])
        if there >= _OFTEN and there >= _RATIO * count:
            places.append(place)
            reasons.append(f"{here.name} {here.texts[place]!r} is a value of {home.name} ({there:,} rows there)")
    if places:
        yield by_value(here, FINDER, places, [0.7] * len(places), reasons, [None] * len(places))


def _run_together(whole: Values, part: Values) -> Iterator[Votes]:
    """Cells of ``whole`` that end or begin with a value of ``part`` in rows where ``part`` is empty."""
    empty = np.flatnonzero((part.codes == MISSING) & (whole.codes != MISSING))
    if not len(empty) or part.new_value_rate > 0.2 or len(part.texts) > _MOST_TEXTS:
        return
    codes = np.unique(whole.codes[empty])
    split = {int(code): both for code in codes if (both := _parts(whole.texts[int(code)], part)) is not None}
    here = np.asarray([int(code) in split for code in whole.codes[empty]])
    if here.sum() < 2:
        return
    full = np.flatnonzero((part.codes != MISSING) & (whole.codes != MISSING))[:2000]
    usual = sum(_parts(whole.texts[int(code)], part) is not None for code in whole.codes[full]) / max(len(full), 1)
    chance = min(0.97, float(here.mean()) / (float(here.mean()) + usual + 1e-9)) if here.mean() > 2 * usual else 0.0
    rows = empty[here]
    if chance < 0.5:
        return
    pairs = [split[int(code)] for code in whole.codes[rows]]
    texts = [whole.texts[int(code)] for code in whole.codes[rows]]
    sure = np.full(len(rows), chance)
    reasons = [f"{whole.name} {t!r} ends with the value of {part.name}, which is empty" for t in texts]
    yield Votes(whole.name, FINDER, rows, sure, reasons, [rest for rest, _ in pairs])
    reasons = [f"{part.name} is missing; it stands in {whole.name} {t!r}" for t in texts]
    yield Votes(part.name, FINDER, rows, sure, reasons, [value for _, value in pairs])


def _parts(text: str, part: Values) -> tuple[str, str] | None:
    """What is left, and the value of ``part`` found at either end behind a blank or a mark."""
    marks = [match.start() for match in re.finditer(r"[\s,;/|-]+", text)]
    for mark in reversed(marks):
        tail = re.sub(r"^[\s,;/|-]+", "", text[mark:])
        if tail in part.place and part.counts[part.place[tail]] >= 2 and not tail.isdigit():
            rest = text[:mark].rstrip(" ,;/|-")
            return (rest, tail) if rest else None
    return None
