"""The series of a table: volume, freshness, empty cells, values and their spread, and the rows that failed each rule.

History exists from the first day on: every state that the table still remembers is a point.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from statistics import median
from typing import Any

import polars as pl

from automic_core.events import RunReport
from automic_core.medallion.context import REPORT
from automic_core.medallion.drifting import moved
from automic_core.medallion.expected import Mark
from automic_core.medallion.measuring import Measured
from automic_core.series.bands import Accepted, Expectation, judge
from automic_core.series.scales import Nature
from automic_core.transforms._keylike import is_identifier

HOUR = 3600.0
_SHARES = Nature("share", 0.05)
_LOOK_BACK, _KEYLIKE, _FEWEST_ROWS = 5, 0.9, 20


@dataclass(frozen=True)
class Point:
    """One value of a series.

    Attributes:
        value: In the unit of the series.
        noise: Its standard error on the scale of the series.
        detail: More about it, in words.
    """

    snapshot: int
    at: datetime
    value: float
    noise: float = 0.0
    detail: str = ""


@dataclass(frozen=True)
class Series:
    """One figure of a table through its states.

    Attributes:
        key: Its name in links and decisions, such as nulls:email.
        kind: volume, freshness, nulls, values, drift or rule.
        column: The column it is about, or the rule; empty = the table.
        title: What it is called.
        unit: rows, hours, share or value.
        batches: Whether each point is a batch by itself, so that a later one mends nothing.
        open: Whether the last point is not over yet: the time since the newest rows came.
    """

    table: str
    key: str
    kind: str
    column: str
    title: str
    unit: str
    nature: Nature
    points: list[Point]
    batches: bool = False
    open: bool = False
    expectations: list[Expectation] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)


def track(name: str, states: Sequence[Measured], marks: Sequence[Mark], now: datetime) -> list[Series]:
    """All series of a table, judged.

    Args:
        name: Full name of the table.
        states: Its states, oldest first.
        marks: What people called expected in it.
        now: The present, for how long nothing has come.
    """
    batches = sum(state.batch is not None for state in states) > len(states) / 2
    mine = [state for state in states if (state.batch is not None) == batches]
    found = [*_volume(name, mine, batches), *_freshness(name, states, now), *_rules(name, mine, batches)]
    known = [state for state in mine if state.measures is not None]
    columns = dict.fromkeys(c for state in known for c in (state.measures or {})["columns"])
    for column in columns:
        found += _of_column(name, column, known, batches)
    return [_judged(each, [mark for mark in marks if mark.series == each.key]) for each in found if each.points]


def _judged(series: Series, marks: list[Mark]) -> Series:
    accepted = [Accepted(each.at.timestamp(), each.value, each.expected) for each in marks]
    expectations = judge(
        [point.value for point in series.points],
        [point.at.timestamp() for point in series.points],
        series.nature,
        [point.noise for point in series.points],
        accepted,
    )
    return Series(**{**series.__dict__, "expectations": expectations, "marks": marks})


def _volume(name: str, states: Sequence[Measured], batches: bool) -> Iterator[Series]:
    points = [
        Point(state.snapshot, state.at, float(state.rows), 1 / math.sqrt(max(state.rows, 1)))
        for state in states
        if state.rows is not None
    ]
    title = "Rows a batch" if batches else "Rows"
    yield Series(name, "rows", "volume", "", title, "rows", Nature("log", 0.15), points, batches)


def _freshness(name: str, states: Sequence[Measured], now: datetime) -> Iterator[Series]:
    """Hours between the states; those within an hour count as one. The last point is how long nothing has come."""
    came: list[Measured] = []
    last: datetime | None = None
    for state in states:
        if last is None or (state.at - last).total_seconds() > HOUR:
            came.append(state)
        last = state.at
    if last is None:
        return
    points = [
        Point(after.snapshot, after.at, (after.at - before.at).total_seconds() / HOUR)
        for before, after in pairwise(came)
    ]
    age = max(0.0, (now - last).total_seconds() / HOUR)
    points.append(Point(states[-1].snapshot, max(now, last), age, detail="since the newest rows came"))
    nature = Nature("log", 0.3, above_only=True)
    yield Series(name, "gap", "freshness", "", "Hours between arrivals", "hours", nature, points, open=True)


def _rules(name: str, states: Sequence[Measured], batches: bool) -> Iterator[Series]:
    """The share of rows that failed each rule, by the ledgers of the runs."""
    told: dict[str, list[Point]] = {}
    for state in states:
        counts = failures(state.summary)
        for rule in told.keys() | counts.keys():
            rows, of, sentence = counts.get(rule, (0, max(state.rows or 0, 1), ""))
            told.setdefault(rule, []).append(_share(state, rows, of, sentence))
    for rule, points in told.items():
        nature = Nature("share", 0.05, above_only=True)
        yield Series(name, f"rule:{rule}", "rule", rule, f"Rows failing {rule}", "share", nature, points, batches)


def failures(summary: Mapping[str, str]) -> dict[str, tuple[int, int, str]]:
    """Rule to the rows that failed it, of how many, and its sentence, by the ledger of a run.

    A rule on the table as a whole fails once of once. Values that do not fit (cast) and records that could not be read
    (malformed) count as rules.
    """
    try:
        report = RunReport.from_dict(json.loads(summary.get(REPORT, "{}")))
    except (KeyError, TypeError, ValueError):  # made without a ledger, or by another program
        return {}
    found: dict[str, tuple[int, int, str]] = {}
    for step in report.steps:
        for reason, rows in step.removed.items():
            fate, _, rule = reason.partition(":")
            if fate in ("quarantined", "dropped") and rule:
                found[rule] = (rows, step.rows_in, f"{fate} {_rows(rows)} of {step.rows_in:,}")
        for rule, rows in step.warned.items():
            found[rule] = (rows, step.rows_out, f"{_rows(rows)} of {step.rows_out:,} fail it")
    for warning in report.warnings:
        rule, colon, sentence = warning.removeprefix("rule ").partition(": ")
        if warning.startswith("rule ") and colon and rule not in found:
            found[rule] = (1, 1, sentence)
    return {rule: told for rule, told in found.items() if told[0] and told[1]}


def _of_column(name: str, column: str, states: Sequence[Measured], batches: bool) -> Iterator[Series]:
    there = [(state, (state.measures or {})["columns"].get(column), (state.measures or {})["rows"]) for state in states]
    cells = [(state, found, rows) for state, found, rows in there if found is not None and rows]
    shown = [(state, found) for state, found, _ in cells if found["filled"]]

    def made(key: str, kind: str, title: str, unit: str, nature: Nature, points: list[Point]) -> Series:
        return Series(name, f"{key}:{column}", kind, column, title, unit, nature, points, batches)

    nulls = [_share(state, found["nulls"], rows) for state, found, rows in cells]
    yield made("nulls", "nulls", f"Empty cells in {column}", "share", _SHARES, nulls)
    if not shown:
        return
    unlike = median(found["distinct"] / found["filled"] for _, found in shown)
    if unlike > _KEYLIKE and shown[0][1]["filled"] >= _FEWEST_ROWS:
        distinct = [_share(state, found["distinct"], found["filled"]) for state, found in shown]
        yield made("distinct", "values", f"Different values in {column}", "share", _SHARES, distinct)
    kind = shown[-1][1].get("kind")
    if kind == "time":
        yield from _lag(shown, made)
    if kind == "number" and not is_identifier(column, pl.Int64()):
        numbers = [(state, found) for state, found in shown if "mean" in found and found["kind"] == "number"]
        usual = median(found["deviation"] for _, found in numbers) if numbers else 0.0
        nature = Nature("plain", 0.1 * usual or 1e-9)
        means = [
            Point(state.snapshot, state.at, found["mean"], found["deviation"] / math.sqrt(found["filled"]))
            for state, found in numbers
        ]
        yield made("mean", "values", f"Mean of {column}", "value", nature, means)
    if kind == "text" or (kind == "number" and not is_identifier(column, pl.Int64())):
        yield made(
            "drift", "drift", f"Drift of {column}", "share", Nature("share", 0.1, above_only=True), _drift(shown)
        )


def _lag(shown: Sequence[tuple[Measured, Any]], made: Callable[..., Series]) -> Iterator[Series]:
    """How old the newest moment of a column was when it came; a column of times to come has none."""
    lags = [
        (state, (state.at.timestamp() - found["quantiles"][-1]) / HOUR)
        for state, found in shown
        if "quantiles" in found
    ]
    if lags and all(lag >= 0 for _, lag in lags):
        points = [Point(state.snapshot, state.at, lag) for state, lag in lags]
        column = "lag"
        yield made(column, "freshness", "Age of the newest value", "hours", Nature("log", 0.2, above_only=True), points)


def _drift(shown: Sequence[tuple[Measured, Any]]) -> list[Point]:
    found = []
    for place, (state, now) in enumerate(shown):
        before = [each for _, each in shown[max(0, place - _LOOK_BACK) : place]]
        if now["filled"] >= _FEWEST_ROWS and (told := moved(before, now)) is not None:
            found.append(Point(state.snapshot, state.at, told[0], detail=told[1]))
    return found


def _share(state: Measured, part: int, of: int, detail: str = "") -> Point:
    return Point(state.snapshot, state.at, min(part / of, 1.0), 1 / (2 * math.sqrt(of)), detail)


def _rows(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows:,} rows"
