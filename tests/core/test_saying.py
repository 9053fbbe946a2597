"""Plain words as steps and rules: what is read, what is asked back, and that everything was tried on the rows."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automic_core import frames, registry
from automic_core.assist.saying.clauses import clauses
from automic_core.assist.saying.reading import by_rules
from automic_core.assist.saying.saying import Reading, Staged
from automic_core.assist.saying.terms import literal, number, span
from tests.drawing import draws

N = 120
PEOPLE = ["Anna Smith", "Robert Jones", "Maria Berg", "John Young", "Peter Hill"]
ORDERS = pl.DataFrame(
    {
        "id": [None if i % 40 == 0 else f"o{i}" for i in range(N)],
        "name": [PEOPLE[i % 5] for i in range(N)],
        "first_name": [PEOPLE[i % 5].split()[0] for i in range(N)],
        "last_name": [PEOPLE[i % 5].split()[1] for i in range(N)],
        "email": [f" User{i // 2}@Example.org" if i % 7 else f"user{i // 2}@example.org" for i in range(N)],
        "age": [999 if i == 77 else 20 + i % 60 for i in range(N)],
        "country": [["DE", "FR", "IT", "de"][i % 4] for i in range(N)],
        "amount": [float(i) - 3 for i in range(N)],
        "currency": [["USD", "EUR", "GBP"][i % 3] for i in range(N)],
        "quantity": [i % 9 for i in range(N)],
        "unit_price": [i * 0.5 for i in range(N)],
        "order_date": [date(2022 + i % 3, 1 + i % 12, 3) for i in range(N)],
        "ship_date": [date(2022 + i % 3, 1 + i % 12, 1 if i == 5 else 5) for i in range(N)],
        "weight_lb": [i * 1.5 for i in range(N)],
        "status": [["paid", "cancelled", "open"][i % 3] for i in range(N)],
    }
)
ROWS = frames.track(ORDERS.lazy()).collect()


def say(text: str) -> Reading:
    return by_rules(text, ROWS)


def one(text: str) -> Staged:
    found = say(text)
    assert not found.unknown, found.unknown
    assert len(found.staged) == 1
    return found.staged[0]


STEPS: list[tuple[str, str, dict[str, Any], int, int]] = [
    ("trim and lowercase the emails", "text", {"columns": ["email"], "trim": True, "case": "lower"}, 102, 0),
    ("drop rows without id", "nulls", {"strategy": "drop", "fields": ["id"]}, 0, 3),
    ("rename age to years", "rename", {"columns": {"age": "years"}}, N, 0),
    ("keep only orders after 2023", "filter", {"sql": "\"order_date\" > DATE '2023-12-31'"}, 0, 80),
    ("delete orders before June 2022", "filter",
     {"sql": "NOT coalesce(\"order_date\" < DATE '2022-06-01', FALSE)"}, 0, 20),
    ("keep rows where age > 30 and country is one of DE, FR", "filter",
     {"sql": "(age > 30) AND (\"country\" IN ('DE', 'FR'))"}, 0, 72),
    ("remove cancelled orders", "filter", {"sql": "NOT coalesce(\"status\" IN ('cancelled'), FALSE)"}, 0, 40),
    ("extract the year of the order date", "derive", {"column": "order_date_year", "sql": 'year("order_date")'}, N, 0),
    ("combine first and last name", "derive",
     {"column": "full_name", "sql": "nullif(concat_ws(' ', \"first_name\", \"last_name\"), '')"}, N, 0),
    ("cast quantity to text", "cast", {"types": {"quantity": "string"}}, 0, 0),
    ("remove duplicates by email", "dedup",
     {"match_fields": ["email"], "ignore_case": True, "ignore_blanks": True}, 0, 60),
    ("convert the weight to kg", "derive",
     {"column": "weight_kg", "sql": 'CAST("weight_lb" AS DOUBLE) * 0.45359237'}, N, 0),
    ("total = quantity * unit price", "derive", {"column": "total", "sql": '"quantity" * "unit_price"'}, N, 0),
    ("sort by amount descending", "sort", {"by": ["amount"], "descending": True}, 0, 0),
    ("keep the first 10 rows", "limit", {"rows": 10}, 0, N - 10),
    ("drop the columns age and status", "select", {"exclude": ["age", "status"]}, 0, 0),
    ("replace 'de' with 'DE' in country", "text",
     {"columns": ["country"], "replace": [{"find": "de", "by": "DE"}]}, 30, 0),
    ("fill missing id with 'none'", "nulls", {"strategy": "fill", "fields": ["id"], "fill_value": "none"}, 3, 0),
    ("round unit price to 1 decimal", "derive", {"column": "unit_price", "sql": 'round("unit_price", 1)'}, 0, 0),
    ("get the domain of the email", "derive",
     {"column": "email_domain", "sql": "nullif(split_part(\"email\", '@', 2), '')"}, N, 0),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "options", "changed", "removed"), STEPS, ids=[each[0] for each in STEPS])
def test_a_step(text: str, kind: str, options: dict[str, Any], changed: int, removed: int) -> None:
    found = one(text)
    assert (found.group, found.kind, found.options) == ("step", kind, options)
    assert (found.changed, found.removed) == (changed, removed)
    registry.build("step", found.kind, found.options)


RULES: list[tuple[str, str, dict[str, Any], int]] = [
    ("amount must not be negative", "range", {"columns": ["amount"], "min": 0}, 3),
    ("country is one of DE, FR", "set", {"columns": ["country"], "values": ["DE", "FR"]}, 60),
    ("id is unique", "unique", {"columns": ["id"]}, 0),
    ("no duplicate emails", "unique", {"columns": ["email"]}, 42),
    ("id must not be missing", "not_null", {"columns": ["id"]}, 3),
    ("every order has an id", "not_null", {"columns": ["id"]}, 3),
    ("quantity must be between 1 and 5", "range", {"columns": ["quantity"], "min": 1, "max": 5}, 53),
    ("ages should be at most 120", "range", {"columns": ["age"], "max": 120}, 1),
    ("order date is before ship date", "sql",
     {"sql": '"order_date" <= "ship_date"', "columns": ["order_date", "ship_date"]}, 1),
    ("the order date must not be in the future", "sql",
     {"sql": '"order_date" <= current_date', "columns": ["order_date"]}, 0),
    ("country has 2 characters", "length", {"columns": ["country"], "min": 2, "max": 2}, 0),
    ("quantity must be positive", "sql", {"sql": '"quantity" > 0', "columns": ["quantity"]}, 14),
    ("status can only be paid, open or cancelled", "set",
     {"columns": ["status"], "values": ["paid", "open", "cancelled"]}, 0),
    ("name settles first name", "dependency", {"columns": ["name"], "settles": "first_name", "action": "warn"}, 0),
    ("at least 100 rows", "row_count", {"min": 100}, 0),
    ("id starts with o", "regex", {"columns": ["id"], "pattern": "(?s)o.*"}, 0),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "options", "failing"), RULES, ids=[each[0] for each in RULES])
def test_a_rule(text: str, kind: str, options: dict[str, Any], failing: int) -> None:
    found = one(text)
    assert (found.group, found.kind, found.options) == ("rule", kind, options)
    assert (found.of - found.agree, found.of) == (failing, N)
    assert bool(found.counter) == bool(failing)


def test_split_finds_the_separator_and_keeps_what_was_there() -> None:
    found = one("split the name")
    assert found.options == {"column": "name", "into": ["name_first_name", "name_last_name"], "by": " ", "keep": True}
    assert found.examples[0] == "name_first_name: 'Anna', name_last_name: 'Smith'"
    into = one("split the email by @ into user and domain")
    assert into.options == {"column": "email", "into": ["user", "domain"], "by": "@", "keep": True}
    short = frames.track(pl.LazyFrame({"t": ["a-b", "c-d", "e"]})).collect()
    (part,) = by_rules("split t", short).staged
    assert (part.agree, part.of, part.counter) == (2, 3, ["row 2: 'e'"])


def test_plausible_is_told_by_the_profile_and_says_so() -> None:
    found = one("age must be plausible")
    assert (found.kind, found.options["max"], found.of - found.agree) == ("range", 80, 1)
    assert found.counter == ["row 77: 999"]
    assert "from the profile of this column, not from knowledge of the world" in found.why
    assert one("the amount should be plausible").options["min"] < -3, "bounds hold room beyond the quartiles"
    (unclear,) = say("id must be plausible").unknown
    assert "too different" in unclear.why


def test_a_rate_is_asked_for_and_never_invented() -> None:
    (unclear,) = say("put amounts in EUR").unknown
    assert unclear.why == "The rates are not known: 1 GBP = … EUR, 1 USD = … EUR."
    assert unclear.ask == "Say: put amounts in EUR, 1 GBP = … EUR, 1 USD = … EUR"
    found = one("put amounts in EUR, 1 USD = 0.92 EUR, 1 GBP = 1.17 EUR")
    assert found.options["column"] == "amount_eur"
    assert "1 GBP = 1.17 EUR, 1 USD = 0.92 EUR" in found.why
    (alone,) = by_rules("put amount in EUR", frames.track(pl.LazyFrame({"amount": [1.0, 2.0]})).collect()).unknown
    assert "No column says which currency" in alone.why
    (stone,) = say("convert weight to stone").unknown
    assert "is not known" in stone.why


def test_what_is_not_understood_is_said() -> None:
    for text in (
        "make it nice",
        "amount is good",
        "blorp the glorp",
        "remove rows from Atlantis",
        "phone must be valid",
    ):
        found = say(text)
        assert not found.staged, text
        assert found.unknown[0].why
    (several,) = say("cast the date to text").unknown
    assert several.why == "'the date' could be order_date or ship_date."


def test_a_wish_that_would_leave_nothing_is_not_staged() -> None:
    (unclear,) = say("keep rows where amount is above 5000").unknown
    assert "would leave no row" in unclear.why


def test_each_clause_sees_what_the_ones_before_it_did() -> None:
    found = say("rename age to years, then drop rows without id and trim the emails. Years must be at most 120")
    assert [(each.kind, each.of) for each in found.staged] == [
        ("rename", N),
        ("nulls", N),
        ("text", 117),
        ("range", 117),
    ]
    assert found.staged[-1].options == {"columns": ["years"], "max": 120}


def test_clauses() -> None:
    assert clauses("Please trim and lowercase x; then drop y, and rename 'a; b' to c.") == [
        "trim and lowercase x", "drop y", "rename 'a; b' to c",
    ]  # fmt: skip
    assert clauses("combine first and last name") == ["combine first and last name"]
    assert clauses("country isn't empty\nid is unique") == ["country isn't empty", "id is unique"]


def test_values_in_words() -> None:
    assert [number(text) for text in ("1,000", "-3.5", "10k", "zero", "12 EUR")] == [1000, -3.5, 10000, 0, 12]
    when = span("Q2 2024")
    assert when is not None
    assert (when.first, when.last) == (date(2024, 4, 1), date(2024, 6, 30))
    assert span("31.12.2023") == span("December 31, 2023")
    assert span("2024-02-30") is None
    assert span("soon") is None


@settings(max_examples=draws(60), deadline=None)
@given(st.text(max_size=60) | st.lists(st.sampled_from(
    ["drop", "keep", "rows", "without", "split", "name", "email", "is", "must be", "not", "between", "and", "or", ",",
     "=", ">", "2023", "in", "EUR", "one of", "amount", "'", ";", "("]
), max_size=12).map(" ".join))  # fmt: skip
def test_any_text_is_read_or_asked_back(text: str) -> None:
    found = say(text)
    for each in found.staged:
        registry.build(each.group, each.kind, each.options)
        assert 0 <= each.agree <= each.of
    assert all(each.why for each in found.unknown)


@given(st.text())
def test_a_text_in_sql_stays_a_text(text: str) -> None:
    written = literal(text)
    assert written[0] == written[-1] == "'"
    assert written[1:-1].replace("''", "") == text.replace("'", "")
