"""Ask a lake in plain language: how the question was read, and the statement that answers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from automic_core.assist.asking.answers import Answer
from automic_core.lake import Lakehouse
from automic_core.workbench import query_process
from automic_core.workbench.values import Rows, rows_of

ASK_SECONDS = 60.0


@dataclass(frozen=True)
class AnswerInWords:
    """What came of a question in plain language.

    Attributes:
        sql: The statement that answers it; None = it abstains.
        rung: Who read it.
        trust: 0 to 1; about how many of the answers with this trust are right.
        explanation: How it was read, or why there is no answer.
        snapshots: The state of each table that was read.
        unknown: Words that were not understood.
        suggestions: Questions that can be answered.
        rows: The first rows of the answer; None where only the statement was asked for, or where it abstains.
    """

    question: str
    sql: str | None
    rung: str | None
    trust: float
    explanation: str
    snapshots: dict[str, int]
    unknown: tuple[str, ...]
    suggestions: tuple[str, ...]
    rows: Rows | None = None


def ask_question(lake: Lakehouse, question: str, limit: int | None = 20) -> AnswerInWords:
    """Answer a question in this process, with at most ``limit`` rows (None = all that are kept)."""
    answer = lake.ask(question)
    frame = answer.frame
    return _told(answer, None if frame is None else rows_of(_first(frame, limit), frame.height))


def read_question(lake: Lakehouse, question: str, on_part: Callable[[str], None] | None = None) -> AnswerInWords:
    """How a question is read, and the statement that answers it, found in a process of its own that is kept warm.

    Args:
        lake: The lake.
        question: Plain English.
        on_part: Called with pieces of a model's explanation, as they arrive, should a model answer.

    Raises:
        AutomicError: It takes too long.
    """
    context = lake.context
    who = {"actor": context.actor, "read_only": context.read_only, "parts": on_part is not None}
    request = {"do": "words", "lake": str(context.root), "question": question, **who}
    seconds = ASK_SECONDS + (context.settings.llm.timeout_seconds if context.settings.llm.mode != "off" else 0)
    header, _ = query_process.Question(query_process.pool(), request, seconds=seconds, on_part=on_part).result()
    found = header["answer"]
    for name in ("unknown", "suggestions"):
        found[name] = tuple(found[name])
    return AnswerInWords(**found)


def told(answer: Answer) -> AnswerInWords:
    """An answer without its rows."""
    return _told(answer, None)


def _told(answer: Answer, rows: Rows | None) -> AnswerInWords:
    return AnswerInWords(
        answer.question,
        answer.sql,
        answer.rung,
        answer.trust,
        answer.explanation,
        dict(answer.snapshots),
        answer.unknown,
        answer.suggestions,
        rows,
    )


def _first(frame: pl.DataFrame, limit: int | None) -> pl.DataFrame:
    return frame if limit is None else frame.head(limit)
