"""What a statement of a model shows of itself: where it goes beyond the question, and how much it does."""

from __future__ import annotations

import re

from sqlglot import exp

from automic_core.assist.asking.grounding import parsed, sources
from automic_core.assist.asking.lexicon import Lexicon
from automic_core.assist.asking.phrases import NUMBERS
from automic_core.assist.asking.words import bases, stem, tokens

_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\w)")
_SPOKEN = NUMBERS | {"both": 2, "multiple": 1}


def signs(sql: str, question: str, lexicon: Lexicon) -> dict[str, float]:
    """Signs of a statement: 1 or 0, or numbers that count.

    Args:
        sql: One SELECT that runs.
        question: What it is to answer.
        lexicon: The tables, their columns, and how they join.
    """
    tree = parsed(sql)
    if tree is None:
        return {"unread": 1.0}
    words = tokens(question)
    said = {form for word in words for form in (stem(word.text), *bases(word.text.lower()))}
    selects = list(tree.find_all(exp.Select))
    read = [sources(select, lexicon)[0] for select in selects]
    tables = {table for each in read for table in each.values()}
    texts = [each.this for each in tree.find_all(exp.Literal) if each.is_string]
    numbers = {_plain(each.this) for each in tree.find_all(exp.Literal) if not each.is_string}
    limits = {_plain(each.expression.name) for each in tree.find_all(exp.Limit)}
    asked = {_plain(each) for each in _NUMBER.findall(question)}
    spoken = {str(_SPOKEN[word.text.lower()]) for word in words if word.text.lower() in _SPOKEN}
    folded = question.casefold()
    found: dict[str, float] = {
        "tables": max(len(tables) - 1, 0),
        "tables not asked": sum(not said & set(lexicon.tables[name].words) for name in tables),
        "off the keys": sum(_off(select, own, lexicon) for select, own in zip(selects, read, strict=True)),
        "nested": len(selects) > 1,
        "sets": any(True for _ in tree.find_all(exp.SetOperation)),
        "groups": any(select.args.get("group") for select in selects),
        "bounds of groups": any(select.args.get("having") for select in selects),
        "first only": bool(limits),
        "distinct": any(select.args.get("distinct") for select in selects),
        "columns": max(len(selects[0].expressions) - 1, 0) if selects else 0,
        "texts not asked": sum(each.strip("%").casefold() not in folded for each in texts),
        "numbers not asked": len(numbers - asked - spoken - {"1", "0"}),
        "numbers not used": len({each for each in asked if not any(each in text for text in [*numbers, *texts])}),
        "either": any(True for _ in tree.find_all(exp.Or)),
        "like": any(True for _ in tree.find_all(exp.Like, exp.ILike)),
        "computed": any(True for _ in tree.find_all(exp.Sum, exp.Avg, exp.Min, exp.Max)),
        "counted": any(True for _ in tree.find_all(exp.Count)),
        "words": max(len(words) - 10, 0) / 10,
    }
    return {name: float(value) for name, value in found.items()}


def _plain(number: str) -> str:
    return number.rstrip("0").rstrip(".") if "." in number else number


def _off(select: exp.Select, tables: dict[str, str], lexicon: Lexicon) -> int:
    """How many tables are joined otherwise than along a known key."""
    keys = {
        frozenset([(j.left.table, j.left.name.lower()), (j.right.table, j.right.name.lower())]) for j in lexicon.joins
    }
    off = 0
    for join in select.args.get("joins") or []:
        on = join.args.get("on")
        pairs = [] if on is None else list(on.find_all(exp.EQ))
        ends = [
            frozenset((tables.get(side.table.lower(), ""), side.name.lower()) for side in (each.this, each.expression))
            for each in pairs
            if isinstance(each.this, exp.Column) and isinstance(each.expression, exp.Column)
        ]
        off += not any(each in keys for each in ends)
    return off
