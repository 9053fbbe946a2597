"""Scales on which the noise of a series is alike at all heights, so that one band suits small and large values.

Counts and durations are judged by their logarithm, shares by the angle arcsin(sqrt(share)), whose sampling noise is
1 / (2 sqrt(n)) whatever the share (Anscombe, The transformation of Poisson, binomial and negative-binomial data, 1948).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Scale = Literal["plain", "log", "share"]


@dataclass(frozen=True)
class Nature:
    """How the values of a series behave, known before any of them is.

    Attributes:
        scale: plain, log (counts, durations; not negative) or share (0 to 1).
        spread: Usual deviation from one value to the next, on the scale; what the band rests on while history is short.
        above_only: Whether only values that are too high are of interest.
    """

    scale: Scale = "plain"
    spread: float = 1.0
    above_only: bool = False

    def forth(self, values: Numbers) -> Numbers:
        """Values on the scale."""
        if self.scale == "log":
            return np.log1p(np.maximum(values, 0.0))
        if self.scale == "share":
            return np.arcsin(np.sqrt(np.clip(values, 0.0, 1.0)))
        return np.asarray(values, dtype=np.float64)

    def back(self, value: float) -> float:
        """A value from the scale; beyond its ends it is the end."""
        if self.scale == "log":
            return math.expm1(min(max(value, 0.0), 700.0))
        if self.scale == "share":
            return math.sin(min(max(value, 0.0), math.pi / 2)) ** 2
        return value
