"""Cells that are probably wrong: every finder speaks, the data weighs, a person corrects."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import polars as pl

from automic_core import frames
from automic_core.cleaning import codes, formats, misplaced, missing, ranges, settled, spellings, units
from automic_core.cleaning.learning import Labels, corrected
from automic_core.cleaning.table import Values, read
from automic_core.cleaning.verdicts import Verdicts, weigh
from automic_core.cleaning.votes import Votes

SCHEMA = {"row": pl.UInt32, "column": pl.String, "reason": pl.String, "suggestion": pl.String}
_LIKELY = 0.5
_OF_TEXT = (units, missing, misplaced, codes, spellings, formats)
"""Those that can offer a repair first: of equal voices the first is heard."""


def find_errors(frame: pl.DataFrame | pl.LazyFrame, labels: pl.DataFrame | None = None) -> pl.DataFrame:
    """Cells that are probably wrong, found without labels.

    Args:
        frame: The table, typed or all text. Columns whose name begins with an underscore are Automic's own.
        labels: What a person knows: ``row`` (from 0), ``column``, ``wrong`` (true or false). They decide their own
            cells, and move the verdict on cells of the same column that are alike.

    Returns:
        ``row`` (from 0), ``column``, ``reason``, ``suggestion`` (the value to put there; null if unknown, or if the
        cell should be empty), in the order of rows and columns.

    Raises:
        TransformError: ``labels`` lacks a column, or names a cell that is not there.
    """
    rows = frame.collect() if isinstance(frame, pl.LazyFrame) else frame
    names = frames.data_names(rows.columns)
    known = Labels.read(labels, rows.height, names) if labels is not None else None
    verdicts = judge(rows, names)
    if known is not None:
        verdicts = [corrected(each, known) for each in verdicts]
    parts = [_listed(number, each) for number, each in enumerate(verdicts)]
    found = pl.concat([pl.DataFrame(schema={**SCHEMA, "order": pl.Int64}), *parts])
    return found.sort("row", "order").drop("order")


def judge(rows: pl.DataFrame, names: list[str]) -> list[Verdicts]:
    """The verdict on every cell of the columns ``names``."""
    table = read(rows, names)
    votes, borne_out = settled.find(table)
    of_text = [values for values in table if rows.schema[values.name] == pl.String]
    for finder in _OF_TEXT:
        votes.extend(finder.find(of_text))
    votes.extend(ranges.find([values for values in table if _measured(values, rows)]))
    by_column: dict[str, list[Votes]] = defaultdict(list)
    for each in votes:
        by_column[each.column].append(each)
    return [weigh(values, by_column[values.name], borne_out[values.name]) for values in table]


def _measured(values: Values, rows: pl.DataFrame) -> bool:
    return rows.schema[values.name] == pl.String or rows.schema[values.name].is_numeric()


def _listed(order: int, verdicts: Verdicts) -> pl.DataFrame:
    rows = np.flatnonzero(verdicts.chance >= _LIKELY)
    told = [verdicts.told.get(int(row), (f"{verdicts.values.name} is like cells marked wrong", None)) for row in rows]
    return pl.DataFrame(
        {
            "row": rows,
            "column": [verdicts.values.name] * len(rows),
            "reason": [reason for reason, _ in told],
            "suggestion": [repair for _, repair in told],
            "order": [order] * len(rows),
        },
        schema={**SCHEMA, "order": pl.Int64},
    )
