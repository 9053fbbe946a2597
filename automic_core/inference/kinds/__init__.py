"""What a column is for: a number to calculate with, a category, a date, a sentence, a list, an identifier …

The kinds are those of V. Shah et al., "Towards Benchmarking Feature Type Inference for AutoML Platforms", SIGMOD 2021.
A kind is a proposal with a calibrated confidence and evidence in words; types are decided by casts on the data alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from automic_core.inference.evidence import ColumnKind
from automic_core.inference.kinds.facts import ColumnFacts
from automic_core.inference.kinds.features import features, terms
from automic_core.inference.kinds.model import forest
from automic_core.inference.kinds.words import evidence

__all__ = ["KINDS", "propose_kinds"]

KINDS: dict[str, str] = {
    "numeric": "number to calculate with",
    "categorical": "category",
    "datetime": "date or time",
    "sentence": "text in sentences",
    "url": "web address",
    "embedded-number": "number inside text",
    "list": "list of values",
    "not-generalizable": "identifier, constant or nearly empty",
    "context-specific": "needs a person to say",
}
"""Name of each kind to what it is in words."""


_NUMERIC = "numeric"
_NO_NUMBER = "digits with leading zeros, or more of them than a number keeps, are no number to calculate with"


def propose_kinds(columns: Sequence[ColumnFacts]) -> list[ColumnKind | None]:
    """The kind of each column; None for a column without rows.

    Args:
        columns: Facts, as from `automic_core.inference.kinds.facts.table_facts`.
    """
    model = forest()
    known = [each for each in columns if each.rows]
    if not known:
        return [None] * len(columns)
    matrix = model.matrix([features(each) for each in known], [terms(each) for each in known])
    scores, shares = model.shares(matrix)
    found = []
    for facts, figures, chances, parts in zip(known, matrix, model.probabilities(scores), shares, strict=True):
        if facts.identifier:  # the figures of the model do not know how the digits are written
            chances[model.classes.index(_NUMERIC)] = 0.0
            chances /= chances.sum()
        first, second = chances.argsort()[::-1][:2]
        told = evidence(facts, model.inputs, figures, parts[first] - parts[second])
        told = (_NO_NUMBER, *told[:3]) if facts.identifier else told
        found.append(
            ColumnKind(model.classes[first], float(chances[first]), model.classes[second], float(chances[second]), told)
        )
    ready = iter(found)
    return [next(ready) if each.rows else None for each in columns]
