"""Questions for what is not there: rows of another table, a value in a column; and what is there beside it."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from tests.core.test_asking_trust import asked

STUDENTS = pl.DataFrame(
    {
        "student_id": [1, 2, 3, 4, 5],
        "first_name": ["Ann", "Bob", "Cleo", "Dan", "Eve"],
        "age": [20, 21, 22, 23, 24],
        "email": ["a@example.org", None, "", "d@example.org", "e@example.org"],
        "phone": ["1", None, "3", "4", "5"],
        "graduated": [date(2020, 1, 1), None, date(2021, 1, 1), None, None],
        "mood": ["unknown", "happy", "happy", "sad", "unknown"],
    }
)
PETS = pl.DataFrame(
    {
        "pet_id": [10, 11, 12, 13, 14],
        "pet_type": ["dog", "cat", "cat", "dog", "bird"],
        "weight": [9.0, 4.0, 3.5, 12.0, 0.2],
    }
)
HAS = pl.DataFrame({"student_id": [1, 1, 2, 3, 5], "pet_id": [10, 11, 12, 13, 14]})
CARS = pl.DataFrame({"car_id": [1, 2], "student_id": [2, 4], "brand": ["Audi", "Fiat"]})
TABLES = {"silver.students": STUDENTS, "silver.pets": PETS, "silver.has_pet": HAS, "silver.cars": CARS}


@pytest.mark.parametrize(
    ("told", "names"),
    [
        ("who have no dog but have a cat", "Bob"),
        ("who have a cat but no dog", "Bob"),
        ("who have a dog but not a cat", "Cleo"),
        ("who do not have a cat and are older than 22", "Dan Eve"),
        ("who are older than 20 and do not have a cat", "Cleo Dan Eve"),
        ("who have no pets but have a car", "Dan"),
        ("without pets but with a car", "Dan"),
        ("who don't have a cat but have a pet", "Cleo Eve"),
        ("who do not have a cat pet", "Cleo Dan Eve"),
        ("who have a car but do not have a pet", "Dan"),
    ],
)
def test_what_is_denied_is_what_stands_behind_the_no(told: str, names: str) -> None:
    answer = asked(f"Show the first names of students {told}.", TABLES)
    assert answer.frame is not None, answer.explanation
    assert sorted(answer.frame.to_series()) == names.split(), answer.sql


@pytest.mark.parametrize(
    ("told", "names"),
    [
        ("who have no e-mail", "Bob Cleo"),
        ("without an email address", "Bob Cleo"),
        ("who do not have a phone number", "Bob"),
        ("whose e-mail is missing", "Bob Cleo"),
        ("whose phone is not known", "Bob"),
        ("whose phone is not empty", "Ann Cleo Dan Eve"),
        ("who have no e-mail and are older than 21", "Cleo"),
        ("whose graduated is empty and who are younger than 22", "Bob"),
        ("whose mood is unknown", "Ann Eve"),  # a value, not its absence
    ],
)
def test_nothing_in_a_column_is_null_or_an_empty_text(told: str, names: str) -> None:
    answer = asked(f"Show the first names of students {told}.", TABLES)
    assert answer.frame is not None, answer.explanation
    assert sorted(answer.frame.to_series()) == names.split(), answer.sql


def test_nothing_in_a_column_is_said_in_words() -> None:
    answer = asked("How many students have no e-mail?", TABLES)
    assert answer.frame is not None, answer.explanation
    assert answer.frame.item() == 2
    assert "(students.email is empty or students.email is “”)" in answer.explanation


@pytest.mark.parametrize(
    "question",
    [
        "How many students have no weight?",
        "Which brands did not have any phones?",
        "Which students have no e-mail above 3?",
    ],
)
def test_absence_of_what_they_cannot_have_is_no_answer(question: str) -> None:
    answer = asked(question, TABLES)
    assert answer.sql is None, answer.sql
