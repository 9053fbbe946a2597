"""Descriptions and domains of a table's columns, proposed by rules or by the language model."""

from __future__ import annotations

import threading
from dataclasses import replace

import polars as pl

from automic_core import frames
from automic_core.assist.describing import (
    ColumnDomain,
    Description,
    Descriptions,
    KeyColumns,
    ModelColumns,
    by_model,
    by_rules,
    questions,
)
from automic_core.assist.domains import proven
from automic_core.inference import Inference, infer
from automic_core.lake import Lakehouse
from automic_core.llm.model import Plan, telling
from automic_core.workbench.modelling import language_model
from automic_core.workbench.schema_rows import readable, spread

__all__ = ["ColumnDomain", "Description", "Descriptions", "KeyColumns", "describe", "describe_plan"]

CELLS = 500_000
"""Cells that are looked at; of larger tables a spread sample."""


def describe(
    lake: Lakehouse, table: str, *, model: bool = False, cancel: threading.Event | None = None
) -> Descriptions:
    """A description and a better name for each column; a proposal that changes nothing.

    Args:
        lake: The lake.
        table: Full name.
        model: Ask the language model; what it is told, `describe_plan` says before.
        cancel: Set it, and the call to the model ends.

    Raises:
        CatalogError: There is no such table.
        AutomicError: The model cannot be asked, or does not answer; the rules work without it.
    """
    rows = _sample(lake, table)
    found = infer(rows, name=table.rpartition(".")[2])
    if not model:
        return _measured(by_rules(table, found), rows)
    lake.context.writable()
    told = by_model(table, found, language_model(lake), values=_allowed(lake, table), cancel=cancel)
    return _measured(told, rows)


def describe_plan(lake: Lakehouse, table: str) -> list[Plan]:
    """What ``describe`` with a model would send, word for word, a call each; nothing is sent.

    Raises:
        CatalogError: There is no such table.
        AutomicError: No model is set up, or the settings let nothing be sent to it.
    """
    model = language_model(lake)
    asked = questions(table, _inferred(lake, table), values=_allowed(lake, table))
    return [model.plan(messages, ModelColumns) for _, messages in asked]


def _allowed(lake: Lakehouse, table: str) -> bool:
    return lake.context.state.models.consent(telling(table)) is not None


def _measured(found: Descriptions, rows: pl.DataFrame) -> Descriptions:
    """The domains with the values that are of them, the key with the rows that it tells apart."""
    found = proven(found, rows)
    if found.key is None:
        return found
    key = rows.select(found.key.columns)
    apart = key.is_unique() & ~key.select(pl.any_horizontal(pl.all().is_null())).to_series()
    return replace(found, key=replace(found.key, agree=int(apart.sum()), of=rows.height))


def _inferred(lake: Lakehouse, table: str) -> Inference:
    return infer(_sample(lake, table), name=table.rpartition(".")[2])


def _sample(lake: Lakehouse, table: str) -> pl.DataFrame:
    lake.context.need(table)
    rows = readable(lake, table) if table.startswith("bronze.") else lake.scan(table)
    names = frames.data_columns(rows)
    total = int(rows.select(pl.len()).collect().item())
    step = -(-total * max(len(names), 1) // CELLS)
    wanted = rows.collect_schema().names()
    sample = spread(rows, step) if frames.RID in wanted else rows.head(CELLS // max(len(names), 1))
    return sample.select(pl.nth(wanted.index(name)) for name in names).collect()
