"""Questions in plain language to a lake: what it speaks of, at which snapshots, and who may answer."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import polars as pl

from automic_core.assist.asking import grammar
from automic_core.assist.asking.answers import Answer
from automic_core.assist.asking.equality import MOST_ROWS
from automic_core.assist.asking.lexicon import Lexicon
from automic_core.assist.asking.model_rung import Sandbox
from automic_core.inference.foreign_keys import foreign_keys
from automic_core.lakehouse import sql as engine
from automic_core.lakehouse import tables
from automic_core.lakehouse.catalog import metadata_locations
from automic_core.lakehouse.commits import head
from automic_core.medallion import asking_model
from automic_core.medallion.context import LakeContext

MOST_READ = 200_000
"""Rows of a table that are read for its words; a question with a value further down abstains."""
SECONDS = 20.0
_LAYERS = ("gold", "silver", "bronze")
_KEPT = 4
Answering = Callable[..., AbstractContextManager[engine.Answering]]


@dataclass(frozen=True)
class Known:
    """What a lake speaks of in one state: the snapshots of its tables, and their words."""

    snapshots: Mapping[str, int]
    lexicon: Lexicon


_kept: OrderedDict[tuple[tuple[str, str], ...], Known] = OrderedDict()
_making = threading.Lock()


def ask(
    context: LakeContext,
    question: str,
    answering: Answering,
    on_part: Callable[[str], None] | None = None,
    cancel: threading.Event | None = None,
) -> Answer:
    """Answer a question about the tables as they are now, all at the snapshots that were looked at first.

    Args:
        context: The lake.
        question: Plain English.
        answering: Opens a statement in the sandbox: ``Lakehouse.answering``.
        on_part: Called with pieces of a model's explanation as they arrive, should a model answer.
        cancel: Set it, and the call of a model ends.

    Raises:
        TransformError: A statement took too long.
    """
    now = known(context)
    read: dict[str, int] = {}

    def run(sql: str) -> pl.DataFrame:
        with answering(sql, now.snapshots, timeout=SECONDS) as running:
            read.update({each.name: each.snapshot for each in running.tables if each.snapshot is not None})
            return pl.DataFrame(running.relation().limit(MOST_ROWS + 1).to_arrow_table())

    def plan(sql: str) -> None:
        with answering(sql, now.snapshots, timeout=SECONDS) as running:
            running.connection.execute(f"EXPLAIN {running.text}")

    answer = grammar.ask(question, now.lexicon, run)
    sandbox = Sandbox(plan, run)
    answer = asking_model.surer(context, question, answer, now.lexicon, now.snapshots, sandbox, on_part, cancel)
    return replace(answer, snapshots=read) if answer.sql is not None else answer


def known(context: LakeContext) -> Known:
    """What the lake speaks of now; kept until one of its tables changes."""
    locations = tuple(sorted(metadata_locations(context.catalog).items()))
    with _making:
        if locations not in _kept:
            pins = _snapshots(context)
            rows = {name: _rows(context, name, snapshot) for name, snapshot in pins.items()}
            _kept[locations] = Known(pins, Lexicon.of(rows, foreign_keys(rows)))
            while len(_kept) > _KEPT:
                _kept.popitem(last=False)
        _kept.move_to_end(locations)
        return _kept[locations]


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
