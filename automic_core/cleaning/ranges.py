"""Numbers far outside all others of their column."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from automic_core.cleaning.shapes import is_number
from automic_core.cleaning.table import Numbers, Shares, Values
from automic_core.cleaning.votes import Votes, by_value

FINDER = "range"
_FEWEST_ROWS, _FEWEST_VALUES, _NEARLY_ALL = 50, 10, 0.9
_FAR, _GAP, _RARE = 8.0, 2.0, 0.01


def find(table: Sequence[Values]) -> list[Votes]:
    """Values beyond a gap, and beyond what the spread of the column explains, on a log scale too if lopsided."""
    return [votes for values in table if (votes := _column(values)) is not None]


def _column(values: Values) -> Votes | None:
    places = np.asarray([p for p, text in enumerate(values.texts) if is_number(text)], dtype=np.int64)
    counts = values.counts[places]
    if counts.sum() < max(_FEWEST_ROWS, _NEARLY_ALL * values.filled) or len(places) < _FEWEST_VALUES:
        return None
    numbers = np.asarray([float(values.texts[p]) for p in places])
    far = _beyond(numbers, counts)
    if (numbers > 0).mean() > 0.99:
        logs = np.log(numbers, where=numbers > 0, out=np.full(len(numbers), np.nan))
        if abs(_skew(logs, counts)) < abs(_skew(numbers, counts)):
            far &= ~(numbers > 0) | _beyond(logs, counts, gap=1.3)
    if not far.any() or counts[far].sum() > _RARE * counts.sum():
        return None
    low, high = numbers[~far].min(), numbers[~far].max()
    found = places[far].tolist()
    reasons = [
        f"{values.name} {values.texts[p]} is far outside {low:g} to {high:g}, where all others lie" for p in found
    ]
    return by_value(values, FINDER, found, [0.75] * len(found), reasons, [None] * len(found))


def _beyond(numbers: Shares, counts: Numbers, gap: float = _GAP) -> np.ndarray:
    """Whether each number lies beyond a gap and many spreads from the median."""
    known = ~np.isnan(numbers)
    low, middle, high = _quartiles(numbers, counts)
    spread = max((high - low) / 1.349, 1e-12 * max(abs(middle), 1))
    found = np.zeros(len(numbers), dtype=bool)
    for side in (1, -1):
        away = side * (numbers - middle) / spread
        inner = np.sort(away[known])
        steps = np.flatnonzero((inner[1:] > _FAR) & (inner[1:] > gap * np.maximum(inner[:-1], 1)))
        if len(steps):
            found |= known & (away >= inner[steps[0] + 1])
    return found


def _quartiles(numbers: Shares, counts: Numbers) -> tuple[float, float, float]:
    known = ~np.isnan(numbers)
    order = np.argsort(numbers[known])
    ordered, weight = numbers[known][order], counts[known][order]
    share = (np.cumsum(weight) - weight / 2) / weight.sum()
    low, middle, high = np.interp([0.25, 0.5, 0.75], share, ordered).tolist()
    return low, middle, high


def _skew(numbers: Shares, counts: Numbers) -> float:
    """How lopsided the middle half lies, -1 to 1 (Bowley 1901): where it is even, spreads mean the same."""
    low, middle, high = _quartiles(numbers, counts)
    return (low + high - 2 * middle) / (high - low) if high > low else 0.0
