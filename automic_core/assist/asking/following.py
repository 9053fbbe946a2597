"""A question that goes on from the one before: "and in 2023?", "only for Germany", "by month instead"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

from automic_core.assist.asking.lexicon import Lexicon
from automic_core.assist.asking.query import Aggregate, Condition, Item, Mention, Order, Query
from automic_core.assist.asking.reading import read
from automic_core.assist.asking.verified import Approved, aligned, match, spoken
from automic_core.assist.asking.words import Token, folded, tokens

_CUE = re.compile(
    r"^(and|but|what about|how about|only|just|now|or|then|also|the same|same|by|per|for|in|from|with|without|except|"
    r"top|sorted?|ordered|order)\b",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"^(and|but|or|then|also|now|only|just|what about|how about|(the )?same( again)?|show( me)?|give me)\b[ ,]*",
    re.IGNORECASE,
)
_END = re.compile(r"[ ,]*\b(instead|please|too|as well|then|only)$", re.IGNORECASE)
_WHOLE = re.compile(r"^(how many|how much|which|what (is|are|was|were)|who|list|show|give|count)\b", re.IGNORECASE)
_GROUPED = re.compile(r"^(by|per|split by|grouped by|broken down by|for each|for every)\b", re.IGNORECASE)
_PREPOSITION = re.compile(r"^(for|in|from|with|of)\b +", re.IGNORECASE)
_FIRST = re.compile(r"^(?:the )?(?:top|first) (\d{1,3})$", re.IGNORECASE)
_MORE, _LESS = ("TOP", "MOST", "MAX"), ("BOTTOM", "LEAST", "MIN")
_AGGREGATE: dict[str, Aggregate] = {"AVG": "avg", "SUM": "sum", "MIN": "min", "MAX": "max"}
_EMPTY = ("the", "a", "one", "ones", "of", "it", "them", "value", "and")


@dataclass(frozen=True)
class Followed:
    """A question read together with those before it.

    Attributes:
        query: The whole question; None if it cannot be read so.
        problem: Why not.
        words: Words that were not understood.
    """

    query: Query | None
    problem: str = ""
    words: tuple[str, ...] = ()


def follow(question: str, after: Sequence[str], lexicon: Lexicon) -> Followed | None:
    """Read a question as going on from the ones before; None if it stands for itself.

    Args:
        question: Plain English.
        after: The questions before it, oldest first.
        lexicon: What the lake speaks of.
    """
    if not after or not question.strip():
        return None
    bare = question.strip(" ?.!")
    part = _ASIDE.sub("", bare)
    cued = _CUE.match(bare) is not None or _END.search(bare) is not None
    if (not cued or _WHOLE.match(part)) and _complete(part, lexicon):
        return None
    base = _before(after, lexicon)
    if base is None:
        told = "It seems to go on from the question before, which the grammar cannot read itself. Ask it in full."
        return Followed(None, told) if _ASIDE.match(bare) or _END.search(bare) else None
    found = _merged(base, bare, lexicon)
    return found if found.query is not None or cued else None


def with_value(question: str, after: Sequence[str], approved: Sequence[Approved], lexicon: Lexicon) -> str | None:
    """The question before with another value in a slot, if it was a verified one and this names such a value."""
    if not after:
        return None
    before = with_value(after[-1], after[:-1], approved, lexicon) or after[-1]
    found = match(before, approved, lexicon)
    if found is None:
        return None
    said = " ".join(spoken(_PREPOSITION.sub("", _part(question))))
    words = spoken(before)
    spans = aligned(found.approved, words) or ()
    fitting = []
    for slot, span in zip(found.approved.slots, spans, strict=True):
        own = (slot.table, slot.column)
        held = any((column.table, column.name) == own for column, _ in lexicon.values.get(folded(said), ()))
        if held or (slot.kind == "number" and said.replace(".", "", 1).isdigit()):
            fitting.append(span)
    if len(fitting) != 1:
        return None
    [(start, end)] = fitting
    return " ".join([*words[:start], said, *words[end:]])


def _part(question: str) -> str:
    """A question without what only says that it goes on."""
    bare = question.strip(" ?.!")
    before = ""
    while bare != before:
        before, bare = bare, _END.sub("", _ASIDE.sub("", bare)).strip()
    return bare


def _complete(question: str, lexicon: Lexicon) -> bool:
    query = read(question, lexicon)
    return not query.unexplained and bool(query.items or (query.entity and (query.conditions or query.orders)))


def _before(after: Sequence[str], lexicon: Lexicon) -> Query | None:
    """The question that the conversation has come to."""
    query: Query | None = None
    for number, each in enumerate(after):
        followed = follow(each, after[:number][-1:], lexicon) if query is None else None
        bare = each.strip(" ?.!")
        goes_on = query is not None and not (
            (_CUE.match(bare) is None or _WHOLE.match(_ASIDE.sub("", bare)))
            and _complete(_ASIDE.sub("", bare), lexicon)
        )
        if goes_on and query is not None:
            query = _merged(query, bare, lexicon).query or query
        elif followed is None:
            own = read(each, lexicon)
            query = own if not own.unexplained else query
    return query


def _merged(base: Query, question: str, lexicon: Lexicon) -> Followed:
    """The question before, changed by what this one says."""
    query, part = deepcopy(base), _part(question)
    words = [each for each in tokens(part) if each.mark or each.text.lower() not in _EMPTY]
    alone = _alone(query, part, words)
    if alone is not None:
        return Followed(query) if alone else Followed(None, "The question before has nothing that this could change.")
    if _valued(query, part, lexicon):
        return Followed(query)
    grouped = _GROUPED.match(part)
    more = read(_GROUPED.sub("for each", part), lexicon)
    if more.unexplained:
        named = tuple(dict.fromkeys(more.unexplained))
        told = ", ".join(f"“{word}”" for word in named)
        return Followed(None, f"Not understood, as going on from the question before: {told}.", named)
    if not _changed(query, more, regroup=grouped is not None):
        return Followed(None, "It is not clear what it changes in the question before. Ask it in full.")
    return Followed(query)


def _valued(query: Query, part: str, lexicon: Lexicon) -> bool:
    """Restrict to a value that is all that was said; as a word of English alone the grammar might not take it so."""
    found = lexicon.values.get(folded(_PREPOSITION.sub("", part)), ())
    if not found:
        return False
    columns = list(dict.fromkeys(column for column, _ in found))
    texts = list(dict.fromkeys(text for _, text in found))
    _restrict(query, Condition(Mention(columns, part, value=True), "in" if len(texts) > 1 else "=", list(texts)))
    return True


def _alone(query: Query, part: str, words: Sequence[Token]) -> bool | None:
    """Change what one word says: "the lowest", "the average", "top 5", "how many"; None if it is more than that."""
    if (first := _FIRST.match(part)) is not None:
        return _limited(query, int(first[1]))
    if len(words) != 1 or not words[0].mark:
        return None
    mark = words[0].mark
    if mark in (*_MORE, *_LESS) and query.orders:
        query.orders[-1].descending = mark in _MORE
        return True
    if mark in ("TOP", "BOTTOM"):
        mark = "MAX" if mark == "TOP" else "MIN"
    if mark in _AGGREGATE:
        changed = [item for item in query.items if item.aggregate and item.mention and item.aggregate != "count"]
        for item in changed:
            item.aggregate = _AGGREGATE[mark]
        return bool(changed)
    if mark == "COUNT" and query.entity:
        query.items, query.orders, query.limit = [Item(None, "count", of=query.entity)], [], None
        return True
    return None


def _limited(query: Query, rows: int) -> bool:
    if not query.orders:
        summed = [item for item in query.items if item.aggregate or item.measured]
        if len(summed) != 1 or not (query.groups or query.group_tables or len(query.items) > 1):
            return False
        [item] = summed
        if item.mention is not None and not item.measured:
            return False  # an order by an aggregate of a column is not written yet
        query.orders.append(Order(item.mention, True, item.of))
    query.limit = rows
    return True


def _changed(query: Query, more: Query, *, regroup: bool) -> bool:
    """Put what a part of a question says into the question before; whether it says anything."""
    said = False
    for condition in more.conditions:
        _restrict(query, condition)
        said = True
    mentions = [item.mention for item in more.items if item.mention and not item.aggregate and not item.measured]
    groups = [*more.groups, *(mentions if regroup else ())]
    group_tables = more.group_tables or ([more.entity] if regroup and more.entity and not groups else [])
    if groups or group_tables:
        _regroup(query, groups, group_tables)
        said = True
    asked = [item for item in more.items if not (regroup and item.mention in mentions)]
    if any(item.aggregate or item.measured for item in asked):
        kept = [item for item in query.items if not item.aggregate and not item.measured]
        query.items, said = [*asked, *kept], True
    elif asked:
        if any(item.aggregate or item.measured for item in query.items):
            return False  # the column of a row beside a sum over rows
        query.items += asked
        said = True
    if more.orders:
        query.orders, query.limit, said = more.orders, more.limit, True
    for related in more.related:
        query.related.append(related)
        said = True
    if not said and more.entity is not None and more.entity != query.entity:
        said = _about(query, more.entity)
    query.either = query.either or more.either
    return said


def _restrict(query: Query, condition: Condition) -> None:
    """Add a condition; one on the same column is replaced."""
    mine = set(condition.mention.columns)
    for place, each in enumerate(query.conditions):
        if mine & set(each.mention.columns) and each.negated == condition.negated:
            condition.mention.near = each.mention.near
            shared = [column for column in condition.mention.columns if column in each.mention.columns]
            condition.mention.columns = shared
            query.conditions[place] = condition
            return
    query.conditions.append(condition)


def _regroup(query: Query, groups: list[Mention], group_tables: list[str]) -> None:
    query.items = [item for item in query.items if item.aggregate or item.measured]
    query.groups, query.group_tables = list(groups), list(group_tables)
    query.named += group_tables
    if query.limit is None:
        query.orders = []


def _about(query: Query, entity: str) -> bool:
    """Ask the same of another table: only where nothing but its rows was asked for."""
    if query.groups or query.orders or any(item.mention for item in query.items):
        return False
    for item in query.items:
        item.of = entity
    query.named = [entity if each == query.entity else each for each in query.named]
    query.entity = entity
    return True
