"""Domains of columns, proposed by rules or by a model: each value is tested, and the values have the last word."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from automic_core.assist.describing import ColumnDomain, Description, Descriptions
from automic_core.inference.casting import DEFAULT_NULL_TOKENS
from automic_core.inference.columns import stripped
from automic_core.inference.domains import DOMAINS
from automic_core.inference.evidence import CounterExample
from automic_core.inference.meaning import LIKELY

_EXAMPLES = 5


def proven(found: Descriptions, rows: pl.DataFrame) -> Descriptions:
    """The proposals with how many of the values are of the domain each names; one that most values deny is refused."""
    refused = list(found.refused)
    columns: list[Description] = []
    for each in found.columns:
        domain = measured(each.domain.name, _texts(rows, each.column)) if each.domain is not None else None
        if domain is not None and domain.agree < LIKELY * domain.of:
            strangers = ", ".join(repr(example.value[:40]) for example in domain.counter_examples[:3])
            refused.append(
                f"{each.column}: only {domain.agree:,} of {domain.of:,} values can be a {domain.name}; not {strangers}"
            )
            domain = None
        columns.append(replace(each, domain=domain))
    return replace(found, columns=columns, refused=refused)


def measured(name: str, texts: pl.Series) -> ColumnDomain | None:
    """A domain with the values that are of it, and the most frequent that are not; None of a column without values.

    Args:
        name: One of ``DOMAINS``.
        texts: The values as text, without nulls.
    """
    counts = texts.alias("value").value_counts(name="rows").sort("rows", "value", descending=[True, False])
    if counts.is_empty():
        return None
    fits = DOMAINS[name].fits(counts["value"]).fill_null(False)
    agree = int(counts.filter(fits)["rows"].sum())
    strangers = counts.filter(~fits).head(_EXAMPLES)
    examples = tuple(CounterExample(value, rows) for value, rows in strangers.iter_rows())
    return ColumnDomain(name, DOMAINS[name].why, agree, texts.len(), examples)


def _texts(rows: pl.DataFrame, column: str) -> pl.Series:
    one = rows.select(pl.nth(rows.columns.index(column)).alias("0"))  # by position: a name may be a pattern to Polars
    if one.schema["0"].is_nested() or one.schema["0"] == pl.Binary:
        return pl.Series("0", [], dtype=pl.String)
    text = one.with_columns(pl.col("0").cast(pl.String))
    return text.select(stripped("0", DEFAULT_NULL_TOKENS).alias("0"))["0"].drop_nulls()
