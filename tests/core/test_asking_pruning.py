"""Joins that nobody asked for."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from automic_core.assist.asking.lexicon import Lexicon
from automic_core.assist.asking.pruning import pruned
from automic_core.inference.foreign_keys import foreign_keys

FRAMES = {
    "silver.club": pl.DataFrame({"club_id": [1, 2, 3], "title": ["Chess", "Rowing", "Go"], "fee": [9.0, 7.5, 3.0]}),
    "silver.student": pl.DataFrame({"student_id": [11, 12, 13], "age": [17, 20, 25]}),
    "silver.member": pl.DataFrame({"student_id": [11, 12, 13, 11], "club_id": [1, 1, 2, 3], "post": list("abca")}),
}
FRAMES["silver.club_member"] = FRAMES["silver.member"]
LEXICON = Lexicon.of(FRAMES, foreign_keys(FRAMES))
JOINED = "SELECT {what} FROM silver.club AS T1 JOIN silver.member AS T2 ON T1.club_id = T2.club_id"
TURNED = "SELECT {what} FROM silver.member AS T2 JOIN silver.club AS T1 ON T2.club_id = T1.club_id"
ALONE = "SELECT {what} FROM silver.club AS T1"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (JOINED.format(what="T1.fee"), ALONE.format(what="T1.fee")),
        (TURNED.format(what="T1.fee"), ALONE.format(what="T1.fee")),
        (JOINED.format(what="T1.fee, T2.club_id"), ALONE.format(what="T1.fee, T1.club_id")),
        (f"{JOINED.format(what='T1.fee')} WHERE T2.club_id = 2", f"{ALONE.format(what='T1.fee')} WHERE T1.club_id = 2"),
        (
            "SELECT T1.fee FROM silver.club AS T1 JOIN silver.club_member AS T2 ON T1.club_id = T2.club_id",
            ALONE.format(what="T1.fee"),
        ),
        (
            f"{JOINED.format(what='T1.fee')} JOIN silver.student AS T3 ON T2.student_id = T3.student_id",
            ALONE.format(what="T1.fee"),
        ),
    ],
)
def test_a_table_that_is_only_joined_is_left_out(sql: str, expected: str) -> None:
    assert pruned(sql, "What does each club cost?", LEXICON) == expected


@pytest.mark.parametrize(
    ("sql", "question"),
    [
        (JOINED.format(what="T1.fee"), "What do the clubs with members cost?"),  # it is spoken of
        (JOINED.format(what="T1.fee, T2.post"), "What does each club cost?"),  # it is used
        (JOINED.format(what="fee, post"), "What does each club cost?"),  # used without its name
        (JOINED.format(what="*"), "What does each club cost?"),
        (JOINED.replace("JOIN", "LEFT JOIN").format(what="T1.fee"), "What does each club cost?"),
        (f"{JOINED.format(what='T1.fee')} AND T1.fee > 3", "What does each club cost?"),  # more than a key
        (f"{JOINED.format(what='T1.fee')} JOIN silver.student AS T3 ON T2.student_id = T3.student_id WHERE T3.age > 20",
         "What does each club cost?"),  # it is the way to another
        (ALONE.format(what="T1.fee"), "What does each club cost?"),
        ("SELECT FROM", "What does each club cost?"),
    ],
)  # fmt: skip
def test_what_is_needed_stays(sql: str, question: str) -> None:
    assert pruned(sql, question, LEXICON) is sql


def test_a_table_may_be_spoken_of_by_a_name_it_was_taught() -> None:
    taught = replace(LEXICON, also={("silver.member", ""): (("player",),)})
    sql = JOINED.format(what="T1.fee")
    assert pruned(sql, "What do the clubs with players cost?", taught) is sql
