"""What all finders together say of the cells of a column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from automic_core.cleaning import codes, formats, misplaced, ranges, spellings
from automic_core.cleaning.table import Shares, Values
from automic_core.cleaning.votes import Votes

_OVERRULED = frozenset((formats.FINDER, spellings.FINDER, misplaced.FINDER, ranges.FINDER, codes.FINDER))
"""Finders that yield to a value borne out by the rest of its row. How a value is written is never borne out."""
_WEIGHT_OF_THE_ROW = 0.8


@dataclass(frozen=True)
class Verdicts:
    """One column judged.

    Attributes:
        values: The column.
        chance: For each row, how probable the cell is wrong.
        finder: For each row, the finder with most to say; "" if none speaks.
        told: Row to its reason and repair.
    """

    values: Values
    chance: Shares
    finder: Sequence[str]
    told: dict[int, tuple[str, str | None]]


def weigh(values: Values, votes: Sequence[Votes], borne_out: Shares) -> Verdicts:
    """Join votes as independent evidence: the chance that not all of them are false alarms."""
    right, best = np.ones(values.rows), np.zeros(values.rows)
    finder = np.full(values.rows, "", dtype="<U12")
    told: dict[int, tuple[str, str | None]] = {}
    for each in votes:
        chance = each.chance
        if each.finder in _OVERRULED:
            chance = chance * (1 - _WEIGHT_OF_THE_ROW * borne_out[each.rows])
        right[each.rows] *= 1 - chance
        better = chance > best[each.rows]
        for place in np.flatnonzero(better).tolist():
            told[int(each.rows[place])] = (each.reasons[place], each.repairs[place])
        finder[each.rows[better]] = each.finder
        best[each.rows] = np.maximum(best[each.rows], chance)
    return Verdicts(values, 1 - right, finder.tolist(), told)
