"""Texts that a step of a draft reads or classifies, read by the language model: answers that the step then checks."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import polars as pl

from automic_core.assist import classifying, extracting
from automic_core.errors import ConfigError, SecurityError
from automic_core.inference.personal import PERSONAL, personal_data
from automic_core.lake import Lakehouse
from automic_core.llm.masking import hinted
from automic_core.llm.model import Plan
from automic_core.transforms.classify import Classify
from automic_core.transforms.extract import Extract, key_of
from automic_core.workbench.edits import Edit, set_options
from automic_core.workbench.modelling import language_model, telling
from automic_core.workbench.trials import Trial, base_of, conditions, parts_of

__all__ = ["TEXT_STEPS", "read_texts", "read_texts_plan"]

TEXT_STEPS = ("extract", "classify")
TEXTS = 20
"""Texts that are read at once."""


def read_texts(
    lake: Lakehouse, table: str, data: Mapping[str, Any], entry: str, cancel: threading.Event | None = None
) -> Edit:
    """Let the model read the first texts that have no answer yet; the draft with its answers in the step: one edit.

    What it says is kept as it says it. The step looks it up in the text at every run: a value that does not stand there
    sends its row to quarantine.

    Raises:
        ConfigError: The entry is no step that reads texts, or all of them have answers.
        SecurityError: Nobody allowed that values of the table are told, or the column is one of personal data.
        AutomicError: The step or one before it cannot run; the model cannot be asked, or does not answer.
    """
    lake.context.writable()
    step, texts = _waiting(lake, table, data, entry)
    model = language_model(lake)
    answers: dict[str, Any]
    if isinstance(step, Extract):
        answers = {key_of(text): extracting.by_model(text, step.fields, model, cancel) for text in texts}
    else:
        answers = dict(classifying.by_model(texts, step.classes, model, cancel))
    (item,) = (each for each in data["steps"] if each["id"] == entry)
    options = {name: value for name, value in item.items() if name not in ("id", "kind", "enabled")}
    options["answers"] = {**step.answers, **answers}
    edit = set_options(data, entry, options)
    return Edit(edit.data, edit.entry, f"Read {len(texts):,} texts with the model in {entry}")


def read_texts_plan(lake: Lakehouse, table: str, data: Mapping[str, Any], entry: str) -> list[Plan]:
    """What ``read_texts`` would send, word for word, a call each; nothing is sent. Errors as there."""
    step, texts = _waiting(lake, table, data, entry)
    model = language_model(lake)
    if isinstance(step, Extract):
        return [model.plan(extracting.question(text, step.fields), extracting.ModelFields) for text in texts]
    asked = classifying.questions(texts, step.classes)
    return [model.plan(messages, classifying.ModelClasses) for _, messages in asked]


def _waiting(lake: Lakehouse, table: str, data: Mapping[str, Any], entry: str) -> tuple[Extract | Classify, list[str]]:
    """The step, and the first different texts that reach it and have no answer."""
    name = table.rpartition(".")[2]
    if lake.context.state.models.consent(telling(f"bronze.{name}")) is None:
        hint = f"Allow it: `automic model --allow-values bronze.{name}`. Personal data in them is masked even so."
        raise SecurityError(f"Nobody allowed that texts of bronze.{name} are told to a model.", hint)
    base = base_of(lake, table)
    with conditions(lake, base):
        trial = Trial(name, base, parts_of(data, base.inferred))
        position = trial.position(entry)
        step = trial.steps[position].step
        if not isinstance(step, Extract | Classify):
            raise ConfigError(f"{entry!r} reads no texts.", f"Steps that do: {', '.join(TEXT_STEPS)}.")
        texts = trial.entering(position)[step.column].drop_nulls().unique(maintain_order=True).to_list()
    if (held := personal_data(pl.DataFrame({step.column: texts}, schema={step.column: pl.String}))) or hinted(
        step.column
    ):
        kind = PERSONAL[held[0].kind if held else hinted(step.column)]
        raise SecurityError(
            f"{step.column} holds personal data ({kind}), which a model is never told.", "Use the rules."
        )
    waiting = [text for text in texts if text.strip() and key_of(text) not in step.answers][:TEXTS]
    if not waiting:
        raise ConfigError(f"Every text of the sample has an answer in {entry}.")
    return step, waiting
