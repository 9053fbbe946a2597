"""What words can mean in a lake: its tables, their columns, the values in them, and how tables join."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import polars as pl

from automic_core.assist.asking.namesakes import namesakes
from automic_core.assist.asking.tables import Column, Join, Kind, Table
from automic_core.assist.asking.words import folded, name_words, stem
from automic_core.inference.foreign_keys import ForeignKey

MOST_VALUES = 20_000
"""Different texts of a column that are known by heart."""
_MANY = 20
_SEXES = {"f": ("female", "woman"), "m": ("male", "man"), "w": ("female", "woman")}
_YES = {"t", "true", "yes", "y"}
_TRUTH = _YES | {"f", "false", "no", "n"}
_SYNONYMS = {
    "gender": "sex",
    "sex": "gender",
    "nation": "country",
    "nationality": "country",
    "title": "name",
    "called": "name",
    "cost": "price",
    "place": "location",
    "town": "city",
    "salary": "wage",
    "id": "identifier",
    "kind": "type",
    "category": "type",
    "weigh": "weight",
    "phone": "telephone",
    "manufacturer": "maker",
    "inhabitant": "population",
}


@dataclass
class Lexicon:
    """Everything a question can speak of.

    Attributes:
        values: Texts in columns, as questions say them.
        also: Other names of a column, by its table and name; of a table under its name and "".
        terms: What computed columns are called, by the words for how they are computed.
    """

    tables: dict[str, Table]
    joins: list[Join]
    values: dict[str, list[tuple[Column, str]]] = field(default_factory=lambda: defaultdict(list))
    also: dict[tuple[str, str], tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    terms: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, frames: Mapping[str, pl.DataFrame], keys: Iterable[ForeignKey]) -> Lexicon:
        """Read tables: their names, columns and texts.

        Args:
            frames: Rows by full name (``silver.orders``); every text column is read once.
            keys: How the tables hang together.
        """
        known = {
            word
            for name, rows in frames.items()
            for own in (name, *rows.columns)
            for word in name_words(own.rpartition(".")[2])
        }
        made = {name: _table(name, rows, known) for name, rows in frames.items()}
        joins = [
            Join(made[key.table].columns[key.column], made[key.parent_table].columns[key.parent_column])
            for key in keys
            if key.table in made and key.parent_table in made
        ]
        joins += namesakes(frames, made, joins)
        found = cls(made, joins)
        for name in {join.left.table for join in joins if "member" in made[join.left.table].words}:
            others = [join.right.table for join in joins if join.left.table == name]
            people = [each for each in others if not {*made[each].words} <= {*made[name].words}]
            if len(people) == 1 and len(others) == 2:  # the students that ``member_of_club`` speaks of
                found.also[people[0], ""] = (("member",),)
        for name, rows in frames.items():
            for column in made[name].columns.values():
                if column.kind == "text":
                    texts = rows[column.name].drop_nulls().unique(maintain_order=True).head(MOST_VALUES)
                    for text in texts.to_list():
                        found.values[folded(text)].append((column, text))
                    if (
                        column.words[:1] == ("is",)
                        and len(column.words) > 1
                        and set(map(str.lower, texts.to_list())) <= _TRUTH
                    ):
                        yes = [text for text in texts.to_list() if text.lower() in _YES]
                        found.values[" ".join(column.words[1:])] += [(column, text) for text in yes]
                    if column.words[-1:] in (("sex",), ("gender",)):
                        for text in texts.to_list():
                            for word in _SEXES.get(text.lower(), ()):
                                found.values[word].append((column, text))
        return found

    def columns(self) -> Iterable[Column]:
        """All columns."""
        return (column for table in self.tables.values() for column in table.columns.values())

    def path(self, names: Iterable[str]) -> tuple[list[Join], bool] | None:
        """Joins that connect tables, fewest first, and whether there was no other way as short; None without a way."""
        wanted = list(dict.fromkeys(names))
        reached, used, sure = {wanted[0]}, [], True
        for goal in wanted[1:]:
            if goal in reached:
                continue
            found = self.way(reached, goal)
            if found is None:
                return None
            way, alone = found
            sure = sure and alone
            for join in way:
                if join not in used:
                    used.append(join)
                reached |= {join.left.table, join.right.table}
        return used, sure

    def way(self, begin: set[str], goal: str) -> tuple[list[Join], bool] | None:
        """The fewest joins from some tables to another, and whether no other way is as short; None without a way."""
        queue: deque[tuple[str, list[Join]]] = deque((name, []) for name in sorted(begin))
        best: dict[str, int] = dict.fromkeys(begin, 0)
        ways: list[list[Join]] = []
        while queue:
            here, way = queue.popleft()
            if ways and len(way) > len(ways[0]):
                break
            if here == goal:
                ways.append(way)
                continue
            for join in self.joins:
                for one, other in ((join.left, join.right), (join.right, join.left)):
                    if one.table == here and len(way) + 1 <= best.get(other.table, 99):
                        best[other.table] = len(way) + 1
                        queue.append((other.table, [*way, join]))
        return (ways[0], len(ways) == 1) if ways else None


def _apart(words: tuple[str, ...], known: Collection[str]) -> tuple[str, ...]:
    """A name of one long word as the two known words it is made of: ``countrylanguage``."""
    if len(words) != 1 or len(words[0]) < 8:
        return words
    [word] = words
    for place in range(3, len(word) - 2):
        first, second = word[:place], stem(word[place:])
        if first in known and second in known:
            return first, second
    return words


def _table(name: str, rows: pl.DataFrame, known: Collection[str]) -> Table:
    own = name.rpartition(".")[2]
    words = _apart(name_words(own), known)
    columns = {}
    for column, dtype in rows.schema.items():
        if column.startswith("_"):
            continue
        kind: Kind = "other"
        if dtype.is_numeric():
            kind = "number"
        elif dtype == pl.String:
            kind = "text"
        elif dtype == pl.Boolean:
            kind = "boolean"
        elif dtype.is_temporal():
            kind = "date"
        values = rows[column].n_unique()
        unique = rows.height > 0 and rows[column].null_count() == 0 and values == rows.height
        shared = rows.height >= _MANY and values * _MANY <= rows.height
        said = _apart(name_words(column), known)
        columns[column] = Column(name, column, kind, said, unique, dtype.is_integer(), shared=shared)
    return Table(name, words, columns, rows.height)


def same(word: str, other: str) -> bool:
    """Whether two stems mean the same."""
    return word == other or _SYNONYMS.get(word) == other or _SYNONYMS.get(other) == word
