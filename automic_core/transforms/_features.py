"""Columns of any kind as numbers in which "far" means the same: deviations from what is usual in the column.

- numbers, dates and times: distance from the median in robust deviations, signed. The unit is the median absolute
  deviation over 0.6745, or 1.253314 mean absolute deviations where more than half the rows hold one value (Iglewicz &
  Hoaglin, How to Detect and Handle Outliers, 1993).
- categories, and the forms of free text: how rare values as rare as this one are together, as deviations of a normal
  variable (two-sided). A value is not strange for being one of very many rare ones.
- free text has a second feature, its length.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import ndtri

Matrix = npt.NDArray[np.float64]
FARTHEST = 1e6
_MOST_CATEGORIES, _ROWS_A_CATEGORY = 200, 5


class Feature(TypedDict, total=False):
    """What was learned of one feature.

    ``kind``: number, length (of a text), category, or form (of a text). Numbers: ``middle``, ``unit``, ``time`` whether
    they count microseconds. Others: ``rows``, ``deviations`` of each known value.
    """

    column: str
    kind: str
    middle: float
    unit: float
    time: bool
    rows: int
    deviations: dict[str, float]


def learn(rows: pl.DataFrame) -> list[Feature]:
    """The features of a frame; columns with fewer than two values have none."""
    found: list[Feature] = []
    for name in rows.columns:
        column = rows[name]
        if column.n_unique() - (column.null_count() > 0) < 2:
            continue
        if column.dtype.is_numeric() or column.dtype.is_temporal():
            found.extend(_number(name, "number", column))
        elif column.dtype == pl.String and not _is_category(column):
            found.extend(_number(name, "length", column))
            found.append(_rarity(name, "form", column))
        elif column.dtype == pl.String or column.dtype == pl.Boolean or column.dtype in (pl.Categorical, pl.Enum):
            found.append(_rarity(name, "category", column))
    return found


def matrix(rows: pl.DataFrame, features: list[Feature]) -> Matrix:
    """One row a record, one column a feature; a missing value is usual (0)."""
    columns = [_deviations(rows[feature["column"]], feature) for feature in features]
    return np.column_stack(columns) if columns else np.zeros((rows.height, 0))


def explain(value: Any, deviation: float, feature: Feature) -> str:
    """Column, value, how far, against what."""
    name, shown = feature["column"], str(value)
    shown = shown if len(shown) <= 60 else shown[:60] + "…"
    if feature["kind"] == "category":
        return f"{name} = {shown} is a rare value ({deviation:.1f} deviations)"
    if feature["kind"] == "form":
        return f"{name} = {shown} has a rare form ({deviation:.1f} deviations)"
    side = "above" if deviation > 0 else "below"
    if feature["kind"] == "length":
        return f"{name} = {shown} has {len(str(value))} signs, {abs(deviation):.1f} deviations {side} the usual length"
    if feature.get("time"):
        return f"{name} = {shown} is {abs(deviation):.1f} deviations {side} the middle date"
    return f"{name} = {shown} is {abs(deviation):.1f} deviations {side} the median {feature['middle']:.6g}"


def _is_category(column: pl.Series) -> bool:
    kinds = column.n_unique()
    return kinds <= _MOST_CATEGORIES and column.len() >= _ROWS_A_CATEGORY * kinds


def _number(name: str, kind: str, column: pl.Series) -> list[Feature]:
    values = _numbers(column, kind)
    known = values[np.isfinite(values)]
    if len(known) < 3 or known.min() == known.max():
        return []
    with np.errstate(over="ignore", invalid="ignore"):  # numbers near the end of the range
        middle = np.median(known)
        away = np.abs(known - middle)
        unit = float(np.median(away)) / 0.6745 or 1.253314 * float(away.mean())
    if not (np.isfinite(unit) and np.isfinite(middle)) or unit <= 0:
        return []
    feature: Feature = {"column": name, "kind": kind, "middle": float(middle), "unit": unit}
    return [{**feature, "time": True} if column.dtype.is_temporal() else feature]


def _rarity(name: str, kind: str, column: pl.Series) -> Feature:
    counts = _labels(column, kind).drop_nulls().rename("value").value_counts().sort("count", "value")
    rows = int(counts["count"].sum())
    as_rare = counts.group_by("count").agg(pl.col("count").sum().alias("mass")).sort("count")
    tail = dict(zip(as_rare["count"].to_list(), as_rare["mass"].cum_sum().to_list(), strict=True))
    return {
        "column": name,
        "kind": kind,
        "rows": rows,
        "deviations": {value: _deviation(tail[count] / rows) for value, count in counts.iter_rows()},
    }


def _deviation(share: float) -> float:
    """The deviation of a normal variable that is as rare, on either side."""
    return 0.0 if share >= 1 else float(-ndtri(share / 2))


def _numbers(column: pl.Series, kind: str) -> Matrix:
    if kind == "length":
        column = column.str.len_chars()
    elif column.dtype == pl.Date:
        column = column.cast(pl.Datetime("us"))
    if column.dtype.is_temporal():
        column = column.to_physical()
    return column.cast(pl.Float64).fill_null(math.nan).to_numpy()


def _labels(column: pl.Series, kind: str) -> pl.Series:
    text = column.cast(pl.String)
    if kind != "form":
        return text
    shape = text.str.replace_all(r"\p{Lu}+", "A").str.replace_all(r"\p{Ll}+", "a").str.replace_all(r"\d+", "9")
    return shape.str.replace_all(r"(?:A?a ?)+", "a")


def _deviations(column: pl.Series, feature: Feature) -> Matrix:
    if feature["kind"] in ("number", "length"):
        with np.errstate(over="ignore", invalid="ignore"):
            away = (_numbers(column, feature["kind"]) - feature["middle"]) / feature["unit"]
        return np.clip(np.nan_to_num(away, nan=0.0, posinf=FARTHEST, neginf=-FARTHEST), -FARTHEST, FARTHEST)
    known: Mapping[str, float] = feature["deviations"]
    unseen = _deviation(0.5 / feature["rows"])
    labels = _labels(column, feature["kind"])
    found = labels.replace_strict(
        pl.Series(known.keys(), dtype=pl.String), pl.Series(known.values(), dtype=pl.Float64), default=unseen
    )
    return found.set(labels.is_null(), 0.0).to_numpy()
