"""A language model that is asked where the grammar has no answer, or no sure one."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping

from automic_core.assist.asking.answers import Answer, Sandbox
from automic_core.assist.asking.lexicon import Lexicon
from automic_core.assist.asking.prompting import Told
from automic_core.inference import Inference, infer
from automic_core.lakehouse import tables
from automic_core.llm.context import table_context
from automic_core.llm.model import LanguageModel, telling
from automic_core.medallion.context import LakeContext

SURE = 0.9
"""An answer of the grammar with this trust is given without asking a model."""
SAMPLE = 5_000
"""Rows of a table from which it is known what its columns hold."""
_KEPT = 4
_told: OrderedDict[tuple[object, ...], Told] = OrderedDict()
_making = threading.Lock()


def surer(
    context: LakeContext,
    question: str,
    answer: Answer,
    lexicon: Lexicon,
    snapshots: Mapping[str, int],
    sandbox: Sandbox,
    on_part: Callable[[str], None] | None,
    cancel: threading.Event | None,
) -> Answer:
    """The answer itself if it is sure, no model is set up, or the lake is open for looking only; else what both say."""
    model = LanguageModel(context.settings, context.state.models, context.actor)
    if (
        not model.on
        or context.read_only
        or (answer.sql is not None and answer.trust >= SURE)
        or not question.strip()
        or not snapshots
    ):
        return answer
    from automic_core.assist.asking import model_rung  # here, for it loads sqlglot

    known = told(context, snapshots)
    return model_rung.ask(question, lexicon, known, model, sandbox, grammar=answer, on_part=on_part, cancel=cancel)


def told(context: LakeContext, snapshots: Mapping[str, int]) -> Told:
    """What a model may be told of the tables, in these states; values of those where somebody agreed to it."""
    book = context.state.models
    values = frozenset(name for name in snapshots if book.consent(telling(name)) is not None)
    key = (str(context.root), tuple(sorted(snapshots.items())), values)
    with _making:
        if key not in _told:
            _told[key] = Told.of(
                table_context(name, _inferred(context, name, snapshot), values=name in values)
                for name, snapshot in snapshots.items()
            )
            while len(_told) > _KEPT:
                _told.popitem(last=False)
        _told.move_to_end(key)
        return _told[key]


def _inferred(context: LakeContext, name: str, snapshot: int) -> Inference:
    rows = tables.scan(context.need(name), snapshot)
    own = [column for column in rows.collect_schema().names() if not column.startswith("_")]
    return infer(rows.select(own).head(SAMPLE).collect(), name=name.rpartition(".")[2])
