"""First look: which candidates a sample leaves standing, so that the full pass only checks those.

All columns are looked at together, stacked into one long frame: thousands of columns cost a few queries, not thousands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import polars as pl

from automic_core.inference.candidates import LOOKS, Candidate, options
from automic_core.inference.contest import LEAST_MEMBER, LEAST_SHARE, Screened, contest
from automic_core.inference.patterns import PATTERNS, matches

_PROBE = 500  # distinct values that tell whether a form occurs at all
_SAMPLE_CELLS = 2_000_000
_SAMPLE_ROWS = (100, 5_000)


def sample_size(columns: int) -> int:
    """Rows of the first look: fewer the wider the frame."""
    least, most = _SAMPLE_ROWS
    return max(least, min(most, _SAMPLE_CELLS // max(columns, 1)))


class Look(NamedTuple):
    """What the first look is for: patterns too; exact inference needs no mixture of formats."""

    patterns: bool = True
    exact: bool = False


def screen(samples: list[pl.Series], names: list[str], look: Look) -> list[Screened]:
    """Candidates and patterns for samples of stripped texts without nulls; the names are evidence too."""
    results = [Screened() for _ in names]
    distinct = [_distinct(sample, i) for i, sample in enumerate(samples)]
    stacked = pl.concat(distinct) if distinct else pl.DataFrame()
    if stacked.is_empty():
        return results
    tried: dict[tuple[Candidate, ...], list[int]] = {}
    for seen in _shares(stacked, {kind: pl.col("text").str.contains(shape) for kind, shape in LOOKS.items()}):
        i, total = seen["column"], seen["total"]
        results[i].numeric, results[i].measured = seen["number"] > 0, seen["unit"] * 2 > total
        found = options(names[i], [kind for kind in LOOKS if seen[kind] >= LEAST_MEMBER * total])
        if found:
            tried.setdefault(tuple(found), []).append(i)
    for group, members in tried.items():
        for i, values, casts in _readings([distinct[i] for i in members], group):
            contest(results[i], values, casts, exact=look.exact)
    if look.patterns:
        few = pl.concat([values.head(_PROBE) for values in distinct])
        for seen in _shares(few, {pattern: matches(pattern, pl.col("text")) for pattern in PATTERNS}):
            results[seen["column"]].patterns = [p for p in PATTERNS if seen[p] >= LEAST_SHARE * seen["total"]]
    return results


def _distinct(sample: pl.Series, column: int) -> pl.DataFrame:
    """Values in order of appearance, so that two runs look at the same ones."""
    return pl.DataFrame(
        {"text": sample.unique(maintain_order=True), "count": sample.unique_counts().cast(pl.Int64)},
        schema={"text": pl.String, "count": pl.Int64},
    ).with_columns(pl.lit(column, dtype=pl.Int64).alias("column"))


def _shares(stacked: pl.DataFrame, masks: dict[str, pl.Expr]) -> Iterator[dict[str, int]]:
    marked = stacked.select("column", "count", *(mask.alias(name) for name, mask in masks.items()))
    weights = [(pl.col(name) * pl.col("count")).sum().alias(name) for name in masks]
    grouped = marked.group_by("column", maintain_order=True).agg(pl.col("count").sum().alias("total"), *weights)
    return grouped.iter_rows(named=True)


def _readings(
    columns: list[pl.DataFrame], tried: tuple[Candidate, ...]
) -> Iterator[tuple[int, pl.DataFrame, dict[Candidate, pl.Series]]]:
    """What each candidate makes of each column; candidates that read nothing in any of them are left out."""
    text = pl.col("text")
    probe = pl.concat([values.head(_PROBE) for values in columns])
    hits = probe.select(option.cast(text).count().alias(str(k)) for k, option in enumerate(tried)).row(0)
    read = [option for option, number in zip(tried, hits, strict=True) if number]
    if not read:
        return
    stacked = pl.concat(columns)
    casts = stacked.select(option.cast(text).alias(str(k)) for k, option in enumerate(read)).get_columns()
    start = 0
    for values in columns:
        own = {option: cast.slice(start, values.height) for option, cast in zip(read, casts, strict=True)}
        start += values.height
        yield values["column"][0], values, own
