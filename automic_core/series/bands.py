"""An expected value and a band for each value of a series, from the values before it alone.

- Expected: the level, the level and its trend, or the same phase of earlier days or weeks: what was nearest so far.
  Level and trend follow by exponential smoothing in which a surprise counts as a bounded one (Gelper, Fried & Croux,
  Robust forecasting with exponential and Holt-Winters smoothing, 2010).
- Band: Student's t around it. The scale is learned from past surprises and a prior worth two of them (the scaled
  inverse chi-square of Gelman et al., Bayesian Data Analysis, section 3.3), so short histories have wide bands.
- Three values outside on the same side are a new level, and are no surprise any more.
- A surprise that a person called expected widens the band to that side, for it and all that come after.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import median

import numpy as np

from automic_core.series.scales import Nature, Numbers
from automic_core.series.seasons import DAY, Season, seasons

CHANCE = 5e-4
"""How often a value of a calm series is outside its band."""
FEWEST = 2
"""Values before one that is judged."""
_PRIOR, _BOUND = 2.0, 2.0
_MEMORY, _RUN, _STEP, _TREND = 50.0, 3, 0.15, 0.1
"""Values remembered, that make a new level, and how fast level and trend follow; of dense series by days instead."""
_BOUNDED = 0.7737  # mean of min(z * z, 4) for a normal z
_ROOM, _SIMPLER = 1.1, 0.9


@dataclass(frozen=True)
class Expectation:
    """What was to be expected of a value.

    Attributes:
        expected: In the unit of the values.
        low: Lower end of the band.
        high: Upper end of the band.
        away: How far the value is from the expected one, in halves of the band; beyond 1 and -1 it is outside.
        surprise: The same in deviations of the series.
        history: Values before it.
        basis: What it rests on: level, trend, or the name of a season.
        judged: Whether there is history enough for a verdict.
        shifted: Whether the series settled on a new level here.
    """

    expected: float
    low: float
    high: float
    away: float
    surprise: float
    history: int
    basis: str
    judged: bool
    shifted: bool = False

    @property
    def outside(self) -> bool:
        """Whether the value is a surprise."""
        return self.judged and abs(self.away) > 1


@dataclass(frozen=True)
class Accepted:
    """A surprise that a person called expected.

    Attributes:
        at: Moment of the value (seconds); it counts from there on.
        value: The value.
        expected: What had been expected.
    """

    at: float
    value: float
    expected: float


class _Way:
    """One way to expect the next value, its surprises so far, and the scale learned from them."""

    def __init__(self, name: str, nature: Nature, memory: float) -> None:
        self.name, self._prior, self._keep = name, nature.spread**2, 1 - 1 / memory
        self._squares = self._count = self._off = self._weight = 0.0

    @property
    def variance(self) -> float:
        return (_PRIOR * self._prior + self._squares) / self.freedom

    @property
    def freedom(self) -> float:
        return _PRIOR + self._count

    @property
    def misses(self) -> float:
        """Mean absolute surprise, recent ones counting more."""
        return self._off / self._weight if self._weight else math.inf

    @property
    def seen(self) -> float:
        return self._weight

    def learn(self, off: float, noise: float) -> None:
        bound = _BOUND * math.sqrt(self.variance + noise**2)
        held = min(abs(off), bound)
        self._squares = self._keep * self._squares + max(held**2 / _BOUNDED - noise**2, 0.0)
        self._count = self._keep * self._count + 1
        self._off = self._keep * self._off + held
        self._weight = self._keep * self._weight + 1


class _Follower:
    """Level, and perhaps trend, of a series."""

    def __init__(self, first: float, pace: float, *, trending: bool) -> None:
        self._level, self._slope, self._count = first, 0.0, 1
        self._step, self._trend = _STEP / pace, _TREND / pace if trending else 0.0

    @property
    def next(self) -> float:
        return self._level + self._slope

    def settle(self, level: float) -> None:
        """Begin anew at a level."""
        self._level, self._slope = level, 0.0

    def learn(self, value: float, bound: float) -> None:
        """Follow a value, a surprise by no more than the bound."""
        self._count += 1
        step = max(self._step, 1 / self._count)
        before = self._level
        self._level = self.next + step * max(-bound, min(bound, value - self.next))
        self._slope += self._trend * (self._level - before - self._slope)


def judge(
    values: Sequence[float],
    seconds: Sequence[float],
    nature: Nature,
    noise: Sequence[float] | None = None,
    accepted: Sequence[Accepted] = (),
) -> list[Expectation]:
    """What was to be expected of each value, from those before it.

    Args:
        values: The series, oldest first; finite numbers.
        seconds: When each was, ascending.
        nature: How they behave.
        noise: Standard error of each value on its scale, where it is measured on a sample of known size.
        accepted: Surprises that a person called expected.
    """
    if not values:
        return []
    moments, scaled = np.asarray(seconds, dtype=np.float64), nature.forth(np.asarray(values, dtype=np.float64))
    return _Judge(scaled, moments, nature, noise, accepted).run()


class _Judge:
    def __init__(
        self,
        values: Numbers,
        seconds: Numbers,
        nature: Nature,
        noise: Sequence[float] | None,
        accepted: Sequence[Accepted],
    ) -> None:
        self._values, self._seconds, self._nature = values.tolist(), seconds.tolist(), nature
        self._noise = list(noise) if noise is not None else [0.0] * len(values)
        self._seasons: list[Season] = seasons(seconds, values)
        step = float(np.median(np.diff(seconds))) if len(values) > 1 else DAY
        memory = max(_MEMORY, 3 * DAY / max(step, 60.0))
        names = ["level", "trend", *(season.name for season in self._seasons)]
        self._ways = {name: _Way(name, nature, memory) for name in names}
        pace = memory / _MEMORY
        self._settles = round(_RUN * pace)
        self._level = _Follower(self._values[0], pace, trending=False)
        self._trend = _Follower(self._values[0], pace, trending=True)
        self._run: list[float] = []
        self._side = 0
        self._accepted = [self._allowance(each) for each in accepted]

    def _allowance(self, mark: Accepted) -> tuple[float, float]:
        value, expected = self._nature.forth(np.asarray([mark.value, mark.expected])).tolist()
        return mark.at, _ROOM * (value - expected)

    def run(self) -> list[Expectation]:
        return [self._next(place) for place in range(len(self._values))]

    def _next(self, place: int) -> Expectation:
        value, at, noise = self._values[place], self._seconds[place], self._noise[place]
        offers: dict[str, float | None] = {"level": self._level.next, "trend": self._trend.next}
        offers |= {season.name: season.expected(place, at) for season in self._seasons}
        way = self._choose(offers)
        expected = offers[way.name]
        assert expected is not None
        deviation = math.sqrt(way.variance * (1 + 1 / max(place, 1)) + noise**2)
        half = _quantile(round(way.freedom, 1)) * deviation
        up = max([half, *(size for since, size in self._accepted if size > 0 and since <= at)])
        down = max([half, *(-size for since, size in self._accepted if size < 0 and since <= at)])
        off = value - expected
        away = off / up if off > 0 else 0.0 if self._nature.above_only else off / down
        judged = place >= FEWEST
        for name, offer in offers.items():
            if offer is not None and place:
                self._ways[name].learn(value - offer, noise)
        shifted = self._follow(value, _BOUND * deviation, away if judged else 0.0)
        for season in self._seasons:
            season.learn(place, at, value)
        back = self._nature.back
        low = back(expected - (half if self._nature.above_only else down)) if place else back(expected)
        return Expectation(
            back(expected), low, back(expected + up), away, off / deviation, place, way.name, judged, shifted
        )

    def _choose(self, offers: dict[str, float | None]) -> _Way:
        """The way that was nearest so far; a simpler one unless another is clearly better."""
        best = self._ways["level"]
        for name, way in self._ways.items():
            season = next((each for each in self._seasons if each.name == name), None)
            known = way.seen >= min(season.per_cycle, _MEMORY) if season is not None else way.seen >= _RUN
            if offers[name] is not None and known and way.misses < _SIMPLER * best.misses:
                best = way
        return best

    def _follow(self, value: float, bound: float, away: float) -> bool:
        side = int(math.copysign(1, away)) if abs(away) > 1 else 0
        self._run = ([*self._run, value] if side == self._side else [value]) if side else []
        self._side = side
        if len(self._run) >= self._settles:
            for each in (self._level, self._trend):
                each.settle(median(self._run))
            self._run, self._side = [], 0
            return True
        self._level.learn(value, bound)
        self._trend.learn(value, bound)
        return False


@lru_cache(maxsize=4096)
def _quantile(freedom: float) -> float:
    """How many deviations of Student's t reach as far as all but a ``CHANCE`` of calm values."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 1 - CHANCE / 2))
