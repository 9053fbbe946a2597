"""What comes of a question: an answer with everything that is needed to trust it, or the reasons why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

Rung = Literal["grammar", "model"]
"""Who read the question: the grammar, which needs no model, or a language model."""


@dataclass(frozen=True)
class Answer:
    """The answer to a question in plain language.

    Attributes:
        sql: The statement that answers it; None = it abstains.
        frame: The rows, at most ``equality.MOST_ROWS``.
        rung: Who read the question; None if nobody could.
        trust: 0 to 1; about how many of the answers with this trust are right.
        explanation: How the question was read; of one without an answer, why there is none.
        snapshots: The state of each table that was read.
        unknown: Words that were not understood.
        suggestions: Questions that can be answered.
        signs: What was assumed to come to the answer; the trust follows from it.
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
    signs: Mapping[str, float] = field(default_factory=dict)
