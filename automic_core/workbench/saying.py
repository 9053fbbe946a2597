"""What a person says of a table in plain words, as staged steps and rules: tried on its rows, accepted as one edit."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import polars as pl

from automic_core import frames
from automic_core.assist.saying.modelled import ModelReading, by_model, question
from automic_core.assist.saying.reading import by_rules
from automic_core.assist.saying.saying import Others, Reading, Staged, Unknown
from automic_core.errors import AutomicError
from automic_core.inference import Inference, infer, infer_primary_key
from automic_core.lake import Lakehouse
from automic_core.llm.model import Plan
from automic_core.medallion.silver import BronzeRows
from automic_core.workbench.edits import Edit, add_entry
from automic_core.workbench.modelling import language_model, telling
from automic_core.workbench.suggesting import ROWS, base_columns
from automic_core.workbench.trials import RULES, Trial, base_of, conditions, parts_of

__all__ = ["Reading", "Staged", "Unknown", "say", "say_plan", "staged_edit"]

_LOOKED = 20_000


def say(
    lake: Lakehouse,
    table: str,
    data: Mapping[str, Any],
    text: str,
    *,
    model: bool = False,
    cancel: threading.Event | None = None,
) -> Reading:
    """Steps and rules that a text asks for, each run on the rows that leave the draft's steps; nothing is changed.

    Args:
        lake: The lake.
        table: The table's name.
        data: The draft.
        text: Plain English: "trim the emails and drop rows without id; amount must not be negative".
        model: Ask the language model; what it is told, `say_plan` says before.
        cancel: Set it, and the call to the model ends.

    Raises:
        AutomicError: A step of the draft cannot run; the model cannot be asked, or does not answer.
    """
    base = base_of(lake, table, ROWS)
    name = table.rpartition(".")[2]
    with conditions(lake, base):
        rows, keys = _reaching(name, base, data)
        if not model:
            return by_rules(text, rows, keys, _others(lake, name))
        lake.context.writable()
        values = lake.context.state.models.consent(telling(f"bronze.{name}")) is not None
        return by_model(text, rows, name, _known(rows, name), language_model(lake), values=values, cancel=cancel)


def say_plan(lake: Lakehouse, table: str, data: Mapping[str, Any], text: str) -> Plan:
    """What ``say`` with a model would send, word for word; nothing is sent.

    Raises:
        AutomicError: A step of the draft cannot run; no model is set up, or the settings let nothing be sent to it.
    """
    model = language_model(lake)
    base = base_of(lake, table, ROWS)
    name = table.rpartition(".")[2]
    with conditions(lake, base):
        rows, _ = _reaching(name, base, data)
    values = lake.context.state.models.consent(telling(f"bronze.{name}")) is not None
    return model.plan(question(text, name, _known(rows, name), values=values)[1], ModelReading)


def staged_edit(data: Mapping[str, Any], staged: Sequence[Staged], text: str) -> Edit:
    """The draft with staged entries taken over: one edit, however many they are."""
    edit = Edit(dict(data), "", "")
    for each in staged:
        edit = add_entry(edit.data, each.group, each.kind, each.options)
    said = " ".join(text.split())
    return replace(edit, label=f"Say: {said if len(said) <= 60 else said[:59] + '…'}")


def _reaching(name: str, base: Any, data: Mapping[str, Any]) -> tuple[pl.DataFrame, list[str]]:
    """Rows as they leave the draft's steps, and the columns that identify them."""
    trial = Trial(name, base, parts_of(data, base.inferred))
    rows = trial.entering(sum(each.id != RULES for each in trial.steps))
    keys = base.keys or infer_primary_key(infer(rows.select(base_columns(rows.columns)))) or []
    return rows, [key for key in keys if key in rows.columns]


def _known(rows: pl.DataFrame, name: str) -> Inference:
    return infer(rows.select(base_columns(rows.columns)).head(_LOOKED), name=name)


def _others(lake: Lakehouse, name: str) -> Others:
    """The other tables of the lake as far as they got, with the keys that were declared for them."""
    columns: dict[str, list[str]] = {}
    keys: dict[str, list[str]] = {}
    for full in [each for layer in ("silver", "bronze") for each in lake.tables(layer)]:
        own = full.rpartition(".")[2]
        if own == name or f"silver.{own}" in columns:
            continue
        with suppress(AutomicError):  # a table that cannot be read cannot be referred to
            columns[full] = frames.data_columns(lake.scan(full))
            keys[full] = BronzeRows(lake.context, own).layout.keys
    return Others(columns, keys)
