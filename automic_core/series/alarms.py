"""Alarms in a dense series: many small surprises in a row count like a large one, and one event is told once.

The likelihood that the last surprises are no worse than usual, by the distribution of earlier ones, as in the anomaly
likelihood of Ahmad, Lavin, Purdy & Agha, Unsupervised real-time anomaly detection for streaming data, 2017.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy.special import log_ndtr

from automic_core.series.bands import Expectation
from automic_core.series.scales import Numbers

SHORT, LONG = 10, 4000
_CAP, _LEAST = 12.0, 0.1


def unlikeliness(judged: Sequence[Expectation], *, short: int = SHORT, long: int = LONG) -> Numbers:
    """How unlikely the surprises just before and at each place are together: -log10 of their chance.

    Args:
        judged: A series, judged.
        short: So many values are looked at together.
        long: So many before them say what is usual.
    """
    surprise = pl.Series("surprise", [min(abs(each.surprise), _CAP) for each in judged], dtype=pl.Float64)
    recent = surprise.rolling_mean(short, min_samples=1)
    usual = recent.shift(short)
    middle = usual.rolling_mean(long, min_samples=short).fill_null(0.0)
    spread = usual.rolling_std(long, min_samples=short).fill_null(0.0)
    strange = ((recent - middle) / spread.clip(lower_bound=_LEAST)).fill_nan(0.0).fill_null(0.0).to_numpy()
    return np.asarray(-log_ndtr(-np.maximum(strange, 0.0)) / np.log(10.0))


def events(scores: Numbers, limit: float, quiet: int) -> list[int]:
    """Places where an alarm begins: the score is above the limit, and was not within ``quiet`` values before."""
    found: list[int] = []
    last = -quiet - 1
    for place in np.flatnonzero(scores > limit).tolist():
        if place - last > quiet:
            found.append(place)
        last = place
    return found
