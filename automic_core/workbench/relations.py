"""How the tables of a lake hang together: columns that hold keys of others, found by rules or named by a model."""

from __future__ import annotations

import threading

import polars as pl

from automic_core import frames
from automic_core.assist.relating import ModelRelations, Relations, by_model, questions
from automic_core.inference.foreign_keys import ForeignKey, foreign_keys
from automic_core.inference.key_columns import key_columns
from automic_core.lake import Lakehouse
from automic_core.llm.model import Plan
from automic_core.workbench.modelling import language_model
from automic_core.workbench.schema_rows import readable

__all__ = ["ForeignKey", "Relations", "relate", "relate_plan", "relations"]


def relations(lake: Lakehouse, layer: str | None = None) -> list[ForeignKey]:
    """Foreign keys between the tables of a lake, the most certain first: proposals, each measured on all rows.

    Args:
        lake: The lake.
        layer: Only tables of this layer; default: each table as far as it got, silver before bronze. Gold tables are
            made of others, so they are looked at only if asked for.
    """
    return foreign_keys(_tables(lake, layer))


def relate(lake: Lakehouse, layer: str | None = None, *, cancel: threading.Event | None = None) -> Relations:
    """Foreign keys that the language model names, measured on all rows like those of ``relations``.

    Args:
        lake: The lake.
        layer: As for ``relations``.
        cancel: Set it, and the call to the model ends.

    Raises:
        SecurityError: The lake is open for reading only.
        AutomicError: The model cannot be asked, or does not answer; ``relations`` works without it.
    """
    lake.context.writable()
    return by_model(key_columns(_tables(lake, layer)), language_model(lake), cancel)


def relate_plan(lake: Lakehouse, layer: str | None = None) -> list[Plan]:
    """What ``relate`` would send, word for word, a call each; nothing is sent.

    Raises:
        AutomicError: No model is set up, or the settings let nothing be sent to it.
    """
    model = language_model(lake)
    return [model.plan(messages, ModelRelations) for _, messages in questions(key_columns(_tables(lake, layer)))]


def _tables(lake: Lakehouse, layer: str | None) -> dict[str, pl.LazyFrame]:
    if layer is not None:
        return {name: _rows(lake, name) for name in lake.tables(layer)}
    furthest: dict[str, str] = {}
    for each in ("bronze", "silver"):
        furthest |= {name.partition(".")[2]: name for name in lake.tables(each)}
    return {name: _rows(lake, name) for name in furthest.values()}


def _rows(lake: Lakehouse, name: str) -> pl.LazyFrame:
    layer, _, table = name.partition(".")
    rows = readable(lake, table) if layer == "bronze" else lake.scan(name)
    return rows.select(frames.data_columns(rows))
