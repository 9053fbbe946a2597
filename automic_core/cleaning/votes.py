"""What one finder says of cells: how probable each is wrong, why, and what should stand there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from automic_core.cleaning.table import Numbers, Shares, Values


@dataclass(frozen=True)
class Votes:
    """Cells of one column under suspicion by one finder.

    Attributes:
        column: Name of the column.
        finder: Which finder speaks: votes of one finder are kin, those of two are independent evidence.
        rows: Row numbers from 0, each once.
        chance: For each row, how probable its value is wrong (0 to 1).
        reasons: For each row, a sentence.
        repairs: For each row, the value to put there; None if the finder has none to offer.
    """

    column: str
    finder: str
    rows: Numbers
    chance: Shares
    reasons: Sequence[str]
    repairs: Sequence[str | None]


def by_value(
    values: Values,
    finder: str,
    places: Sequence[int],
    chance: Sequence[float],
    reasons: Sequence[str],
    repairs: Sequence[str | None],
) -> Votes:
    """Votes on values, wherever they stand."""
    rows, which = values.hit(np.asarray(places, dtype=np.int64))
    return Votes(
        values.name,
        finder,
        rows,
        np.asarray(chance, dtype=np.float64)[which],
        [reasons[i] for i in which],
        [repairs[i] for i in which],
    )
