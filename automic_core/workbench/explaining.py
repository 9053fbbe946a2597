"""Why a row is in quarantine, was merged, or counts as unusual: in words, by rules or by the language model."""

from __future__ import annotations

import threading
from typing import Any

import polars as pl

from automic_core import frames
from automic_core.assist.flagging import Explanation, Flag, ModelExplanation, by_model, by_rules, merged, question
from automic_core.errors import CatalogError, ConfigError
from automic_core.lake import Lakehouse
from automic_core.llm.model import Plan
from automic_core.transforms._whole_rows import FLAG
from automic_core.transforms._whole_rows import REASONS as UNUSUAL
from automic_core.transforms.quality import REASONS as QUALITY
from automic_core.workbench import quarantining
from automic_core.workbench.modelling import language_model

__all__ = ["Explanation", "explain_plan", "explain_row"]

_LOOKED = 100_000
_MERGED = "_merged_rids"


def explain_row(
    lake: Lakehouse, table: str, rid: int, *, model: bool = False, cancel: threading.Event | None = None
) -> Explanation:
    """Why a row was set aside, merged or flagged; a row that passed without a word has no sentences.

    Args:
        lake: The lake.
        table: The table's own name, with or without its layer.
        rid: The row's ``_rid``.
        model: Let the language model put the facts into words; `explain_plan` says before what it is told.
        cancel: Set it, and the call to the model ends.

    Raises:
        ConfigError: The row is neither in quarantine nor in silver.
        AutomicError: The model cannot be asked, or does not answer; the rules work without it.
    """
    own = table.rpartition(".")[2]
    found = _explained(lake, own, rid)
    if not model or not found.sentences:
        return found
    lake.context.writable()
    return by_model(own, found, language_model(lake), cancel)


def explain_plan(lake: Lakehouse, table: str, rid: int) -> list[Plan]:
    """What ``explain_row`` with a model would send, word for word; nothing is sent."""
    own = table.rpartition(".")[2]
    found = _explained(lake, own, rid)
    return [language_model(lake).plan(question(own, found), ModelExplanation)] if found.sentences else []


def _explained(lake: Lakehouse, own: str, rid: int) -> Explanation:
    silver = _silver(lake, own)
    try:
        aside = quarantining.row(lake, own, rid)
    except ConfigError:
        return _in_silver(lake, own, rid, silver)
    flags = [Flag(each.rule, each.column, each.value, each.message) for each in aside.reasons]
    return by_rules(flags, silver.head(_LOOKED).collect())


def _silver(lake: Lakehouse, own: str) -> pl.LazyFrame:
    if lake.context.table(f"silver.{own}") is None:
        return pl.LazyFrame()
    return lake.scan(f"silver.{own}")


def _in_silver(lake: Lakehouse, own: str, rid: int, silver: pl.LazyFrame) -> Explanation:
    """A row of silver: what was merged into it, what is unusual; or the row that it went into."""
    names = silver.collect_schema().names()
    if frames.RID not in names:
        raise CatalogError(f"Nothing of {own} was promoted yet.", f"Run: automic promote {own}")
    row = silver.filter(pl.col(frames.RID) == rid).head(1).collect()
    others = silver.head(_LOOKED).collect()
    if not row.height:
        return _gone(lake, own, rid, silver, names)
    values = row.row(0, named=True)
    found = by_rules(_marks(values, frames.data_names(names)), others)
    for other in values.get(_MERGED) or []:
        found.sentences.append(f"Row {other} was merged into it: it {_pair(lake, own, other, values)}.")
        found.facts.append("Another row was merged into it.")
    return found


def _marks(values: dict[str, Any], names: list[str]) -> list[Flag]:
    """What the steps that only point at rows said of it."""
    told = [("anomaly", text) for text in values.get(UNUSUAL) or []] if values.get(FLAG) else []
    told += [("quality", text) for text in values.get(QUALITY) or []]
    flags = []
    for rule, text in told:
        column = next((name for name in names if str(text).startswith(f"{name} ")), "")
        value = values.get(column)
        flags.append(Flag(rule, column, None if value is None else str(value), str(text)))
    return flags


def _gone(lake: Lakehouse, own: str, rid: int, silver: pl.LazyFrame, names: list[str]) -> Explanation:
    if _MERGED in names:
        survivor = silver.filter(pl.col(_MERGED).list.contains(rid)).head(1).collect()
        if survivor.height:
            values = survivor.row(0, named=True)
            said = f"It was merged into row {values[frames.RID]}: it {_pair(lake, own, rid, values)}."
            return Explanation([said], "rules", ["It was merged into another row."])
    raise ConfigError(f"Row {rid} of {own} is neither in quarantine nor in silver.", "Follow it from the Tables page.")


def _pair(lake: Lakehouse, own: str, rid: int, survivor: dict[str, Any]) -> str:
    rows = lake.scan(f"bronze.{own}").filter(pl.col(frames.RID) == rid).head(1).collect()
    if not rows.height:
        return "is not in bronze any more"
    texts = {name: None if value is None else str(value) for name, value in survivor.items()}
    return merged(rows.row(0, named=True), texts)
