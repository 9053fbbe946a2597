"""How far to trust a statement of a model: who came to the same rows, and what the statement shows of itself.

As for the grammar (``trusting``), the weights are those of a logistic regression over questions with gold SQL;
``benchmarks/calibrating.py --model`` fits them anew and prints them. Behind those here are 191 questions to databases
of Spider's training set, asked with a small model (Qwen2.5-Coder 1.5B, 4 bit); signs that did not help on databases
left out of the fit are not among them. They are few for what is seldom seen: "numbers not asked" was seen once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from automic_core.assist.asking import grammar, statement_signs, trusting
from automic_core.assist.asking.answers import Reading
from automic_core.assist.asking.equality import equal

WEIGHTS = {
    "always": 1.34,
    "against a reading": -1.16,
    "against the grammar": -0.93,
    "alone": -1.03,
    "computed": -0.69,
    "either": -0.23,
    "empty": -1.55,
    "first only": -0.63,
    "grammar": 0.49,
    "numbers not asked": -0.33,
    "texts not asked": -0.58,
    "words": -0.87,
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


def chosen(tried: Sequence[Tried], readings: Sequence[Reading], question: str) -> tuple[Tried, dict[str, float]]:
    """The statement whose rows most others come to, and what speaks for it and against it.

    Args:
        tried: What a model wrote, at least one statement.
        readings: What the grammar read, sure or not; it has a vote as well, and more if it is surer.
        question: As it was asked.
    """
    votes = [
        sum(equal(each.rows, other.rows, ordered=False) for other in tried)
        + sum(reading.trust for reading in readings if equal(each.rows, reading.frame, ordered=False))
        for each in tried
    ]
    best = tried[votes.index(max(votes))]
    return best, _agreement(best, tried, readings) | statement_signs.signs(best.sql, question)


def _agreement(best: Tried, tried: Sequence[Tried], readings: Sequence[Reading]) -> dict[str, float]:
    same = [each for each in readings if equal(best.rows, each.frame, ordered=False)]
    sure = any(each.trust >= SURE for each in readings)
    agreed = sum(equal(best.rows, each.rows, ordered=False) for each in tried)
    empty = best.rows.height == 0 or all(value is None for row in best.rows.head(1).rows() for value in row)
    found: dict[str, float] = {
        "empty": empty,
        "grammar": any(each.trust >= SURE for each in same),
        "against the grammar": sure and not same,
        "against a reading": bool(readings) and not sure and not same,
        "alone": agreed == 1 and len(tried) > 1,
    }
    return {name: float(value) for name, value in found.items()}
