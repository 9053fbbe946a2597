"""Statements of a model set on the tables there are, without asking it again."""

from __future__ import annotations

import duckdb
import polars as pl
import pytest

from automic_core.assist.asking.grounding import grounded, hint
from automic_core.assist.asking.lexicon import Lexicon
from automic_core.inference.foreign_keys import foreign_keys

FRAMES = {
    "silver.Club": pl.DataFrame({"club_id": [1, 2, 3], "club": ["Chess", "Rowing", "Go"], "fee": [9.0, 7.5, 3.0]}),
    "silver.student": pl.DataFrame({"student_id": [11, 12, 13], "age": [17, 20, 25], "city": ["Lima", "Oslo", "Bonn"]}),
    "silver.member": pl.DataFrame({"student_id": [11, 12, 13, 11], "club_id": [1, 1, 2, 3], "post": list("abca")}),
    "silver.teacher": pl.DataFrame({"teacher_id": [901, 902], "age": [51, 40], "wage": [1.5, 2.5]}),
}
LEXICON = Lexicon.of(FRAMES, foreign_keys(FRAMES))
MEMBERS = "SELECT {what} FROM silver.member AS T1 JOIN silver.Club AS T2 ON T1.club_id = T2.club_id"


def rows(sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA silver")
        for name, frame in FRAMES.items():
            connection.register("frame", frame.to_arrow())
            schema, _, table = name.partition(".")
            connection.execute(f'CREATE TABLE {schema}."{table}" AS SELECT * FROM frame')
        return sorted(connection.execute(sql).fetchall())


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        # the wrong one of two tables, by an alias or by its name
        (MEMBERS.format(what="T1.club, T2.post"), [("Chess", "a"), ("Chess", "b"), ("Go", "a"), ("Rowing", "c")]),
        ("SELECT student.post FROM silver.member WHERE member.post = 'b'", [("b",)]),
        # a table that was not joined: said by its name, by another's alias, or not at all
        (f"{MEMBERS.format(what='count(*)')} WHERE T2.club = 'Chess' AND silver.student.city = 'Oslo'", [(1,)]),
        (f"{MEMBERS.format(what='max(T1.city)')} WHERE T2.club = 'Rowing'", [("Bonn",)]),
        ("SELECT count(*) FROM silver.member WHERE city = 'Lima'", [(2,)]),
        # two tables away
        ("SELECT city FROM silver.Club WHERE club = 'Rowing'", [("Bonn",)]),
        # what is said once more after a table was joined belongs to the first
        ("SELECT club_id FROM silver.Club WHERE city = 'Bonn'", [(2,)]),
        # within a subquery
        ("SELECT club FROM silver.Club WHERE club_id IN (SELECT club_id FROM silver.member WHERE city = 'Oslo')",
         [("Chess",)]),
        # the name of its table before its own
        ("SELECT club_fee FROM silver.Club WHERE club.club_club = 'Go'", [(3.0,)]),
        # what is shown beside a key
        ("SELECT city, count(*) FROM silver.student JOIN silver.member m USING (student_id) GROUP BY m.student_id",
         [("Bonn", 1), ("Lima", 2), ("Oslo", 1)]),
        # a table without its layer
        ("SELECT fee FROM Club WHERE fee > 8", [(9.0,)]),
    ],
)  # fmt: skip
def test_a_column_gets_the_table_that_has_it(sql: str, expected: list[tuple[object, ...]]) -> None:
    with pytest.raises(duckdb.Error):
        rows(sql)
    assert rows(grounded(sql, LEXICON)) == expected


def test_a_table_is_spelled_as_it_is() -> None:
    spelled = 'SELECT club.fee FROM "silver"."Club" AS club'
    assert grounded("SELECT club.fee FROM silver.club", LEXICON) == spelled


@pytest.mark.parametrize(
    "sql",
    [
        MEMBERS.format(what="T2.club, count(*) AS members") + " GROUP BY T2.club ORDER BY members DESC",
        "SELECT club FROM silver.Club c WHERE EXISTS (SELECT 1 FROM silver.member WHERE club_id = c.club_id)",
        "SELECT city FROM silver.student s WHERE 1 < (SELECT count(*) FROM silver.member m WHERE s.age > 3)",
        "WITH old AS (SELECT age AS years FROM silver.student) SELECT years FROM old",
        "SELECT member FROM (SELECT count(*) AS member FROM silver.member)",
        "SELECT club FROM silver.Club UNION SELECT city FROM silver.student",
        "SELECT * FROM silver.student",
        "SELECT count(*) FROM silver.student WHERE age > (SELECT avg(age) FROM silver.student)",
        "SELECT * EXCLUDE (age) FROM silver.student",
    ],
)
def test_a_statement_that_is_right_is_not_touched(sql: str) -> None:
    rows(sql)
    assert grounded(sql, LEXICON) is sql


@pytest.mark.parametrize(
    "sql",
    [
        MEMBERS.format(what="T1.nothing"),  # nobody has it
        MEMBERS.format(what="T1.wage"),  # nothing joins a teacher
        "SELECT T1.fee FROM silver.Club T1 JOIN silver.student T2 ON T1.club_id = T2.club_id",  # that is no join
        "SELECT club_id FROM silver.member GROUP BY post",  # no key
        "SELECT count(*) FROM silver.nothing",
        "SELECT FROM WHERE",
        "",
    ],
)
def test_what_nothing_is_known_for_stays(sql: str) -> None:
    assert grounded(sql, LEXICON) is sql


def test_of_two_tables_the_one_that_is_near_is_joined() -> None:
    assert rows(grounded(MEMBERS.format(what="T1.age"), LEXICON)) == [(17,), (17,), (20,), (25,)]  # not a teacher's


def test_a_model_is_told_where_a_column_is() -> None:
    lacks = 'The query fails at line 1, column 24: Values list "T1" does not have a column named "wage"'
    assert hint(lacks, MEMBERS.format(what="T1.wage"), LEXICON) == (
        '"wage" is a column of silver.teacher. T1 is silver.member.'
    )
    missing = 'Referenced column "goals" not found in FROM clause!'
    assert hint(missing, MEMBERS.format(what="goals"), LEXICON) == 'No table has a column "goals".'
    assert hint("It took too long.", MEMBERS.format(what="post"), LEXICON) == ""
