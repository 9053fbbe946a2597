"""Conditions on sums, counts and averages of the rows that belong to a row or share a value; names in place of keys."""

from __future__ import annotations

import operator
from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.asked import HOUSES, STAYS, TABLES
from tests.core.test_asking_trust import asked
from tests.drawing import draws

CARRIERS = pl.DataFrame({"carrier_id": [1, 2, 3], "name": ["Kestrel", "Heron", "Swift"], "seat_of": ["Ulm"] * 3})
CREWS = pl.DataFrame({"crew_id": [1, 2], "pilots": [2, 3]})
FLIGHTS = pl.DataFrame(
    {
        "flight_id": [1, 2, 3, 4],
        "carrier": [1, 1, 2, 2],
        "crew": [1, 2, 2, 2],
        "goal": ["Oslo", "Rome", "Rome", "Bonn"],
        "miles": [900, 700, 650, 300],
    }
)
SKY = {"silver.carriers": CARRIERS, "silver.flights": FLIGHTS, "silver.crews": CREWS}


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("What are the carriers of flights to Rome?", [("Kestrel",), ("Heron",)]),
        (
            "Show the goal and carrier of all flights.",
            [("Oslo", "Kestrel"), ("Rome", "Kestrel"), ("Rome", "Heron"), ("Bonn", "Heron")],
        ),
        ("Show the flight id and the carrier id of flights to Oslo.", [(1, 1)]),
        ("What is the number of flights for each carrier?", [("Kestrel", 2), ("Heron", 2)]),
        ("Show the goal and crew of flights to Oslo.", [("Oslo", 1)]),
    ],
)
def test_rows_that_are_pointed_to_are_shown_by_their_names(question: str, rows: list[tuple[object, ...]]) -> None:
    answer = asked(question, SKY)
    assert answer.frame is not None, answer.explanation
    assert sorted(answer.frame.rows(), key=repr) == sorted(rows, key=repr), answer.sql


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Which houses have an average paid above 450?", [("Red Barn",), ("Old Inn",)]),
        ("What are the names of houses whose total nights are more than 8?", [("Red Barn",), ("Old Inn",)]),
        ("Which houses have a total of more than 8 nights?", [("Red Barn",), ("Old Inn",)]),
        ("List the names of houses whose maximum nights are at most 3.", [("Mill",)]),
        ("Which houses have at least 2 stays?", [("Red Barn",), ("Old Inn",)]),
        ("Which houses have a number of stays below 2?", [("Mill",)]),
        ("What are the kinds of stays with an average number of nights over 5?", [("holiday",)]),
        ("Show the kind of stays whose average nights are below 2.", [("business",)]),
        ("How many houses have an average paid above 450?", [(2,)]),
    ],
)
def test_conditions_on_what_belongs_to_a_row_or_shares_a_value(question: str, rows: list[tuple[object, ...]]) -> None:
    answer = asked(question, TABLES)
    assert answer.frame is not None, answer.explanation
    assert sorted(answer.frame.rows()) == sorted(rows), answer.sql


@pytest.mark.parametrize(
    "question",
    [
        "Which stays have an average nights above 3?",  # a stay has one number of nights
        "Which houses have an average arrived above 3?",
        "Which houses have an average nights above average?",
        "Which houses have business stays and average nights above 3?",  # of all stays, or of those
    ],
)
def test_conditions_that_say_too_little_are_no_answer(question: str) -> None:
    answer = asked(question, TABLES)
    assert answer.sql is None, answer.sql


_MEASURES: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "average": pl.Expr.mean,
    "total": pl.Expr.sum,
    "maximum": pl.Expr.max,
    "minimum": pl.Expr.min,
}
_BOUNDS = {
    "above": operator.gt,
    "more than": operator.gt,
    "at least": operator.ge,
    "below": operator.lt,
    "at most": operator.le,
}


@settings(max_examples=draws(60), deadline=None, derandomize=True, database=None)
@given(
    st.sampled_from(sorted(_MEASURES)),
    st.sampled_from(sorted(_BOUNDS)),
    st.integers(0, 1200),
    st.sampled_from([("whose", "is"), ("with a", ""), ("that have a", "of")]),
)
def test_bounds_of_groups_are_what_polars_finds(measure: str, bound: str, number: int, form: tuple[str, str]) -> None:
    question = f"What are the names of houses {form[0]} {measure} paid {form[1]} {bound} {number}?"
    groups = STAYS.group_by("house_id").agg(_MEASURES[measure](pl.col("paid_eur")).alias("value"))
    wanted = groups.filter(_BOUNDS[bound](pl.col("value"), number)).join(HOUSES, on="house_id")["name"]
    answer = asked(question, TABLES)
    if wanted.is_empty():
        assert answer.frame is None or answer.frame.is_empty()
        return
    assert answer.frame is not None, (question, answer.explanation)
    assert sorted(answer.frame.to_series()) == sorted(wanted), answer.sql


MEMBERS = pl.DataFrame({"memid": [3, 5, 9], "fname": ["Ann", "Bob", "Cleo"], "age": [20, 30, 40]})
LOCKERS = pl.DataFrame({"memid": [3, 9], "hall": ["North", "South"], "number": [70, 80]})


def test_keys_of_the_same_name_join_tables_that_nothing_else_joins() -> None:
    answer = asked(
        "What are the halls of lockers of members older than 30?",
        {"silver.members": MEMBERS, "silver.lockers": LOCKERS},
    )
    assert answer.frame is not None, answer.explanation
    assert answer.frame.rows() == [("South",)]
    assert answer.signs["namesakes"] == 1


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("total nights by kind", [(31, "holiday"), (3, "business")]),
        ("How many stays are there by kind?", [(4, "holiday"), (2, "business")]),
        ("total nights by kind and house", None),
    ],
)
def test_what_is_computed_is_told_by_what_stands_behind_by(question: str, rows: list[tuple[float, str]] | None) -> None:
    answer = asked(question, TABLES)
    assert answer.frame is not None, answer.explanation
    if rows is None:
        assert answer.sql is not None
        assert answer.sql.count("sum(") == 1, "what stands behind “and” is no second sum"
        return
    assert sorted((float(number), kind) for number, kind in answer.frame.rows()) == sorted(rows)


def test_by_without_anything_computed_is_not_guessed() -> None:
    assert "by" in asked("Show the houses by town", TABLES).unknown
