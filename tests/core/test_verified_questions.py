"""Approved questions: the same words again, other values in their slots, and what is no match."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automic_core import Lakehouse
from automic_core.assist.asking.lexicon import Lexicon
from automic_core.assist.asking.verified import Approved, match, slots_of, spoken
from automic_core.errors import AutomicError, CatalogError, SecurityError
from tests.core.asked import lexicon

SQL = (
    "SELECT count(*) AS n FROM silver.stays s JOIN silver.houses h ON s.house_id = h.house_id "
    "WHERE h.town = 'Ulm' AND s.nights > 2"
)
QUESTION = "How many stays of more than 2 nights were there in Ulm?"


@pytest.fixture(scope="module")
def words() -> Lexicon:
    return lexicon()


def approved(words: Lexicon, question: str = QUESTION, sql: str = SQL) -> Approved:
    return Approved("a1", question, sql, slots_of(question, sql, words), "ada")


def test_values_of_the_question_that_stand_in_the_sql_are_slots(words: Lexicon) -> None:
    found = [(each.kind, each.table, each.column, each.text) for each in approved(words).slots]
    assert found == [("number", "", "", "2"), ("text", "silver.houses", "town", "Ulm")]


@pytest.mark.parametrize(
    ("question", "sql"),
    [
        (QUESTION, SQL),
        ("how many stays of more than 2 nights were there in ulm", SQL),
        ("How many stay of more than 2 night were there in Bonn", SQL.replace("Ulm", "Bonn")),
        (
            "Please, how many stays of more than 10 nights were there in Bonn?",
            SQL.replace("Ulm", "Bonn").replace("> 2", "> 10"),
        ),
    ],
)
def test_the_same_words_are_answered_with_their_own_values(words: Lexicon, question: str, sql: str) -> None:
    found = match(question, [approved(words)], words)
    assert found is not None
    assert (found.sql, found.problem) == (sql, "")


@pytest.mark.parametrize(
    "question",
    [
        "How many stays were there in Ulm?",
        "How many stays of more than 2 nights were there not in Ulm?",
        "How many stays of more than two hundred nights were there in Ulm?",
        "How many guests of more than 2 nights were there in Ulm?",
        "",
    ],
)
def test_other_words_are_no_match(words: Lexicon, question: str) -> None:
    assert match(question, [approved(words)], words) is None


def test_a_value_that_the_column_lacks_is_said(words: Lexicon) -> None:
    found = match("How many stays of more than 2 nights were there in Rome?", [approved(words)], words)
    assert found is not None
    assert found.problem == "“rome” is no value of houses.town"
    other = match(
        "How many stays of more than 2 nights were there in Mill?", [approved(words)], words
    )  # of another column
    assert other is not None
    assert "no value of houses.town" in other.problem


def test_a_quote_in_a_value_stays_inside_its_literal() -> None:
    towns = pl.DataFrame({"id": [1, 2], "town": ["Ulm", "L'Aquila"]})
    words = Lexicon.of({"silver.towns": towns}, [])
    sql = "SELECT count(*) AS n FROM silver.towns WHERE town = 'Ulm'"
    made = Approved("a", "How many towns like Ulm?", sql, slots_of("How many towns like Ulm?", sql, words), "ada")
    found = match("How many towns like L'Aquila?", [made], words)
    assert found is not None
    assert found.sql == "SELECT count(*) AS n FROM silver.towns WHERE town = 'L''Aquila'"


def test_a_text_compared_with_two_columns_is_no_slot(words: Lexicon) -> None:
    sql = "SELECT 1 AS a FROM silver.houses WHERE town = 'Ulm' OR name = 'Ulm'"
    assert slots_of("Which of Ulm?", sql, words) == ()


def test_the_latest_approval_wins(words: Lexicon) -> None:
    other = Approved("a2", QUESTION, "SELECT 2 AS n", (), "bob")
    found = match(QUESTION, [approved(words), other], words)
    assert found is not None
    assert found.approved.id == "a2"


@given(st.text(max_size=80))
def test_any_question_is_its_own_match(question: str) -> None:
    made = Approved("a", question, "SELECT 1 AS n", (), "ada")
    found = match(question, [made], lexicon())
    assert found is not None
    assert found.sql == made.sql
    assert all(word == word.lower() for word in spoken(question))


@pytest.fixture
def lake(asked_lake: Path) -> Iterator[Lakehouse]:
    with Lakehouse.open(asked_lake, actor="ada") as opened:
        yield opened


def test_an_approved_answer_is_verified_next_time(lake: Lakehouse) -> None:
    first = lake.ask("How many stays are there for each kind?")
    assert first.rung == "grammar"
    lake.questions.approve(first.question, first.sql or "", first.snapshots)
    again = lake.ask("How many stays are there for each kind?")
    assert (again.rung, again.sql, again.trust) == ("verified", first.sql, 0.99)
    assert again.explanation == "As the verified question “How many stays are there for each kind?”, approved by ada."
    assert again.snapshots == first.snapshots
    lake.questions.revoke(again.verified)
    assert lake.ask("How many stays are there for each kind?").rung == "grammar"
    assert [each.revoked_at is None for each in lake.questions.all()] == [True, False]


def test_a_verified_question_may_say_what_the_grammar_cannot_read(lake: Lakehouse) -> None:
    assert lake.ask("How is business in Ulm?").sql is None
    sql = "SELECT sum(paid_eur) AS paid FROM silver.stays JOIN silver.houses USING (house_id) WHERE town = 'Ulm'"
    lake.questions.approve("How is business in Ulm?", sql)
    found = lake.ask("how is business in Bonn")
    assert found.frame is not None
    assert found.frame.item() == 1630.0
    following = lake.ask("and in Ulm?", ["how is business in Bonn"])
    assert following.follows
    assert following.frame is not None
    assert following.frame.item() == 1240.0


def test_a_statement_that_no_longer_runs_is_said_and_the_next_rung_is_asked(lake: Lakehouse) -> None:
    lake.questions.approve("How many stays are there?", "SELECT count(*) AS n FROM silver.stays")
    gone = "SELECT count(nights_spent) AS n FROM silver.stays"
    lake.questions.approve("How many houses are there?", gone)
    found = lake.ask("How many houses are there?")
    assert found.rung == "grammar"
    assert "no longer runs" in found.notes[0]
    assert "nights_spent" in found.notes[0]


def test_a_wrong_answer_is_not_given_again(lake: Lakehouse) -> None:
    first = lake.ask("How many stays are there?")
    made = lake.questions.reject(first.question, first.sql or "", reason="business ones do not count")
    again = lake.ask("how many stays are there")
    assert again.sql is None
    assert "business ones do not count" in again.explanation
    assert lake.ask("How many houses are there?").sql is not None
    lake.questions.revoke(made.id)
    assert lake.ask("how many stays are there").sql == first.sql


def test_what_may_not_run_is_not_approved(lake: Lakehouse) -> None:
    with pytest.raises(SecurityError):
        lake.questions.approve("How many files are there?", "SELECT * FROM read_csv('/etc/passwd')")
    with pytest.raises(AutomicError, match="no question"):
        lake.questions.approve(" ?", "SELECT 1 AS a")
    with pytest.raises(CatalogError, match="no verified question nope"):
        lake.questions.revoke("nope")


def test_a_lake_that_is_only_looked_at_keeps_nothing(asked_lake: Path) -> None:
    with Lakehouse.open(asked_lake, read_only=True) as lake, pytest.raises(SecurityError):
        lake.questions.approve("How many?", "SELECT 1 AS a")
