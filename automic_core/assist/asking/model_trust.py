"""How far to trust a statement of a model: who came to the same rows.

As for the grammar (``trusting``), the weights are those of a logistic regression over questions with gold SQL;
``benchmarks/calibrating.py --model`` fits them anew and prints them. Behind those here are 31 questions to databases of
Spider's training set, asked with a small model (Qwen2.5-Coder 1.5B, 4 bit): enough for an order, rounded by hand where
a sign was seen less than five times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from automic_core.assist.asking import grammar, trusting
from automic_core.assist.asking.answers import Reading
from automic_core.assist.asking.equality import equal

WEIGHTS = {
    "always": 0.9,
    "empty": -0.8,
    "grammar": 1.6,
    "against the grammar": -0.9,
    "reading": 0.7,
    "against a reading": -0.6,
    "alone": -1.5,
    "outvoted": -1.3,
    "repaired": -0.3,
}
"""What each sign adds to the logarithm of the odds that an answer is right; ``always`` stands for no sign at all."""
SURE = grammar.LEAST_TRUST
"""A reading of the grammar with this trust would be an answer by itself."""


@dataclass(frozen=True)
class Tried:
    """A statement that ran.

    Attributes:
        sql: The statement.
        rows: Its rows.
        repairs: How often it was mended before.
    """

    sql: str
    rows: pl.DataFrame
    repairs: int


def trust(signs: Mapping[str, float]) -> float:
    """About how many of the answers with these signs are right: 0 to 1."""
    return trusting.trust(signs, WEIGHTS)


def chosen(tried: Sequence[Tried], readings: Sequence[Reading]) -> tuple[Tried, dict[str, float]]:
    """The statement whose rows most others come to, and what speaks for it and against it.

    Args:
        tried: What a model wrote, at least one statement.
        readings: What the grammar read, sure or not; it has a vote as well, and more if it is surer.
    """
    votes = [
        sum(equal(each.rows, other.rows, ordered=False) for other in tried)
        + sum(reading.trust for reading in readings if equal(each.rows, reading.frame, ordered=False))
        for each in tried
    ]
    best = tried[votes.index(max(votes))]
    return best, _signs(best, tried, readings)


def _signs(best: Tried, tried: Sequence[Tried], readings: Sequence[Reading]) -> dict[str, float]:
    same = [each for each in readings if equal(best.rows, each.frame, ordered=False)]
    sure = any(each.trust >= SURE for each in readings)
    agreed = sum(equal(best.rows, each.rows, ordered=False) for each in tried)
    empty = best.rows.height == 0 or all(value is None for row in best.rows.head(1).rows() for value in row)
    found: dict[str, float] = {
        "empty": empty,
        "grammar": any(each.trust >= SURE for each in same),
        "against the grammar": sure and not same,
        "reading": bool(same) and not sure,
        "against a reading": bool(readings) and not sure and not same,
        "alone": agreed == 1 and len(tried) > 1,
        "outvoted": agreed > 1 and agreed < len(tried),
        "repaired": best.repairs > 0,
    }
    return {name: float(value) for name, value in found.items()}
