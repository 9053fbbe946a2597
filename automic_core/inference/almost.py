"""Columns that stay text although most of their values fit another type: what to tell the person who can accept one."""

from __future__ import annotations

from collections.abc import Collection

from automic_core.inference.evidence import ColumnEvidence, Inference
from automic_core.records import FieldType

MOST = 0.8
"""Share of the values that must fit another type, 0 to 1: that from which inference proposes it."""
_NAMED = 10
_ADVICE = "accept a type on the Schema page, or under `schema:`"


def almost_typed(found: Inference, settled: Collection[str] = ()) -> list[str]:
    """A sentence for each such column: why it stays text, on which value, and what to do.

    Args:
        found: What exact inference found.
        settled: Columns whose type is settled elsewhere.
    """
    columns = [each for each in found.columns if each.name not in settled and _almost(each)]
    said = [f"{each.name} {each.reason}{_example(each)}; {_ADVICE}." for each in columns[:_NAMED]]
    more = len(columns) - _NAMED
    if more > 0:
        said.append(f"{more:,} more column{'s stay' if more > 1 else ' stays'} text in the same way; {_ADVICE}.")
    return said


def _almost(column: ColumnEvidence) -> bool:
    text = column.type is FieldType.STRING and not column.identifier and bool(column.candidates)
    return text and column.candidates[0].confidence >= MOST


def _example(column: ColumnEvidence) -> str:
    return f", e.g. {column.counter_examples[0].value[:60]!r}" if column.counter_examples else ""
