"""Fuzzy matching on any table: what must hold whatever the rows are."""

from __future__ import annotations

import string

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from automic_core.errors import ConfigError
from automic_core.transforms.dedup import Deduplicator
from tests.core.test_matching_clusters import pairs

FUZZY = Deduplicator(match_mode="fuzzy")

words = st.sampled_from(["anna", "Ann", "ÉLODIE", "élodie", "李雷", "müller", "mueller", "", " ", "n/a", "x", "o'neil"])
values = {
    "word": words,
    "text": st.text(string.printable, max_size=12),
    "phrase": st.lists(words, max_size=6).map(" ".join),
    "number": st.integers(-3, 3),
    "float": st.floats(allow_nan=True, allow_infinity=True),
    "date": st.dates().map(lambda day: day),
    "digits": st.from_regex(r"[0-9]{0,11}", fullmatch=True),
    "mail": st.from_regex(r"[a-c.]{1,4}@[a-c]{1,3}", fullmatch=True),
    "street": st.from_regex(r"[1-9][0-9]? [a-c]{2,4} street", fullmatch=True),
    "flag": st.booleans(),
    "nothing": st.none(),
}


@st.composite
def tables(draw: st.DrawFn) -> pl.DataFrame:
    """Small tables of columns of any kind, with values missing."""
    rows = draw(st.integers(0, 14))
    columns = draw(st.lists(st.sampled_from(sorted(values)), min_size=1, max_size=4))
    made = {}
    for number, kind in enumerate(columns):
        cells = st.lists(st.one_of(st.none(), values[kind]), min_size=rows, max_size=rows)
        made[f"{kind}{number}"] = draw(cells)
    return pl.DataFrame(made, strict=False)


@settings(max_examples=15, deadline=None)
@given(tables(), st.randoms(use_true_random=False))
def test_any_table_is_parted_the_same_way_in_any_order(frame: pl.DataFrame, draw: object) -> None:
    try:
        found = FUZZY.cluster(frame).collect()
    except ConfigError:  # Nothing to compare.
        return
    clusters = found["_cluster_id"].to_list()
    assert sorted(set(clusters)) == list(range(len(set(clusters))))
    assert found["_match_probability"].is_null().to_list() == [clusters.count(number) == 1 for number in clusters]
    assert FUZZY.cluster(frame).collect().equals(found, null_equal=True)
    order = list(range(frame.height))
    draw.shuffle(order)  # type: ignore[attr-defined]
    turned = FUZZY.cluster(frame[order]).collect()["_cluster_id"].to_list()
    assert pairs(clusters) == {(min(order[a], order[b]), max(order[a], order[b])) for a, b in pairs(turned)}


@settings(max_examples=8, deadline=None)
@given(tables(), st.lists(st.tuples(st.integers(0, 13), st.integers(0, 13), st.booleans()), max_size=5))
def test_labels_hold_in_any_table(frame: pl.DataFrame, told: list[tuple[int, int, bool]]) -> None:
    labels = [label for label in told if label[0] != label[1]]
    try:
        clusters = Deduplicator(match_mode="fuzzy", labels=labels).cluster(frame).collect()["_cluster_id"].to_list()
    except ConfigError:  # Nothing to compare, or contradictions.
        return
    last = {(min(a, b), max(a, b)): same for a, b, same in labels if max(a, b) < frame.height}
    for (a, b), same in last.items():
        assert (clusters[a] == clusters[b]) is same


@settings(max_examples=8, deadline=None)
@given(tables(), tables())
def test_any_two_tables_are_linked_one_to_one(left: pl.DataFrame, right: pl.DataFrame) -> None:
    try:
        links = FUZZY.link(left, right).collect()
    except ConfigError:
        return
    assert links["left_id"].is_unique().all()
    assert links["right_id"].is_unique().all()
    assert links["_match_probability"].is_between(0.5, 1).all()
