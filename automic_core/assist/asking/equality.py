"""Whether two statements gave the same answer."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl

MOST_ROWS = 10_000


def equal(one: pl.DataFrame, other: pl.DataFrame, *, ordered: bool) -> bool:
    """Whether two answers are the same; beyond the most rows that are read nobody knows.

    Args:
        one: An answer.
        other: Another.
        ordered: Whether the order of the rows counts.
    """
    if one.shape != other.shape or one.height > MOST_ROWS:
        return False
    rows, others = ([tuple(map(_cell, row)) for row in frame.rows()] for frame in (one, other))
    return rows == others if ordered else sorted(rows) == sorted(others)


def _cell(value: Any) -> str:
    """Numbers as they read, whatever type they have."""
    return f"{float(value):.12g}" if isinstance(value, int | float | Decimal) else repr(value)
