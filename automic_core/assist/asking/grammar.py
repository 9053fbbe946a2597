"""The rung that needs no model: read, write what can be meant as SQL, run it, and answer only if the answers agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl

from automic_core.assist.asking import trusting
from automic_core.assist.asking.answers import Answer, Reading
from automic_core.assist.asking.equality import MOST_ROWS, equal
from automic_core.assist.asking.lexicon import Lexicon
from automic_core.assist.asking.query import Query
from automic_core.assist.asking.reading import read
from automic_core.assist.asking.settling import UnclearError
from automic_core.assist.asking.sql_words import in_words
from automic_core.assist.asking.suggesting import suggestions
from automic_core.assist.asking.writing import write
from automic_core.errors import TransformError

LONGEST = 500
"""Characters of a question."""

LEAST_TRUST = 0.7
"""Below it there is no answer."""

UNDECIDED = 0.3
"""How far each of several readings is trusted whose answers differ."""

Run = Callable[[str], pl.DataFrame]
Tell = Callable[[str], None]


def silent(text: str) -> None:
    """Tell nobody."""


def ask(question: str, lexicon: Lexicon, run: Run, tell: Tell = silent) -> Answer:
    """Answer a question, or say what was not understood.

    Args:
        question: Plain English.
        lexicon: What the lake speaks of.
        run: Runs one SELECT within limits; returns at most ``MOST_ROWS`` + 1 rows.
        tell: Told how the question is read, before its statements run.

    Raises:
        AutomicError: The lake cannot be read.
    """
    if not question.strip():
        return abstain(question, lexicon, "There is no question.")
    if len(question) > LONGEST:
        return abstain(question, lexicon, f"The question has {len(question):,} characters; {LONGEST} may be.")
    return answer(question, read(question, lexicon), lexicon, run, tell)


def answer(question: str, query: Query, lexicon: Lexicon, run: Run, tell: Tell = silent) -> Answer:
    """Answer a question that is read already; arguments as for ``ask``."""
    if query.unexplained:
        words = tuple(dict.fromkeys(query.unexplained))
        named = ", ".join(f"“{word}”" for word in words)
        return abstain(question, lexicon, f"Not understood: {named}.", words)
    try:
        statements = write(query, lexicon)
    except UnclearError as exc:
        return abstain(question, lexicon, f"It is not clear {exc}.")
    tell(in_words(statements[0], lexicon.terms))
    try:
        frames = [run(sql) for sql in statements]
    except TransformError as exc:
        return abstain(question, lexicon, f"The statement for it fails: {exc.message}")
    if any(not equal(frames[0], other, ordered=bool(query.orders)) for other in frames[1:]):
        why = (
            f"The question can be read in {len(frames)} ways, and their answers differ. Say more exactly what is meant."
        )
        readings = tuple(Reading(sql, frame, UNDECIDED) for sql, frame in zip(statements, frames, strict=True))
        return replace(abstain(question, lexicon, why), readings=readings)
    found, sql = frames[0], statements[0]
    signs = trusting.signs(question, query, lexicon, statements, found)
    trust = trusting.trust(signs)
    if trust < LEAST_TRUST:
        why = f"It could be read as: {in_words(sql, lexicon.terms)} That is too uncertain."
        return replace(abstain(question, lexicon, why), readings=(Reading(sql, found, trust),))
    return Answer(question, sql, found.head(MOST_ROWS), "grammar", trust, in_words(sql, lexicon.terms), signs=signs)


def abstain(question: str, lexicon: Lexicon, why: str, words: tuple[str, ...] = ()) -> Answer:
    """No answer, why, and what can be asked instead."""
    return Answer(question, None, None, None, 0.0, why, {}, words, tuple(suggestions(question, lexicon, words)))
