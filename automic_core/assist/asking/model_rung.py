"""The rung that asks a language model: several statements, each checked and tried; what most of them say is the answer.

A statement of a model is trusted no more than one of a stranger. DuckDB's own parse says whether it may run at all, its
tables and columns must exist, it is planned before it runs, and it runs in the sandbox. A model is told again what is
wrong, but never a value: an error of a running statement could quote a cell.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

import duckdb
import polars as pl

from automic_core.assist.asking import model_trust, prompting
from automic_core.assist.asking.answers import Answer, Reading, Sandbox
from automic_core.assist.asking.equality import MOST_ROWS, equal
from automic_core.assist.asking.grounding import grounded, hint
from automic_core.assist.asking.lexicon import Lexicon
from automic_core.assist.asking.model_trust import Tried
from automic_core.assist.asking.prompting import Asked, Candidate, Told
from automic_core.assist.asking.pruning import pruned
from automic_core.assist.asking.sql_words import in_words
from automic_core.errors import AutomicError, BudgetError, ConfigError, ModelError, SecurityError
from automic_core.lakehouse.statements import parse
from automic_core.llm.calls import Message
from automic_core.llm.context import as_data
from automic_core.llm.model import CancelledError, LanguageModel

REPAIRS = 2
"""How often a model may mend a statement."""
MOST_SQL = 4_000
LEAST_TRUST = 0.65
"""Below it there is no answer. Of held back training questions .77 were answered by the whole ladder, .86 rightly."""
_EXPLAIN = "Say in one or two short sentences, to somebody who knows no SQL, what this statement shows. Nothing else."


def ask(
    question: str,
    lexicon: Lexicon,
    told: Told,
    model: LanguageModel,
    sandbox: Sandbox,
    *,
    grammar: Answer | None = None,
    on_part: Callable[[str], None] | None = None,
    cancel: threading.Event | None = None,
) -> Answer:
    """Answer a question by a model, or say why there is no answer.

    Args:
        question: Plain English.
        lexicon: What the lake speaks of.
        told: What the model may know.
        model: Whom to ask.
        sandbox: Tries statements.
        grammar: What the grammar answered, if it did.
        on_part: Called with pieces of an explanation in the model's words, as they arrive; None = it is not asked.
        cancel: Set it, and the call ends.

    Raises:
        CancelledError: Nobody wants the answer any more.
    """
    asked = prompting.hidden(question, lexicon, told.personal)
    readings = _readings(grammar)
    tried: list[Tried] = []
    problems: list[str] = []
    for way in range(prompting.WAYS):
        if _settled(tried, readings):
            break
        try:
            put = prompting.messages(asked, told.tables, lexicon, way)
            made = _candidate(put, asked, model, sandbox, lexicon, cancel)
        except CancelledError:
            raise
        except (ModelError, BudgetError, ConfigError, SecurityError) as exc:
            problems.append(exc.message)
            break
        if isinstance(made, Tried):
            tried.append(made)
        else:
            problems.append(made)
    if not tried:
        known = grammar if grammar is not None and grammar.sql is not None else None
        return known or _abstain(question, f"The model gave no statement that runs: {problems[-1]}")
    best, signs = model_trust.chosen(tried, readings, question)
    trust = model_trust.trust(signs)
    if trust < LEAST_TRUST:
        return _abstain(question, _unsure(tried, readings))
    if on_part is not None:
        _explained(best.sql, asked.secrets, model, on_part, cancel)
    return Answer(question, best.sql, best.rows.head(MOST_ROWS), "model", trust, in_words(best.sql), signs=signs)


def _readings(grammar: Answer | None) -> list[Reading]:
    """How the grammar reads the question, sure of it or not."""
    if grammar is None:
        return []
    if grammar.sql is None or grammar.frame is None:
        return list(grammar.readings)
    return [Reading(grammar.sql, grammar.frame, grammar.trust)]


def _candidate(
    put: list[Message],
    asked: Asked,
    model: LanguageModel,
    sandbox: Sandbox,
    lexicon: Lexicon,
    cancel: threading.Event | None,
) -> Tried | str:
    """A statement that runs, mended by the model at most ``REPAIRS`` times; or what is wrong with the last one."""
    problem = ""
    for repairs in range(REPAIRS + 1):
        answer = model.answer(put, Candidate, "ask" if not repairs else "ask, repaired", cancel)
        sql = prompting.shown(answer.sql.strip().rstrip("; \n"), asked.secrets)
        sql = pruned(grounded(sql, lexicon), asked.text, lexicon)
        tried = _tried(sql, sandbox)
        if isinstance(tried, pl.DataFrame):
            return Tried(sql, tried, repairs)
        problem = f"{tried} {hint(tried, sql, lexicon)}".strip()
        said = Message("assistant", answer.model_dump_json())
        put = [
            *put,
            said,
            Message("user", f"This statement cannot be used. The reason:\n{as_data(problem)}\nMend it."),
        ]
    return problem


def _tried(sql: str, sandbox: Sandbox) -> pl.DataFrame | str:
    """The rows of a statement, or what is wrong with it in words that hold nothing of the rows."""
    if len(sql) > MOST_SQL:
        return f"The statement has {len(sql):,} characters; {MOST_SQL:,} may be."
    try:
        with duckdb.connect() as parser:
            statement = parse(parser, sql)
        if not statement.tables:
            return "The statement reads no table."
        sandbox.plan(sql)
    except AutomicError as exc:
        return f"{exc.message} {exc.hint}".strip()
    try:
        return sandbox.run(sql)
    except AutomicError as exc:
        return "It took too long." if "longer than" in exc.message else "It fails on the rows, for example at a cast."


def _settled(tried: Sequence[Tried], readings: Sequence[Reading]) -> bool:
    """Whether it needs no more statements: two agree, and none differs from an answer of the grammar."""
    if not tried:
        return False
    same = any(equal(tried[0].rows, each.frame, ordered=False) for each in readings)
    if len(tried) < 2:
        return same and any(each.trust >= model_trust.SURE for each in readings)
    return equal(tried[0].rows, tried[1].rows, ordered=False) and (same or not readings)


def _unsure(tried: Sequence[Tried], readings: Sequence[Reading]) -> str:
    """Why there is no answer although statements ran: what each of them would show, so that a person can say which."""
    listed = " Or: ".join(dict.fromkeys(map(in_words, [each.sql for each in tried] + [each.sql for each in readings])))
    return f"It is not sure what is meant. It could be: {listed} Say which, or name the columns."


def _explained(
    sql: str,
    secrets: Mapping[str, str],
    model: LanguageModel,
    on_part: Callable[[str], None],
    cancel: threading.Event | None,
) -> None:
    """Pass on the model's own words for a statement; an answer needs none, so a fault ends only them."""
    for name, value in secrets.items():
        sql = sql.replace(value, name)
    try:
        for part in model.stream([Message("system", _EXPLAIN), Message("user", as_data(sql))], "explain", cancel):
            on_part(part)
    except CancelledError:
        raise
    except (ModelError, BudgetError):
        return


def _abstain(question: str, why: str) -> Answer:
    return Answer(question, None, None, None, 0.0, why)
