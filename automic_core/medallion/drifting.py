"""How far the values of a column have moved between states, from their measures alone.

The distance is the share of rows that would have to hold another value: of numbers the largest difference of the two
cumulative distributions (Kolmogorov-Smirnov), of texts half the sum of differences of shares (total variation). What
chance alone makes of two samples of these sizes is taken off, so that small tables do not drift by themselves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from automic_core.series.scales import Numbers

_CRITICAL = 1.63
"""Kolmogorov's limit at 1 %: times sqrt(1/m + 1/n)."""
_COVERED = 0.5


def moved(before: Sequence[Mapping[str, Any]], now: Mapping[str, Any]) -> tuple[float, str] | None:
    """How far a column moved from the states before, and what moved most, in words.

    Args:
        before: Measures of the column in the states to compare with, together the usual.
        now: Its measures in this state.

    Returns:
        The share of rows, 0 to 1, and words; None if there is nothing to compare.
    """
    kind = now.get("kind")
    usual = [each for each in before if each.get("kind") == kind and each["filled"]]
    if not usual or not now["filled"]:
        return None
    chance = math.sqrt(1 / sum(each["filled"] for each in usual) + 1 / now["filled"])
    if kind == "number" and "quantiles" in now:
        return _numbers([each["quantiles"] for each in usual if "quantiles" in each], now["quantiles"], chance)
    if kind == "text":
        return _texts(usual, now, chance)
    return None


def _numbers(before: list[list[float]], now: list[float], chance: float) -> tuple[float, str] | None:
    if not before:
        return None
    points = np.unique(np.concatenate([*before, now]))
    usual = np.mean([_below(each, points) for each in before], axis=0)
    gap = _below(now, points) - usual
    place = int(np.argmax(np.abs(gap)))
    then, share, point = usual[place], usual[place] + gap[place], points[place]
    return max(0.0, abs(float(gap[place])) - _CRITICAL * chance), (
        f"{share:.0%} of the values are at most {point:.6g}, {then:.0%} were"
    )


def _below(quantiles: list[float], points: Numbers) -> Numbers:
    """The share of values up to each point."""
    ends = np.asarray(quantiles)
    shares = np.linspace(0.0, 1.0, len(ends))
    values, first = np.unique(ends, return_index=True)
    last = np.append(first[1:], len(ends)) - 1
    return np.asarray(np.interp(points, values, shares[last], left=0.0, right=1.0))


def _texts(before: list[Mapping[str, Any]], now: Mapping[str, Any], chance: float) -> tuple[float, str] | None:
    parts = [*before, now]
    if any(sum(rows for _, rows in each["top"]) < _COVERED * each["filled"] for each in parts):
        return None  # nearly every row has a value of its own
    shares = [_shares(each) for each in parts]
    names = list(dict.fromkeys(name for each in shares for name in each))
    usual = {name: float(np.mean([each.get(name, 0.0) for each in shares[:-1]])) for name in names}
    gaps = {name: shares[-1].get(name, 0.0) - usual[name] for name in names}
    rest = sum(usual.values()) - sum(shares[-1].values())
    most = max(gaps, key=lambda name: abs(gaps[name]))
    noise = sum(math.sqrt(share * (1 - share)) for share in usual.values() if 0 < share < 1) / math.sqrt(2 * math.pi)
    distance = (sum(map(abs, gaps.values())) + abs(rest)) / 2
    words = f"{most!r} is {shares[-1].get(most, 0.0):.0%} of the rows, it was {usual[most]:.0%}"
    return max(0.0, distance - _CRITICAL * chance * max(noise, 0.5)), words


def _shares(measures: Mapping[str, Any]) -> dict[str, float]:
    return {str(value): rows / measures["filled"] for value, rows in measures["top"]}
