"""How far to trust a reading: what it assumed, weighed by how often such readings were right.

The weights are those of a logistic regression over questions with gold SQL; ``benchmarks/calibrating.py`` fits them
anew and prints them. They were fitted on 91 of Spider's training databases, on none that results are reported on.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

import polars as pl

from automic_core.assist.asking.lexicon import Lexicon
from automic_core.assist.asking.query import Mention, Query
from automic_core.assist.asking.words import name_words, stem, tokens

WEIGHTS = {
    "always": 2.96,
    "asked elsewhere": -0.63,
    "columns asked": 0.24,
    "commas": -0.45,
    "computed": 0.11,
    "counted": 0.22,
    "counted order": 0.27,
    "distinct": 0.13,
    "ends of names": -0.12,
    "first only": 0.3,
    "grouped": -0.06,
    "kin": -0.76,
    "more tables": -0.17,
    "no rows": -0.97,
    "no table named": -0.36,
    "nothing asked": -0.09,
    "open columns": -0.35,
    "open values": -0.12,
    "pronouns": -0.36,
    "readings": -0.5,
    "related": -0.09,
    "repeated": -0.8,
    "repeated, all": -0.39,
    "tables not named": -0.24,
    "values alone": 0.16,
    "verbs": -0.25,
}
"""What each sign adds to the logarithm of the odds that an answer is right; ``always`` stands for no sign at all."""
_TABLE = re.compile(r'(?:FROM|JOIN) ((?:"[^"]+"|\w+)\.(?:"[^"]+"|\w+))')


def trust(signs: Mapping[str, float]) -> float:
    """About how many of the answers with these signs are right: 0 to 1."""
    odds = WEIGHTS["always"] + sum(WEIGHTS[name] * value for name, value in signs.items())
    return 1 / (1 + math.exp(-odds))


def signs(
    question: str, query: Query, lexicon: Lexicon, statements: Sequence[str], answer: pl.DataFrame
) -> dict[str, float]:
    """What was assumed to come to an answer; a sign is 1 or 0, or a number that counts.

    Args:
        question: As it was asked.
        query: How it was read, settled.
        lexicon: What it was read with.
        statements: All that it may mean, the one that is answered first.
        answer: Its rows.
    """
    sql = statements[0]
    words = tokens(question)
    tables = set(_TABLE.findall(sql))
    asked = [item.mention for item in query.items if item.mention]
    told = [each.mention for each in query.conditions]
    sorted_by = [each.mention for each in query.orders if each.mention]
    mentions = [*asked, *told, *sorted_by, *query.groups]
    named = {stem(word.text) for word in words}
    entity = query.entity or (query.named[0] if query.named else None)
    listed = not query.distinct and "GROUP BY" not in sql and answer.height > 1
    found: dict[str, float] = {
        "readings": len(statements) > 1,
        "repeated": bool(listed and answer.is_duplicated().any()),
        "repeated, all": bool(listed and answer.is_duplicated().any() and {"all", "different"} & named),
        "distinct": query.distinct,
        "no rows": answer.height == 0,
        "more tables": max(len(tables) - 2, 0),
        "tables not named": sum(not _said(lexicon, table, named) for table in tables),
        "asked elsewhere": any(each.column.table != entity for each in asked),
        "no table named": not query.named,
        "nothing asked": not query.items,
        "columns asked": max(len(query.items) - 1, 0),
        "open columns": sum(each.choices > 1 and not each.value for each in mentions),
        "ends of names": sum(not _begun(each) for each in mentions if not each.value),
        "values alone": sum(each.value for each in told),
        "open values": sum(each.value and each.choices > 1 for each in told),
        "kin": query.kin,
        "first only": query.limit is not None,
        "counted order": any(each.of for each in query.orders),
        "counted": any(item.aggregate == "count" for item in query.items),
        "computed": any(item.aggregate not in (None, "count") for item in query.items),
        "grouped": "GROUP BY" in sql,
        "related": bool(query.related),
        "verbs": len(query.passed),
        "pronouns": bool({"their", "its", "it", "they", "them"} & named),
        "commas": question.count(","),
    }
    return {name: float(value) for name, value in found.items()}


def _begun(mention: Mention) -> bool:
    """Whether the beginning of a column's name was said, or what its table is called."""
    said = {stem(word) for word in mention.text.split()}
    return not mention.text or mention.column.words[0] in {*said, *name_words(mention.column.table.rpartition(".")[2])}


def _said(lexicon: Lexicon, table: str, words: set[str]) -> bool:
    found = lexicon.tables.get(table.replace('"', ""))
    return found is not None and set(found.words) <= words
