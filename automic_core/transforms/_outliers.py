"""How far a number lies from the others of its column: three methods, each a few numbers a column.

Each method gives a distance without unit and the limit beyond which a value counts as an anomaly:

- statistical: the externally studentised (deleted) residual, which judges each value against mean and spread of all the
  others, so that a single huge value cannot hide behind the spread it makes itself (Cook & Weisberg, Residuals and
  Influence in Regression, 1982, section 2.2; here for the model "constant mean"). It follows Student's t with n - 2
  degrees of freedom; the limit is the t that is as rare as ``threshold`` standard deviations of a normal variable,
  so that a column of five values raises no more false alarms than one of a million.
- mad: the modified z-score 0.6745 (x - median) / MAD; where MAD is 0, (x - median) / (1.253314 mean absolute
  deviation) (Iglewicz & Hoaglin, How to Detect and Handle Outliers, 1993).
- iqr: how many interquartile ranges a value lies outside the quartiles (Tukey, Exploratory Data Analysis, 1977).
"""

from __future__ import annotations

import math
from typing import Literal, TypedDict

import polars as pl

Method = Literal["statistical", "mad", "iqr"]

DEFAULT_THRESHOLD: dict[Method, float] = {"statistical": 3.0, "mad": 3.5, "iqr": 1.5}
FEWEST_VALUES: dict[Method, int] = {"statistical": 3, "mad": 3, "iqr": 4}
FARTHEST = 1e9
"""Scores end here; an infinite value has this score."""

_ROUNDING = 1e-14  # share of a sum of squares that is lost when almost all of it is taken away again


class Spread(TypedDict, total=False):
    """What was learned of one column: ``n`` finite values, and the numbers of one method."""

    n: int
    mean: float
    m2: float
    low: float
    high: float
    scale: float


def learn(values: pl.Series, method: Method) -> Spread:
    """The numbers a method needs; see ``judges`` for columns with too few.

    Args:
        values: Float64; nulls, NaN and infinities do not count.
    """
    known = values.filter(values.is_finite())
    n = known.len()
    if method == "statistical" and n:
        mean = _number(known.mean())
        if known.min() == known.max():  # rounding of the mean would look like spread
            return {"n": n, "mean": _number(known[0]), "m2": 0.0}
        return {"n": n, "mean": mean, "m2": _number(((known - mean) ** 2).sum())}
    if n < FEWEST_VALUES[method] or known.min() == known.max():
        return {"n": n}
    if method == "mad":
        center = _number(known.median())
        away = (known - center).abs()
        mad = _number(away.median())
        return {
            "n": n,
            "low": center,
            "high": center,
            "scale": mad / 0.6745 if mad else 1.253314 * _number(away.mean()),
        }
    low, high = (_number(known.quantile(share, "linear")) for share in (0.25, 0.75))
    return {"n": n, "low": low, "high": high, "scale": high - low} if high > low else {"n": n}


def judges(spread: Spread) -> bool:
    """Whether there are enough values, and unlike ones, to judge by."""
    return "scale" in spread or (spread["n"] >= FEWEST_VALUES["statistical"] and spread.get("m2", 0.0) > 0)


def merge(left: Spread, right: Spread) -> Spread:
    """Mean and sum of squares of both slices together (Chan, Golub & LeVeque 1979, equation 2.1)."""
    if not left["n"] or not right["n"]:
        return left if left["n"] else right
    n = left["n"] + right["n"]
    step = right["mean"] - left["mean"]
    mean = left["mean"] + step * right["n"] / n
    return {"n": n, "mean": mean, "m2": left["m2"] + right["m2"] + step**2 * left["n"] * right["n"] / n}


def distance(value: pl.Expr, spread: Spread) -> pl.Expr:
    """Distance of each value by the method that learned ``spread``; null where there is no number."""
    number = pl.when(~value.is_nan()).then(value)
    if "m2" not in spread:
        beyond = pl.max_horizontal(spread["low"] - number, number - spread["high"], 0.0)
        return pl.when(number.is_not_null()).then(beyond / spread["scale"])
    n, m2 = spread["n"], spread["m2"]
    away = number - spread["mean"]
    # sum of squares around their own mean of the n - 1 other values (deletion formula)
    others = pl.max_horizontal(m2 - away**2 * (n / (n - 1)), m2 * _ROUNDING)
    return away.abs() * math.sqrt(n / (n - 1) * (n - 2)) / others.sqrt()


def scaled(value: pl.Expr, method: Method, spread: Spread, threshold: float) -> pl.Expr:
    """Distance over limit: above 1 is an anomaly, an infinite value is the farthest; null where it cannot be judged."""
    infinite = pl.when(value.is_infinite()).then(FARTHEST)
    if not judges(spread):
        return infinite
    away = distance(value, spread) / limit(method, threshold, spread["n"])
    return pl.when(value.is_infinite()).then(FARTHEST).otherwise(away.clip(upper_bound=FARTHEST))


def limit(method: Method, threshold: float, n: int) -> float:
    """The distance beyond which a value is an anomaly.

    For ``statistical``: Student's t with n - 2 degrees of freedom that is as rare as ``threshold`` normal standard
    deviations, by Wallace's approximation (Annals of Mathematical Statistics 30, 1959, 1121-1130) solved for t; 1 %
    high at 6 degrees of freedom, more so and thus more cautious below.
    """
    if method != "statistical":
        return threshold
    freedom = n - 2
    normal = threshold * (8 * freedom + 3) / (8 * freedom + 1)
    return math.sqrt(freedom * math.expm1(min(normal**2 / freedom, 700.0)))


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
