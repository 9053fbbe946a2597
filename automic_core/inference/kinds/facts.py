"""What is known of a column before its kind is guessed: its name, counts, moments of its numbers, a few values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from automic_core.inference.columns import stripped
from automic_core.inference.evidence import ColumnEvidence

SAMPLES = 5
LOOKED = 20_000
"""Rows that moments and sample values come from; counts are over all rows."""
_FLOAT = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_LONGEST = 2_000
_AT_ONCE = 100  # columns a query; planning time grows faster than their number


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """One column in figures.

    Attributes:
        rows: All rows, missing values included.
        nulls: Rows without a value.
        distinct: Different values.
        mean: Of the values if all are numbers, else None; likewise the others.
        deviation: Standard deviation of a sample (n - 1).
        least: Smallest value.
        most: Largest value.
        samples: The first different values as text, at most five, in order of appearance.
        identifier: Whether digits are known to be a name: some have leading zeros, or more digits than a number keeps.
    """

    name: str
    rows: int
    nulls: int
    distinct: int
    mean: float | None
    deviation: float | None
    least: float | None
    most: float | None
    samples: tuple[str, ...]
    identifier: bool = False

    @property
    def values(self) -> int:
        """Rows that hold a value."""
        return self.rows - self.nulls


def table_facts(
    frame: pl.LazyFrame, evidence: Mapping[str, ColumnEvidence], null_tokens: Sequence[str]
) -> list[ColumnFacts]:
    """Facts of each column of a table, in order; its first rows are read once.

    Args:
        frame: Text or typed columns, named as in ``evidence``.
        evidence: Counts over all rows.
        null_tokens: Texts that mean "no value", compared without blanks and case.
    """
    first = frame.select(*evidence).head(LOOKED).collect().lazy()
    kinds, keys = first.collect_schema(), list(evidence)
    told: list[ColumnFacts] = []
    for start in range(0, len(keys), _AT_ONCE):
        some = keys[start : start + _AT_ONCE]
        texts = first.select(_as_text(key, kinds[key], null_tokens).alias(key) for key in some)
        wanted = {(key, what): expr for key in some for what, expr in _asked(pl.col(key)).items()}
        row = texts.select(expr.alias(str(i)) for i, expr in enumerate(wanted.values())).collect().row(0)
        found: dict[str, dict[str, Any]] = {key: {} for key in some}
        for (key, what), value in zip(wanted, row, strict=True):
            found[key][what] = value
        told += [_told(evidence[key], found[key]) for key in some]
    return told


def _as_text(key: str, kind: pl.DataType, tokens: Sequence[str]) -> pl.Expr:
    column = pl.col(key)
    if kind == pl.String:
        return stripped(key, tokens)
    if isinstance(kind, pl.Struct):
        return column.struct.json_encode()
    if isinstance(kind, pl.List | pl.Array):
        joined = pl.struct(column.alias("")).struct.json_encode().str.strip_prefix('{"":').str.strip_suffix("}")
        return pl.when(column.is_not_null()).then(joined)
    if kind == pl.Binary:
        return column.bin.encode("hex")
    if kind in (pl.Object, pl.Unknown):
        return pl.lit(None, dtype=pl.String)
    return (column.fill_nan(None) if kind.is_float() else column).cast(pl.String)


def _asked(text: pl.Expr) -> dict[str, pl.Expr]:
    number = pl.when(text.str.contains(_FLOAT)).then(text).cast(pl.Float64, strict=False)
    number = pl.when(number.is_finite()).then(number)
    return {
        "values": text.count(),
        "distinct": text.drop_nulls().n_unique(),
        "numbers": number.count(),
        "mean": number.mean(),
        "deviation": number.std(),
        "least": number.min(),
        "most": number.max(),
        "samples": text.drop_nulls().unique(maintain_order=True).head(SAMPLES).str.head(_LONGEST).implode(),
    }


def _told(evidence: ColumnEvidence, found: Mapping[str, Any]) -> ColumnFacts:
    numeric = found["values"] > 0 and found["numbers"] == found["values"]
    moments = {what: found[what] if numeric else None for what in ("mean", "least", "most")}
    distinct = found["distinct"] if evidence.distinct is None else evidence.distinct
    return ColumnFacts(
        name=evidence.name,
        rows=evidence.rows,
        nulls=evidence.nulls,
        distinct=distinct,
        deviation=(found["deviation"] or 0.0) if numeric else None,
        samples=tuple(found["samples"]),
        identifier=evidence.identifier,
        **moments,
    )
