"""Fuzzy matching on any table: what must hold whatever the rows are."""

from __future__ import annotations

import string

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automic_core.errors import ConfigError
from automic_core.matching import choosing
from automic_core.matching.engine import Matching
from automic_core.transforms.dedup import Deduplicator
from tests.core.test_matching_clusters import pairs, people

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


def test_a_table_without_duplicates_keeps_its_rows() -> None:
    frame, _ = people(400, 0)
    assert Matching(frame, frame.columns).clusters(0.5).tolist() == list(range(400))


def test_many_rows_of_one_thing_are_one_cluster() -> None:
    frame, _ = people(40, 0)
    many = pl.concat([frame] * 60)
    found = Matching(many, many.columns).clusters(0.5)
    assert found.tolist() == list(range(40)) * 60


def test_one_column_of_all_words_is_enough() -> None:
    frame, who = people(300, 80)
    joined = frame.select(pl.concat_str(pl.all(), separator=" ", ignore_nulls=True).alias("all"))
    mine, truth = pairs(Matching(joined, ["all"]).clusters(0.5).tolist()), pairs(who)
    assert 2 * len(mine & truth) / (len(mine) + len(truth)) > 0.9


def test_passes_are_chosen_where_all_would_be_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    frame, who = people(600, 160)
    every = Matching(frame, frame.columns)
    assert len(every.passes) > 50
    monkeypatch.setattr(choosing, "FEW", 0)
    monkeypatch.setattr(choosing, "BUDGET", 1)
    some = Matching(frame, frame.columns)
    assert len(some.passes) < len(every.passes)
    assert 0 < len(some.pairs[0]) < len(every.pairs[0])
    mine, truth = pairs(some.clusters(0.5).tolist()), pairs(who)
    assert 2 * len(mine & truth) / (len(mine) + len(truth)) > 0.95
