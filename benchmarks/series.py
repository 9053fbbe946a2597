"""Alarms in time series: windows found and false alarms of NAB's public part, beside a z-score.

    python benchmarks/series.py FOLDER [--settings]

FOLDER holds ``data/*/*.csv`` (timestamp, value) and ``labels/combined_windows.json``, as NAB has them. The detector is
that of the monitors (``automic_core.series``); it sees no label and no later value. Alarms within a day are one. A
window is found if an alarm sounds in it; an alarm of which no part lies in a window is false. The z-score sees the
whole series, its future too. ``--settings`` prints what the limit was chosen by: series made here, with planted faults.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from automic_core.series.alarms import LIMIT, unlikeliness
from automic_core.series.bands import judge
from automic_core.series.scales import Nature

DAY = 86_400.0
Numbers = np.ndarray


@dataclass
class Case:
    """A series and the windows in which something is wrong, as masks."""

    name: str
    seconds: Numbers
    values: Numbers
    windows: list[Numbers]


def ours(case: Case) -> Numbers:
    """How unlikely each place is; the prior is the spread of the first fiftieth, at least fifty values."""
    first = case.values[: max(50, len(case.values) // 50)]
    spread = float(np.median(np.abs(first - np.median(first)))) / 0.6745 or float(first.std()) or 1.0
    return unlikeliness(judge(case.values.tolist(), case.seconds.tolist(), Nature("plain", spread)))


def z_score(case: Case) -> Numbers:
    """Standard deviations from the mean of the whole series."""
    return np.abs(case.values - case.values.mean()) / (case.values.std() or 1.0)


def counted(cases: list[Case], scores: list[Numbers], limit: float) -> tuple[int, int]:
    """Windows found and false alarms at a limit."""
    found = false = 0
    for case, score in zip(cases, scores, strict=True):
        quiet = round(DAY / float(np.median(np.diff(case.seconds))))
        loud = np.flatnonzero(score > limit)
        found += sum(bool(window[loud].any()) for window in case.windows)
        inside = np.any(case.windows, axis=0) if case.windows else np.zeros(len(score), dtype=bool)
        for event in np.split(loud, np.flatnonzero(np.diff(loud) > quiet) + 1):
            false += bool(len(event)) and not inside[event].any()
    return found, false


def nab(folder: Path) -> list[Case]:
    """The series of a folder."""
    spans = json.loads((folder / "labels" / "combined_windows.json").read_text(encoding="utf-8"))
    cases = []
    for path in sorted((folder / "data").rglob("*.csv")):
        table = pl.read_csv(path, try_parse_dates=True)
        times = table["timestamp"].cast(pl.Datetime("us"))
        windows = [
            times.is_between(*pl.Series(span).str.to_datetime(time_unit="us")).to_numpy()
            for span in spans.get("/".join(path.parts[-2:]), [])
        ]
        cases.append(Case(path.stem, times.dt.epoch("s").to_numpy().astype(float), table["value"].to_numpy(), windows))
    return cases


def made() -> Iterator[Case]:
    """Series with planted faults: days, weeks and none; spikes, lasting shifts, missing days, more noise."""
    for seed in range(24):
        draw = np.random.default_rng(seed)
        step, days = (300.0, 14) if seed % 2 else (1800.0, 100)
        seconds = np.arange(0, days * DAY, step)
        day, week = np.sin(2 * np.pi * seconds / DAY), (seconds // DAY) % 7 >= 5
        walk = np.cumsum(draw.normal(0, 0.02, len(seconds)))
        shape = (
            (0.0, 3.0, 3.0, 0.0)[seed % 4]
            * np.maximum(day, draw.uniform(-1, 0))
            * np.where(week & (seed % 3 == 0), 0.4, 1)
        )
        noise = draw.standard_t(4, len(seconds)) * 0.4
        values = 20 + shape + noise + (walk if seed % 4 == 3 else 0)
        windows = []
        for place in draw.choice(np.arange(4, 9), 2, replace=False):
            begin, wide = int(place * len(seconds) / 10), int(DAY / step * draw.uniform(0.2, 0.8))
            part = slice(begin, begin + wide)
            fault = draw.choice(["spike", "shift", "flat", "noise"])
            if fault == "spike":
                values[begin : begin + 3] += draw.choice([-1, 1]) * 5
            elif fault == "shift":
                values[part] += draw.choice([-1, 1]) * 2.5
            elif fault == "flat":
                values[part] = values[begin]
            else:
                values[part] += draw.normal(0, 1.6, wide)
            window = np.zeros(len(seconds), dtype=bool)
            window[begin : begin + max(wide, int(DAY / step))] = True
            windows.append(window)
        yield Case(f"made {seed}", seconds, values, windows)


def _table(title: str, cases: list[Case]) -> None:
    held = sum(len(case.windows) for case in cases)
    weeks = sum(float(case.seconds[-1] - case.seconds[0]) for case in cases) / (7 * DAY)
    print(f"\n{title}: {len(cases)} series, {weeks:.0f} weeks, {held} windows")
    print(f"{'':<40}{'found':>7}{'recall':>8}{'false':>7}{'a week':>8}{'s':>7}")
    ways: dict[str, Callable[[Case], Numbers]] = {"z-score": z_score, "automic": ours}
    scores, seconds = {}, {}
    for name, way in ways.items():
        began = time.perf_counter()
        scores[name] = [way(case) for case in cases]
        seconds[name] = time.perf_counter() - began

    def line(label: str, name: str, limit: float) -> tuple[int, int]:
        found, false = counted(cases, scores[name], limit)
        print(f"{label:<40}{found:>7}{found / max(held, 1):>8.2f}{false:>7}{false / weeks:>8.2f}{seconds[name]:>7.1f}")
        return found, false

    for limit in (2.5, 3.0, 4.0):
        _, allowed = line(f"z-score beyond {limit:g}", "z-score", limit)
        fair = _as_quiet(cases, scores["automic"], allowed)
        line(f"  automic with no more false ({fair:.1f})", "automic", fair)
    line(f"automic, its own limit {LIMIT:g}", "automic", LIMIT)


def _as_quiet(cases: list[Case], scores: list[Numbers], allowed: int) -> float:
    """The lowest limit with no more false alarms than allowed."""
    return next((limit for limit in np.arange(2.0, 60.0, 0.5) if counted(cases, scores, limit)[1] <= allowed), 60.0)


def main() -> None:
    """Print the tables."""
    if "--settings" in sys.argv:
        cases = list(made())
        scores = [ours(case) for case in cases]
        print("limit, windows found, false alarms")
        for limit in (4, 6, 8, 10, 12, 15, 20):
            print(limit, *counted(cases, scores, limit))
        _table("made here", cases)
    _table("NAB", nab(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
