"""The inbox of Monitors: what is out of the ordinary in all tables, and what people called expected."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from automic_core.errors import AutomicError, CatalogError, ConfigError
from automic_core.events import Event, Listener
from automic_core.lake import Lakehouse
from automic_core.medallion import measuring
from automic_core.medallion.context import now
from automic_core.medallion.decisions import Decision
from automic_core.medallion.expected import KIND, Mark, Surprise, mark, marks
from automic_core.medallion.measuring import Measured
from automic_core.medallion.tracking import Series, track
from automic_core.workbench.alerts import BEHIND, FAR, RUN, Alert, ranked, surprises
from automic_core.workbench.attention import Attention, behind, failed_runs
from automic_core.workbench.listing import Opened, opened_tables

LAYERS = ("bronze", "silver", "gold")
FEW = 12
"""States that a page measures by itself; with more it says so and offers a job."""
FIRST_LOOK = 0.2
"""Seconds that are measured in passing: by a page before it shows what is known, by a job after its work."""


@dataclass(frozen=True)
class Inbox:
    """What is out of the ordinary.

    Attributes:
        alerts: The worst first.
        tables: Tables that are watched.
        series: Series that are watched.
        left: States that are not measured yet.
        marks: What people called expected, the newest first.
        unreadable: Table to why it cannot be read.
    """

    alerts: list[Alert]
    tables: int
    series: int
    left: int
    marks: list[Mark] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Measuring:
    """What was measured now, what is left, and table to why a state of it could not be read."""

    done: int
    left: int
    unreadable: dict[str, str] = field(default_factory=dict)


def monitors(lake: Lakehouse, table: str | None = None, as_of: str = "") -> Inbox:
    """The inbox, by what is measured already.

    Args:
        lake: The lake.
        table: Only this table.
        as_of: ``monitors_version``, for caches.

    Raises:
        CatalogError: There is no such table.
    """
    watched = _watched(lake, table)
    decided = marks(lake.decisions.current())
    alerts: list[Alert] = []
    lines = left = 0
    unreadable = {name: each.facts.error for name, each in watched.items() if each.facts.error}
    for name, each in watched.items():
        if each.table is None:
            continue
        states = measuring.states(lake.context, name, each.table)
        found = track(name, states, [one for one in decided if one.table == name], now())
        alerts += surprises(found)
        lines, left = lines + len(found), left + sum(state.measures is None for state in states)
    alerts += _others(lake, watched)
    shown = [one for one in reversed(decided) if one.table in watched]
    return Inbox(ranked(alerts), len(watched), lines, left, shown, unreadable)


def monitors_version(lake: Lakehouse) -> str:
    """A text that is another one when something was measured, and every quarter of an hour; for caches."""
    return f"{lake.context.state.measures.count()} {int(time.time() // 900)}"


def monitored(lake: Lakehouse, table: str, as_of: str = "") -> list[Series]:
    """The series of a table, judged.

    Raises:
        CatalogError: There is no such table.
    """
    decided = marks(lake.decisions.current(table))
    return track(table, measuring.states(lake.context, table), decided, now())


def measure(
    lake: Lakehouse, table: str | None = None, seconds: float | None = None, on_event: Listener | None = None
) -> Measuring:
    """Measure states that are not measured yet, the newest of each table first.

    Args:
        lake: The lake.
        table: Only this table.
        seconds: Stop after so many; None = when all are measured.
        on_event: Told how far it is.

    Raises:
        CatalogError: There is no such table.
    """
    began = time.monotonic()
    wanted = _unmeasured(lake, _watched(lake, table))
    unreadable: dict[str, str] = {}
    done = 0
    for name, opened, state in wanted:
        if seconds is not None and time.monotonic() - began > seconds:
            break
        try:
            if name not in unreadable:
                measuring.measure(lake.context, name, state, opened.table)
        except AutomicError as exc:
            unreadable[name] = f"{exc.message} {exc.hint}".strip()
        done += 1
        if on_event is not None:
            on_event(Event("progress", "", done, len(wanted), time.monotonic() - began, f"Measuring {name}"))
    return Measuring(done - len(unreadable), len(wanted) - done, unreadable)


def measure_task(lake: Lakehouse, arguments: Mapping[str, Any], on_event: Listener) -> dict[str, Any]:
    """Measure all states as a job. Arguments: perhaps ``table``."""
    found = measure(lake, arguments.get("table"), on_event=on_event)
    return {"measured": found.done, "left": found.left, "warnings": [*found.unreadable.values()]}


def expect(lake: Lakehouse, table: str, series: Iterable[str], snapshot: int, reason: str = "") -> list[Decision]:
    """Call what series say of a state expected; their bounds move from there on.

    Args:
        lake: The lake.
        table: Full name.
        series: Keys of the series.
        snapshot: The state.
        reason: Why, if the person says.

    Raises:
        ConfigError: A series has no value in this state.
        SecurityError: The lake is open for reading only.
    """
    lake.context.writable()
    known = {each.key: each for each in monitored(lake, table)}
    found = []
    for key in series:
        line = known.get(key)
        places = [p for p, point in enumerate(line.points) if point.snapshot == snapshot] if line is not None else []
        if line is None or not places:
            raise ConfigError(f"{table} has no {key} in the state {snapshot}.", "Look at it again, then decide.")
        point, expectation = line.points[places[-1]], line.expectations[places[-1]]
        found.append(Surprise(key, snapshot, point.at, point.value, expectation.expected))
    return mark(lake.context, table, found, reason)


def unexpect(lake: Lakehouse, decision: str) -> list[Decision]:
    """Take back what was called expected, with what was called so in the same breath.

    Raises:
        CatalogError: There is no such decision in force.
    """
    living = [each for each in lake.decisions.current() if each.kind == KIND]
    chosen = next((each for each in living if each.id == decision), None)
    if chosen is None:
        raise CatalogError(f"Nothing was called expected as {decision}.", "It may be taken back already.")
    same = [each for each in living if (each.table, each.at, each.actor) == (chosen.table, chosen.at, chosen.actor)]
    return [lake.decisions.revoke(each.id) for each in same]


def _watched(lake: Lakehouse, table: str | None) -> dict[str, Opened]:
    found = {name: each for name, each in opened_tables(lake).items() if each.facts.layer in LAYERS}
    if table is None:
        return found
    lake.context.need(table)
    return {name: each for name, each in found.items() if name == table}


def _unmeasured(lake: Lakehouse, watched: Mapping[str, Opened]) -> list[tuple[str, Opened, Measured]]:
    """Table and state, the newest state of each table first."""
    found: list[tuple[int, str, Opened, Measured]] = []
    for name, each in watched.items():
        if each.table is None:
            continue
        states = reversed(measuring.states(lake.context, name, each.table))
        found += [(age, name, each, state) for age, state in enumerate(states) if state.measures is None]
    return [(name, each, state) for _, name, each, state in sorted(found, key=lambda one: one[0])]


def _others(lake: Lakehouse, watched: Mapping[str, Opened]) -> list[Alert]:
    """Runs that failed, and tables that are behind their source: nothing to be called expected, only to be settled."""
    found = []
    for each in failed_runs(lake):
        if each.table in watched:
            why = "A run that failed is run again or left; it is no surprise of a series."
            found.append(_settled_elsewhere(RUN, each, 2 * FAR, "Its newest run.", why))
    for each in behind(watched):
        why = "Promote or build it again; then it is not behind any more."
        found.append(_settled_elsewhere(BEHIND, each, 1.0, "By the state it was made from.", why))
    return found


def _settled_elsewhere(kind: str, each: Attention, score: float, basis: str, why: str) -> Alert:
    return Alert(
        kind, each.level, score, each.table, "", each.sentence, basis, page=each.page, query=each.query, fixed=why
    )
