"""Questions read by the grammar: each family once, what it abstains from, no surprise from any words."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automic_core import CSVSource, Lakehouse, cli
from automic_core.assist.asking import grammar
from automic_core.assist.asking.answers import Answer
from automic_core.assist.asking.lexicon import Lexicon
from automic_core.inference.foreign_keys import foreign_keys
from automic_core.lakehouse import statements
from tests.drawing import draws

VINEYARDS = pl.DataFrame(
    {
        "vineyard_id": [1, 2, 3, 4],
        "name": ["Sunny Slope", "Old Stones", "River Bend", "High Field"],
        "region": ["Mosel", "Mosel", "Rheingau", "Baden"],
        "SurfaceArea": [12.5, 3.0, 8.0, 20.0],
        "founded_year": [1901, 1950, 1988, 2005],
        "number_of_workers": [10, 3, 6, 25],
    }
)
BOTTLES = pl.DataFrame(
    {
        "bottle_id": [1, 2, 3, 4, 5, 6],
        "title": ["Alba", "Brisa", "Cielo", "Dawn", "Echo", "Fado"],
        "colour": ["red", "white", "red", "rose", "white", "red"],
        "price_eur": [10.0, 15.0, 20.0, 8.0, 12.0, 30.0],
        "bottled": [
            date(2020, 1, 1),
            date(2021, 1, 1),
            date(2020, 5, 5),
            date(2022, 1, 1),
            date(2021, 7, 7),
            date(2019, 3, 3),
        ],
        "vineyard_id": [1, 1, 2, 3, 3, 3],
    }
)
TASTERS = pl.DataFrame(
    {
        "taster_id": [1, 2, 3],
        "first_name": ["Ann", "Bob", "Cleo"],
        "last_name": ["Moss", "Reed", "Hill"],
        "age": [31, 45, 27],
        "gender": ["F", "M", "F"],
    }
)
RATINGS = pl.DataFrame(
    {
        "rating_id": [1, 2, 3, 4],
        "taster_id": [1, 1, 2, 1],
        "bottle_id": [1, 2, 2, 3],
        "stars": [3, 5, 4, 2],
    }
)
ISLANDS = pl.DataFrame({"island": ["Sylt", "Juist"], "length_km": [38.0, 17.0]})
TABLES = {
    "silver.vineyards": VINEYARDS,
    "silver.bottles": BOTTLES,
    "silver.tasters": TASTERS,
    "silver.ratings": RATINGS,
    "silver.islands": ISLANDS,
}
Ask = Callable[[str], Answer]


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon.of(TABLES, foreign_keys(TABLES))


@pytest.fixture(scope="module")
def ask(lexicon: Lexicon) -> Ask:
    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA silver")
    for name, rows in TABLES.items():
        connection.register("rows", rows)
        connection.execute(f"CREATE TABLE {name} AS FROM rows")

    def asked(question: str) -> Answer:
        return grammar.ask(question, lexicon, lambda sql: connection.sql(sql).pl())

    return asked


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("How many bottles are there?", [(6,)]),
        ("List the names of all vineyards.", [("Sunny Slope",), ("Old Stones",), ("River Bend",), ("High Field",)]),
        ("What are the different regions?", [("Mosel",), ("Rheingau",), ("Baden",)]),
        ("What is the average price of red bottles?", [(20.0,)]),
        ("What are the minimum and maximum price of bottles?", [(8.0, 30.0)]),
        ("Which vineyards have a surface area greater than 10?", [("Sunny Slope",), ("High Field",)]),
        ("What are the names of vineyards founded before 1960?", [("Sunny Slope",), ("Old Stones",)]),
        ("What are the first and last names of female tasters?", [("Ann", "Moss"), ("Cleo", "Hill")]),
        ("How many bottles are there for each colour?", [("red", 3), ("white", 2), ("rose", 1)]),
        ("Who is the oldest taster? Show the last name.", [("Reed",)]),
        ("What is the name of the vineyard with the largest surface area?", [("High Field",)]),
        ("What is the most common colour of bottles?", [("red",)]),
        ("Which vineyard has the most bottles?", [("River Bend",)]),
        ("Which vineyard has the most workers?", [("High Field",)]),
        ("Which taster has the most ratings? Show the last name.", [("Moss",)]),
        ("What are the names of the vineyards that have at least 2 bottles?", [("Sunny Slope",), ("River Bend",)]),
        ("Which regions have more than one vineyard?", [("Mosel",)]),
        ("Show the names of vineyards that do not have any bottles.", [("High Field",)]),
        ("What are the titles of bottles from the vineyard Old Stones?", [("Cielo",)]),
        (
            "List the title and price of bottles whose colour is not 'red'.",
            [("Brisa", 15.0), ("Dawn", 8.0), ("Echo", 12.0)],
        ),
        ("How many bottles have a price between 10 and 15?", [(3,)]),
        ("Show the titles of bottles whose title starts with the letter A.", [("Alba",)]),
        ("Which tasters are older than the average age? Show the last name.", [("Reed",)]),
    ],
)
def test_each_family_is_answered(ask: Ask, question: str, rows: list[tuple[object, ...]]) -> None:
    answer = ask(question)
    assert answer.frame is not None, answer.explanation
    found = [tuple(sorted(map(str, row))) for row in answer.frame.rows()]
    assert sorted(found) == sorted(tuple(sorted(map(str, row))) for row in rows), answer.sql
    assert answer.rung == "grammar"
    assert answer.trust >= 0.7
    assert answer.explanation.startswith("Shows ")


def test_rows_come_in_the_order_that_was_asked_for(ask: Ask) -> None:
    answer = ask("List the titles of bottles in descending order of price.")
    assert answer.frame is not None
    assert answer.frame.to_series().to_list() == ["Fado", "Cielo", "Brisa", "Echo", "Alba", "Dawn"]
    assert answer.explanation == "Shows bottles.title, by bottles.price_eur, highest first."


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("How many unicorns are there?", "unicorns"),
        ("What is the average flavour of bottles?", "flavour"),
        ("How many bottles were drunk yesterday?", "yesterday"),
        ("Which bottles are better?", "better"),
    ],
)
def test_a_word_that_is_not_understood_is_named(ask: Ask, question: str, words: str) -> None:
    answer = ask(question)
    assert answer.sql is None
    assert answer.frame is None
    assert words in answer.unknown
    assert words in answer.explanation


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("What is the average age of islands?", "belong together"),
        ("What is the average colour of bottles?", "holds no numbers"),
        ("", "no question"),
        ("Which bottles? " * 50, "500 may be"),
    ],
)
def test_what_is_not_clear_is_said(ask: Ask, question: str, why: str) -> None:
    answer = ask(question)
    assert answer.sql is None
    assert why in answer.explanation


def test_readings_that_differ_are_no_answer(ask: Ask) -> None:
    answer = ask("What is the most common stars of ratings?")
    assert answer.sql is None
    assert "their answers differ" in answer.explanation


def test_suggestions_can_be_asked(ask: Ask) -> None:
    for question in ("What is the bouquet of the bottles?", "zzz"):
        found = ask(question).suggestions
        assert len(found) == 3
        assert all(ask(each).sql for each in found)
    assert "bottle" in ask("What is the bouquet of the bottles?").suggestions[0]


_WORDS = [
    *("how many", "what is the", "average", "name", "of", "vineyards", "bottle", "price", "with", "and", "or", "not"),
    *(
        "more than",
        "10",
        "between",
        "'red'",
        "red",
        "for each",
        "colour",
        "ordered by",
        "descending",
        "highest",
        "most",
    ),
    *("without", "Ann", "age", "surface area", "tasters", "ratings", "stars", "in", "1990", "which", "number of"),
]


@settings(max_examples=draws(150), deadline=None, derandomize=True, database=None)
@given(st.lists(st.one_of(st.sampled_from(_WORDS), st.text(max_size=6)), max_size=12))
def test_any_words_are_answered_or_not_but_never_refused(words: list[str]) -> None:
    known = _known()

    def run(sql: str) -> pl.DataFrame:
        statements.parse(_parser(), sql)  # what the sandbox lets run
        return pl.DataFrame({"a": [1]})

    answer = grammar.ask(" ".join(words), known, run)
    assert (answer.sql is None) == (answer.frame is None)
    assert answer.explanation


@functools.cache
def _parser() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


@functools.cache
def _known() -> Lexicon:
    return Lexicon.of(TABLES, foreign_keys(TABLES))


def test_a_lake_answers_at_the_snapshots_it_read(tmp_path: Path) -> None:
    with Lakehouse.open(tmp_path / "lake") as lake:
        file = tmp_path / "bottles.csv"
        for rows, count in ((BOTTLES, 6), (BOTTLES.head(2).with_columns(pl.col("bottle_id") + 10), 8)):
            rows.write_csv(file)
            lake.bronze.ingest(CSVSource(str(file)), "bottles", force=True)
            lake.silver.promote("bottles")
            answer = lake.ask("How many bottles are there?")
            assert answer.frame is not None
            assert answer.frame.item() == count
            assert answer.snapshots == {"silver.bottles": lake.history("silver.bottles")[-1].id}


def test_the_command_answers_or_says_that_it_abstains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUTOMIC_LAKE", raising=False)
    BOTTLES.write_csv("bottles.csv")
    assert cli.run(["init"]) == 0
    assert cli.run(["ingest", "bottles.csv", "--table", "bottles"]) == 0
    capsys.readouterr()
    assert cli.run(["ask", "How many bottles are there?"]) == 0
    printed = capsys.readouterr().out
    assert "Read as: Shows the number of bottles." in printed
    assert "SQL: SELECT count(*) AS number_of_bottles FROM bronze.bottles" in printed
    assert cli.run(["ask", "How many unicorns are there?"]) == 1
    printed = capsys.readouterr().out
    assert "I do not know. Not understood: “unicorns”" in printed
    assert "Can be asked: " in printed
    assert cli.run(["ask", "How many bottles are there?", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["rows"]["rows"] == [{"number_of_bottles": 6}]
    assert found["rung"] == "grammar"
