"""How far a reading is trusted, what it may not assume, and a statement in words whoever wrote it."""

from __future__ import annotations

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automic_core.assist.asking import grammar, trusting
from automic_core.assist.asking.answers import Answer
from automic_core.assist.asking.equality import equal
from automic_core.assist.asking.lexicon import Lexicon
from automic_core.assist.asking.sql_words import in_words
from automic_core.errors import TransformError
from automic_core.inference.foreign_keys import foreign_keys
from tests.core.test_asking import TABLES

FLATS = pl.DataFrame(
    {
        "flat_id": [1, 2, 3],
        "flat_name": ["Airy A340-300", "Bright", "Calm"],
        "base_rent": [500.0, 700.0, 650.0],
        "deadline": ["2020-01-01", "2021-01-01", "2022-01-01"],
        "owner_id": [1, 1, 2],
    },
).with_columns(pl.col("deadline").str.to_date())
OWNERS = pl.DataFrame(
    {"owner_id": [1, 2], "first_name": ["Tracy", "Eric"], "last_name": ["Kim", "Tai"], "age": [40, 61]}
)
CARS = pl.DataFrame({"car_id": [1, 2, 3], "car_name": ["X1", "Y2", "Z3"], "owner_id": [1, 2, 2]})
MORE = {"silver.flats": FLATS, "silver.owners": OWNERS, "silver.cars": CARS}


def asked(question: str, tables: dict[str, pl.DataFrame]) -> Answer:
    with duckdb.connect() as connection:
        for schema in {name.partition(".")[0] for name in tables}:
            connection.execute(f"CREATE SCHEMA {schema}")
        for name, rows in tables.items():
            connection.register("rows_", rows)
            connection.execute(f"CREATE TABLE {name} AS FROM rows_")
            connection.unregister("rows_")

        def run(sql: str) -> pl.DataFrame:
            try:
                return pl.DataFrame(connection.sql(sql).to_arrow_table())
            except duckdb.Error as exc:
                raise TransformError(str(exc), "") from exc

        return grammar.ask(question, Lexicon.of(tables, foreign_keys(tables)), run)


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("What is the rent of the flat 'Airy A340-300'?", [(500.0,)]),
        ("What is the rent of Airy A340-300?", [(500.0,)]),
        ("How old is the owner named 'Tracy Kim'?", [(40,)]),
        ("Which flats have a deadline after 2020-06-01?", [("Bright",), ("Calm",)]),
        ("Show the last names of owners aged above 50.", [("Tai",)]),
        ("List the names of flats, ordered descending by rent.", [("Bright",), ("Calm",), ("Airy A340-300",)]),
        ("What are the names of the flats with the top 2 base rent?", [("Bright",), ("Calm",)]),
        ("Show the names of cars that don't have any owner.", []),
    ],
)
def test_what_is_read_too(question: str, rows: list[tuple[object, ...]]) -> None:
    answer = asked(question, MORE)
    assert answer.frame is not None, answer.explanation
    assert sorted(answer.frame.rows()) == sorted(rows)


@pytest.mark.parametrize(
    ("question", "tables", "why"),
    [
        ("How many flats does each car have?", MORE, "shares a silver.owners"),
        ("Show the titles and flavours of bottles.", TABLES, "flavours"),
        ("Who is the oldest and the youngest taster? Show the last name.", TABLES, "comes first"),
        ("What is the age of the oldest taster for each gender?", TABLES, "comes first"),
        ("Which bottles have a vineyard id greater than 2?", TABLES, "compared"),
        ("How many bottles and how many tasters are there?", TABLES, ""),
        ("What is the average number of tall vines of vineyards with more than 5 total number of workers?", TABLES, ""),
    ],
)
def test_what_would_be_a_guess_is_not_answered(question: str, tables: dict[str, pl.DataFrame], why: str) -> None:
    answer = asked(question, tables)
    assert answer.sql is None, answer.sql
    assert why in answer.explanation


def test_what_had_to_be_assumed_lowers_the_trust() -> None:
    plain = asked("How many bottles are there?", TABLES)
    across = asked("Show the last names of tasters who have ratings of bottles from the vineyard Old Stones.", TABLES)
    assert plain.trust > 0.9
    assert set(plain.signs) | {"always"} == set(trusting.WEIGHTS)
    assert across.sql is None or across.trust < plain.trust
    assert trusting.trust({"repeated": 1.0, "readings": 1.0}) < trusting.trust({"readings": 1.0}) < trusting.trust({})


@given(st.dictionaries(st.sampled_from(sorted(set(trusting.WEIGHTS) - {"always"})), st.floats(0, 20)))
def test_trust_is_a_probability(signs: dict[str, float]) -> None:
    assert 0 <= trusting.trust(signs) <= 1


def test_answers_are_equal_whatever_types_their_numbers_have() -> None:
    one, other = pl.DataFrame({"a": [1, 2], "b": ["x", None]}), pl.DataFrame({"c": [2.0, 1.0], "d": [None, "x"]})
    assert equal(one, other, ordered=False)
    assert not equal(one, other, ordered=True)
    assert not equal(one, other.head(1), ordered=False)
    assert not equal(one, other.with_columns(pl.col("c") + 0.5), ordered=False)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT count(*) FROM silver.bottles", "Shows the number of bottles."),
        (
            "SELECT DISTINCT b.colour FROM silver.bottles b WHERE b.price_eur > 10 AND NOT b.title ILIKE 'A%'",
            "Shows different bottles.colour where bottles.price_eur is more than 10 and not: bottles.title is like A%.",
        ),
        (
            """SELECT colour, avg(price_eur) AS mean FROM silver.bottles
            GROUP BY colour HAVING count(*) >= 2 ORDER BY mean DESC LIMIT 3""",
            """Shows the average of bottles.price_eur where the number of bottles is at least 2,
            for each bottles.colour, by the average of bottles.price_eur, highest first, the first 3 only.""",
        ),
        (
            "SELECT name FROM v WHERE id NOT IN (SELECT vid FROM b WHERE vid IS NOT NULL AND y BETWEEN 1 AND 2)",
            "Shows v.name where there is no row of b (b.y is between 1 and 2).",
        ),
        (
            "SELECT a FROM t WHERE b IN ('x', 'y') OR c IS NULL EXCEPT SELECT a FROM u",
            "Shows t.a where (t.b is one of x, y or t.c is empty) without u.a.",
        ),
        (
            "SELECT max(a) FROM t WHERE b > (SELECT avg(b) FROM t)",
            "Shows the most t.a where t.b is more than the average of t.b.",
        ),
        ("SELECT CASE WHEN a THEN 1 END AS x FROM t", "Shows CASE WHEN (a) THEN (1) ELSE NULL END."),
        ("DROP TABLE t", "Shows what the statement says."),
        ("SELECT 1; SELECT 2", "Shows what the statement says."),
        ("no statement", "Shows what the statement says."),
    ],
)
def test_a_statement_in_words(sql: str, words: str) -> None:
    assert " ".join(in_words(sql).split()) == " ".join(words.split())
