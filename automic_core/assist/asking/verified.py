"""The rung of approved questions: the same words again, with another value of the same column in a slot.

A slot is a value that stands in the question and, compared with a column, in the SQL. Whatever else differs in the
words, or cannot be said for sure, is no match; then the next rung reads the question.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import duckdb

from automic_core.assist.asking.lexicon import Lexicon
from automic_core.assist.asking.settling import literal
from automic_core.assist.asking.tables import Column
from automic_core.assist.asking.words import folded
from automic_core.lakehouse.statements import parse

LONGEST_VALUE = 6
TRUST = {"same": 0.99, "filled": 0.95}
"""What a person vouches for: the same question, and the same with other values. Not measured."""
_SILENT = frozenset(["the", "a", "an", "please", "me"])
_QUOTES = '"`\u201c\u201d\u2018\u2019'
_COMPARED = ("COMPARE_EQUAL", "COMPARE_IN", "COMPARE_NOTEQUAL", "COMPARE_NOT_IN")


@dataclass(frozen=True)
class Slot:
    """A place in a question that another value may take.

    Attributes:
        start, end: Words of the question, as ``spoken`` has them.
        kind: text, a value of ``column``; or number.
        table, column: What it is a value of; empty of a number whose column is not plain.
        text: The value as the SQL has it.
        places: Byte offsets and lengths of the value in the SQL.
    """

    start: int
    end: int
    kind: Literal["text", "number"]
    table: str
    column: str
    text: str
    places: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Approved:
    """A question that a person approved.

    Attributes:
        tables: Full names of the tables the statement reads.
    """

    id: str
    question: str
    sql: str
    slots: tuple[Slot, ...]
    actor: str


@dataclass(frozen=True)
class Match:
    """A question as an approved one would answer it.

    Attributes:
        sql: With the values of this question.
        values: What stands in the slots, in words; empty if it is the same question.
        problem: Why it cannot be answered so, though the words agree; empty if it can.
    """

    approved: Approved
    sql: str
    values: tuple[str, ...] = ()
    problem: str = ""


def spoken(question: str) -> list[str]:
    """The words of a question, in lower case, as stems, without punctuation."""
    plain = question
    for mark in _QUOTES:
        plain = plain.replace(mark, " ")
    return [word for word in folded(plain).split() if any(letter.isalnum() for letter in word)]


def slots_of(question: str, sql: str, lexicon: Lexicon) -> tuple[Slot, ...]:
    """The places of a question whose values stand in its SQL, left to right.

    Raises:
        AutomicError: The statement cannot be read, or may not run.
    """
    words = spoken(question)
    constants = list(_constants(sql))
    found: list[Slot] = []
    taken: set[int] = set()
    for text in dict.fromkeys(each.text for each in constants if each.kind == "text"):
        mine = [each for each in constants if each.text == text and each.kind == "text"]
        for start, end in _spans(words, folded(text)):
            columns = {name: each for name, each in _columns(lexicon, folded(text), text).items() if name in mine[0].of}
            if len(columns) != 1 or any(each.of != mine[0].of for each in mine) or taken & set(range(start, end)):
                continue
            [column] = columns.values()
            taken |= set(range(start, end))
            places = tuple(each.place for each in mine)
            found.append(Slot(start, end, "text", column.table, column.name, text, places))
            break
    for number, word in enumerate(words):
        mine = [each for each in constants if each.kind == "number" and each.text == word]
        if number not in taken and len(mine) == 1 and words.count(word) == 1:
            found.append(Slot(number, number + 1, "number", "", "", word, (mine[0].place,)))
    return tuple(sorted(found, key=lambda each: each.start))


def match(question: str, approved: Sequence[Approved], lexicon: Lexicon) -> Match | None:
    """How an approved question answers this one; the latest approved first; None if no words agree.

    A match without a problem is preferred to one with.
    """
    words = spoken(question)
    found: Match | None = None
    for each in reversed(approved):
        filled = aligned(each, words)
        if filled is None:
            continue
        this = _filled(each, words, filled, lexicon)
        if not this.problem:
            return this
        found = found or this
    return found


def _filled(approved: Approved, words: list[str], spans: Sequence[tuple[int, int]], lexicon: Lexicon) -> Match:
    """The statement with the values that stand in the slots now."""
    changes: list[tuple[int, int, str]] = []
    values: list[str] = []
    for slot, (start, end) in zip(approved.slots, spans, strict=True):
        said = " ".join(words[start:end])
        value = said
        if slot.kind == "text":
            if said == folded(slot.text):
                continue
            texts = [t for column, t in lexicon.values.get(said, ()) if (column.table, column.name) == slot_of(slot)]
            if len(set(texts)) != 1:
                where = f"{slot.table.rpartition('.')[2]}.{slot.column}"
                how = "is no value" if not texts else f"is written in {len(set(texts))} ways among the values"
                return Match(approved, "", problem=f"“{said}” {how} of {where}")
            value = texts[0]
        if value != slot.text:
            values.append(value)
            written = literal(value) if slot.kind == "text" else value
            changes += [(*place, written) for place in slot.places]
    return Match(approved, _replaced(approved.sql, changes), tuple(values))


def slot_of(slot: Slot) -> tuple[str, str]:
    """Table and column of a slot."""
    return slot.table, slot.column


def _replaced(sql: str, changes: Sequence[tuple[int, int, str]]) -> str:
    text = sql.encode()
    for offset, length, new in sorted(changes, reverse=True):
        text = text[:offset] + new.encode() + text[offset + length :]
    return text.decode()


def aligned(approved: Approved, words: Sequence[str]) -> tuple[tuple[int, int], ...] | None:
    """The words that stand in each slot, if all other words agree; articles and politeness do not count."""
    pattern = spoken(approved.question)
    starts = {slot.start: slot for slot in approved.slots}

    @cache
    def rest(at: int, here: int) -> tuple[tuple[int, int], ...] | None:
        if at == len(pattern) and here == len(words):
            return ()
        slot = starts.get(at)
        if slot is not None:
            longest = 1 if slot.kind == "number" else LONGEST_VALUE
            for end in range(min(here + longest, len(words)), here, -1):
                if slot.kind == "number" and not _is_number(words[here]):
                    break
                behind = rest(slot.end, end)
                if behind is not None:
                    return ((here, end), *behind)
            return None
        if at < len(pattern) and here < len(words) and pattern[at] == words[here]:
            found = rest(at + 1, here + 1)
            if found is not None:
                return found
        if here < len(words) and words[here] in _SILENT:
            return rest(at, here + 1)
        if at < len(pattern) and pattern[at] in _SILENT:
            return rest(at + 1, here)
        return None

    return rest(0, 0)


def _is_number(word: str) -> bool:
    return word.replace(".", "", 1).isdigit()


def _spans(words: Sequence[str], text: str) -> Iterator[tuple[int, int]]:
    """Where a value stands among the words."""
    parts = text.split()
    for start in range(len(words) - len(parts) + 1):
        if list(words[start : start + len(parts)]) == parts:
            yield start, start + len(parts)


def _columns(lexicon: Lexicon, said: str, text: str) -> dict[tuple[str, str], Column]:
    """Columns that hold a text, by table and name."""
    return {(each.table, each.name): each for each, value in lexicon.values.get(said, ()) if value == text}


@dataclass(frozen=True)
class _Constant:
    """A literal of a statement: its value, where it stands, and the columns it may be compared with."""

    kind: Literal["text", "number"]
    text: str
    place: tuple[int, int]
    of: frozenset[tuple[str, str]]


def _constants(sql: str) -> Iterator[_Constant]:
    """The literals of a statement: texts that are compared for being equal to a column, and all numbers."""
    with duckdb.connect() as connection:
        statement = parse(connection, sql)
    tables = sorted({use.name for use in statement.tables})
    aliases = {str(use.node.get("alias") or use.name.rpartition(".")[2]).lower(): use.name for use in statement.tables}
    for node, compared in _walk(statement.parse, None):
        value, place = node["literal"], (int(node["query_location"]), int(node["query_location_length"]))
        if value.get("kind") == "STRING" and compared is not None:
            *before, name = compared
            owners = [aliases[before[-1].lower()]] if before and before[-1].lower() in aliases else tables
            yield _Constant("text", str(value["text"]), place, frozenset((owner, name) for owner in owners))
        elif value.get("kind") in ("INTEGER", "DECIMAL") and place[1]:
            yield _Constant("number", str(value["text"]), place, frozenset())


def _walk(node: Any, compared: Sequence[str] | None) -> Iterator[tuple[Mapping[str, Any], Sequence[str] | None]]:
    """Constants of a parse, each with the name of the column it is compared with."""
    if isinstance(node, list):
        for child in node:
            yield from _walk(child, compared)
    elif isinstance(node, dict):
        if node.get("type") == "VALUE_CONSTANT" and "literal" in node:
            yield node, compared
            return
        beside = None
        if node.get("type") in _COMPARED:
            sides = [node.get("left"), node.get("right"), *(node.get("children") or ())]
            names = [each["column_names"] for each in sides if each and each.get("class") == "COLUMN_REF"]
            beside = [str(each) for each in names[0]] if len(names) == 1 else None
        for child in node.values():
            yield from _walk(child, beside)
