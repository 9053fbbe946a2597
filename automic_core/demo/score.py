"""Precision, recall and F1 of what was found against the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from automic_core.errors import SchemaError

RECORD = ("table", "file", "record")
CELL = (*RECORD, "column")
_Node = tuple[str, str, int]  # table, file, record


@dataclass(frozen=True)
class Score:
    """How many were to be found, how many were reported, how many of these rightly.

    ``precision``, ``recall`` and ``f1`` are shares (0..1). With nothing expected the recall is 1; with nothing found
    the precision is 1 only if nothing was expected.
    """

    expected: int
    found: int
    hits: int

    @property
    def precision(self) -> float:
        """Share of the reported that are right."""
        return self.hits / self.found if self.found else float(not self.expected)

    @property
    def recall(self) -> float:
        """Share of the expected that were reported."""
        return self.hits / self.expected if self.expected else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both: 2 hits / (expected + found)."""
        both = self.expected + self.found
        return 2 * self.hits / both if both else 1.0


def score(expected: pl.DataFrame, found: pl.DataFrame, on: Sequence[str] = RECORD) -> Score:
    """Compare two sets of keys; a key that occurs more than once counts once.

    Args:
        expected: The truth, with at least the columns ``on``.
        found: What was reported, with the same columns.
        on: The columns that make a key.

    Raises:
        SchemaError: A column is missing in one of the frames.
    """
    wanted, given = _keys(expected, on), _keys(found, on)
    return Score(wanted.height, given.height, wanted.join(given, on=list(on), how="semi").height)


def score_records(expected: pl.DataFrame, found: pl.DataFrame) -> Score:
    """Compare records (table, file, record), for instance quarantined ones with malformed lines."""
    return score(expected, found, RECORD)


def score_cells(expected: pl.DataFrame, found: pl.DataFrame) -> Score:
    """Compare cells (table, file, record, column) by top-level column.

    ``shipping.city`` and ``items[0].sku`` count as ``shipping`` and ``items``, the columns a bronze table has.
    """
    return score(_top_level(expected), _top_level(found), CELL)


def score_pairs(expected: pl.DataFrame, found: pl.DataFrame) -> Score:
    """Compare duplicates as pairs of records, whichever of the two was kept.

    Each frame (table, file, record, duplicate_of_file, duplicate_of_record) is closed first: if A repeats B and B
    repeats C, then A and C are a pair as well.
    """
    columns = ("table", "a_file", "a_record", "b_file", "b_record")
    return score(_closed(expected), _closed(found), columns)


def recall_by(
    expected: pl.DataFrame, found: pl.DataFrame, by: str = "kind", on: Sequence[str] = RECORD
) -> pl.DataFrame:
    """Recall for each value of ``by`` in the truth, the rarest find first.

    Returns:
        Columns ``by``, expected (int64), hits (int64), recall (0..1).

    Raises:
        SchemaError: A column is missing in one of the frames.
    """
    wanted, given = _keys(expected, (*on, by)), _keys(found, on)
    marked = wanted.join(given.with_columns(_hit=pl.lit(1)), on=list(on), how="left")
    return (
        marked.group_by(by)
        .agg(expected=pl.len().cast(pl.Int64), hits=pl.col("_hit").count().cast(pl.Int64))
        .with_columns(recall=pl.col("hits") / pl.col("expected"))
        .sort("recall", by)
    )


def _keys(frame: pl.DataFrame, on: Sequence[str]) -> pl.DataFrame:
    missing = [name for name in on if name not in frame.columns]
    if missing:
        raise SchemaError(f"No column {', '.join(missing)} to compare by.", f"There are: {', '.join(frame.columns)}.")
    whole = [pl.col(name).cast(pl.Int64) for name in on if name.endswith("record")]
    return frame.select(on).with_columns(whole).unique()


def _top_level(cells: pl.DataFrame) -> pl.DataFrame:
    keys = _keys(cells, CELL)
    return keys.with_columns(pl.col("column").cast(pl.String).str.extract(r"^([^.\[]+)"))


def _closed(pairs: pl.DataFrame) -> pl.DataFrame:
    """All unordered pairs within each group of records that are linked, directly or not (union-find)."""
    links = _keys(pairs, (*RECORD, "duplicate_of_file", "duplicate_of_record"))
    parent: dict[_Node, _Node] = {}

    def root(node: _Node) -> _Node:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for table, file, record, of_file, of_record in links.iter_rows():
        parent[root((table, file, record))] = root((table, of_file, of_record))
    groups: dict[_Node, list[_Node]] = {}
    for node in parent:
        groups.setdefault(root(node), []).append(node)
    rows = [
        (*one, *other[1:])
        for group in groups.values()
        for at, one in enumerate(sorted(group))
        for other in sorted(group)[at + 1 :]
    ]
    schema = {"table": pl.String, "a_file": pl.String, "a_record": pl.Int64, "b_file": pl.String, "b_record": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")
