"""What was done to something, where a column keeps it; names of tables that say "by"; who rows without a name are."""

from __future__ import annotations

import polars as pl
import pytest

from automic_core.assist.asking import following
from automic_core.assist.asking.lexicon import Lexicon
from automic_core.assist.asking.writing import write
from automic_core.inference.foreign_keys import foreign_keys
from tests.core.test_asking_trust import asked

ORDERS = pl.DataFrame(
    {
        "order_id": [1, 2, 3, 4, 5],
        "buyer_id": [1, 1, 2, 2, 3],
        "status": ["paid", "shipped", "cancelled", "cancelled", "returned"],
        "amount": [10.0, 20.0, 30.0, 40.0, 50.0],
    }
)
BUYERS = pl.DataFrame(
    {
        "buyer_id": [1, 2, 3],
        "first_name": ["Ann", "Bob", "Cleo"],
        "last_name": ["Moss", "Reed", "Hill"],
        "town": ["Ulm", "Bonn", "Ulm"],
        "credit": [7, 9, 8],
    }
)
BY = [(10.0, "paid"), (20.0, "shipped"), (35.0, "cancelled"), (50.0, "returned")]
BY_STATUS = pl.DataFrame({"status": ["paid", "shipped", "cancelled", "returned"], "orders": [1, 1, 2, 1]})
TABLES = {"silver.orders": ORDERS, "silver.buyers": BUYERS, "gold.orders_by_status": BY_STATUS}


@pytest.mark.parametrize(
    ("question", "spelled"),
    [
        ("How many custmers are there?", None),
        ("How many ordrs were cancelled?", "How many orders were cancelled?"),
        ("how many buyrs are in Ulmm", None),  # a short word may be any other
        ("How many oders were canceled", "How many orders were cancelled"),
    ],
)
def test_a_misspelled_question_is_suggested_as_the_lake_spells_it(question: str, spelled: str | None) -> None:
    answer = asked(question, TABLES)
    assert answer.sql is None
    assert (spelled in answer.suggestions) is (spelled is not None)
    if spelled is not None:
        assert answer.suggestions[0] == spelled


@pytest.mark.parametrize("part", ["by town instead", "and by town?", "per town", "split by town"])
def test_a_question_that_goes_on_is_told_by_something_else(part: str) -> None:
    lexicon = Lexicon.of(TABLES, foreign_keys(TABLES))
    found = following.follow(part, ["What is the average credit of buyers?"], lexicon)
    assert found is not None
    assert found.query is not None, found.problem
    assert "GROUP BY buyers.town" in write(found.query, lexicon)[0]


def test_a_name_that_many_rows_share_does_not_say_which_they_are() -> None:
    rows = pl.DataFrame({"order_id": range(100), "name": ["Chile", "Japan"] * 50, "weight": range(100)})
    answer = asked("Which orders have a weight above 97?", {"silver.orders": rows})
    assert answer.frame is not None, answer.explanation
    assert sorted(answer.frame.rows()) == [(98,), (99,)], answer.sql


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("How many orders were shipped?", [(1,)]),
        ("How many orders were paid?", [(1,)]),
        ("How many orders are cancelled?", [(2,)]),
        ("How many orders were not cancelled?", [(3,)]),
        ("How many orders were cancelled or returned?", [(3,)]),
        ("How many orders were not cancelled or returned?", None),  # neither, people mean
        ("How many cancelled orders are there?", [(2,)]),
        ("How many orders with an amount above 30 were cancelled or returned?", [(2,)]),
        ("How many orders were cancelled or returned and have an amount below 35?", [(1,)]),
        ("How many orders were paid or have an amount above 30 or were shipped?", None),
        ("How many orders have the status paid?", [(1,)]),
        ("What is the average amount of returned orders?", [(50.0,)]),
        ("How many buyers paid?", None),  # that an order is paid is not what a buyer did
        ("What is the average amount of orders by status?", BY),
        ("Average amount of orders by status", BY),
        ("List buyers in Bonn.", [("Bob", "Reed")]),
        ("Which buyers have the highest credit?", [("Bob", "Reed")]),
        ("Top 2 buyers by credit", [("Bob", "Reed"), ("Cleo", "Hill")]),
        ("Top 2 orders by town", None),
    ],
)
def test_answers(question: str, rows: list[tuple[object, ...]] | None) -> None:
    answer = asked(question, TABLES)
    if rows is None:
        assert answer.frame is None, answer.sql
        return
    assert answer.frame is not None, answer.explanation
    assert sorted(answer.frame.rows()) == sorted(rows), answer.sql
