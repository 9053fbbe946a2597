"""Evidence for the kind of a column, in words with figures."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from automic_core.inference.kinds.facts import ColumnFacts

_MOST = 4
_LEAST = 0.05  # of what the strongest gives


def evidence(
    facts: ColumnFacts, inputs: Sequence[str], figures: NDArray[np.float64], shares: NDArray[np.float64]
) -> tuple[str, ...]:
    """What speaks for a kind, strongest first: at most four statements.

    Args:
        facts: The column.
        inputs: Names of the model's inputs.
        figures: The column's figure for each input.
        shares: What each input adds to the score of the kind, less what it adds to that of the next likely one.
    """
    added: dict[str, float] = defaultdict(float)
    for i in map(int, np.flatnonzero(shares)):
        added[_statement(facts, inputs[i], float(figures[i]))] += float(shares[i])
    ranked = sorted(added.items(), key=lambda pair: (-pair[1], pair[0]))
    strongest = ranked[0][1] if ranked else 0.0
    return tuple(words for words, gain in ranked[:_MOST] if gain > 0 and gain >= _LEAST * strongest)


def _statement(facts: ColumnFacts, source: str, figure: float) -> str:
    """What an input says about this column; inputs that look at the same thing say the same."""
    group, _, what = source.partition(" ")
    match group:
        case "count":
            return f"{facts.rows:,} rows, {facts.nulls:,} of them empty"
        case "distinct":
            return f"{facts.distinct:,} different value{'' if facts.distinct == 1 else 's'} in {facts.rows:,} rows"
        case "number":
            return _range(facts)
        case "form":
            return _form(facts, what, figure)
        case "sign":
            return f"values hold {what}" if figure else f"values hold no {what}"
        case "length" | "words" | "letters":
            return _texts(facts)
        case "value":
            return f"the word {what!r} is among its values" if figure else "the words in its values"
    return f"the name {facts.name!r}"


def _range(facts: ColumnFacts) -> str:
    if facts.least is None or facts.most is None:
        return "not all values are numbers"
    if facts.least == facts.most:
        return f"every number is {facts.least:.15g}"
    return f"numbers from {facts.least:.15g} to {facts.most:.15g}"


def _form(facts: ColumnFacts, form: str, share: float) -> str:
    looked = len(facts.samples)
    alike = 0 if math.isnan(share) else round(share * looked)
    return f"{alike} of {looked} values looked at are {form}" if alike else f"no value looked at is {form}"


def _texts(facts: ColumnFacts) -> str:
    if not facts.samples:
        return "there is no value to look at"
    sizes = [len(text) for text in facts.samples]
    words = sum(len(text.split()) for text in facts.samples) / len(sizes)
    size = f"{min(sizes)}" if min(sizes) == max(sizes) else f"{min(sizes)} to {max(sizes)}"
    return (
        f"values of {size} character{'' if max(sizes) == 1 else 's'}, {words:.2g} word{'' if words == 1 else 's'} each"
    )
