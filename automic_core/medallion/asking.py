"""Questions in plain language to a lake: what it speaks of, at which snapshots, and who may answer."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from automic_core.assist.asking import following, grammar, verified
from automic_core.assist.asking.answers import Answer, Sandbox
from automic_core.assist.asking.equality import MOST_ROWS
from automic_core.assist.asking.lexicon import Lexicon
from automic_core.assist.charting import choose_chart
from automic_core.errors import CatalogError, SecurityError, TransformError
from automic_core.inference.foreign_keys import foreign_keys
from automic_core.lakehouse import sql as engine
from automic_core.lakehouse import tables
from automic_core.lakehouse.catalog import metadata_locations
from automic_core.lakehouse.commits import head
from automic_core.medallion import asking_model, semantic
from automic_core.medallion.approving import Questions, same
from automic_core.medallion.context import LakeContext
from automic_core.medallion.qualities import qualities

MOST_READ = 200_000
"""Rows of a table that are read for its words; a question with a value further down abstains."""
SECONDS = 20.0
_LAYERS = ("gold", "silver", "bronze")
_KEPT = 4
Answering = Callable[..., AbstractContextManager[engine.Answering]]


@dataclass(frozen=True)
class Known:
    """What a lake speaks of in one state: the snapshots of its tables, and their words.

    Attributes:
        problem: Why the semantic layer is not read; empty if it is, or if there is none.
    """

    snapshots: Mapping[str, int]
    lexicon: Lexicon
    problem: str = ""


Place = tuple[tuple[str, str], ...]
_kept: OrderedDict[tuple[Place, str], Known] = OrderedDict()
_plain: OrderedDict[Place, tuple[dict[str, int], Lexicon]] = OrderedDict()
_making = threading.Lock()


def ask(
    context: LakeContext,
    question: str,
    answering: Answering,
    after: Sequence[str] = (),
    on_part: grammar.Tell | None = None,
    cancel: threading.Event | None = None,
    *,
    pins: Mapping[str, int] | None = None,
    layer: str | None = None,
) -> Answer:
    """Answer a question about the tables as they are now, all at the snapshots that were looked at first.

    Args:
        context: The lake.
        question: Plain English.
        answering: Opens a statement in the sandbox: ``Lakehouse.answering``.
        after: The questions before it in the same conversation, oldest first.
        on_part: Called with how the question is read, before its statements run, and with the pieces of a model's
            explanation as they arrive; None = the model is not asked for one.
        cancel: Set it, and the call of a model ends.
        pins: States of tables to read instead of the newest.
        layer: The text of a semantic layer to read it by, instead of the one that is kept.

    Raises:
        TransformError: A statement took too long.
    """
    now = known(context, layer)
    states = {**now.snapshots, **(pins or {})}
    read: dict[str, int] = {}

    def run(sql: str) -> pl.DataFrame:
        with answering(sql, states, timeout=SECONDS) as running:
            read.update({each.name: each.snapshot for each in running.tables if each.snapshot is not None})
            return pl.DataFrame(running.relation().limit(MOST_ROWS + 1).to_arrow_table())

    def plan(sql: str) -> None:
        with answering(sql, states, timeout=SECONDS) as running:
            running.connection.execute(f"EXPLAIN {running.text}")

    found = _read_by_rungs(context, question, now.lexicon, run, after, on_part or grammar.silent)
    if found.rung != "verified" and not found.follows:
        sandbox, notes = Sandbox(plan, run), found.notes
        found = asking_model.surer(context, question, found, now.lexicon, now.snapshots, sandbox, on_part, cancel)
        found = replace(found, notes=notes)
    found = replace(found, readings=())
    found = _vetted(context, found, now.lexicon)
    if now.problem:
        found = replace(found, notes=(*found.notes, now.problem))
    if found.sql is None or found.frame is None:
        return found
    return replace(found, snapshots=read, chart=choose_chart(found.frame), quality=qualities(context, read))


def _read_by_rungs(
    context: LakeContext,
    question: str,
    lexicon: Lexicon,
    run: grammar.Run,
    after: Sequence[str],
    tell: grammar.Tell,
) -> Answer:
    """The first rung that answers; each that cannot says why, and the next one is asked."""
    approved = [each.approved() for each in Questions(context).current() if each.verdict == "right"]
    whole = following.with_value(question, after, approved, lexicon) or question
    found = verified.match(whole, approved, lexicon)
    notes: tuple[str, ...] = ()
    if found is not None:
        answer, why = _by_verified(question, found, lexicon, run, tell)
        if answer is not None:
            return replace(answer, follows=whole != question)
        notes = (why,)
    followed = following.follow(question, after, lexicon)
    if followed is None:
        answer = grammar.ask(question, lexicon, run, tell)
    elif followed.query is None:
        answer = replace(grammar.abstain(question, lexicon, followed.problem, followed.words), follows=True)
    else:
        answer = replace(grammar.answer(question, followed.query, lexicon, run, tell), follows=True)
    return replace(answer, notes=(*notes, *answer.notes))


def _by_verified(
    question: str, found: verified.Match, lexicon: Lexicon, run: grammar.Run, tell: grammar.Tell
) -> tuple[Answer | None, str]:
    """The answer of a verified question; else why it gives none."""
    by = f"the verified question “{found.approved.question}”"
    if found.problem:
        return None, f"{by[0].upper()}{by[1:]} asks in the same words, but {found.problem}."
    told = f" with {', '.join(found.values)}" if found.values else ""
    explanation = f"As {by}{told}, approved by {found.approved.actor}."
    tell(explanation)
    try:
        frame = run(found.sql)
    except (CatalogError, SecurityError, TransformError) as exc:
        return None, f"{by[0].upper()}{by[1:]} fits, but its statement no longer runs: {exc.message}"
    trust = verified.TRUST["filled" if found.values else "same"]
    shown = frame.head(MOST_ROWS)
    return Answer(question, found.sql, shown, "verified", trust, explanation, verified=found.approved.id), ""


def _vetted(context: LakeContext, found: Answer, lexicon: Lexicon) -> Answer:
    """An answer, unless a person said that it is wrong: then there is none."""
    if found.sql is None or found.rung == "verified":
        return found
    words = verified.spoken(found.question)
    for each in Questions(context).current():
        if each.verdict == "wrong" and each.sql == found.sql and same(each, words):
            why = f"{each.actor} said that the answer it had is wrong{f': {each.reason}' if each.reason else ''}."
            return grammar.abstain(found.question, lexicon, f"This was asked before, and {why}")
    return found


def known(context: LakeContext, layer: str | None = None) -> Known:
    """What the lake speaks of now; kept until one of its tables or the semantic layer changes."""
    text = semantic.text(context) if layer is None else layer
    found = metadata_locations(context.catalog).items()
    places = tuple(sorted((name, at) for name, at in found if name.split(".")[0] in _LAYERS))
    with _making:
        if places not in _plain:
            pins, rows = read_tables(context)
            _keep(_plain, places, (pins, Lexicon.of(rows, foreign_keys(rows))))
        if (places, text) not in _kept:
            pins, plain = _plain[places]
            said, problem = semantic.read(context, text)
            _keep(_kept, (places, text), Known(pins, plain if said is None else said.taught(plain), problem))
        _plain.move_to_end(places)
        _kept.move_to_end((places, text))
        return _kept[places, text]


def _keep(kept: OrderedDict[Any, Any], key: Any, made: Any) -> None:
    kept[key] = made
    while len(kept) > _KEPT:
        kept.popitem(last=False)


def read_tables(context: LakeContext) -> tuple[dict[str, int], dict[str, pl.DataFrame]]:
    """The tables a question may be about: their states, and their rows, at most ``MOST_READ`` of each."""
    pins = _snapshots(context)
    return pins, {name: _rows(context, name, snapshot) for name, snapshot in pins.items()}


def _snapshots(context: LakeContext) -> dict[str, int]:
    """The tables a question may be about, each at its newest snapshot: of each name the most refined layer."""
    chosen: dict[str, str] = {}
    for layer in _LAYERS:
        for name in context.names(layer):
            chosen.setdefault(name.partition(".")[2], name)
    heads = {name: head(context.need(name)) for name in sorted(chosen.values())}
    return {name: snapshot for name, snapshot in heads.items() if snapshot is not None}


def _rows(context: LakeContext, name: str, snapshot: int) -> pl.DataFrame:
    frame = tables.scan(context.need(name), snapshot)
    own = [column for column in frame.collect_schema().names() if not column.startswith("_")]
    return frame.select(own).head(MOST_READ).collect()
