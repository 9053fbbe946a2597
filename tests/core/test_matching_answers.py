"""Labels, links, explanations, curves, the labelling queue and new rows."""

from __future__ import annotations

import json
import sys

import numpy as np
import polars as pl
import pytest

from automic_core.errors import ConfigError, MissingDriverError
from automic_core.matching.explaining import explain
from automic_core.matching.kinds import kind_of
from automic_core.matching.uncertain import threshold_curve, uncertain_pairs
from automic_core.transforms.dedup import Deduplicator
from tests.core.test_matching_clusters import pairs, people

FUZZY = Deduplicator(match_mode="fuzzy")


def test_labels_are_obeyed() -> None:
    frame, _ = people(120, 30)
    clusters = FUZZY.cluster(frame).collect()["_cluster_id"].to_list()
    joined = sorted(pairs(clusters))
    apart = joined[0]
    together = next(
        (0, other) for other in range(1, len(clusters)) if clusters[other] != clusters[0] and other not in apart
    )
    told = Deduplicator(match_mode="fuzzy", labels=[(*apart, False), (*together, True)])
    after = told.cluster(frame).collect()["_cluster_id"].to_list()
    assert after[apart[0]] != after[apart[1]]
    assert after[together[0]] == after[together[1]]


def test_labels_move_the_weights() -> None:
    frame, who = people(150, 50)
    plain = FUZZY.matching(frame)
    queue = uncertain_pairs(plain, 30)
    labels = [(a, b, who[a] == who[b]) for a, b, _ in queue.iter_rows()]
    taught = Deduplicator(match_mode="fuzzy", labels=labels).matching(frame)
    assert taught.weights.state() != plain.weights.state()
    left = uncertain_pairs(taught, 30)
    assert not set(left.select("left_id", "right_id").iter_rows()) & {(a, b) for a, b, _ in labels}


def test_labels_that_contradict_each_other_are_refused() -> None:
    frame, _ = people(20, 2)
    labels = [(0, 1, True), (1, 2, True), (2, 0, False)]
    with pytest.raises(ConfigError, match=r"contradict each other: 0 and 2"):
        Deduplicator(match_mode="fuzzy", labels=labels).cluster(frame)


def test_a_label_of_a_row_with_itself_is_refused() -> None:
    frame, _ = people(20, 2)
    with pytest.raises(ConfigError, match="two different rows"):
        Deduplicator(match_mode="fuzzy", labels=[(3, 3, True)]).cluster(frame)


def test_a_label_of_a_row_that_is_gone_is_left_out() -> None:
    frame, _ = people(60, 10)
    told = Deduplicator(match_mode="fuzzy", labels=[(3, 999_999, True)]).cluster(frame).collect()
    assert told.equals(FUZZY.cluster(frame).collect())


def test_two_tables_are_linked_one_to_one() -> None:
    frame, who = people(200, 120)
    numbered = frame.with_columns(who=pl.Series(who))
    left = numbered.unique("who", keep="first", maintain_order=True)
    right = numbered.filter(pl.col("who").is_duplicated()).unique("who", keep="last", maintain_order=True)
    left, right = (
        part.with_columns(("k" + pl.col("who").cast(pl.String)).alias("id")).drop("who") for part in (left, right)
    )
    links = FUZZY.link(left.lazy(), right).collect()
    assert links.columns == ["left_id", "right_id", "_match_probability"]
    assert links["left_id"].is_unique().all()
    assert links["right_id"].is_unique().all()
    assert (links["left_id"] == links["right_id"]).mean() > 0.97
    assert links.height > 0.95 * right.height


def test_a_label_between_two_tables_holds() -> None:
    left, right = people(60, 0)[0], people(60, 0)[0]
    told = Deduplicator(match_mode="fuzzy", labels=[(0, 0, False), (0, 1, True)])
    found = {(a, b) for a, b, _ in told.link(left, right).collect().iter_rows()}
    assert (0, 1) in found
    assert (0, 0) not in found


def test_titles_are_linked_by_what_tells_them_apart() -> None:
    makers = ["sony", "bose", "linksys", "canon", "panasonic", "garmin", "yamaha", "pioneer", "toshiba", "netgear"]
    things = ["speaker", "camera", "router", "receiver", "printer", "headphones", "turntable", "monitor"]
    models = [(m, t, f"{m[:2]}{number}{t[:1]}") for m in makers for t in things for number in (310, 425)]
    left = pl.DataFrame({"title": [f"{m} {t} with remote control - {code}" for m, t, code in models]})
    right = pl.DataFrame({"title": [f"{code} {m} black {t}" for m, t, code in models[::2]]})
    links = FUZZY.link(left, right).collect()
    hits = (links["left_id"] == 2 * links["right_id"]).sum()
    assert 2 * hits / (links.height + right.height) > 0.95


def test_a_single_column_is_a_text_even_where_its_words_look_like_streets() -> None:
    places = [
        "Westminster Abbey Road",
        "Abbey of Saint Gall",
        "Dunfermline Abbey Street",
        "Lacock Way",
        "Temple Court 5",
    ]
    left = pl.DataFrame({"title": places})
    right = pl.DataFrame(
        {"title": ["Saint Gall Abbey", "Abbey Road, Westminster", "Lacock Way (abbey)", "Temple Court 7b"]}
    )
    found = FUZZY.link(left, right).collect()
    assert {(0, 1), (1, 0), (3, 2)} <= set(found.select("left_id", "right_id").iter_rows())


def test_tables_without_a_common_column_are_refused() -> None:
    left, right = pl.DataFrame({"a": ["x", "y"], "b": ["x", "z"]}), pl.DataFrame({"c": ["x", "y"]})
    with pytest.raises(ConfigError, match="no column name in common"):
        FUZZY.link(left, right)


def test_an_explanation_adds_up() -> None:
    frame, _ = people(200, 60)
    matching = FUZZY.matching(frame)
    left, right = matching.pairs
    for number in range(0, len(left), len(left) // 12):
        found = explain(matching, int(right[number]), int(left[number]))
        total = found["start"] + sum(part["adds"] for part in found["fields"])
        assert total == pytest.approx(matching.odds[number], abs=1e-6)
        assert [part["field"] for part in found["fields"]] == frame.columns
    best = int(np.argmax(matching.odds))
    told = explain(matching, int(left[best]), int(right[best]))["sentence"]
    assert told.startswith("The same with a probability of over 99.9%; for it: ")
    assert "(equal)" in told


def test_a_decided_pair_says_who_decided() -> None:
    frame, _ = people(60, 10)
    matching = Deduplicator(match_mode="fuzzy", labels=[(4, 2, False)]).matching(frame)
    found = explain(matching, 2, 4)
    assert found["decided"] is False
    assert found["probability"] == 0
    assert found["sentence"] == "A person decided that these are different."


def test_a_higher_threshold_never_merges_more() -> None:
    frame, _ = people(200, 60)
    matching = FUZZY.matching(frame)
    curve = threshold_curve(matching, [0.1, 0.5, 0.9, 0.99])
    assert curve["merged"].is_sorted(descending=True)
    for row in curve.iter_rows(named=True):
        assert sum(part["clusters"] for part in row["sizes"]) == row["clusters"]
        assert sum((part["size"] - 1) * part["clusters"] for part in row["sizes"]) == row["merged"]


def test_the_estimate_counts_the_pairs_that_are_then_made() -> None:
    frame, _ = people(150, 40)
    matching = FUZZY.matching(frame)
    estimate = matching.estimate()
    assert estimate["pairs"].sum() >= len(matching.pairs[0]) > 0
    assert estimate["pairs"].max() <= len(matching.pairs[0])


def test_new_rows_join_existing_clusters() -> None:
    frame, who = people(300, 120)
    numbered = frame.with_columns(who=pl.Series(who))
    old, new = numbered.head(340), numbered.tail(80)
    matching = FUZZY.matching(old.drop("who"))
    clustered = old.with_columns(FUZZY.cluster(old.drop("who")).collect()["_cluster_id"])
    learned = json.loads(json.dumps(matching.state()))
    placed = FUZZY.assign(clustered, new, learned).collect()
    assert placed.drop("_cluster_id", "_match_probability").equals(new)
    both = pl.concat([clustered.select("who", "_cluster_id"), placed.select("who", "_cluster_id")])
    mine, truth = pairs(both["_cluster_id"].to_list()), pairs(both["who"].to_list())
    assert 2 * len(mine & truth) / (len(mine) + len(truth)) > 0.95


def test_assigning_needs_clusters() -> None:
    frame, _ = people(60, 10)
    with pytest.raises(ConfigError, match="_cluster_id"):
        FUZZY.assign(frame, frame, FUZZY.matching(frame).state())


def test_embedding_without_its_extra_prints_the_pip_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingDriverError, match=r"sentence_transformers") as caught:
        Deduplicator(match_mode="fuzzy", comparison="embedding").cluster(people(20, 2)[0])
    assert "pip install 'automic[embeddings]'" in str(caught.value)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1981-02-03", "1999-12-31", "2001-01-01"], "date"),
        (["19810203", "19991231", "20010101"], "date"),
        (["ann@x.org", "bob@y.org", "carl@z.com"], "email"),
        (['{"@code": "eur", "per_eur": "1.0"}', '{"@code": "pln", "per_eur": "4.3"}'], "text"),
        (["212-555-0606", "(310) 555-1234", "404/555-1368"], "phone"),
        (["12 baker street", "7 main road", "220 oak lane"], "address"),
        (["hauptstr. 5", "12 rue neuve", "8 high st"], "address"),
        (["anna", "ben", "carla"], "name"),
        (["19.90", "5.00", "1,200.50"], "number"),
        (["query processing in parallel database systems", "mining association rules in large sets"], "text"),
        (["1966 world cup final in london", "1978 cup final in rome"], "text"),
    ],
)
def test_the_kind_is_told_by_the_values(values: list[str], kind: str) -> None:
    assert kind_of(values, [1] * len(values)) == kind
