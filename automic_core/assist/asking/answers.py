"""What comes of a question: an answer with everything that is needed to trust it, or the reasons why there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import polars as pl

from automic_core.assist.charting import ChartSpec

Rung = Literal["verified", "grammar", "model"]
"""Who read the question: a person who approved it before, the grammar, which needs no model, or a model."""


@dataclass(frozen=True)
class Quality:
    """In what state a table was when it was read.

    Attributes:
        table: Full name.
        snapshot: The state.
        at: When its rows were published.
        rows_in: Rows that entered the run that made it; None if no run did.
        set_aside: Rows that run put into quarantine.
        gates: Rule id to rows that broke it: dropped, set aside or only warned of.
        behind: Sources that have other rows now than the ones it was made of.
        checked: Whether it went through gates at all; bronze did not.
    """

    table: str
    snapshot: int
    at: datetime | None = None
    rows_in: int | None = None
    set_aside: int = 0
    gates: Mapping[str, int] = field(default_factory=dict)
    behind: tuple[str, ...] = ()
    checked: bool = True

    @property
    def good(self) -> bool:
        """Whether nothing about it needs a person's attention."""
        return self.checked and not (self.set_aside or self.gates or self.behind)


@dataclass(frozen=True)
class Reading:
    """One way to read a question: its statement, the rows, and how far the reading is trusted."""

    sql: str
    frame: pl.DataFrame
    trust: float


@dataclass(frozen=True)
class Answer:
    """The answer to a question in plain language.

    Attributes:
        sql: The statement that answers it; None = it abstains.
        frame: The rows, at most ``equality.MOST_ROWS``.
        rung: Who read the question; None if nobody could.
        trust: 0 to 1; about how many of the answers with this trust are right. Of a verified question it is what a
            person vouches for, not measured.
        explanation: How the question was read; of one without an answer, why there is none.
        snapshots: The state of each table that was read.
        unknown: Words that were not understood.
        suggestions: Questions that can be answered.
        chart: The chart that fits the rows; None if it abstains.
        quality: The state of each table that was read, as its gates left it.
        notes: What else a person should know, such as why a verified question was not used.
        verified: Id of the verified question that it was answered by; empty if by none.
        follows: Whether it was read together with the question before.
        signs: What was assumed to come to the answer; the trust follows from it.
        readings: Of one without an answer: how the question could be read, nobody being sure.
    """

    question: str
    sql: str | None
    frame: pl.DataFrame | None
    rung: Rung | None
    trust: float
    explanation: str
    snapshots: Mapping[str, int] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    chart: ChartSpec | None = None
    quality: tuple[Quality, ...] = ()
    notes: tuple[str, ...] = ()
    verified: str = ""
    follows: bool = False
    signs: Mapping[str, float] = field(default_factory=dict)
    readings: tuple[Reading, ...] = ()


@dataclass(frozen=True)
class Sandbox:
    """Where statements are tried.

    Attributes:
        plan: Plans a statement without running it; raises what is wrong with it.
        run: Runs one; its first rows.
    """

    plan: Callable[[str], None]
    run: Callable[[str], pl.DataFrame]
