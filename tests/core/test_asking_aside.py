"""Words beside what is asked: units, numbers behind a table's name, places, and what stands for "each"."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest

from tests.core.test_asking_trust import asked

GUESTS = pl.DataFrame(
    {
        "guest_id": [1, 2, 3, 4],
        "last_name": ["Moss", "Reed", "Hill", "Lake"],
        "first_name": ["Ann", "Bob", "Cleo", "Dan"],
        "country": ["Chile", "Japan", "Japan", "Chile"],
        "age": [20, 30, 40, 50],
    }
)
ROOMS = pl.DataFrame(
    {
        "room_id": [111, 112, 113],
        "floor": [1, 1, 2],
        "damage_thousand_eur": [5.0, 7.0, 1.0],
        "length_m": [4.0, 5.0, 6.0],
    }
)
BOOKINGS = pl.DataFrame({"booking_id": [1, 2, 3], "guest_id": [1, 2, 2], "room_id": [111, 112, 113]})
EXTRAS = pl.DataFrame({"extra_id": [1, 2], "extra_name": ["Sauna", "Garage"]})
HAS = pl.DataFrame({"room_id": [111, 112, 112], "extra_id": [1, 1, 2]})
BARS = pl.DataFrame({"bar_id": [1, 2], "name": ["Anchor", "Bell"], "bar_location": ["Quay", "Tower"]})
TABLES = {
    "silver.guests": GUESTS,
    "silver.rooms": ROOMS,
    "silver.bookings": BOOKINGS,
    "silver.room_extra": EXTRAS,
    "silver.has_extra": HAS,
    "silver.bars": BARS,
}


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("What is the floor of room 112?", [(1,)]),
        ("How many guests have bookings of room 112?", [(1,)]),
        ("What is the average damage in thousands of rooms?", [(Decimal("4.33"),)]),
        ("How many rooms have a damage above 4 thousand?", [(2,)]),
        ("How many rooms have a length above 4 meters?", None),  # another unit's word than the column's
        ("How many guests are older than 30 years?", [(2,)]),
        ("Show the last name and country of origin of guests older than 40.", [("Lake", "Chile")]),
        (
            "What are the average and maximum age of guests in different countries?",
            [(35, 50, "Chile"), (35, 40, "Japan")],
        ),
        ("What is the average age of guests for different country names?", None),  # whose names
        ("Find the number and average age of guests for each country.", [(2, 35, "Chile"), (2, 35, "Japan")]),
        ("How many bookings does each guest have? Show the number and the guest id.", [(1, 1), (2, 2)]),
        ("How many rooms have extras?", [(2,)]),
        ("Where is the bar 'Bell'?", [("Tower",)]),
        (
            "Sort the list of last names of guests in descending order of age.",
            [("Lake",), ("Hill",), ("Reed",), ("Moss",)],
        ),
        ("Show the last names of the two oldest guests.", [("Hill",), ("Lake",)]),
        ("What is the average and oldest age of guests?", [(35, 50)]),
        ("Show the last names of guests from countries other than Japan.", [("Moss",), ("Lake",)]),
        ("Show the last names of guests from Japan, and sort the results by age.", [("Reed",), ("Hill",)]),
        ("How many rooms have a length above 5.5 or below 4.5?", [(2,)]),
        ("How many rooms have a length larger than or equal to 5?", [(2,)]),
        ("How many guests have an age equal to 20?", [(1,)]),
        ("What is the average age of guests, grouped by country?", [(35, "Chile"), (35, "Japan")]),
        ("What is the country of guest 2?", [("Japan",)]),
        ("Which rooms are available?", None),
        ("Where is Ann?", None),
    ],
)
def test_words_beside(question: str, rows: list[tuple[object, ...]] | None) -> None:
    answer = asked(question, TABLES)
    assert (answer.sql is None) == (rows is None), (answer.explanation, answer.sql)
    if rows is not None and answer.frame is not None:
        found = [
            tuple(round(Decimal(x), 2) if isinstance(x, float | int) else x for x in row) for row in answer.frame.rows()
        ]
        ordered = answer.sql is not None and "ORDER BY" in answer.sql and "LIMIT" not in answer.sql
        assert (found if ordered else sorted(found, key=repr)) == (rows if ordered else sorted(rows, key=repr)), (
            answer.sql
        )


CLUBS = pl.DataFrame({"club_id": [1, 2], "club_name": ["Chess", "Choir"], "club_type_code": ["indoor", "loud"]})
MEMBERS = pl.DataFrame({"guest_id": [1, 2, 3], "club_id": [1, 1, 2]})
SAFETY = pl.DataFrame({"county_id": [1, 2], "name": ["Kent", "Devon"], "police_officers": [200, 300]})


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Show the last names of the members of the club 'Chess'.", [("Moss",), ("Reed",)]),
        ("How many members of the club 'Chess' are older than 25?", [(1,)]),
        ("How many clubs are there for each club type?", [(1, "indoor"), (1, "loud")]),
        ("How many counties are there?", [(2,)]),
        ("List the names of counties in descending order of police officers.", [("Devon",), ("Kent",)]),
    ],
)
def test_names_that_tables_do_not_have_alone(question: str, rows: list[tuple[object, ...]]) -> None:
    tables = {"silver.guests": GUESTS, "silver.club": CLUBS, "silver.member_of_club": MEMBERS}
    answer = asked(question, {**tables, "silver.county_public_safety": SAFETY})
    assert answer.frame is not None, answer.explanation
    assert sorted(answer.frame.rows()) == sorted(rows), answer.sql


@pytest.mark.parametrize("spelling", ["organisation", "organization"])
def test_both_spellings_are_one_word(spelling: str) -> None:
    rows = pl.DataFrame({"organisation_id": [1, 2], "name": ["A", "B"], "colour": ["red", "blue"]})
    answer = asked(f"Show the color of {spelling}s whose name is 'A'.", {"silver.organisations": rows})
    assert answer.frame is not None, answer.explanation
    assert answer.frame.rows() == [("red",)]
