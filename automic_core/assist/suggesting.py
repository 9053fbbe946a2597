"""Rules proposed for a frame, each measured on it."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from automic_core import frames
from automic_core.assist.rules import rules_for

_SCHEMA: dict[str, Any] = {
    "kind": pl.String,
    "columns": pl.List(pl.String),
    "options": pl.String,
    "title": pl.String,
    "why": pl.String,
    "failing": pl.Int64,
    "rows": pl.Int64,
    "examples": pl.List(pl.String),
}


def suggest_rules(frame: pl.DataFrame | pl.LazyFrame, keys: tuple[str, ...] = ()) -> pl.DataFrame:
    """Rules that the values of a typed table suggest, the most useful first.

    Args:
        frame: The table.
        keys: Columns that identify a row, if known.

    Returns:
        ``kind``, ``columns``, ``options`` (JSON, as in a rule file), ``title``, ``why``, ``failing`` rows of ``rows``,
        and ``examples`` of values that break the rule.
    """
    rows = frames.track(frame.lazy()).collect()
    found = sorted(rules_for(rows, keys), key=lambda each: -each.rank)
    return pl.DataFrame(
        [
            (p.kind, sorted(p.columns), json.dumps(p.options), p.title, p.why, p.affected, p.of, p.examples)
            for p in found
        ],
        schema=_SCHEMA,
        orient="row",
    )
