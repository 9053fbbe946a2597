"""A proposed step or rule, and its effect as measured by the very part it would add."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from automic_core import frames, registry
from automic_core.assist.figures import figure
from automic_core.contracts import Rule
from automic_core.transforms.rules import Unique

EXAMPLES = 5
_ORDINAL = (1 << 36) - 1


@dataclass(frozen=True)
class Proposal:
    """Something worth adding.

    Attributes:
        group: step or rule.
        options: Of the kind, as in YAML.
        title: What it would demand or do, in words.
        why: What in the data suggests it.
        agree: Rows, or values, that are fine as they are.
        of: Rows or values looked at.
        examples: First counter-examples: value and number of the row in its file.
        rank: Larger is more useful.
    """

    group: str
    kind: str
    options: dict[str, Any]
    title: str
    why: str
    agree: int
    of: int
    examples: list[str]
    rank: float

    @property
    def affected(self) -> int:
        """Rows it would act on."""
        return self.of - self.agree

    @property
    def columns(self) -> frozenset[str]:
        """Columns it is about."""
        named: set[str] = set()
        for option in ("columns", "fields", "match_fields"):
            named |= set(self.options.get(option) or ())
        return frozenset(named)


def record(rid: int) -> str:
    """Which row of its file it is."""
    return f"row {rid & _ORDINAL:,}"


def rule_proposal(
    kind: str, options: Mapping[str, Any], rows: pl.DataFrame, title: str, why: str, rank: float
) -> Proposal | None:
    """A row rule, measured; None if no row would remain that obeys it."""
    rule: Rule = registry.build("rule", kind, options)
    if isinstance(rule, Unique):
        return _unique(rule, options, rows, title, why, rank)
    broken = rule.failures(rows.lazy()).collect()
    failing = broken[frames.RID].n_unique()
    if failing >= rows.height:
        return None
    examples = [
        f"{record(rid)}: {cell(value, rows.schema.get(column))}"
        for rid, column, value in broken.head(EXAMPLES).select(frames.RID, "column", "value").iter_rows()
    ]
    return Proposal("rule", kind, dict(options), title, why, rows.height - failing, rows.height, examples, rank)


def _unique(
    rule: Unique, options: Mapping[str, Any], rows: pl.DataFrame, title: str, why: str, rank: float
) -> Proposal | None:
    complete = rows.filter(pl.all_horizontal(pl.col(name).is_not_null() for name in rule.columns))
    repeats = complete.filter(pl.struct(rule.columns).is_duplicated())
    again = complete.height - complete.select(rule.columns).n_unique()
    if again:
        return None  # which row should stay is for a step to decide
    examples = [f"{record(rid)}" for rid in repeats[frames.RID].head(EXAMPLES)]
    return Proposal("rule", rule.kind, dict(options), title, why, rows.height, rows.height, examples, rank)


def step_proposal(
    kind: str,
    options: Mapping[str, Any],
    rows: pl.DataFrame,
    hit: pl.Series,
    shown: Sequence[str],
    title: str,
    why: str,
    rank: float,
) -> Proposal | None:
    """A step with the rows it acts on; None if it acts on none, or on all.

    Args:
        kind, options: The step.
        rows: The data.
        hit: True for the rows it would change or remove.
        shown: Columns to show of the first of them.
        title, why, rank: As in ``Proposal``.
    """
    registry.build("step", kind, options)
    count = int(hit.sum())
    if not 0 < count < rows.height:
        return None
    first = rows.filter(hit).head(EXAMPLES)
    texts = first.select(
        frames.RID, *(frames.as_text(name, rows.schema).alias(f"text:{number}") for number, name in enumerate(shown))
    )
    kinds = [rows.schema[name] for name in shown]
    examples = [f"{record(rid)}: {', '.join(map(cell, values, kinds))}" for rid, *values in texts.iter_rows()]
    return Proposal("step", kind, dict(options), title, why, rows.height - count, rows.height, examples, rank)


def cell(value: str | None, dtype: pl.DataType | None = None) -> str:
    """A value as an example shows it."""
    if value is None:
        return "no value"
    if dtype is not None and dtype.is_numeric():
        return figure(value)
    return f"{value[:60]!r}{'…' if len(value) > 60 else ''}"
