"""Readings of kinds that went wrong on databases nobody had looked at, each on small tables of its own."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from automic_core.assist.asking import trusting
from tests.core.test_asking_trust import asked

THEATRES = pl.DataFrame(
    {
        "theatre_id": [1, 2, 3],
        "TName": ["Globe", "Rose", "Swan"],
        "city": ["Ulm", "Bonn", "Kiel"],
        "code": ["AND", "TOP", "SWN"],
        "TPhone": ["11 22", "33 44", "55 66"],
        "lowest_degree": [-12, -3, 4],
    }
)
PLAYS = pl.DataFrame(
    {
        "PID": [1, 2, 3, 4],
        "title": ["Ash", "Birch", "Cedar", "Dune"],
        "genre": ["Comedy", "Drama", "Comedy", "Opera"],
        "premiere_year": [1990, 1980, 1980, 2001],
        "budget_million": [1.5, 0.5, 3.0, 2.0],
        "num_of_seats": [10, 20, 30, 40],
        "injured": [3, 0, 7, 1],
        "theatre_id": [1, 1, 2, 3],
    }
)
ACTORS = pl.DataFrame(
    {
        "actor_id": [1, 2, 3],
        "first_name": ["Ann", "Bob", "Ann"],
        "last_name": ["Moss", "Reed", "Hill"],
        "age": [31, 45, 27],
        "hired": [date(2001, 1, 1), date(2002, 2, 2), date(2003, 3, 3)],
        "shoes": ["A", "B", "A"],
    }
)
ROLES = pl.DataFrame({"actor_id": [1, 1, 2, 3], "PID": [1, 2, 2, 4]})
POSTS = pl.DataFrame({"year": [1, 1, 2], "post": [3.5, 7.0, 9.5], "place": ["Ulm", "Bonn", "Kiel"]})
GIFTS = pl.DataFrame({"gift_id": [1, 2, 3], "giver": ["Ann", "Bob", "Ann"], "amount_eur": [1.0, 2.5, 4.0]})
TABLES = {
    "silver.theatres": THEATRES,
    "silver.plays": PLAYS,
    "silver.actors": ACTORS,
    "silver.roles": ROLES,
    "silver.post": POSTS,
    "silver.gifts": GIFTS,
}


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("What are the names of theatres whose lowest degree is between -5 and 5?", [("Rose",), ("Swan",)]),
        ("List the city and code of theatres.", [("Ulm", "AND"), ("Bonn", "TOP"), ("Kiel", "SWN")]),
        ("What is the code of the theatre in Bonn?", [("TOP",)]),
        ("What are the phones of theatres in Kiel?", [("55 66",)]),
        ("List the titles of plays ordered by premiere year and title.", [("Birch",), ("Cedar",), ("Ash",), ("Dune",)]),
        ("List the titles of plays ordered by budget in millions.", [("Birch",), ("Ash",), ("Dune",), ("Cedar",)]),
        (
            "List the titles of plays in descending order of the number of actors injured.",
            [("Cedar",), ("Ash",), ("Dune",), ("Birch",)],
        ),
        ("What are the full names of actors older than 30?", [("Ann", "Moss"), ("Bob", "Reed")]),
        ("List the titles of plays in descending order.", [("Dune",), ("Cedar",), ("Birch",), ("Ash",)]),
        ("How many comedies are there?", [(2,)]),
        ("Show the plays and their premiere years.", [("Ash", 1990), ("Birch", 1980), ("Cedar", 1980), ("Dune", 2001)]),
        ("What is the total number of seats of plays?", [(100,)]),
        ("What is the premiere year of the play titled 'Dune'?", [(2001,)]),
        ("Which theatres have more than 1 play? Give me the phones.", [("11 22",)]),
        ("Which actors are older than 40? Find their last names.", [("Reed",)]),
        ("What is the most popular genre of plays?", [("Comedy",)]),
        ("Which genre is the most common?", [("Comedy",)]),
        ("Which genre is played most often?", [("Comedy",)]),
        ("List the titles of plays that contain 'ed'.", [("Cedar",)]),
        ("Which actors have the letter 'M' in their last name? Show the age.", [(31,)]),
        ("Which actors have a last name that contains the letter o? Show the age.", [(31,)]),
        ("How many actors have roles?", [(3,)]),
        ("What is the average number of seats of plays?", [(25.0,)]),
        ("List the titles of plays with the substring 'sh' in their genre.", []),
        ("Which actors were hired between 2001-06-01 and 2002-12-31? Give me the age.", [(45,)]),
        ("List the last names of actors in reverse alphabetical order.", [("Reed",), ("Moss",), ("Hill",)]),
        ("How many plays are there in or after 2001?", [(1,)]),
        ("Who are the two oldest actors? Show the last name.", [("Reed",), ("Moss",)]),
        ("For each genre, report the number of plays.", [(2, "Comedy"), (1, "Drama"), (1, "Opera")]),
        ("What are the names of theatres in Ulm city?", [("Globe",)]),
        ("How many different actors are there for each genre?", [(1, "Comedy"), (2, "Drama"), (1, "Opera")]),
        ("What is the genre with exactly 2 plays?", [("Comedy",)]),
        ("What are the genres with more than 1 play and how many plays are there in each genre?", [("Comedy", 2)]),
        ("Which theatre has the highest total budget in millions?", [("Rose",)]),
        ("List the genres of plays in descending order of average budget.", [("Comedy",), ("Opera",), ("Drama",)]),
        ("What kind of genre has the most plays?", [("Comedy",)]),
        ("Show all the information about gifts.", [(1, "Ann", 1.0), (2, "Bob", 2.5), (3, "Ann", 4.0)]),
        ("What is the average post for each place and year?", [(3.5, 1, "Ulm"), (7.0, 1, "Bonn"), (9.5, 2, "Kiel")]),
    ],
)
def test_what_is_read(question: str, rows: list[tuple[object, ...]]) -> None:
    answer = asked(question, TABLES)
    assert answer.frame is not None, answer.explanation
    found = answer.frame.rows()
    assert (found if "order" in question else sorted(found)) == (rows if "order" in question else sorted(rows))


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("How many different roles are there?", "different"),
        ("When did Ann first become an actor?", "When"),
        ("What are the actors of 'Ann'?", ""),
        ("Show the names and actors.", "actors"),
        ("List the titles of plays that have at least 2 theatres.", "one at most"),
        ("How many posts are there?", "posts"),
        ("How many actor roles are there?", "actor"),
        ("What is the genre of Comedy plays?", ""),
        ("List the amount of gifts.", "gifts"),
        ("What is the title of the genre?", "genre"),
    ],
)
def test_what_could_be_meant_otherwise_is_not_answered(question: str, why: str) -> None:
    answer = asked(question, TABLES)
    assert answer.sql is None, answer.sql
    assert why in answer.explanation


@pytest.mark.parametrize(
    ("sign", "plain", "risky"),
    [
        ("recased", "List the titles of Comedy plays.", "List the titles of comedy plays."),
        ("links asked", "How many plays are there?", "How many roles are there?"),
        ("open clause", "List the titles of plays.", "List the titles of plays which are there."),
        ("one column, repeated", "List the shoes and last names of actors.", "List the shoes of actors."),
        ("either", "Which plays have a budget above 1?", "Which plays are of genre Drama or of genre Opera?"),
    ],
)
def test_what_was_risky_elsewhere_is_a_sign(sign: str, plain: str, risky: str) -> None:
    assert asked(plain, TABLES).signs.get(sign, 0.0) == 0
    found = asked(risky, TABLES)
    assert found.signs, found.explanation
    assert found.signs[sign] == 1
    assert trusting.WEIGHTS[sign] < 0


@pytest.mark.parametrize("quoted", ["'Old Town'", "``Old Town''", "`` Old Town ''", "“Old Town”", '"Old Town"'])
def test_quotes_of_all_kinds_hold_a_value(quoted: str) -> None:
    rows = pl.DataFrame({"name": ["Ann", "Bob", "Cy"], "hometown": ["Old Town", "Ulm", None]})
    answer = asked(f"List the names of teachers whose hometown is not {quoted}.", {"silver.teacher": rows})
    assert answer.frame is not None
    assert answer.frame.rows() == [("Bob",)]
