"""How far to trust a reading: what it assumed, weighed by how often such readings were right.

The weights are those of a logistic regression over questions with gold SQL; ``benchmarks/calibrating.py`` fits them
anew and prints them. They were fitted on 95 of Spider's training databases, on none that results are reported on.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

import polars as pl

from automic_core.assist.asking.lexicon import Lexicon
from automic_core.assist.asking.phrases import SILENT
from automic_core.assist.asking.query import Mention, Query
from automic_core.assist.asking.words import Token, bases, name_words, stem, tokens

WEIGHTS = {
    "always": 3.57,
    "asked elsewhere": -0.42,
    "bounds": 0.20,
    "columns asked": 0.17,
    "commas": -0.35,
    "computed": 0.29,
    "computed in groups": -0.42,
    "counted": 0.47,
    "counted order": -0.17,
    "distinct": 0.14,
    "either": -0.46,
    "ends of names": -0.33,
    "everything": -0.95,
    "first only": 0.80,
    "kin": -1.37,
    "links asked": -0.27,
    "more tables": -0.32,
    "namesakes": 0.42,
    "negated": -0.06,
    "no rows": -1.16,
    "no table named": -0.31,
    "nulls": -0.28,
    "one column, repeated": -0.97,
    "one of many": 0.56,
    "open clause": -0.48,
    "open columns": -0.16,
    "order may tie": -0.30,
    "pronouns": -0.71,
    "readings": -0.63,
    "recased": -0.15,
    "related": -0.31,
    "repeated": -1.14,
    "repeated, all": -0.28,
    "silent names": -0.65,
    "tables not named": -0.65,
    "values alone": 0.31,
    "verbs": -0.22,
    "verbs named": -0.09,
    "words": -0.39,
}
"""What each sign adds to the logarithm of the odds that an answer is right; ``always`` stands for no sign at all."""
_TABLE = re.compile(r'(?:FROM|JOIN) ((?:"[^"]+"|\w+)\.(?:"[^"]+"|\w+))')


def trust(signs: Mapping[str, float], weights: Mapping[str, float] = WEIGHTS) -> float:
    """About how many of the answers with these signs are right: 0 to 1."""
    odds = weights["always"] + sum(weights[name] * value for name, value in signs.items())
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
        "columns asked": max(len(query.items) - 1, 0),
        "open columns": sum(each.choices > 1 and not each.value for each in mentions),
        "ends of names": sum(not _begun(each) for each in mentions if not each.value),
        "values alone": sum(each.value for each in told),
        "kin": query.kin,
        "first only": query.limit is not None,
        "counted order": any(each.of for each in query.orders),
        "counted": any(item.aggregate == "count" for item in query.items),
        "computed": any(item.aggregate not in (None, "count") for item in query.items),
        "related": bool(query.related),
        "verbs": len(query.passed),
        "pronouns": bool({"their", "its", "it", "they", "them"} & named),
        "commas": question.count(","),
        "recased": sum(each.mention.value and each.mention.text not in each.values for each in query.conditions),
        "verbs named": sum(_named(lexicon, word) for word in query.passed),
        "open clause": bool(_CLAUSES & {each.text.lower() for each in words[2:]})
        and not (query.conditions or query.related or query.orders),
        "links asked": any(_links(lexicon, name) for name in {*(item.of for item in query.items), entity} if name),
        "nulls": any(count for count in answer.null_count().row(0)) if answer.width else False,
        "silent names": sum(_silent_name(lexicon, word) for word in words[1:]),
        "negated": any(c.negated for c in query.conditions) or any(r.negated for r in query.related),
        "either": query.either,
        "words": max(len(words) - 10, 0) / 10,
        "computed in groups": "GROUP BY" in sql and any(i.aggregate not in (None, "count") for i in query.items),
        "one of many": not query.limit and answer.height == 1 and not any(item.aggregate for item in query.items),
        "bounds": any(each.aggregate for each in query.conditions),
        "everything": query.everything,
        "namesakes": query.namesakes > 0,
        "order may tie": any(each.mention is None or not each.mention.column.unique for each in query.orders)
        and not query.limit,
        "one column, repeated": bool(listed and answer.width == 1 and answer.is_duplicated().any()),
    }
    return {name: float(value) for name, value in found.items()}


_CLAUSES = {"that", "who", "whose", "which", "where", "with", "having"}


def _named(lexicon: Lexicon, word: str) -> bool:
    """Whether a word that was passed over is one that something is called by."""
    forms = {word.lower(), stem(word), *bases(word.lower())}
    names = [table.words for table in lexicon.tables.values()] + [column.words for column in lexicon.columns()]
    return any(forms & set(name) for name in names)


def _links(lexicon: Lexicon, name: str) -> bool:
    """Whether a table only says which rows of others belong together."""
    table = lexicon.tables.get(name)
    if table is None:
        return False
    keys = {join.left.name for join in lexicon.joins if join.left.table == name}
    return len(keys) > 1 and all(each.name in keys or each.identifies for each in table.columns.values())


def _silent_name(lexicon: Lexicon, word: Token) -> bool:
    return not word.mark and len(word.stem) > 3 and word.stem in SILENT and _named(lexicon, word.text)


def _begun(mention: Mention) -> bool:
    """Whether the beginning of a column's name was said, or what its table is called."""
    said = {stem(word) for word in mention.text.split()}
    return not mention.text or mention.column.words[0] in {*said, *name_words(mention.column.table.rpartition(".")[2])}


def _said(lexicon: Lexicon, table: str, words: set[str]) -> bool:
    found = lexicon.tables.get(table.replace('"', ""))
    return found is not None and set(found.words) <= words
