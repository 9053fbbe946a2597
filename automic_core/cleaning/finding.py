"""Cells that are probably wrong: every finder speaks, the data weighs, the rest is a threshold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import polars as pl

from automic_core import frames
from automic_core.cleaning import codes, formats, misplaced, missing, ranges, settled, spellings, units
from automic_core.cleaning.table import Shares, Values, read
from automic_core.cleaning.votes import Votes

SCHEMA = {"row": pl.UInt32, "column": pl.String, "reason": pl.String, "suggestion": pl.String}
_LIKELY = 0.5
_BY_TEXT = (formats, spellings, units, missing, misplaced, codes)
_YIELDS = {formats.FINDER, spellings.FINDER, misplaced.FINDER, ranges.FINDER, codes.FINDER}
"""Finders that a value borne out by the rest of its row overrules; how a value is written is not borne out."""


def find_errors(frame: pl.DataFrame | pl.LazyFrame, labels: pl.DataFrame | None = None) -> pl.DataFrame:
    """Cells that are probably wrong, found without labels.

    Args:
        frame: The table, typed or all text. Columns whose name begins with an underscore are Automic's own.
        labels: What a person knows: ``row`` (from 0), ``column``, ``wrong`` (true or false). Improves all verdicts.

    Returns:
        ``row`` (from 0), ``column``, ``reason``, ``suggestion`` (the value to put there; null if unknown, or if the
        cell should be empty). In the order of the rows.
    """
    rows = frame.collect() if isinstance(frame, pl.LazyFrame) else frame
    return judge(rows)


def judge(rows: pl.DataFrame) -> pl.DataFrame:
    names = frames.data_names(rows.columns)
    table = read(rows, names)
    text = [values for values in table if rows.schema[values.name] == pl.String]
    votes, borne_out = settled.find(table)
    for finder in _BY_TEXT:
        votes.extend(finder.find(text))
    votes.extend(ranges.find(table))
    by_column: dict[str, list[Votes]] = defaultdict(list)
    for each in votes:
        by_column[each.column].append(each)
    parts = [_column(values, by_column[values.name], borne_out.get(values.name)) for values in table]
    order = {name: number for number, name in enumerate(names)}
    found = pl.concat([pl.DataFrame(schema=SCHEMA), *parts])
    return found.sort("row", pl.col("column").replace_strict(order, default=0, return_dtype=pl.Int64))


def _column(values: Values, votes: Sequence[Votes], borne_out: Shares | None) -> pl.DataFrame:
    right = np.ones(values.rows)
    best = np.zeros(values.rows)
    said: dict[int, tuple[str, str | None]] = {}
    for each in votes:
        chance = each.chance.copy()
        if borne_out is not None and each.finder in _YIELDS:
            chance *= 1 - 0.8 * borne_out[each.rows]
        right[each.rows] *= 1 - chance
        for place in np.flatnonzero(chance > best[each.rows]):
            said[int(each.rows[place])] = (each.reasons[place], each.repairs[place])
        best[each.rows] = np.maximum(best[each.rows], chance)
    rows = np.flatnonzero(1 - right >= _LIKELY)
    return pl.DataFrame(
        {
            "row": rows,
            "column": [values.name] * len(rows),
            "reason": [said[int(row)][0] for row in rows],
            "suggestion": [said[int(row)][1] for row in rows],
        },
        schema=SCHEMA,
    )
