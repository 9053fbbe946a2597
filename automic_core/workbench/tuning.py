"""Which options of a kind are thresholds or choices of columns, and the values worth trying."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from automic_core import frames, registry

POINTS = 21
MOST_COLUMNS = 12
_CHOICES = ("match_fields", "fields", "group_by", "columns", "numeric_fields")
_NOT_ROWS = ("max_fail", "sample_rows", "confidence_threshold")
_BOUNDS = ("min", "max")
_TAIL = (0, 0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
"""Shares of the rows that a bound might cut off."""


@dataclass(frozen=True)
class Knob:
    """An option that decides how many rows are affected.

    Attributes:
        ordered: A number or date, else a choice of columns.
        low, high: Limits by its schema.
    """

    option: str
    ordered: bool
    low: float | None = None
    high: float | None = None


def knobs_of(group: str, kind: str) -> list[Knob]:
    """From the JSON schema of the options: numbers, bounds, and lists of columns."""
    if group == "step" and kind in ("text", "select", "cast", "rename", "sort", "explode", "unpivot", "pivot"):
        return []
    schema = registry.options_schema(registry.load(group, kind))  # type: ignore[arg-type]
    found = []
    for option, spec in schema.get("properties", {}).items():
        forms = [spec, *spec.get("anyOf", [])]
        numbers = [each for each in forms if each.get("type") in ("number", "integer")]
        lists = [each for each in forms if each.get("type") == "array" and each["items"].get("type") == "string"]
        if numbers and option not in _NOT_ROWS:
            limits = {name: next((n[key] for n in numbers if key in n), None) for name, key in _LIMITS.items()}
            found.append(Knob(option, True, limits["low"], limits["high"]))
        elif lists and option in _CHOICES and not (group == "rule" and kind == "sql"):
            found.append(Knob(option, False))
    return found


_LIMITS = {"low": "minimum", "high": "maximum"}


def values_for(knob: Knob, options: Mapping[str, Any], rows: pl.DataFrame) -> list[Any]:
    """Values worth trying on these rows."""
    if not knob.ordered:
        return _choices(options.get(knob.option), rows, knob.option)
    if knob.option in _BOUNDS:
        return _bounds(knob.option, options, rows)
    now = options.get(knob.option)
    if knob.low is not None and knob.high is not None:
        step = (knob.high - knob.low) / (POINTS - 1)
        tried = [round(knob.low + step * number, 6) for number in range(POINTS)]
    elif knob.option == "threshold":
        tried = [1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 16.0, 25.0, 40.0, 60.0, 100.0]
    else:
        tried = sorted({round(rows.height * share / 10) for share in range(11)})
    return sorted({*tried, *([now] if isinstance(now, int | float) else [])})


def _choices(chosen: Any, rows: pl.DataFrame, option: str) -> list[list[str]]:
    """Each column alone; those chosen together; and together without one."""
    there = frames.data_names(rows.columns)
    now = [name for name in (chosen or []) if name in there] if isinstance(chosen, list) else []
    tried = [[name] for name in (now or there[:MOST_COLUMNS])]
    if len(now) > 1:
        tried.append(now)
        tried += [[other for other in now if other != name] for name in now] if len(now) > 2 else []
    if option == "group_by":
        tried = [*([name] for name in there[:MOST_COLUMNS]), *(list(now[:size]) for size in range(2, len(now) + 1))]
    return [list(key) for key, _ in itertools.groupby(tried)]


def _bounds(option: str, options: Mapping[str, Any], rows: pl.DataFrame) -> list[Any]:
    """Values along the tail that the bound cuts off, finer towards its end, and the bound itself."""
    names = [name for name in options.get("columns") or [] if name in rows.columns]
    values = [rows[name] for name in names if rows[name].dtype.is_numeric() or rows[name].dtype.is_temporal()]
    texts = [rows[name].str.len_chars().cast(pl.Int64) for name in names if rows[name].dtype == pl.String]
    found: set[Any] = set()
    for series in values or texts:
        ordered = series.drop_nulls().sort(descending=option == "max")
        if ordered.len():
            places = {round((ordered.len() - 1) * share) for share in _TAIL}
            found |= {_written(ordered[place]) for place in places}
    now = options.get(option)
    same = [value for value in found if isinstance(value, str) == isinstance(now, str)]
    if now is not None and (same or not found):
        found.add(now)
    return sorted(found, key=lambda value: (isinstance(value, str), value))


def _written(value: Any) -> Any:
    """A bound as the rule takes it."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value if isinstance(value, int) else float(value)
