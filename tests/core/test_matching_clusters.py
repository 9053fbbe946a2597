"""Fuzzy clusters: what is found in made-up people, and what must hold whatever is found."""

from __future__ import annotations

import random

import numpy as np
import polars as pl
import pytest

from automic_core import frames
from automic_core.errors import ConfigError
from automic_core.matching.clustering import Graph
from automic_core.transforms.dedup import INTO, Deduplicator

FIRST = [
    "anna",
    "ben",
    "carla",
    "david",
    "elena",
    "frank",
    "greta",
    "hugo",
    "irene",
    "jonas",
    "karin",
    "louis",
    "maria",
    "nils",
    "olga",
    "peter",
    "rosa",
    "stefan",
    "tina",
    "uwe",
]
LAST = [
    "abel",
    "brandt",
    "costa",
    "duval",
    "evans",
    "fischer",
    "garcia",
    "hansen",
    "ivanov",
    "jensen",
    "keller",
    "lopez",
    "meyer",
    "novak",
    "olsen",
    "perez",
    "quist",
]


def people(count: int, copies: int, seed: int = 1) -> tuple[pl.DataFrame, list[int]]:
    """People, some of them again with slips; and who each row is."""
    draw = random.Random(seed)

    def one(number: int) -> list[str | None]:
        first, last = draw.choice(FIRST), draw.choice(LAST) + draw.choice(["", "son", "berg", "mann"])
        birth = f"{draw.randrange(1940, 2005)}-{draw.randrange(1, 13):02d}-{draw.randrange(1, 29):02d}"
        return [
            first,
            last,
            birth,
            f"{number * 7919 % 10**9:09d}",
            f"{draw.randrange(1, 200)} {draw.choice(LAST)} street",
        ]

    base = [one(number) for number in range(count)]
    rows = [(list(values), who) for who, values in enumerate(base)]
    for _ in range(copies):
        who = draw.randrange(count)
        values = list(base[who])
        slip = draw.randrange(5)
        text = str(values[slip])
        place = draw.randrange(len(text) - 1)
        values[slip] = None if draw.random() < 0.3 else text[:place] + text[place + 1] + text[place] + text[place + 2 :]
        rows.append((values, who))
    draw.shuffle(rows)
    frame = pl.DataFrame([values for values, _ in rows], ["first", "last", "birth", "phone", "street"], orient="row")
    return frame, [who for _, who in rows]


def pairs(clusters: list[int]) -> set[tuple[int, int]]:
    return {(a, b) for b in range(len(clusters)) for a in range(b) if clusters[a] == clusters[b]}


def test_people_with_slips_are_found() -> None:
    frame, who = people(300, 80)
    found = Deduplicator(match_mode="fuzzy").cluster(frame).collect()
    mine, truth = pairs(found["_cluster_id"].to_list()), pairs(who)
    assert 2 * len(mine & truth) / (len(mine) + len(truth)) > 0.97


def test_every_row_and_column_comes_back_in_place() -> None:
    frame, _ = people(120, 30)
    found = Deduplicator(match_mode="fuzzy").cluster(frame.lazy()).collect()
    assert found.drop("_cluster_id", "_match_probability").equals(frame)
    alone = found["_cluster_id"].is_unique()
    assert found["_match_probability"].is_null().equals(alone)
    assert found["_match_probability"].drop_nulls().is_between(0.5, 1).all()


def test_the_order_of_the_rows_does_not_matter() -> None:
    frame, _ = people(150, 40)
    numbered = frame.with_row_index("row")
    straight = numbered.with_columns(Deduplicator(match_mode="fuzzy").cluster(frame).collect()["_cluster_id"])
    turned = numbered.sample(fraction=1, shuffle=True, seed=3)
    clusters = Deduplicator(match_mode="fuzzy").cluster(turned.drop("row")).collect()["_cluster_id"]
    again = turned.with_columns(clusters).sort("row")
    one, other = pairs(straight["_cluster_id"].to_list()), pairs(again["_cluster_id"].to_list())
    assert one == other


def test_a_household_is_not_one_person() -> None:
    frame, who = people(300, 80)
    draw = random.Random(5)
    family = frame.with_columns(who=pl.Series(who)).unique("who", keep="first", maintain_order=True).head(100)
    family = family.with_columns(
        pl.Series("first", [draw.choice(FIRST) for _ in range(100)]),
        pl.Series("birth", [f"{draw.randrange(1940, 2005)}-{draw.randrange(1, 13):02d}-11" for _ in range(100)]),
        who=pl.arange(1000, 1100),
    ).with_columns(pl.col("who").cast(pl.Int64))
    both = pl.concat([frame.with_columns(who=pl.Series(who)), family])
    found = Deduplicator(match_mode="fuzzy").cluster(both.drop("who")).collect()
    mine, truth = pairs(found["_cluster_id"].to_list()), pairs(both["who"].to_list())
    assert len(mine & truth) / len(mine) > 0.9
    assert len(mine & truth) / len(truth) > 0.9


def test_the_step_names_each_merged_row_and_its_survivor() -> None:
    frame, _ = people(120, 30)
    step = Deduplicator(match_mode="fuzzy", merge_strategy="keep_last")
    clusters = step.cluster(frame).collect()["_cluster_id"]
    tracked = frames.track(frame.lazy())
    fitted = step.fit(tracked)
    assert fitted.keys is not None
    last = pl.DataFrame({"c": clusters}).with_row_index("row").group_by("c").agg(pl.col("row").max())
    expected = {
        row: into for c, into in last.iter_rows() for row in np.flatnonzero(clusters.to_numpy() == c) if row != into
    }
    assert dict(fitted.keys.select(frames.RID, INTO).iter_rows()) == expected
    after = fitted.apply(tracked).collect()
    assert after.height == frame.height
    assert after["_fate"].is_not_null().sum() == len(expected)
    assert after["_merged_rids"].drop_nulls().list.len().sum() == len(expected)


def test_rows_removed_before_are_not_matched() -> None:
    frame = pl.DataFrame({"name": ["anna keller", "anna keller", "ben abel", "carla lopez"], "n": [1, 1, 2, 3]})
    dead = frames.condemn(frames.track(frame.lazy()), pl.col(frames.RID) == 0, frames.FILTERED)
    fitted = Deduplicator(match_mode="fuzzy", match_fields=["name", "n"]).fit(dead)
    assert fitted.keys is not None
    assert 0 not in fitted.keys[frames.RID].to_list() + fitted.keys[INTO].to_list()


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_tiny_tables(rows: int) -> None:
    frame = people(3, 0)[0].head(rows)
    found = Deduplicator(match_mode="fuzzy").cluster(frame).collect()
    assert found["_cluster_id"].to_list() == list(range(rows))


def test_a_table_without_values_says_so() -> None:
    frame = pl.DataFrame({"a": [None, None], "b": ["x", "x"]}, schema={"a": pl.String, "b": pl.String})
    with pytest.raises(ConfigError, match="nothing to compare: a, b"):
        Deduplicator(match_mode="fuzzy").cluster(frame)


def test_exact_mode_has_no_clusters() -> None:
    with pytest.raises(ConfigError, match="fuzzy"):
        Deduplicator().cluster(pl.DataFrame({"a": [1, 2]}))


def test_a_weak_bridge_does_not_join_two_clusters() -> None:
    same = {(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5)}

    def score(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.array(
            [
                4.0 if (x, y) in same or (y, x) in same else 1.0 if {x, y} == {2, 3} else -4.0
                for x, y in zip(a, b, strict=True)
            ]
        )

    left, right = (np.array(part, np.int32) for part in zip(*sorted(same | {(2, 3)}), strict=True))
    graph = Graph(left, right, score(left, right), 6, score)
    assert graph.clusters(0.0).tolist() == [0, 0, 0, 1, 1, 1]
    assert graph.clusters(5.0).tolist() == [0, 1, 2, 3, 4, 5]
