"""What is wrong with a draft, found on columns alone: no row is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from automic_core import frames
from automic_core.errors import AutomicError
from automic_core.lake import Lakehouse
from automic_core.planning import NamedStep
from automic_core.transforms.rules import RuleSet
from automic_core.workbench.promotions import entries
from automic_core.workbench.trials import RULES, Base, Parts, Problem, Trial, base_of, conditions, parts_of

_OPEN = frozenset(("pivot",))
"""Steps whose columns depend on the values: what follows them is checked when it runs."""


def problems(lake: Lakehouse, table: str, data: Mapping[str, Any]) -> list[Problem]:
    """Entries that cannot run, in order: an unknown kind or option, a column not there, a type that does not fit.

    Raises:
        CatalogError: There is no such bronze table.
    """
    return checked(lake, table, data)[0]


def columns_at(lake: Lakehouse, table: str, data: Mapping[str, Any], entry: str) -> dict[str, str]:
    """Columns that reach an entry, with the names of their types; those after all steps for a rule."""
    return checked(lake, table, data)[1].get(entry, {})


def checked(lake: Lakehouse, table: str, data: Mapping[str, Any]) -> tuple[list[Problem], dict[str, dict[str, str]]]:
    """Problems, and the columns that reach each entry (for rules, and under "rules": those after all steps)."""
    base = base_of(lake, table)
    name = table.rpartition(".")[2]
    empty = base.rows.collect_schema().to_frame().lazy()
    still = Base(empty, 0, 0, base.keys, base.inferred, base.decided)
    parts = parts_of(data, base.inferred)
    found, reach = list(parts.problems), {}
    with conditions(lake, base):
        trial = Trial(name, still, Parts(parts.schema, parts.steps, [], []))
        frame = frames.track(empty)
        broken = {problem.entry for problem in found}
        excused = set(_makes(data, broken))
        known = True
        steps = {named.id: named for named in trial.steps}
        order = [*(each for each in steps if each not in _ids(data, "steps")), *_ids(data, "steps")]
        for entry in order:
            reach[entry] = _columns(frame)
            named = steps.get(entry)
            if named is None or not known:
                continue
            try:
                frame = _through(named, frame)
            except AutomicError as exc:
                if not any(repr(column) in exc.message for column in excused):
                    found.append(Problem(entry, exc.message, exc.hint))
                excused |= set(_makes(data, {entry}))
            known = known and named.step.kind not in _OPEN
        reach[RULES] = _columns(frame)
        reach |= dict.fromkeys(_ids(data, "rules"), reach[RULES])  # also of those that cannot be built yet
        for entry, rule in parts.rules:
            try:
                if known:
                    RuleSet([(entry, rule)]).check(frame.collect_schema())
            except AutomicError as exc:
                if not any(repr(column) in exc.message for column in excused):
                    found.append(Problem(entry, exc.message, exc.hint))
    place = {entry: number for number, entry in enumerate([*order, *_ids(data, "rules")])}
    return sorted(found, key=lambda each: place.get(each.entry, -1)), reach


def _through(named: NamedStep, frame: pl.LazyFrame) -> pl.LazyFrame:
    """The frame after a step, empty as it is."""
    token = frames.current_step.set(named.id)
    try:
        if named.step.segment:
            living = frame.drop(frames.FATE)
            named.step.prepare(frame).collect_schema()
            fitted = named.step.fit(frame) if named.step.fits else None
            after = (fitted or named.step).apply(living)
            empty = after.collect_schema().to_frame().lazy()
            return frames.track(empty.drop(frames.WEIGHT, frames.RID, strict=False))
        after = named.run(frame)
        return after.collect_schema().to_frame().lazy()
    finally:
        frames.current_step.reset(token)


def _columns(frame: pl.LazyFrame) -> dict[str, str]:
    schema = frame.collect_schema()
    return {name: str(dtype) for name, dtype in schema.items() if not frames.is_hidden(name)}


def _ids(data: Mapping[str, Any], key: str) -> list[str]:
    return [entry for entry, _ in entries("step" if key == "steps" else "rule", data.get(key))]


def _makes(data: Mapping[str, Any], broken: set[str]) -> Iterator[str]:
    """Names a broken step would have made: that they are missing later is no problem of its own."""
    for entry, item in entries("step", data.get("steps")):
        if entry not in broken:
            continue
        for value in (v for name, v in item.items() if name not in ("id", "kind", "enabled")):
            if isinstance(value, str):
                yield value
            elif isinstance(value, Mapping):
                yield from (str(key) for key in value)
                yield from (part for part in value.values() if isinstance(part, str))
            elif isinstance(value, list):
                yield from (part for part in value if isinstance(part, str))
