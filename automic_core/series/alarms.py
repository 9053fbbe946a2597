"""Alarms in a dense series: many small surprises in a row count like a large one, and one event is told once.

The likelihood that the last surprises are no worse than usual, by the distribution of earlier ones, as in the anomaly
likelihood of Ahmad, Lavin, Purdy & Agha, Unsupervised real-time anomaly detection for streaming data, 2017.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from automic_core.series.bands import Expectation
from automic_core.series.scales import Numbers

SHORT, LONG, LIMIT = 10, 4000, 10.0
"""Values looked at together, those before that say what is usual, and how unlikely is an alarm."""
_CAP, _LEAST, _FIRST, _UPPER = 12.0, 0.3, 200, 0.9


def unlikeliness(judged: Sequence[Expectation], *, short: int = SHORT, long: int = LONG) -> Numbers:
    """How unlikely the surprises just before and at each place are together: -log10 of their chance.

    Args:
        judged: A series, judged.
        short: So many values are looked at together.
        long: So many before them say what is usual; before there are 200 nothing is unlikely.
    """
    from scipy.special import log_ndtr, ndtri

    surprise = pl.Series("surprise", [min(abs(each.surprise), _CAP) for each in judged], dtype=pl.Float64)
    recent = surprise.rolling_mean(short, min_samples=1)
    usual = recent.shift(short)
    # Median and upper decile, not mean and deviation: earlier events must not make later ones usual.
    middle = usual.rolling_median(long, min_samples=_FIRST)
    upper = usual.rolling_quantile(_UPPER, "linear", window_size=long, min_samples=_FIRST)
    spread = ((upper - middle) / float(ndtri(_UPPER))).clip(lower_bound=_LEAST)
    strange = ((recent - middle) / spread).fill_nan(0.0).fill_null(0.0).to_numpy()
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
