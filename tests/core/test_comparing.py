"""Row differences between two frames: by key, by whole rows, with types that changed; against a plain count."""

from __future__ import annotations

from collections import Counter
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automic_core.errors import SchemaError
from automic_core.lakehouse.comparing import compare
from tests.drawing import draws

SCHEMA = {"k": pl.Int64, "a": pl.String, "b": pl.Int64}
CELLS = st.tuples(st.integers(0, 6) | st.none(), st.sampled_from(["x", "y", "", None]), st.integers(0, 2) | st.none())


def naive(old: list[tuple[Any, ...]], new: list[tuple[Any, ...]]) -> tuple[int, int, int]:
    """Added, removed, changed: per key, equals pair off first, then the rest one to one."""
    added = removed = changed = 0
    for key in {row[0] for row in [*old, *new]}:
        before = Counter(row for row in old if row[0] == key)
        after = Counter(row for row in new if row[0] == key)
        same = sum((before & after).values())
        left, right = before.total() - same, after.total() - same
        changed += min(left, right)
        added += max(0, right - left)
        removed += max(0, left - right)
    return added, removed, changed


@settings(max_examples=draws(60), deadline=None)
@given(old=st.lists(CELLS, max_size=12), new=st.lists(CELLS, max_size=12))
def test_counts_are_those_of_a_plain_comparison(old: list[tuple[Any, ...]], new: list[tuple[Any, ...]]) -> None:
    before, after = (pl.LazyFrame(rows, schema=SCHEMA, orient="row") for rows in (old, new))
    found = compare(before, after, ["k"])
    assert (found.added, found.removed, found.changed) == naive(old, new)
    assert (found.before, found.after) == (len(old), len(new))
    assert (found.added_rows.height, found.removed_rows.height) == (found.added, found.removed)
    assert sum(found.columns.values()) == found.cells.height
    assert found.cells.filter(pl.col("was").eq_missing(pl.col("now"))).height == 0
    whole = compare(before, after, [])
    here, there = Counter(old), Counter(new)
    assert (whole.added, whole.removed) == ((there - here).total(), (here - there).total())
    assert whole.changed == 0


@settings(max_examples=30, deadline=None)
@given(
    old=st.dictionaries(st.integers(0, 20), st.tuples(st.text(max_size=3), st.integers(0, 3))),
    new=st.dictionaries(st.integers(0, 20), st.tuples(st.text(max_size=3), st.integers(0, 3))),
)
def test_changed_cells_are_those_of_two_dictionaries(
    old: dict[int, tuple[str, int]], new: dict[int, tuple[str, int]]
) -> None:
    before, after = (
        pl.LazyFrame([(k, *v) for k, v in rows.items()], schema=SCHEMA, orient="row") for rows in (old, new)
    )
    found = compare(before, after, ["k"])
    expected = {
        (key, name, str(old[key][place]), str(new[key][place]))
        for key in old.keys() & new.keys()
        for place, name in enumerate(("a", "b"))
        if old[key][place] != new[key][place]
    }
    assert set(found.cells.rows()) == expected
    assert set(found.added_rows["k"]) == new.keys() - old.keys()
    assert set(found.removed_rows["k"]) == old.keys() - new.keys()


def test_a_value_that_only_changed_its_type_is_equal() -> None:
    old = pl.LazyFrame({"k": [1, 2, 3], "n": ["1", "2", "x"], "f": [1, 2, 3], "d": ["2024-01-02"] * 3, "gone": [1] * 3})
    new = pl.LazyFrame({"k": [1, 2, 3], "n": [1, 2, 3], "f": [1.0, 2.5, 3.0], "d": ["2024-01-02"] * 3, "came": [1] * 3})
    new = new.with_columns(pl.col("d").str.to_date())
    found = compare(old, new, ["k"])
    assert found.changed == 2
    assert sorted(found.cells.rows()) == [(2, "f", "2", "2.5"), (3, "n", "x", "3")]
    decimals = pl.LazyFrame({"k": [1], "m": ["1.50"]}).with_columns(pl.col("m").cast(pl.Decimal(12, 2)))
    wider = decimals.with_columns(pl.col("m").cast(pl.Decimal(20, 4)))
    assert compare(decimals, wider, ["k"]).changed == 0
    moment = pl.LazyFrame({"k": [1], "t": ["2024-01-02"]}).with_columns(pl.col("t").str.to_date())
    assert compare(moment, moment.with_columns(pl.col("t").cast(pl.Datetime("us"))), ["k"]).changed == 0


def test_nested_values_and_odd_names() -> None:
    old = pl.LazyFrame({"was": [1, 2], "list": [["a"], ["b"]], "s": [{"x": 1}, {"x": None}]})
    new = pl.LazyFrame({"was": [1, 2], "list": [["a"], ["b", "c"]], "s": [{"x": 2}, {"x": None}]})
    found = compare(old, new, ["was"])
    assert found.columns == {"list": 1, "s": 1}
    assert found.cells.rows() == [(1, "s", '{"x":1}', '{"x":2}'), (2, "list", '["b"]', '["b", "c"]')]


def test_examples_and_looked_at_rows_are_bounded() -> None:
    old = pl.LazyFrame({"k": range(100), "v": [0] * 100})
    new = pl.LazyFrame({"k": range(50, 150), "v": [1] * 100})
    found = compare(old, new, ["k"], examples=7, most=20)
    assert (found.added, found.removed, found.changed, found.counted) == (50, 50, 50, 20)
    assert found.columns == {"v": 20}
    assert (found.added_rows.height, found.removed_rows.height, found.cells.height) == (7, 7, 7)
    assert found.added_rows["k"].to_list() == list(range(100, 107)), "the first, in their order"


def test_a_missing_key_is_told() -> None:
    with pytest.raises(SchemaError, match="Key id is not a column of both"):
        compare(pl.LazyFrame({"id": [1]}), pl.LazyFrame({"k": [1]}), ["id"])
