"""Columns named like a key: a surrogate that tells nothing about the thing it numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from automic_core.inference.names import KEY_ENDING, WHOLE_KEY, snake
from automic_core.transforms._names import data_names

MOST_CANDIDATES = 3


def is_identifier(name: str, dtype: Any) -> bool:
    """Whether a column holds identifiers by name and type ("id", "customer_id", "invoice_no"): no quantity."""
    text = snake(name)
    return bool(WHOLE_KEY.match(text) or (dtype.is_integer() and KEY_ENDING.search(text)))


def key_candidates(schema: Mapping[str, Any]) -> list[str]:
    """Columns that are the primary key if their values turn out unique, best first: named like a whole key ("id",
    "uuid"), else the first column if it has a key's ending ("order_id").
    """
    names = data_names(schema)
    fitting = [n for n in names if schema[n].is_integer() or schema[n] == pl.String]
    whole = [n for n in fitting if WHOLE_KEY.match(snake(n))]
    first = [n for n in names[:1] if n in fitting and n not in whole and KEY_ENDING.search(snake(n))]
    return [*whole, *first][:MOST_CANDIDATES]
