"""Questions for what came first or last: by a date of the rows that are asked about, or of what belongs to them."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from tests.core.test_asking_trust import asked

PUPILS = pl.DataFrame(
    {
        "pupil_id": [1, 2, 3],
        "first_name": ["Ann", "Bob", "Cleo"],
        "last_name": ["Moss", "Reed", "Hill"],
        "birth_date": [date(2001, 1, 1), date(2000, 5, 5), date(2002, 2, 2)],
    }
)
REGISTRATIONS = pl.DataFrame(
    {
        "registration_id": [1, 2, 3],
        "pupil_id": [3, 1, 2],
        "registration_date": [date(2019, 9, 1), date(2020, 9, 1), date(2021, 9, 1)],
    }
)
TREATMENTS = pl.DataFrame(
    {
        "treatment_id": [1, 2, 3],
        "cost": [300.0, 120.0, 90.0],
        "treated_on": [date(2024, 1, 1), date(2024, 3, 3), date(2024, 2, 2)],
        "pupil_id": [1, 2, 2],
    }
)
TRIPS = pl.DataFrame(
    {
        "trip_id": [1, 2, 3],
        "title": ["Alps", "Baltic", "Coast"],
        "planned": [date(2024, 1, 1), date(2024, 2, 2), date(2024, 3, 3)],
        "started": [date(2024, 9, 1), date(2024, 7, 1), date(2024, 8, 1)],
    }
)
BOATS = pl.DataFrame({"boat_id": [1, 2, 3], "name": ["Ida", "Jon", "Kaj"], "built_year": [1990, 2004, 1975]})
TABLES = {
    "silver.pupils": PUPILS,
    "silver.registrations": REGISTRATIONS,
    "silver.treatments": TREATMENTS,
    "silver.trips": TRIPS,
    "silver.boats": BOATS,
}


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("What is the last name of the first pupil to register?", [("Hill",)]),
        ("What is the last name of the last pupil to register?", [("Reed",)]),
        ("What are the first and last name of the pupil who registered last?", [("Bob", "Reed")]),
        ("What are the last names of the first 2 pupils to register?", [("Hill",), ("Moss",)]),
        ("What is the cost of the most recent treatment?", [(120.0,)]),
        ("What is the cost of the latest treatment?", [(120.0,)]),
        ("What is the cost of the earliest treatment?", [(300.0,)]),
        ("Show the id of the last treatment.", [(2,)]),
        ("Find the id of the treatment made most recently.", [(2,)]),
        ("Show the cost of the 2 most recent treatments.", [(120.0,), (90.0,)]),
        ("What is the title of the first trip to start?", [("Baltic",)]),
        ("What is the title of the trip that was planned most recently?", [("Coast",)]),
        ("Show the title of the most recently started trip.", [("Alps",)]),
        ("What is the name of the boat that was built in the most recent year?", [("Jon",)]),
        ("Show the name of the oldest boat.", [("Kaj",)]),
        ("What is the most recent registration date?", [(date(2021, 9, 1),)]),
    ],
)
def test_first_and_last_are_by_a_date(question: str, rows: list[tuple[object, ...]]) -> None:
    answer = asked(question, TABLES)
    assert answer.frame is not None, answer.explanation
    assert sorted(answer.frame.rows()) == sorted(rows), answer.sql


@pytest.mark.parametrize(
    "question",
    [
        "What is the title of the most recent trip?",  # by its plan, or by its start
        "What is the last name of the first pupil to sing?",
        "Show the last name of the most recent pupil.",  # the youngest, or the last to register
        "Show the id of the most recent treatments.",  # how many of them
        "What is the most recent cost?",
        "Show the name of the first boat to sink.",
        "How many pupils registered last?",
    ],
)
def test_first_and_last_by_an_unknown_date_are_no_answer(question: str) -> None:
    answer = asked(question, TABLES)
    assert answer.sql is None, answer.sql


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Show the last names of pupils who registered after 2020-01-01.", [("Moss",), ("Reed",)]),
        ("Show the last names of pupils who were registered before 2020.", [("Hill",)]),
        ("How many treatments are there between 2024-02-01 and 2024-12-31?", [(2,)]),
        ("How many treatments were made before 2024-02-01 or after 2024-03-01?", [(2,)]),
        ("How many treatments are there in 2024?", [(3,)]),
        ("Show the ids of pupils who registered after 2020-01-01.", [(1,), (2,)]),
        ("Show the titles of trips started after 2024-07-15.", [("Alps",), ("Coast",)]),
        ("Show the names of boats built before 1980 or after 2000.", [("Jon",), ("Kaj",)]),
        ("Show the id of treatments with a cost greater than 200 or less than 100.", [(1,), (3,)]),
    ],
)
def test_a_date_that_is_not_named_is_that_of_the_verb_or_the_only_one(
    question: str, rows: list[tuple[object, ...]]
) -> None:
    answer = asked(question, TABLES)
    assert answer.frame is not None, answer.explanation
    assert sorted(answer.frame.rows()) == sorted(rows), answer.sql


@pytest.mark.parametrize(
    "question", ["Show the titles of trips after 2024-02-01.", "Show the last names of pupils after 2001-01-01."]
)
def test_a_date_that_could_be_several_is_not_guessed(question: str) -> None:
    assert asked(question, TABLES).sql is None


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Show the last names of pupils that were not treated.", [("Hill",)]),
        ("How many pupils were treated?", [(2,)]),
    ],
)
def test_a_verb_that_a_table_is_called_by_says_that_its_rows_are_there(
    question: str, rows: list[tuple[object, ...]]
) -> None:
    treated = {**TABLES, "silver.treated_pupils": TREATMENTS.select("treatment_id", "pupil_id")}
    del treated["silver.treatments"]
    answer = asked(question, treated)
    assert answer.frame is not None, answer.explanation
    assert sorted(answer.frame.rows()) == sorted(rows), answer.sql


def test_a_first_name_is_still_a_name() -> None:
    answer = asked("Show the first name of pupils whose last name is 'Reed'.", TABLES)
    assert answer.frame is not None, answer.explanation
    assert answer.frame.rows() == [("Bob",)]
