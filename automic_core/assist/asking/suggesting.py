"""Questions that the grammar can answer, made of the words of the tables; those near to what was asked come first."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence

from automic_core.assist.asking.lexicon import Lexicon
from automic_core.assist.asking.reading import read
from automic_core.assist.asking.settling import UnclearError
from automic_core.assist.asking.tables import Table
from automic_core.assist.asking.words import tokens
from automic_core.assist.asking.writing import write

_SHORTEST = 4  # letters of a word that may be another one, misspelled
_ALIKE = 0.8


def suggestions(question: str, lexicon: Lexicon, unknown: Sequence[str] = (), most: int = 3) -> list[str]:
    """Questions that can be answered.

    The question as the lake spells it comes first, then those about tables and columns that have words with it in
    common, else about the largest tables.

    Args:
        question: The question that was not answered.
        lexicon: What the lake speaks of.
        unknown: Its words that were not understood.
        most: So many at most.
    """
    said = {each.stem for each in tokens(question[:500]) if each.stem}
    ideas: list[tuple[int, int, str]] = []
    for table in sorted(lexicon.tables.values(), key=lambda each: -each.rows):
        for words, text in _ideas(table):
            ideas.append((-len(said & words), len([each for each in ideas if each[2].endswith(table.name)]), text))
    found = [respelled] if (respelled := _respelled(question, unknown, lexicon)) else []
    for _, _, text in sorted(ideas, key=lambda each: each[:2]):
        if len(found) == most:
            break
        if text not in found and _answerable(text, lexicon):
            found.append(text)
    return found


def _respelled(question: str, unknown: Sequence[str], lexicon: Lexicon) -> str | None:
    """The question with words spelled as names and values are, if it can be answered so."""
    changed = question
    for word in unknown:
        if word.isalpha() and len(word) >= _SHORTEST and (near := _nearest(word, lexicon)):
            changed = re.sub(rf"\b{word}\b", near, changed)
    return changed if changed != question and _answerable(changed, lexicon) else None


def _nearest(word: str, lexicon: Lexicon) -> str | None:
    names = [name.rpartition(".")[2] for name in lexicon.tables] + [column.name for column in lexicon.columns()]
    known = {part.lower(): part.lower() for name in names for part in name.split("_")}
    for meant in lexicon.values.values():
        for _, text in meant:
            known.setdefault(text.lower(), text)
    first, size = word[0].lower(), len(word)
    likely = [each for each in known if each[:1] == first and abs(len(each) - size) <= 2]
    near = difflib.get_close_matches(word.lower(), likely, 1, _ALIKE)
    return known[near[0]] if near else None


def _ideas(table: Table) -> Iterator[tuple[set[str], str]]:
    if "by" in table.words:
        return  # its rows have no name: "how many revenue by month are there?"
    name = " ".join(table.words)
    many = " ".join(table.name.rpartition(".")[2].replace("_", " ").lower().split())
    own = set(table.words)
    yield own, f"How many {many} are there?"
    yield from _measured(table)
    label = table.label
    for column in table.columns.values():
        if column.identifies or column == label or column.measure:
            continue
        words, said = own | set(column.words), " ".join(column.words)
        if column.kind == "number" and not {"year", "date"} & set(column.words):
            yield words, f"What is the average {said} of {many}?"
            if label is not None:
                yield words, f"Which {name} has the highest {said}?"
        elif column.kind == "text" and not column.unique:
            yield words, f"How many {many} are there for each {said}?"


def _measured(table: Table) -> Iterator[tuple[set[str], str]]:
    """Questions about what people declared to be measured."""
    sorting = [each for each in table.columns.values() if each.sql and not each.measure]
    sorting += [each for each in table.columns.values() if each.kind == "text" and not (each.unique or each.identifies)]
    for measure in (each for each in table.columns.values() if each.measure):
        for dimension in sorting[:2]:
            words = {*table.words, *measure.words, *dimension.words}
            yield words, f"What is the {' '.join(measure.words)} for each {' '.join(dimension.words)}?"


def _answerable(question: str, lexicon: Lexicon) -> bool:
    query = read(question, lexicon)
    if query.unexplained:
        return False
    try:
        return bool(write(query, lexicon))
    except UnclearError:
        return False
