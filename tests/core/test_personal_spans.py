"""Personal data inside a text: each kind with its place; what only looks like it is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automic_core.inference.personal_spans import SPAN_KINDS, personal_spans

FOUND = [
    ("Write to ann.lee@example.org, please.", [("email", "ann.lee@example.org")]),
    ("My card 5213 5917 2758 6604 was stolen", [("credit_card", "5213 5917 2758 6604")]),
    ("IBAN DE89 3704 0044 0532 0130 00 please", [("iban", "DE89 3704 0044 0532 0130 00")]),
    ("It came from 58.74.121.78 and from 2001:db8::1", [("ip", "58.74.121.78"), ("ip", "2001:db8::1")]),
    ("My SSN: 531-21-7351", [("national_id", "531-21-7351")]),
    ("my driver's license number is 481195160", [("national_id", "481195160")]),
    ("See https://example.org/a?b=1.", [("url", "https://example.org/a?b=1")]),
    ("Call me at (07) 5331 0577 or 001-825-741-0957x5184",
     [("phone", "(07) 5331 0577"), ("phone", "001-825-741-0957x5184")]),
    ("She was born on 12/1/1977.", [("birth_date", "12/1/1977")]),
    ("My name is Patricia Jensen", [("name", "Patricia Jensen")]),
    ("Please ask Dr. Ayers about it", [("name", "Ayers")]),
    ("It is Anna's turn", [("name", "Anna")]),
    ("Deliver to 12 High Street", [("address", "12 High Street")]),
    ("Adresse: Hauptstraße 12b", [("address", "Hauptstraße 12b")]),
    ("Jane Doe\n4 Somewhere 9\nApt. 12\nOslo 1234",
     [("name", "Jane Doe"), ("address", "4 Somewhere 9"), ("address", "Apt. 12"), ("address", "Oslo 1234")]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "spans"), FOUND, ids=[each[0][:30] for each in FOUND])
def test_found(text: str, spans: list[tuple[str, str]]) -> None:
    assert [(each.kind, each.text) for each in personal_spans(text)] == spans


NOTHING = [
    "The order 1234567890123 was sent on 2024-05-01.",
    "Version 1.2.3 costs 1,234.50 EUR in Germany",
    "The card 5213591727586605 fails its check",
    "We meet on Monday in London, at the European Union",
    "It lasted from 10:30 to 12:45 and cost 12 345 EUR",
    "CAN I SPEAK TO A REAL PERSON?!",
    "",
]


@pytest.mark.parametrize("text", NOTHING)
def test_left_alone(text: str) -> None:
    assert personal_spans(text) == []


def test_only_the_wanted_kinds() -> None:
    text = "Anna: anna@example.org"
    assert [each.kind for each in personal_spans(text, ["email"])] == ["email"]
    assert all(each.why and 0 < each.confidence <= 1 for each in personal_spans(text))


@given(
    st.text(max_size=200) | st.lists(st.sampled_from([text for text, _ in FOUND] + NOTHING), max_size=4).map("\n".join)
)
def test_spans_lie_in_the_text_and_do_not_overlap(text: str) -> None:
    end = 0
    for each in personal_spans(text):
        assert each.text == text[each.start : each.end] != ""
        assert each.start >= end
        assert each.kind in SPAN_KINDS
        end = each.end
