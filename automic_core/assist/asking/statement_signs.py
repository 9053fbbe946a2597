"""What a statement of a model shows of itself: where it goes beyond the question, and what is easily got wrong."""

from __future__ import annotations

import re

from sqlglot import exp

from automic_core.assist.asking.grounding import parsed
from automic_core.assist.asking.phrases import NUMBERS
from automic_core.assist.asking.words import tokens

_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?!\w)")
_SPOKEN = NUMBERS | {"both": 2, "multiple": 1}
_SILENT = frozenset({"0", "1"})
"""Numbers that statements hold for reasons of their own."""
_LONG = 10


def signs(sql: str, question: str) -> dict[str, float]:
    """Signs of a statement: 1 or 0, or numbers that count.

    Args:
        sql: One SELECT that runs.
        question: What it is to answer.
    """
    tree = parsed(sql) or exp.Select()
    words = tokens(question)
    literals = list(tree.find_all(exp.Literal))
    numbers = {_plain(each.this) for each in literals if not each.is_string}
    asked = {_plain(each) for each in _NUMBER.findall(question)}
    spoken = {str(_SPOKEN[word.text.lower()]) for word in words if word.text.lower() in _SPOKEN}
    folded = question.casefold()
    found: dict[str, float] = {
        "first only": tree.find(exp.Limit) is not None,
        "texts not asked": sum(each.this.strip("%").casefold() not in folded for each in literals if each.is_string),
        "numbers not asked": len(numbers - asked - spoken - _SILENT),
        "either": tree.find(exp.Or) is not None,
        "computed": tree.find(exp.Sum, exp.Avg, exp.Min, exp.Max) is not None,
        "words": max(len(words) - _LONG, 0) / _LONG,
    }
    return {name: float(value) for name, value in found.items()}


def _plain(number: str) -> str:
    return number.rstrip("0").rstrip(".") if "." in number else number
