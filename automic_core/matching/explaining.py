"""Why two rows are, or are not, the same: as numbers field by field, and as a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from automic_core.matching.comparing import EQUAL, MISSING

if TYPE_CHECKING:
    from automic_core.matching.engine import Matching

ORDERS = 24
"""Orders of the fields over which a field's share is averaged (Shapley's way, by sampling)."""


def explain(matching: Matching, left: int, right: int) -> dict[str, Any]:
    """A waterfall: where the log-odds start, what each field adds, where they end.

    Args:
        matching: A fitted matching.
        left: Number of one row.
        right: Number of the other.

    Returns:
        ``start`` (log-odds of any two rows), ``fields`` (``field``, ``left``, ``right``, ``level``, ``adds``),
        ``decided`` (by a person: True, False or None), ``odds``, ``probability`` and ``sentence``. The start and all
        that is added sum to the log-odds; evidence that goes together is shared out evenly between its fields.
    """
    from automic_core.matching.engine import probability

    pair = np.array([min(left, right)], np.int32), np.array([max(left, right)], np.int32)
    found = matching.comparer.compare(*pair)
    start, adds = _shares(matching, found.levels[0], found.agreed[0])
    parts = []
    for place, field in enumerate(matching.fields):
        values = [str(field.values[field.codes[row]]) if field.codes[row] >= 0 else None for row in (left, right)]
        level = matching.comparer.names[place][found.levels[0, place]]
        parts.append(
            {"field": field.name, "left": values[0], "right": values[1], "level": level, "adds": float(adds[place])}
        )
    odds = float(start + adds.sum())
    whole = _whole(matching, left, right, odds)
    decided = None
    if matching.labels is not None:
        told = float(matching.labels.forced(*pair, matching.rows)[0])
        decided = told > 0 if told else None
    chance = float(decided) if decided is not None else float(probability(np.array([whole]))[0])
    if whole != odds:
        parts.append({"field": "the texts as a whole", "left": None, "right": None, "level": "", "adds": whole - odds})
    made = {"start": float(start), "fields": parts, "decided": decided, "odds": whole, "probability": chance}
    return {**made, "sentence": sentence(made)}


def _whole(matching: Matching, left: int, right: int, odds: float) -> float:
    """The log-odds of a candidate as they are used, where ranking changed them."""
    if not matching.ranked:
        return odds
    a, b = matching.pairs
    place = np.flatnonzero((a == min(left, right)) & (b == max(left, right)))
    return float(matching.ranking[place[0]]) if len(place) else odds


def _shares(matching: Matching, levels: Any, agreed: Any) -> tuple[float, NDArray[np.float64]]:
    """Log-odds without any field, and what each field adds on average over orders in which fields become known."""
    count = len(levels)
    draw = np.random.default_rng(3)
    orders = [np.arange(count), np.arange(count)[::-1], *(draw.permutation(count) for _ in range(ORDERS - 2))]
    known = np.full((len(orders) * (count + 1), count), MISSING, np.int8)
    for number, order in enumerate(orders):
        for step in range(count):
            known[number * (count + 1) + step + 1 : (number + 1) * (count + 1), order[step]] = levels[order[step]]
    rare = np.where(known == EQUAL, agreed, 1).astype(np.float32)
    odds = matching.weights.odds_of(known, rare).reshape(len(orders), count + 1)
    adds = np.zeros(count)
    for number, order in enumerate(orders):
        adds[order] += np.diff(odds[number])
    return float(odds[0, 0]), adds / len(orders)


def percent(probability: float) -> str:
    """A probability as people read it; nearer to certain than a thousandth no figure of a model is worth telling."""
    if probability > 0.999:
        return "over 99.9%"
    return "under 0.1%" if probability < 0.001 else f"{probability:.1%}".replace(".0%", "%")


def sentence(found: dict[str, Any]) -> str:
    """The explanation in words, strongest reasons first."""
    if found["decided"] is not None:
        return f"A person decided that these are {'the same' if found['decided'] else 'different'}."
    ranked = sorted((part for part in found["fields"] if part["level"] != "missing"), key=lambda p: -abs(p["adds"]))
    reasons = {
        True: [_reason(part) for part in ranked if part["adds"] > 0.5],
        False: [_reason(part) for part in ranked if part["adds"] < -0.5],
    }
    told = [f"for it: {', '.join(reasons[True][:4])}"] if reasons[True] else []
    told += [f"against it: {', '.join(reasons[False][:4])}"] if reasons[False] else []
    missing = [part["field"] for part in found["fields"] if part["level"] == "missing"]
    told += [f"unknown: {', '.join(missing)}"] if missing else []
    return f"The same with a probability of {percent(found['probability'])}{'; ' + '; '.join(told) if told else ''}."


def _reason(part: dict[str, Any]) -> str:
    return f"{part['field']} ({part['level']})" if part["level"] else str(part["field"])
