"""What was learned about each column, as plain data that a page can show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from automic_core.records import FieldType, Schema


@dataclass(slots=True)
class CounterExample:
    """A value that does not fit the proposed type or pattern.

    Attributes:
        count: How many rows have it.
        row: 0-based index of the first such row, if it is among the first misfits of the column.
    """

    value: str
    count: int
    row: int | None = None


@dataclass(slots=True)
class CandidateShare:
    """How well one type fits a column, as shares of its non-null values.

    Attributes:
        confidence: Share that casts.
        round_trip: Share that casts and prints back.
    """

    type: FieldType
    format: str | None
    confidence: float
    round_trip: float


@dataclass(frozen=True, slots=True)
class ColumnKind:
    """What a column is for: a proposal that decides nothing.

    Attributes:
        name: One of `automic_core.inference.kinds.KINDS`.
        confidence: Probability that a person would say so, 0 to 1, calibrated on tables the model had not seen.
        rival: The next likely kind; empty if there is none.
        rival_confidence: Its probability.
        evidence: What speaks for ``name`` and against ``rival``, strongest first, in words.
    """

    name: str
    confidence: float
    rival: str
    rival_confidence: float
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PersonalData:
    """What a column says about people: a proposal.

    Attributes:
        kind: One of `automic_core.inference.personal.PERSONAL`.
        share: Share of its different values that fit, 0 to 1, of those looked at.
        fitting: How many of them fit.
        looked: How many different values were looked at.
        confidence: 0 to 1: the share, lowered where the form alone says less than a name would.
        evidence: Why, in words.
    """

    column: str
    kind: str
    share: float
    fitting: int
    looked: int
    confidence: float
    evidence: tuple[str, ...]


@dataclass(slots=True)
class ColumnEvidence:
    """Why a column got its type.

    Attributes:
        source_type: The column's type in the frame.
        rows: Rows looked at.
        nulls: Rows that are null or a null token.
        distinct: Different non-null values; None when not counted.
        reason: Why the column has (or does not have) its type, in words.
        confidence: Share of non-null values that cast to the type.
        round_trip: Share of non-null values that print back from the type.
        candidates: Other types that were tried and fitted some values, best first.
        against: The type or pattern that was put to the test; its misfits are the counter-examples. It need not be
            the type that was chosen: "integer" for digits that stay text.
        counter_examples: Most frequent values that do not fit ``against``, at most five.
        misfits: Number of non-null values that do not fit ``against``.
        contested: Whether two readings fit as well, so that a person must say which is meant.
        identifier: Whether it stays text because its digits are a name rather than a quantity ("00123").
        patterns: Share of non-null values that follow a pattern.
        quantiles: 21 typed values from minimum to maximum at equal steps of rank; empty if not orderable.
        top_values: Most frequent values with their counts, at most 25.
        longest: Characters of the longest text; None for typed columns.
        spaced: Share of non-null texts with a blank inside; None for typed columns.
        kind: What the column is for; None when not looked at, or when it has no rows.
        personal: What it says about people; None if nothing is known to.
    """

    name: str
    source_type: str
    rows: int = 0
    nulls: int = 0
    type: FieldType = FieldType.STRING
    format: str | None = None
    reason: str = ""
    confidence: float = 1.0
    round_trip: float = 1.0
    distinct: int | None = None
    misfits: int = 0
    against: str = ""
    contested: bool = False
    identifier: bool = False
    candidates: list[CandidateShare] = field(default_factory=list)
    counter_examples: list[CounterExample] = field(default_factory=list)
    patterns: dict[str, float] = field(default_factory=dict)
    quantiles: list[Any] = field(default_factory=list)
    top_values: list[tuple[Any, int]] = field(default_factory=list)
    longest: int | None = None
    spaced: float | None = None
    kind: ColumnKind | None = None
    personal: PersonalData | None = None

    @property
    def values(self) -> int:
        """Rows that hold a value."""
        return self.rows - self.nulls


@dataclass(slots=True)
class Inference:
    """A schema and the evidence for each of its columns, in the same order."""

    schema: Schema
    columns: list[ColumnEvidence]

    def column(self, name: str) -> ColumnEvidence | None:
        """Evidence for one column, or None if there is no such column."""
        return next((column for column in self.columns if column.name == name), None)
