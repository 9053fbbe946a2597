"""Which chart fits an answer, from its shape alone, and why; a person may choose otherwise."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

import polars as pl

Kind = Literal["number", "bar", "line", "area", "scatter", "histogram", "none"]
Role = Literal["number", "time", "category", "other"]

COUNT = ""
MOST_SERIES = 8
_ORDERED = re.compile(r"(^|_)(year|quarter|month|week|day|hour)$", re.IGNORECASE)
_KEYLIKE = re.compile(r"(^|_)(id|rid)$|^_", re.IGNORECASE)
_DAYS = r"^\d{4}-\d{2}(-\d{2})?$"
_LONG_TEXT = 60


@dataclass(frozen=True)
class ChartSpec:
    """A chart of an answer.

    Attributes:
        x: Column along the axis; of a histogram the one that is measured; None of a number.
        y: Column of the height; ``COUNT`` (empty) = how many rows.
        series: Column that tells lines, groups or colours apart.
        why: One sentence for the person.
        kinds: Charts that can be drawn of this answer, the best first.
    """

    kind: Kind
    x: str | None = None
    y: str | None = None
    series: str | None = None
    why: str = ""
    kinds: tuple[Kind, ...] = ()


@dataclass(frozen=True)
class Choices:
    """Columns that can be chosen for each part of a chart."""

    x: tuple[str, ...]
    y: tuple[str, ...]
    series: tuple[str, ...]


def role(column: pl.Series) -> Role:
    """What a column can be in a chart."""
    kind = column.dtype
    if kind.is_numeric():
        return "time" if kind.is_integer() and _ORDERED.search(column.name) else "number"
    if kind.is_temporal() and kind not in (pl.Time, pl.Duration):
        return "time"
    if kind == pl.Boolean:
        return "category"
    if kind == pl.String:
        values = column.drop_nulls()
        if len(values) and bool(values.str.contains(_DAYS).all()):
            return "time"
        return "category"
    return "other"


def chart_choices(frame: pl.DataFrame, kind: Kind) -> Choices:
    """What a person may choose for a kind of chart."""
    roles = {name: role(frame[name]) for name in frame.columns}
    numbers = tuple(name for name in frame.columns if frame[name].dtype.is_numeric())
    if kind == "number":
        return Choices((), numbers, ())
    if kind == "histogram":
        return Choices(numbers, (), ())
    categories = tuple(name for name, each in roles.items() if each == "category")
    if kind == "scatter":
        across = (*numbers, *(name for name, each in roles.items() if each == "time" and name not in numbers))
        return Choices(across, numbers, categories)
    across = tuple(name for name, each in roles.items() if each != "other")
    return Choices(across, (*numbers, COUNT), categories)


def choose_chart(frame: pl.DataFrame) -> ChartSpec:
    """The chart that fits best.

    Never fails, and names only columns of the frame; its kind is "none" where no chart would tell anything.
    """
    kinds = _kinds(frame)
    if not kinds:
        return ChartSpec("none", why=_why_none(frame))
    roles = {name: role(frame[name]) for name in frame.columns if not _KEYLIKE.search(name)}
    numbers = [name for name, each in roles.items() if each == "number"]
    times = [name for name, each in roles.items() if each == "time"]
    categories = [name for name, each in roles.items() if each == "category" and _is_label(frame[name])]
    found = _best(frame, numbers, times, categories)
    if found is None:
        return ChartSpec(
            "none", why="These columns have no figures and no groups that a chart would show.", kinds=kinds
        )
    first = [found.kind, *(kind for kind in kinds if kind != found.kind)]
    return replace(found, kinds=tuple(first))


def _best(frame: pl.DataFrame, numbers: list[str], times: list[str], categories: list[str]) -> ChartSpec | None:
    if frame.height == 1:
        return ChartSpec("number", y=numbers[0], why="One row with a figure.") if numbers else None
    moving = [name for name in times if frame[name].n_unique() > 1]
    groups = [name for name in categories if frame[name].n_unique() <= frame.height // 2]
    if moving and numbers:
        x, y = moving[0], numbers[0]
        if _once_each(frame, [x]):
            return ChartSpec("line", x, y, None, f"{y} over time.")
        series = next((name for name in groups if _once_each(frame, [x, name])), None)
        if series is not None:
            return ChartSpec("line", x, y, series, f"{y} over time, a line for each {series}.")
    if len(categories) == 1 and numbers and _once_each(frame, categories):
        return ChartSpec("bar", categories[0], numbers[0], None, f"One {numbers[0]} for each {categories[0]}.")
    if len(groups) == len(categories) == 2 and numbers and _once_each(frame, groups):
        x, series = sorted(groups, key=lambda name: -frame[name].n_unique())
        return ChartSpec("bar", x, numbers[0], series, f"{numbers[0]} for each {x} and {series}.")
    if len(numbers) == 1 and not categories and not moving:
        return ChartSpec("histogram", numbers[0], None, None, f"How {numbers[0]} is distributed.")
    if len(numbers) == 2 and len(frame.columns) <= 3 and not moving:
        return ChartSpec("scatter", numbers[0], numbers[1], None, f"{numbers[1]} against {numbers[0]}.")
    if groups and frame.height >= 4:
        return ChartSpec("bar", groups[0], COUNT, None, f"How many of these rows each {groups[0]} has.")
    if len(numbers) >= 2:
        return ChartSpec("scatter", numbers[0], numbers[1], None, f"{numbers[1]} against {numbers[0]}.")
    return ChartSpec("histogram", numbers[0], None, None, f"How {numbers[0]} is distributed.") if numbers else None


def _kinds(frame: pl.DataFrame) -> tuple[Kind, ...]:
    """Kinds that can be drawn at all."""
    if not frame.height or not frame.width:
        return ()
    possible: list[Kind] = ["number"] if frame.height == 1 else []
    possible += ["bar", "line", "area", "scatter", "histogram"]
    return tuple(kind for kind in possible if _drawable(chart_choices(frame, kind), kind))


def _drawable(found: Choices, kind: Kind) -> bool:
    if kind == "number":
        return bool(found.y)
    if kind == "scatter":
        return bool(found.x) and bool(found.y) and (len(found.x) > 1 or found.x != found.y)
    return bool(found.x)


def _why_none(frame: pl.DataFrame) -> str:
    return "There are no rows." if not frame.height else "None of these columns can be drawn."


def _once_each(frame: pl.DataFrame, columns: list[str]) -> bool:
    return not frame.select(columns).is_duplicated().any()


def _is_label(column: pl.Series) -> bool:
    """Whether values are names of groups rather than texts."""
    if column.dtype != pl.String:
        return True
    return bool(column.null_count() < len(column) and (column.str.len_chars() <= _LONG_TEXT).all())


def refit_chart(frame: pl.DataFrame, spec: ChartSpec) -> ChartSpec:
    """The same wish with columns that fit its kind: those it names where they do, else the first that do."""
    fits = chart_choices(frame, spec.kind)

    def fitting(name: str | None, names: tuple[str, ...], other: str | None = None) -> str | None:
        return name if name in names else next((each for each in names if each != other), names[0] if names else None)

    if spec.kind == "none":
        return replace(spec, x=None, y=None, series=None)
    x = fitting(spec.x, fits.x)
    y = fitting(spec.y, fits.y, x)
    if spec.kind == "scatter" and x == y:
        x = fitting(None, fits.x, y)
    return replace(spec, x=x, y=y, series=spec.series if spec.series in fits.series else None)
