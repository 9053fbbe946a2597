"""Types, patterns, constraints and keys inferred from data, with the evidence for each decision."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from automic_core.inference.casting import DEFAULT_NULL_TOKENS, cast_expr, is_null_token, polars_type
from automic_core.inference.evidence import ColumnEvidence, CounterExample, Inference
from automic_core.inference.keys import infer_primary_key
from automic_core.inference.profile import infer
from automic_core.records import Schema

__all__ = [
    "DEFAULT_NULL_TOKENS",
    "ColumnEvidence",
    "CounterExample",
    "Inference",
    "cast_expr",
    "infer",
    "infer_exact",
    "infer_exactly",
    "infer_primary_key",
    "infer_schema",
    "is_null_token",
    "polars_type",
]


def infer_schema(
    frame: pl.LazyFrame | pl.DataFrame,
    *,
    sample_rows: int | None = None,
    null_tokens: Sequence[str] = DEFAULT_NULL_TOKENS,
    detect_patterns: bool = True,
    infer_constraints: bool = True,
    suggest_enums: bool = True,
    confidence_threshold: float = 0.8,
    name: str = "",
    detect_kinds: bool = True,
) -> Schema:
    """The schema that most values fit: a proposal, whose misfits are counter-examples. Arguments as for `infer`."""
    return infer(
        frame,
        sample_rows=sample_rows,
        null_tokens=null_tokens,
        detect_patterns=detect_patterns,
        infer_constraints=infer_constraints,
        suggest_enums=suggest_enums,
        confidence_threshold=confidence_threshold,
        name=name,
        detect_kinds=detect_kinds,
    ).schema


def infer_exact(frame: pl.LazyFrame | pl.DataFrame, *, null_tokens: Sequence[str] = ("",), name: str = "") -> Schema:
    """The schema that every value fits and prints back from; everything else stays text.

    Up to these conventions a value prints back as it was written: blanks around it, zeros at the end of decimals where
    the column has one rule for them, a missing zero before the point, zero padding of days, months and hours, the
    spelling of a month, and for a timestamp with a zone the zone (the instant is kept, in UTC).

    Args:
        frame: Text columns; read twice if lazy.
        null_tokens: Texts that mean "no value"; only blank ones unless given, since others would not print back.
        name: Name of the table.
    """
    return infer_exactly(frame, null_tokens=null_tokens, name=name).schema


def infer_exactly(
    frame: pl.LazyFrame | pl.DataFrame, *, null_tokens: Sequence[str] = ("",), name: str = ""
) -> Inference:
    """As `infer_exact`, with the evidence: why a column stays text."""
    return infer(
        frame,
        null_tokens=null_tokens,
        detect_patterns=False,
        infer_constraints=True,
        suggest_enums=False,
        name=name,
        exact=True,
    )
