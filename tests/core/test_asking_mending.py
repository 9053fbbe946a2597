"""Slips of a model that are mended without asking it again."""

from __future__ import annotations

import pytest

from automic_core.assist.asking.mending import hint, mended

COLUMNS = {
    "silver.coach": ["Coach_ID", "Coach_name"],
    "silver.player": ["Player_ID", "Player_name", "votes"],
    "silver.player_coach": ["Player_ID", "Coach_ID"],
}
JOINED = (
    "SELECT T1.Player_name, T2.Coach_name FROM silver.player AS T1 JOIN silver.player_coach AS T2 "
    "ON T1.Player_ID = T2.Player_ID JOIN silver.coach T3 ON T2.Coach_ID = T3.Coach_ID"
)


def lacks(alias: str, column: str) -> str:
    return f'The query fails at line 1, column 24: Values list "{alias}" does not have a column named "{column}"'


def test_a_column_is_looked_for_in_the_table_that_has_it() -> None:
    assert mended(JOINED, lacks("T2", "Coach_name"), COLUMNS) == JOINED.replace("T2.Coach_name", 't3."Coach_name"')


def test_a_table_is_found_whatever_its_letters() -> None:
    columns = {"silver.Students": ["id"]}
    problem = "There is no table silver.students. Did you mean silver.Students?"
    assert mended("SELECT id FROM silver.students", problem, columns) == 'SELECT id FROM "silver"."Students"'


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        (JOINED, lacks("T2", "Coach_ID_of_both")),  # nobody has it
        (JOINED, lacks("T9", "Coach_ID")),  # two have it
        (JOINED, "There is no table silver.nothing."),
        (JOINED, "It took too long."),
        ("SELECT T1.votes FROM (SELECT 1 AS a) AS T1", lacks("T1", "votes")),  # its table is not read
    ],
)
def test_what_is_no_such_slip_is_left_to_the_model(sql: str, problem: str) -> None:
    assert mended(sql, problem, COLUMNS) is None


def test_a_name_that_means_two_tables_is_left_alone() -> None:
    sql = "SELECT T2.votes FROM silver.player T1 JOIN silver.coach T2 ON true"
    sql += " WHERE EXISTS (SELECT 1 FROM silver.coach T1)"
    assert mended(sql, lacks("T2", "votes"), COLUMNS) is None


def test_the_model_is_told_where_a_column_is() -> None:
    said = hint(lacks("T2", "Coach_name"), JOINED, COLUMNS)
    assert said == '"Coach_name" is a column of silver.coach. T2 is silver.player_coach.'
    said = hint('Referenced column "goals" not found in FROM clause!', JOINED, COLUMNS)
    assert said == 'No table has a column "goals".'
    assert hint("It took too long.", JOINED, COLUMNS) == ""
