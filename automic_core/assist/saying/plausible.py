""" "Age must be plausible": what the column's own profile calls unusual, and nothing that is not in it."""

from __future__ import annotations

from typing import Any

import polars as pl

from automic_core.assist.candidates import rounded_down, rounded_up
from automic_core.assist.figures import figure
from automic_core.assist.rules import rules_for
from automic_core.assist.saying.columns import Columns
from automic_core.assist.saying.saying import Unclear, Wish

_FEWEST = 20
_FENCE = 3.0


def plausible(name: str, columns: Columns) -> list[Wish]:
    """Rules for a column, from its values alone.

    Bounds of numbers and dates are Tukey's outer fences, three interquartile ranges beyond the quartiles (Exploratory
    Data Analysis, 1977), never inside zero where nearly nothing is negative; where the values show a clear gap, the
    bound lies there. Texts are judged by the categories or the form that nearly all of them have.

    Raises:
        Unclear: The values show nothing to go by.
    """
    present = columns.rows[name].drop_nulls()
    if present.len() < _FEWEST:
        raise Unclear(f"{name} has {present.len():,} values: too few to say what is plausible.", "Give bounds.")
    looked = columns.rows.select(
        [column for column in columns.rows.columns if column.startswith("_") or column == name]
    )
    told = [each for each in rules_for(looked, [])
            if each.columns == {name} and each.kind in ("range", "set", "regex", "sql")]  # fmt: skip
    if told:
        return [Wish("rule", each.kind, each.options, each.title, _by_profile(f"{name}: {each.why}")) for each in told]
    if present.dtype.is_numeric():
        return [_fenced(name, present.cast(pl.Float64))]
    if present.dtype in (pl.Date, pl.Datetime):
        return [_days(name, present.cast(pl.Date))]
    raise Unclear(f"The values of {name} are too different to say which is plausible.", "Say it: one of …, or a form.")


def _by_profile(what: str) -> str:
    return f"from the profile of this column, not from knowledge of the world; {what}"


def _fenced(name: str, values: pl.Series) -> Wish:
    low, middle, high = (float(values.quantile(q) or 0) for q in (0.25, 0.5, 0.75))
    reach = _FENCE * (high - low)
    ends = [low - reach, high + reach]
    if float((values < 0).mean() or 0) <= 0.02 and ends[0] < 0:  # type: ignore[arg-type]
        ends[0] = 0.0
    bounds: dict[str, Any] = {"min": rounded_down(ends[0]), "max": rounded_up(ends[1])}
    said = f"half of the values lie between {figure(low)} and {figure(high)}, the middle is {figure(middle)}"
    title = f"{name} lies between {figure(bounds['min'])} and {figure(bounds['max'])}"
    return Wish("rule", "range", {"columns": [name], **bounds}, title, _by_profile(said))


def _days(name: str, days: pl.Series) -> Wish:
    numbers = days.to_physical().cast(pl.Float64)
    low, high = (float(numbers.quantile(q) or 0) for q in (0.25, 0.75))
    reach = _FENCE * max(high - low, 365.0)
    ends = pl.Series([max(low - reach, -719_162), min(high + reach, 2_932_532)]).cast(pl.Int32).cast(pl.Date)
    said = f"half of the values lie in {_day(low)} to {_day(high)}"
    title = f"{name} lies between {ends[0]} and {ends[1]}"
    options = {"columns": [name], "min": ends[0].isoformat(), "max": ends[1].isoformat()}
    return Wish("rule", "range", options, title, _by_profile(said))


def _day(number: float) -> str:
    return str(pl.Series([int(number)], dtype=pl.Int32).cast(pl.Date)[0])
