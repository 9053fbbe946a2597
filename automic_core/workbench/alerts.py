"""What is out of the ordinary in a table, ranked, in words: surprises of its series and the rules it fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from automic_core.medallion.tracking import Point, Series
from automic_core.series.bands import FEWEST, Expectation
from automic_core.workbench.listing import Health

__all__ = ["Alert", "Series", "basis", "between", "ranked", "surprises", "words"]

RECENT, FAR, SHORT = 5, 3.0, 8
"""Newest batches that are still of interest; halves of the band from which on it is bad; states of a short history."""
_ROOM = 1.1
RUN, BEHIND = "run", "behind"


@dataclass(frozen=True)
class Alert:
    """One thing out of the ordinary.

    Attributes:
        kind: volume, freshness, nulls, values, drift, rule, run or behind.
        score: How bad, the unit being half a band: above 1 is outside. The inbox is ranked by it.
        table: Full name.
        column: The column or the rule; empty = the table.
        sentence: What is the matter.
        basis: Against what, and how sure.
        keys: The series that say so, the strongest first; empty = none.
        snapshot: The state it is about.
        page: Where it can be looked into.
        query: Query parameters of that page.
        fixed: Why it cannot be called expected; empty if it can.
    """

    kind: str
    level: Health
    score: float
    table: str
    column: str
    sentence: str
    basis: str
    keys: list[str] = field(default_factory=list)
    snapshot: int = 0
    at: datetime | None = None
    page: str = ""
    query: dict[str, str] = field(default_factory=dict)
    fixed: str = ""

    @property
    def id(self) -> str:
        """Names it in links."""
        return f"{self.table}/{self.keys[0] if self.keys else self.kind}"

    @property
    def told(self) -> str:
        """What is the matter, and against what."""
        end = "" if self.sentence.endswith((".", "?", "!")) else "."
        return f"{self.sentence}{end} {self.basis}"


def surprises(series: Sequence[Series]) -> list[Alert]:
    """The alerts of a table, the worst first; what several series of a column say of one state is one alert."""
    found = sorted(
        (hit for each in series for hit in _hits(each)), key=lambda hit: (hit[0].column, hit[0].kind == "rule", hit[1])
    )
    alerts = []
    for _, group in groupby(found, key=lambda hit: (hit[0].column, hit[0].kind == "rule", hit[1])):
        alerts.append(_alert(sorted(group, key=lambda hit: -hit[2])))
    return ranked(alerts)


def ranked(alerts: Sequence[Alert]) -> list[Alert]:
    """The worst first."""
    return sorted(alerts, key=lambda each: (-each.score, each.table, each.column, each.kind))


def current(series: Series) -> list[int]:
    """Places in a series that still matter: the last, or of batches the newest few, since the last mark."""
    last = len(series.points) - 1
    first = max(0, last + 1 - RECENT) if series.batches and series.kind != "rule" else last
    seen = max((mark.at for mark in series.marks), default=None)
    return [place for place in range(first, last + 1) if seen is None or series.points[place].at >= seen]


def words(series: Series, value: float) -> str:
    """A value of a series with its unit."""
    if series.unit == "share":
        return f"{value * 100:.0f}%" if 0.1 <= value <= 0.9 else f"{float(f'{value * 100:.2f}'):g}%"
    if series.unit == "hours":
        return duration(value)
    return f"{value:,.0f}" if series.unit == "rows" or abs(value) >= 1000 else f"{value:,.4g}"


def duration(hours: float) -> str:
    """Hours as people say them."""
    if hours >= 48:
        return f"{hours / 24:,.1f} days"
    return f"{hours:,.1f} hours" if hours >= 1 else f"{hours * 60:,.0f} minutes"


def _hits(series: Series) -> Iterator[tuple[Series, int, float, int]]:
    """Series, state, score and place of what is out of the ordinary."""
    for place in reversed(current(series)):
        point, expectation = series.points[place], series.expectations[place]
        if series.kind == "rule":
            if point.value and not any(point.value <= _ROOM * mark.value for mark in series.marks):
                score = abs(expectation.away) if expectation.outside else min(point.value, 0.99)
                yield series, point.snapshot, score, place
        elif expectation.outside:
            yield series, point.snapshot, abs(expectation.away), place


def _alert(hits: list[tuple[Series, int, float, int]]) -> Alert:
    series, snapshot, score, place = hits[0]
    point, expectation = series.points[place], series.expectations[place]
    query = {"table": series.table}
    page = "tables"
    if series.kind == "rule":
        page, query = (
            ("quarantine", {**query, "filter": series.column}) if "aside" in point.detail else ("rules", query)
        )
    also = [hit[0].title for hit in hits[1:]]
    told = basis(series, expectation) + (f" Also: {', '.join(also)}." if also else "")
    return Alert(
        series.kind,
        "bad" if score >= FAR else "attention",
        score,
        series.table,
        series.column,
        _sentence(series, point, expectation),
        told,
        [hit[0].key for hit in hits],
        snapshot,
        point.at,
        page,
        query,
    )


def _sentence(series: Series, point: Point, expectation: Expectation) -> str:
    value, band = words(series, point.value), f"expected {between(series, expectation)}"
    if series.kind == "rule":
        return f"{series.column}: {point.detail or f'{value} of the rows fail it'}"
    if series.kind == "drift":
        return f"{series.column} has moved by {value}: {point.detail}"
    if series.key == "gap":
        return f"nothing came for {value}, {band}" if series.open else f"it came after {value}, {band}"
    if series.kind == "freshness":
        return f"the newest {series.column} was {value} old, {band}"
    if series.kind == "nulls":
        return f"{value} of {series.column} is empty, {band}"
    if series.kind == "volume":
        return f"{value} {'rows came' if series.batches else 'rows'}, {band}"
    return f"{series.title[:1].lower()}{series.title[1:]}: {value}, {band}"


def between(series: Series, expectation: Expectation) -> str:
    """The band in words."""
    high = words(series, expectation.high)
    if series.nature.above_only:
        return f"at most {high}"
    low = words(series, expectation.low)
    return low if low == high else f"{low} to {high}"


def basis(series: Series, expectation: Expectation) -> str:
    """Against what a value is judged, and how sure that is."""
    known = expectation.history
    states = f"{known:,} {'value' if known == 1 else 'values'} before it"
    if known < FEWEST:
        return (
            f"Only {states}: too few to say what is usual."
            if known
            else "The first of its series: nothing to compare with."
        )
    if series.kind == "rule" and not expectation.outside:
        return f"As usual, by {states}: at most {words(series, expectation.high)}."
    way = {"level": "", "trend": " and their trend"}.get(expectation.basis, f" at the same {expectation.basis}")
    told = f"{abs(expectation.away):.1f} times as far as the band reaches, by {states}{way}."
    return told + (" A short history has a wide band." if known < SHORT else "")
