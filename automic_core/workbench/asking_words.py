"""Ask a lake in plain language, in a process of its own: how it was read, the rows, and how far to trust them."""

from __future__ import annotations

import io
import queue
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from automic_core.assist.asking.answers import Answer, Quality
from automic_core.assist.charting import ChartSpec
from automic_core.errors import AutomicError, ConfigError
from automic_core.lake import Lakehouse
from automic_core.medallion.approving import Judgement
from automic_core.queries import process
from automic_core.queries.wire import Reply
from automic_core.workbench.querying import answer_sql
from automic_core.workbench.values import Rows, narrowed, plain, rows_of

__all__ = [
    "AnswerInWords",
    "AskingInWords",
    "Judgement",
    "Quality",
    "approve_answer",
    "approve_question",
    "ask_in_words",
    "ask_question",
    "quality_words",
    "questions",
    "reject_answer",
    "revoke_question",
]

ASK_SECONDS = 60.0
SHOWN = 1_000
_PULSE = 0.25


@dataclass(frozen=True)
class AnswerInWords:
    """What came of a question in plain language.

    Attributes:
        sql: The statement that answers it; None = it abstains.
        rung: Who read it: verified, grammar or model.
        trust: 0 to 1; about how many of the answers with this trust are right.
        explanation: How it was read, or why there is no answer.
        snapshots: The state of each table that was read.
        unknown: Words that were not understood.
        suggestions: Questions that can be answered.
        chart: The chart that fits the rows.
        quality: In what state the tables were that were read.
        notes: What else a person should know.
        verified: Id of the verified question that answered it.
        follows: Whether it was read together with the questions before.
        rows: The first rows of the answer; None where it abstains.
        payload: All rows that are kept, as Arrow IPC.
    """

    question: str
    sql: str | None
    rung: str | None
    trust: float
    explanation: str
    snapshots: dict[str, int]
    unknown: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    chart: ChartSpec | None = None
    quality: tuple[Quality, ...] = ()
    notes: tuple[str, ...] = ()
    verified: str = ""
    follows: bool = False
    rows: Rows | None = None
    payload: bytes = field(default=b"", repr=False)

    def frame(self) -> pl.DataFrame:
        """All rows that are kept."""
        return _frame(self.payload)


class AskingInWords:
    """A question under way. Hear how it is read while it is, ``wait`` for the ``answer``, or ``cancel`` it."""

    def __init__(
        self, lake: Lakehouse, question: str, after: Sequence[str], limit: int | None, heard: bool, **instead: Any
    ) -> None:
        self.question, self.after, self._limit = question, tuple(after), limit
        self._heard: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        context = lake.context
        who = {"actor": context.actor, "read_only": context.read_only, "parts": heard}
        request = {"do": "words", "lake": str(context.root), "question": question, "after": list(after), **who}
        request |= instead
        seconds = ASK_SECONDS + (context.settings.llm.timeout_seconds if context.settings.llm.mode != "off" else 0)
        self._asked = process.Question(
            process.pool(), request, seconds=seconds, on_part=self._heard.put, on_done=self._ended
        )

    def _ended(self, _: Reply | AutomicError) -> None:
        self._heard.put(None)

    @property
    def done(self) -> bool:
        """Whether the answer, or the error, is there."""
        return self._asked.done

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the answer; whether it is there."""
        return self._asked.wait(seconds)

    def told(self) -> Iterator[str]:
        """What is told until the answer is there, piece by piece, as it is told; empty ones while nothing is."""
        while True:
            try:
                text = self._heard.get(timeout=_PULSE)
            except queue.Empty:
                yield ""  # whoever draws it can be interrupted here
                continue
            if text is None:
                self._heard.put(None)  # who listens later hears the end too
                return
            yield text

    def cancel(self) -> None:
        """Stop it, whatever it does."""
        self._asked.cancel()

    def answer(self) -> AnswerInWords:
        """The answer, once it is there.

        Raises:
            AutomicError: The lake cannot be read, it takes too long, or it was cancelled.
        """
        header, payload = self._asked.result()
        return _received(header["answer"], payload, self._limit)


def ask_in_words(
    lake: Lakehouse,
    question: str,
    after: Sequence[str] = (),
    limit: int | None = SHOWN,
    *,
    heard: bool = True,
    **instead: Any,
) -> AskingInWords:
    """Begin to answer a question.

    Args:
        lake: The lake.
        question: Plain English.
        after: The questions before it in the same conversation, oldest first.
        limit: Rows of ``AnswerInWords.rows`` at most; None = all that are kept.
        heard: Whether anybody hears how it is read; if not, a model is not asked to explain its answer.
        instead: ``pins`` and ``layer``, see ``medallion.asking.ask``.
    """
    return AskingInWords(lake, question, after, limit, heard, **instead)


def ask_question(lake: Lakehouse, question: str, limit: int | None = SHOWN, after: Sequence[str] = ()) -> AnswerInWords:
    """The answer to a question; arguments and errors as for ``ask_in_words`` and ``AskingInWords.answer``."""
    return ask_in_words(lake, question, after, limit, heard=False).answer()


def approve_answer(lake: Lakehouse, answer: AnswerInWords, sql: str = "", reason: str = "") -> Judgement:
    """Keep a question with its statement, or with a better one, so that it is answered so again.

    Raises:
        AutomicError: The statement may not run.
        SecurityError: The lake is open for reading only.
    """
    return lake.questions.approve(answer.question, sql or answer.sql or "", answer.snapshots, reason)


def approve_question(lake: Lakehouse, question: str, sql: str | None = None, reason: str = "") -> Judgement:
    """The same for a question that is not answered yet, or with a statement that a person wrote.

    Args:
        lake: The lake.
        question: As a person asks it.
        sql: The statement that answers it; None = the answer it has now.
        reason: Why.

    Raises:
        ConfigError: There is no answer now.
        AutomicError: The statement may not run.
    """
    if sql is not None:
        answer_sql(lake, sql, record=False)
        return lake.questions.approve(question, sql, {}, reason)
    found = ask_question(lake, question)
    if found.sql is None:
        raise ConfigError(f"There is no answer to approve: {found.explanation}", "Give the statement with --sql.")
    return approve_answer(lake, found, reason=reason)


def quality_words(quality: Sequence[Quality]) -> list[str]:
    """What a person should know of the tables that were read, one sentence a table; nothing of those in good order."""
    found = []
    for each in quality:
        told = []
        if not each.checked:
            told.append("went through no gate")
        if each.set_aside:
            told.append(f"had {each.set_aside:,} of {each.rows_in or 0:,} rows set aside")
        others = sum(each.gates.values()) - each.set_aside
        if others > 0:
            told.append(f"has {others:,} {'finding' if others == 1 else 'findings'} of rules")
        if each.behind:
            told.append(f"is older than {', '.join(each.behind)}")
        if told:
            found.append(f"{each.table} {', '.join(told)}.")
    return found


def reject_answer(lake: Lakehouse, answer: AnswerInWords, reason: str = "") -> Judgement:
    """Say that an answer is wrong: its verified question is taken back, and the statement is not given again for it.

    Raises:
        SecurityError: The lake is open for reading only.
    """
    if answer.verified:
        lake.questions.revoke(answer.verified)
    return lake.questions.reject(answer.question, answer.sql or "", answer.snapshots, reason)


def revoke_question(lake: Lakehouse, verdict: str) -> Judgement:
    """Take back what was said of an answer.

    Raises:
        CatalogError: Nothing in force has this id.
        SecurityError: The lake is open for reading only.
    """
    return lake.questions.revoke(verdict)


def questions(lake: Lakehouse) -> list[Judgement]:
    """What people said of answers and is in force, the newest first."""
    return list(reversed(lake.questions.current()))


def sent(answer: Answer) -> Reply:
    """An answer as it crosses the pipe."""
    told = {name: value for name, value in vars(answer).items() if name not in ("frame", "signs", "readings")}
    told["chart"] = None if answer.chart is None else asdict(answer.chart)
    told["quality"] = [plain(asdict(each)) for each in answer.quality]
    payload = io.BytesIO()
    if answer.frame is not None:
        answer.frame.write_ipc_stream(payload)
    return {"answer": told}, payload.getvalue()


def _received(told: Mapping[str, Any], payload: bytes, limit: int | None) -> AnswerInWords:
    said = dict(told)
    for name in ("unknown", "suggestions", "notes"):
        said[name] = tuple(said[name])
    chart = said["chart"]
    said["chart"] = None if chart is None else ChartSpec(**{**chart, "kinds": tuple(chart["kinds"])})
    said["quality"] = tuple(_quality(each) for each in said["quality"])
    rows = None
    if said["sql"] is not None:
        frame = _frame(payload)
        rows = rows_of(frame if limit is None else frame.head(limit), frame.height)
    return AnswerInWords(**said, rows=rows, payload=payload)


def _quality(said: Mapping[str, Any]) -> Quality:
    at = datetime.fromisoformat(said["at"]) if said["at"] else None
    return Quality(**{**said, "at": at, "behind": tuple(said["behind"])})


def _frame(payload: bytes) -> pl.DataFrame:
    return narrowed(pl.read_ipc_stream(io.BytesIO(payload))) if payload else pl.DataFrame()
