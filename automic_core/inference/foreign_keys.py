"""Columns whose values are keys of another table, with evidence for each and the rows that speak against it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from automic_core.inference.evidence import CounterExample
from automic_core.inference.key_columns import KeyColumn, key_columns
from automic_core.inference.key_names import is_reference, name_evidence

_EXAMPLES = 5
_LEAST_ROWS = 2  # of a table that others point to
INCLUDED = 0.9
"""Share of a column's different values that must be keys there."""
_SPACED = 0.2  # share of keys with blanks inside, beyond which only a name makes a reference
_STEADY = 50  # different values beyond which one more proves nothing
_WEIGHTS = {"name": 0.6, "included": 0.15, "surprise": 0.15, "used": 0.1}


@dataclass(frozen=True)
class ForeignKey:
    """A column that points to the key of a table: a proposal.

    Attributes:
        confidence: 0 to 1; a weighted sum of what follows, not a probability.
        included: Share of its different values that are keys there, 0 to 1.
        rows: Rows that hold a value.
        orphans: Rows whose value is no key there.
        counter_examples: Most frequent such values, at most five.
        used: Share of the keys that are pointed to, 0 to 1.
        cardinality: "many to one", or "one to one" if no key is pointed to twice.
        optional: Whether rows may have no value.
        evidence: What speaks for it (and how much chance may explain), in words.
    """

    table: str
    column: str
    parent_table: str
    parent_column: str
    confidence: float
    included: float
    rows: int
    orphans: int
    counter_examples: tuple[CounterExample, ...]
    used: float
    cardinality: str
    optional: bool
    evidence: tuple[str, ...]


def foreign_keys(tables: Mapping[str, pl.LazyFrame | pl.DataFrame], *, least: float = 0.5) -> list[ForeignKey]:
    """Foreign keys between tables, or from a table to itself; the most certain first, at most one a column.

    A parent column must identify its rows. Nine tenths of the child's different values must be keys there, so that
    some dirt does not hide a key; which values are not is told. Small whole numbers are found in every counted key, so
    inclusion alone proves little for them: the names must agree. Codes that hardly meet by chance need less of a name.

    Args:
        tables: Name to rows; each column is read once. Names may carry a layer ("silver.orders").
        least: Confidence a proposal needs, 0 to 1.
    """
    columns = key_columns({name: frame.lazy() for name, frame in tables.items()})
    parents = [each for each in columns if each.unique and each.rows >= _LEAST_ROWS]
    best: dict[tuple[str, str], ForeignKey] = {}
    for child in columns:
        for parent in parents:
            found = _weighed(child, parent)
            if found is None or found.confidence < least:
                continue
            known = best.get((child.table, child.name))
            if known is None or found.confidence > known.confidence:
                best[child.table, child.name] = found
    return sorted(best.values(), key=lambda each: (-each.confidence, each.table, each.column))


def _weighed(child: KeyColumn, parent: KeyColumn) -> ForeignKey | None:
    if child is parent or child.whole != parent.whole or not parent.may_hold(child.some):
        return None
    named, why = name_evidence(child.table, child.name, parent.table, parent.name)
    if not named and (child.whole or child.unique or child.table == parent.table or parent.spaced > _SPACED):
        return None
    if child.unique and _is_own_key(child, parent):
        return None
    orphans = _orphans(child, parent)
    return _told(child, parent, named, why, orphans) if _included(child, orphans) >= INCLUDED else None


def measured(child: KeyColumn, parent: KeyColumn) -> ForeignKey:
    """A reference that somebody named, whatever its names and values say of it."""
    return _told(
        child, parent, *name_evidence(child.table, child.name, parent.table, parent.name), _orphans(child, parent)
    )


def _orphans(child: KeyColumn, parent: KeyColumn) -> pl.DataFrame:
    return child.counts.join(parent.counts, on="value", how="anti", maintain_order="left")


def _included(child: KeyColumn, orphans: pl.DataFrame) -> float:
    return 1 - orphans.height / child.distinct


def _told(child: KeyColumn, parent: KeyColumn, named: float, why: str, orphans: pl.DataFrame) -> ForeignKey:
    included = _included(child, orphans)
    used = (child.distinct - orphans.height) / parent.distinct
    surprise = 1 - _by_chance(child, parent, orphans) if included else 0.0
    clear = max(included - INCLUDED, 0) / (1 - INCLUDED)
    parts = {"name": named, "included": clear, "surprise": surprise, "used": used}
    if not named:  # values that cannot meet by chance stand in for half a name
        parts["name"] = 0.6 * surprise if used > 0.2 or is_reference(child.name) else 0.0
    lost = int(orphans["rows"].sum())
    return ForeignKey(
        child.table,
        child.name,
        parent.table,
        parent.name,
        round(sum(_WEIGHTS[part] * value for part, value in parts.items()), 3),
        included,
        child.rows,
        lost,
        tuple(
            CounterExample(*row)
            for row in orphans.sort("rows", "value", descending=[True, False]).head(_EXAMPLES).rows()
        ),
        used,
        "one to one" if child.distinct == child.rows else "many to one",
        child.missing > 0,
        tuple(_evidence(child, parent, why, lost, used, surprise)),
    )


def _is_own_key(child: KeyColumn, parent: KeyColumn) -> bool:
    """Whether a column that identifies its own rows is the key of its own table rather than a reference."""
    own, _ = name_evidence(parent.table, parent.name, child.table, child.name)
    there, _ = name_evidence(child.table, child.name, parent.table, parent.name)
    return own > there or (own == there and child.rows >= parent.rows) or (child.position == 0 and there < 0.9)


def _by_chance(child: KeyColumn, parent: KeyColumn, orphans: pl.DataFrame) -> float:
    """How likely it is that as many values of the child's range would be keys by chance alone.

    For whole numbers, the share of the numbers between the smallest and the largest shared one that are keys, to the
    power of the child's different values; keys without gaps contain anything. Texts are held to be as
    many as their letters allow.
    """
    tries = min(child.distinct, _STEADY)
    if child.whole:
        low, high = _ends(child.counts.join(orphans, on="value", how="anti"))
        numbers = parent.counts["value"].cast(pl.Int64)
        inside = int(numbers.is_between(low, high).sum())
        return float(min(inside / (high - low + 1), 1.0) ** tries)
    sizes = child.counts["value"].str.len_chars()
    possible = 26.0 ** min(float(sizes.mean() or 1), 8.0)  # type: ignore[arg-type]
    return float(min(parent.distinct / possible, 1.0) ** min(tries, 3))


def _ends(counts: pl.DataFrame) -> tuple[int, int]:
    numbers = counts["value"].cast(pl.Int64).to_list()
    return min(numbers), max(numbers)


def _evidence(child: KeyColumn, parent: KeyColumn, why: str, lost: int, used: float, surprise: float) -> list[str]:
    here, there = f"{child.table}.{child.name}", f"{parent.table}.{parent.name}"
    kept = child.rows - lost
    said = [f"{kept:,} of {child.rows:,} values of {here} ({child.distinct:,} different) are in {there}"]
    if why:
        said.append(why)
    if parent.unique:
        said.append(f"{there} identifies its {parent.rows:,} rows")
    said.append(f"{math.floor(used * 100)}% of those keys are pointed to")
    if surprise < 0.5:
        said.append("the numbers alone prove little: the keys have few gaps, so small numbers fit by chance")
    return said
