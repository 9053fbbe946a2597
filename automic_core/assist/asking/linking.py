"""What the words at one place of a question can be: a column, a table, a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from automic_core.assist.asking.lexicon import Lexicon, same
from automic_core.assist.asking.phrases import COMMON_NAMES, DEGREES, GENERIC, ORDINALS, STATES, UNITS
from automic_core.assist.asking.tables import Column, Table
from automic_core.assist.asking.words import Token, folded, ordinary, participle

LONGEST = 6
_ARTICLES = frozenset(["the", "a", "an", "of", "all"])
_SMALL = frozenset(["of", "in", "to", "by", "at", "on", "for", "with", "from"])
_COUNTS = frozenset(["number", "num", "total", "count", "average"])
_TABLE_ENDS = (GENERIC | {"profile", "table"}) - {"name"}
_TURNED = frozenset(["year", "date", "time", "type", "number", "code", "name"])
_ENDS = {"phone": "number", "telephone": "number", "mobile": "number", "fax": "number", "email": "address"}
_MARKED_NAMES = {
    "AVG": "average",
    "TOP": "highest",
    "BOTTOM": "lowest",
    "MAX": "maximum",
    "MIN": "minimum",
    "SUM": "total",
}


@dataclass
class Linked:
    """The longest readings that begin at a word.

    Attributes:
        size: Tokens that are covered.
    """

    size: int = 0
    columns: list[Column] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    values: list[tuple[Column, str]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return self.size > 0


def link(lexicon: Lexicon, words: Sequence[Token], place: int) -> Linked:
    """The readings that cover most words from a place on: of full names, of names without a generic end, of ends."""
    found = _found(lexicon, words, place, shortened=False)
    if not found:
        return _found(lexicon, words, place, shortened=True) or _ending(lexicon, words, place)
    if found.tables and not found.values:
        longer = _found(lexicon, words, place, shortened=True)
        if longer.size > found.size and longer.columns:
            return Linked(longer.size, longer.columns)  # "product type" for ``product_type_code``, not a product
    if found.columns and not found.tables and not any(each.mark for each in words[place : place + found.size]):
        full = {each.table for each in found.columns}  # of other tables, what is longer by an empty word
        shorter = _shortened_columns(lexicon, [each.stem for each in words[place : place + found.size]])
        found.columns += [each for each in shorter if each.table not in full]
    return found


def _ending(lexicon: Lexicon, words: Sequence[Token], place: int) -> Linked:
    """Measures and dates that end in the words, of each table only one: "capacity" for ``student_capacity``."""
    for size in range(min(3, len(words) - place), 0, -1):
        part = words[place : place + size]
        stems = [each.stem for each in part]
        if any(each.mark or ordinary(each.text) or each.stem in DEGREES for each in part) or stems[0] in COMMON_NAMES:
            continue
        found = [
            each
            for each in lexicon.columns()
            if each.kind in ("number", "date")
            and not each.identifies
            and each.words[0] not in _COUNTS
            and len(each.words) > size
            and _alike(each.words[-size:], stems)
        ]
        tables = [each.table for each in found]
        if alone := [each for each in found if tables.count(each.table) == 1]:
            return Linked(size, alone)
    return Linked()


def _found(lexicon: Lexicon, words: Sequence[Token], place: int, *, shortened: bool) -> Linked:
    for size in range(min(LONGEST, len(words) - place), 0, -1):
        part = words[place : place + size]
        if any(each.mark == "NUMBER" for each in part):
            values = lexicon.values.get(" ".join(each.stem for each in part), []) if size > 1 and not shortened else []
            if values:
                return Linked(size, values=values)
            continue
        if size == 1 and part[0].mark == "TEXT":
            values = lexicon.values.get(folded(part[0].text), [])
            return Linked(1, values=values) if values and not shortened else Linked()
        if any(each.mark for each in part) and (
            size == 1 or part[0].mark not in _MARKED_NAMES or any(each.mark for each in part[1:])
        ):
            continue
        stems = [_MARKED_NAMES.get(each.mark, each.stem) for each in part]
        if size > 1 and part[0].text.lower() in _ARTICLES:
            values = [] if shortened else lexicon.values.get(" ".join(stems), [])
            if values and not _names_something(lexicon, stems[1:]):
                return Linked(size, values=values)
            continue
        if shortened:
            if size == 1 and part[0].text.lower() in _SMALL:
                continue
            found = Linked(size, _shortened_columns(lexicon, stems), _shortened_tables(lexicon, stems))
            if found.columns or found.tables:
                return found
            continue
        found = Linked(
            size,
            [column for column in lexicon.columns() if _is_column(lexicon, column, stems)],
            [
                name
                for name, table in lexicon.tables.items()
                if "of" not in (*stems, *table.words)
                and _is_table(lexicon, table, stems)
                and not _told_by(lexicon, stems)
            ],
            [] if size == 1 and not _meant(lexicon, words, place) else lexicon.values.get(" ".join(stems), []),
        )
        if found.columns or found.tables or found.values:
            return found
    return Linked()


def _meant(lexicon: Lexicon, words: Sequence[Token], place: int) -> bool:
    """Whether a word alone is rather a value than one of the language; also what was done to something: "were paid"."""
    word = words[place]
    if word.mark or not ordinary(word.text):
        return not word.mark
    before = words[place - 1].text.lower() if place else ""
    behind = words[place + 1 : place + 2]
    noun = bool(behind) and not behind[0].mark and _names_something(lexicon, [behind[0].stem])
    return participle(word.text) and (before in STATES or noun)


def _names_something(lexicon: Lexicon, stems: Sequence[str]) -> bool:
    """Whether the words behind an article name a table or a column, so that they are hardly meant as a value."""
    tables = any(_alike(table.words, stems) for table in lexicon.tables.values())
    return tables or any(_is_column(lexicon, column, stems) for column in lexicon.columns())


def _shortened_tables(lexicon: Lexicon, stems: Sequence[str]) -> list[str]:
    """The only table whose name ends in the words, or is them but for a generic end: ``cars_data``."""
    found = [
        name
        for name, table in lexicon.tables.items()
        if len(table.words) > len(stems)
        and (
            (_alike(table.words[-len(stems) :], stems) and "by" not in table.words)
            or (_alike(table.words[: len(stems)], stems) and set(table.words[len(stems) :]) <= _TABLE_ENDS)
        )
    ]
    if len(found) > 1:  # rather what has names than what links it with others
        found = [name for name in found if lexicon.tables[name].label]
    if not found:  # "counties" for ``county_public_safety`` if its rows have a ``county_id``
        key = (*stems, "id")
        tables = [table for table in lexicon.tables.values() if _alike(table.words[: len(stems)], stems)]
        found = [each.name for each in tables if any(c.unique and c.words == key for c in each.columns.values())]
    return found if len(found) == 1 else []


def _shortened_columns(lexicon: Lexicon, stems: Sequence[str]) -> list[Column]:
    """Columns that are the words but for a generic end or a unit: ``category_code``, ``price_eur``."""
    found: list[Column] = []
    for column in lexicon.columns():
        own = lexicon.tables[column.table].words
        rest = _rest(column.words, own)
        for name in (column.words, rest):
            if len(name) > len(stems) and _alike(name[: len(stems)], stems) and _dropped(name[len(stems) :]):
                found.append(column)
                break
    return found


def _dropped(words: Sequence[str]) -> bool:
    return words[0] in ("in", "per") or set(words) <= GENERIC | UNITS


def _told_by(lexicon: Lexicon, stems: Sequence[str]) -> bool:
    """Whether a table's name says what is told for what, of which something else speaks as well: "sales by region"."""
    if "by" not in stems[1:-1]:
        return False
    place = list(stems).index("by")
    return _names_something(lexicon, stems[:place]) and _names_something(lexicon, stems[place + 1 :])


def _is_table(lexicon: Lexicon, table: Table, stems: Sequence[str]) -> bool:
    return any(_alike(name, stems) for name in (table.words, *lexicon.also.get((table.name, ""), ())))


def _is_column(lexicon: Lexicon, column: Column, stems: Sequence[str]) -> bool:
    """Whether the words are the column's name, with or without the words of its table."""
    own, stems = lexicon.tables[column.table].words, _plain(stems)
    names = [column.words] if "of" in stems else [column.words, (*own, *column.words)]
    rest = _rest(column.words, own)
    if rest and rest != column.words:
        names += [rest, (*own, *rest)]
    names += lexicon.also.get((column.table, column.name), ())
    return any(_alike(_plain(name), stems) for name in names)


def _plain(words: Sequence[str]) -> Sequence[str]:
    """A name without an end that says nothing: "phone number" is ``phone``, "email" is ``email_address``."""
    return words[:-1] if len(words) > 1 and _ENDS.get(words[-2]) == words[-1] else words


def _rest(words: Sequence[str], own: Sequence[str]) -> tuple[str, ...]:
    """A column's name without the words of its table, and without its first letter: ``DPhone`` of departments."""
    initials = {each[0] for each in own}
    if len(words) > 1 and len(words[0]) == 1 and words[0] in initials:
        return tuple(words[1:])
    if len(words) == 1 and len(words[0]) == 3 and words[0].endswith("id") and words[0][0] in initials:
        return ("id",)
    return tuple(word for word in words if not any(word == each or _short(word, each) for each in own))


def _short(word: str, full: str) -> bool:
    """Whether a word is the beginning of another: "stu" of "student"."""
    return len(word) >= 3 and full.startswith(word)


def _alike(words: Sequence[str], stems: Sequence[str]) -> bool:
    if stems[-1] in ("of", "the") and words[-1] != stems[-1]:
        return False
    kept = [each for each in stems if each not in ("of", "the")] if len(stems) > len(words) else list(stems)
    if len(kept) > len(words) and kept[-1] in UNITS:  # "budget in millions" is ``budget_million``
        kept = [each for each in kept if each != "in"]
    if "of" in words and "of" not in stems:  # "publication date" is ``date_of_publication``
        place = list(words).index("of")
        words = [*words[place + 1 :], *words[:place]]
    if len(words) != len(kept):
        return False
    if all(same(word, other) for word, other in zip(words, kept, strict=True)):
        return True
    if len(kept) == 2 and _TURNED & {*kept} and same(words[0], kept[1]) and same(words[1], kept[0]):
        return True  # "join year" is ``year_join``
    if "of" in stems and stems[-1] not in ORDINALS:  # "type of pet" is "pet type"; not "the name of the first"
        place = list(stems).index("of")
        turned = [*(s for s in stems[place + 1 :] if s != "the"), *stems[:place]]
        return len(turned) == len(words) and all(same(a, b) for a, b in zip(words, turned, strict=True))
    return False
