"""The tables of a lake as the grammar sees them: their columns, and how they join."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["number", "text", "date", "boolean", "other"]


@dataclass(frozen=True)
class Column:
    """A column as the grammar sees it.

    Attributes:
        words: The stems its name consists of.
        unique: Whether its values tell the rows of its table apart.
        sql: How it is computed, with the table's name before each column; empty = it is stored.
        measure: Whether it sums up rows.
        shared: Whether many rows have the same value, so that it says of what kind they are, not which.
    """

    table: str
    name: str
    kind: Kind
    words: tuple[str, ...]
    unique: bool
    whole: bool = False
    sql: str = ""
    measure: bool = False
    shared: bool = False

    @property
    def identifies(self) -> bool:
        """Whether it is a key rather than a measure or a label."""
        return self.words[-1:] in (("id",), ("code",), ("key",)) or self.words == ("number",)


@dataclass
class Table:
    """A table as the grammar sees it."""

    name: str
    words: tuple[str, ...]
    columns: dict[str, Column]
    rows: int

    @property
    def label(self) -> Column | None:
        """The column that names its rows to people."""
        texts = [each for each in self.columns.values() if each.kind == "text" and not each.sql and not each.shared]
        named = [each for each in texts if each.words[-1:] in (("name",), ("title",))]
        whole = [each for each in named if each.words in (("name",), ("title",), (*self.words, "name"))]
        rival = any(each.words == self.words[-1:] for each in texts)
        if whole or (len(named) == 1 and not rival):
            return (whole or named)[0]
        return next((each for each in texts if each.words == self.words), None) if not named else None

    @property
    def labels(self) -> list[Column]:
        """The columns that name its rows to people: one, or a first and a last name; the key where a name is shared."""
        if (label := self.label) is not None:
            return [label]
        halves = [
            [each for each in self.columns.values() if each.kind == "text" and each.words[-2:] == (half, "name")]
            for half in ("first", "last")
        ]
        if all(len(each) == 1 for each in halves):
            return [*halves[0], *halves[1]]
        named = any(each.shared and each.words[-1:] == ("name",) for each in self.columns.values())
        return [each for each in self.columns.values() if named and each.unique and each.words == (*self.words, "id")]


@dataclass(frozen=True)
class Join:
    """Two columns that hold the same keys.

    Attributes:
        namesake: Nothing says so but their name and their values.
    """

    left: Column
    right: Column
    namesake: bool = field(default=False, compare=False)
