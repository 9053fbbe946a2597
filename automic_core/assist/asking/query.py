"""A question as the grammar read it, before it is SQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from automic_core.assist.asking.tables import Column

Aggregate = Literal["avg", "min", "max", "sum", "count", "measure"]
Operator = Literal[
    "=", "!=", ">", ">=", "<", "<=", "between", "like", "in", "> average", "< average", "largest", "smallest", "missing"
]


@dataclass
class Mention:
    """A column as it was named; in which table it is may still be open.

    Attributes:
        near: The table it is said to be of.
        value: It was not named itself, but by a value in it.
        choices: How many columns it could have been at first.
    """

    columns: list[Column]
    text: str
    near: str | None = None
    value: bool = False
    choices: int = 0

    def __post_init__(self) -> None:
        self.choices = self.choices or len(self.columns)

    @property
    def column(self) -> Column:
        """The column, once it is settled."""
        return self.columns[0]


@dataclass
class Item:
    """One thing that is asked for: a column, an aggregate of one, or a number of rows (no column)."""

    mention: Mention | None
    aggregate: Aggregate | None = None
    distinct: bool = False
    of: str | None = None

    @property
    def measured(self) -> bool:
        """Whether it is a measure that people declared."""
        return bool(self.mention and any(column.measure for column in self.mention.columns))


@dataclass
class Condition:
    """A column compared.

    Attributes:
        aggregate: What is computed of it over rows that belong together before it is compared.
        alternative: Whether "or" stands between it and the condition before.
    """

    mention: Mention
    operator: Operator
    values: list[Any] = field(default_factory=list)
    negated: bool = False
    aggregate: Aggregate | None = None
    alternative: bool = False


@dataclass
class Related:
    """Rows of another table that must, or must not, belong to a row; a number of them if it was said.

    Attributes:
        operator, number: How many, ``None`` = at least one.
    """

    table: str
    negated: bool = False
    conditions: list[Condition] = field(default_factory=list)
    operator: Operator | None = None
    number: float | None = None


@dataclass
class Order:
    """What rows are sorted by: a column, what is computed of it, or how many rows of a table belong to each."""

    mention: Mention | None
    descending: bool
    of: str | None = None
    aggregate: Aggregate | None = None


@dataclass
class Query:
    """A question.

    Attributes:
        entity: The table that is asked about.
        both: Two conditions on one column that hold for different related rows.
        named: Tables in the order they were named.
        unexplained: Words nobody understood; with any, there is no answer.
        kin: How often tables were joined only because they point to the same third one.
        namesakes: How often they were joined only because keys have the same name.
        everything: All columns are asked for.
        passed: Words that say only that things belong together, and that were passed over.
    """

    entity: str | None = None
    items: list[Item] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    either: bool = False
    both: bool = False
    related: list[Related] = field(default_factory=list)
    groups: list[Mention] = field(default_factory=list)
    group_tables: list[str] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    limit: int | None = None
    distinct: bool = False
    named: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    kin: int = 0
    namesakes: int = 0
    everything: bool = False
    passed: list[str] = field(default_factory=list)
