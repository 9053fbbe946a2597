"""What the same moment of earlier days or weeks says about the next value."""

from __future__ import annotations

from collections import deque
from statistics import median

import numpy as np
import polars as pl

from automic_core.series.scales import Numbers

DAY = 86_400.0
_CYCLES, _FEWEST_CYCLES, _FEWEST_SLOTS = 8, 2, 4


class Season:
    """Median by phase: how far values of the same phase lay from the median of the cycle before them.

    A phase looks at its neighbours too, so that what comes a little early or late is no surprise. The medians withstand
    single strange cycles (compare Hochenbaum, Vallis & Kejariwal, Automatic Anomaly Detection in the Cloud Via
    Statistical Learning, 2017).

    Args:
        name: What it is called.
        seconds: Length of a cycle.
        slots: Phases of a cycle.
        values: The whole series, on its scale; only what lies before a place is ever used there.
        per_cycle: Values a cycle.
    """

    def __init__(self, name: str, seconds: float, slots: int, values: Numbers, per_cycle: int) -> None:
        self.name, self.per_cycle = name, per_cycle
        self._seconds, self._slots = seconds, slots
        least = max(1, per_cycle // 2)
        before = pl.Series(values).shift(1).rolling_median(per_cycle, min_samples=least)
        self._base = before.fill_null(float("nan")).to_numpy()
        self._seen: dict[int, deque[float]] = {}

    def expected(self, place: int, at: float) -> float | None:
        """The value to expect at a place in the series and a moment; None while too few cycles are known."""
        slot = self._slot(at)
        mine = self._seen.get(slot, ())
        if len(mine) < _FEWEST_CYCLES or np.isnan(self._base[place]):
            return None
        wide = [*mine]
        if self._slots > _FEWEST_SLOTS * 3:
            for beside in ((slot - 1) % self._slots, (slot + 1) % self._slots):
                wide += self._seen.get(beside, ())
        return float(self._base[place] + median(wide))

    def learn(self, place: int, at: float, value: float) -> None:
        """Take in what came."""
        if not np.isnan(self._base[place]):
            self._seen.setdefault(self._slot(at), deque(maxlen=_CYCLES)).append(value - float(self._base[place]))

    def _slot(self, at: float) -> int:
        return int((at % self._seconds) / self._seconds * self._slots)


def seasons(seconds: Numbers, values: Numbers) -> list[Season]:
    """The cycles that a series may have by the pace of its moments: a day by its hours, a week by days or hours.

    Args:
        seconds: Moments, ascending; the epoch began on a Thursday, which shifts no cycle.
        values: On their scale.
    """
    if len(seconds) < 2 * _FEWEST_SLOTS:
        return []
    step = float(np.median(np.diff(seconds)))
    found = []
    for name, length in (("hour of the day", DAY), ("moment of the week", 7 * DAY)):
        if step <= 0 or step > length / _FEWEST_SLOTS or seconds[-1] - seconds[0] < _FEWEST_CYCLES * length:
            continue
        slots = max(_FEWEST_SLOTS, round(length / max(step, 300.0)))
        told = "weekday" if length > DAY and step > DAY / 2 else name
        found.append(Season(told, length, 7 if told == "weekday" else slots, values, max(2, round(length / step))))
    return found
